"""A clock that tests set by hand."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")


class Clock:
    """Tells the local time of Berlin, as ``datetime.now().astimezone()`` does: with the offset of the moment."""

    def __init__(self, text: str) -> None:
        self._now = datetime.now(UTC)
        self.set(text)

    def __call__(self) -> datetime:
        local = self._now.astimezone(BERLIN)
        return local.replace(tzinfo=timezone(local.utcoffset() or timedelta(), local.tzname() or ""))

    def set(self, text: str) -> None:
        """Set it to a local time, such as ``2026-11-22 09:00``."""
        self._now = datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)

    def forward(self, **span: float) -> None:
        """Let time pass; takes the arguments of ``timedelta``."""
        self._now += timedelta(**span)

    @property
    def microseconds(self) -> int:
        """Microseconds since the epoch."""
        return int(self().timestamp() * 1_000_000)
