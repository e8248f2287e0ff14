"""The system bus: is the screen locked, does the machine go to sleep, and holding that off; does it run on battery.

Source of names and meanings: org.freedesktop.login1(5), and UPower's interface org.freedesktop.UPower. Where there
is no system bus or no logind, nothing is ever told of the session and an inhibitor is None; without UPower nothing
is told of the battery.
"""

import asyncio
import functools
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from senter.bus.connection import Connection
from senter.bus.signals import Match
from senter.errors import SenterError

LOGIND = "org.freedesktop.login1"
ROOT = "/org/freedesktop/login1"
MANAGER = f"{LOGIND}.Manager"
SESSION = f"{LOGIND}.Session"
USER = f"{LOGIND}.User"
PROPERTIES = "org.freedesktop.DBus.Properties"

UPOWER = "org.freedesktop.UPower"
UPOWER_PATH = "/org/freedesktop/UPower"

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"

logger = logging.getLogger(__name__)

Tell = Callable[[], None]


def system_bus_address() -> str:
    """``DBUS_SYSTEM_BUS_ADDRESS``, or where the system bus is by specification."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS)


class Login:
    """The user's login session, and the machine it is on.

    ``locked``, ``unlocked``, ``sleeping``, ``woken``, ``unplugged`` (runs on battery) and ``plugged`` are called
    without arguments when that happens, ``locked`` and ``unplugged`` also when it is so at the start; set them
    before ``start``.
    """

    def __init__(self) -> None:
        self.locked: Tell = _nothing
        self.unlocked: Tell = _nothing
        self.sleeping: Tell = _nothing
        self.woken: Tell = _nothing
        self.unplugged: Tell = _nothing
        self.plugged: Tell = _nothing
        self._connection = Connection(system_bus_address, pass_descriptors=True)
        self._keeper: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self._session = ""
        self._locked = False
        self._on_battery = False

    async def start(self) -> bool:
        """Begin to listen; False where there is neither logind nor UPower."""
        try:
            await self._connection.open()
        except SenterError as error:
            logger.info("Locking, sleep and the battery are not noticed: %s", error)
            return False
        logind = await _noticed("Locking and sleep are", self._follow_login())
        upower = await _noticed("The battery is", self._follow_battery())
        if not (logind or upower):
            await self._connection.close()
            return False
        self._keeper = asyncio.create_task(self._keep())
        return True

    async def stop(self) -> None:
        """Stop listening."""
        if self._keeper is not None:
            self._keeper.cancel()
        await self._connection.close()

    async def inhibit(self, what: str, why: str, *, delay: bool = False) -> int | None:
        """Hold off ``sleep``, ``idle`` or ``handle-lid-switch`` (several joined by ``:``).

        Returns a file descriptor: closing it, or the end of the process, ends the hold. None where logind is
        missing or refuses, as it does for a lid while nobody is logged in at the screen. With ``delay`` the
        machine only waits some seconds (``InhibitDelayMaxSec=``).
        """
        mode = "delay" if delay else "block"
        try:
            answer = await self._connection.call(
                LOGIND, ROOT, MANAGER, "Inhibit", "ssss", what, "Senter", why, mode, autostart=True
            )
        except SenterError as error:
            logger.warning("Cannot hold off %s: %s", what, error)
            return None
        return int(answer)

    async def _follow_login(self) -> None:
        user = await self._connection.call(LOGIND, ROOT, MANAGER, "GetUser", "u", os.getuid(), autostart=True)
        await self._connection.subscribe(
            Match(MANAGER, "PrepareForSleep", path=ROOT, sender=LOGIND), self._sleep_changed
        )
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=user, sender=LOGIND), self._user_changed
        )
        await self._follow(await self._connection.call(LOGIND, user, PROPERTIES, "Get", "ss", USER, "Display"))

    async def _follow_battery(self) -> None:
        asked = ("Get", "ss", UPOWER, "OnBattery")
        await self._connection.call(UPOWER, UPOWER_PATH, PROPERTIES, *asked, autostart=True)
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=UPOWER_PATH, sender=UPOWER), self._power_changed
        )
        # asked again: it may have changed before we listened
        self._battery_changed(await self._connection.call(UPOWER, UPOWER_PATH, PROPERTIES, *asked))

    async def _follow(self, display: Any) -> None:
        """Listen to the session at the screen, which changes when the user logs out and in again."""
        session, path = display
        if not session or path == self._session:
            return
        self._session = path
        for member, locked in (("Lock", True), ("Unlock", False)):
            await self._connection.subscribe(
                Match(SESSION, member, path=path, sender=LOGIND), functools.partial(self._lock_changed, locked)
            )
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=path, sender=LOGIND), self._session_changed
        )
        hint = await self._connection.call(LOGIND, path, PROPERTIES, "Get", "ss", SESSION, "LockedHint")
        self._lock_changed(hint)

    def _user_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "Display" in changed:
            self._following = asyncio.create_task(self._follow(changed["Display"]))

    def _session_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "LockedHint" in changed:
            self._lock_changed(changed["LockedHint"])

    def _lock_changed(self, locked: bool) -> None:
        """Tell a change once: desktops set LockedHint, some only react to the Lock and Unlock requests."""
        if locked != self._locked:
            self._locked = locked
            (self.locked if locked else self.unlocked)()

    def _power_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "OnBattery" in changed:
            self._battery_changed(changed["OnBattery"])

    def _battery_changed(self, on_battery: bool) -> None:
        if on_battery != self._on_battery:
            self._on_battery = on_battery
            (self.unplugged if on_battery else self.plugged)()

    async def _keep(self) -> None:
        while True:
            await self._connection.wait_lost()
            try:
                await self._connection.reopen()
            except SenterError as error:
                logger.warning("Locking, sleep and the battery are no longer noticed: %s", error)
                return

    def _sleep_changed(self, going_to_sleep: bool) -> None:
        (self.sleeping if going_to_sleep else self.woken)()


async def _noticed(what: str, following: Awaitable[None]) -> bool:
    """Whether something can be followed; why not is told in the journal."""
    try:
        await following
    except SenterError as error:
        logger.info("%s not noticed: %s", what, error)
        return False
    return True


def _nothing() -> None:
    """Nobody wants to know."""
