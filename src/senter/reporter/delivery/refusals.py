"""When a notice is tried again that the notification server has refused. Pure.

Most refusals pass: servers refuse what comes too often, or while too much is on the screen.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from senter.reporter.delivery.pacing import lately

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (2, 4, 8, 16))
"""How long it is from each try to the next; who refuses once more means it."""


class Refusals:
    """The notices that were refused and are tried again, by their ids; ``now`` is the local time with its zone."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._moments: dict[str, list[datetime]] = {}

    def note(self, notice_id: str) -> bool:
        """Note a refusal; whether the notice is tried again."""
        moments = self._moments.setdefault(notice_id, [])
        moments.append(self._now())
        if len(moments) > len(PAUSES):
            del self._moments[notice_id]
            return False
        return True

    def pause(self, notice_id: str) -> float:
        """How many seconds it is until the notice may be tried; 0 also when the clock was set back meanwhile."""
        moments = self._moments.get(notice_id)
        if not moments:
            return 0.0
        span, now = PAUSES[len(moments) - 1], self._now()
        return (moments[-1] + span - now).total_seconds() if lately(moments[-1:], now, span) else 0.0

    def keep(self, notice_ids: Iterable[str]) -> None:
        """Forget all others: they were shown, or nobody tries them any more."""
        kept = set(notice_ids)
        self._moments = {each: moments for each, moments in self._moments.items() if each in kept}
