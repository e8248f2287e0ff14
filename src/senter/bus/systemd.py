"""The user's service manager as a service asks it: over the service's own connection, so that nothing blocks.

Commands, which may block and want to know everything about a unit, use ``senter.host.units``.
"""

import asyncio
import contextlib
from typing import Any

from senter.bus.connection import BusError, Connection
from senter.bus.signals import Handler, Match

SYSTEMD = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
INTERFACE = f"{SYSTEMD}.Manager"
PROPERTIES = "org.freedesktop.DBus.Properties"


class Manager:
    """The ``systemd --user`` on the other end of a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def present(self) -> bool:
        """Whether there is a systemd on this bus; when not, the other methods raise NobodyThere."""
        return bool(await self._connection.owner(SYSTEMD))

    async def start(self, unit: str) -> bool:
        """Start a unit and wait for the outcome; False when it did not come up or does not exist."""
        ended: dict[str, str] = {}
        changed = asyncio.Event()

        def job_removed(_number: int, job: str, _unit: str, result: str) -> None:
            ended[job] = result
            changed.set()

        match = Match(INTERFACE, "JobRemoved", path=ROOT, sender=SYSTEMD)
        async with self._connection.subscribed(match, job_removed):
            await self._subscribe()
            try:
                job = await self._ask("StartUnit", "ss", unit, "replace")
            except BusError:
                return False
            while job not in ended:
                changed.clear()
                await changed.wait()
        return ended[job] == "done"

    async def state(self, unit: str) -> str:
        """``active``, ``activating``, ``inactive``, ``failed`` …; a unit that does not exist is ``inactive``."""
        return str(await self._property(unit, "Unit", "ActiveState"))

    async def prospect(self, unit: str) -> str:
        """Like ``state``, but ``activating`` also while a start is queued."""
        state = await self.state(unit)
        if state == "inactive" and (await self._property(unit, "Unit", "Job"))[0]:
            return "activating"
        return state

    def watching(self, path: str, handler: Handler) -> contextlib.AbstractAsyncContextManager[None]:
        """Call ``handler`` at every change of a unit that was found, for the length of a block."""
        match = Match(PROPERTIES, "PropertiesChanged", path=path, sender=SYSTEMD)
        return self._connection.subscribed(match, handler)

    async def wait_active(self, unit: str) -> None:
        """Return when a unit is active, also when the bus goes away meanwhile."""
        changed = asyncio.Event()

        async def look_again() -> None:
            await self._subscribe()
            changed.set()

        path = await self.subscribe_and_find(unit)
        self._connection.on_reopened(look_again)
        async with self.watching(path, lambda *_: changed.set()):
            while await self.state(unit) != "active":
                await changed.wait()
                changed.clear()

    async def has_failed(self, unit: str) -> bool:
        """Whether systemd has given the unit up."""
        return await self.state(unit) == "failed"

    async def forget_failures(self, unit: str) -> None:
        """Start over with counting the unit's starts (``systemctl reset-failed``)."""
        await self._ask("ResetFailedUnit", "s", unit)

    async def restarts(self, unit: str) -> int:
        """How often systemd has restarted the service since somebody started it."""
        return int(await self._property(unit, "Service", "NRestarts"))

    async def subscribe_and_find(self, unit: str) -> str:
        """The object path of a unit, whose PropertiesChanged signals arrive from now on."""
        await self._subscribe()
        return str(await self._ask("LoadUnit", "s", unit))

    async def _subscribe(self) -> None:
        """Make systemd send signals to this connection; it refuses to do so twice."""
        with contextlib.suppress(BusError):
            await self._ask("Subscribe")

    async def _property(self, unit: str, interface: str, name: str) -> Any:
        path = await self._ask("LoadUnit", "s", unit)
        return await self._connection.call(SYSTEMD, path, PROPERTIES, "Get", "ss", f"{SYSTEMD}.{interface}", name)

    async def _ask(self, member: str, signature: str = "", *arguments: Any) -> Any:
        return await self._connection.call(SYSTEMD, ROOT, INTERFACE, member, signature, *arguments)
