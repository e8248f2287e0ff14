"""What is told of what was done: texts, and when a daily digest is due. Pure: no clock, no disk, no bus."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from senter.reporter.activity import Activity
from senter.wording import shortened

DAILY_AT = time(9, 0)
LATE_AFTER = timedelta(minutes=5)
DAY = timedelta(hours=24)
GOALS_NAMED = 3
NEWEST_TOLD = 5


@dataclass(frozen=True)
class Slot:
    """One day's turn for the daily digest."""

    due: datetime
    """The last 09:00, local time with its zone, that is not after now."""
    late: bool


def daily_slot(now: datetime) -> Slot:
    """The slot that a daily digest sent now belongs to.

    Takes the local time with its zone. A clock that is set back lands in a slot that is already taken, which is
    how a digest is not sent twice.
    """
    due = now.replace(hour=DAILY_AT.hour, minute=DAILY_AT.minute, second=0, microsecond=0)
    if due > now:
        due -= timedelta(days=1)
    return Slot(due=due, late=now - due > LATE_AFTER)


def daily_title(slot: Slot) -> str:
    """The headline of a daily digest; a late one says so."""
    return f"Daily digest (late, was due {slot.due:%a %H:%M})" if slot.late else "Daily digest"


def digest_text(activities: Sequence[Activity], period: str = "the past 24 hours") -> str:
    """The digest of some activities, oldest first; ``period`` names the time they are from."""
    if not activities:
        return f"No activity in {period}."
    counts = Counter(activity.type for activity in activities)
    lines = [f"📊 Activity Summary ({_count(len(activities), 'event')})", ""]
    completed, failed = counts["task_completed"], counts["task_failed"]
    if completed or failed:
        lines.append(f"✅ Tasks: {completed} completed, {failed} failed")
    goals = [activity for activity in activities if activity.type == "goal_completed"]
    if goals:
        lines.append(f"🎯 Goals achieved: {len(goals)}")
        lines += [f"   • {shortened(goal.summary)}" for goal in goals[:GOALS_NAMED]]
    if counts["research_complete"]:
        lines.append(f"🔍 Research completed: {_count(counts['research_complete'], 'topic')}")
    if counts["learning_update"]:
        lines.append(f"📚 New learnings: {counts['learning_update']}")
    return "\n".join(lines)


def progress_text(newest: Sequence[Activity], total: int) -> str:
    """What happened while the user was away, from the newest activities, newest first, and how many there are."""
    if not total:
        return "No autonomous activity in the past 24 hours."
    told = newest[:NEWEST_TOLD][::-1]
    lines = [f"While you were away ({_count(total, 'activity', 'activities')}):"]
    lines += [f"  • {shortened(activity.summary)}" for activity in told]
    if total > len(told):
        lines.append(f"  … and {total - len(told)} more")
    return "\n".join(lines)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
