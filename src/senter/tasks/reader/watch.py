"""Gives up what takes more computing than it may, in a process that is shut off."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TICK = 0.01
"""Seconds of computing between two looks at the time."""
_NOT_IN = "dateutil.tz.tz"
"""The module that looks up times in the zones of a calendar; interrupted, it would keep a lock for ever."""


class TooLong(Exception):
    """This takes more computing than it may."""


class Watch:
    """Looks at the computing that this process has used."""

    def __init__(self) -> None:
        self._deadline: float | None = None

    def begin(self) -> None:
        """Look at the time from now on. It must be asked for before this process is shut off."""
        signal.signal(signal.SIGVTALRM, self._look)
        signal.setitimer(signal.ITIMER_VIRTUAL, TICK, TICK)

    @contextmanager
    def at_most(self, seconds: float) -> Iterator[None]:
        """Raise TooLong in what takes more seconds of computing than these, once the time is looked at."""
        self._deadline = time.process_time() + seconds
        try:
            yield
        finally:
            self._deadline = None

    def _look(self, _: int, frame: FrameType | None) -> None:
        if self._deadline is None or time.process_time() < self._deadline:
            return
        while frame is not None:
            if frame.f_globals.get("__name__") == _NOT_IN:
                return
            frame = frame.f_back
        raise TooLong
