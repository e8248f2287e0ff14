"""What was done, in words: digests, progress, and how much it was. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from senter.reporter.activity import Activity
from senter.reporter.digest.material import (
    APPROVALS,
    COMING,
    COSTS,
    FAILURES,
    GOALS,
    UNANSWERED,
    WAITING,
    Line,
    Material,
    Section,
    clean,
    counted,
    sections,
)
from senter.wording import LONGEST_LINE, shortened

NEWEST_TOLD = 5
LINES_TOLD = {GOALS: 3, UNANSWERED: 3, APPROVALS: 5, FAILURES: 3, WAITING: 3, COSTS: 5, COMING: 6}
"""How many lines a section has at most; one that is not here has a heading only.

The tasks tell five goals of those to come, and in the sixth line how many more there are.
"""

NEWEST_LAST = (COSTS,)
"""Sections of which the last lines are told."""

WITHOUT_THE_REST = (GOALS, COSTS)
"""Sections that do not tell how many lines were left out: the heading counts them, or earlier digests told them."""

BY_THEMSELVES = (COSTS, COMING)
"""Sections whose only line follows the heading."""


@dataclass(frozen=True)
class _Marks:
    """The characters that are not words."""

    bullet: str
    dots: str
    emoji: bool

    def heading(self, emoji: str, text: str) -> str:
        return f"{emoji} {text}" if self.emoji else text

    def line(self, text: str) -> str:
        """A text, cut when it is too long."""
        cut = shortened(text)
        return cut if cut == text else text[: LONGEST_LINE - len(self.dots)] + self.dots


_WITH_EMOJI = _Marks("•", "…", True)
_PLAIN = _Marks("*", "...", False)


def digest_text(material: Material, plain: bool = False) -> str:
    """The digest; a plain one has no emoji, and nothing but ASCII besides what others wrote."""
    marks = _PLAIN if plain else _WITH_EMOJI
    told = sections(material)
    events = counted(len(material.activities), "event")
    first = marks.heading("📊", f"Activity Summary ({events})")
    lines = [first if material.activities else f"No activity in {material.period}."]
    if told:
        lines.append("")
    for section in told:
        lines += _section(section, marks)
    return "\n".join(lines)


def progress_text(newest: Sequence[Activity], total: int, since: str) -> str:
    """What happened while the user was away.

    Takes the newest activities, newest first, how many there are, and since when, such as ``Sun 22:10``; without
    that they are from the past 24 hours.
    """
    time = f"since {clean(since)}" if since else "in the past 24 hours"
    if not total:
        return f"No autonomous activity {time}."
    told = newest[:NEWEST_TOLD][::-1]
    lines = [f"While you were away ({counted(total, 'activity', 'activities')}):"]
    lines += [f"  • {shortened(clean(activity.summary))}" for activity in told]
    if total > len(told):
        lines.append(f"  … and {total - len(told):,} more")
    return "\n".join([*lines, f"  {time}"])


def tally(counts: Mapping[str, int]) -> str:
    """How many activities of each type there were, as one short line: ``9 tasks completed, 1 failed, 2 other``."""
    rest = dict(counts)
    completed, failed = rest.pop("task_completed", 0), rest.pop("task_failed", 0)
    achieved, given_up = rest.pop("goal_completed", 0), rest.pop("goal_failed", 0)
    cancelled, unanswered = rest.pop("goal_cancelled", 0), rest.pop("goal_unanswered", 0)
    waited = rest.pop("goal_waiting", 0)
    other = sum(rest.values())
    parts = [
        (completed, f"{counted(completed, 'task')} completed"),
        (failed, f"{failed:,} failed" if completed else f"{counted(failed, 'task')} failed"),
        (achieved, f"{counted(achieved, 'goal')} achieved"),
        (given_up, f"{counted(given_up, 'goal')} failed"),
        (cancelled, f"{counted(cancelled, 'goal')} cancelled"),
        (unanswered, f"{counted(unanswered, 'goal')} without an answer"),
        (waited, f"waited {waited:,} times" if waited > 1 else "waited once"),
        (other, f"{other:,} other"),
    ]
    return ", ".join(text for number, text in parts if number) or "no activity"


def _section(section: Section, marks: _Marks) -> list[str]:
    """The heading and the first lines of a section."""
    heading = marks.heading(section.emoji, section.heading)
    if section.name in BY_THEMSELVES:
        if len(section.lines) == 1:
            return [f"{heading}: {marks.line(section.lines[0].text)}"]
        heading += ":"
    most = LINES_TOLD.get(section.name, 0)
    told = section.lines[-most:] if section.name in NEWEST_LAST else section.lines[:most]
    left_out = len(section.lines) - len(told) if told and section.name not in WITHOUT_THE_REST else 0
    return [heading, *_bullets(told, marks), *([f"   {marks.dots} and {left_out:,} more"] if left_out else [])]


def _bullets(lines: Sequence[Line], marks: _Marks) -> list[str]:
    return [f"   {marks.bullet} {marks.line(line.text)}" for line in lines]
