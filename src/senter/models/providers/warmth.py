"""Which models are kept in memory: loaded before they are needed, kept while they are, given back on request."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from senter.errors import ConfigurationError, ModelFailed, NoModel
from senter.models.providers import ollama
from senter.models.providers.provider import OLLAMA, Provider
from senter.settings import ModelSettings

LONGEST_KEPT = 24 * 60
"""Minutes."""

LOCKED, BATTERY = "locked", "battery"

_USUAL_SECONDS = 5 * 60.0  # how long Ollama keeps a model when nobody says otherwise

logger = logging.getLogger(__name__)


class Login(Protocol):
    """Who knows whether the screen is locked and the machine runs on battery, and calls what is set here."""

    locked: Callable[[], None]
    unlocked: Callable[[], None]
    unplugged: Callable[[], None]
    plugged: Callable[[], None]

    async def start(self) -> bool:
        """Begin to listen."""

    async def stop(self) -> None:
        """Stop listening."""


class Keeper(Protocol):
    """Ollama's own API."""

    async def load(self, provider: Provider, minutes: int) -> None:
        """Load a model, and have it stay. Raises NoModel, ModelFailed."""

    async def unload(self, provider: Provider) -> None:
        """Take a model out of memory. Raises NoModel, ModelFailed."""


class Warmth:
    """Keeps models in memory, or out of it: at Ollama as ``chosen`` says, and the engine's when it is asked to.

    ``place`` says where ``chosen`` was read; ``endpoint`` answers once the engine has loaded its model, or raises
    NoModel or Unavailable; ``clock`` is a monotonic one, in seconds. Raises ConfigurationError.
    """

    def __init__(
        self,
        chosen: ModelSettings,
        place: str,
        endpoint: Callable[[], Awaitable[object]],
        login: Login,
        keeper: Keeper = ollama,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _require_usable(chosen, place)
        self._minutes = chosen.keep_loaded_minutes
        self._when = chosen.unload_when
        self._endpoint = endpoint
        self._login = login
        self._keeper = keeper
        self._clock = clock
        self._kept: dict[Provider, float] = {}
        self._due: set[Provider] = set()
        self._one_at_a_time = asyncio.Lock()
        self._telling: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[bool] | None = None
        self._away: set[str] = set()
        self._leaving: asyncio.Task[None] | None = None

    def is_kept(self) -> bool:
        """Whether a model may be in memory that has to be taken out of it when the user is away."""
        return bool(self._when and self._in_memory())

    async def warm(self, provider: Provider) -> None:
        """Load the model of a provider that does so by itself; others have it loaded, or are somebody else's.

        Raises NoModel, Unavailable or ModelFailed. With ``keep_loaded_minutes`` 0 nothing is loaded at Ollama.
        """
        if provider.embedded:
            await self._endpoint()
        elif provider.name == OLLAMA and self._minutes:
            async with self._one_at_a_time:
                await self._load(provider)

    def used(self, provider: Provider) -> None:
        """Note that the model of a provider has just answered; Ollama is told to keep it, in the background."""
        if provider.name != OLLAMA:
            return
        self._note(provider, max(self._minutes * 60.0, _USUAL_SECONDS))
        self._due.add(provider)
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def unload(self) -> None:
        """Have Ollama give back the memory of the models that were used or loaded here."""
        self._due.clear()
        async with self._one_at_a_time:
            for provider in self._in_memory():
                await self._unload(provider)

    def watch(self, unload: Callable[[], Awaitable[None]]) -> None:
        """Begin to notice that the user is away, if the settings want that, and call ``unload`` whenever it begins.

        ``unload`` may wait for what is being worked on; it is cancelled when the user is back before it is done.
        """
        if LOCKED in self._when:
            self._login.locked = lambda: self._leave(LOCKED, unload)
            self._login.unlocked = lambda: self._come_back(LOCKED)
        if BATTERY in self._when:
            self._login.unplugged = lambda: self._leave(BATTERY, unload)
            self._login.plugged = lambda: self._come_back(BATTERY)
        if self._when:
            self._listening = asyncio.create_task(self._login.start())

    async def stop(self) -> None:
        """Do nothing more; models stay where they are."""
        tasks = [task for task in (self._listening, self._leaving, self._telling) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._listening:
            await self._login.stop()

    def _leave(self, reason: str, unload: Callable[[], Awaitable[None]]) -> None:
        self._away.add(reason)
        if self._leaving is None or self._leaving.done():
            self._leaving = asyncio.ensure_future(unload())

    def _come_back(self, reason: str) -> None:
        self._away.discard(reason)
        if not self._away and self._leaving:
            self._leaving.cancel()
            self._leaving = None

    async def _tell(self) -> None:
        """Tell Ollama of the models that were used, until there is nothing to tell."""
        while self._due:
            async with self._one_at_a_time:
                if not self._due:
                    return
                provider = self._due.pop()
                if not self._minutes:
                    await self._unload(provider)
                    continue
                try:
                    await self._load(provider)
                except (NoModel, ModelFailed) as reason:
                    logger.info("The model is not kept in memory: %s", reason)

    async def _load(self, provider: Provider) -> None:
        # from now on: who gives up waiting does not keep Ollama from loading it
        self._note(provider, ollama.LOAD_SECONDS + self._minutes * 60.0)
        try:
            await self._keeper.load(provider, self._minutes)
        except NoModel:
            del self._kept[provider]
            raise
        self._kept[provider] = self._clock() + self._minutes * 60.0

    async def _unload(self, provider: Provider) -> None:
        try:
            await self._keeper.unload(provider)
        except ModelFailed as reason:
            logger.info("The model is not taken out of memory: %s", reason)
            return
        except NoModel as reason:
            logger.info("The model need not be taken out of memory: %s", reason)
        self._kept.pop(provider, None)

    def _in_memory(self) -> list[Provider]:
        now = self._clock()
        return [provider for provider, until in self._kept.items() if until > now]

    def _note(self, provider: Provider, seconds: float) -> None:
        """Note that a model may be in memory for so long."""
        self._kept[provider] = max(self._kept.get(provider, 0.0), self._clock() + seconds)


def _require_usable(chosen: ModelSettings, place: str) -> None:
    if not 0 <= chosen.keep_loaded_minutes <= LONGEST_KEPT:
        raise ConfigurationError(
            f"{place} keep_loaded_minutes must be 0 to {LONGEST_KEPT}, not {chosen.keep_loaded_minutes}"
        )
    for reason in chosen.unload_when:
        if reason not in (LOCKED, BATTERY):
            raise ConfigurationError(f'{place} unload_when must name "{LOCKED}" or "{BATTERY}", not {reason!r}')
