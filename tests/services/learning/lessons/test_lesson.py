"""What one event teaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.learning.habits.goals import Ended
from senter.learning.lessons.lesson import Read, lesson_of
from senter.learning.preferences.style import BRIEF, FORMAL, FORMALITY, LENGTH, Sign

SCALARS = st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text()


def read(event_type, content="", answer="", /, **metadata):
    """An event as it is read to be learned from."""
    return Read(7, 5_000_000, 739_577, 10, event_type, content, answer, metadata)


def lesson(*told, **metadata):
    """The lesson of an event, whose phrases are its words."""
    return lesson_of(read(*told, **metadata), str.split)


def test_a_question_teaches_that_the_user_was_there_what_it_was_about_and_how_to_answer():
    found = lesson("user_query", "espresso please")
    assert (found.event, found.time, found.day, found.hour, found.is_present) == (7, 5_000_000, 739_577, 10, True)
    assert list(found.topics) == ["espresso", "please"]
    assert list(found.signs) == [Sign("style", FORMALITY, FORMAL, 1.0)]
    assert found.goal is None


def test_an_answer_teaches_nothing_of_the_user():
    found = lesson("response", "brief espresso please")
    assert (found.is_present, list(found.topics), list(found.signs), found.goal) == (False, [], [], None)


def test_a_goal_of_another_part_of_senter_teaches_nothing_of_the_user():
    found = lesson("goal_created", "brief espresso please", origin="ai.senter.Scheduler1")
    assert (found.is_present, list(found.topics), list(found.signs)) == (False, [], [])


def test_feedback_teaches_how_to_answer_and_no_topics():
    found = lesson("user_feedback", "shorter please", "word " * 10, positive=False)
    assert (found.is_present, list(found.topics)) == (True, [])
    assert list(found.signs) == [Sign("style", LENGTH, BRIEF, 3.0)]


@pytest.mark.parametrize(("positive", "weight"), [(True, 1.0), (False, -1.0)])
def test_feedback_without_words_judges_the_length_of_the_answer(positive, weight):
    found = lesson("user_feedback", "", "word " * 10, positive=positive)
    assert list(found.signs) == [Sign("style", LENGTH, BRIEF, weight)]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("goal_completed", "completed"), ("goal_failed", "failed"), ("goal_cancelled", "cancelled")],
)
def test_the_end_of_a_goal_teaches_its_kind_its_outcome_and_how_long_it_took(kind, outcome):
    assert lesson(kind, "", kind="research", seconds=12).goal == Ended("", "research", outcome, 12.0)


@pytest.mark.parametrize("seconds", [-1, -0.5, float("nan"), "12", True, ""])
def test_what_is_no_time_is_none(seconds):
    assert lesson("goal_completed", seconds=seconds).goal == Ended("", "other", "completed", 0.0)


@given(
    st.sampled_from(["user_query", "user_feedback", "response", "goal_created", "goal_failed", "x"]),
    st.text(),
    st.text(),
    st.dictionaries(st.sampled_from(["positive", "origin", "kind", "seconds", "request_id"]), SCALARS),
)
def test_any_event_can_be_learned_from(kind, content, answer, metadata):
    found = lesson_of(Read(1, 1, 1, 1, kind, content, answer, metadata), str.split)
    assert found.goal is None or (isinstance(found.goal.kind, str) and found.goal.seconds >= 0)
