"""What digests tell of the goals that have not ended."""

import pytest

from senter.reporter.digest.material import COMING, Material
from senter.reporter.digest.words import LINES_TOLD, digest_text
from senter.tasks.goal import NEW, PLANNING, RUNNING, WAITING, Goal
from senter.tasks.telling.coming import MOST_GOALS, lines_of
from senter.wording import LONGEST_LINE


def line(state, description="Research AI trends", **values):
    """What is told of one goal."""
    (told,) = lines_of([Goal("7", description, state, **values)], 1)
    return told


@pytest.mark.parametrize(
    ("state", "values", "told"),
    [
        (NEW, {}, "not begun"),
        (PLANNING, {}, "is being planned"),
        (RUNNING, {"tasks_done": 3, "tasks_total": 5}, "3 of 5 steps done"),
        (RUNNING, {"tasks_done": 0, "tasks_total": 1}, "0 of 1 step done"),
        (WAITING, {"error": "needs a language model: senter setup"}, "waits for a language model: senter setup"),
        (WAITING, {"error": "today's 5 tokens are used up"}, "waits: today's 5 tokens are used up"),
    ],
)
def test_a_goal_is_told_with_how_far_it_is_or_what_it_waits_for(state, values, told):
    assert line(state, **values) == f"Research AI trends: {told}"


def test_a_line_is_one_line_and_short_whatever_is_in_it():
    told = line(WAITING, "find\nthe \x1bcure " * 1000, error="no\nmodel " * 1000)
    assert told.startswith("find the cure ")
    assert told.isprintable()
    assert len(told) <= LONGEST_LINE


def test_there_is_nothing_to_tell_when_nothing_is_open():
    assert lines_of([], 0) == []


def goals(count):
    """So many goals."""
    return [Goal(str(number), f"goal {number}", NEW) for number in range(count)]


@pytest.mark.parametrize(
    ("total", "last"),
    [(5, "goal 4: not begun"), (6, "… and 1 more goal"), (5000, "… and 4995 more goals")],
)
def test_five_have_a_line_of_their_own_and_the_others_are_counted(total, last):
    told = lines_of(goals(min(total, MOST_GOALS)), total)
    assert told[:2] == ["goal 0: not begun", "goal 1: not begun"]
    assert told[-1] == last
    assert len(told) <= MOST_GOALS + 1


def test_a_digest_tells_all_of_these_lines_so_that_the_last_one_counts_all_the_others():
    lines = lines_of(goals(MOST_GOALS), 42)
    assert len(lines) == LINES_TOLD[COMING]
    *told, last = digest_text(Material([], "today", coming=lines)).splitlines()
    assert last == "   • … and 37 more goals"
    assert told[-MOST_GOALS:] == [f"   • goal {number}: not begun" for number in range(MOST_GOALS)]
