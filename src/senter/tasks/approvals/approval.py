"""A question to the user: what Senter may do, or what to do about something that may be done already. Pure."""

from dataclasses import dataclass

from senter.bus.signatures import Str, Time
from senter.errors import Denied
from senter.tasks.goal import Goal, Task
from senter.wording import one_line, shortened

PERMISSION, REPEAT = "permission", "repeat"
"""Kinds of questions: whether something may be done; whether something that may have happened is done once more."""

APPROVED, DENIED, UNANSWERED, WITHDRAWN = "approved", "denied", "unanswered", "withdrawn"
"""Answers: also when nobody has answered in time, and when there is nothing to answer any more."""

LONGEST_TOLD = 120
"""Characters of a question in the reason why a task fails."""

HOURS = 24
"""How long an answer is waited for."""
PATIENCE = HOURS * 3_600_000_000


@dataclass(frozen=True)
class Approval:
    """A question that nobody has answered yet; times are microseconds since the epoch."""

    task_id: Str
    goal_id: Str
    title: Str
    """What the goal is called."""
    kind: Str
    question: Str
    """What Senter wants to do, going on from "Senter wants to"."""
    asked: Time
    until: Time
    """When it counts as denied."""

    @property
    def key(self) -> str:
        """By which the reporter knows its notice."""
        return f"approval-{self.task_id}-{self.asked}"

    @property
    def waiting(self) -> str:
        """What its task waits for, in a sentence; two tasks of a goal that ask the same wait for the same."""
        return f"waits for your answer: Senter wants to {self.question}"


def task_of_key(name: str) -> str:
    """The id of the task whose question has this key; anything else as it is."""
    return name.split("-")[1] if name.startswith("approval-") and name.count("-") == 2 else name


def permission(goal: Goal, task: Task, question: str, now: int) -> Approval:
    """The question whether a task may do something."""
    return Approval(task.id, goal.id, goal.title, PERMISSION, question, now, now + PATIENCE)


def repetition(goal: Goal, task: Task, now: int) -> Approval:
    """The question what to do about a task that was interrupted in the middle, and may have done its work."""
    question = f"do once more what may be done already: {task.description} (attempt {task.id}.{task.attempts})"
    return Approval(task.id, goal.id, goal.title, REPEAT, question, now, now + PATIENCE)


def denial(question: Approval) -> Denied:
    """Why a task that was not approved fails."""
    if question.kind == REPEAT:
        return Denied("it was interrupted, may have been done, and was not done once more")
    return Denied(f"it was denied to {_told(question.question)}")


def unanswered(question: Approval) -> Denied:
    """Why a task fails when nobody has answered in time."""
    return Denied(f"nobody answered for {HOURS} hours whether Senter may {_told(question.question)}")


def answered_before(question: Approval) -> Denied:
    """Why a task fails that would ask what was denied in its goal before."""
    if question.kind == REPEAT:
        return denial(question)
    return Denied(f"it was denied before to {_told(question.question)}; add the goal anew to be asked again")


def _told(question: str) -> str:
    return shortened(one_line(question), LONGEST_TOLD)
