"""Which kinds of goals the user has."""

from senter.learning.habits.goals import Ended, GoalPattern, patterns


def ended(kind, *outcomes):
    """Goals of a kind: how each ended, and how long that took."""
    return [Ended("", kind, outcome, seconds) for outcome, seconds in outcomes]


def test_goals_are_counted_by_their_kind_the_most_frequent_first():
    goals = ended("write", ("completed", 5)) + ended("research", ("completed", 10), ("failed", 99))
    assert patterns(goals) == [GoalPattern("research", 2, 1, 0.5, 10), GoalPattern("write", 1, 1, 1.0, 5)]


def test_kinds_that_are_as_frequent_come_by_their_names():
    goals = ended("b", ("failed", 0)) + ended("a", ("cancelled", 0))
    assert [pattern.kind for pattern in patterns(goals)] == ["a", "b"]


def test_the_usual_time_is_that_of_goals_that_were_reached_and_whose_time_is_known():
    times = [("completed", 10), ("completed", 0), ("completed", 1000), ("completed", 30), ("failed", 7)]
    (pattern,) = patterns(ended("research", *times))
    assert (pattern.goals, pattern.completed, pattern.completion_rate) == (5, 4, 0.8)
    assert pattern.usual_seconds == 30


def test_what_was_never_reached_has_no_usual_time():
    assert patterns(ended("research", ("failed", 9), ("cancelled", 9))) == [GoalPattern("research", 2, 0, 0.0, 0.0)]


def test_without_goals_there_are_no_patterns():
    assert patterns([]) == []


def test_of_a_goal_that_was_taken_up_again_only_the_last_end_counts():
    ends = [Ended("7", "research", "completed", 60.0), Ended("7", "other", "failed", 5.0)]
    (pattern,) = patterns([*ends, Ended("", "research", "failed", 1.0), Ended("", "research", "failed", 1.0)])
    assert (pattern.kind, pattern.goals, pattern.completed) == ("research", 3, 1)
