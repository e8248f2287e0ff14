"""Keeping a laptop going while goals are worked on, and writing things down before it sleeps."""

import asyncio
import logging
import math
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from senter.errors import SenterError
from senter.settings import TasksSettings
from senter.tasks.power.lid import Situation, has_run_out, seconds_left

LID, SLEEP = "handle-lid-switch", "sleep"
"""What logind can be asked to hold off. Holding off ``sleep`` alone does not keep a closed lid from being sleep."""
CHECKPOINT_SECONDS = 4.0
"""logind waits five seconds for everybody (``InhibitDelayMaxSec=``)."""
BREATH_SECONDS = 10.0
"""Work that goes on within this time has not ended: with the lid closed, giving the hold back is sleep at once."""
LID_SECONDS = 5.0
"""After so long awake, logind knows whether the lid was opened."""

logger = logging.getLogger(__name__)


class Login(Protocol):
    """Who knows of the machine, asks logind for holds, and calls what is set here. See ``senter.bus.login``."""

    sleeping: Callable[[], None]
    woken: Callable[[], None]
    found: Callable[[], None]
    came: Callable[[str], None]
    lid: Callable[[bool], None]
    power: Callable[[bool | None, float | None], None]

    @property
    def is_watching(self) -> bool:
        """Whether logind is there and answers."""

    async def start(self) -> bool:
        """Begin to listen."""

    async def stop(self) -> None:
        """Stop listening."""

    async def inhibit(self, what: str, why: str, *, delay: bool = False) -> int | None:
        """A descriptor that holds something off until it is closed; None, and a line in the log, when refused."""

    async def lid_is_closed(self) -> bool | None:
        """Whether the lid is closed now; None when nobody says."""


