"""What the tasks find out about themselves, and how to mend it. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from senter.bus.signatures import Check
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import NEW, PAUSED, PLANNING, RUNNING, WAITING, Goal


def checks(
    trouble: str,
    set_aside: Sequence[Path],
    is_paused: bool,
    asked: Sequence[Approval],
    waiting: Sequence[Goal],
    out_of_budget: Collection[str],
) -> list[Check]:
    """What is told of the database, its damaged forerunners, what waits for the user, and goals that wait."""
    found = [Check("goals", "fail" if trouble else "ok", trouble)]
    found += [Check("damaged list of goals", "warn", f"look into {file}, or delete it") for file in set_aside]
    if asked:
        found.append(Check("approvals", "warn", f"{len(asked)} wait for your answer: senter goals approve"))
    if is_paused:
        found.append(Check("work on goals", "warn", PAUSED))
    asking = {question.goal_id for question in asked}
    others = [goal for goal in waiting if goal.id not in asking]
    spent = sum(goal.id in out_of_budget for goal in others)
    if without_model := len(others) - spent:
        found.append(Check("goals that wait", "warn", f"{without_model} need a language model: senter setup"))
    if spent:
        way = "wait until tomorrow, or raise [budget] in config.toml, then: senter restart"
        found.append(Check("goals that pause", "warn", f"{spent} have no budget left: {way}"))
    return found


def told(goal: Goal, is_paused: bool) -> Goal:
    """A goal as it is told: what could go on says that all work is paused, when that is so."""
    return replace(goal, error=PAUSED) if is_paused and goal.state in (NEW, PLANNING, RUNNING) else goal


def reading(trouble: str) -> Check:
    """What is told of the reader of documents: why it cannot be shut off from everything else, if that is so."""
    fix = f"{trouble}; until then only plain text is read" if trouble else ""
    return Check("reading of documents", "fail" if trouble else "ok", fix)


def status(counts: Mapping[str, int], is_permitted: bool, is_paused: bool, steps: int) -> str:
    """``2 goals open, working on 3 steps``, from how many goals are in which state."""
    goals = sum(counts.values())
    if not goals:
        return PAUSED if is_paused else "no goals open"
    told = f"{goals} {'goal' if goals == 1 else 'goals'} open"
    if is_paused:
        return f"{told}; {PAUSED}"
    if not is_permitted:
        return f"{told}; work begins with: senter start"
    if steps:
        return f"{told}, working on {steps} {'step' if steps == 1 else 'steps'}"
    return f"{told}, waiting" if counts.get(WAITING) else told
