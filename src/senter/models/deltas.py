"""The pieces of an answer on their way to the caller: together, not one by one."""

import asyncio
from collections.abc import Callable

PAUSE = 0.05
"""Seconds between two signals: at most twenty a second."""


class Deltas:
    """Gathers pieces of text and hands them to ``tell(text)``, the first at once, later ones every PAUSE."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._pieces: list[str] = []
        self._next: asyncio.TimerHandle | None = None
        self._told_at = float("-inf")

    def add(self, piece: str) -> None:
        """Take one piece; it is told now or soon."""
        self._pieces.append(piece)
        if self._next is None:
            loop = asyncio.get_running_loop()
            due = self._told_at + PAUSE
            if loop.time() < due:
                self._next = loop.call_at(due, self.flush)
            else:
                self.flush()

    def flush(self) -> None:
        """Tell now what has gathered."""
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if self._pieces:
            text = "".join(self._pieces)
            self._pieces.clear()
            self._told_at = asyncio.get_running_loop().time()
            self._tell(text)
