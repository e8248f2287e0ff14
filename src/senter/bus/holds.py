"""Holding off what logind does: sleep, or what follows from a closed lid. See logind's ``Inhibit``."""

import asyncio
import logging
import math
import os

from senter.bus.connection import Connection
from senter.errors import SenterError

LOGIND = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"
MANAGER = f"{LOGIND}.Manager"

logger = logging.getLogger(__name__)


class Holds:
    """Asks logind for holds over a connection that passes descriptors.

    That something cannot be held off is warned of once, until it is granted.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._refused: set[str] = set()
        self._asking: set[asyncio.Task[int]] = set()

    async def take(self, what: str, why: str, mode: str, patience: float) -> int | None:
        """A descriptor that holds something off until it is closed, None where logind is missing or refuses.

        ``mode`` is ``block`` or ``delay``. Raises TimeoutError when there is no answer for ``patience`` seconds.
        """
        try:
            held = await self._ask(what, why, mode, patience)
        except (SenterError, TimeoutError) as error:
            level = logging.DEBUG if what in self._refused else logging.WARNING
            logger.log(level, "Cannot hold off %s: %s", what, str(error) or "logind does not answer")
            self._refused.add(what)
            if isinstance(error, TimeoutError):
                raise
            return None
        self._refused.discard(what)
        return held

    async def _ask(self, what: str, why: str, mode: str, patience: float) -> int:
        asked = ("Inhibit", "ssss", what, "Senter", why, mode)
        asking = self._connection.call(LOGIND, ROOT, MANAGER, *asked, autostart=True, timeout=math.inf)
        answer = asyncio.create_task(asking)
        self._asking.add(answer)
        answer.add_done_callback(self._asking.discard)
        try:
            async with asyncio.timeout(patience):
                held = int(await asyncio.shield(answer))
        except (TimeoutError, asyncio.CancelledError):
            answer.add_done_callback(_give_back)
            raise
        # what runs below this process may outlive it
        os.set_inheritable(held, False)
        return held

    async def stop(self) -> None:
        """Wait for no answer any more."""
        for answer in self._asking:
            answer.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)


def _give_back(answer: asyncio.Task[int]) -> None:
    """End a hold that came when nobody waited for it any more; it would last for as long as this process."""
    if not answer.cancelled() and not answer.exception():
        os.close(answer.result())
