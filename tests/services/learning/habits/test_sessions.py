"""How much the user took part in a session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.learning.habits.sessions import Said, engagement

SECOND = 1_000_000


def said(kind="user_query", second=0, content="hello", **metadata):
    """An event of a session."""
    return Said(kind, content, second * SECOND, metadata)


def blueprint(events):
    """The score as the blueprint computes it."""
    if not events:
        return 0.0
    questions = min(1.0, sum(event.type == "user_query" for event in events) / 10)
    lasted = min(1.0, (events[-1].time - events[0].time) / SECOND / 1800) if len(events) > 1 else 0.1
    liked = 0.5
    for event in events:
        if event.type == "user_feedback":
            good = event.metadata.get("positive")
            liked = min(1.0, liked + 0.2) if good else max(0.0, liked - 0.1)
    return questions * 0.4 + lasted * 0.3 + liked * 0.3


SAID = st.builds(
    lambda kind, second, good: said(kind, second, positive=good),
    *(st.sampled_from(["user_query", "response", "user_feedback"]), st.integers(0, 4000), st.booleans()),
)


@given(st.lists(SAID, max_size=30))
def test_the_score_is_that_of_the_blueprint(events):
    events.sort(key=lambda event: event.time)
    assert engagement(events) == pytest.approx(blueprint(events))
    assert 0 <= engagement(events) <= 1


def test_a_session_without_events_has_no_score_and_a_single_question_a_small_one():
    assert engagement([]) == 0.0
    assert engagement([said()]) == pytest.approx(0.04 + 0.03 + 0.15)


def test_ten_questions_in_half_an_hour_with_praise_are_all_there_can_be():
    events = [said(second=200 * number) for number in range(10)]
    events += [said("user_feedback", 1800 + number, positive=True) for number in range(5)]
    assert engagement(events) == pytest.approx(1.0)
    assert engagement(events * 2) == pytest.approx(1.0)


def test_what_was_spoken_and_goals_are_questions_too():
    spoken = [said("user_voice"), said("goal_created")]
    assert engagement(spoken) == engagement([said(), said()])
    assert engagement([said("goal_created", origin="ai.senter.Scheduler1")]) < engagement([said("goal_created")])


@pytest.mark.parametrize("good", [None, "", 0, False])
def test_feedback_that_is_not_good_takes_from_the_score(good):
    assert engagement([said(), said("user_feedback", positive=good)]) < engagement([said(), said("response")])
