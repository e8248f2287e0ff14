"""Calling a room: a deadline on every call, errors as classes, and no call that hangs on a failed unit."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any
from weakref import WeakKeyDictionary

from senter.bus.connection import BusError, Connection, NobodyThere
from senter.bus.names import Room, room_of_bus_name
from senter.bus.signals import Handler, Match, name_changes
from senter.bus.systemd import PROPERTIES, Manager
from senter.errors import Unavailable

TIMEOUT = 25.0
TRIES = 3


class _Shared:
    """Work for several, which goes on until it is done or the last of them no longer waits for it."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.ensure_future(work)
        self._waiting = 0

    @property
    def is_over(self) -> bool:
        """Whether nobody may wait for it any more."""
        return not self._waiting or self._task.done()

    async def outcome(self) -> None:
        """Return when it is done. Raises what it raised."""
        self._waiting += 1
        try:
            await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)


_UNDER_WAY: WeakKeyDictionary[Connection, dict[Room, _Shared]] = WeakKeyDictionary()
"""The rooms that are being started, by the connection over which that happens."""


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

    def listening(
        self, member: str, handler: Handler, *, private: bool = False
    ) -> contextlib.AbstractAsyncContextManager[None]:
        """Hand every signal of the room with this name to ``handler(*arguments)``, for the length of a block.

        A private signal is one that the room sends to this connection alone.
        """
        room = self._room
        match = Match(room.interface, member, path=room.path, sender=room.bus_name, needs_rule=not private)
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
        """Start the room; everybody who waits for it over this connection shares that."""
        under_way = _UNDER_WAY.setdefault(self._connection, {})
        if self._room not in under_way or under_way[self._room].is_over:
            under_way[self._room] = _Shared(self._start())
        shared = under_way[self._room]
        try:
            await shared.outcome()
        finally:
            if shared.is_over and under_way.get(self._room) is shared:
                del under_way[self._room]

    async def _start(self) -> None:
        """Through systemd, which says at once why it cannot, else through the bus daemon.

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
            if await self._connection.owner(room.bus_name):
                return
            ways = [came.wait(), self._rouse(manager), self._connection.wait_lost()]
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                coming, rousing, _ = tasks
                if coming.done():
                    return
                if rousing.done():
                    raise rousing.exception() or Unavailable(self._failed())
                raise Unavailable(f"the bus went away while the {room.title} was started")
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _rouse(self, manager: Manager) -> None:
        """Have systemd start the unit unless it is about to come by itself; returns when it cannot come.

        Every request to start a unit that waits for its restart counts towards its start limit, so that a crowd
        of callers would make one failure the last.
        """
        unit, changed, asked = self._room.unit, asyncio.Event(), False
        path = await manager.subscribe_and_find(unit)
        async with manager.watching(path, lambda *_: changed.set()):
            while (prospect := await manager.prospect(unit)) != "failed":
                if prospect != "inactive":
                    await changed.wait()
                    changed.clear()
                elif asked:
                    return
                else:
                    asked = True
                    await manager.start(unit)

    async def _activate(self) -> None:
        try:
            await self._connection.ask_daemon("StartServiceByName", "su", self._room.bus_name, 0, timeout=TIMEOUT)
        except NobodyThere as error:
            raise Unavailable(f"the {self._room.title} is not installed on this bus") from error

    def _failed(self) -> str:
        return f"the {self._room.title} has failed or is not installed; see: senter status"

    def _late(self, member: str, timeout: float) -> str:
        room = self._room
        return f"the {room.title} did not answer {member} within {timeout:g} s; see: senter logs {room.title}"


async def press(connection: Connection, bus_name: str, member: str, argument: str) -> None:
    """Call a member of any room with one string, as a button of a notice does."""
    await Peer(connection, room_of_bus_name(bus_name)).call(member, "s", argument)
