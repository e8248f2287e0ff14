"""Looking again later."""

import asyncio
from collections.abc import Callable

LONGEST = 60.0
"""How many seconds it sleeps at most. A sleep goes by a clock that nobody sets; the one on the wall may be set
meanwhile, and nobody tells."""


class Alarm:
    """Calls ``ring`` once, at the earliest of the moments that were asked for, and in a minute at the latest.

    Who is called too early looks at the clock and asks again.
    """

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> None:
        """Ring after some seconds, unless that is to be earlier anyway."""
        loop = asyncio.get_running_loop()
        delay = min(seconds, LONGEST)
        if self._timer is None or loop.time() + delay < self._timer.when():
            self.cancel()
            self._timer = loop.call_later(delay, self._go_off)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self) -> None:
        self._timer = None
        self._ring()
