"""What was done: one entry of the activity log."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from senter.bus.signatures import Options, Str, Time
from senter.errors import InvalidArgument
from senter.wording import one_line, shortened

IMPORTANCES = ("low", "normal", "high", "critical")

LONGEST_TYPE = 64
LONGEST_SUMMARY = 1000

_TYPE = re.compile(r"[a-z][a-z0-9_]*")

_SUMMARIES = {
    "plan_created": "Created plan for: {description}",
    "task_completed": "Completed: {description}",
    "task_failed": "Failed: {description} - {error}",
    "goal_completed": "Goal achieved: {description}",
    "research_complete": "Researched: {topic}",
    "learning_update": "Learned: {insight}",
}

_MISSING = {
    "plan_created": {"description": "unknown goal"},
    "task_completed": {"description": "task"},
    "task_failed": {"description": "task", "error": "no reason given"},
    "goal_completed": {"description": "unknown goal"},
    "research_complete": {"topic": "unknown topic"},
    "learning_update": {"insight": "new preference"},
}


@dataclass(frozen=True)
class Activity:
    """One thing that was done, and by whom."""

    id: Str
    time: Time
    type: Str
    source: Str
    """The bus name of the room that logged it, or the unique name of another program."""
    summary: Str
    importance: Str
    goal: Str = ""
    """The id of the goal it was done for."""
    open: Str = ""
    """A file or URL that shows it, such as the report of a goal."""


@dataclass(frozen=True)
class LogOptions:
    """Options of ``LogWith``."""

    importance: Str = "normal"
    details: Options = field(default_factory=dict)
    """``goal``, ``title`` (the goal's) and ``open`` are kept; description, error, topic, insight make the line."""
    key: Str = ""
    """An activity with a key that was logged before is not logged again."""


def microseconds(when: datetime) -> int:
    """Microseconds since the epoch."""
    return int(when.timestamp() * 1_000_000)


def check_type(activity_type: str) -> None:
    """Raise InvalidArgument for a type that is not a word such as ``task_completed``."""
    if len(activity_type) > LONGEST_TYPE or not _TYPE.fullmatch(activity_type):
        raise InvalidArgument(
            "activity_type must be a word of small letters, digits and underscores, such as task_completed"
        )


def check_importance(importance: str) -> None:
    """Raise InvalidArgument for a word that is not an importance."""
    if importance not in IMPORTANCES:
        raise InvalidArgument(f"importance must be one of {', '.join(IMPORTANCES)}, not {importance!r}")


def summarise(activity_type: str, summary: str, details: dict[str, Any]) -> str:
    """The line people read: the summary on one line, or one made of the type and its details."""
    if line := shortened(one_line(summary), LONGEST_SUMMARY):
        return line
    if activity_type not in _SUMMARIES:
        return f"Activity: {activity_type}"
    values = {key: one_line(str(details.get(key) or "")) or word for key, word in _MISSING[activity_type].items()}
    return shortened(one_line(_SUMMARIES[activity_type].format_map(values)), LONGEST_SUMMARY)


def detail(details: dict[str, Any], name: str) -> str:
    """One detail as a line of text; empty when it is missing or no text."""
    value = details.get(name)
    return shortened(one_line(value), LONGEST_SUMMARY) if isinstance(value, str) else ""
