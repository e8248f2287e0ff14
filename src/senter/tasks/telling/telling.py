"""Tells the reporter: of what was done, in letters, each until it has it; and of what comes next.

Letters hold the room until they are delivered. What comes next is no reason to stay: a state that the reporter has
missed is told before the room leaves, when that takes no time, or after its next start.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

from senter.database import Disk
from senter.errors import InvalidArgument, SenterError
from senter.reporter.activity import LogOptions
from senter.reporter.notice import Action, NotifyOptions
from senter.tasks.goal import Goal
from senter.tasks.telling.coming import MOST_GOALS, lines_of
from senter.tasks.telling.letter import LOG, WITHDRAWAL, Letter
from senter.tasks.telling.teaching import Teaching

SECTION, KEY = "coming", "goals"

PAUSE_SECONDS = 15.0
"""Before the reporter is told again what it could not be told."""
APART_SECONDS = 5.0
"""At least, between two tellings of what comes next."""
LAST_SECONDS = 2.0
"""How long a room that leaves tries to tell what comes next."""

logger = logging.getLogger(__name__)


class Outbox(Protocol):
    """What there is to tell; its methods block."""

    def letters(self) -> list[tuple[int, Letter]]:
        """The letters to be delivered, in order, with their numbers."""

    def forget_letter(self, number: int) -> None:
        """Note that a letter was delivered."""

    def coming(self, limit: int) -> tuple[list[Goal], int]:
        """The first goals of those that have not ended, and how many there are."""


class Reporter(Protocol):
    """Is told what was done, and what comes next."""

    async def log(self, activity_type: str, summary: str, options: LogOptions) -> None:
        """Write it down."""

    async def notify(self, title: str, body: str, options: NotifyOptions) -> str:
        """Show it."""

    async def withdraw(self, id_or_key: str) -> None:
        """Take a notice back."""

    async def tell(self, section: str, key: str, lines: Sequence[str]) -> None:
        """Have every digest tell these lines."""


class Telling:
    """Tells the reporter what is in the outbox.

    ``teaching`` tells learning of goals at the same occasions. ``is_wanted`` says whether Senter may still do
    something by itself when the room leaves: the reporter is not to be woken while everything is stopped.
    """

    def __init__(
        self,
        outbox: Outbox,
        reporter: Reporter,
        teaching: Teaching,
        on_disk: Disk,
        is_wanted: Callable[[], Awaitable[bool]],
    ) -> None:
        self._outbox = outbox
        self._teaching = teaching
        self._reporter = reporter
        self._on_disk = on_disk
        self._is_wanted = is_wanted
        self._untold, self._moved = asyncio.Event(), asyncio.Event()
        self._looked = self._delivering = False
        self._known: list[str] | None = None

    @property
    def has_letters(self) -> bool:
        """Whether there may be letters that the reporter does not have."""
        return self._delivering or self._untold.is_set()

    @property
    def loops(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        """What has to run all the time."""
        return self.deliver, self.keep_informed, self._teaching.teach

    def look(self) -> None:
        """There may be something to tell."""
        self._looked = True
        self._teaching.look()
        self._untold.set()
        self._moved.set()

    async def deliver(self) -> None:
        """Deliver letters, in order, each until the reporter has it; until this is cancelled."""
        while True:
            await self._untold.wait()
            self._delivering = True
            self._untold.clear()
            try:
                while waiting := await self._on_disk(self._outbox.letters):
                    for number, message in waiting:
                        await self._deliver(message)
                        await self._on_disk(self._outbox.forget_letter, number)
                self._delivering = False
            except SenterError as error:
                logger.info("The reporter could not be told: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
                self._untold.set()

    async def keep_informed(self) -> None:
        """Tell what comes next when that has changed, not too often; until this is cancelled."""
        while True:
            await self._moved.wait()
            try:
                await self._tell_coming()
                await asyncio.sleep(APART_SECONDS)
            except SenterError as error:
                logger.info("The reporter could not be told what comes next: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def finish(self) -> None:
        """Tell what comes next if the reporter does not know it, when that takes no time. Call it at the end."""
        if not self._looked:
            return
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if await self._is_wanted():
                    await self._tell_coming()
        except (SenterError, TimeoutError) as error:
            logger.info("What comes next is told after the next start: %s", str(error) or "it takes too long")

    async def _deliver(self, message: Letter) -> None:
        try:
            if message.kind == LOG:
                options = LogOptions(key=message.key, details=message.details)
                await self._reporter.log(message.subject, message.text, options)
            elif message.kind == WITHDRAWAL:
                await self._reporter.withdraw(message.key)
            else:
                actions = [Action(*row) for row in message.actions]
                shown = NotifyOptions(open=message.open, key=message.key, type=message.type, actions=actions)
                await self._reporter.notify(message.subject, message.text, shown)
        except InvalidArgument as error:
            logger.error("The reporter takes %r at no time: %s", message.text, error)

    async def _tell_coming(self) -> None:
        """Tell what comes next, unless that is known; what changes meanwhile is for the next time."""
        self._moved.clear()
        is_told = False
        try:
            lines = lines_of(*await self._on_disk(self._outbox.coming, MOST_GOALS))
            if lines != self._known:
                self._known = None
                await self._reporter.tell(SECTION, KEY, lines)
                self._known = lines
            is_told = True
        except InvalidArgument as error:
            logger.error("The reporter takes %r at no time: %s", lines, error)
            is_told = True
        finally:
            if not is_told:
                self._moved.set()
