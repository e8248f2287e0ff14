"""The life of a service: start, serve, come back when the bus dies, leave when idle, stop.

Exit codes: 0 asked to stop or idle, 1 failed to start, 3 somebody else serves this name, 4 the bus is lost,
78 ``config.toml`` is wrong (EX_CONFIG of sysexits(3)); the units restart after 1 and 4 only.
"""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, Protocol

from senter.bus.connection import RECONNECT_PAUSE, Connection
from senter.bus.library import DBusError
from senter.bus.names import TARGET, Room
from senter.bus.publish import Interface
from senter.bus.systemd import Manager
from senter.errors import ConfigurationError, NotRunning, SenterError
from senter.host import supervisor

STOPPED, START_FAILED, NAME_TAKEN, BUS_LOST, BAD_CONFIGURATION = 0, 1, 3, 4, 78

IDLE_EXIT_SECONDS = 60.0
PROBE_TIMEOUT = 0.5
STOP_GRACE = 2.0
MANAGER_TIMEOUT = 2.0

_PRIORITIES = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}

logger = logging.getLogger(__name__)


class Service(Protocol):
    """What the runtime needs of a room's ``service.py``."""

    async def start(self) -> None:
        """Open what the room owns, in under two seconds; raises SenterError when that is impossible."""

    async def stop(self) -> None:
        """Close what the room owns."""

    def is_healthy(self) -> bool:
        """Whether the work gets done; False for longer than the unit's ``WatchdogSec=`` means a restart."""

    def is_busy(self) -> bool:
        """Whether it must not leave although nobody calls."""

    def status(self) -> str:
        """What the service is doing, in words; the last word before it leaves, too."""


Parts = tuple[Service, Interface]
Build = Callable[[Connection], Parts]


