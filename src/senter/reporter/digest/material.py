"""What a digest is made of, and which part of it tells what. Pure; the text and the page share it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from senter.reporter.activity import Activity
from senter.wording import LONGEST_TEXT, one_line

TASKS, GOALS, UNANSWERED, RESEARCH, LEARNINGS = "tasks", "goals", "unanswered", "research", "learnings"
APPROVALS, FAILURES, WAITING, COSTS, COMING = "approvals", "failures", "waiting", "costs", "coming"
"""The names of the sections, in the order in which a digest tells them."""

GOES_ON = ("plan_created", "task_completed", "task_failed")
ENDS = ("goal_completed", "goal_unanswered", "goal_failed", "goal_cancelled")
"""What ends the waiting of a goal."""


@dataclass(frozen=True)
class Material:
    """All that one digest tells."""

    activities: Sequence[Activity]
    """Oldest first."""
    period: str
    """The time they are from, such as ``the past 24 hours``."""
    approvals: Sequence[str] = ()
    """What waits for the user's leave, one line each."""
    costs: Sequence[str] = ()
    """Oldest first."""
    coming: Sequence[str] = ()


@dataclass(frozen=True)
class Line:
    """One thing that is told; its text is one printable line, of any length."""

    text: str
    open: str = ""
    """A file or URL that shows it, as it was logged."""


@dataclass(frozen=True)
class Section:
    """One part of a digest."""

    name: str
    emoji: str
    heading: str
    lines: tuple[Line, ...] = ()


def sections(material: Material) -> list[Section]:
    """The parts that have something to tell, in their order."""
    parts = [_tasks, _goals, _unanswered, _research, _learnings, _approvals, _failures, _waiting, _costs, _coming]
    return [part for make in parts for part in _present(make, material)]


def counted(number: int, one: str, many: str = "") -> str:
    """``1 event``, ``2 events``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def clean(text: str) -> str:
    """Text of others on one printable line; of a very long one, only the beginning."""
    return one_line(text[:LONGEST_TEXT])


def _present(make: Callable[[Material], Section | None], material: Material) -> Iterable[Section]:
    section = make(material)
    return [section] if section else []


def _tasks(material: Material) -> Section | None:
    completed, failed = _of(material, "task_completed"), _of(material, "task_failed")
    if not completed and not failed:
        return None
    return Section(TASKS, "✅", f"Tasks: {len(completed)} completed, {len(failed)} failed")


def _goals(material: Material) -> Section | None:
    achieved = _of(material, "goal_completed")
    return Section(GOALS, "🎯", f"Goals achieved: {len(achieved)}", _lines(achieved)) if achieved else None


def _unanswered(material: Material) -> Section | None:
    """The goals for which all was done, and whose question has no answer."""
    found = _of(material, "goal_unanswered")
    lines = _lines(found, "Looked into, without an answer: ")
    return Section(UNANSWERED, "❓", f"Looked into, without an answer: {len(found)}", lines) if found else None


def _research(material: Material) -> Section | None:
    done = _of(material, "research_complete")
    heading = f"Research completed: {counted(len(done), 'topic')}"
    return Section(RESEARCH, "🔍", heading, _lines(done, "Researched: ")) if done else None


def _learnings(material: Material) -> Section | None:
    learned = _of(material, "learning_update")
    heading = f"New learnings: {len(learned)}"
    return Section(LEARNINGS, "📚", heading, _lines(learned, "Learned: ")) if learned else None


def _approvals(material: Material) -> Section | None:
    lines, count = _texts(material.approvals), len(material.approvals)
    return Section(APPROVALS, "✋", f"Waiting for your approval: {count}", lines) if count else None


def _failures(material: Material) -> Section | None:
    """The goals that failed come before single steps."""
    failed = _of(material, "goal_failed") + _of(material, "task_failed")
    return Section(FAILURES, "⚠️", f"Failed: {len(failed)}", _lines(failed, "Failed: ")) if failed else None


def _waiting(material: Material) -> Section | None:
    """The goals that wait and have neither gone on nor ended since, each once."""
    waits: dict[str | int, Activity] = {}
    for number, done in enumerate(material.activities):
        if done.type in ("goal_waiting", *GOES_ON, *ENDS):
            waits.pop(done.goal, None)
        if done.type == "goal_waiting":
            waits[done.goal or number] = done
    waiting = list(waits.values())
    return Section(WAITING, "⏳", f"Waiting: {len(waiting)}", _lines(waiting, "Waiting: ")) if waiting else None


def _costs(material: Material) -> Section | None:
    lines = _texts(material.costs)
    return Section(COSTS, "💰", "Cost", lines) if lines else None


def _coming(material: Material) -> Section | None:
    lines = _texts(material.coming)
    return Section(COMING, "📅", "Next", lines) if lines else None


def _of(material: Material, activity_type: str) -> list[Activity]:
    return [activity for activity in material.activities if activity.type == activity_type]


def _lines(activities: Sequence[Activity], beginning: str = "") -> tuple[Line, ...]:
    """Their summaries, without a beginning that only repeats the heading."""
    texts = (clean(activity.summary) for activity in activities)
    told = zip(texts, activities, strict=True)
    return tuple(Line(text.removeprefix(beginning) or text, done.open) for text, done in told if text)


def _texts(texts: Sequence[str]) -> tuple[Line, ...]:
    return tuple(Line(line) for line in map(clean, texts) if line)
