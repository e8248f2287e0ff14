"""The report of a goal, read as a viewer of Markdown reads it."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from support.clock import Clock

from senter.tasks.goal import COMPLETED, FAILED, Goal, Task
from senter.tasks.text.report import answered, file_name, report
from senter.tasks.tools.findings import Findings, Passage
from senter.wording import printable

NOW = Clock("2026-11-22 10:00")()
GOAL = Goal("12", "How many days does the cure take?", "running", planner="keywords")
CURE = Passage("/papers/cure.md", "line 4", "cure.md", "The cure takes 9 days.")
OTHER = Passage("https://example.com/other", "", "Another cure", "It takes 8 days.")
FOUND = Findings("It takes 9 days. [1]", (CURE, OTHER), thinking="llama on ollama")
DONE = Task("12.1", "12", "sum up", "generate", COMPLETED, summary="It takes 9 days. [1]")


def written(*pairs, goal=GOAL):
    """The report of a goal whose tasks have found something, or nothing."""
    tasks = [task for task, _ in pairs]
    return report(goal, tasks, {task.id: found for task, found in pairs if found}, NOW)


def tokens(text):
    """What a viewer of Markdown makes of a text, with all it holds."""
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(text):
        yield token
        yield from token.children or ()


def headings(text):
    """The headings that a viewer shows."""
    listed = list(tokens(text))
    return [after.content for token, after in pairwise(listed) if token.type == "heading_open"]


def rows(text):
    """The number of cells in every row of the table that a viewer shows."""
    shown = "".join({"tr_open": "\n", "td_open": "|"}.get(token.type, "") for token in tokens(text))
    return [line.count("|") for line in shown.split("\n") if line]


def test_a_report_has_the_answer_its_sources_and_how_it_was_done():
    text = written((DONE, FOUND))
    assert headings(text) == ["How many days does the cure take?", "Sources", "How it was done"]
    assert "It takes 9 days. [1]" in text
    assert "1. `/papers/cure.md`, line 4" in text
    assert "* Goal 12, finished Sunday 22 November 2026 10:00" in text
    assert "* Planned by: the words of the goal" in text
    assert "* Thought by: llama on ollama" in text
    assert "| sum up | thinking | completed | It takes 9 days. [1] |" in text


def test_the_sources_are_those_that_are_cited_with_their_numbers():
    text = written((DONE, replace(FOUND, text="It takes 8 days. [2]")))
    assert "2. `https://example.com/other`: Another cure" in text
    assert "cure.md" not in text


@pytest.mark.parametrize("answer", ["It takes 9 days. [3]", "It takes 9 days. [0]", "x [99999999999999999999]"])
def test_a_citation_of_nothing_has_no_source(answer):
    assert "Sources" not in headings(written((DONE, replace(FOUND, text=answer))))


def test_a_result_that_nobody_wrote_tells_what_was_found():
    search = Task("12.1", "12", "look", "research", COMPLETED, "file_search")
    text = written((search, Findings("Read 1 document.", (CURE, OTHER))))
    assert "1. `/papers/cure.md`, line 4\n   > The cure takes 9 days." in text
    assert "2. `https://example.com/other`: Another cure\n   > It takes 8 days." in text
    assert "* Thought by: nobody, only tools were used" in text


def test_a_result_without_anything_says_so():
    assert "\n\nNothing was found.\n\n" in written((DONE, Findings()))


def test_what_is_missing_is_listed_once():
    failed = Task("12.2", "12", "look there", "research", FAILED, error="there is no network")
    needs = replace(DONE, depends_on=("12.2", "12.3"))
    source = Task("12.3", "12", "look here", "research", COMPLETED)
    notes = ("b.bin is not text and was not read",)
    text = written((needs, replace(FOUND, notes=notes)), (failed, None), (source, Findings(notes=notes)))
    missing = text.partition("## What is missing\n\n")[2].partition("\n\n")[0]
    assert missing == "* b.bin is not text and was not read\n* look there: there is no network"


def test_when_nothing_is_missing_nothing_is_said_of_it():
    assert "missing" not in written((DONE, FOUND))


def test_several_results_have_a_heading_each():
    other = replace(DONE, id="12.2", description="compare")
    names = headings(written((DONE, FOUND), (other, FOUND)))
    assert names[1:] == ["sum up", "Sources", "compare", "Sources", "How it was done"]


def test_only_results_are_told_and_not_what_led_to_them():
    draft = Task("12.2", "12", "outline", "generate", COMPLETED)
    text = written((draft, Findings("an outline", thinking="x")), (replace(DONE, depends_on=("12.2",)), FOUND))
    assert "an outline" not in text


def test_files_that_were_written_are_named():
    text = written((DONE, replace(FOUND, files=("/w/a.md", "/w/`b`.md"))))
    assert "## Files\n\n* `/w/a.md`\n* `` /w/`b`.md ``" in text


def test_the_whole_goal_is_told_line_by_line():
    goal = replace(GOAL, description="Find out:\nthis <b>and</b>\nthat " + "x" * 200)
    quote = "> Find out:\n> this &lt;b>and&lt;/b>\n> that " + "x" * 200
    assert quote in written((DONE, FOUND), goal=goal)


def test_the_same_report_is_written_again():
    assert written((DONE, FOUND)) == written((DONE, FOUND))


def test_a_long_answer_is_told_to_its_end():
    answer = "* a line [1]\n" * 5000 + "the end [1]"
    text = written((DONE, replace(FOUND, text=answer)))
    assert "the end [1]" in text
    assert "How it was done" in headings(text)


def test_an_endless_answer_is_cut_and_what_comes_after_it_is_not():
    text = written((DONE, replace(FOUND, text="x" * 10_000_000)))
    assert len(text) < 300_000
    assert headings(text)[-1] == "How it was done"


def test_code_stays_code():
    text = written((DONE, replace(FOUND, text="Like this [1]:\n\n```python\nx[1] = 2\n```\n\nDone.")))
    (code,) = [token for token in tokens(text) if token.type == "fence"]
    assert (code.info, code.content) == ("python", "x[1] = 2\n")


# text of others

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=//evil/x.png>",
    "<!-- ",
    "![x](http://evil/x.png)",
    "!\\[x](http://evil/x.png)",
    "\\![x](http://evil/x.png)",
    "![x][1]\n\n[1]: http://evil/x.png",
    "`![x](http://evil/x.png)`",
    "`` ` ![x](http://evil/x.png)",
    "```\nno end",
    "~~~\n```\nno end",
    "- ```\n```",
    "- x\n  ```\ntext\n```",
    "> ```\n\n```",
    "``` a`b\n```",
    "x \u2028```\n```",
    "[1]: http://evil/",
    "[\n1]: http://evil/",
    "[1\n]: http://evil/",
    "> [\n> 1]: http://evil/",
    "> [" + "\n>" * 1_000 + " 1]: http://evil/",
    "[\\]]: http://evil/\n\n[\\]]",
    "[1](http://evil/)",
    "[1][1](http://evil/)",
    "[1](\nhttp://evil/\n'1')",
    "> [1]: http://evil/",
    "- [1]: http://evil/",
    "a | b \\| c \\\\| d \\",
    "one\ntwo\r\nthree\x0bfour\x1b[2Jfive\0\u202e",
    "\ud800",
]
_TEXT = st.text() | st.lists(
    st.sampled_from([*HOSTILE, "```", "~~~", "\n", "[1]", "|", "\\", "`", "!", "[x](y)"])
).map("".join)


def assert_harmless(text):
    """Nothing in the text is HTML, a picture or a link, and nothing of what comes after the result is swallowed."""
    kinds = {token.type for token in tokens(text)}
    assert not kinds & {"html_block", "html_inline", "image", "link_open"}
    assert headings(text)[-1] == "How it was done"
    assert set(rows(text)) == {4}
    text.encode()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)


@given(st.tuples(*[_TEXT] * 10))
@example(("",) * 10)
@example(tuple("`" * number + "x![" for number in range(10)))
def test_whatever_others_wrote_the_report_shows_no_html_and_fetches_nothing(texts):
    description, step, error, source, place, title, passage, note, thinking, answer = texts
    found = Findings(f"{answer} [1]", (Passage(source, place, title, passage),), (note,), thinking, (source,))
    failed = Task("12.2", "12", " ".join(step.split()), "research", FAILED, error=error)
    done = replace(DONE, summary=answer, depends_on=("12.2",))
    assert_harmless(
        written(
            (done, found), (failed, None), goal=replace(GOAL, description=printable(description).strip() or "x")
        )
    )


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_hostile_answer_harms_nothing(hostile):
    text = written((DONE, replace(FOUND, text=f"It takes 9 days. [1]\n\n{hostile}")))
    assert_harmless(text)
    assert "Sources" in headings(text)


@pytest.mark.parametrize(
    "hostile", [*HOSTILE, "# Sources", "a | b\n--|--\nc | d", "a | b\n:-:|-\nc | d", "x\n==="], ids=ascii
)
def test_what_a_source_says_is_only_a_quote(hostile):
    look = Task("12.1", "12", "look", "research", COMPLETED, "file_list")
    text = written((look, Findings("It is there. [1]", (replace(CURE, text=hostile), OTHER), notes=(hostile,))))
    assert_harmless(text)
    assert len(headings(text)) == 4


def test_a_listing_is_told_line_by_line():
    files = "- a.txt · 2 kB\n\n1. b.txt · 3 kB\n\n\tc   d.txt"
    look = Task("12.1", "12", "look", "research", COMPLETED, "file_list")
    text = written((look, Findings("There are 3 files.", (replace(CURE, text=files),) * 11)))
    listed = list(tokens(text))
    assert len([token for token in listed if token.type == "softbreak"]) == 0
    quotes = [
        "".join(each.content or "\n" for each in token.children)
        for token in listed
        if token.type == "inline" and token.level == 4 and "·" in token.content
    ]
    assert quotes == ["- a.txt · 2 kB\n1. b.txt · 3 kB\nc d.txt"] * 11


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_a_goal_that_quotes_others_harms_nothing(hostile):
    assert_harmless(written((DONE, FOUND), goal=replace(GOAL, description=printable(hostile, 10_000))))


def test_a_source_without_an_end_is_quoted_in_part():
    look = Task("12.1", "12", "look", "research", COMPLETED, "file_read")
    assert len(written((look, Findings("", (replace(CURE, text="x\n" * 1_000_000),))))) < 50_000


@pytest.mark.parametrize("hostile", HOSTILE, ids=ascii)
def test_the_name_of_a_source_is_shown_as_it_is(hostile):
    source = f"https://example.com/{hostile}"
    text = written((DONE, replace(FOUND, passages=(replace(CURE, source=source),))))
    assert_harmless(text)
    codes = [token.content for token in tokens(text) if token.type == "code_inline"]
    assert codes
    assert codes[0].startswith("https://example.com/")


@pytest.mark.timeout(10)
@pytest.mark.parametrize("blank", ["\n", " ", "\t", "> ", "\n\n", "1. ", "- ", "[\n", "\n\\[", "\\", "](", "[x"])
def test_no_answer_takes_long_to_write(blank):
    endless = f"Here it is{blank * (199_000 // len(blank))}[end"
    assert "Here it is" in written((DONE, replace(FOUND, text=endless)))


def test_a_goal_is_answered_unless_all_that_came_of_it_is_that_it_is_not():
    refusal = Findings("The sources do not answer this question: nothing was found.", thinking="nobody")
    other = replace(DONE, id="12.2")
    assert answered([DONE], {"12.1": FOUND})
    assert not answered([DONE], {"12.1": refusal})
    assert answered([DONE, other], {"12.1": refusal, "12.2": FOUND})
    assert answered([], {})


# where it is written


def test_a_file_is_named_after_day_goal_and_id():
    assert file_name(GOAL, NOW) == "2026-11-22-how-many-days-does-the-cure-take-12.md"


@pytest.mark.parametrize("description", ["日本", "../../etc", "/", ".", "\0", "-rf *", "ä" * 500, "a\nb"])
def test_the_name_of_a_file_is_harmless(description):
    name = file_name(replace(GOAL, description=description), NOW)
    assert re.fullmatch(r"2026-11-22(-[a-z0-9]+)*-12\.md", name)


@given(st.text(), st.text(), st.integers(1, 10**12), st.integers(1, 10**12))
def test_every_goal_has_a_file_of_its_own_and_always_the_same(one, other, number, another):
    names = [
        file_name(replace(GOAL, id=str(goal_id), description=text), NOW)
        for goal_id, text in ((number, one), (another, other))
    ]
    assert (names[0] == names[1]) <= (number == another)
    assert all(len(name) < 100 for name in names)
    assert names[0] == file_name(replace(GOAL, id=str(number), description=one), NOW)
