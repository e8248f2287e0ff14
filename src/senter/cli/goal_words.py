"""Goals and their steps in words, safe for a terminal whatever their texts are. Pure."""

from datetime import datetime

from senter.tasks.goal import (
    CANCELLED,
    COMPLETED,
    ENDED,
    FAILED,
    IN_PROGRESS,
    NEW,
    PARTLY,
    PENDING,
    PLANNING,
    RUNNING,
    WAITING,
    Goal,
    Task,
)
from senter.wording import one_line, shortened

COLOURS = {
    PLANNING: "cyan",
    RUNNING: "cyan",
    IN_PROGRESS: "cyan",
    WAITING: "yellow",
    COMPLETED: "green",
    FAILED: "bold red",
    CANCELLED: "dim",
    PENDING: "dim",
}

_SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def goal_remark(goal: Goal) -> str:
    """What there is to say of a goal in its state: what it is about, how far it is, or how it ended."""
    if goal.state in (WAITING, FAILED, CANCELLED):
        return one_line(goal.error)
    if goal.state == COMPLETED:
        return one_line(f"partly: {goal.error}".removesuffix(": ")) if goal.outcome == PARTLY else ""
    if goal.state == RUNNING:
        return f"{steps(goal.tasks_total)}, planned by {one_line(goal.planner)}" if goal.planner else ""
    return one_line(goal.description) if goal.state == NEW else ""


def task_remark(task: Task) -> str:
    """What there is to say of a step: what it found, why it failed or waits, else what it is to do."""
    return one_line((task.summary if task.status == COMPLETED else task.error) or task.description)


def goal_line(goal: Goal) -> str:
    """``12 completed``."""
    return f"{one_line(goal.id)} {one_line(goal.state)}  {goal_remark(goal)}".rstrip()


def task_line(task: Task) -> str:
    """``12.2 in_progress  Search the web for …``."""
    return f"{one_line(task.id)} {one_line(task.status)}  {task_remark(task)}".rstrip()


def details(goal: Goal, tasks: list[Task]) -> str:
    """Everything about a goal, for a person."""
    lines = [f"Goal {one_line(goal.id)}: {one_line(goal.state)}", f"  {one_line(goal.description)}", ""]
    facts = [("Priority", str(goal.priority)), ("Focus", goal.focus), ("Asked for by", _known(goal.origin))]
    facts += [("Taken on", when(goal.created)), ("Started", when(goal.started)), ("Ended", when(goal.finished))]
    facts += [(_remark_title(goal), goal_remark(goal) if goal.state in (WAITING, *ENDED) else "")]
    facts += [("Report", goal.report)]
    lines += [f"{title + ':':<14}{one_line(value)}" for title, value in facts if value]
    if tasks:
        lines += ["", f"Plan, made by {one_line(goal.planner)}:" if goal.planner else "Plan:"]
    for task in tasks:
        tool = f"  ({one_line(task.tool)})" if task.tool else ""
        lines.append(f"  {one_line(task.id)} {one_line(task.status):<12}{one_line(task.description)}{tool}")
        if found := one_line(task.error or task.summary):
            lines.append(f"      {found}")
    return "\n".join(lines)


def steps(number: int) -> str:
    """``1 step``, ``4 steps``."""
    return f"{number} step" if number == 1 else f"{number} steps"


def summary(goal: Goal, longest: int) -> str:
    """The description on one line."""
    return shortened(one_line(goal.description), longest)


def progress(goal: Goal) -> str:
    """``2/5``; a dash while there is no plan."""
    return f"{goal.tasks_done}/{goal.tasks_total}" if goal.tasks_total else "-"


def age(goal: Goal, now: float) -> str:
    """How long ago the goal was taken on: ``3 min``; ``now`` in seconds since the epoch."""
    seconds = max(0, int(now - goal.created / 1_000_000))
    for unit, length in _SPANS:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "0 s"


def when(microseconds: int) -> str:
    """Local time with the day; empty for never."""
    if not microseconds:
        return ""
    then = datetime.fromtimestamp(microseconds / 1_000_000).astimezone()
    return f"{then:%a %d %b %H:%M:%S}"


def _known(origin: str) -> str:
    """Who asked, unless that is the number of a connection to the bus (``:1.40``), which tells a person nothing."""
    return "" if origin.startswith(":") else origin


def _remark_title(goal: Goal) -> str:
    return {WAITING: "Waits", COMPLETED: "Outcome"}.get(goal.state, "Because")
