"""What the reporter is told about goals: one letter an event. Pure.

Letters are kept with the change they tell of, and delivered until the reporter has them; the key lets it take each
only once.
"""

import uuid
from dataclasses import dataclass, field

from senter.tasks.goal import COMPLETED, FAILED, Goal, Task
from senter.wording import one_line, shortened

LOG, NOTICE = "log", "notice"
LONGEST_TITLE = 80


@dataclass(frozen=True)
class Letter:
    """An entry of the activity log, or a notice on the desktop."""

    kind: str
    subject: str
    """The type of the activity, or the title of the notice."""
    text: str
    open: str = ""
    """The path that a click on the notice opens."""
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


def plan_created(goal: Goal, steps: int) -> Letter:
    """The plan of a goal is made."""
    count = f"{steps} steps" if steps > 1 else "one step"
    return Letter(LOG, "plan_created", f"Created plan for: {_title(goal)} ({count})")


def task_completed(goal: Goal, task: Task) -> Letter:
    """A step has done its work."""
    return Letter(LOG, "task_completed", f"Completed: {task.description}, for {_title(goal)}")


def task_failed(goal: Goal, task: Task, error: str) -> Letter:
    """A step has failed."""
    return Letter(LOG, "task_failed", f"Failed: {task.description}, for {_title(goal)} - {error}")


def goal_cancelled(goal: Goal) -> Letter:
    """Somebody has cancelled a goal."""
    return Letter(LOG, "goal_cancelled", f"Cancelled: {_title(goal)}")


def goal_waits(goal: Goal, error: str) -> Letter:
    """A goal cannot go on; it is told once, however often it goes on and waits again."""
    return Letter(LOG, "goal_waiting", f"Waiting: {_title(goal)} - {error}", key=f"{goal.id}-{goal.created}-waits")


def goal_unanswered(goal: Goal, report: str) -> list[Letter]:
    """All was done for a goal, and its question has no answer in the sources."""
    title = _title(goal)
    told = "The sources do not answer it. The report says what was looked at."
    line = Letter(LOG, "goal_completed", f"Looked into, without an answer: {title}")
    return [line, Letter(NOTICE, "No answer was found", f"{title}\n{told}", report)]


def goal_finished(goal: Goal, state: str, error: str, report: str, researched: bool) -> list[Letter]:
    """A goal was reached or has failed: the log and a notice, whose click opens the report."""
    title = _title(goal)
    if state == COMPLETED:
        letters = [Letter(LOG, "goal_completed", f"Goal achieved: {title}")]
        if researched:
            letters.append(Letter(LOG, "research_complete", f"Researched: {title}"))
        told = "The report is ready." if report else "All its steps are done."
        text = f"{title}\n{told}" + (f" {error}" if error else "")
        return [*letters, Letter(NOTICE, "Goal achieved", text, report)]
    assert state == FAILED
    return [
        Letter(LOG, "goal_failed", f"Goal failed: {title} - {error}"),
        Letter(NOTICE, "Goal failed", f"{title}\n{error}"),
    ]


def _title(goal: Goal) -> str:
    return shortened(one_line(goal.description), LONGEST_TITLE)
