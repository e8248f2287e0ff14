"""The providers of a worker, asked in turn: the first that answers is it, and who fails is borne with a while."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

from senter.bus.signatures import Check
from senter.errors import BudgetSpent, ModelFailed, NoModel, SenterError, Unavailable
from senter.models.job import Job
from senter.models.providers.circuit import CLOSED, HALF_OPEN, OPEN, REST_SECONDS, Circuit, Entry
from senter.models.providers.gate import Gate, GaveWay
from senter.models.providers.provider import Provider
from senter.models.providers.retry import Passing, Patience
from senter.models.request import SETUP, GenerateOptions, Message, Piece

SLOW_SECONDS = 1.0
"""Who is out of reach and takes longer to be so costs every request as much."""

Ask = Callable[[Provider], Awaitable[None]]

BELIEVED_SECONDS = 30.0
"""How long who has no such model, or refuses the key, is believed without being asked."""

logger = logging.getLogger(__name__)


class Chat(Protocol):
    """How providers are spoken with."""

    async def look(self, provider: Provider) -> None:
        """See whether a provider is there, without waking a model; raises NoModel, which says who and why."""

    async def check(self, providers: Sequence[Provider]) -> list[Check]:
        """What is wrong with the keys for these providers; nothing when all is well."""

    def stream(
        self, provider: Provider, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncIterator[Piece]:
        """Ask; raises NoModel when it cannot be asked, Passing when asking again may help, else ModelFailed."""

    async def embed(self, provider: Provider, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """A vector for each text, and how many tokens they had; raises like ``stream``, Unavailable without any."""


class Purse(Protocol):
    """What may be used of language models."""

    def paying(self, provider: Provider, job: Job) -> contextlib.AbstractAsyncContextManager[None]:
        """Reserve what asking may use, and settle at the end of the block what it did; raises BudgetSpent."""


class Chain:
    """Asks the ``providers``, whoever is not the last of them with an eye on the clock.

    ``reached(provider)`` is called when one is there and will be asked, ``changed()`` when a circuit has another
    state by itself.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        chat: Chat,
        purse: Purse,
        patience: Patience = Patience(),  # noqa: B008 - it cannot change
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.providers = providers
        self.gate = Gate()
        self.reached: Callable[[Provider], object] = lambda _: None
        self.changed: Callable[[], object] = lambda: None
        self._chat = chat
        self._purse = purse
        self._patience = patience
        self._clock = clock
        self._circuits = {provider: Circuit() for provider in providers}
        self._proven: set[Provider] = set()
        self._refusals: dict[Provider, tuple[str, float]] = {}

    def circuit(self) -> str:
        """``open`` when a provider is left alone after failures, ``half-open`` when one is tried again."""
        states = {circuit.state(self._clock()) for circuit in self._circuits.values()}
        return next((state for state in (OPEN, HALF_OPEN) if state in states), CLOSED)

    async def check(self) -> list[Check]:
        """One line for each provider: whether it is there, and is asked."""
        checks: list[Check] = []
        for provider in self.providers:
            try:
                await self._look(provider)
                rest = self._trouble(provider)
                checks.append(Check(provider.name, "warn" if rest else "ok", rest))
            except NoModel as reason:
                checks.append(Check(provider.name, "fail", f"{reason}; {SETUP}"))
        if any(check.verdict != "fail" for check in checks):
            checks = [Check(what, "warn" if verdict == "fail" else verdict, fix) for what, verdict, fix in checks]
        checks = checks or [Check("providers", "fail", f"config.toml names none; {SETUP}")]
        return checks + await self._chat.check(self.providers)

    def _trouble(self, provider: Provider) -> str:
        """Why a provider is not asked although it is there; empty when it is."""
        rest = self._circuits[provider].rest(self._clock())
        return f"{provider.name} failed too often and is left alone for {rest:.0f} s" if rest else ""

    async def look(self) -> tuple[Provider | None, str]:
        """The first provider that is there, without waking a model; or None, and why each is not."""
        reasons = []
        for provider in self.providers:
            try:
                await self._look(provider)
            except NoModel as reason:
                reasons.append(str(reason))
            else:
                return provider, ""
        return None, no_model(reasons)

    async def _look(self, provider: Provider) -> None:
        """See whether a provider can be asked: it is there, and has not just refused. Raises NoModel."""
        await self._chat.look(provider)
        reason, until = self._refusals.get(provider, ("", 0.0))
        if self._clock() < until:
            raise NoModel(reason)

    async def answer(self, job: Job) -> None:
        """Have a request answered by the first provider that can.

        Raises NoModel when none is there, BudgetSpent when none may be used, ModelFailed when none gives an answer,
        or when one breaks off after the caller was told a part of it.
        """
        await self._in_turn(job, partial(self._listen, job))

    async def embed(self, job: Job, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text; raises like ``answer``, and Unavailable where there are no embeddings."""
        vectors: list[list[float]] = []

        async def ask(provider: Provider) -> None:
            vectors[:], job.tokens_in = await self._chat.embed(provider, texts)

        await self._in_turn(job, ask)
        return vectors

    async def _in_turn(self, job: Job, ask: Ask) -> None:
        """Ask one provider after the other until one does it."""
        reasons: list[SenterError] = []
        for provider in self.providers:
            try:
                return await self._persist(job, provider, ask)
            except (BudgetSpent, ModelFailed, NoModel, Unavailable) as reason:
                if job.passed_on:
                    raise
                reasons.append(reason)
        raise _all_of(reasons)

    async def _persist(self, job: Job, provider: Provider, ask: Ask) -> None:
        """Ask one provider until it does it, or has failed too often, or the next one should have its chance."""
        while True:
            if resting := self._trouble(provider):
                raise Unavailable(resting)
            share = None if provider == self.providers[-1] else job.seconds_left() / 2
            try:
                async with asyncio.timeout(share) as job.first_word, self.gate.turn(provider, job.turn):
                    return await self._attempt(job, provider, ask)
            except GaveWay:
                continue
            except TimeoutError:
                if share is None or not job.first_word.expired():
                    raise
                raise ModelFailed(f"{provider.name} did not begin to answer within {share:.3g} s") from None
            except Passing as failure:
                pause = self._pause(job, provider, failure, job.seconds_left() if share is None else share)
            await asyncio.sleep(pause)

    def _pause(self, job: Job, provider: Provider, failure: Passing, longest: float) -> float:
        """Seconds until a provider that failed is asked again. Raises ModelFailed when it should not be."""
        job.retries += 1
        pause = self._patience.pause(job.retries, failure.after)
        if job.passed_on or pause is None or pause > longest or self._trouble(provider):
            raise ModelFailed(str(failure)) from failure
        logger.info("%s is asked again in %.1f s: %s", provider.name, pause, failure)
        return pause

    async def _attempt(self, job: Job, provider: Provider, ask: Ask) -> None:
        """Ask one provider once, and let its circuit know what came of it."""
        circuit, begun = self._circuits[provider], self._clock()
        entry = circuit.enter(begun)
        if entry is None:
            raise Unavailable(
                self._trouble(provider) or f"{provider.name} failed too often and is just tried again"
            )
        try:
            await self._ask_once(job, provider, ask)
        except (Passing, NoModel) as failure:
            slow = self._clock() - begun > SLOW_SECONDS
            self._note(provider, entry, failed=isinstance(failure, Passing) or slow)
            raise
        except asyncio.CancelledError:
            late = job.seconds_left() <= 0 or job.first_word.expired()
            self._note(provider, entry, failed=late and not job.began)
            raise
        except BaseException:
            circuit.left(entry)
            raise
        circuit.succeeded(entry)
        self._proven.add(provider)
        self._refusals.pop(provider, None)

    async def _ask_once(self, job: Job, provider: Provider, ask: Ask) -> None:
        proven = provider in self._proven
        self._proven.discard(provider)
        # who has answered the request before is asked at once: looking takes a millisecond or two
        if not proven:
            await self._chat.look(provider)
        job.begin(provider)
        self.reached(provider)
        async with self._purse.paying(provider, job):
            try:
                await ask(provider)
            except NoModel as refusal:
                # who is there and refuses will go on to do so
                await self._chat.look(provider)
                self._refusals[provider] = str(refusal), self._clock() + BELIEVED_SECONDS
                raise

    def _note(self, provider: Provider, entry: Entry, failed: bool) -> None:
        circuit, now = self._circuits[provider], self._clock()
        if not failed:
            return circuit.left(entry)
        circuit.failed(entry, now)
        if circuit.state(now) == OPEN:
            asyncio.get_running_loop().call_later(REST_SECONDS, self.changed)

    async def _listen(self, job: Job, provider: Provider) -> None:
        """Take an answer piece by piece. Raises Passing when nothing comes any more."""
        answer = self._chat.stream(provider, job.messages, job.options)
        loop, stall, renewed = asyncio.get_running_loop(), self._patience.stall, float("-inf")
        try:
            async with contextlib.aclosing(answer) as pieces, asyncio.timeout(None) as silence:  # type: ignore[type-var]
                async for piece in pieces:
                    now = loop.time()
                    # not with every piece: they come by the thousand
                    if now > renewed + stall / 10:
                        job.first_word.reschedule(None)
                        silence.reschedule(now + 1.1 * stall)
                        renewed = now
                    job.take(piece)
                    if job.full:
                        return
        except TimeoutError:
            if silence.expired():
                raise Passing(f"{provider.name} said nothing more for {self._patience.stall:g} s") from None
            raise


def no_model(reasons: Sequence[object]) -> str:
    """The sentence that says why there is no language model."""
    told = "; ".join(map(str, reasons)) or "config.toml names no provider"
    return f"there is no language model: {told}; {SETUP}"


def _all_of(reasons: Sequence[SenterError]) -> SenterError:
    """One error for what each provider did: that of the first that was there, NoModel when none was."""
    failures = [reason for reason in reasons if not isinstance(reason, NoModel)]
    if not failures:
        return NoModel(no_model(reasons))
    reasons = [*failures, *(reason for reason in reasons if isinstance(reason, NoModel))]
    kind = next(kind for kind in (BudgetSpent, Unavailable, ModelFailed) if isinstance(failures[0], kind))
    return kind("; ".join(dict.fromkeys(str(reason) for reason in reasons)))
