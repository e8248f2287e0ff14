"""Stands in for a unit that systemd has given up: answers calls to it with the reason, and tells the user once.

Without it every call to a failed room hangs to its timeout, because the bus is never told that the start failed.
It leaves when the unit is no longer failed; for a job, which nobody calls, as soon as the user was told.
"""

import asyncio
import signal
from typing import Any

from senter.bus.connection import Connection
from senter.bus.desktop.screen import Screen
from senter.bus.library import NameFlag
from senter.bus.names import room_of_unit
from senter.bus.runtime import STOPPED, first_of
from senter.bus.signals import Match
from senter.bus.systemd import SYSTEMD, Manager
from senter.errors import SenterError, Unavailable
from senter.host import supervisor, units

ADVICE = "senter status says more; senter start tries again."


class StandIn:
    """Stands in for the unit ``name`` (without ``.service``)."""

    def __init__(self, name: str) -> None:
        self._unit = f"{name}.service"
        self._room = room_of_unit(name)
        self._what = f"the {self._room.title}" if self._room else name
        self._connection = Connection()
        self._manager = Manager(self._connection)
        self._screen = Screen(self._connection)
        self._screen.appeared = self._tell
        self._told = False
        self._sentence = ""
        self._recovered = asyncio.Event()

    async def stand_in(self) -> int:
        """Do it; an exit code as in ``runtime``. Raises SenterError when there is no bus or no systemd."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        ended, _ = await first_of(stop.wait(), self._connection.open_patiently())
        if ended == 0:
            return STOPPED
        await self._watch_unit()
        unit = await asyncio.to_thread(units.read, self._unit)
        if unit.active != "failed":
            self._recovered.set()
        self._sentence = f"{self._what} has failed: {unit.reason}"
        if not self._recovered.is_set():
            await self._answer_calls()
        supervisor.notify(READY=1, STATUS=self._sentence)
        await self._screen.start()
        telling = asyncio.create_task(self._tell())
        while not (stop.is_set() or self._recovered.is_set()):
            ended, _ = await first_of(self._connection.wait_lost(), self._recovered.wait(), stop.wait())
            if ended == 0:
                await first_of(self._connection.reopen(), stop.wait())
        supervisor.notify(STOPPING=1)
        telling.cancel()
        await self._connection.close()
        return STOPPED

    async def _answer_calls(self) -> None:
        if self._room is not None:
            answer = f"{self._sentence}; see: senter logs {self._room.title}"
            self._connection.refuse_all(Unavailable(answer))
            await self._connection.own(self._room.bus_name, NameFlag.ALLOW_REPLACEMENT)

    async def _tell(self) -> None:
        if self._told or self._recovered.is_set():
            return
        self._told = True
        try:
            text = f"{self._sentence}\n{ADVICE}"
            await self._screen.show(self._unit, "Senter needs you", text, "critical", {}, sticky=True)
        except SenterError:
            self._told = False
        else:
            if self._room is None:
                self._recovered.set()

    async def _watch_unit(self) -> None:
        path = await self._manager.subscribe_and_find(self._unit)
        match = Match("org.freedesktop.DBus.Properties", "PropertiesChanged", path=path, sender=SYSTEMD)
        await self._connection.subscribe(match, self._unit_changed)
        self._connection.on_reopened(self._look_again)
        await self._look_again()

    async def _look_again(self) -> None:
        await self._manager.subscribe_and_find(self._unit)
        if not await self._manager.has_failed(self._unit):
            self._recovered.set()

    def _unit_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if changed.get("ActiveState", "failed") != "failed":
            self._recovered.set()
