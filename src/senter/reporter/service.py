"""What the reporter does: it writes down what was done, and tells it, once."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Protocol

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import Denied, InvalidArgument, SenterError
from senter.reporter import activity, digest, notice
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import Notice, NotifyOptions
from senter.reporter.store import ACTED, PENDING, REFUSED, SHOWN, SILENCED, Store
from senter.settings import ReporterSettings

DAILY = "daily"
LONGEST_DIGEST_HOURS = 366 * 24
USUAL_PAGE, LONGEST_PAGE = 100, 1000
LAST_MOMENT = 2**63 - 1
BODY_CLICK = "default"

logger = logging.getLogger(__name__)


class Screen(Protocol):
    """Where notices are shown."""

    async def start(self) -> None:
        """Begin to watch for somebody to show them."""

    async def present(self) -> bool:
        """Whether notices can be shown."""

    async def show(self, notice: str, title: str, body: str, urgency: str, buttons: dict[str, str]) -> None:
        """Show a notice. Raises Denied when nobody will ever show it, Unavailable when nobody does now."""


class ReporterService:
    """The reporter without bus, clock and screen of its own.

    ``press(bus_name, member, argument)`` calls a room; ``open_target`` opens a file or URL; ``now`` is the local
    time with its zone. ``announced(id, text)`` and ``action_chosen(id, action)`` are told what happened; set them
    before ``start``.
    """

    def __init__(
        self,
        store: Store,
        screen: Screen,
        settings: ReporterSettings,
        press: Callable[[str, str, str], Awaitable[None]],
        open_target: Callable[[str], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self.announced: Callable[[str, str], object] = _nobody_listens
        self.action_chosen: Callable[[str, str], object] = _nobody_listens
        self._store = store
        self._screen = screen
        self._settings = settings
        self._press = press
        self._open_target = open_target
        self._now = now
        self._delivering = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_disk = Disk()
        self._shown: set[str] = set()
        self._stopped = False
        self._day = now().date()
        self._today = 0
        self._waiting = 0

    async def start(self) -> None:
        """Open the log and show what is still waiting. Raises Unavailable when the disk does not let us."""
        kept_before = await asyncio.to_thread(self._store.damaged)
        await self._on_disk(self._store.open)
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        self._today = await self._on_disk(self._store.count_activities, _microseconds(midnight))
        self._waiting = len(await self._on_disk(self._store.pending))
        await self._screen.start()
        for file in await asyncio.to_thread(self._store.damaged):
            if file not in kept_before:
                told = f"The activity log was damaged. It is kept as {file}; a new one has begun."
                await self.notify("Senter", told, NotifyOptions(urgency="critical"))
        self._deliver_soon()

    async def stop(self) -> None:
        """Close the log; what is still waiting is shown after the next start."""
        self._stopped = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._on_disk(self._store.close)

    def is_healthy(self) -> bool:
        """Whether the disk answers."""
        return self._on_disk.answers()

    def is_busy(self) -> bool:
        """Never: the reporter has no work of its own."""
        return False

    def status(self) -> str:
        """``3 activities logged today, 1 notice waiting to be shown``."""
        self._begin_day()
        told = f"{self._today} {'activity' if self._today == 1 else 'activities'} logged today"
        if self._waiting:
            told += f", {self._waiting} {'notice' if self._waiting == 1 else 'notices'} waiting to be shown"
        return told

    async def log(self, activity_type: str, summary: str, options: LogOptions, source: str) -> None:
        """Write down what was done; a high or critical activity is shown at once.

        Raises InvalidArgument for a type or importance that is none, Unavailable when it was not written.
        """
        activity.check_type(activity_type)
        activity.check_importance(options.importance)
        line = activity.summarise(activity_type, summary, options.details)
        urgency = notice.URGENCY_OF_IMPORTANCE.get(options.importance)
        told = self._new_notice("Senter", line, urgency=urgency) if urgency else None
        added = await self._on_disk(
            self._store.add_activity,
            _microseconds(self._now()),
            activity_type,
            source,
            line,
            options.importance,
            options.details,
            options.key,
            told,
            self._first_state(),
        )
        self._begin_day()
        self._today += added
        if added and told:
            self._deliver_soon(1)

    async def activities(self, since: int, limit: int, offset: int) -> list[Activity]:
        """Activities from ``since`` (µs since the epoch) on, newest first; at most 1,000, 100 for a limit of 0."""
        page = min(limit or USUAL_PAGE, LONGEST_PAGE)
        return await self._on_disk(self._store.activities, min(since, LAST_MOMENT), page, offset)

    async def progress(self) -> str:
        """What was done in the past 24 hours, for a person."""
        since = _microseconds(self._now() - digest.DAY)
        newest = await self._on_disk(self._store.activities, since, digest.NEWEST_TOLD, 0)
        return digest.progress_text(newest, await self._on_disk(self._store.count_activities, since))

    async def digest(self, hours: int) -> str:
        """The digest of the past hours. Raises InvalidArgument for none or more than a year of them."""
        if not 1 <= hours <= LONGEST_DIGEST_HOURS:
            raise InvalidArgument(f"hours must be 1 to {LONGEST_DIGEST_HOURS}")
        since = _microseconds(self._now()) - hours * 3_600_000_000
        period = f"the past {hours} hours" if hours > 1 else "the past hour"
        return digest.digest_text(await self._since(since), period)

    async def send_digest(self, kind: str) -> str:
        """Show the daily digest unless this day's was sent; returns its text, or an empty string.

        It tells what was done since the one before, the first one the past 24 hours. Raises InvalidArgument for a
        kind other than ``daily``.
        """
        if kind != DAILY:
            raise InvalidArgument(f"kind must be {DAILY}, not {kind!r}")
        now = self._now()
        slot = digest.daily_slot(now)
        before = await self._on_disk(self._store.last_told, kind)
        if before is None:
            activities, period = await self._since(_microseconds(now - digest.DAY)), "the past 24 hours"
        else:
            activities = await self._on_disk(self._store.activities_after, before)
            period = "the time since the last digest"
        last = max((int(told.id) for told in activities), default=before or 0)
        kept = self._new_notice(digest.daily_title(slot), digest.digest_text(activities, period))
        day = slot.due.date().toordinal()
        if not await self._on_disk(self._store.claim_digest, kind, day, last, kept, self._first_state()):
            return ""
        self._deliver_soon(1)
        return f"{kept.title}\n{kept.body}"

    async def notify(self, title: str, body: str, options: NotifyOptions) -> str:
        """Keep a notice, show it as soon as somebody can, and return its id. Raises InvalidArgument."""
        actions = notice.check(title, options)
        kept = self._new_notice(title, body, urgency=options.urgency, open=options.open, actions=actions)
        notice_id = await self._on_disk(self._store.add_notice, kept, options.key, self._first_state())
        self._deliver_soon(1)
        return notice_id

    async def pending(self) -> list[Notice]:
        """The notices that nobody could be shown yet, oldest first."""
        return await self._on_disk(self._store.pending)

    async def check(self) -> list[Check]:
        """Whether the log is sound and notices can be shown."""
        set_aside = await asyncio.to_thread(self._store.damaged)
        try:
            damage = await self._on_disk(self._store.check)
        except SenterError as error:
            damage = str(error)
        checks = [Check("activity log", "fail" if damage else "ok", damage)]
        checks += [Check("damaged activity log", "warn", f"look into {file}, or delete it") for file in set_aside]
        if not self._settings.notifications:
            checks.append(Check("notifications", "ok", "switched off in config.toml"))
        elif await self._screen.present():
            checks.append(Check("notifications", "ok", ""))
        else:
            fix = "no notification server is running; notices wait until one is, and senter digest tells them"
            checks.append(Check("notifications", "warn", fix))
        return checks

    async def chosen(self, notice_id: str, action_key: str) -> None:
        """Do what a click on a notice asks for; what cannot be done becomes a notice itself."""
        try:
            kept = await self._on_disk(self._store.notice, notice_id)
            if kept is not None:
                await self._on_disk(self._store.move_notice, notice_id, ACTED)
                self.action_chosen(notice_id, action_key)
                await self._carry_out(kept, action_key)
        except SenterError as error:
            logger.warning("A click could not be carried out: %s", error)
            with contextlib.suppress(SenterError):
                await self.notify("That click could not be carried out", str(error), NotifyOptions())

    async def _carry_out(self, kept: Notice, action_key: str) -> None:
        if action_key == BODY_CLICK and kept.open:
            await self._open_target(kept.open)
        for action in kept.actions:
            if action.key == action_key:
                await self._press(action.bus_name, action.member, action.argument)

    async def deliver(self) -> None:
        """Show what is waiting, one after the other, until nobody takes it or the disk cannot be read."""
        async with self._delivering:
            try:
                if not self._stopped:
                    await self._show_waiting()
            except SenterError as error:
                logger.info("%d notices wait to be shown: %s", self._waiting, error)

    async def _show_waiting(self) -> None:
        waiting = await self._on_disk(self._store.pending)
        self._waiting = len(waiting)
        for kept in waiting:
            if kept.id not in self._shown:
                buttons = {action.key: action.label for action in kept.actions}
                try:
                    await self._screen.show(kept.id, kept.title, kept.body, kept.urgency, buttons)
                except Denied as error:
                    logger.warning("A notice cannot be shown: %s", error)
                    await self._on_disk(self._store.move_notice, kept.id, REFUSED)
                    self._waiting -= 1
                    continue
                self._shown.add(kept.id)
                self.announced(kept.id, f"{kept.title}\n{kept.body}")
            await self._on_disk(self._store.move_notice, kept.id, SHOWN)
            self._shown.discard(kept.id)
            self._waiting -= 1

    def _deliver_soon(self, kept: int = 0) -> None:
        self._waiting += kept if self._settings.notifications else 0
        task = asyncio.create_task(self.deliver())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _first_state(self) -> str:
        return PENDING if self._settings.notifications else SILENCED

    async def _since(self, since: int) -> list[Activity]:
        newest_first = await self._on_disk(self._store.activities, since, -1, 0)
        return newest_first[::-1]

    def _new_notice(self, title: str, body: str, **more: Any) -> Notice:
        return Notice(id=uuid.uuid4().hex, time=_microseconds(self._now()), title=title, body=body, **more)

    def _begin_day(self) -> None:
        if self._day != self._now().date():
            self._day, self._today = self._now().date(), 0


def _microseconds(when: datetime) -> int:
    return int(when.timestamp() * 1_000_000)


def _nobody_listens(_id: str, _text: str) -> None:
    """Nobody wants to know."""
