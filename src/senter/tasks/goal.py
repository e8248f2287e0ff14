"""Goals and their tasks: what they are, and what may become of them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from senter.bus.signatures import U32, Bool, Byte, Str, Strings, Time
from senter.errors import InvalidArgument, InvalidState
from senter.wording import LONGEST_LINE, one_line, printable, shortened

NEW, PLANNING, RUNNING = "new", "planning", "running"
PENDING, IN_PROGRESS = "pending", "in_progress"
WAITING, COMPLETED, FAILED, CANCELLED = "waiting", "completed", "failed", "cancelled"

GOAL_MOVES = {
    NEW: {PLANNING, FAILED, CANCELLED},
    PLANNING: {NEW, RUNNING, FAILED, CANCELLED},
    RUNNING: {PLANNING, WAITING, COMPLETED, FAILED, CANCELLED},
    WAITING: {RUNNING, COMPLETED, FAILED, CANCELLED},
    COMPLETED: set(),
    FAILED: {NEW, RUNNING},
    CANCELLED: {NEW, RUNNING},
}
"""Every state of a goal and where it may go: back to new when planning was interrupted, or by a retry; from running
to planning once, when a step failed that others need."""

TASK_MOVES = {
    PENDING: {IN_PROGRESS, WAITING, COMPLETED, FAILED, CANCELLED},
    IN_PROGRESS: {PENDING, WAITING, COMPLETED, FAILED, CANCELLED},
    WAITING: {PENDING, COMPLETED, FAILED, CANCELLED},
    COMPLETED: set(),
    FAILED: {PENDING},
    CANCELLED: {PENDING},
}
"""Every status of a task and where it may go: back to pending when work was interrupted, is tried again or was
approved; from pending to waiting when it has to be approved; completed from outside at any time."""

ENDED = {COMPLETED, FAILED, CANCELLED}
OPEN = (NEW, PLANNING, RUNNING, WAITING)
"""The states of a goal that has not ended."""

PAUSED = "paused; go on with: senter goals resume"

TYPES = ("research", "generate", "analyze", "communicate", "organize", "custom")
GATHERING = "research"

FAR = 3_600_000_000
"""Microseconds. Nothing is tried again so much later: the clock was set back."""

PARTLY = "partly"
"""The outcome of a goal that was reached although some of its sources failed."""

LONGEST_DESCRIPTION = 10_000
LONGEST_TITLE = 80


@dataclass(frozen=True)
class Goal:
    """What somebody wants done; times are microseconds since the epoch, 0 for not yet."""

    id: Str
    description: Str
    state: Str
    focus: Str = ""
    origin: Str = ""
    """The bus name of the room, or the connection, that asked for it."""
    outcome: Str = ""
    """Empty until it has ended: completed, partly, failed or cancelled."""
    error: Str = ""
    """What went wrong or what it waits for, in a sentence."""
    report: Str = ""
    """The path of the report."""
    planner: Str = ""
    """Who made the plan: model or keywords."""
    priority: Byte = 5
    created: Time = 0
    started: Time = 0
    finished: Time = 0
    tasks_done: U32 = 0
    tasks_total: U32 = 0
    deadline: Time = 0
    """When it is given up; 0 for never."""

    @property
    def title(self) -> str:
        """The description in a few words on one line."""
        return title_of(self.description)


@dataclass(frozen=True)
class Task:
    """One step of a goal; times are microseconds since the epoch, 0 for not yet."""

    id: Str
    goal_id: Str
    description: Str
    type: Str
    status: Str = PENDING
    tool: Str = ""
    """The tool it is done with; empty for a language model."""
    error: Str = ""
    summary: Str = ""
    """What it has found or done, in a sentence."""
    priority: Byte = 5
    depends_on: Strings = ()  # type: ignore[assignment]
    created: Time = 0
    started: Time = 0
    finished: Time = 0
    attempts: U32 = 0
    not_before: Time = 0
    """When it is tried again."""
    replaced: Bool = False
    """Whether a new plan has taken its place."""


@dataclass(frozen=True)
class GoalOptions:
    """Options of ``AddGoalWith``."""

    priority: Byte = 5
    focus: Str = ""
    origin: Str = ""
    key: Str = ""
    """A goal with a key that was added before is not added again."""
    deadline: Time = 0
    """When it is given up, in microseconds since the epoch; 0 for never."""


def title_of(description: str) -> str:
    """What a goal is called: its description in a few words on one line."""
    return shortened(one_line(description), LONGEST_TITLE)


def check_goal(description: str, options: GoalOptions, now: int = 0) -> str:
    """The description as it is kept. Raises InvalidArgument for what is no goal, or is over by now (µs)."""
    text = printable(description, LONGEST_DESCRIPTION + 1).strip()
    if not text:
        raise InvalidArgument("description is empty; say what is to be done")
    if len(text) > LONGEST_DESCRIPTION:
        raise InvalidArgument(f"description is longer than {LONGEST_DESCRIPTION} characters")
    if not 1 <= options.priority <= 10:
        raise InvalidArgument(f"priority must be 1 to 10, not {options.priority}")
    if options.deadline and options.deadline <= now:
        raise InvalidArgument("deadline has passed")
    for name in ("focus", "origin", "key"):
        value = getattr(options, name)
        if value != one_line(value) or len(value) > LONGEST_LINE:
            raise InvalidArgument(f"{name} must be plain text on one line of at most {LONGEST_LINE} characters")
    return text


def check_state(state: str) -> None:
    """Raise InvalidArgument for a word that is not a state of a goal; empty means all."""
    if state and state not in GOAL_MOVES:
        raise InvalidArgument(f"state must be one of {', '.join(GOAL_MOVES)}, not {state!r}")


def check_goal_move(before: str, after: str) -> None:
    """Raise InvalidState when a goal cannot go from one state to another."""
    if after not in GOAL_MOVES[before]:
        raise InvalidState(f"a goal that is {before} cannot become {after}")


def check_task_move(before: str, after: str) -> None:
    """Raise InvalidState when a task cannot go from one status to another."""
    if after not in TASK_MOVES[before]:
        raise InvalidState(f"a task that is {before} cannot become {after}")


def current(tasks: Sequence[Task]) -> list[Task]:
    """The tasks that count: those whose place no new plan has taken."""
    return [task for task in tasks if not task.replaced]


def ready(tasks: Sequence[Task], now: int) -> list[Task]:
    """The pending tasks that may start now (µs since the epoch), most urgent first.

    A task needs every task it depends on; of those that gather (type research) one that has found something is
    enough, once all of them have ended.
    """
    able = [task for task in _able(tasks) if task.not_before <= now or task.not_before > now + FAR]
    return sorted(able, key=lambda task: -task.priority)


def hopeless(tasks: Sequence[Task]) -> list[Task]:
    """The pending tasks that can never start, because what they need has failed or was cancelled."""
    return [task for task in current(tasks) if task.status == PENDING and _needs(task, tasks) == FAILED]


def lost(tasks: Sequence[Task]) -> list[Task]:
    """What a new plan would have to replace: the tasks that can never start, and those that failed before them."""
    names: set[str] = set()
    later = list(tasks)
    while without := hopeless(later):
        # what needs these can never start either
        names |= {task.id for task in without}
        later = [replace(task, status=FAILED) if task.id in names else task for task in later]
    needed = {name for task in tasks if task.id in names for name in task.depends_on}
    return [task for task in current(tasks) if task.id in names or (task.status == FAILED and task.id in needed)]


def why_hopeless(task: Task, tasks: Sequence[Task]) -> str:
    """Why a task can never start, in a sentence."""
    lost = [other.description for other in tasks if other.id in task.depends_on and other.status != COMPLETED]
    return f"not begun, because it needs what failed: {', '.join(lost)}"


def what_failed(tasks: Sequence[Task]) -> str:
    """What went wrong in the steps of a goal, in a sentence, first what made the others fail; empty for nothing."""
    failed = sorted((task for task in current(tasks) if task.status == FAILED), key=lambda task: task.finished)
    match len(failed):
        case 0:
            return ""
        case 1:
            return failed[0].error
        case 2:
            return f"{failed[0].error}; one more step failed"
    return f"{failed[0].error}; {len(failed) - 1} more steps failed"


def results(tasks: Sequence[Task]) -> list[Task]:
    """The tasks that no other depends on: what they make is what the goal is about."""
    needed = {name for task in current(tasks) for name in task.depends_on}
    return [task for task in current(tasks) if task.id not in needed]


def verdict(tasks: Sequence[Task]) -> str:
    """The state of a goal as it follows from its tasks: running, waiting, completed, failed or cancelled."""
    statuses = {task.status for task in current(tasks)}
    if IN_PROGRESS in statuses or _able(tasks) or hopeless(tasks):
        return RUNNING
    if WAITING in statuses:
        return WAITING
    ends = {task.status for task in results(tasks)}
    if ends == {COMPLETED}:
        return COMPLETED
    return CANCELLED if ends == {CANCELLED} else FAILED


def outcome(state: str, tasks: Iterable[Task]) -> str:
    """How a goal ended: its state, or ``partly`` when it was completed although some tasks failed."""
    if state == COMPLETED and any(task.status != COMPLETED and not task.replaced for task in tasks):
        return PARTLY
    return state if state in ENDED else ""


def _able(tasks: Sequence[Task]) -> list[Task]:
    """The pending tasks that have all they need, be it that they are tried again only later."""
    return [task for task in current(tasks) if task.status == PENDING and _needs(task, tasks) == COMPLETED]


def _needs(task: Task, tasks: Sequence[Task]) -> str:
    """Whether what a task depends on is there: completed, failed (it never will be) or pending (not yet)."""
    needed = [other for other in tasks if other.id in task.depends_on]
    sources = [other.status for other in needed if other.type == GATHERING]
    strict = [other.status for other in needed if other.type != GATHERING]
    if any(status in (FAILED, CANCELLED) for status in strict):
        return FAILED
    if any(status not in ENDED for status in (*sources, *strict)):
        return PENDING
    return FAILED if sources and COMPLETED not in sources else COMPLETED
