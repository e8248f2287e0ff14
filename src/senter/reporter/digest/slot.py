"""When a daily digest is due, and its headline. Pure."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAILY_AT = time(9, 0)
LATE_AFTER = timedelta(minutes=5)


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