class Hold:
    """Something that is held off at ``login``, or not. ``is_due`` says whether it is worth asking for it."""

    def __init__(self, login: Login, what: str, why: str, *, delay: bool = False) -> None:
        self.is_due = True
        self._login = login
        self._what, self._why, self._delay = what, why, delay
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is held off."""
        return self._descriptor is not None

    async def take(self) -> None:
        """Ask for it. What was held before is given back only then, to leave no gap, or kept."""
        self.is_due = False
        descriptor = await self._login.inhibit(self._what, self._why, delay=self._delay)
        if descriptor is not None:
            self._close()
            self._descriptor = descriptor

    def release(self) -> None:
        """Give it back. Who wants it again has to ask."""
        self.is_due = True
        self._close()

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class Wakefulness:
    """Holds off what a closed lid does while there is work, within the bounds of ``lid.py``; and delays sleep.

    ``checkpoint`` is awaited before the machine sleeps, for CHECKPOINT_SECONDS at most; it may raise a SenterError.
    ``clock`` tells seconds and stands still while the machine sleeps.

    logind tells of the lid since systemd 256 only. Otherwise the time counts from when the work began, and when it
    is up, logind is asked: an open lid lets it begin anew.
    """

    def __init__(
        self,
        login: Login,
        settings: TasksSettings,
        checkpoint: Callable[[], Awaitable[object]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._login = login
        self._settings = settings
        self._checkpoint = checkpoint
        self._clock = clock
        self._lid = Hold(login, LID, "Goals are worked on")
        self._sleep = Hold(login, SLEEP, "What goals have found is written down", delay=True)
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[Any]] = []
        self._saving: asyncio.Task[None] | None = None
        self._is_asleep = False
        self._wants_work = self._is_working = False
        self._is_closed = False
        self._since = self._clock()
        self._woken_at = -math.inf
        self._on_battery_since: float | None = self._since
        self._percent: float | None = None
        self._breath: asyncio.TimerHandle | None = None
        self._alarm: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Begin to listen and to hold, in the background. Raises nothing."""
        self._login.sleeping, self._login.woken = self._fall_asleep, self._wake_up
        self._login.found, self._login.came = self._found, self._came
        self._login.lid, self._login.power = self._lid_moved, self._power_changed
        self._tasks = [asyncio.create_task(self._login.start()), asyncio.create_task(self._keep())]
        for task in self._tasks:
            task.add_done_callback(_log_break_down)

    async def stop(self) -> None:
        """Hold nothing off any more."""
        for timer in (self._breath, self._alarm):
            if timer:
                timer.cancel()
        tasks = [*self._tasks, *([self._saving] if self._saving else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._login.stop()

    def working(self, is_working: bool) -> None:
        """Say whether a goal is being worked on, as often as you like."""
        if is_working == self._wants_work:
            return
        self._wants_work = is_working
        if self._breath:
            self._breath.cancel()
            self._breath = None
        if not is_working:
            self._breath = asyncio.get_running_loop().call_later(BREATH_SECONDS, self._rest)
        elif not self._is_working:
            self._is_working = True
            if not self._is_closed:
                self._since = self._clock()
            self._news.set()

    def _rest(self) -> None:
        self._breath = None
        self._is_working = False
        self._news.set()

    def _found(self) -> None:
        """Ask for everything anew, and trust nothing that was known: signals were missed meanwhile."""
        self._lid.is_due = self._sleep.is_due = True
        self._is_asleep = self._is_closed = False
        self._news.set()

    def _came(self, _session: str) -> None:
        """Ask for what was refused: a user at the screen is granted more."""
        self._lid.is_due |= not self._lid.is_held
        self._sleep.is_due |= not self._sleep.is_held
        self._news.set()

    def _lid_moved(self, is_closed: bool) -> None:
        self._is_closed = is_closed
        self._since = self._clock()
        self._news.set()

    def _power_changed(self, on_battery: bool | None, percent: float | None) -> None:
        if on_battery is False:
            self._on_battery_since = None
        elif self._on_battery_since is None:
            self._on_battery_since = self._clock()
        self._percent = percent
        self._news.set()

    def _fall_asleep(self) -> None:
        self._is_asleep = True
        if self._saving is None or self._saving.done():
            self._saving = asyncio.create_task(self._save())
            self._saving.add_done_callback(_log_break_down)

    def _wake_up(self) -> None:
        self._is_asleep = False
        self._woken_at = self._clock()
        self._news.set()

    async def _save(self) -> None:
        try:
            async with asyncio.timeout(CHECKPOINT_SECONDS):
                await self._checkpoint()
        except (SenterError, TimeoutError) as error:
            reason = str(error) or f"it takes longer than {CHECKPOINT_SECONDS:g} s"
            logger.warning("Not everything is written down before the machine sleeps: %s", reason)
        finally:
            if self._is_asleep:
                self._sleep.release()

    async def _keep(self) -> None:
        """Hold off what is to be held off, until this is cancelled."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                await self._settle()
        finally:
            self._lid.release()
            self._sleep.release()

    async def _settle(self) -> None:
        may_be_open = not self._is_closed and has_run_out(self._settings, self._situation, self._clock())
        if may_be_open and await self._login.lid_is_closed() is False:
            self._since = self._clock()
        left = seconds_left(self._settings, self._situation, self._clock())
        if left:
            await self._ask_for(self._lid)
        else:
            self._lid.release()
        if not self._is_asleep:
            await self._ask_for(self._sleep)
        if self._is_asleep and self._saving and self._saving.done():
            self._sleep.release()
        self._look_again(left or self._woken_at + LID_SECONDS - self._clock())

    @property
    def _situation(self) -> Situation:
        return Situation(self._is_working, self._since, self._on_battery_since, self._percent)

    async def _ask_for(self, hold: Hold) -> None:
        if hold.is_due and self._login.is_watching:
            await hold.take()

    def _look_again(self, seconds: float) -> None:
        """Look again after a time, or, for what is in the past, not by itself."""
        if self._alarm:
            self._alarm.cancel()
            self._alarm = None
        if seconds > 0:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._news.set)


def _log_break_down(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.error("Keeping the machine awake broke down", exc_info=error)
