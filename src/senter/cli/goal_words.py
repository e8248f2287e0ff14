"""Goals and their steps in words, safe for a terminal whatever their texts are. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from senter.tasks.approvals.approval import REPEAT, Approval
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
from senter.tasks.tools.network_log import Request
from senter.wording import one_line, printable, shortened

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

REPLACED = "dim"
"""The style of a step whose place a new plan has taken."""

LONGEST_QUESTION = 20_000

REFUSED = "refused"
"""How the outcome of a request begins that has not left this machine."""

Questions = Mapping[str, Approval]
"""What waits for an answer, by the id of the step that asks."""
NO_QUESTIONS: Questions = MappingProxyType({})

_SPANS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def goal_remark(goal: Goal) -> str:
    """What there is to say of a goal in its state: what it is about, how far it is, or how it ended."""
    if goal.state in (WAITING, FAILED, CANCELLED) or (goal.error and goal.state != COMPLETED):
        return one_line(goal.error)
    if goal.state == COMPLETED:
        return one_line(f"partly: {goal.error}".removesuffix(": ")) if goal.outcome == PARTLY else ""
    if goal.state == RUNNING:
        return f"{steps(goal.tasks_total)}, planned by {one_line(goal.planner)}" if goal.planner else ""
    return one_line(goal.description) if goal.state == NEW else ""


def task_remark(task: Task, questions: Questions = NO_QUESTIONS) -> str:
    """What there is to say of a step: what it found, why it failed or waits, else what it is to do."""
    found = task.summary if task.status == COMPLETED else task.error
    return _told(task, found or task.description, questions)


def what_is_asked(approval: Approval) -> str:
    """``write /home/ada/plan.md``: in full and with every space, since that is what is approved."""
    return printable(approval.question, LONGEST_QUESTION).replace("\n", " ")


def question(approval: Approval) -> str:
    """What is asked: ``Senter wants to write /home/ada/plan.md``."""
    what = what_is_asked(approval)
    if approval.kind == REPEAT:
        return f"Senter was interrupted and wants to {what}; approve to do it once more, deny to leave it"
    return f"Senter wants to {what}"


def goal_line(goal: Goal) -> str:
    """``12 completed``."""
    return f"{one_line(goal.id)} {one_line(goal.state)}  {goal_remark(goal)}".rstrip()


def task_line(task: Task, questions: Questions = NO_QUESTIONS) -> str:
    """``12.2 in_progress  Search the web for …``."""
    return f"{one_line(task.id)} {one_line(task.status)}  {task_remark(task, questions)}".rstrip()


def details(
    goal: Goal, tasks: Sequence[Task], questions: Questions = NO_QUESTIONS, requests: Sequence[Request] = ()
) -> str:
    """Everything about a goal, for a person; of what it asked of the network only how many servers."""
    lines = [f"Goal {one_line(goal.id)}: {one_line(goal.state)}", f"  {one_line(goal.description)}", ""]
    facts = [("Priority", str(goal.priority)), ("Focus", goal.focus), ("Asked for by", _known(goal.origin))]
    facts += [("Taken on", when(goal.created)), ("Started", when(goal.started)), ("Ended", when(goal.finished))]
    facts += [("Deadline", when(goal.deadline))]
    remark = goal_remark(goal) if goal.error or goal.state in (WAITING, *ENDED) else ""
    facts += [(_remark_title(goal), remark.removeprefix("waits for "))]
    facts += [("Report", goal.report), ("Network", _asked_of_the_network(goal, requests))]
    lines += [f"{title + ':':<14}{one_line(value)}" for title, value in facts if value]
    if tasks:
        lines += ["", f"Plan, made by {one_line(goal.planner)}:" if goal.planner else "Plan:"]
    for task in tasks:
        tool = f"  ({one_line(task.tool)})" if task.tool else ""
        lines.append(f"  {one_line(task.id)} {one_line(task.status):<12}{one_line(task.description)}{tool}")
        if told := _told(task, task.error or task.summary, questions):
            lines.append(f"      {told}")
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


def clock_time(microseconds: int) -> str:
    """Local time of day, ``14:05``."""
    return f"{datetime.fromtimestamp(microseconds / 1_000_000).astimezone():%H:%M}"


def servers(requests: Sequence[Request]) -> list[str]:
    """The servers that were asked, each once, in this order; empty for those that a library chose by itself.

    A request that was refused has asked no server.
    """
    return list(dict.fromkeys(_server(request.url) for request in requests if not _is_refused(request)))


def _told(task: Task, words: str, questions: Questions) -> str:
    """The words of a step, and before them that it was replaced or is tried again, or else what it asks."""
    if task.status == WAITING and task.id in questions:
        answer = f"answer with: senter goals approve {one_line(task.id)}, or deny"
        return f"waits for you: {question(questions[task.id])}; {answer}"
    standing = ""
    if task.replaced:
        standing = "replaced by a new plan"
    elif task.status == PENDING and task.not_before:
        standing = f"tried again at {clock_time(task.not_before)}"
    return ": ".join(filter(None, (standing, one_line(words))))


def _asked_of_the_network(goal: Goal, requests: Sequence[Request]) -> str:
    if not requests:
        return ""
    asked, refused = servers(requests), sum(map(_is_refused, requests))
    named = sum(map(bool, asked))
    told = ["search engines"] if "" in asked else []
    if named or not told:
        told.append("1 server" if named == 1 else f"{named} servers")
    words = f"{' and '.join(told)} {'was' if told == ['1 server'] else 'were'} asked"
    if refused:
        words += ", 1 request was refused" if refused == 1 else f", {refused} requests were refused"
    return f"{words}; see: senter goals show {goal.id} --network"


def _is_refused(request: Request) -> bool:
    return request.outcome.startswith(REFUSED)


def _server(url: str) -> str:
    """The host of a URL; empty for what is none."""
    try:
        return one_line(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _known(origin: str) -> str:
    """Who asked, unless that is the number of a connection to the bus (``:1.40``), which tells a person nothing."""
    return "" if origin.startswith(":") else origin


def _remark_title(goal: Goal) -> str:
    return {WAITING: "Waits", COMPLETED: "Outcome"}.get(goal.state, "Because")
