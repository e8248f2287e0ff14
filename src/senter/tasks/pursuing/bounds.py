"""How much work a goal may take before it is given up. Pure."""

from dataclasses import dataclass

from senter.settings import TasksSettings
from senter.tasks.goal import Goal

MICROSECONDS_OF_A_MINUTE = 60_000_000

NO_PROGRESS = 10
"""So many attempts that fail one after the other, whichever steps they are at, are no progress; more in a plan that
has more steps than that."""


@dataclass(frozen=True)
class Spent:
    """What the work on a goal has taken so far."""

    attempts: int = 0
    """Those that came to an end, or were interrupted; not those that found no model."""
    worked: int = 0
    """Microseconds, of all attempts together."""
    failed_in_a_row: int = 0


def exceeded(goal: Goal, spent: Spent, settings: TasksSettings, now: int) -> str:
    """Why a goal is given up, in a sentence; empty when the work may go on. ``now`` is in µs since the epoch."""
    if goal.deadline and now >= goal.deadline:
        return "its deadline has passed"
    if spent.attempts >= settings.steps_per_goal:
        told = f"its steps took {spent.attempts} attempts, and a goal may take {settings.steps_per_goal}"
        return f"{told}; [tasks] steps_per_goal in config.toml says so"
    if spent.worked >= settings.minutes_per_goal * MICROSECONDS_OF_A_MINUTE:
        told = f"its steps were worked on for {spent.worked // MICROSECONDS_OF_A_MINUTE} minutes"
        return f"{told}; [tasks] minutes_per_goal in config.toml says how long that may be"
    if spent.failed_in_a_row >= max(NO_PROGRESS, goal.tasks_total):
        return f"there was no progress: the last {spent.failed_in_a_row} attempts have failed"
    return ""
