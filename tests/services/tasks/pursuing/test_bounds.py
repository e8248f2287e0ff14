"""When a goal is given up because it takes too much."""

import pytest

from senter.settings import TasksSettings
from senter.tasks.goal import Goal
from senter.tasks.pursuing.bounds import Spent, exceeded

NOW = 1_000_000_000
SETTINGS = TasksSettings(steps_per_goal=20, minutes_per_goal=5)
MINUTE = 60_000_000


def goal(**fields):
    return Goal("1", "find it", "running", **fields)


@pytest.mark.parametrize(
    ("fields", "spent"),
    [
        ({}, Spent()),
        ({"deadline": NOW + 1}, Spent(19, 5 * MINUTE - 1, 9)),
        ({"tasks_total": 12}, Spent(11, 0, 11)),
    ],
)
def test_work_goes_on_within_the_bounds(fields, spent):
    assert exceeded(goal(**fields), spent, SETTINGS, NOW) == ""


@pytest.mark.parametrize(
    ("fields", "spent", "told"),
    [
        ({"deadline": NOW}, Spent(), "its deadline has passed"),
        ({}, Spent(20), "its steps took 20 attempts, and a goal may take 20; [tasks] steps_per_goal"),
        ({}, Spent(1, 5 * MINUTE), "its steps were worked on for 5 minutes; [tasks] minutes_per_goal"),
        ({}, Spent(10, 0, 10), "there was no progress: the last 10 attempts have failed"),
        ({"tasks_total": 12}, Spent(12, 0, 12), "there was no progress"),
    ],
)
def test_a_bound_that_is_reached_is_named(fields, spent, told):
    assert exceeded(goal(**fields), spent, SETTINGS, NOW).startswith(told)
