"""Calling a room: a deadline on every call, errors as classes, and no call that hangs on a failed unit."""

import asyncio
import contextlib
from typing import Any

from senter.bus.connection import BusError, Connection, NobodyThere
from senter.bus.names import Room, room_of_bus_name
from senter.bus.signals import Handler, Match, name_changes
from senter.bus.systemd import PROPERTIES, Manager
from senter.errors import Unavailable

TIMEOUT = 25.0
TRIES = 3


class Peer:
    """One room, as seen by another program."""

    def __init__(self, connection: Connection, room: Room) -> None:
        self._connection = connection
        self._room = room

    async def call(self, member: str, signature: str = "", *arguments: Any, timeout: float = TIMEOUT) -> Any:
        """Call a member and return its result, starting the room when it sleeps.

        Raises the SenterError the room answered, or Unavailable when the room has failed, is not installed, or
        did not answer within ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._call(member, signature, arguments, timeout)
        except TimeoutError:
            raise Unavailable(self._late(member, timeout)) from None
        except BusError as error:
            raise Unavailable(f"the {self._room.title} could not answer {member}: {error}") from error

    async def read(self, name: str) -> Any:
        """A property of the room, or None when it sleeps: reading never starts a room."""
        room = self._room
        try:
            return await self._connection.call(
                room.bus_name, room.path, PROPERTIES, "Get", "ss", room.interface, name
            )
        except NobodyThere:
            return None

    def listening(self, member: str, handler: Handler) -> contextlib.AbstractAsyncContextManager[None]:
        """Hand every signal of the room with this name to ``handler(*arguments)``, for the length of a block."""
        match = Match(self._room.interface, member, path=self._room.path, sender=self._room.bus_name)
        return self._connection.subscribed(match, handler)

    async def wait_lost(self) -> None:
        """Return when the process that serves the room has left the bus, or nobody serves it."""
        if owner := await self._connection.owner(self._room.bus_name):
            await self._connection.wait_left(owner)

    async def _call(self, member: str, signature: str, arguments: tuple[Any, ...], timeout: float) -> Any:
        room = self._room
        for _ in range(TRIES):
            try:
                return await self._connection.call(
                    room.bus_name, room.path, room.interface, member, signature, *arguments, timeout=timeout
                )
            except NobodyThere:
                await self._wake()
        raise Unavailable(f"the {room.title} leaves as soon as it has come; see: senter logs {room.title}")

    async def _wake(self) -> None:
        """Start the room: through systemd, which says at once why it cannot, else through the bus daemon.

        A room that comes by itself meanwhile is as good: after the death of a bus systemd may be slow to answer.
        """
        room = self._room
        manager = Manager(self._connection)
        if not await manager.present():
            return await self._activate()
        came = asyncio.Event()
        # heard from the beginning: a room may have left again when its start is told
        moves = name_changes(room.bus_name)
        async with self._connection.subscribed(moves, lambda _name, _old, new: came.set() if new else None):
            starting = asyncio.ensure_future(self._start(manager))
            coming = asyncio.ensure_future(came.wait())
            try:
                await asyncio.wait({starting, coming}, return_when=asyncio.FIRST_COMPLETED)
                if not came.is_set() and not starting.result():
                    raise Unavailable(f"the {room.title} has failed or is not installed; see: senter status")
                if not await self._connection.owner(room.bus_name):
                    await coming
            finally:
                starting.cancel()
                coming.cancel()
                await asyncio.gather(starting, coming, return_exceptions=True)

    async def _start(self, manager: Manager) -> bool:
        return not await manager.has_failed(self._room.unit) and await manager.start(self._room.unit)

    async def _activate(self) -> None:
        try:
            await self._connection.ask_daemon("StartServiceByName", "su", self._room.bus_name, 0, timeout=TIMEOUT)
        except NobodyThere as error:
            raise Unavailable(f"the {self._room.title} is not installed on this bus") from error

    def _late(self, member: str, timeout: float) -> str:
        room = self._room
        return f"the {room.title} did not answer {member} within {timeout:g} s; see: senter logs {room.title}"


async def press(connection: Connection, bus_name: str, member: str, argument: str) -> None:
    """Call a member of any room with one string, as a button of a notice does."""
    await Peer(connection, room_of_bus_name(bus_name)).call(member, "s", argument)
