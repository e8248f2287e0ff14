"""The system bus: is the screen locked, does the machine go to sleep, and holding that off; does it run on battery.

Source of names and meanings: org.freedesktop.login1(5), and UPower's interface org.freedesktop.UPower. Where there
is no system bus or no logind, nothing is ever told of the session and an inhibitor is None; without UPower nothing
is told of the battery.
"""

import asyncio
import functools
import logging
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from senter.bus.attendance import Attendance, Sight
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

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"

logger = logging.getLogger(__name__)

Tell = Callable[[], None]
Look = Callable[[], Coroutine[Any, Any, None]]


def system_bus_address() -> str:
    """``DBUS_SYSTEM_BUS_ADDRESS``, or where the system bus is by specification."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS)


def boot_id() -> str:
    """Which run of the kernel this is; empty where nobody says."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Login:
    """The user's login session, and the machine it is on.

    ``locked``, ``unlocked``, ``sleeping``, ``woken``, ``unplugged`` (runs on battery) and ``plugged`` are called
    without arguments when that happens, ``locked`` and ``unplugged`` also when it is so at the start.

    ``came(session)`` is called when the user has logged in, unlocked, come back from idleness or woken the machine,
    with the id of the login session, which is unique over boots; ``left(since)`` when the user is not at the screen
    any more, since a time in µs since the epoch, or since now (0). Each is told on a change, and one of them at the
    start. See Attendance for what counts, and for lockers that never tell of an unlocking: nothing may hang on it.

    Set them before ``start``.
    """

    def __init__(self) -> None:
        self.locked: Tell = _nothing
        self.unlocked: Tell = _nothing
        self.sleeping: Tell = _nothing
        self.woken: Tell = _nothing
        self.unplugged: Tell = _nothing
        self.plugged: Tell = _nothing
        self.came: Callable[[str], None] = _nothing
        self.left: Callable[[int], None] = _nothing
        self._attendance = Attendance(self)
        self._connection = Connection(system_bus_address, pass_descriptors=True)
        self._tasks: set[asyncio.Task[object]] = set()
        self._user = ""
        self._session = ""
        self._followed: set[str] = set()
        self._looking = asyncio.Lock()
        self._held: list[Tell] = []
        self._on_battery = False
        self._battery_news = 0

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
        self._spawn(self._keep())
        return True

    async def stop(self) -> None:
        """Stop listening."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
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
        self._user = await self._connection.call(LOGIND, ROOT, MANAGER, "GetUser", "u", os.getuid(), autostart=True)
        await self._connection.subscribe(
            Match(MANAGER, "PrepareForSleep", path=ROOT, sender=LOGIND), self._sleep_changed
        )
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=self._user, sender=LOGIND), self._user_changed
        )
        await self._look()
        await self._look_again_at(LOGIND, self._look)

    async def _follow_battery(self) -> None:
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=UPOWER_PATH, sender=UPOWER), self._power_changed
        )
        await self._ask_battery(autostart=True)
        await self._look_again_at(UPOWER, self._ask_battery)

    async def _look_again_at(self, name: str, look: Look) -> None:
        """Look at everything anew when who owns a name or the bus has come back: signals were missed meanwhile."""

        def moved(owner: str) -> None:
            if owner:
                self._spawn(_noticed(f"What {name} says now is", look()))

        async def reopened() -> None:
            moved(await self._connection.owner(name))

        await self._connection.watch_name(name, moved)
        self._connection.on_reopened(reopened)

    async def _look(self) -> None:
        """Ask how everything is; news that come before the answers are taken in after them."""
        async with self._looking:
            try:
                session, path = await self._ask(self._user, USER, "Display")
                sight = await self._see(session, path) if session else Sight()
                self._session = path
                self._attendance.look(sight)
            finally:
                held, self._held = self._held, []
                for news in held:
                    news()

    async def _see(self, session: str, path: str) -> Sight:
        await self._follow(path)
        properties = await self._connection.call(LOGIND, path, PROPERTIES, "GetAll", "s", SESSION)
        # a text login counts as idle by the age of its terminal, of which no signal tells
        idle = properties.get("IdleHint", False) and properties.get("Type") != "tty"
        return Sight(
            session=f"{boot_id()}/{session}",
            locked=properties.get("LockedHint", False),
            idle=idle,
            idle_since=properties.get("IdleSinceHint", 0) if idle else 0,
            asleep=await self._ask(ROOT, MANAGER, "PreparingForSleep"),
        )

    async def _follow(self, session: str) -> None:
        """Listen to a session that is or was at the screen, which changes when the user logs out and in again."""
        if session in self._followed:
            return
        self._followed.add(session)
        for member, locked in (("Lock", True), ("Unlock", False)):
            await self._connection.subscribe(
                Match(SESSION, member, path=session, sender=LOGIND),
                functools.partial(self._lock_requested, session, locked),
            )
        await self._connection.subscribe(
            Match(PROPERTIES, "PropertiesChanged", path=session, sender=LOGIND),
            functools.partial(self._session_changed, session),
        )

    async def _ask(self, path: str, interface: str, name: str) -> Any:
        return await self._connection.call(LOGIND, path, PROPERTIES, "Get", "ss", interface, name)

    async def _ask_battery(self, *, autostart: bool = False) -> None:
        """Ask for the battery, unless it tells meanwhile."""
        news = self._battery_news
        on_battery = await self._connection.call(
            UPOWER, UPOWER_PATH, PROPERTIES, "Get", "ss", UPOWER, "OnBattery", autostart=autostart
        )
        if news == self._battery_news:
            self._battery_changed(on_battery)

    def _user_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "Display" in changed:
            self._spawn(_noticed("Who is at the screen is", self._look()))

    def _session_changed(
        self, session: str, _interface: str, changed: dict[str, Any], _invalidated: list[str]
    ) -> None:
        if "LockedHint" in changed:
            self._take_in(self._attendance.hint, changed["LockedHint"], session=session)
        if "IdleHint" in changed:
            since = changed.get("IdleSinceHint", 0)
            self._take_in(self._attendance.idle, changed["IdleHint"], since, session=session)

    def _lock_requested(self, session: str, locked: bool) -> None:
        self._take_in(self._attendance.request, locked, session=session)

    def _sleep_changed(self, going_to_sleep: bool) -> None:
        (self.sleeping if going_to_sleep else self.woken)()
        self._take_in(self._attendance.sleep, going_to_sleep)

    def _take_in(self, take: Callable[..., None], *news: Any, session: str = "") -> None:
        """Hand on news of the machine, or of a session if that is the one at the screen."""
        if self._looking.locked():
            self._held.append(functools.partial(self._take_in_now, session, take, *news))
        else:
            self._take_in_now(session, take, *news)

    def _take_in_now(self, session: str, take: Callable[..., None], *news: Any) -> None:
        if session in ("", self._session):
            take(*news)

    def _power_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "OnBattery" in changed:
            self._battery_news += 1
            self._battery_changed(changed["OnBattery"])

    def _battery_changed(self, on_battery: bool) -> None:
        if on_battery != self._on_battery:
            self._on_battery = on_battery
            (self.unplugged if on_battery else self.plugged)()

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self) -> None:
        while True:
            await self._connection.wait_lost()
            try:
                await self._connection.reopen()
            except SenterError as error:
                logger.warning("Locking, sleep and the battery are no longer noticed: %s", error)
                return


async def _noticed(what: str, following: Coroutine[Any, Any, None]) -> bool:
    """Whether something can be followed; why not is told in the journal."""
    try:
        await following
    except SenterError as error:
        logger.info("%s not noticed: %s", what, error)
        return False
    return True


def _nothing(*_told: object) -> None:
    """Nobody wants to know."""