def run(
    room: Room,
    build: Build,
    *,
    resident: bool = False,
    idle_exit_seconds: float = IDLE_EXIT_SECONDS,
    pass_descriptors: bool = False,
) -> NoReturn:
    """Be the program of a room until it is stopped; exits the process.

    ``build`` composes the service and its interface. A resident room stays, idle or not, while ``senter.target``
    is up; every other room, and a resident one that a call started while the target is down, leaves after
    ``idle_exit_seconds`` without a call, unless it is busy. ``pass_descriptors`` says whether calls to it take or
    give file descriptors.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(message)s", force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_JournalFormatter())
    connection = Connection(pass_descriptors=pass_descriptors)
    sys.exit(asyncio.run(_live(room, connection, build, resident, idle_exit_seconds)))


async def _live(room: Room, connection: Connection, build: Build, resident: bool, idle_exit_seconds: float) -> int:
    asyncio.get_running_loop().set_exception_handler(_ignore_delivered_errors)
    try:
        service, interface = build(connection)
        life = _Life(room, connection, service, interface, resident, idle_exit_seconds)
        return await life.live()
    except ConfigurationError as error:
        return _give_up(error, BAD_CONFIGURATION)
    except NotRunning as error:
        return _give_up(error, BUS_LOST)
    except SenterError as error:
        # perhaps the bus went away in the middle, and ending at once can stall systemd
        await asyncio.sleep(RECONNECT_PAUSE)
        return _give_up(error, START_FAILED)


def _give_up(error: Exception | str, code: int) -> int:
    logger.error("%s", error)
    supervisor.notify(STATUS=error)
    return code


class _Life:
    def __init__(
        self,
        room: Room,
        connection: Connection,
        service: Service,
        interface: Interface,
        resident: bool,
        idle_exit_seconds: float,
    ) -> None:
        self._room = room
        self._connection = connection
        self._service = service
        self._interface = interface
        self._resident = resident
        self._idle_exit_seconds = idle_exit_seconds
        self._manager = Manager(connection)
        self._stop = asyncio.Event()
        self._told = ""
        self._work_came_late = False

    async def live(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        ended, _ = await first_of(self._stop.wait(), self._connection.open_patiently())
        if ended == 0:
            return STOPPED
        if await self._somebody_serves():
            return self._taken()
        await self._service.start()
        await self._connection.follow_rooms()
        self._connection.export(self._room.path, self._interface)
        if not await self._connection.own(self._room.bus_name):
            await self._service.stop()
            return self._taken()
        supervisor.notify(READY=1, STATUS=self._service.status())
        self._interface.call_ended = self._tell_status
        watchdog = asyncio.create_task(self._feed_watchdog())
        try:
            await self._forgive_first_start()
            code = await self._serve()
        finally:
            watchdog.cancel()
            await self._service.stop()
        if code == STOPPED:
            supervisor.notify(STATUS=self._service.status())
        if self._work_came_late:
            self._connection.wake(self._room.bus_name)
        await self._connection.close()
        return code

    async def _serve(self) -> int:
        while True:
            ended, _ = await first_of(self._stop.wait(), self._connection.wait_lost(), self._wait_idle())
            if ended != 1:
                await self._leave(grace=STOP_GRACE if ended == 0 else None)
                await self._wait_for_bus()
                # a call that came at the last moment was answered, and whoever comes next does the work
                self._work_came_late = ended == 2 and self._service.is_busy()
                return STOPPED
            logger.warning("The bus went away")
            ended, owned = await first_of(self._stop.wait(), self._connection.reopen())
            if ended == 0:
                return STOPPED
            if not owned:
                return self._taken()
            logger.info("The bus is back")

    async def _somebody_serves(self) -> bool:
        """Whether a living service answers under our name (what stands in for a failed one refuses)."""
        if not await self._connection.owner(self._room.bus_name):
            return False
        try:
            await self._connection.call(
                self._room.bus_name, "/", "org.freedesktop.DBus.Peer", "Ping", timeout=PROBE_TIMEOUT
            )
        except SenterError:
            return False
        return True

    def _taken(self) -> int:
        return _give_up(f"another process already serves {self._room.bus_name}", NAME_TAKEN)

    async def _forgive_first_start(self) -> None:
        """Do not count a start that somebody asked for: the start limit is for restarts after failures."""
        if supervisor.supervised():
            with contextlib.suppress(SenterError, TimeoutError):
                async with asyncio.timeout(MANAGER_TIMEOUT):
                    if await self._manager.restarts(self._room.unit) == 0:
                        await self._manager.forget_failures(self._room.unit)

    async def _wait_idle(self) -> None:
        """Return when no call came for the idle time and nothing keeps the room here."""
        while True:
            left = self._interface.last_call + self._idle_exit_seconds - time.monotonic()
            if self._interface.running:
                await asyncio.wait(self._interface.running)
            elif left > 0:
                await asyncio.sleep(left)
            elif self._service.is_busy():
                await asyncio.sleep(self._idle_exit_seconds)
            elif self._resident and await is_wanted(self._connection):
                await asyncio.get_running_loop().create_future()
            else:
                return

    async def _leave(self, grace: float | None) -> None:
        """Leave so that no call is lost and no later one hangs; the order matters.

        Clean starts would count towards the start limit, so they are forgotten first. ``STOPPING=1`` makes
        systemd queue a start for calls that come from now on. The reply to ReleaseName proves that no further
        call is on its way here. Then the calls that are running may end, within ``grace`` seconds.
        """
        with contextlib.suppress(SenterError, TimeoutError):
            if supervisor.supervised():
                async with asyncio.timeout(MANAGER_TIMEOUT):
                    await self._manager.forget_failures(self._room.unit)
        supervisor.notify(STOPPING=1)
        with contextlib.suppress(SenterError):
            await self._connection.release(self._room.bus_name)
        await asyncio.sleep(0)
        if self._interface.running:
            await asyncio.wait(self._interface.running, timeout=grace)

    async def _wait_for_bus(self) -> None:
        """Do not end while the bus is gone: a unit that changes its state then can stall systemd for 90 s."""
        if not await self._connection.answers():
            with contextlib.suppress(SenterError):
                await self._connection.reopen()

    async def _feed_watchdog(self) -> None:
        interval = supervisor.watchdog_seconds() / 2
        while interval:
            if self._service.is_healthy():
                supervisor.notify(WATCHDOG=1)
            self._tell_status()
            await asyncio.sleep(interval)

    def _tell_status(self) -> None:
        status = self._service.status()
        if status != self._told:
            self._told = status
            supervisor.notify(STATUS=status)


async def wait_wanted(connection: Connection) -> None:
    """Return when Senter may work by itself: at once, or where systemd is, when ``senter.target`` is up."""
    if supervisor.supervised():
        await Manager(connection).wait_active(TARGET)


async def is_wanted(connection: Connection) -> bool:
    """Whether Senter is to do anything by itself: always, except while the user's systemd has the target down."""
    with contextlib.suppress(SenterError):
        if supervisor.supervised():
            return await Manager(connection).state(TARGET) == "active"
    return True


async def first_of(*coroutines: Coroutine[Any, Any, Any]) -> tuple[int, Any]:
    """Run several coroutines until the first ends; its position and result. The others are cancelled."""
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        ended = next(index for index, task in enumerate(tasks) if task.done())
        return ended, tasks[ended].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ignore_delivered_errors(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """dbus-next raises once more, into the loop, an error that it has already sent to the caller."""
    if not isinstance(context.get("exception"), DBusError):
        loop.default_exception_handler(context)


class _JournalFormatter(logging.Formatter):
    """One record, with the priority prefix that journald understands (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if not supervisor.supervised():
            return text
        prefix = f"<{_PRIORITIES.get(record.levelno, 6)}>"
        return "\n".join(prefix + line for line in text.splitlines())
