"""The model workers, as other rooms and the command line see them."""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import Room
from senter.bus.signals import name_changes
from senter.bus.signatures import Check, from_dict, options_to_send, pack
from senter.errors import NotRunning, SenterError, Unavailable
from senter.models.answer import Sentences
from senter.models.following import Following
from senter.models.providers.lanes import Neighbour
from senter.models.request import MANNERS, GenerateOptions, Outcome, require_ok

GRACE = 30.0
"""Seconds after the deadline of a request within which its worker has to tell so."""
CANCEL_TIMEOUT = 2.0
WARM_TIMEOUT = 300.0
BUS_PATIENCE = 10.0
"""Seconds that a request waits for whoever reopens the connection; a room does that, a command does not."""
TRIES = 3

ACCOUNTS = ("budget", "use of models")
"""The rows of ``check`` that are about what may be used; the others are about who can be asked."""

logger = logging.getLogger(__name__)


class ModelClient:
    """Calls to one worker, ``PRIMARY`` or ``RESEARCH``; each raises the errors of ``Peer.call``."""

    def __init__(self, connection: Connection, room: Room) -> None:
        self._connection = connection
        self._room = room
        self._peer = Peer(connection, room)
        self._returns, self._back = 0, asyncio.Event()
        connection.on_reopened(self._come_back)
        self._usual_seconds = MANNERS[room.instance].deadline_ms / 1000

    async def generate(
        self,
        messages: Sequence[dict[str, str]],
        options: GenerateOptions | None = None,
        on_text: Callable[[str], object] = lambda _: None,
        on_sentence: Callable[[str], object] | None = None,
    ) -> Outcome:
        """Have a conversation answered.

        A message has ``role`` (``system``, ``user``, ``assistant``) and ``content``. ``on_text`` is called with
        each part of the answer as it comes, ``on_sentence`` with each sentence as soon as it is complete. Raises
        NoModel when there is no language model, BudgetSpent when none may be used, ModelFailed when it gave no
        answer that can be used, InvalidArgument, Unavailable when the worker went away or the deadline has long
        passed. Whatever ends this early also ends the work.
        """
        chosen = options or GenerateOptions()
        patience = (chosen.seconds or self._usual_seconds) + GRACE
        spoken = Sentences()

        def tell(text: str) -> None:
            on_text(text)
            if on_sentence:
                _tell_each(on_sentence, spoken.feed(text))

        try:
            async with asyncio.timeout(patience):
                word, outcome = await self._ask([pack(dict(row)) for row in messages], chosen, tell)
        except TimeoutError:
            raise Unavailable(f"the {self._room.title} did not finish within {patience:g} s") from None
        require_ok(word, outcome)
        if on_sentence:
            _tell_each(on_sentence, spoken.end())
        return outcome

    async def complete(self, prompt: str) -> str:
        """The answer to one question; raises like ``generate``."""
        return str(await self._peer.call("Complete", "s", prompt, timeout=self._usual_seconds + GRACE))

    async def warm(self) -> None:
        """Load the model, which can take minutes. Raises NoModel, ModelFailed."""
        await self._peer.call("Warm", timeout=WARM_TIMEOUT)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each of 1 to 64 texts; raises like ``generate``, Unavailable without embeddings."""
        timeout = self._usual_seconds + GRACE
        vectors = await self._peer.call("Embed", "as", list(texts), timeout=timeout)
        return [list(vector) for vector in vectors]

    async def state(self) -> str:
        """``loading``, ``ready``, ``busy``, ``unavailable``, or an empty string when the worker sleeps."""
        return str(await self._peer.read("State") or "")

    async def answering(self) -> tuple[str, str]:
        """Which model answers and who runs it; empty when nobody does, that is not known, or the worker sleeps."""
        return str(await self._peer.read("Model") or ""), str(await self._peer.read("Provider") or "")

    async def check(self) -> list[Check]:
        """Which providers are there, and whether something is left to be used."""
        return [Check(*row) for row in await self._peer.call("Check")]

    async def can_answer(self) -> bool:
        """Whether a provider is there and what it may use is not spent; no model is asked for that."""
        checks = await self.check()
        spent = any(row.verdict == "fail" for row in checks if row.what in ACCOUNTS)
        return not spent and any(row.verdict == "ok" for row in checks if row.what not in ACCOUNTS)

    async def following(self, tell: Callable[[Neighbour], object]) -> None:
        """Tell what the worker does, now and at every change; does not return, and does not wake the worker.

        It is NOBODY while the worker sleeps, and while there is no bus.
        """
        await Following(self._connection, self._room, tell).follow()

    async def _ask(
        self, rows: list[Any], options: GenerateOptions, on_text: Callable[[str], object]
    ) -> tuple[str, Outcome]:
        """Hand the request over and listen; anew when the worker or the bus went away before it had said a word."""
        for left in reversed(range(TRIES)):
            hearing = _Hearing()
            returns = self._returns
            try:
                async with self._listening(hearing):
                    return await self._listen(hearing, rows, options, on_text)
            except SenterError as error:
                there = await self._connection.answers()
                if hearing.spoken or not left or (there and not hearing.lost):
                    raise self._told(error) from None
                logger.info("The %s is asked anew: %s", self._room.title, error)
                if not there and not await self._comes_back(returns):
                    raise self._told(error) from None
        raise AssertionError

    def _told(self, error: SenterError) -> SenterError:
        """An error as it is told to whoever asked."""
        if isinstance(error, NotRunning):
            return Unavailable(f"the {self._room.title} cannot be asked: {error}")
        return error

    async def _comes_back(self, returns: int) -> bool:
        """Whether the bus returns once more than so often; waits for that."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(BUS_PATIENCE):
                while self._returns == returns:
                    await self._back.wait()
        return self._returns != returns

    async def _come_back(self) -> None:
        self._returns += 1
        self._back.set()
        self._back.clear()

    @contextlib.asynccontextmanager
    async def _listening(self, hearing: "_Hearing") -> AsyncIterator[None]:
        """Hear what is told of a request, and end it when this ends early."""
        away = asyncio.ensure_future(self._connection.wait_lost())
        away.add_done_callback(lambda _: hearing.lose())
        moves = replace(name_changes(self._room.bus_name), needs_rule=False)
        try:
            async with contextlib.AsyncExitStack() as stack:
                # whoever listens to a name is told of its changes
                await _enter_all(
                    stack,
                    self._peer.listening("Delta", hearing.text, private=True),
                    self._peer.listening("Finished", hearing.finished, private=True),
                    self._connection.subscribed(moves, hearing.moved),
                )
                try:
                    yield
                finally:
                    if not hearing.over:
                        await asyncio.shield(self._cancel(hearing.request_id))
        finally:
            away.cancel()

    async def _listen(
        self,
        hearing: "_Hearing",
        rows: list[Any],
        options: GenerateOptions,
        on_text: Callable[[str], object],
    ) -> tuple[str, Outcome]:
        """Hand the request over and pass on what is told of it. Raises Unavailable when its worker went away."""
        values = options_to_send(options)
        await self._peer.call("Generate", "saa{sv}a{sv}", hearing.request_id, rows, values)
        while isinstance(told := await hearing.told.get(), str):
            hearing.spoken = True
            on_text(told)
        if told is None:
            raise Unavailable(f"the {self._room.title} went away before it had answered; see: senter status")
        return told

    async def _cancel(self, request_id: str) -> None:
        """End a request, unless its worker is gone: it is not woken for that."""
        room = self._room
        with contextlib.suppress(SenterError):
            await self._connection.call(
                room.bus_name, room.path, room.interface, "Cancel", "s", request_id, timeout=CANCEL_TIMEOUT
            )


