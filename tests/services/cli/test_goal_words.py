"""Goals and their steps in words."""

from dataclasses import replace

import pytest

from senter.cli.goal_words import age, details, goal_line, progress, steps, summary, task_line
from senter.tasks.goal import GOAL_MOVES, TASK_MOVES, Goal, Task

GOAL = Goal("12", "Research cats", "new")
TASK = Task("12.2", "12", "Write about cats", "generate")
HOSTILE = "\x1b[2Jcats\nand\u202e dogs"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "12 new  Research cats"),
        ({"state": "planning"}, "12 planning"),
        ({"state": "running"}, "12 running"),
        ({"state": "running", "planner": "model", "tasks_total": 1}, "12 running  1 step, planned by model"),
        ({"state": "waiting", "error": "needs a language model"}, "12 waiting  needs a language model"),
        ({"state": "failed", "error": "no network"}, "12 failed  no network"),
        ({"state": "cancelled"}, "12 cancelled"),
        ({"state": "completed", "outcome": "completed"}, "12 completed"),
        ({"state": "completed", "outcome": "partly"}, "12 completed  partly"),
        ({"state": "completed", "outcome": "partly", "error": "no network"}, "12 completed  partly: no network"),
    ],
)
def test_a_goal_is_one_line(changes, line):
    assert goal_line(replace(GOAL, **changes)) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "12.2 pending  Write about cats"),
        ({"status": "in_progress"}, "12.2 in_progress  Write about cats"),
        ({"status": "completed", "summary": "3 sentences"}, "12.2 completed  3 sentences"),
        ({"status": "completed"}, "12.2 completed  Write about cats"),
        ({"status": "failed", "error": "no network"}, "12.2 failed  no network"),
        ({"status": "waiting", "error": "needs a language model"}, "12.2 waiting  needs a language model"),
    ],
)
def test_a_step_is_one_line(changes, line):
    assert task_line(replace(TASK, **changes)) == line


@pytest.mark.parametrize("state", GOAL_MOVES)
def test_no_text_of_a_goal_commands_the_terminal(state):
    goal = Goal(HOSTILE, HOSTILE, state, HOSTILE, HOSTILE, "partly", HOSTILE, HOSTILE, HOSTILE, tasks_total=1)
    steps_of_it = [
        Task(HOSTILE, HOSTILE, HOSTILE, HOSTILE, status, HOSTILE, HOSTILE, HOSTILE) for status in TASK_MOVES
    ]
    lines = [goal_line(goal), summary(goal, 100), *map(task_line, steps_of_it)]
    for text in [*lines, details(goal, steps_of_it).replace("\n", "")]:
        assert text.isprintable()


def test_details_leave_out_what_there_is_not():
    assert details(GOAL, []) == "Goal 12: new\n  Research cats\n\nPriority:     5"


def test_details_name_who_asked_unless_that_is_a_number_of_the_bus():
    assert "Asked for by: ai.senter.Scheduler1" in details(replace(GOAL, origin="ai.senter.Scheduler1"), [])
    assert details(replace(GOAL, origin=":1.40"), []) == details(GOAL, [])


def test_how_far_a_goal_is():
    assert progress(GOAL) == "-"
    assert progress(replace(GOAL, tasks_done=2, tasks_total=5)) == "2/5"
    assert (steps(1), steps(2)) == ("1 step", "2 steps")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds, words):
    assert age(replace(GOAL, created=1_000_000_000), 1000 + seconds) == words
