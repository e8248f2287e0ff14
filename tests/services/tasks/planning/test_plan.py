"""What the words of a goal name and want."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.errors import InvalidArgument
from senter.tasks.planning.plan import (
    allowed_paths,
    check_named,
    named_addresses,
    named_pages,
    named_paths,
    wants_writing,
    written_paths,
)


@pytest.mark.parametrize(
    ("goal", "paths"),
    [
        ("read /a/b.md, /c and /d.", ["/a/b.md", "/c", "/d"]),
        ("read '/a b/c d.md' and \"/e f\"", ["/a b/c d.md", "/e f"]),
        ("read (/a) and /a again", ["/a"]),
        ("and/or 5 km/h on 22/11", []),
        ("pros / cons of TCP / UDP", []),
        ("what is '/' or '/..'?", []),
        ("see https://example.com/a/b", []),
        ("in /…", ["/…"]),
        ("in '/two  spaces\tand a tab'", ["/two  spaces\tand a tab"]),
    ],
)
def test_absolute_paths_are_named(goal, paths):
    assert named_paths(goal) == paths


def test_the_home_folder_is_meant_by_a_tilde(own_home):
    assert named_paths("in ~/papers and '~/my notes'") == [f"{own_home}/papers", f"{own_home}/my notes"]


def test_a_user_who_does_not_exist_is_no_home():
    assert named_paths("say '~5 percent' and \"~nobody-knows/x\"") == ["~5 percent", "~nobody-knows/x"]


@pytest.mark.parametrize("path", ["/etc", "/etc/passwd", "/proc/1", "/a/.ssh", "/a/../etc", "/var/log/x", "/.x"])
def test_the_system_and_what_is_hidden_is_not_read(path):
    assert allowed_paths(f"read {path}", ["/"]) == []


def test_only_what_is_below_a_root_is_read(own_home):
    goal = "read /home/me/a, /homely, /srv/x and ~/b"
    assert allowed_paths(goal, ["/home", "~"]) == ["/home/me/a", f"{own_home}/b"]
    assert allowed_paths(goal, []) == []


@given(st.text())
@example("'~\0'")
@example("\"~nobody\" '~' '/' ~/ /.. `/\ud800`")
@example("/a " * 3000)
@example("a" * 10_000)
def test_what_may_be_read_is_named_whatever_the_text(text):
    assert set(allowed_paths(text, ["/", "~"])) <= set(named_paths(text))
    assert all("@" in address for address in named_addresses(text))


@pytest.mark.parametrize(
    ("goal", "path"),
    [
        ("Research pay, from the documents in “/home/ann/pay slips”", "/home/ann/pay slips"),
        ("Research pay, from the documents in file:///home/ann/pay", "/home/ann/pay"),
        ("Research pay in „/a b“", "/a b"),
        ("Research pay in «/a b»", "/a b"),
        ("Research pay in </a b>", "/a b"),
        ("Research pay in [/a b]", "/a b"),
        ("Research pay in ~ann/slips", "~ann/slips"),
    ],
)  # fmt: skip
def test_a_path_is_known_in_whatever_quotes_it_stands(goal, path):
    assert named_paths(goal) == [path]


@pytest.mark.parametrize(
    "goal",
    [
        "Research my diagnosis, from the documents in Documents/health",
        "Find my salary in the files of work",
        "Research it using my notes in the attic",
        'Research it with the papers in "pay slips"',
    ],
)
def test_documents_that_are_somewhere_else_than_at_a_path_are_refused(goal):
    with pytest.raises(InvalidArgument, match="the documents are not named by a path"):
        check_named(goal)
    check_named(f"{goal} and from the web")


@pytest.mark.parametrize(
    "goal",
    [
        "Research AI trends",
        "Research how notes are taken",
        "Write the documents for my visa",
        "Research it, from the documents in /srv/papers",
        "Find the file format of old documents",
    ],
)
def test_a_goal_that_names_no_place_of_documents_is_taken(goal):
    check_named(goal)


@pytest.mark.parametrize(
    ("goal", "addresses"),
    [
        ("Write to ann@example.org.", ["ann@example.org"]),
        (
            "Write to Ann <Ann@Example.org>, (bob+x@mail.example.org) and ann@example.org",
            ["ann@example.org", "bob+x@mail.example.org"],
        ),
        ("Write to joann@example.org", ["joann@example.org"]),
        ("Meet @ noon, ann@home, ann@.org and @example.org", []),
        ("mailto:ann@example.org", ["ann@example.org"]),
    ],
)
def test_the_addresses_a_goal_names_are_known(goal, addresses):
    assert named_addresses(goal) == addresses


@pytest.mark.parametrize("goal", ["Write a poem", "Draft a letter", "create a menu", "compose a song"])
def test_a_goal_that_asks_for_a_text_wants_writing(goal):
    assert wants_writing(goal)
    assert not wants_writing(f"Research how to {goal}")


@pytest.mark.parametrize(
    ("goal", "pages"),
    [
        ("Summarise https://a.example/x?y=1, please", ["https://a.example/x?y=1"]),
        ("Read (http://a.example/) and <https://b.example/c>.", ["http://a.example/", "https://b.example/c"]),
        ("Compare https://a.example with https://a.example", ["https://a.example"]),
        ("Look at ftp://a.example and example.org", []),
    ],
)
def test_the_pages_that_a_goal_names(goal, pages):
    assert named_pages(goal) == pages


@pytest.mark.parametrize(
    ("goal", "paths", "rest"),
    [
        ("Write how bees live into /a/bees.md", ["/a/bees.md"], "Write how bees live "),
        ("Find bees and save the report in '/a b/c.md'. Be quick.", ["/a b/c.md"], "Find bees. Be quick."),
        ("Find bees, then write it down as the file /a/c.md!", ["/a/c.md"], "Find bees!"),
        ("Write a poem in /a/poem.md about bees", ["/a/poem.md"], "Write a poem  about bees"),
        ("Create a file named /a/b.md with bees", ["/a/b.md"], "Create  with bees"),
        ("Save /a/b.md to /c/d.md", ["/c/d.md"], "Save /a/b.md "),
        ("Write a summary of /a/b.pdf into /c/d.md", ["/c/d.md"], "Write a summary of /a/b.pdf "),
    ],
)
def test_where_a_goal_wants_something_to_be_written(goal, paths, rest):
    assert written_paths(goal) == (paths, rest)


@pytest.mark.parametrize(
    "goal",
    [
        "Write a summary of /papers/cure.pdf",
        "Write a summary of the notes in /a/notes",
        "Create a menu from the recipes in /recipes",
        "Compare /a.md to /b.md and write a report",
        "Write a comparison of /a.md to /b.md",
        "Write a letter according to /a/rules.md",
        "Write an answer to /mails/x.eml",
        "Write about birds such as /a/tit.md",
        "What leads to /a/b.md?",
        "Write it into '/'",
        "Compare '/a/write it' to /b.md",
    ],
)
def test_what_is_only_to_be_read_is_not_written(goal):
    assert written_paths(goal) == ([], goal)


@given(st.lists(st.sampled_from(["write", "save it", "in", "to", "the file", "/a", "'/b c'", "~/d.md.", ","])))
def test_what_is_written_is_named(words):
    goal = " ".join(words)
    written, rest = written_paths(goal)
    assert {*written, *named_paths(rest)} == {*named_paths(goal)}