class _Hearing:
    """What is heard of one request, in order: pieces of text, then its end, or None when its worker is gone."""

    def __init__(self) -> None:
        self.request_id = uuid.uuid4().hex
        self.told: asyncio.Queue[str | tuple[str, Outcome] | None] = asyncio.Queue()
        self.spoken = self.lost = self.over = False

    def text(self, request_id: str, text: str) -> None:
        """Handler of ``Delta``."""
        if request_id == self.request_id:
            self.told.put_nowait(text)

    def finished(self, request_id: str, word: str, result: dict[str, Any]) -> None:
        """Handler of ``Finished``."""
        if request_id == self.request_id:
            self.over = True
            self.told.put_nowait((word, from_dict(Outcome, result)))

    def moved(self, _name: str, old: str, _new: str) -> None:
        """Handler of changes of the worker's name: whoever had it is gone with what was asked of it."""
        if old:
            self.lose()

    def lose(self) -> None:
        """The worker, or the bus, is gone."""
        self.lost = True
        self.told.put_nowait(None)


async def _enter_all(stack: contextlib.AsyncExitStack, *blocks: AbstractAsyncContextManager[None]) -> None:
    """Begin several blocks at the same time; they end with the stack."""
    begun = await asyncio.gather(*map(stack.enter_async_context, blocks), return_exceptions=True)
    for failure in begun:
        if failure is not None:
            raise failure


def _tell_each(tell: Callable[[str], object], sentences: Sequence[str]) -> None:
    for sentence in sentences:
        tell(sentence)
