"""Tells the person of the use of models, through the reporter: which budgets are spent, and what a day has cost.

Nobody waits for it, and nothing fails because of it. What a day has cost is an absolute figure of both workers, so
that either may tell it, and telling it again harms nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Protocol

from senter.errors import InvalidArgument, SenterError
from senter.models.usage.budget import NOTHING, Refused, Use
from senter.reporter.notice import NotifyOptions

TITLE, TYPE = "The budget for language models", "budget"
SECTION = "costs"

DAYS_TOLD = 8
"""How long digests may tell what a day has cost, that day included: the machine may be off for some of them."""

MOST_TOLD, MOST_TELLING = 300, 20
"""How many budgets are remembered to be spent, and told at the same time."""

START_SECONDS = 1.0
"""After a start, before the reporter is told what was used until then."""
APART_SECONDS = 60.0
"""At least, between two tellings of what is used."""
LAST_SECONDS = 2.0
"""How long a worker that leaves tries to tell what was used."""

CENT = 0.01

logger = logging.getLogger(__name__)


class Reporter(Protocol):
    """Tells the person; its methods raise SenterError when it could not take something."""

    async def notify(self, title: str, body: str, options: NotifyOptions) -> object:
        """Show it, once for a key."""

    async def tell(self, section: str, key: str, lines: Sequence[str], until: int) -> None:
        """Have digests tell these lines until a time (µs)."""


class Telling:
    """Tells the reporter of budgets and costs.

    ``used(day)`` is what both workers have used on a day; it raises SenterError. ``now`` is the local time.
    ``is_wanted`` says whether Senter is to do something by itself: while everything is stopped the reporter is not
    woken for the costs, which are told after the next start of a worker.
    """

    def __init__(
        self,
        reporter: Reporter,
        used: Callable[[str], Awaitable[Use]],
        now: Callable[[], datetime],
        is_wanted: Callable[[], Awaitable[bool]],
    ) -> None:
        self._reporter = reporter
        self._used = used
        self._now = now
        self._is_wanted = is_wanted
        self._spent: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, None] = {}
        self._days: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None
        self._flows = False
        self._earliest = 0.0

    def refused(self, refused: Refused) -> None:
        """Tell the person of a budget that is spent, unless that was done."""
        if refused.key in self._told:
            self._remember(refused.key)
        elif refused.key and refused.key not in self._spent and len(self._spent) < MOST_TELLING:
            self._spent[refused.key] = asyncio.create_task(self._tell_once(refused))

    def begin(self) -> None:
        """Tell soon what was used on the days that digests may tell: an earlier process may have been killed."""
        today = self._now().date()
        self._days |= {(today - timedelta(days=days)).isoformat() for days in range(DAYS_TOLD)}
        self._tell_in(START_SECONDS)

    def count(self, days: Iterable[str]) -> None:
        """Something was used on these days: tell what, now, or when the last telling is long enough ago."""
        days = set(days)
        if days:
            self._days |= days
            self._flows = True
            self._tell_in(self._earliest - asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Tell what was used last, if that takes no time, and nothing any more."""
        spent = list(self._spent.values())
        for task in spent:
            task.cancel()
        await asyncio.gather(*spent, return_exceptions=True)
        self._forget_timer()
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if self._telling:
                    await self._telling
                await self._tell_days()
        except TimeoutError:
            logger.info("What was used is told after the next start: it takes too long")
        self._forget_timer()

    def _tell_in(self, seconds: float) -> None:
        """Begin to tell what was used in so many seconds or before, unless that is going on."""
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, seconds)
        if not self._telling and not (self._timer and self._timer.when() <= when):
            self._forget_timer()
            self._timer = loop.call_at(when, self._begin_to_tell)

    def _forget_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _begin_to_tell(self) -> None:
        self._timer = None
        if self._flows:
            self._earliest = asyncio.get_running_loop().time() + APART_SECONDS
        self._telling = asyncio.create_task(self._tell_and_go_on())

    async def _tell_and_go_on(self) -> None:
        try:
            is_told = await self._tell_days()
        finally:
            self._telling = None
        if self._days:
            self._tell_in(self._earliest - asyncio.get_running_loop().time() if is_told else APART_SECONDS)

    async def _tell_days(self) -> bool:
        """Tell what was used on the days that the reporter does not know, and whether that went well.

        When it did not, the days stay unknown.
        """
        left, self._days = self._days, set()
        try:
            if left and await self._is_wanted():
                for day in sorted(left):
                    await self._tell_day(day)
                    left.remove(day)
        except SenterError as error:
            logger.info("What was used is told later: %s", error)
        finally:
            self._days |= left
        return not left

    async def _tell_day(self, name: str) -> None:
        use, day = await self._used(name), date.fromisoformat(name)
        if use == NOTHING:
            return
        midnight = datetime.combine(day + timedelta(days=DAYS_TOLD), time()).astimezone()
        until = int(midnight.timestamp() * 1_000_000)
        try:
            await self._reporter.tell(SECTION, f"{SECTION}-{name}", [line_of(day, use)], until)
        except InvalidArgument as error:
            logger.error("The reporter takes what was used at no time: %s", error)

    async def _tell_once(self, refused: Refused) -> None:
        sentence = str(refused)
        options = NotifyOptions(key=refused.key, type=TYPE)
        try:
            await self._reporter.notify(TITLE, sentence[0].upper() + sentence[1:], options)
            self._remember(refused.key)
        except SenterError as error:
            logger.warning("Nobody was told that a budget is spent: %s", error)
        finally:
            del self._spent[refused.key]

    def _remember(self, key: str) -> None:
        """Note that a budget was told; those that have not been asked for longest are forgotten."""
        self._told.pop(key, None)
        self._told[key] = None
        for oldest in list(self._told)[:-MOST_TOLD]:
            del self._told[oldest]


def line_of(day: date, use: Use) -> str:
    """``Sunday 22 November: 120,400 tokens, 1.23``, without the cost when there is none."""
    told = f"{day:%A} {day.day} {day:%B}: {use.tokens:,} {'token' if use.tokens == 1 else 'tokens'}"
    if use.cost >= CENT:
        return f"{told}, {use.cost:,.2f}"
    return f"{told}, less than {CENT}" if use.cost else told
