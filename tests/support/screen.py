"""A screen that shows nothing and remembers everything."""

import asyncio
import itertools
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
    sticky: bool = False
    replaces: str = ""
    """The place that was asked for."""
    place: str = ""
    """The place it got; the one that was asked for when something was shown there."""

    @property
    def is_replacement(self) -> bool:
        """Whether it took the place of what was there."""
        return self.place == self.replaces


class FakeScreen:
    """Takes every notice, except where a test has said beforehand what shall happen."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        """Everything that ever was shown, in that order."""
        self.there: dict[str, Shown] = {}
        """What is shown now, by its place."""
        self.taken_off: list[tuple[str, str]] = []
        """What was taken off the screen: its id and its place."""
        self.forgotten: list[str] = []
        """The ids of those that nobody wanted any more."""
        self.tries = 0
        self.starts = 0
        self.is_present = True
        self.away: Exception | None = None
        """What every call of ``show`` raises while nobody shows notices."""
        self.asked = asyncio.Event()
        self._server = 1
        self._numbers = itertools.count(1)
        self._outcomes: deque[Exception | asyncio.Event] = deque()

    def enqueue(self, *outcomes: Exception | asyncio.Event) -> None:
        """Say what the coming calls of ``show`` do: raise an error, or wait for an event and then show."""
        self._outcomes.extend(outcomes)

    def another_server(self) -> None:
        """Let another server take over, which knows nothing of what the one before has shown."""
        self._server += 1
        self.there.clear()

    def user_takes_away(self, notice_id: str) -> None:
        """Let a notice leave the screen, as it does when the user clicks on it or dismisses it."""
        for place in [place for place, shown in self.there.items() if shown.id == notice_id]:
            del self.there[place]

    async def start(self) -> None:
        """Count the starts."""
        self.starts += 1

    async def present(self) -> bool:
        """What the test says."""
        return self.is_present and self.away is None

    async def show(
        self,
        notice: str,
        title: str,
        body: str,
        urgency: str,
        buttons: dict[str, str],
        *,
        sticky: bool = False,
        replaces: str = "",
    ) -> str:
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
        place = replaces if replaces in self.there else f"server {self._server}, {next(self._numbers)}"
        shown = Shown(notice, title, body, urgency, buttons, sticky, replaces, place)
        self.shown.append(shown)
        self.there[place] = shown
        return place

    async def holds(self, place: str) -> bool:
        """Whether the place is one of the server that is there now."""
        return await self.present() and place.startswith(f"server {self._server},")

    async def close(self, notice: str, place: str) -> None:
        """Take it off the screen."""
        self.taken_off.append((notice, place))
        self.there.pop(place, None)

    def forget(self, notice: str) -> None:
        """Remember that nobody wants it."""
        self.forgotten.append(notice)
