"""The plan that the words of a goal suggest."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.settings import TasksSettings
from senter.tasks.planning.checking import check_plan
from senter.tasks.planning.ground import Ground, offered_tools
from senter.tasks.planning.keywords import keyword_plan
from senter.tasks.planning.plan import MOST_STEPS, Step
from senter.wording import one_line

PAPERS = "Research the cure from the documents in /papers"
OFFERED = offered_tools(TasksSettings())


def kinds(description):
    """The types and tools of the plan that the words suggest, with what each step needs."""
    return [(step.type, step.tool, step.depends_on) for step in keyword_plan(description)]


def tools(description):
    """The tools of the plan."""
    return [step.tool for step in keyword_plan(description)]


@pytest.mark.parametrize(
    "goal", ["Research AI trends", "find the cure", "Look up the tide", "learn about bees", "search for tea"]
)
def test_a_goal_that_searches_is_searched_and_summarised(goal):
    assert kinds(goal) == [("research", "research", ()), ("generate", "", (1,))]


def test_what_is_searched_for_is_what_the_goal_asks():
    search, _ = keyword_plan("Research how bees find home and write a report")
    assert search.parameters == {"query": "how bees find home"}


@pytest.mark.parametrize("goal", ["Write a poem", "Draft a letter", "create a menu", "compose a song"])
def test_a_goal_that_writes_is_outlined_drafted_and_reviewed(goal):
    assert kinds(goal) == [("generate", "", ()), ("generate", "", (1,)), ("analyze", "", (2,))]


def test_any_other_goal_is_one_step():
    (step,) = keyword_plan("Water the plants\nin the kitchen")
    assert step == Step("Water the plants in the kitchen", "custom")


# documents


def test_a_goal_that_names_documents_reads_these_and_not_the_web():
    assert kinds(PAPERS) == [("research", "file_search", ()), ("generate", "", (1,))]
    assert keyword_plan(PAPERS)[0].parameters == {"folder": "/papers", "query": "the cure"}


def test_a_goal_that_asks_for_both_gets_both():
    assert tools(f"{PAPERS} and from the web") == ["file_search", "research", ""]


def test_what_is_gathered_is_summarised_together():
    assert kinds("Research it in /a, /b.md and on the web")[-1] == ("generate", "", (1, 2, 3))


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


@pytest.mark.parametrize(
    "goal",
    [
        "List the files in /papers",
        "Which documents are there in /papers?",
        "What documents are in /papers?",
        "Show me the contents of /papers",
    ],
)
def test_a_folder_is_listed_when_its_files_are_asked_for(goal):
    (listing,) = keyword_plan(goal)
    assert (listing.tool, listing.parameters) == ("file_list", {"folder": "/papers"})


def test_a_path_with_two_spaces_is_searched_as_it_is_named():
    (step, _) = keyword_plan("Research it in '/two  spaces'")
    assert step.parameters["folder"] == "/two  spaces"


@pytest.mark.parametrize("quotes", ["“”", "„“", "«»", "<>", "[]", "''", '""', "``"])
def test_documents_in_whatever_quotes_are_not_searched_on_the_web(quotes):
    assert tools(f"Research pay in {quotes[0]}/a b{quotes[1]}") == ["file_search", ""]


# the calendar


@pytest.mark.parametrize(
    "goal",
    [
        "What is on my calendar tomorrow?",
        "Am I free on Friday at ten?",
        "Find a free hour in my agenda",
        "Do I have any appointments today?",
        "When is my next meeting?",
    ],
)
def test_what_asks_for_the_calendar_looks_there_and_nowhere_else(goal):
    assert kinds(goal) == [("research", "calendar_check", ())]


def test_what_is_in_a_calendar_is_summed_up_only_with_what_else_is_read():
    assert tools("Which files are in /papers, and what is on my calendar?") == ["file_list", "calendar_check"]
    assert tools("Does /papers/cure.md fit my calendar?") == ["file_read", "calendar_check", ""]


@pytest.mark.parametrize("goal", ["What happened in the calendar reform?", "Explain how to book appointments"])
def test_what_only_speaks_of_calendars_does_not(goal):
    assert "calendar_check" not in tools(goal)


# writing to files


@pytest.mark.parametrize("where", ["into ~/plan.md", "to '~/plan.md'.", "as a file named ~/plan.md"])
def test_a_text_is_written_to_the_file_that_the_goal_names(where, own_home):
    *writing, keep = keyword_plan(f"Write how much a kettle holds {where}")
    assert [(step.type, step.tool) for step in writing] == [("generate", ""), ("generate", ""), ("analyze", "")]
    assert (keep.tool, keep.parameters, keep.depends_on) == ("file_write", {"path": f"{own_home}/plan.md"}, (3,))


def test_what_is_found_is_kept_in_the_file_that_the_goal_names():
    plan = keyword_plan("Research the cure from the documents in /papers, then write it into /home/a/cure.md")
    assert [step.tool for step in plan] == ["file_search", "", "file_write"]
    assert plan[0].parameters == {"folder": "/papers", "query": "the cure"}
    assert (plan[2].parameters, plan[2].depends_on) == ({"path": "/home/a/cure.md"}, (2,))


def test_a_listing_is_written_down_before_it_is_kept():
    assert kinds("List the files in /papers and save the list in /home/a/list.md") == [
        ("research", "file_list", ()),
        ("generate", "", (1,)),
        ("organize", "file_write", (2,)),
    ]


def test_in_a_folder_the_file_has_the_name_of_what_is_asked():
    keep = keyword_plan("Research heat pumps and save the report to /home/a/Documents/")[-1]
    assert keep.parameters == {"path": "/home/a/Documents/heat-pumps.md"}


def test_what_is_mailed_can_be_kept_too():
    goal = "Research heat pumps, save it in /home/a/heat.md and email the result to ann@example.org"
    plan = keyword_plan(goal)
    assert [(step.tool, step.depends_on) for step in plan] == [
        ("research", ()), ("", (1,)), ("email_draft", (2,)), ("file_write", (2,))]  # fmt: skip
    assert plan[0].parameters == {"query": "heat pumps"}


# writing to people


@pytest.mark.parametrize(
    ("goal", "to"),
    [
        ("Draft an email to ann@example.org about the harbour", ["ann@example.org"]),
        ("Write a mail to Ann <ann@example.org> about the harbour.", ["ann@example.org"]),
        ("Send a message to ann@example.org and bob@example.org about the harbour", [
            "ann@example.org", "bob@example.org"]),
        ("E-mail ann@example.org, bob@example.org about the harbour", ["ann@example.org", "bob@example.org"]),
        ("Write a reply to ann@example.org about the harbour", ["ann@example.org"]),
    ],
)  # fmt: skip
def test_a_mail_is_written_and_drafted_to_whom_the_goal_says(goal, to):
    assert kinds(goal) == [("generate", "", ()), ("communicate", "email_draft", (1,))]
    assert keyword_plan(goal)[1].parameters == {"to": to, "subject": "the harbour"}


def test_a_mail_from_documents_reads_them_first():
    assert kinds(f"{PAPERS} and email a summary to ann@example.org") == [
        ("research", "file_search", ()),
        ("generate", "", (1,)),
        ("communicate", "email_draft", (2,)),
    ]


@pytest.mark.parametrize(
    "goal",
    [
        "Research heat pumps and email the result to ada@example.org",
        "Research heat pumps and draft a mail to ada@example.org about it",
        "Research heat pumps, then please write a mail to Ada <ada@example.org>, bob@example.org about the results",
    ],
)
def test_what_is_searched_for_a_mail_is_the_question_and_so_is_its_subject(goal):
    search, _, draft = keyword_plan(goal)
    assert search.parameters == {"query": "heat pumps"}
    assert draft.parameters["subject"] == "heat pumps"


def test_no_address_is_sent_to_a_search_engine():
    search, _ = keyword_plan("Find out where ada@example.org and mailto:bob@example.org live")
    assert search.parameters == {"query": "where and live"}
    assert tools("find@example.org") == [""]


def test_a_mail_that_says_something_is_a_mail():
    assert kinds("Email bob@example.org that I am late") == [
        ("generate", "", ()),
        ("communicate", "email_draft", (1,)),
    ]
    draft = keyword_plan("Email bob@example.org that I am late")[1]
    assert draft.parameters == {"to": ["bob@example.org"], "subject": "I am late"}
    assert keyword_plan("Email bob@example.org")[1].parameters["subject"]


def test_who_is_only_mentioned_gets_no_mail():
    draft = keyword_plan("Draft an email to ann@example.org about what bob@example.org said")[-1]
    assert draft.parameters["to"] == ["ann@example.org"]


@pytest.mark.parametrize(
    "goal", ["Find out who ann@example.org is", "Write a letter to my aunt", "Write a poem about ann@example.org"]
)
def test_what_asks_for_no_mail_drafts_none(goal):
    assert "email_draft" not in tools(goal)


@pytest.mark.parametrize(
    "goal", ["Notify me that the tea is ready", "Please show me a notification: the tea is ready"]
)
def test_what_is_to_be_shown_is_shown(goal):
    assert kinds(goal) == [("communicate", "notify", ())]
    assert "the tea is ready" in keyword_plan(goal)[0].parameters.values()


def test_who_wants_to_be_told_when_something_happens_needs_more_than_words():
    assert tools("Notify me when the kettle is cheaper") == [""]


# whatever the words


_WORDS = (
    *("research", "write", "draft an email", "to", "ann@example.org", "about", "list the files in", "/a/b"),
    *("'~/c d'", "/e.md", "the web", "my calendar", "notify me", "cure", ",", "\n"),
    *("save it", "into", "in", "as a file", "and", "email", "bob@example.org"),
)


@given(st.text() | st.lists(st.sampled_from(_WORDS)).map(" ".join))
@example("'~\0'")
@example("\"~nobody\" '~' '/' ~/ /.. `/\ud800`")
@example("/a " * 3000)
@example("draft mail to " * 700)
@example("list files " * 900)
@example("write it to /a " * 600)
@example("save the a b " * 700 + "in /a")
@example("save it" + " the file" * 1000 + " /a")
def test_any_text_has_a_plan_that_may_be_followed(text):
    steps = keyword_plan(text)
    if one_line(text) and len(steps) <= MOST_STEPS:
        check_plan(steps, Ground(text, OFFERED))
    assert all(0 < other < number for number, step in enumerate(steps, 1) for other in step.depends_on)


@pytest.mark.parametrize("goal", ["Summarise https://a.example/x.", "Research what https://a.example/x says"])
def test_a_page_that_is_named_is_read_and_nothing_is_searched(goal):
    first, _ = keyword_plan(goal)
    assert (first.tool, first.parameters) == ("web_page", {"urls": ["https://a.example/x"]})


def test_a_page_that_is_named_is_no_part_of_a_search():
    page, search, _ = keyword_plan("Research kettles from https://a.example/x and the web")
    assert (page.tool, search.tool) == ("web_page", "research")
    assert "example" not in search.parameters["query"]
