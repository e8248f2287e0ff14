"""What is shown when, and what a click does."""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import ConfigurationError, InvalidArgument, SenterError, Unavailable
from senter.reporter.activity import check_type
from senter.reporter.delivery import pacing
from senter.reporter.delivery.clicks import Clicks, OpenTarget, Press
from senter.reporter.delivery.ledger import PENDING, SHOWN, SILENCED, Ledger, Ticket
from senter.reporter.delivery.showing import Screen, Showing
from senter.reporter.notice import FOLD, URGENCIES, Notice
from senter.settings import ReporterSettings

STOP_PATIENCE = 6.0
"""How many seconds a stop leaves to what is under way; longer than a screen takes to show a notice or to fail."""

logger = logging.getLogger(__name__)


class Delivery:
    """Shows the notices of a ledger, each once, and does what a click on them asks for.

    ``press(bus_name, member, argument)`` calls a room; ``open_target(target, token)`` opens a file or URL with the
    activation token of the click; ``now`` is the local time with its zone. ``announced(id, text)``,
    ``action_chosen(id, action)`` and ``user_seen()`` are told what happened; set them before ``start``, and have
    the screen call ``chosen``, ``closed``, and ``deliver`` when somebody appears who shows notices.

    What waits is in the ledger, so nothing is lost with this process. It is shown again what the user can still act
    upon and no longer sees: questions after a start of ours or of the notification server, and what opens something
    after a start of ours. Only a kill between showing a notice and noting that it was shown may show it twice.

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
        self._showing = Showing(ledger, screen, on_disk, self._again, self._announce)
        self._clicks = Clicks(ledger, on_disk, press, open_target, self._again, self._choose)
        self._delivering = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_queued = False
        self._stopped = False
        self._waiting = 0
        self._alone_at: deque[datetime] = deque(maxlen=pacing.ALONE_AT_ONCE)
        self._fold_at: deque[datetime] = deque(maxlen=1)

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
        for ticket in waiting:
            if self.first_state(ticket) == SILENCED:
                await self._on_disk(self._ledger.move, ticket.id, SILENCED)
        questions = await self._on_disk(self._ledger.unanswered)
        openable = await self._on_disk(self._ledger.openable)
        self._again.update(ticket.id for ticket in questions + openable)
        self._waiting = sum(self.first_state(ticket) == PENDING for ticket in waiting + questions)
        await self._screen.start()
        self.deliver_soon()

    async def stop(self) -> None:
        """End what is under way, within six seconds; what is still waiting is shown after the next start."""
        self._stopped = True
        self._look_again(None)
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_PATIENCE)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def check(self) -> Check:
        """Whether notices can be shown."""
        if not self._settings.notifications:
            return Check("notifications", "ok", "switched off in config.toml")
        if await self._screen.present():
            return Check("notifications", "ok", "")
        fix = "no notification server is running; notices wait until one is, and senter digest tells them"
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
        """Look again whether quiet hours are over: the machine was asleep, or its clock was set."""
        self.deliver_soon()

    async def withdraw(self, id_or_key: str) -> None:
        """Take a notice back, from the screen and from what waits; one that was acted upon or is unknown stays.

        Raises Unavailable when the disk cannot be used.
        """
        before = await self._on_disk(self._ledger.withdraw, id_or_key)
        if before is not None:
            if before.place:
                await self._showing.close(before.notice.id, before.place)
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
        try:
            await self._showing.record()
            await self._clicks.closed(notice_id, dismissed)
        except SenterError as error:
            logger.warning("It could not be noted that a notice was closed: %s", error)

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
            except SenterError as error:
                logger.info("%d notices wait to be shown: %s", self._waiting, error)

    async def _show_waiting(self) -> None:
        self._look_again(None)
        await self._showing.record()
        waiting = await self._on_disk(self._ledger.queue)
        gone = [ticket for ticket in await self._showing.gone() if self._may_show_again(ticket)]
        self._waiting = len(waiting) + len(gone)
        tickets = self._audible(waiting + gone)
        if tickets and not await self._screen.present():
            raise Unavailable("there is no notification server")
        for ticket in sorted(await self._folded(tickets), key=lambda ticket: ticket.time):
            if self._stopped:
                return
            if await self._showing.show(ticket):
                self._remember(ticket)
            self._waiting -= 1

    def _may_show_again(self, ticket: Ticket) -> bool:
        return ticket.id not in self._clicks.under_way and self.first_state(ticket) == PENDING

    def _audible(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """Those that may be shown now; for the others there will be another look when quiet hours are over."""
        now = self._now()
        ends = self._quiet.ends(now) if self._quiet else None
        if ends is None:
            return list(tickets)
        audible = [ticket for ticket in tickets if ticket.urgency == "critical"]
        if len(audible) < len(tickets):
            self._look_again((ends - now).total_seconds())
        return audible

    async def _folded(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """What is shown of some notices now: each by itself, or many as one fold."""
        now = self._now()
        waiting = [ticket for ticket in tickets if ticket.state == PENDING]
        shown_alone = pacing.lately(self._alone_at, now, pacing.WINDOW)
        fold_grows = bool(pacing.lately(self._fold_at, now, pacing.WINDOW))
        members = pacing.to_fold(waiting, shown_alone, fold_grows)
        folded = {member.id for member in members}
        alone = [ticket for ticket in tickets if ticket.id not in folded]
        if not members:
            return alone
        if pacing.lately(self._fold_at, now, pacing.FOLD_PAUSE):
            self._look_again((self._fold_at[0] + pacing.FOLD_PAUSE - now).total_seconds())
            return alone
        fold = await self._fold(members)
        shown = [ticket for ticket in alone if ticket.id != fold.id] + [fold]
        self._waiting -= len(tickets) - len(shown)
        return shown

    async def _fold(self, members: Sequence[Ticket]) -> Ticket:
        """Put notices into the fold that waits or is on the screen, or into a new one."""
        current = await self._on_disk(self._ledger.current_fold)
        if current and current.state == SHOWN and not await self._screen.holds(current.place):
            current = None
        fold_id, place, urgency = uuid.uuid4().hex, "", URGENCIES[0]
        if current:
            fold_id, place, urgency = current.notice.id, current.place, current.notice.urgency
        joining = [member.id for member in members]
        newest = await self._on_disk(self._ledger.members, fold_id, joining, pacing.TOLD_OF_A_FOLD)
        older = await self._on_disk(self._ledger.size, fold_id) + len(members) - len(newest)
        urgency = max(urgency, *(member.urgency for member in members), key=URGENCIES.index)
        fold = pacing.fold(fold_id, newest, older, urgency)
        await self._on_disk(self._ledger.fold, joining, fold)
        return Ticket(fold.id, fold.time, fold.urgency, fold.type, fold.stands_alone, PENDING, place)

    def _remember(self, ticket: Ticket) -> None:
        """Remember when something was shown that counts for how much is shown at once."""
        if ticket.type == FOLD:
            self._fold_at.append(self._now())
        elif ticket.state == PENDING and not ticket.stands_alone:
            self._alone_at.append(self._now())

    def _look_again(self, seconds: float | None) -> None:
        """Deliver after some seconds, or, for None, not by itself."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self.deliver_soon)

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
