"""Tells the reporter what was found out, each once."""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from senter.database import Disk
from senter.errors import SenterError
from senter.learning.lessons.learned import Learned
from senter.reporter.activity import LogOptions

ACTIVITY = "learning_update"

logger = logging.getLogger(__name__)


class Reporter(Protocol):
    """Is told what was done."""

    async def log(self, activity_type: str, summary: str, options: LogOptions) -> None:
        """Write it down."""


class Telling:
    """Tells what waits to be told. ``is_wanted`` says whether Senter may wake the reporter for that."""

    def __init__(
        self, learned: Learned, reporter: Reporter, on_disk: Disk, is_wanted: Callable[[], Awaitable[bool]]
    ) -> None:
        self._learned = learned
        self._reporter = reporter
        self._on_disk = on_disk
        self._is_wanted = is_wanted

    async def tell(self) -> None:
        """Tell what waits; what cannot be told now is told the next time."""
        try:
            if await self._on_disk(self._learned.letters) and await self._is_wanted():
                for number, key, text in await self._on_disk(self._learned.letters):
                    await self._reporter.log(ACTIVITY, "", LogOptions(details={"insight": text}, key=key))
                    await self._on_disk(self._learned.forget_letter, number)
        except SenterError as error:
            logger.info("The reporter is told later what was found out: %s", error)
