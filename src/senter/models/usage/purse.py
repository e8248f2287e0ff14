"""Pays for requests: reserves before a provider is asked what it may use, and settles afterwards what it did."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import BudgetSpent, SenterError, Unavailable
from senter.models.job import Job
from senter.models.providers.provider import Provider
from senter.models.usage.budget import Budget, Refused, Use, binds, count, day_key, estimate, told_cost
from senter.models.usage.store import Reservation, Settlement, UsageStore
from senter.models.usage.telling import Reporter, Telling
from senter.settings import BudgetSettings

SHORT_SECONDS = 1.0
"""How long a request that no limit binds waits until something is reserved for it."""
LATELY, MOST_COSTS = timedelta(hours=1), 20
"""Which costs that a provider has told say what the next request may cost."""

_Wanted = tuple[str, str, Use, BudgetSettings, Use]

logger = logging.getLogger(__name__)


class Purse:
    """What one worker may use.

    ``now`` is the local time, whose date is the day. ``reporter`` and ``is_wanted`` are those of ``Telling``, which
    tells the person what was used, and whose budget is spent.
    """

    def __init__(
        self,
        store: UsageStore,
        budget: Budget,
        now: Callable[[], datetime],
        reporter: Reporter,
        is_wanted: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._budget = budget
        self._now = now
        self._on_disk = Disk()
        self._telling = Telling(reporter, partial(self._on_disk, store.spent), now, is_wanted)
        self._is_open = False
        self._read = ("", 0)
        self._owed: list[Settlement] = []
        self._settling: asyncio.Task[None] | None = None
        self._given_back: set[asyncio.Task[None]] = set()
        self._spent_on = ""
        self._costs: dict[Provider, deque[tuple[datetime, float]]] = {}

    @property
    def tokens_today(self) -> int:
        """How many tokens both workers have used since midnight, as far as this one knows."""
        day, tokens = self._read
        today = self._today()
        return (tokens if day == today else 0) + self._owed_on(today)

    @property
    def is_spent(self) -> bool:
        """Whether the budget of today has refused a request because it is spent."""
        return self._spent_on == self._today()

    async def open(self) -> None:
        """Begin to keep account. Raises Unavailable, unless no limit binds people: then it is tried again later."""
        try:
            await self._open()
        except Unavailable as error:
            if binds(self._budget.limits("", costs=True)):
                raise
            logger.error("What is used is written down later: %s", error)

    async def close(self) -> None:
        """Write down what is still owed, tell what was used last, and keep no more account."""
        await asyncio.gather(*self._given_back, return_exceptions=True)
        if self._owed:
            await self._settle_owed()
        await self._telling.close()
        try:
            await self._on_disk(self._store.close)
        except SenterError as error:
            logger.error("%s", error)

    async def check(self) -> list[Check]:
        """Whether account is kept, and something is left for today."""
        set_aside = await asyncio.to_thread(self._store.damaged)
        await self._settle_owed()
        checks = []
        try:
            damage = await self._on_disk(self._store.check)
            checks.append(Check("budget", *self._budget.warning(await self._read_today())))
        except SenterError as error:
            damage = str(error)
        checks.append(Check("use of models", "fail" if damage else "ok", damage))
        return [*checks, *self._budget.unpriced(self._costs)] + [
            Check("damaged use of models", "warn", f"look into {file}, or delete it") for file in set_aside
        ]

    def answers(self) -> bool:
        """Whether the disk answers."""
        return self._on_disk.answers()

    @contextlib.asynccontextmanager
    async def paying(self, provider: Provider, job: Job) -> AsyncIterator[None]:
        """Reserve what asking may use, and settle at the end of the block what it did.

        Who refuses before anything of an answer came charges nothing. The block never waits for the settling, and
        what cannot be written down now is with the next request. A request that no limit binds goes on when nothing
        can be reserved for it within SHORT_SECONDS; what it uses is counted unless this process is killed before.
        Raises BudgetSpent, and for a request that a limit binds Unavailable when nothing can be reserved.
        """
        sent = estimate(job.texts())
        reservation = await self._reserve(provider, job, sent)
        reached = True
        try:
            yield
        except SenterError:
            reached = job.began or bool(job.tokens_in)
            raise
        finally:
            self._owe(self._settlement(reservation, provider, job, sent) if reached else _nothing(reservation))

    async def _reserve(self, provider: Provider, job: Job, sent: int) -> Reservation:
        account, answer = job.options.account, max(0, job.options.max_tokens)
        costs = [cost for told, cost in self._costs.get(provider, ()) if self._now() - told < LATELY]
        asked = Use(sent + answer, max([self._budget.cost(provider, sent, answer), *costs]))
        usual = self._budget.usual(provider)
        usual = Use(usual.tokens, max(usual.cost, min(costs, default=0.0)))
        limits = self._budget.limits(account, costs=not provider.here or provider in self._costs)
        wanted = (self._today(), account, asked, limits, usual)
        try:
            if binds(limits):
                await self._settle_owed()
                return await self._reserved(wanted, None)
            return await self._reserved_soon(wanted)
        except Refused as refused:
            if refused.key == day_key(self._today()):
                self._spent_on = self._today()
            self._telling.refused(refused)
            raise BudgetSpent(str(refused)) from None

    async def _reserved_soon(self, wanted: _Wanted) -> Reservation:
        """Reserve, or go on without it: at once while one that took too long is still under way."""
        day, account, *_ = wanted
        if self._owed:
            self._begin_to_settle()
        if self._given_back:
            return Reservation(0, day, account)
        try:
            return await self._reserved(wanted, SHORT_SECONDS)
        except (TimeoutError, Unavailable) as error:
            logger.warning(
                "Nothing is reserved for a request that no limit binds: %s", str(error) or "it takes too long"
            )
            return Reservation(0, day, account)

    async def _reserved(self, wanted: _Wanted, seconds: float | None) -> Reservation:
        """Reserve within so many seconds; what is reserved later, or for a request that is gone, is given back."""
        reserving = asyncio.ensure_future(self._on_disk(self._store.reserve, *wanted))
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(reserving)
        except (TimeoutError, asyncio.CancelledError):
            task = asyncio.create_task(self._give_back(reserving))
            self._given_back.add(task)
            task.add_done_callback(self._given_back.discard)
            raise

    def _settlement(self, reservation: Reservation, provider: Provider, job: Job, sent: int) -> Settlement:
        """What was used, estimated where the provider told nothing."""
        received = estimate([job.text, *(call.name + call.arguments for call in job.tools.values())]) + job.thought
        tokens_in, tokens_out = count(job.tokens_in, sent), count(job.tokens_out, received)
        cost = told_cost(job.cost)
        if cost:
            self._costs.setdefault(provider, deque(maxlen=MOST_COSTS)).append((self._now(), cost))
        cost = cost or self._budget.cost(provider, tokens_in, tokens_out)
        return Settlement(reservation, provider.name, provider.model, tokens_in, tokens_out, cost)

    def _owe(self, settlement: Settlement) -> None:
        self._owed.append(settlement)
        self._begin_to_settle()

    def _begin_to_settle(self) -> asyncio.Task[None]:
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle())
        return self._settling

    async def _settle_owed(self) -> None:
        if self._owed or not self._is_open:
            await asyncio.shield(self._begin_to_settle())

    async def _settle(self) -> None:
        try:
            if not self._is_open:
                await self._open()
            while self._owed:
                written, day = list(self._owed), self._today()
                used = await self._on_disk(self._store.settle, written, day)
                self._read = day, used.tokens
                del self._owed[: len(written)]
                self._telling.count(
                    one.reservation.day for one in written if one.tokens_in or one.tokens_out or one.cost
                )
        except SenterError as error:
            logger.error("What %d requests have used is written down later: %s", len(self._owed), error)

    async def _give_back(self, reserving: "asyncio.Future[Reservation]") -> None:
        """Settle a reservation whose request did not wait until it was made."""
        try:
            self._owe(_nothing(await reserving))
        except SenterError as error:
            logger.info("Nothing was reserved for a request that did not wait for it: %s", error)

    async def _open(self) -> None:
        await self._on_disk(self._store.open)
        self._is_open = True
        await self._read_today()
        self._telling.begin()

    async def _read_today(self) -> Use:
        day = self._today()
        used = await self._on_disk(self._store.spent, day)
        self._read = day, used.tokens
        return used

    def _today(self) -> str:
        return self._now().date().isoformat()

    def _owed_on(self, day: str) -> int:
        return sum(owed.tokens_in + owed.tokens_out for owed in self._owed if owed.reservation.day == day)


def _nothing(reservation: Reservation) -> Settlement:
    return Settlement(reservation, "", "", 0, 0, 0.0)
