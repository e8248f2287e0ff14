"""What was learned, read from a real database."""

import pytest
from support.clock import Clock
from support.learning_work import DAY, HOUR, MINUTE, teach

from senter.learning.event import Event
from senter.learning.habits.goals import GoalPattern
from senter.learning.habits.hours import Active
from senter.learning.knowing.insights import Insights
from senter.learning.topics.trends import Mentioned


@pytest.fixture
def insights(store):
    """What was learned in the store."""
    return Insights(store)


def ask(content, when, **metadata):
    """A question."""
    return Event("user_query", content, metadata, when)


def test_in_an_empty_database_nothing_is_known(insights, clock):
    assert (insights.top_topics(10), insights.topic_count(), insights.session_count()) == ([], 0, 0)
    assert (insights.mentions(clock().toordinal(), 7), insights.hours(clock().toordinal())) == ([], [])
    assert (insights.preferences(clock.microseconds), insights.goals()) == ([], [])


def test_the_topic_that_is_mentioned_most_and_latest_comes_first(store, insights, clock):
    now = clock.microseconds
    old = [ask("gardening", now - 200 * DAY)] * 5
    teach(store, clock, *old, ask("espresso", now - DAY), ask("haskell", now - DAY), ask("haskell", now))
    assert [(topic, seen) for topic, _, seen in insights.top_topics(2)] == [
        ("haskell", now),
        ("espresso", now - DAY),
    ]
    assert insights.topic_count() == 3


def test_mentions_are_counted_by_days_lately_and_before(store, insights, clock, in_berlin):
    midnight = Clock("2026-11-22 00:00").microseconds
    times = [
        midnight,
        midnight - 1,
        midnight - 2 * DAY,
        midnight - 2 * DAY - 1,
        midnight - 3 * DAY - 1,
        midnight + DAY,
    ]
    teach(store, clock, *(ask("espresso", when) for when in times), ask("haskell", midnight - DAY))
    today = clock().toordinal()
    assert insights.mentions(today, 1) == [Mentioned("espresso", 1, 1), Mentioned("haskell", 0, 1)]
    assert insights.mentions(today, 2) == [Mentioned("espresso", 2, 2), Mentioned("haskell", 1, 0)]
    assert insights.mentions(today, 366)[0] == Mentioned("espresso", 5, 0)


def test_what_a_time_was_about_is_told_most_often_mentioned_first(store, insights, clock):
    now = clock.microseconds
    teach(
        store,
        clock,
        ask("espresso", now),
        ask("haskell", now + 1),
        ask("haskell", now + 2),
        ask("gardening", now + 3),
    )
    assert insights.topics_between(now, now + 2, 5) == ["haskell", "espresso"]
    assert insights.topics_between(now, now + 2, 1) == ["haskell"]


def test_active_hours_are_counted_of_the_days_that_count_and_not_of_days_to_come(store, insights, clock, in_berlin):
    now = clock.microseconds
    times = [now, now + 59 * MINUTE, now + HOUR, now + 23 * HOUR, now - 400 * DAY]
    teach(store, clock, *(ask("x", when) for when in times))
    today = clock().toordinal()
    assert insights.hours(today) == [Active(today, 10, 2), Active(today, 11, 1)]


def test_what_the_user_sets_stands_until_the_user_sets_something_else(insights):
    for value in ("formal", "casual"):
        insights.choose("style", "formality", value)
    (found,) = insights.preferences(1)
    assert (found.value, found.set_by_user, found.confidence) == ("casual", True, 1.0)


def test_what_became_of_goals_is_told_of_the_last_ones(store, insights, clock):
    old = [Event("goal_failed", "x", {"kind": "write"})] * 5
    new = [Event("goal_completed", "x", {"kind": "research", "seconds": 10})] * 499
    teach(store, clock, *old, *new)
    assert insights.goals() == [GoalPattern("research", 499, 499, 1.0, 10.0), GoalPattern("write", 1, 0, 0.0, 0.0)]
