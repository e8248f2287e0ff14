"""What the reporter is told about goals: one letter an event. Pure.

Letters are kept with the change they tell of, and delivered until the reporter has them; the key lets it take each
only once.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from senter.bus.names import TASKS
from senter.tasks.approvals.approval import REPEAT, Approval
from senter.tasks.goal import COMPLETED, FAILED, Goal, Task
from senter.wording import shortened

LOG, NOTICE, WITHDRAWAL = "log", "notice", "withdrawal"
"""Kinds: an entry of the activity log; a notice on the desktop; that the notice with this key is not needed."""


LONGEST_QUESTION = 240
"""Characters of a question that can be seen as a whole in a notification, however the server draws it."""


@dataclass(frozen=True)
class Letter:
    """Something the reporter is to be told.

    What is added here has a default: letters that an earlier version has written are still to be delivered.
    """

    kind: str
    subject: str
    """The type of the activity, or the title of the notice."""
    text: str
    open: str = ""
    """The path of the report, which a click opens."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    type: str = ""
    """By which the user can switch such notices off."""
    goal: str = ""
    """The id of the goal that an entry of the log belongs to."""
    title: str = ""
    """What that goal is called."""
    actions: Sequence[Sequence[str]] = field(default_factory=list)
    """The buttons of a notice: key, label, bus name, member and argument each."""

    @property
    def details(self) -> dict[str, str]:
        """What else the reporter is to know of an entry of the log."""
        values = {"goal": self.goal, "title": self.title, "open": self.open}
        return {name: value for name, value in values.items() if value}


def plan_created(goal: Goal, steps: int) -> Letter:
    """The plan of a goal is made."""
    count = f"{steps} steps" if steps > 1 else "one step"
    return _entry(goal, "plan_created", f"Created plan for: {goal.title} ({count})")


def plan_changed(goal: Goal, steps: int) -> Letter:
    """A new plan has taken the place of what could not be done."""
    count = f"{steps} new steps" if steps > 1 else "one new step"
    return _entry(goal, "plan_created", f"Changed the plan for: {goal.title} ({count})")


def task_completed(goal: Goal, task: Task) -> Letter:
    """A step has done its work."""
    return _entry(goal, "task_completed", f"Completed: {task.description}, for {goal.title}")


def task_failed(goal: Goal, task: Task, error: str) -> Letter:
    """A step has failed."""
    return _entry(goal, "task_failed", f"Failed: {task.description}, for {goal.title} - {error}")


def task_notice(task: Task, notice: Sequence[str]) -> Letter:
    """What a step that is done shows: title, text, and what a click opens. The same step shows it once."""
    title, text, target = notice
    return Letter(NOTICE, title, text, target, key=f"task-{task.id}-{task.created}", type="task_notice")


def question_asked(question: Approval) -> Letter:
    """The user is asked, and a click answers. What cannot be seen there as a whole cannot be approved there."""
    if question.kind == REPEAT:
        title, labels = "Senter was interrupted", ("Do it once more", "Leave it")
    else:
        title, labels = "Senter asks for your approval", ("Approve", "Deny")
    room = TASKS.bus_name
    actions = [
        (member.lower(), label, room, member, question.key)
        for member, label in zip(("Approve", "Deny"), labels, strict=True)
    ]
    asked = question.question
    if len(asked) > LONGEST_QUESTION:
        actions = actions[1:]
        asked = f"{shortened(asked, LONGEST_QUESTION)}\nAll of it, and to approve it: senter goals approve"
    text = f"Senter wants to {asked}\nFor: {question.title}"
    return Letter(NOTICE, title, text, key=question.key, type="approval", actions=actions)


def question_closed(question: Approval) -> Letter:
    """The user need not answer any more."""
    return Letter(WITHDRAWAL, "", "", key=question.key)


def goal_cancelled(goal: Goal) -> Letter:
    """Somebody has cancelled a goal."""
    return _entry(goal, "goal_cancelled", f"Cancelled: {goal.title}")


def goal_waits(goal: Goal, error: str) -> Letter:
    """A goal cannot go on. It is told once, until a step of it is done or it is started anew."""
    text = f"Waiting: {goal.title} - {error}"
    key = f"{goal.id}-{goal.created}-{goal.started}-{goal.tasks_done}-waits"
    return replace(_entry(goal, "goal_waiting", text), key=key)


def goal_unanswered(goal: Goal, report: str) -> list[Letter]:
    """All was done for a goal, and its question has no answer in the sources."""
    told = "The sources do not answer it. The report says what was looked at."
    return [
        _entry(goal, "goal_unanswered", f"Looked into, without an answer: {goal.title}", report),
        Letter(NOTICE, "No answer was found", f"{goal.title}\n{told}", report, type="goal_unanswered"),
    ]


def goal_finished(goal: Goal, state: str, error: str, report: str, researched: bool) -> list[Letter]:
    """A goal was reached or has failed: the log and a notice, whose click opens the report."""
    if state == COMPLETED:
        letters = [_entry(goal, "goal_completed", f"Goal achieved: {goal.title}", report)]
        if researched:
            letters.append(_entry(goal, "research_complete", f"Researched: {goal.title}", report))
        told = "The report is ready." if report else "All its steps are done."
        text = f"{goal.title}\n{told}" + (f" {error}" if error else "")
        return [*letters, Letter(NOTICE, "Goal achieved", text, report, type="goal_completed")]
    assert state == FAILED
    return [
        _entry(goal, "goal_failed", f"Goal failed: {goal.title} - {error}"),
        Letter(NOTICE, "Goal failed", f"{goal.title}\n{error}", type="goal_failed"),
    ]


def goals_damaged(text: str) -> Letter:
    """The list of goals was lost."""
    return Letter(NOTICE, "Senter", text, type="goals_damaged")


def _entry(goal: Goal, activity_type: str, text: str, report: str = "") -> Letter:
    return Letter(LOG, activity_type, text, report, goal=goal.id, title=goal.title)
