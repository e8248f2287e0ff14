"""The system bus: is the screen locked, does the machine go to sleep, and holding that off; its lid and battery.

Source of names and meanings: org.freedesktop.login1(5); UPower's are in battery.py. While there is no system bus or
no logind, nothing is told of the session and an inhibitor is None; without UPower nothing is told of the battery.
What is missing, or does not answer, is found when it comes or answers.
"""

import asyncio
import functools
import logging
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from senter.bus.attendance import Attendance, Sight
from senter.bus.battery import PROPERTIES, UPOWER, Battery
from senter.bus.connection import RECONNECT_TRIES, Connection, NobodyThere
from senter.bus.holds import LOGIND, MANAGER, ROOT, Holds
from senter.bus.signals import Handler, Match, name_changes
from senter.errors import SenterError
from senter.host.session import system_bus_address

SESSION = f"{LOGIND}.Session"
USER = f"{LOGIND}.User"

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

ANSWER_TIMEOUT = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0
"""Seconds until the bus is tried again, or a program that has not answered; each pause is twice the one before."""

logger = logging.getLogger(__name__)

Tell = Callable[[], None]


def boot_id() -> str:
    """Which run of the kernel this is; empty where nobody says."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""


class Login:
    """The user's login session, and the machine it is on.

    ``locked``, ``unlocked``, ``sleeping``, ``woken``, ``unplugged`` (runs on battery) and ``plugged`` are called
    without arguments when that happens, ``locked`` and ``unplugged`` also when it is so at the start; ``found``
    when logind answers, for the first time or again. ``power(on_battery, percent)`` is called when one of the two
    changes, with None for what nobody says; ``lid(is_closed)`` when the lid is moved, by systemd 256 and later.

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
        self.found: Tell = _nothing
        self.power: Callable[[bool | None, float | None], None] = _nothing
        self.lid: Callable[[bool], None] = _nothing
        self.came: Callable[[str], None] = _nothing
        self.left: Callable[[int], None] = _nothing
        self._attendance = Attendance(self)
        self._connection = Connection(system_bus_address, pass_descriptors=True)
        self._battery, self._holds = Battery(self, self._call), Holds(self._connection)
        self._tasks: set[asyncio.Task[object]] = set()
        self._looks = {LOGIND: self._look, UPOWER: self._battery.look}
        self._again: dict[str, asyncio.TimerHandle] = {}
        self._answering: set[str] = set()
        self._followed: set[Match] = set()
        self._session = ""
        self._looking = asyncio.Lock()
        self._held: list[Tell] = []

    @property
    def is_watching(self) -> bool:
        """Whether logind is there now, and answers."""
        return LOGIND in self._answering

    async def start(self) -> bool:
        """Begin to listen, and go on until ``stop``; False while there is neither logind nor UPower.

        Raises nothing. Who does not answer is waited for some seconds, and asked again in the background.
        """
        self._connection.on_reopened(self._begin)
        is_open = False
        try:
            await self._connection.open()
            await self._begin()
            is_open = True
        except SenterError as error:
            logger.info("Locking, sleep and the battery are not noticed: %s", error)
        self._spawn(self._keep(is_open))
        return bool(self._answering)

    async def stop(self) -> None:
        """Stop listening."""
        for name in self._looks:
            self._look_later(name, None)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, self._holds.stop(), return_exceptions=True)
        await self._connection.close()

    async def inhibit(self, what: str, why: str, *, delay: bool = False) -> int | None:
        """Hold off ``sleep``, ``idle`` or ``handle-lid-switch`` (several joined by ``:``).

        Returns a file descriptor: closing it, or the end of the process, ends the hold. None where logind is
        missing or refuses, as it does for a lid while nobody is logged in at the screen; that is warned of once
        until it is granted. With ``delay`` the machine only waits some seconds (``InhibitDelayMaxSec=``).
        """
        try:
            return await self._holds.take(what, why, "delay" if delay else "block", ANSWER_TIMEOUT)
        except TimeoutError:
            self._lost(LOGIND)
            self._look_later(LOGIND, FIRST_PAUSE)
            return None

    async def lid_is_closed(self) -> bool | None:
        """Whether the lid is closed now; None when logind does not say."""
        try:
            return bool(await self._ask(ROOT, MANAGER, "LidClosed"))
        except SenterError as error:
            logger.debug("Whether the lid is closed is not known: %s", error)
            return None

    async def _begin(self) -> None:
        """Listen, and look at everything, on a bus that is new to us."""
        for name in self._looks:
            await self._subscribe(name_changes(name), functools.partial(self._moved, name))
        await self._subscribe(Match(MANAGER, "PrepareForSleep", path=ROOT, sender=LOGIND), self._sleep_changed)
        await self._subscribe(_changes(ROOT), self._machine_changed)
        await self._battery.follow(self._subscribe)
        await asyncio.gather(*(self._look_at(name, autostart=True) for name in self._looks))

    def _moved(self, name: str, _name: str, old: str, _new: str) -> None:
        """Look at everything anew when who tells it comes or leaves: signals were missed meanwhile."""
        if old:
            self._lost(name)
        self._spawn(self._look_at(name))

    async def _look_at(self, name: str, pause: float = 0.0, *, autostart: bool = False) -> None:
        """Ask who has a name how everything is; if there is no answer, once more after twice the last pause (s)."""
        self._look_later(name, None)
        try:
            await self._looks[name](autostart)
        except SenterError as error:
            self._lost(name)
            logger.log(logging.DEBUG if pause else logging.INFO, "%s is not listened to: %s", name, error)
            if not isinstance(error, NobodyThere):
                self._look_later(name, _longer(pause))
        else:
            self._found(name)

    def _found(self, name: str) -> None:
        is_news = name not in self._answering
        self._answering.add(name)
        if is_news and name == LOGIND:
            self.found()

    def _lost(self, *names: str) -> None:
        self._answering.difference_update(names)
        if UPOWER in names:
            self._battery.lost()

    def _look_later(self, name: str, pause: float | None) -> None:
        """Look after a pause (s), or, for None, not by itself."""
        if timer := self._again.pop(name, None):
            timer.cancel()
        if pause is not None:
            look = functools.partial(self._look_at, name, pause)
            self._again[name] = asyncio.get_running_loop().call_later(pause, lambda: self._spawn(look()))

    async def _look(self, autostart: bool) -> None:
        """Ask how everything is; news that come before the answers are taken in after them."""
        async with self._looking:
            try:
                user = await self._call(LOGIND, ROOT, MANAGER, "GetUser", "u", os.getuid(), autostart=autostart)
                await self._subscribe(_changes(user), self._user_changed)
                session, path = await self._ask(user, USER, "Display")
                sight = await self._see(session, path) if session else Sight()
                self._session = path
                self._attendance.look(sight)
            finally:
                held, self._held = self._held, []
                for news in held:
                    news()

    async def _see(self, session: str, path: str) -> Sight:
        await self._follow(path)
        properties = await self._call(LOGIND, path, PROPERTIES, "GetAll", "s", SESSION)
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
        for member, locked in (("Lock", True), ("Unlock", False)):
            await self._subscribe(
                Match(SESSION, member, path=session, sender=LOGIND),
                functools.partial(self._lock_requested, session, locked),
            )
        await self._subscribe(_changes(session), functools.partial(self._session_changed, session))

    async def _ask(self, path: str, interface: str, name: str) -> Any:
        return await self._call(LOGIND, path, PROPERTIES, "Get", "ss", interface, name)

    def _user_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "Display" in changed:
            self._spawn(self._look_at(LOGIND))

    def _session_changed(self, session: str, _interface: str, changed: dict[str, Any], *_rest: object) -> None:
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

    def _machine_changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        if "LidClosed" in changed:
            self.lid(changed["LidClosed"])

    async def _subscribe(self, match: Match, handler: Handler) -> None:
        """Listen to something once; what the bus could not be told is told it when it comes back."""
        if match not in self._followed:
            self._followed.add(match)
            await self._connection.subscribe(match, handler)

    async def _call(self, *asked: Any, autostart: bool = False) -> Any:
        return await self._connection.call(*asked, autostart=autostart, timeout=ANSWER_TIMEOUT)

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, is_open: bool) -> None:
        """Come to the bus whenever there is one."""
        pause, tries = 0.0, 1
        while True:
            if is_open:
                await self._connection.wait_lost()
                tries = RECONNECT_TRIES
                self._lost(*self._looks)
                logger.warning("Locking, sleep and the battery are not noticed until the system bus is back")
            try:
                is_open = await self._connection.reopen(tries)
                pause = 0.0
            except SenterError as error:
                is_open, pause, tries = False, _longer(pause), 1
                logger.debug("The system bus is looked for again in %g s: %s", pause, error)
                await asyncio.sleep(pause)


def _changes(path: str) -> Match:
    return Match(PROPERTIES, "PropertiesChanged", path=path, sender=LOGIND)


def _longer(pause: float) -> float:
    """The pause (s) after another; after none, the first."""
    return min(2 * pause, LONGEST_PAUSE) or FIRST_PAUSE


def _nothing(*_told: object) -> None:
    """Nobody wants to know."""
