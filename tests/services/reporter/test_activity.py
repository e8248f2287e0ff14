"""What may be logged, and how it reads."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.errors import InvalidArgument
from senter.reporter.activity import IMPORTANCES, LogOptions, check_importance, check_type, summarise


@pytest.mark.parametrize("word", ["a", "task_completed", "step2", "a" * 64])
def test_a_word_is_a_type(word):
    check_type(word)


@pytest.mark.parametrize(
    "word", ["", "Task", "task-completed", "_task", "2nd", "two words", "täsk", "task\n", "a" * 65, "\0"]
)
def test_anything_but_a_word_is_no_type(word):
    with pytest.raises(InvalidArgument, match="activity_type must be a word"):
        check_type(word)


@pytest.mark.parametrize("word", IMPORTANCES)
def test_the_contract_names_the_importances(word):
    check_importance(word)
    assert IMPORTANCES == ("low", "normal", "high", "critical")


@pytest.mark.parametrize("word", ["", "High", "urgent"])
def test_an_unknown_importance_is_refused_and_the_known_ones_named(word):
    with pytest.raises(InvalidArgument) as caught:
        check_importance(word)
    assert str(caught.value) == f"importance must be one of low, normal, high, critical, not {word!r}"


def test_an_activity_is_of_normal_importance_unless_said_otherwise():
    assert LogOptions().importance == "normal"


def test_a_summary_is_put_on_one_line():
    assert summarise("task_completed", "  one\n\ttwo\r\n three ", {"description": "x"}) == "one two three"


@pytest.mark.parametrize(
    ("activity_type", "details", "line"),
    [
        ("plan_created", {"description": "a trip"}, "Created plan for: a trip"),
        ("task_completed", {"description": "the deck"}, "Completed: the deck"),
        ("task_failed", {"description": "the deck", "error": "no disk"}, "Failed: the deck - no disk"),
        ("goal_completed", {"description": "the deck"}, "Goal achieved: the deck"),
        ("research_complete", {"topic": "AI trends"}, "Researched: AI trends"),
        ("learning_update", {"insight": "likes tea"}, "Learned: likes tea"),
    ],
)
def test_without_a_summary_the_line_is_made_of_the_details(activity_type, details, line):
    assert summarise(activity_type, "", details) == line


@pytest.mark.parametrize(
    ("activity_type", "line"),
    [
        ("plan_created", "Created plan for: unknown goal"),
        ("task_completed", "Completed: task"),
        ("task_failed", "Failed: task - no reason given"),
        ("goal_completed", "Goal achieved: unknown goal"),
        ("research_complete", "Researched: unknown topic"),
        ("learning_update", "Learned: new preference"),
        ("something_new", "Activity: something_new"),
    ],
)
def test_details_that_are_missing_have_words(activity_type, line):
    assert summarise(activity_type, " \n ", {}) == line


def test_an_empty_detail_counts_as_missing():
    assert summarise("task_completed", "", {"description": ""}) == "Completed: task"


def test_a_detail_of_many_lines_is_put_on_one():
    assert summarise("task_failed", "", {"error": "a\nb"}) == "Failed: task - a b"


def test_a_detail_with_braces_means_itself():
    assert summarise("task_completed", "", {"description": "{error} {0}"}) == "Completed: {error} {0}"


@given(st.text(), st.sampled_from(["task_failed", "other"]), st.dictionaries(st.text(), st.text()))
@example("\x08", "other", {})
@example("", "task_failed", {"description": "\x08", "error": "\x08"})
def test_a_line_is_one_line_and_never_empty(summary, activity_type, details):
    line = summarise(activity_type, summary, details)
    assert line.strip()
    assert len(line.splitlines()) == 1
