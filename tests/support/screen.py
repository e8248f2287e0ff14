"""A screen that shows nothing and remembers everything."""

import asyncio
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shown:
    """One notice as the screen got it."""

    id: str
    title: str
    body: str
    urgency: str
    buttons: dict[str, str] = field(default_factory=dict)


class FakeScreen:
    """Takes every notice, except where a test has said beforehand what shall happen."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.tries = 0
        self.starts = 0
        self.is_present = True
        self.away: Exception | None = None
        """What every call of ``show`` raises while nobody shows notices."""
        self.asked = asyncio.Event()
        self._outcomes: deque[Exception | asyncio.Event] = deque()

    def enqueue(self, *outcomes: Exception | asyncio.Event) -> None:
        """Say what the coming calls of ``show`` do: raise an error, or wait for an event and then show."""
        self._outcomes.extend(outcomes)

    async def start(self) -> None:
        """Count the starts."""
        self.starts += 1

    async def present(self) -> bool:
        """What the test says."""
        return self.is_present

    async def show(self, notice: str, title: str, body: str, urgency: str, buttons: dict[str, str]) -> None:
        """Do what comes next."""
        self.tries += 1
        self.asked.set()
        if self.away is not None:
            raise self.away
        outcome = self._outcomes.popleft() if self._outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        if outcome is not None:
            await outcome.wait()
        self.shown.append(Shown(notice, title, body, urgency, buttons))
