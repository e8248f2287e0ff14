"""What a model worker does: it puts questions to its providers, and passes on the answers."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from senter.bus.signatures import Check
from senter.errors import Busy, Internal, InvalidArgument, ModelFailed, NoModel, SenterError, Unavailable
from senter.models import request
from senter.models.deltas import Deltas
from senter.models.job import Ended, Job
from senter.models.providers.chain import Chain
from senter.models.providers.circuit import CLOSED
from senter.models.providers.lanes import Neighbour
from senter.models.providers.provider import Provider
from senter.models.providers.warmth import Warmth
from senter.models.request import CANCELLED, ERROR, INTERACTIVE, OK, GenerateOptions, Manner, Outcome
from senter.models.usage.purse import Purse

LOADING, READY, BUSY, UNAVAILABLE = "loading", "ready", "busy", "unavailable"
MOST_REQUESTS, MOST_IN_BACKGROUND = 200, 150
"""That are worked on or wait; one more is refused. Where work in the background is, people still have room."""

logger = logging.getLogger(__name__)

Work = Callable[[Job], Awaitable[None]]
Follow = Callable[[Callable[[Neighbour], object]], Awaitable[None]]


class ModelService:
    """A model worker without bus and network of its own.

    ``left(caller)`` returns when a caller has left the bus; ``follow(tell)`` tells what a worker that goes first
    does, and does not return. ``delta(caller, id, text)`` and ``finished(caller, id, outcome word, outcome)`` take
    what is to be told to one caller, ``changed()`` is called when a property may be another one; set them before
    ``start``.
    """

    def __init__(
        self,
        manner: Manner,
        chain: Chain,
        purse: Purse,
        warmth: Warmth,
        left: Callable[[str], Awaitable[None]],
        follow: Follow | None = None,
    ) -> None:
        self.delta: Callable[[str, str, str], object] = _nobody_listens
        self.finished: Callable[[str, str, str, Outcome], object] = _nobody_listens
        self.changed: Callable[[], object] = _nobody_listens
        self.model = ""
        self.provider = ""
        self.requests_processed = 0
        self.chain = chain
        self.purse = purse
        self._manner = manner
        self._warmth = warmth
        self._left = left
        self._follow = follow
        self._jobs: dict[tuple[str, str], Job] = {}
        self._answered, self._milliseconds = 0, 0.0
        self._missing = ""
        self._warming = 0
        self._background: list[asyncio.Future[Any]] = []
        chain.reached, chain.changed, chain.gate.moved = self._reached, self._tell_changed, self._tell_changed

    @property
    def state(self) -> str:
        """``loading``, ``ready``, ``busy`` or ``unavailable``."""
        if self._jobs:
            return BUSY
        if self._warming or not (self.provider or self._missing):
            return LOADING
        return READY if self.provider else UNAVAILABLE

    @property
    def waited_for(self) -> bool:
        """Whether somebody waits for an answer."""
        return any(job.options.lane == INTERACTIVE for job in self._jobs.values())

    @property
    def mean_milliseconds(self) -> float:
        """How long an answer took since the worker started, on average; 0 before the first."""
        return self._milliseconds / self._answered if self._answered else 0.0

    async def start(self) -> None:
        """Begin to keep account and to look for a provider, without waking a model. Raises Unavailable."""
        await self.purse.open()
        self._background = [asyncio.ensure_future(self._look_around())]
        if self._follow:
            self._background.append(asyncio.ensure_future(self._follow(self.chain.gate.meet)))
        for work in self._background:
            work.add_done_callback(_log_break_down)
        self._warmth.watch(self.unload)

    async def stop(self) -> None:
        """Cancel everything; the callers are told."""
        tasks = [*(task for job in self._jobs.values() for task in job.tasks), *self._background]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._warmth.stop()
        await self.purse.close()

    def is_healthy(self) -> bool:
        """Whether the disk answers; the loop turns when this is asked, and nothing else here blocks it."""
        return self.purse.answers()

    def is_busy(self) -> bool:
        """Whether a request is being worked on, or a model may have to be taken out of memory."""
        return bool(self._jobs or self._warming) or self._warmth.is_kept()

    def status(self) -> str:
        """``idle; llama3.2 on ollama, 1,200 tokens today``, or who is answered, or why there is no model."""
        if self._jobs:
            callers = len({job.caller for job in self._jobs.values()})
            told = f"thinking for {callers} {'caller' if callers == 1 else 'callers'}"
        elif self.provider:
            told = "idle; " + (f"{self.model} on {self.provider}" if self.model else self.provider)
        else:
            return self._missing.removeprefix("there is ") or "looking for a language model"
        if tokens := self.purse.tokens_today:
            told += f", {tokens:,} tokens today"
        told += ", the budget is spent" if self.purse.is_spent else ""
        return told if self.chain.circuit() == CLOSED else f"{told}; one provider is left alone after failures"

    async def generate(
        self, caller: str, request_id: str, rows: Sequence[dict[str, Any]], options: GenerateOptions
    ) -> None:
        """Begin to answer a conversation; what comes of it is told to the caller.

        Raises InvalidArgument, Busy when too many requests wait.
        """
        request.check_id(request_id)
        if (caller, request_id) in self._jobs:
            raise InvalidArgument(f"request_id {request_id!r} is already being worked on")
        ended = partial(self.finished, caller, request_id)
        job = self._job(caller, request_id, rows, options, partial(self.delta, caller, request_id), ended)
        self._begin(job, self._answer)

    async def complete(self, caller: str, prompt: str) -> str:
        """Answer one question. Raises the error of the request, or Unavailable when it was cancelled."""
        job = await self._wait(caller, [{"role": request.USER, "content": prompt}], self._answer)
        return job.text

    async def embed(self, caller: str, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text. Raises like ``complete``, InvalidArgument, Unavailable without any."""
        request.check_texts(texts)
        vectors: list[list[float]] = []

        async def work(job: Job) -> None:
            job.only_reads()
            vectors[:] = await self.chain.embed(job, texts)

        await self._wait(caller, [{"role": request.USER, "content": text} for text in texts], work)
        return vectors

    async def cancel(self, caller: str, request_id: str) -> None:
        """Stop working on a request of this caller; one that is unknown or over is nothing to stop."""
        if job := self._jobs.get((caller, request_id)):
            job.tasks[0].cancel()

    async def warm(self) -> None:
        """Load the model of the first provider that is there. Raises NoModel, ModelFailed."""
        self._warming += 1
        try:
            provider = await self._look_around()
            if provider is None:
                raise NoModel(self._missing)
            await self._warmth.warm(provider)
        finally:
            self._warming -= 1
            self._tell_changed()

    async def unload(self) -> None:
        """Give the memory of the model back, as soon as it is no longer used."""
        while self._jobs:
            await asyncio.wait([job.tasks[0] for job in self._jobs.values()])
        await self._warmth.unload()

    async def check(self) -> list[Check]:
        """Who can be asked for an answer, and whether it may be."""
        await self._look_around()
        return await self.chain.check() + await self.purse.check()

    async def _wait(self, caller: str, rows: Sequence[dict[str, Any]], work: Work) -> Job:
        """Have a request worked on, and return it when it is done."""
        answered: asyncio.Future[tuple[str, Outcome]] = asyncio.get_running_loop().create_future()

        def ended(word: str, outcome: Outcome) -> None:
            if not answered.done():
                answered.set_result((word, outcome))

        job = self._job(caller, uuid.uuid4().hex, rows, GenerateOptions(), _nobody_listens, ended)
        self._begin(job, work)
        request.require_ok(*await answered)
        return job

    def _job(
        self,
        caller: str,
        request_id: str,
        rows: Sequence[dict[str, Any]],
        options: GenerateOptions,
        delta: Callable[[str], object],
        ended: Ended,
    ) -> Job:
        """A request that is well-formed. Raises InvalidArgument, Busy."""
        request.check_options(options)
        messages = request.in_manner(request.messages_of(rows), self._manner)
        chosen = request.with_usual(options, self._manner)
        most = MOST_REQUESTS if chosen.lane == INTERACTIVE else MOST_IN_BACKGROUND
        if len(self._jobs) >= most:
            raise Busy(f"{len(self._jobs)} requests are being worked on or wait; try again later")
        return Job(caller, request_id, messages, chosen, Deltas(delta), ended)

    def _begin(self, job: Job, work: Work) -> None:
        self._jobs[job.caller, job.id] = job
        self._tell_changed()
        working = asyncio.create_task(self._work(job, work))
        working.add_done_callback(partial(self._end, job))
        job.tasks += [working, asyncio.create_task(self._cancel_when_left(job.caller, working))]

    def _tell_changed(self) -> None:
        """Call ``changed`` in a moment, where its failure is nobody else's."""
        asyncio.get_running_loop().call_soon(self.changed)

    async def _cancel_when_left(self, caller: str, working: asyncio.Task[None]) -> None:
        with contextlib.suppress(SenterError):
            await self._left(caller)
        working.cancel()

    async def _work(self, job: Job, work: Work) -> None:
        try:
            async with asyncio.timeout(job.options.seconds):
                await work(job)
        except TimeoutError:
            if job.asked:
                raise ModelFailed(f"{job.provider} did not finish within {job.options.seconds:g} s") from None
            raise Unavailable(f"others were first, and no turn came within {job.options.seconds:g} s") from None

    async def _answer(self, job: Job) -> None:
        await self.chain.answer(job)
        if job.asked:
            self._warmth.used(job.asked)
        if job.options.json_schema and request.parsed(job.text) is None:
            raise ModelFailed(f"{job.provider} did not answer with the JSON it was asked for")

    def _end(self, job: Job, working: asyncio.Task[None]) -> None:
        del self._jobs[job.caller, job.id]
        for task in job.tasks:
            task.cancel()
        error = None if working.cancelled() else _told(working.exception())
        self.requests_processed += 1
        if isinstance(error, NoModel):
            job.provider = job.model = self.provider = self.model = ""
            self._missing = str(error)
        if not error and not working.cancelled():
            self._answered += 1
            self._milliseconds += job.milliseconds()
            self.model = job.model
        self._tell_changed()
        job.ended(CANCELLED if working.cancelled() else ERROR if error else OK, job.outcome(error))

    async def _look_around(self) -> Provider | None:
        """Find the first provider that is there; the properties tell of it."""
        provider, self._missing = await self.chain.look()
        if provider is None:
            self.provider = self.model = ""
            self._tell_changed()
        else:
            self._reached(provider)
        return provider

    def _reached(self, provider: Provider) -> None:
        if self.provider == provider.name and self.model and not self._missing:
            return
        self.provider, self.model, self._missing = provider.name, provider.model, ""
        self._tell_changed()


def _told(error: BaseException | None) -> SenterError | None:
    """What a caller is told of an error; one that nobody expected is for the journal."""
    if error is None or isinstance(error, SenterError):
        return error
    logger.error("A request failed", exc_info=error)
    return Internal("internal error, see the journal: senter logs")


def _log_break_down(work: asyncio.Future[Any]) -> None:
    if not work.cancelled() and (error := work.exception()):
        logger.error("What goes on in the background broke down", exc_info=error)


def _nobody_listens(*_: object) -> None:
    """Nobody wants to know."""
