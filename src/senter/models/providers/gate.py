"""The gate before the providers: requests wait here for their turn, and are called back when they must give way."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from senter.models.providers.lanes import NOBODY, Lanes, Neighbour, Turn
from senter.models.providers.provider import Provider


class GaveWay(Exception):
    """The request was called back for somebody who waits, and has to begin anew."""


class Gate:
    """One for all requests of a worker; ``moved()`` is called when another number of them waits."""

    def __init__(self) -> None:
        self.moved: Callable[[], object] = lambda: None
        self._waited = 0
        self._lanes: dict[str, Lanes] = {}
        self._neighbour = NOBODY
        self._called: dict[Turn, asyncio.Event] = {}
        self._scopes: dict[Turn, asyncio.Timeout] = {}

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(lanes.waiting for lanes in self._lanes.values())

    def meet(self, neighbour: Neighbour) -> None:
        """Act on what the other worker does now."""
        self._neighbour = neighbour
        for lanes in self._lanes.values():
            lanes.meet(neighbour)
            self._move(lanes)

    @contextlib.asynccontextmanager
    async def turn(self, provider: Provider, turn: Turn) -> AsyncIterator[None]:
        """Wait for the turn of a request, which lasts for the length of the block.

        Raises GaveWay, at any point of the block, when somebody else goes first.
        """
        lanes = self._lanes_of(provider)
        self._called[turn] = called = asyncio.Event()
        lanes.enter(turn)
        self._move(lanes)
        try:
            await called.wait()
            async with asyncio.timeout(None) as scope:
                self._scopes[turn] = scope
                self._move(lanes)
                yield
        except TimeoutError:
            if turn in self._scopes and self._scopes[turn].expired():
                turn.given_way += 1
                raise GaveWay from None
            raise
        finally:
            del self._called[turn]
            self._scopes.pop(turn, None)
            lanes.leave(turn)
            self._move(lanes)

    def _lanes_of(self, provider: Provider) -> Lanes:
        place = provider.engine or provider.url
        if place not in self._lanes:
            self._lanes[place] = Lanes(provider.slots, provider.engine)
            self._lanes[place].meet(self._neighbour)
        return self._lanes[place]

    def _move(self, lanes: Lanes) -> None:
        for turn in lanes.begin():
            self._called[turn].set()
        for turn in lanes.yielding():
            # one that was called a moment ago has no scope yet, and is looked at again when it has
            if scope := self._scopes.get(turn):
                _call_back(scope)
        if self.waiting != self._waited:
            self._waited = self.waiting
            self.moved()


def _call_back(scope: asyncio.Timeout) -> None:
    if not scope.expired():
        scope.reschedule(asyncio.get_running_loop().time())
