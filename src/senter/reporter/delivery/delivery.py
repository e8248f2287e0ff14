"""What is shown when, and what a click does."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import ConfigurationError, InvalidArgument, SenterError
from senter.reporter.activity import check_type
from senter.reporter.delivery import pacing
from senter.reporter.delivery.alarm import Alarm
from senter.reporter.delivery.clicks import Clicks, OpenTarget, Press
from senter.reporter.delivery.folding import Folding
from senter.reporter.delivery.ledger import PENDING, SHOWN, SILENCED, Ledger, Ticket
from senter.reporter.delivery.refusals import Refusals
from senter.reporter.delivery.showing import NobodyShows, Screen, Showing
from senter.reporter.notice import Notice
from senter.settings import ReporterSettings

STOP_PATIENCE = 6.0
"""How many seconds a stop leaves to what is under way; longer than a screen takes to show a notice or to fail."""

DISK_PAUSE = 30.0
"""How many seconds after the disk could not be used it is tried again."""

STILL_THERE = timedelta(seconds=30)
"""How old a notice may be that leaves the screen by itself, to be thought to be on it after a start."""

logger = logging.getLogger(__name__)


class Delivery:
    """Shows the notices of a ledger, each once, and does what a click on them asks for.

    ``press(bus_name, member, argument)`` calls a room; ``open_target(target, token)`` opens a file or URL with the
    activation token of the click; ``now`` is the local time with its zone. ``announced(id, text)``,
    ``action_chosen(id, action)`` and ``user_seen()`` are told what happened; set them before ``start``, and have
    the screen call ``chosen``, ``closed``, and ``deliver`` when somebody appears who shows notices.

    What waits is in the ledger, so nothing is lost with this process. It is shown again what the user can still act
    upon and no longer sees: questions after a start of ours or of the notification server, and, after a start of
    ours, what opens something and is likely to be on the screen still. What is refused is tried again for half a
    minute, and what could not be noted as long as the disk is full. Only a kill between showing a notice and noting
    that it was shown may show it twice.

    Raises ConfigurationError for settings of quiet hours or silent types that are none.
    """

    def __init__(
        self,
        ledger: Ledger,
        screen: Screen,
        settings: ReporterSettings,
        press: Press,
        open_target: OpenTarget,
        now: Callable[[], datetime],
        on_disk: Disk,
    ) -> None:
        self.announced: Callable[[str, str], object] = _nobody_listens
        self.action_chosen: Callable[[str, str], object] = _nobody_listens
        self.user_seen: Callable[[], object] = _nobody_listens
        _check_silent(settings.silent)
        self._quiet = pacing.quiet_hours(settings.quiet_hours)
        self._ledger = ledger
        self._screen = screen
        self._settings = settings
        self._now = now
        self._on_disk = on_disk
        self._again: set[str] = set()
        self._alarm = Alarm(self.deliver_soon)
        self._refusals = Refusals(now)
        self._showing = Showing(ledger, screen, on_disk, self._again, self._refusals, self._announce)
        self._folding = Folding(ledger, screen, self._showing, on_disk, now, self._alarm.within)
        self._clicks = Clicks(ledger, on_disk, press, open_target, self._again, self._choose)
        self._delivering = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_queued = False
        self._stopped = False
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many notices wait to be shown."""
        return self._waiting

    def first_state(self, notice: Notice | Ticket) -> str:
        """Whether a new notice waits to be shown, or is silenced because such notices are switched off."""
        shown = self._settings.notifications and notice.type not in self._settings.silent
        return PENDING if shown else SILENCED

    async def start(self) -> None:
        """Watch the screen and show what is waiting. Raises Unavailable when the disk does not let us."""
        waiting = await self._on_disk(self._ledger.queue)
        silenced = [ticket.id for ticket in waiting if self.first_state(ticket) == SILENCED]
        if silenced:
            await self._on_disk(self._ledger.move, SILENCED, *silenced)
        questions = await self._on_disk(self._ledger.unanswered)
        openable = [each for each in await self._on_disk(self._ledger.openable) if self._may_be_there(each)]
        self._again.update(ticket.id for ticket in questions + openable)
        self._waiting = sum(self.first_state(ticket) == PENDING for ticket in waiting + questions)
        await self._screen.start()
        self.deliver_soon()

    async def stop(self) -> None:
        """End what is under way, within six seconds; what is still waiting is shown after the next start."""
        self._stopped = True
        self._clicks.give_up_opening()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._try_to_record()
        self._alarm.cancel()

    async def check(self) -> Check:
        """Whether notices can be shown."""
        if not self._settings.notifications:
            return Check("notifications", "ok", "switched off in config.toml")
        if await self._screen.present():
            return Check("notifications", "ok", "")
        fix = "no notification server is running; notices wait until one is"
        return Check("notifications", "warn", fix)

    async def deliver(self) -> None:
        """Show what is waiting, one after the other, until nobody takes it or the disk cannot be read.

        There are never two who do that; a call during another one looks again after it.
        """
        await _end_of(self._spawn(self._go()))

    def deliver_soon(self) -> None:
        """Have ``deliver`` done without waiting for it."""
        if not (self._is_queued or self._stopped):
            self._is_queued = True
            self._spawn(self._go())

    def wake(self) -> None:
        """Look again at once whether quiet hours are over: the machine was asleep.

        That its clock was set, nobody tells: while something waits for the end of quiet hours, every minute is
        looked for that.
        """
        self.deliver_soon()

    async def withdraw(self, id_or_key: str) -> None:
        """Take a notice back, from the screen and from what waits; one that was acted upon or is unknown stays.

        Raises Unavailable when the disk cannot be used.
        """
        before = await self._on_disk(self._ledger.withdraw, id_or_key)
        if before is not None:
            await self._showing.take_back(before)
            self.deliver_soon()

    async def chosen(self, notice_id: str, action_key: str, token: str) -> None:
        """Do what a click on a notice asks for, once; what cannot be done becomes a notice itself.

        Takes the key of a button, or ``default`` for the body, and the activation token of the click. A question
        that the click has not answered is shown again.
        """
        self.user_seen()
        if not self._stopped:
            await _end_of(self._spawn(self._click(notice_id, action_key, token)))

    async def closed(self, notice_id: str, dismissed: bool) -> None:
        """Note that a notice has left the screen, and whether the user has dismissed it."""
        if dismissed:
            self.user_seen()
        self._clicks.left(notice_id, dismissed)
        await self._try_to_record()

    async def _try_to_record(self) -> None:
        try:
            await self._record()
        except SenterError as error:
            logger.warning("What became of a notice could not be noted: %s", error)
            self._alarm.within(DISK_PAUSE)

    async def _record(self) -> None:
        await self._showing.record()
        await self._clicks.record()

    async def _click(self, notice_id: str, action_key: str, token: str) -> None:
        try:
            problem = await self._clicks.click(notice_id, action_key, token)
            if problem:
                told = self._notice("That click could not be carried out", problem)
                await self._on_disk(self._ledger.add, told, "", self.first_state(told))
        except SenterError as error:
            logger.warning("A click could not be noted: %s", error)
        self.deliver_soon()

    def _choose(self, notice_id: str, action_key: str) -> None:
        self.action_chosen(notice_id, action_key)

    def _announce(self, notice_id: str, text: str) -> None:
        self.announced(notice_id, text)

    async def _go(self) -> None:
        async with self._delivering:
            self._is_queued = False
            try:
                if not self._stopped:
                    await self._show_waiting()
            except NobodyShows as error:
                logger.info("%d notices wait to be shown: %s", self._waiting, error)
            except SenterError as error:
                logger.warning("%d notices wait to be shown: %s", self._waiting, error)
                self._alarm.within(DISK_PAUSE)

    async def _show_waiting(self) -> None:
        await self._record()
        waiting = await self._on_disk(self._ledger.queue)
        gone = [ticket for ticket in await self._showing.gone() if self._may_show_again(ticket)]
        self._alarm.cancel()
        self._refusals.keep(ticket.id for ticket in waiting + gone)
        self._waiting = len(waiting) + len(gone)
        tickets = self._audible(waiting + gone)
        if tickets and not await self._screen.present():
            raise NobodyShows("there is no notification server")
        shown, later = await self._folding.fold(tickets)
        self._waiting += len(shown) + later - len(tickets)
        for ticket in sorted(self._due(shown), key=lambda ticket: ticket.time):
            if self._stopped:
                return
            await self._show(ticket)

    async def _show(self, ticket: Ticket) -> None:
        state = await self._showing.show(ticket)
        if state == PENDING:
            self._alarm.within(self._refusals.pause(ticket.id))
            return
        if state == SHOWN:
            self._folding.remember(ticket)
        self._waiting -= 1

    def _may_be_there(self, ticket: Ticket) -> bool:
        """Whether a notice may still be where it was shown; its closing was told to nobody if we were not there."""
        age = self._now().timestamp() - ticket.time / 1_000_000
        return ticket.is_sticky or age < STILL_THERE.total_seconds()

    def _may_show_again(self, ticket: Ticket) -> bool:
        is_seen_to = ticket.id in self._clicks.under_way or self._clicks.is_over(ticket.id)
        return not is_seen_to and self.first_state(ticket) == PENDING

    def _audible(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Those that may be shown now; for the others there will be another look when quiet hours may be over."""
        now = self._now()
        ends = self._quiet.ends(now) if self._quiet else None
        if ends is None:
            return list(tickets)
        audible = [ticket for ticket in tickets if ticket.urgency == "critical"]
        if len(audible) < len(tickets):
            self._alarm.within((ends - now).total_seconds())
        return audible

    def _due(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Those that were not refused just now; for the others there will be another look."""
        pauses = [self._refusals.pause(ticket.id) for ticket in tickets]
        for pause in filter(None, pauses):
            self._alarm.within(pause)
        return [ticket for ticket, pause in zip(tickets, pauses, strict=True) if not pause]

    def _notice(self, title: str, body: str) -> Notice:
        return Notice(uuid.uuid4().hex, int(self._now().timestamp() * 1_000_000), title, body)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _end_of(task: asyncio.Task[None]) -> None:
    """Wait for the end of a task, which may be that it is cancelled."""
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()


def _check_silent(types: Sequence[str]) -> None:
    for word in types:
        try:
            check_type(word)
        except InvalidArgument:
            told = f"must be types of notices such as digest or task_completed, not {word!r}"
            raise ConfigurationError(f"[reporter] silent {told}") from None


def _nobody_listens(*_told: str) -> None:
    """Nobody wants to know."""
