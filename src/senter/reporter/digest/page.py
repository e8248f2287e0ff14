"""What the page of a digest shows, as plain values; they are made into HTML by a process of its own. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from senter.reporter.activity import Activity
from senter.reporter.digest.material import APPROVALS, Line, Material, Section, clean, counted, sections
from senter.wording import LONGEST_TEXT, shortened

MOST_ACTIVITIES = 500
MOST_LINES = 50
LONGEST_LINE = 500
LONGEST_LABEL = 20

COMPLETED, GOALS, FAILED, OTHER = "completed", "goals", "failed", "other"

SERIES = {COMPLETED: "Tasks completed", GOALS: "Goals achieved", FAILED: "Failed", OTHER: "Other"}
"""What the chart counts, from the ground up, and what people call it."""

_SERIES_OF = {
    "task_completed": COMPLETED,
    "goal_completed": GOALS,
    "task_failed": FAILED,
    "goal_failed": FAILED,
}

_WEB = ("http://", "https://")


@dataclass(frozen=True)
class Day:
    """One local day of the week's chart."""

    label: str
    """``Mon 16``."""
    counts: Mapping[str, int]
    """How many activities of each type there were."""


def values(
    title: str,
    material: Material,
    week: Sequence[Day],
    *,
    made: int = 0,
    plain: bool = False,
    zone: tzinfo | None = None,
) -> dict[str, Any]:
    """What the page shows, as values that JSON can carry.

    ``week`` is seven days, the oldest first; ``made`` is when the digest was made (µs, 0: not said); a plain page
    has no emoji. Times are told in ``zone``, by default the machine's.
    """
    events = counted(len(material.activities), "event")
    kept = material.activities[-MOST_ACTIVITIES:]
    first_the_user = sorted(sections(material), key=lambda section: section.name != APPROVALS)
    return {
        "title": _text(title),
        "lead": _text(f"{events if material.activities else 'No activity'} in {material.period}"),
        "made": f"{_date(made, zone)} {_local(made, zone):%Y, %H:%M}" if made else "",
        "sections": [_section(section, plain) for section in first_the_user],
        "week": [_day(day) for day in week],
        "days": [_activities(*of_a_day, zone) for of_a_day in groupby(kept, lambda done: _date(done.time, zone))],
        "kept": len(kept),
        "left_out": len(material.activities) - len(kept),
    }


def link(target: str) -> str:
    """The address of a file or web page; empty for what is neither."""
    try:
        if target.startswith("/") and not target.startswith("//") and len(target) <= LONGEST_TEXT:
            return Path(target).as_uri()
        return target if _is_web(target) else ""
    except ValueError:
        # it cannot be encoded, or its host is none
        return ""


def unfinished(file: Path) -> Path:
    """Where a page is while it is being written."""
    return file.with_name(f".{file.name}.new")


def _section(section: Section, plain: bool) -> dict[str, Any]:
    return {
        "name": section.name,
        "emoji": "" if plain else section.emoji,
        "heading": section.heading,
        "lines": [_line(line) for line in section.lines[:MOST_LINES]],
        "left_out": max(0, len(section.lines) - MOST_LINES),
    }


def _line(line: Line) -> dict[str, str]:
    return {"text": shortened(line.text, LONGEST_LINE), "link": link(line.open)}


def _day(day: Day) -> dict[str, Any]:
    counts = dict.fromkeys(SERIES, 0)
    for activity_type, number in day.counts.items():
        counts[_SERIES_OF.get(activity_type, OTHER)] += number
    label = "".join(mark for mark in day.label if mark.isprintable())
    return {"label": shortened(label, LONGEST_LABEL), "counts": counts}


def _activities(date: str, activities: Iterable[Activity], zone: tzinfo | None) -> dict[str, Any]:
    return {"date": date, "activities": [_activity(activity, zone) for activity in activities]}


def _activity(activity: Activity, zone: tzinfo | None) -> dict[str, str]:
    when = _local(activity.time, zone)
    return {
        "clock": f"{when:%H:%M}",
        "time": when.isoformat(timespec="seconds"),
        "series": _SERIES_OF.get(activity.type, OTHER),
        "text": _text(activity.summary),
        "link": link(activity.open),
    }


def _text(text: str) -> str:
    return shortened(clean(text), LONGEST_LINE)


def _local(time: int, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(time / 1_000_000, UTC).astimezone(zone)


def _date(time: int, zone: tzinfo | None) -> str:
    """``Monday 16 November``."""
    when = _local(time, zone)
    return f"{when:%A} {when.day} {when:%B}"


def _is_web(target: str) -> bool:
    sound = len(target) <= LONGEST_TEXT and target.isprintable() and " " not in target
    return sound and target.startswith(_WEB) and bool(urlsplit(target).hostname)
