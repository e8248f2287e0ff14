"""What comes next, as digests tell it: a line for each goal that has not ended. Pure."""

from collections.abc import Sequence

from senter.tasks.goal import NEW, PLANNING, WAITING, Goal
from senter.wording import one_line, shortened

MOST_GOALS = 5
"""That have a line of their own: digests tell these, and the line that counts the others."""

LONGEST_REASON = 100


def lines_of(goals: Sequence[Goal], total: int) -> list[str]:
    """What is told of goals, in their order, when there are ``total`` of them; nothing when there are none."""
    told = goals[:MOST_GOALS]
    lines = [f"{goal.title}: {_progress(goal)}" for goal in told]
    if more := total - len(told):
        lines.append(f"… and {more} more {'goal' if more == 1 else 'goals'}")
    return lines


def _progress(goal: Goal) -> str:
    if goal.state == NEW:
        return "not begun"
    if goal.state == PLANNING:
        return "is being planned"
    if goal.state == WAITING:
        reason = shortened(one_line(goal.error), LONGEST_REASON)
        if reason.startswith("waits for "):
            return reason
        needed = reason.removeprefix("needs ")
        return f"waits: {reason}" if needed == reason else f"waits for {needed}"
    return f"{goal.tasks_done} of {goal.tasks_total} {'step' if goal.tasks_total == 1 else 'steps'} done"
