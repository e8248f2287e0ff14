"""What a model worker does: it puts questions to the first provider that is there, and passes on the answers."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from senter.bus.signatures import Check
from senter.errors import InvalidArgument, ModelFailed, NoModel, SenterError
from senter.models import request
from senter.models.deltas import Deltas
from senter.models.job import Ended, Job
from senter.models.providers import Provider
from senter.models.request import CANCELLED, ERROR, OK, SETUP, GenerateOptions, Manner, Message, Outcome, Piece
from senter.settings import ModelSettings

LOADING, READY, BUSY, UNAVAILABLE = "loading", "ready", "busy", "unavailable"

logger = logging.getLogger(__name__)


class Chat(Protocol):
    """How providers are spoken with."""

    async def look(self, provider: Provider) -> None:
        """See whether a provider is there, without waking a model; raises NoModel, which says who and why."""

    def stream(
        self, provider: Provider, model: str, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncIterator[Piece]:
        """Ask; raises NoModel when the next provider should be asked, ModelFailed when the request has failed."""


class ModelService:
    """A model worker without bus and network of its own.

    ``left(caller)`` returns when a caller has left the bus. ``delta(caller, id, text)`` and
    ``finished(caller, id, outcome word, outcome)`` take what is to be told to one caller, ``changed()`` is called
    when the state may be another one; set them before ``start``.
    """

    def __init__(
        self,
        settings: ModelSettings,
        manner: Manner,
        providers: Sequence[Provider],
        chat: Chat,
        left: Callable[[str], Awaitable[None]],
    ) -> None:
        self.delta: Callable[[str, str, str], object] = _nobody_listens
        self.finished: Callable[[str, str, str, Outcome], object] = _nobody_listens
        self.changed: Callable[[], object] = _nobody_listens
        self.model = ""
        self.provider = ""
        self.requests_processed = 0
        self._settings = settings
        self._manner = manner
        self._providers = providers
        self._chat = chat
        self._left = left
        self._jobs: dict[tuple[str, str], Job] = {}
        self._found = False
        self._missing = ""
        self._looking: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """``loading``, ``ready``, ``busy`` or ``unavailable``."""
        if self._jobs:
            return BUSY
        if self._found:
            return READY
        return UNAVAILABLE if self._missing else LOADING

    async def start(self) -> None:
        """Begin to look for a provider, in the background and without waking a model."""
        self._looking = asyncio.create_task(self._look_around())

    async def stop(self) -> None:
        """Cancel everything; the callers are told."""
        tasks = [task for job in self._jobs.values() for task in job.tasks]
        tasks += [self._looking] if self._looking else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def is_healthy(self) -> bool:
        """Whether the loop turns, which it does when this is asked; nothing here blocks it."""
        return True

    def is_busy(self) -> bool:
        """Whether a request is being worked on."""
        return bool(self._jobs)

    def status(self) -> str:
        """``idle; llama3.2 on ollama, 12 requests``, ``thinking for 2 callers``, or why there is no model."""
        if self._jobs:
            callers = len({job.caller for job in self._jobs.values()})
            return f"thinking for {callers} {'caller' if callers == 1 else 'callers'}"
        if not self._found:
            return self._missing.removeprefix("there is ") or "looking for a language model"
        where = f"{self.model} on {self.provider}" if self.model else self.provider
        count = self.requests_processed
        return f"idle; {where}, {count} {'request' if count == 1 else 'requests'}"

    async def generate(
        self, caller: str, request_id: str, rows: Sequence[dict[str, Any]], options: GenerateOptions
    ) -> None:
        """Begin to answer a conversation; what comes of it is told to the caller. Raises InvalidArgument."""
        request.check_id(request_id)
        if (caller, request_id) in self._jobs:
            raise InvalidArgument(f"request_id {request_id!r} is already being worked on")
        ended = partial(self.finished, caller, request_id)
        self._begin(caller, request_id, rows, options, partial(self.delta, caller, request_id), ended)

    async def complete(self, caller: str, prompt: str) -> str:
        """Answer one question. Raises NoModel, ModelFailed, InvalidArgument, or Unavailable when cancelled."""
        answered: asyncio.Future[tuple[str, Outcome]] = asyncio.get_running_loop().create_future()
        rows = [{"role": request.USER, "content": prompt}]

        def ended(word: str, outcome: Outcome) -> None:
            answered.set_result((word, outcome))

        self._begin(caller, uuid.uuid4().hex, rows, GenerateOptions(), _nobody_listens, ended)
        word, outcome = await answered
        request.require_ok(word, outcome)
        return outcome.text

    async def cancel(self, caller: str, request_id: str) -> None:
        """Stop working on a request of this caller; one that is unknown or over is nothing to stop."""
        if job := self._jobs.get((caller, request_id)):
            job.tasks[0].cancel()

    async def check(self) -> list[Check]:
        """Who can be asked for an answer."""
        checks = []
        await self._look_around()
        for provider in self._providers:
            try:
                await self._chat.look(provider)
                checks.append(Check(provider.name, "ok", ""))
            except NoModel as reason:
                checks.append(Check(provider.name, "warn" if self._found else "fail", f"{reason}; {SETUP}"))
        return checks or [Check("providers", "fail", f"config.toml names none; {SETUP}")]

    def _begin(
        self,
        caller: str,
        request_id: str,
        rows: Sequence[dict[str, Any]],
        options: GenerateOptions,
        delta: Callable[[str], object],
        ended: Ended,
    ) -> None:
        request.check_options(options)
        messages = request.in_manner(request.messages_of(rows), self._manner)
        chosen = replace(options, max_tokens=options.max_tokens or self._manner.max_tokens)
        job = Job(caller, request_id, messages, chosen, Deltas(delta), ended)
        self._jobs[caller, request_id] = job
        work = asyncio.create_task(self._work(job))
        work.add_done_callback(partial(self._end, job))
        job.tasks += [work, asyncio.create_task(self._cancel_when_left(caller, work))]
        self.changed()

    async def _cancel_when_left(self, caller: str, work: asyncio.Task[None]) -> None:
        with contextlib.suppress(SenterError):
            await self._left(caller)
        work.cancel()

    async def _work(self, job: Job) -> None:
        try:
            async with asyncio.timeout(job.options.seconds):
                await self._ask_in_turn(job)
        except TimeoutError:
            raise ModelFailed(f"{job.provider} did not finish within {job.options.seconds:g} s") from None
        if job.options.json_schema and request.parsed("".join(job.pieces)) is None:
            raise ModelFailed(f"{job.provider} did not answer with the JSON it was asked for")

    async def _ask_in_turn(self, job: Job) -> None:
        """Ask the first provider that is there and has the model. Raises NoModel when none is, ModelFailed."""
        reasons = []
        for provider in self._providers:
            job.provider, job.model = provider.name, self._model_of(provider)
            try:
                await self._chat.look(provider)
                self._remember(provider.name, job.model, "")
                await self._listen(job, provider)
                self._remember(provider.name, job.model, "")
                return
            except NoModel as reason:
                reasons.append(str(reason))
        job.provider = job.model = ""
        self._remember("", "", _no_model(reasons))
        raise NoModel(_no_model(reasons))

    async def _listen(self, job: Job, provider: Provider) -> None:
        answer = self._chat.stream(provider, self._settings.model, job.messages, job.options)
        async with contextlib.aclosing(answer) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                job.take(piece)
                if job.full:
                    return

    def _end(self, job: Job, work: asyncio.Task[None]) -> None:
        del self._jobs[job.caller, job.id]
        for task in job.tasks:
            task.cancel()
        error = None if work.cancelled() else work.exception()
        if error and not isinstance(error, SenterError):
            logger.error("A request failed", exc_info=error)
            error = ModelFailed("internal error, see the journal: senter logs")
        self.requests_processed += 1
        word = CANCELLED if work.cancelled() else ERROR if error else OK
        job.deltas.flush()
        job.ended(word, job.outcome(str(error or "")))
        self.changed()

    async def _look_around(self) -> None:
        """Find the first provider that is there; the properties tell of it."""
        reasons = []
        for provider in self._providers:
            try:
                await self._chat.look(provider)
            except NoModel as reason:
                reasons.append(str(reason))
            else:
                self._remember(provider.name, self._model_of(provider), "")
                break
        else:
            self._remember("", "", _no_model(reasons))
        self.changed()

    def _remember(self, provider: str, model: str, missing: str) -> None:
        self.provider, self.model, self._missing = provider, model, missing
        self._found = not missing

    def _model_of(self, provider: Provider) -> str:
        return "" if provider.embedded else self._settings.model


def _no_model(reasons: list[str]) -> str:
    return f"there is no language model: {'; '.join(reasons or ['config.toml names no provider'])}; {SETUP}"


def _nobody_listens(*_: object) -> None:
    """Nobody wants to know."""
