"""What the reporter does: it writes down what was done, and tells it, once."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Protocol

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import InvalidArgument, SenterError
from senter.reporter import activity, notice, presence, summary
from senter.reporter.activity import Activity, LogOptions, microseconds
from senter.reporter.delivery.delivery import Delivery
from senter.reporter.delivery.ledger import Ledger
from senter.reporter.digest.digests import DAILY, LAST_MOMENT, SECTIONS, Digests
from senter.reporter.notice import Notice, NotifyOptions
from senter.reporter.presence import Presence
from senter.reporter.store import Store
from senter.reporter.summary import Summary
from senter.wording import one_line, shortened

LONGEST_DIGEST_HOURS = 366 * 24
USUAL_PAGE, LONGEST_PAGE = 100, 1000
MOST_LINES = 50
MOST_WORDS = 32
LONGEST_KEY = 200
USER_NOTED_EVERY = 10 * 60 * 1_000_000
"""How often it is written down, while something is done, that the user has not left yet (µs): for a power cut."""

logger = logging.getLogger(__name__)


class Watch(Protocol):
    """Watches for the user, and tells the callbacks it was given."""

    async def start(self) -> object:
        """Begin."""

    @property
    def is_watching(self) -> bool:
        """Whether there is something to watch now."""


class ReporterService:
    """The reporter without bus, clock and screen of its own.

    ``watches`` notice whether the user is there and are started by name; what they notice comes to ``came``,
    ``left`` and ``seen``. ``now`` is the local time with its zone.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        delivery: Delivery,
        digests: Digests,
        watches: dict[str, Watch],
        now: Callable[[], datetime],
        on_disk: Disk,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._delivery = delivery
        self._digests = digests
        self._watches = watches
        self._now = now
        self._on_disk = on_disk
        self._tasks: set[asyncio.Task[None]] = set()
        self._changing_presence = asyncio.Lock()
        self._stopped = False
        self._user_noted = 0
        self._day = now().date()
        self._today = 0

    async def start(self) -> None:
        """Open the log and show what is still waiting. Raises Unavailable when the disk does not let us."""
        kept_before = await asyncio.to_thread(self._store.damaged)
        await self._on_disk(self._store.open)
        midnight = microseconds(self._now().replace(hour=0, minute=0, second=0, microsecond=0))
        self._today = sum((await self._on_disk(self._store.counts, midnight, LAST_MOMENT)).values())
        await self._delivery.start()
        for watch in self._watches.values():
            self._spawn(watch.start())
        for file in await asyncio.to_thread(self._store.damaged):
            if file not in kept_before:
                told = f"The activity log was damaged. It is kept as {file}; a new one has begun."
                await self.notify("Senter", told, NotifyOptions(urgency="critical"))
        self._spawn(self._digests.forget())

    async def stop(self) -> None:
        """Close the log; what is still waiting is shown after the next start."""
        self._stopped = True
        await self._delivery.stop()
        now = microseconds(self._now())
        await _logged(self._change_presence(lambda last: presence.still_there(last, now)))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._on_disk(self._store.close)

    @property
    def under_way(self) -> list[asyncio.Task[None]]:
        """The work that nobody waits for, such as writing down that the user is back."""
        return list(self._tasks)

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
        if waiting := self._delivery.waiting:
            told += f", {waiting} {'notice' if waiting == 1 else 'notices'} waiting to be shown"
        return told

    async def log(self, activity_type: str, line: str, options: LogOptions, source: str) -> None:
        """Write down what was done; a high or critical activity is shown at once.

        Raises InvalidArgument for a type or importance that is none, Unavailable when it was not written.
        """
        activity.check_type(activity_type)
        notice.require_free(activity_type, "activity_type", notice.APPROVAL)
        activity.check_importance(options.importance)
        notice.check_open(activity.detail(options.details, "open"))
        line = activity.summarise(activity_type, line, options.details)
        goal, target = activity.detail(options.details, "goal"), activity.detail(options.details, "open")
        time = microseconds(self._now())
        done = Activity("", time, activity_type, source, line, options.importance, goal, target)
        told = self._telling(done)
        state = self._delivery.first_state(told) if told else ""
        added = await self._on_disk(self._store.add_activity, done, options.details, options.key, told, state)
        self._begin_day()
        self._today += added
        if added and told:
            self._delivery.deliver_soon()
        if time - self._user_noted > USER_NOTED_EVERY:
            self._user_noted = time
            self._spawn(self._change_presence(lambda last: presence.still_there(last, time)))

    async def activities(self, since: int, limit: int, offset: int) -> list[Activity]:
        """Activities from ``since`` (µs since the epoch) on, newest first; at most 1,000, 100 for a limit of 0."""
        return await self._on_disk(self._store.activities, min(since, LAST_MOMENT), _page(limit), offset)

    async def search(self, query: str, limit: int, offset: int) -> list[Activity]:
        """Activities with every word of the query, newest first. Raises InvalidArgument for none."""
        words = list({word: None for word in query.split() if any(mark.isalnum() for mark in word)})
        if not 1 <= len(words) <= MOST_WORDS:
            raise InvalidArgument(f"query must have a word to look for, and at most {MOST_WORDS}")
        return await self._on_disk(self._store.search, words, _page(limit), offset)

    async def summaries(self, kind: str, since: int, limit: int, offset: int) -> list[Summary]:
        """What was done for each ``goal`` or in each ``session`` from a time (µs) on, the latest first."""
        summary.check_kind(kind)
        return await self._digests.summaries(kind, min(since, LAST_MOMENT), _page(limit), offset)

    async def progress(self) -> str:
        """What was done since the user was there last, for a person."""
        return await self._digests.progress()

    async def away_since(self) -> int:
        """The time (µs) from which ``progress`` tells; 0 when it is not known when the user was there."""
        return await self._digests.since()

    async def digest(self, hours: int, plain: bool = False) -> str:
        """The digest of the past hours. Raises InvalidArgument for none or more than a year of them."""
        _check_hours(hours)
        return await self._digests.text(hours, plain)

    async def digest_page(self, hours: int) -> str:
        """Write the digest of the past hours as HTML; its path. Raises InvalidArgument, Unavailable."""
        _check_hours(hours)
        return await self._digests.page(hours)

    async def send_digest(self, kind: str) -> str:
        """Show the daily digest unless this day's was sent; its text, or an empty string.

        Raises InvalidArgument for a kind other than ``daily``.
        """
        if kind != DAILY:
            raise InvalidArgument(f"kind must be {DAILY}, not {kind!r}")
        made = await self._digests.daily()
        self._spawn(self._digests.forget())
        if made is None:
            return ""
        self._delivery.deliver_soon()
        return f"{made.title}\n{made.body}"

    async def tell(self, section: str, key: str, lines: list[str], until: int) -> None:
        """Keep what a room has to say in every digest until it says otherwise. Raises InvalidArgument."""
        if section not in SECTIONS:
            raise InvalidArgument(f"section must be one of {', '.join(SECTIONS)}, not {section!r}")
        if not 1 <= len(key) <= LONGEST_KEY:
            raise InvalidArgument(f"key must be 1 to {LONGEST_KEY} characters")
        if len(lines) > MOST_LINES:
            raise InvalidArgument(f"lines must be at most {MOST_LINES}")
        kept = [line for line in (shortened(one_line(line)) for line in lines) if line]
        until, now = min(until, LAST_MOMENT), microseconds(self._now())
        await self._on_disk(self._store.tell, section, key, kept, until, now)

    async def notify(self, title: str, body: str, options: NotifyOptions) -> str:
        """Keep a notice, show it as soon as somebody can, and return its id. Raises InvalidArgument."""
        actions = notice.check(title, options)
        more = {"urgency": options.urgency, "open": options.open, "type": options.type}
        kept = notice.new(self._now(), title, body, actions=actions, **more)
        notice_id = await self._on_disk(self._ledger.add, kept, options.key, self._delivery.first_state(kept))
        self._delivery.deliver_soon()
        return notice_id

    async def withdraw(self, id_or_key: str) -> None:
        """Take a notice back that needs no answer any more; one that is settled or unknown stays as it is."""
        await self._delivery.withdraw(id_or_key)

    async def pending(self) -> list[Notice]:
        """The notices that nobody could be shown yet, oldest first."""
        return [entry.notice for entry in await self._on_disk(self._ledger.waiting)]

    async def check(self) -> list[Check]:
        """Whether the log is sound, notices can be shown, and it is noticed when the user is away."""
        set_aside = await asyncio.to_thread(self._store.damaged)
        try:
            damage = await self._on_disk(self._store.check)
        except SenterError as error:
            damage = str(error)
        checks = [Check("activity log", "fail" if damage else "ok", damage)]
        checks += [Check("damaged activity log", "warn", f"look into {file}, or delete it") for file in set_aside]
        unwatched = ", ".join(name for name, watch in self._watches.items() if not watch.is_watching)
        fix = f"it is not noticed when you are away: there is no {unwatched}" if unwatched else ""
        return [*checks, await self._delivery.check(), Check("presence", "warn" if fix else "ok", fix)]

    def came(self, session: str) -> None:
        """The user is back in a login session; what happened meanwhile is told."""
        self._spawn(self._welcome(session, microseconds(self._now())))

    def left(self, since: int) -> None:
        """The user has gone, at a time (µs; 0 for now)."""
        now = microseconds(self._now())
        self._spawn(self._change_presence(lambda last: presence.left(last, since, now)))

    def seen(self) -> None:
        """The user has just shown a sign of life."""
        now = microseconds(self._now())
        self._spawn(self._change_presence(lambda last: presence.sign(last, now)))

    async def _welcome(self, session: str, now: int) -> None:
        here, *earlier = await self._change_presence(lambda last: presence.came(last, session, now))
        previous = earlier[0] if earlier else None
        if previous is None or not presence.is_return(previous, here.began):
            return
        if await self._digests.away(previous.ended, here):
            self._delivery.deliver_soon()

    async def _change_presence(self, change: Callable[[Presence | None], presence.Change]) -> list[Presence]:
        """Write what an event changes, one after the other; the last two presences, newest first."""
        async with self._changing_presence:
            return await self._on_disk(self._store.change_presence, change)

    def _telling(self, done: Activity) -> Notice | None:
        """The notice that tells an activity at once, if it is important enough."""
        urgency = notice.URGENCY_OF_IMPORTANCE.get(done.importance)
        more = {"urgency": urgency, "open": done.open, "type": done.type}
        return notice.new(self._now(), "Senter", done.summary, **more) if urgency else None

    def _spawn(self, work: Coroutine[Any, Any, object]) -> None:
        if self._stopped:
            return work.close()
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _begin_day(self) -> None:
        if self._day != self._now().date():
            self._day, self._today = self._now().date(), 0


async def _logged(work: Coroutine[Any, Any, object]) -> None:
    try:
        await work
    except SenterError as error:
        logger.warning("%s", error)


def _page(limit: int) -> int:
    return min(limit or USUAL_PAGE, LONGEST_PAGE)


def _check_hours(hours: int) -> None:
    if not 1 <= hours <= LONGEST_DIGEST_HOURS:
        raise InvalidArgument(f"hours must be 1 to {LONGEST_DIGEST_HOURS}")
