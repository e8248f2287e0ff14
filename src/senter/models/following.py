"""What a worker does, as the other one sees it over the bus."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from senter.bus.connection import Connection
from senter.bus.names import Room
from senter.bus.runtime import first_of
from senter.bus.signals import Match, name_changes
from senter.bus.systemd import PROPERTIES
from senter.errors import SenterError
from senter.models.providers.lanes import Neighbour
from senter.models.providers.provider import engine_of

BUSY = "busy"
AGAIN_SECONDS = 5.0
"""When the bus is slow to answer, but there, following begins anew after this time."""

logger = logging.getLogger(__name__)


class Following:
    """Tells ``tell`` what a worker does, without waking it.

    What is known is what the worker said when it was read, and what it has told by signals since reading began:
    every change has its signal, so what a signal told holds until the next one, whatever was read meanwhile.
    """

    def __init__(self, connection: Connection, room: Room, tell: Callable[[Neighbour], object]) -> None:
        self._connection = connection
        self._room = room
        self._tell = tell
        self._told: Neighbour | None = None
        self._known: dict[str, Any] = {}
        self._unread, self._back = asyncio.Event(), asyncio.Event()

    async def follow(self) -> None:
        """Tell what the worker does now, and every change of it; does not return.

        It is NOBODY while the worker sleeps, and while there is no bus. Raises what nobody has foreseen.
        """
        name, path, interface = self._room.bus_name, self._room.path, self._room.interface
        changes = Match(PROPERTIES, "PropertiesChanged", path=path, sender=name, arg0=interface)
        self._connection.on_reopened(self._come_back)
        while True:
            self._back.clear()
            self._unread.set()
            try:
                async with (
                    self._connection.subscribed(name_changes(name), self._moved),
                    self._connection.subscribed(changes, self._changed),
                ):
                    await first_of(self._read(), self._watch_bus())
            except SenterError as error:
                logger.info("The %s cannot be followed now: %s", self._room.title, error)
            self._forget()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS):
                    await self._back.wait()

    def _changed(self, _interface: str, values: dict[str, Any], _invalidated: list[str]) -> None:
        self._known |= values
        self._update()

    def _moved(self, _name: str, _old: str, new: str) -> None:
        self._forget()
        if new:
            self._unread.set()

    def _forget(self) -> None:
        self._known = {}
        self._unread.clear()
        self._update()

    async def _come_back(self) -> None:
        self._back.set()
        self._unread.set()

    async def _watch_bus(self) -> None:
        while True:
            await self._connection.wait_lost()
            self._forget()
            await self._back.wait()
            self._back.clear()

    async def _read(self) -> None:
        """Read the worker whenever another process may be it."""
        while True:
            await self._unread.wait()
            self._unread.clear()
            known = self._known
            found = await self._properties()
            if known is self._known:
                self._known = {**found, **known}
                self._update()

    async def _properties(self) -> dict[str, Any]:
        """What the worker says of itself; nothing when it sleeps or cannot be read."""
        name, path, interface = self._room.bus_name, self._room.path, self._room.interface
        try:
            return dict(await self._connection.call(name, path, PROPERTIES, "GetAll", "s", interface))
        except SenterError as error:
            logger.debug("The %s does not say what it does: %s", self._room.title, error)
            return {}

    def _update(self) -> None:
        engine = engine_of(str(self._known.get("Provider", "")))
        busy, waited_for = self._known.get("State") == BUSY, bool(self._known.get("WaitedFor"))
        now = Neighbour(busy, waited_for, engine)
        if now != self._told:
            self._told = now
            self._tell(now)
