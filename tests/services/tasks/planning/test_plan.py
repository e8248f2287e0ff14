"""Plans: what the words of a goal suggest, and what of a model's plan is followed."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.errors import InvalidArgument
from senter.tasks.goal import TYPES
from senter.tasks.planning.plan import (
    MOST_STEPS,
    Step,
    allowed_paths,
    check_named,
    check_plan,
    keyword_plan,
    named_hosts,
    named_paths,
    plan_schema,
    read_plan,
    wants_writing,
)
from senter.tasks.tools.catalogue import TOOLS, check_parameters

GOAL = "Research the cure from the documents in /papers"


def kinds(description):
    """The types and tools of the plan that the words suggest, with what each step needs."""
    return [(step.type, step.tool, step.depends_on) for step in keyword_plan(description)]


def row(**fields):
    """A task as a model writes it."""
    return {"description": "do it", "type": "custom", "tool": None, "tool_params": {}, "depends_on": []} | fields


def written(*rows):
    """A plan as a model writes it."""
    return json.dumps({"tasks": rows})


def complaint(text, goal=GOAL):
    """Why a plan is refused."""
    with pytest.raises(InvalidArgument) as caught:
        read_plan(text, goal)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# the words of a goal


@pytest.mark.parametrize(
    "goal", ["Research AI trends", "find the cure", "Look up the tide", "learn about bees", "search for tea"]
)
def test_a_goal_that_searches_is_searched_read_and_summarised(goal):
    assert kinds(goal) == [
        ("research", "web_search", ()),
        ("research", "web_page", (1,)),
        ("generate", "", (1, 2)),
    ]


@pytest.mark.parametrize("goal", ["Write a poem", "Draft a letter", "create a menu", "compose a song"])
def test_a_goal_that_writes_is_outlined_drafted_and_reviewed(goal):
    assert kinds(goal) == [("generate", "", ()), ("generate", "", (1,)), ("analyze", "", (2,))]
    assert wants_writing(goal)


def test_any_other_goal_is_one_step():
    (step,) = keyword_plan("Water the plants\nin the kitchen")
    assert step == Step("Water the plants in the kitchen", "custom")


def test_a_goal_that_names_documents_reads_these_and_not_the_web():
    assert kinds(GOAL) == [("research", "file_search", ()), ("generate", "", (1,))]
    assert keyword_plan(GOAL)[0].parameters == {"folder": "/papers", "query": "the cure"}


def test_a_goal_that_asks_for_both_gets_both():
    assert [tool for _, tool, _ in kinds(f"{GOAL} and from the web")] == [
        *("file_search", "web_search", "web_page", "")
    ]


def test_the_pages_that_are_read_are_those_that_were_found():
    steps = keyword_plan("Research it in /a, /b and on the web")
    assert [(step.tool, step.depends_on) for step in steps][2:4] == [("web_search", ()), ("web_page", (3,))]


def test_a_name_with_an_ending_is_a_document():
    (step, _) = keyword_plan("What does /papers/cure.md say?")
    assert (step.tool, step.parameters) == ("file_read", {"path": "/papers/cure.md"})


def test_a_goal_that_writes_from_documents_reads_them_first():
    assert kinds("Write a summary of /papers/cure.pdf") == [
        ("research", "file_read", ()),
        ("generate", "", (1,)),
        ("generate", "", (1, 2)),
        ("analyze", "", (1, 3)),
    ]


# what a goal names


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


def test_a_path_with_two_spaces_is_searched_as_it_is_named():
    (step, _) = keyword_plan("Research it in '/two  spaces'")
    assert step.parameters["folder"] == "/two  spaces"


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
def test_any_text_names_paths_and_has_a_plan(text):
    named = named_paths(text)
    assert set(allowed_paths(text, ["/", "~"])) <= set(named)
    steps = keyword_plan(text)
    assert steps
    for number, step in enumerate(steps, 1):
        assert step.type in TYPES
        assert all(0 < other < number for other in step.depends_on)
        if step.tool:
            check_parameters(step.tool, step.parameters)


@given(st.lists(st.sampled_from(["research", "write", "/a/b", "'~/c d'", "/e.md", "the web", "cure", ",", "\n"])))
def test_the_plan_of_the_words_is_one_that_may_be_followed(words):
    goal = " ".join(["I", *words])
    check_plan(keyword_plan(goal), goal)


# what a model writes


def test_a_plan_is_read():
    text = written(
        row(description="look\nhere", type="research", tool="file_search", tool_params={"folder": "/papers/new"}),
        row(type="generate", depends_on=[1, 1]),
    )
    assert read_plan(text, GOAL) == [
        Step("look here", "research", "file_search", {"folder": "/papers/new"}),
        Step("do it", "generate", depends_on=(1,)),
    ]


def test_a_task_may_need_a_later_one():
    assert read_plan(written(row(depends_on=[2]), row()), GOAL)[0].depends_on == (2,)


def test_what_a_model_leaves_out_or_sets_to_null_is_nothing():
    assert read_plan('{"tasks": [{"description": "x", "type": "custom"}]}', GOAL) == [Step("x", "custom")]
    assert read_plan(written(row(tool_params=None, depends_on=None)), GOAL) == [Step("do it", "custom")]


def test_the_schema_allows_what_is_read_and_names_every_tool():
    step = plan_schema()["properties"]["tasks"]["items"]
    assert set(step["required"]) == set(row())
    assert step["properties"]["tool"]["enum"] == [*TOOLS, None]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "a plan has 1 to 20 tasks"),
        ([row()] * (MOST_STEPS + 1), "a plan has 1 to 20 tasks"),
        ([row()] * 500, "a plan has 1 to 20 tasks"),
        ([row(depends_on=[2]), row(depends_on=[1])], "in a circle"),
        ([row(depends_on=[1])], "in a circle"),
        ([row(depends_on=[2])], "task 1 depends on task 2, which does not exist"),
        ([row(depends_on=[0])], "task 1 depends on task 0, which does not exist"),
        ([row(depends_on=[-1])], "task 1 depends on task -1"),
        ([row(depends_on=[True])], "depends_on must hold the numbers of tasks"),
        ([row(depends_on=["1"])], "depends_on must hold the numbers of tasks"),
        ([row(depends_on=1)], "depends_on a list"),
        ([row(description=" \n")], "a task has no description"),
        ([row(description=["x"])], "description, type and tool must be texts"),
        ([row(type="destroy")], "there is no task type 'destroy'"),
        ([row(tool="shell")], "there is no tool 'shell'"),
        ([row(tool="file_search", tool_params={})], "needs the parameter folder"),
        ([row(tool="file_search", tool_params={"folder": 3})], "must be text"),
        ([row(tool="file_search", tool_params={"folder": "/papers", "x": 1})], "has no parameter"),
        ([row(tool_params=[1])], "tool_params must be an object"),
        ([row(tool="file_read", tool_params={"path": "/etc/passwd"})], "the goal does not name '/etc/passwd'"),
        ([row(tool="file_read", tool_params={"path": "/papers/../x"})], "the goal does not name"),
        ([row(tool="file_read", tool_params={"path": "/papersx"})], "the goal does not name"),
        ([row(tool="file_read", tool_params={"path": "~nobody-knows"})], "the goal does not name"),
        ([row(tool="file_search", tool_params={"folder": ""})], "the goal does not name"),
        (["x"], "the plan has no list of tasks"),
    ],
)
def test_a_plan_that_must_not_be_followed_is_refused(rows, reason):
    assert reason in complaint(written(*rows))


@pytest.mark.parametrize(
    "text",
    ["", "no", "{", "[]", "3", "null", "{}", '{"tasks": 3}', '{"tasks": {"a": 1}}', "[" * 100_000, "9" * 5000],
)
def test_what_is_no_plan_is_refused(text):
    assert complaint(text)


def test_the_paths_of_a_plan_may_have_the_home_folder():
    goal = "read the notes in ~/papers"
    (step,) = read_plan(written(row(tool="file_search", tool_params={"folder": "~/papers/a"})), goal)
    assert Path(step.parameters["folder"]).expanduser() == Path(named_paths(goal)[0]) / "a"


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ROW = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(max_size=9) | _ANYTHING,
        "type": st.sampled_from(TYPES) | _ANYTHING,
        "tool": st.sampled_from([*TOOLS, None]) | _ANYTHING,
        "tool_params": st.dictionaries(
            st.sampled_from(["folder", "path", "query", "content", "urls"]),
            st.sampled_from(["/papers/a", "~x", "\0", "/"]) | _ANYTHING,
        )
        | _ANYTHING,
        "depends_on": st.lists(st.integers(-1, 4), max_size=3) | _ANYTHING,
    },
)


@given(st.lists(_ROW | _ANYTHING, max_size=4).map(lambda rows: {"tasks": rows}) | _ANYTHING)
def test_whatever_a_model_writes_is_a_checked_plan_or_refused(document):
    try:
        steps = read_plan(json.dumps(document), GOAL)
    except InvalidArgument:
        return
    check_plan(steps, GOAL)


@given(st.text())
def test_whatever_text_a_model_writes_is_a_checked_plan_or_refused(text):
    with pytest.raises(InvalidArgument):
        read_plan(text, GOAL)


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
    assert "web_search" not in [step.tool for step in keyword_plan(goal)]


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


def test_the_hosts_a_goal_names_are_known():
    goal = "Research https://example.com/a?b, http://nas:8080 and http://nas:8080/x, not http://a@b/c. See http://last."
    assert named_hosts(goal) == ["example.com", "nas:8080", "last"]
