"""Which part of a digest tells what."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.material import activity, material, texts

from senter.reporter.digest.material import (
    APPROVALS,
    COMING,
    COSTS,
    FAILURES,
    GOALS,
    LEARNINGS,
    RESEARCH,
    TASKS,
    UNANSWERED,
    WAITING,
    Material,
    sections,
)


def names(told):
    """The names of the sections of a digest."""
    return [section.name for section in sections(told)]


def lines(name, *activities):
    """The lines of one section of a digest."""
    (found,) = (section for section in sections(Material(activities, "today")) if section.name == name)
    return [line.text for line in found.lines]


def test_where_there_is_nothing_to_tell_there_is_no_section():
    assert sections(material()) == []
    assert sections(material("plan_created", "goal_cancelled", "something_new")) == []


def test_a_section_for_everything_in_one_order():
    everything = material(
        *(
            "goal_waiting",
            "goal_failed",
            "learning_update",
            "research_complete",
            "goal_completed",
            "task_completed",
        ),
        approvals=["leave"],
        costs=["tokens"],
        coming=["digest"],
    )
    order = [TASKS, GOALS, RESEARCH, LEARNINGS, APPROVALS, FAILURES, WAITING, COSTS, COMING]
    assert names(everything) == order


@pytest.mark.parametrize("kind", ["task_completed", "task_failed"])
def test_tasks_are_counted_whether_they_were_completed_or_failed(kind):
    (section,) = (section for section in sections(material(kind)) if section.name == TASKS)
    completed = kind == "task_completed"
    assert section.heading == f"Tasks: {completed:d} completed, {not completed:d} failed"


def test_failed_goals_are_told_before_failed_tasks_and_each_with_its_reason():
    told = lines(
        FAILURES,
        activity("task_failed", "Failed: slides - 404"),
        activity("goal_failed", "Goal failed: talk - late"),
    )
    assert told == ["Goal failed: talk - late", "slides - 404"]


@pytest.mark.parametrize(
    ("name", "kind", "summary", "line"),
    [
        (FAILURES, "task_failed", "Failed: slides - 404", "slides - 404"),
        (WAITING, "goal_waiting", "Waiting: talk - no model", "talk - no model"),
        (RESEARCH, "research_complete", "Researched: fans", "fans"),
        (LEARNINGS, "learning_update", "Learned: likes tables", "likes tables"),
        (GOALS, "goal_completed", "Goal achieved: talk", "Goal achieved: talk"),
        (FAILURES, "task_failed", "Failed:", "Failed:"),
        (FAILURES, "task_failed", "the disk", "the disk"),
    ],
)
def test_what_the_heading_says_is_not_said_again(name, kind, summary, line):
    assert lines(name, activity(kind, summary)) == [line]


@pytest.mark.parametrize(
    "event",
    [
        *("goal_completed", "goal_unanswered", "goal_failed", "goal_cancelled"),
        *("plan_created", "task_completed", "task_failed"),
    ],
)
def test_a_goal_that_has_gone_on_or_ended_waits_no_more(event):
    waited = [activity("goal_waiting", goal="7"), activity(event, goal="7")]
    assert WAITING not in names(Material(waited, "today"))
    assert WAITING in names(Material(waited[::-1], "today"))
    assert WAITING in names(Material([waited[0], activity(event, goal="8")], "today"))


def test_a_goal_waits_on_whatever_else_is_told_of_it():
    assert WAITING in names(Material([activity(kind, goal="7") for kind in ("goal_waiting", "else")], "today"))


def test_a_goal_that_waits_again_waits_once_for_the_latest_reason():
    seven, eight, again = (
        activity("goal_waiting", f"Waiting: {text}", goal=goal)
        for text, goal in (("a model", "7"), ("a mail", "8"), ("a budget", "7"))
    )
    assert lines(WAITING, seven, eight, again) == ["a mail", "a budget"]
    assert lines(WAITING, seven, activity("goal_cancelled", goal="7"), again) == ["a budget"]


def test_goals_without_an_id_wait_on_whatever_ends():
    assert lines(WAITING, *material("goal_waiting", "goal_waiting", "goal_completed").activities) == [
        *("goal_waiting 1", "goal_waiting 2")
    ]


def test_what_can_be_opened_keeps_its_path():
    (section,) = sections(Material([activity("goal_completed", "the deck", target="/deck.md")], "today"))
    assert [line.open for line in section.lines] == ["/deck.md"]


def test_what_rooms_have_to_say_is_left_out_when_it_says_nothing():
    assert sections(material(costs=["", " \n\0"], coming=[""])) == []


@given(st.lists(texts, min_size=1), st.lists(texts, min_size=1))
def test_every_line_is_one_printable_line(summaries, others):
    done = [
        activity(kind, text) for kind in ("goal_completed", "task_failed", "goal_waiting") for text in summaries
    ]
    for section in sections(Material(done, "today", others, others, others)):
        for line in section.lines:
            assert line.text
            assert line.text == " ".join(line.text.split())
            assert not set("\0\x1b\x07\u202e\ud800") & set(line.text)


def test_a_goal_whose_question_has_no_answer_is_not_achieved():
    told = activity("goal_unanswered", "Looked into, without an answer: why")
    assert names(Material([told], "today")) == [UNANSWERED]
    assert lines(UNANSWERED, told) == ["why"]
