"""Pays for requests: reserves before a provider is asked what it may use, and settles afterwards what it did."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime

from senter.bus.signatures import Check
from senter.database import Disk
from senter.errors import BudgetSpent, SenterError
from senter.models.job import Job
from senter.models.providers.provider import Provider
from senter.models.usage.budget import Budget, Refused, Use, count, estimate, told_cost
from senter.models.usage.store import Reservation, Settlement, UsageStore
from senter.reporter.notice import NotifyOptions
from senter.wording import one_line, shortened

TITLE = "The budget for language models"

Notify = Callable[[str, str, NotifyOptions], Awaitable[object]]

logger = logging.getLogger(__name__)


class Purse:
    """What one worker may use.

    ``now`` is the local time, whose date is the day. ``notify(title, text, options)`` tells the person, once for
    each day or goal whose budget is spent; it raises SenterError when it could not.
    """

    def __init__(self, store: UsageStore, budget: Budget, now: Callable[[], datetime], notify: Notify) -> None:
        self._store = store
        self._budget = budget
        self._now = now
        self._notify = notify
        self._on_disk = Disk()
        self._read = ("", 0)
        self._owed: list[Settlement] = []
        self._settling: asyncio.Task[None] | None = None
        self._given_back: set[asyncio.Task[None]] = set()
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._told: set[str] = set()
        self._charging: set[Provider] = set()

    @property
    def tokens_today(self) -> int:
        """How many tokens both workers have used since midnight, as far as this one knows."""
        day, tokens = self._read
        today = self._today()
        return (tokens if day == today else 0) + self._owed_on(today)

    async def open(self) -> None:
        """Begin to keep account. Raises Unavailable."""
        await self._on_disk(self._store.open)
        await self._read_today()

    async def close(self) -> None:
        """Write down what is still owed, and keep no more account."""
        telling = list(self._telling.values())
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, *self._given_back, return_exceptions=True)
        await self._settle_owed()
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
        return checks + [
            Check("damaged use of models", "warn", f"look into {file}, or delete it") for file in set_aside
        ]

    def answers(self) -> bool:
        """Whether the disk answers."""
        return self._on_disk.answers()

    @contextlib.asynccontextmanager
    async def paying(self, provider: Provider, job: Job) -> AsyncIterator[None]:
        """Reserve what asking may use, and settle at the end of the block what it did.

        Who refuses before a word of an answer charges nothing. The block never waits for the settling, and what
        cannot be written down now is with the next request.
        Raises BudgetSpent, or Unavailable when nothing can be reserved.
        """
        sent = estimate(job.texts())
        reservation = await self._reserve(provider, job, sent)
        reached = True
        try:
            yield
        except SenterError:
            reached = bool(job.pieces or job.tools or job.tokens_in)
            raise
        finally:
            self._owe(self._settlement(reservation, provider, job, sent) if reached else _nothing(reservation))

    async def _reserve(self, provider: Provider, job: Job, sent: int) -> Reservation:
        await self._settle_owed()
        answer, account = job.options.max_tokens, job.options.account
        asked = Use(sent + answer, self._budget.cost(provider, sent, answer))
        limits = self._budget.limits(account, costs=not provider.here or provider in self._charging)
        reserving = asyncio.ensure_future(self._on_disk(self._store.reserve, self._today(), account, asked, limits))
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            task = asyncio.create_task(self._give_back(reserving))
            self._given_back.add(task)
            task.add_done_callback(self._given_back.discard)
            raise
        except Refused as refused:
            self._tell(refused)
            raise BudgetSpent(str(refused)) from None

    def _settlement(self, reservation: Reservation, provider: Provider, job: Job, sent: int) -> Settlement:
        """What was used, estimated where the provider told nothing."""
        received = estimate([job.text, *(call.name + call.arguments for call in job.tools.values())])
        tokens_in, tokens_out = count(job.tokens_in, sent), count(job.tokens_out, received)
        cost = told_cost(job.cost)
        if cost:
            self._charging.add(provider)
        cost = cost or self._budget.cost(provider, tokens_in, tokens_out)
        return Settlement(reservation, provider.name, shortened(one_line(job.model)), tokens_in, tokens_out, cost)

    def _owe(self, settlement: Settlement) -> None:
        self._owed.append(settlement)
        self._begin_to_settle()

    def _begin_to_settle(self) -> asyncio.Task[None]:
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle())
        return self._settling

    async def _settle_owed(self) -> None:
        if self._owed:
            await asyncio.shield(self._begin_to_settle())

    async def _settle(self) -> None:
        try:
            while self._owed:
                written, day = list(self._owed), self._today()
                used = await self._on_disk(self._store.settle, written, day)
                self._read = day, used.tokens
                del self._owed[: len(written)]
        except SenterError as error:
            logger.error("What %d requests have used is written down later: %s", len(self._owed), error)

    async def _give_back(self, reserving: "asyncio.Future[Reservation]") -> None:
        """Settle a reservation whose request was cancelled before it was made."""
        try:
            self._owe(_nothing(await reserving))
        except SenterError as error:
            logger.info("Nothing was reserved for a request that was cancelled: %s", error)

    async def _read_today(self) -> Use:
        day = self._today()
        used = await self._on_disk(self._store.spent, day)
        self._read = day, used.tokens
        return used

    def _today(self) -> str:
        return self._now().date().isoformat()

    def _owed_on(self, day: str) -> int:
        return sum(owed.tokens_in + owed.tokens_out for owed in self._owed if owed.reservation.day == day)

    def _tell(self, refused: Refused) -> None:
        if refused.key not in self._told and refused.key not in self._telling:
            self._telling[refused.key] = asyncio.create_task(self._tell_once(refused))

    async def _tell_once(self, refused: Refused) -> None:
        sentence = str(refused)
        try:
            await self._notify(TITLE, sentence[0].upper() + sentence[1:], NotifyOptions(key=refused.key))
            self._told.add(refused.key)
        except SenterError as error:
            logger.warning("Nobody was told that a budget is spent: %s", error)
        finally:
            del self._telling[refused.key]


def _nothing(reservation: Reservation) -> Settlement:
    return Settlement(reservation, "", "", 0, 0, 0.0)
