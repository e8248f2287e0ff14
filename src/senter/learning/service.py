"""What learning does: it writes down what happened, learns from it, and tells what is known of the user."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import InvalidArgument, InvalidState, SenterError
from senter.learning.event import FEEDBACK, Event, Recorded, checked
from senter.learning.export import Exports
from senter.learning.habits.hours import KEPT_DAYS
from senter.learning.knowing.knowledge import Knowledge
from senter.learning.lessons.forgetting import Forgetting, forgetting_of
from senter.learning.lessons.learned import Learned
from senter.learning.lessons.lesson import Lesson, Read, lesson_of
from senter.learning.lessons.merging import Merging
from senter.learning.store import Store
from senter.learning.telling import Telling
from senter.wording import one_line

AT_ONCE = 200
"""From so many events is learned in one transaction."""
LEARN_AFTER_SECONDS = 2.0
"""How long after something was recorded that is learned from: what comes together is learned together."""
LONGEST_CLEANING_SECONDS = 900.0
USUAL_ROWS, MOST_ROWS = 100, 1000
MOST_WORDS, LONGEST_NOTE = 32, 2000

logger = logging.getLogger(__name__)


class LearningService:
    """Learning without bus and clock of its own.

    ``recorded(type)`` and ``profile_changed()`` tell the world, ``sent()`` returns when what was sent has left; set
    them before ``start``. ``now`` is the local time with its zone. Where it is not ``enabled`` nothing is written
    down, and what is known stays as it is.
    """

    def __init__(
        self,
        store: Store,
        learned: Learned,
        knowledge: Knowledge,
        merging: Merging,
        telling: Telling,
        now: Callable[[], datetime],
        on_disk: Disk,
        enabled: bool = True,
    ) -> None:
        self.recorded: Callable[[str], object] = _nobody_listens
        self.profile_changed: Callable[[], object] = _nobody_listens
        self.sent: Callable[[], Awaitable[object]] = _at_once
        self.knowledge = knowledge
        self._store = store
        self._learned = learned
        self._forgetting = Forgetting(store, self._microseconds)
        self._merging = merging
        self._telling = telling
        self._now = now
        self._on_disk = on_disk
        self._enabled = enabled
        self._changing = asyncio.Lock()
        self._soon: asyncio.TimerHandle | None = None
        self._working: set[asyncio.Task[Any]] = set()
        self._exports = Exports(store, knowledge, on_disk)
        self._count = 0
        self._cleaning_until = 0.0

    async def start(self) -> None:
        """Open the database; what was not learned from yet is. Raises Unavailable when the disk does not let us."""
        await self._on_disk(self._store.open)
        self._count = sum((await self._on_disk(self._store.counts)).values())
        self._spawn(self._clean_up())
        if self._enabled and await self._on_disk(self._learned.has_unlearned):
            self._learn_soon()

    async def stop(self) -> None:
        """Close the database; what is left is learned from after the next start."""
        if self._soon:
            self._soon.cancel()
        if time.monotonic() < self._cleaning_until:
            # it is cleaned after the next start
            self._store.interrupt()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._on_disk(self._store.close)

    def is_healthy(self) -> bool:
        """Whether the disk answers, or has a large file to clean, which takes its time."""
        return self._on_disk.answers() or time.monotonic() < self._cleaning_until

    def is_busy(self) -> bool:
        """Whether something is still to be learned, or to be given out."""
        return bool(self._soon or self._working)

    def status(self) -> str:
        """``1,200 events, learning from them``, or that it is switched off."""
        if not self._enabled:
            return "switched off in config.toml: [learning] enabled"
        told = f"{self._count:,} {'event' if self._count == 1 else 'events'}"
        return f"{told}, learning from them" if self._changing.locked() else told

    async def record(self, events: Sequence[Event]) -> None:
        """Write events down, each key once; on disk when this returns. Raises InvalidArgument, Unavailable."""
        good = [checked(event) for event in events]
        if not self._enabled or not good:
            return
        written = await self._on_disk(self._store.record, good, self._now())
        self._count += len(written)
        for kind in dict.fromkeys(written):
            self.recorded(kind)
        if written:
            self._learn_soon()

    async def feedback(self, request_id: str, good: bool, note: str) -> None:
        """Write down what the user says of an answer, by its question's id, or of the last one.

        Raises InvalidArgument when there is no such answer, InvalidState where nothing is remembered.
        """
        if not self._enabled:
            raise InvalidState(
                "nothing is remembered: set [learning] enabled = true in config.toml, then: senter restart learning"
            )
        if len(note) > LONGEST_NOTE:
            raise InvalidArgument(f"note must not be longer than {LONGEST_NOTE:,} characters")
        request = request_id or await self._on_disk(self._store.last_request)
        if not request or not await self._on_disk(self._store.has_answer, request):
            raise InvalidArgument("there is no such answer" if request_id else "there is no answer to judge yet")
        await self.record([Event(FEEDBACK, note, {"request_id": request, "positive": good})])

    async def update(self) -> int:
        """Learn from what is new, merge topics that mean the same, let go of what is useless. How much changed.

        Nothing does where nothing is remembered.
        """
        if not self._enabled:
            return 0
        async with self._changing:
            before = await self.knowledge.text()
            changed = await self._learn()
            changed += await self._on_disk(self._learned.prune, self._now().toordinal(), KEPT_DAYS)
        changed += await self._merging.merge(self._changing)
        await self._tell(before)
        return changed

    async def forget(self, kind: str, value: str) -> int:
        """Forget a ``topic``, what was ``before`` or ``since`` a time, a ``preference`` or ``everything``.

        How many events, or signs of a preference, that were. When this returns nothing of it is left in the file.
        Raises InvalidArgument; Unavailable when the disk fails: what was forgotten stays so, and is cleaned away
        after the next start.
        """
        work = forgetting_of(kind, value)
        async with self._changing:
            before = await self.knowledge.text()
            if kind == "preference":
                # what is not learned yet would come back
                await self._learn()
            with self._taking_long():
                count = await self._on_disk(work, self._forgetting)
                self._count = sum((await self._on_disk(self._store.counts)).values())
                await self._on_disk(self._forgetting.clean)
        if await self.knowledge.text() != before:
            self.profile_changed()
        return count

    async def set_preference(self, kind: str, key: str, value: str) -> None:
        """Note what the user wants; it counts whatever is learned. Raises InvalidArgument."""
        before = await self.knowledge.text()
        await self.knowledge.choose(kind, key, value)
        if await self.knowledge.text() != before:
            self.profile_changed()

    async def recent_events(self, event_type: str, hours: int, limit: int) -> list[Recorded]:
        """The events of the past hours, newest first; of one type, or of all."""
        since = max(0, self._microseconds() - hours * 3_600_000_000)
        return await self._on_disk(self._store.recent, event_type, since, _rows(limit))

    async def search(self, query: str, limit: int, offset: int) -> list[Recorded]:
        """Events with every word of the query, the last written first. Raises InvalidArgument for none."""
        words = one_line(query).split()
        if not 1 <= len(words) <= MOST_WORDS:
            raise InvalidArgument(f"query must have 1 to {MOST_WORDS} words")
        return await self._on_disk(self._store.search, words, _rows(limit), offset)

    async def export(self) -> int:
        """The end to read of a pipe that gets all that is known; closed here once it was sent. Raises Busy."""
        one = self._exports.begin()
        self._spawn(self._exports.write(one, self._answered(asyncio.current_task())))
        return one.reading

    async def check(self) -> list[Check]:
        """Whether the database can be used."""
        try:
            damage = await self._on_disk(self._store.check)
        except SenterError as error:
            return [Check("learning database", "fail", str(error))]
        return [Check("learning database", "fail" if damage else "ok", damage)]

    async def _answered(self, call: asyncio.Task[Any] | None) -> None:
        """Return when a call, which runs in this task, has ended, and its answer has left."""
        if call is not None:
            await asyncio.wait([call])
        await self.sent()

    def _learn_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(LEARN_AFTER_SECONDS, self._begin_to_learn)

    def _begin_to_learn(self) -> None:
        self._soon = None
        self._spawn(self._learn_now())

    async def _learn_now(self) -> None:
        try:
            async with self._changing:
                before = await self.knowledge.text()
                await self._learn()
            await self._tell(before)
        except SenterError as error:
            logger.warning("What was recorded is learned from later: %s", error)

    async def _learn(self) -> int:
        """Learn from every event that is new; how many there were."""
        count = 0
        while events := await self._on_disk(self._learned.unlearned, AT_ONCE):
            lessons = await asyncio.to_thread(_lessons, events)
            await self._on_disk(self._learned.learn, lessons, self._microseconds())
            count += len(events)
        return count

    async def _tell(self, before: str) -> None:
        if await self.knowledge.text() != before:
            self.profile_changed()
        await self._telling.tell()

    async def _clean_up(self) -> None:
        try:
            async with self._changing:
                with self._taking_long():
                    await self._on_disk(self._forgetting.clean)
        except SenterError as error:
            logger.warning("The file is cleaned later: %s", error)

    @contextlib.contextmanager
    def _taking_long(self) -> Iterator[None]:
        """Let nobody take what is done meanwhile for a disk that hangs, for a while."""
        self._cleaning_until = time.monotonic() + LONGEST_CLEANING_SECONDS
        try:
            yield
        finally:
            self._cleaning_until = 0.0

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    def _microseconds(self) -> int:
        return int(self._now().timestamp() * 1_000_000)


def _lessons(events: Sequence[Read]) -> list[Lesson]:
    # YAKE and what it needs take 35 MB and a third of a second: only a process that learns has them
    from senter.learning.topics.phrases import phrases

    return [lesson_of(event, phrases) for event in events]


def _rows(limit: int) -> int:
    return min(limit or USUAL_ROWS, MOST_ROWS)


def _nobody_listens(*_: object) -> None:
    """Nobody wants to know."""


async def _at_once() -> bool:
    """Nothing is to be waited for."""
    return True
