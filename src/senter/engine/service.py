"""What the engine does: it loads a model when somebody asks for one, and gives the memory back when nobody does."""

import asyncio
import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from senter.bus.signatures import Check
from senter.engine import choice
from senter.errors import ConfigurationError, NoModel, SenterError, Unavailable
from senter.settings import EngineSettings

OFF, LOADING, LOADED, FAILED = "off", "loading", "ready", "failed"

SLOTS = 2
"""The primary and the research worker each have one."""
LEAST_CONTEXT = 512

LOOK_SECONDS = 15.0
QUIET_SECONDS = 60.0
DEAF_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Look(Protocol):
    """What was seen of a server."""

    @property
    def answers(self) -> bool:
        """Whether it is alive."""

    @property
    def worked(self) -> bool:
        """Whether it works on a request, or has since the look before."""


class Engine(Protocol):
    """What runs a model."""

    def installed(self) -> bool:
        """Whether it can run any."""

    async def load(self, model: Path, socket: Path) -> None:
        """Load a model and serve it on a socket; raises Unavailable with the reason when that fails."""

    async def wait_ended(self) -> str:
        """Return when it has ended by itself: why, in words."""

    async def look(self) -> Look:
        """See whether the server answers and works."""

    async def unload(self) -> None:
        """End it, whatever it does."""


class EngineService:
    """The engine without bus and llama.cpp of its own.

    ``models`` is the folder of model files; ``prepare()`` answers the path of a socket that does not exist yet, or
    raises Unavailable; ``remove(path)`` takes it away. ``changed()`` is called when the state or the model may be
    another one.
    """

    def __init__(
        self,
        engine: Engine,
        settings: EngineSettings,
        models: Path,
        prepare: Callable[[], Path],
        remove: Callable[[Path], None],
    ) -> None:
        self.changed: Callable[[], object] = _nobody_listens
        self.model = ""
        self._engine = engine
        self._settings = settings
        self._models = models
        self._prepare = prepare
        self._remove = remove
        self._socket: Path | None = None
        self._settled = OFF
        self._reason = ""
        self._loading: asyncio.Task[str] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._worked = -math.inf
        self._heard = math.inf

    @property
    def state(self) -> str:
        """``off``, ``loading``, ``ready`` or ``failed``."""
        return LOADING if self._loading is not None else self._settled

    async def start(self) -> None:
        """Load nothing. Raises ConfigurationError for settings that cannot be meant."""
        choice.check_name(self._settings.model)
        if self._settings.context_tokens < LEAST_CONTEXT:
            raise ConfigurationError(f"[engine] context_tokens must be at least {LEAST_CONTEXT}")

    async def stop(self) -> None:
        """Give the model's memory back; who waits for it is told that it will not come."""
        for task in (self._loading, self._watching):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await self._unload()
        if self._settled != FAILED:
            self._settled = OFF

    def is_healthy(self) -> bool:
        """Whether a loaded model still answers; it is asked in the background, every 15 s."""
        return self.state != LOADED or time.monotonic() - self._heard < DEAF_SECONDS

    def is_busy(self) -> bool:
        """Whether it loads a model, or has worked on a request in the past minute: those do not come by the bus."""
        working = self.state == LOADED and time.monotonic() - self._worked < QUIET_SECONDS
        return working or self.state == LOADING

    def status(self) -> str:
        """``tiny.gguf is loaded, 2 slots``."""
        return {
            OFF: "off; no model loaded",
            LOADING: f"loading {self.model or 'a model'}",
            LOADED: f"{self.model} is loaded, {SLOTS} slots",
            FAILED: f"failed: {self._reason}",
        }[self.state]

    async def endpoint(self) -> str:
        """The path of the socket on which the model answers; loads the model first when that was not done.

        Callers share one loading. Raises NoModel when there is no model file, Unavailable with the reason when it
        cannot be loaded; the next call tries again.
        """
        if self.state == LOADED and self._socket is not None:
            return str(self._socket)
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
            self.changed()
        loading = self._loading
        await asyncio.wait([loading])
        if loading.cancelled():
            raise Unavailable("the engine was stopped while it loaded a model")
        return loading.result()

    async def check(self) -> list[Check]:
        """Whether there is a llama.cpp, a model for it, and a place for the socket."""
        installed = self._engine.installed()
        fix = "" if installed else choice.INSTALL
        checks = [Check("llama.cpp", "ok" if installed else "warn", fix)]
        try:
            choice.check_file(await asyncio.to_thread(choice.choose, self._models, self._settings.model))
            checks.append(Check("model file", "ok", ""))
        except SenterError as error:
            checks.append(Check("model file", "warn", str(error)))
        if self.state == FAILED:
            checks.append(Check("loading the model", "fail", self._reason))
        return checks

    async def _load(self) -> str:
        try:
            await self._unload()
            model = await asyncio.to_thread(choice.choose, self._models, self._settings.model)
            self.model = model.name
            self.changed()
            await asyncio.to_thread(choice.check_file, model)
            self._socket = self._prepare()
            await self._engine.load(model, self._socket)
        except NoModel:
            self._settled = OFF
            raise
        except SenterError as error:
            self._fail(str(error))
            raise
        else:
            self._settled = LOADED
            self._heard = time.monotonic()
            self._watching = asyncio.create_task(self._watch())
            return str(self._socket)
        finally:
            self._loading = None
            self.changed()

    async def _watch(self) -> None:
        """Look after the loaded model until it ends."""
        ending = asyncio.create_task(self._engine.wait_ended())
        try:
            while not (await asyncio.wait([ending], timeout=LOOK_SECONDS))[0]:
                await self._look()
            self._fail(f"{ending.result()} while it ran {self.model}")
            self.changed()
            logger.warning("%s", self._reason)
        finally:
            ending.cancel()

    async def _look(self) -> None:
        seen = await self._engine.look()
        if seen.answers:
            self._heard = time.monotonic()
        if seen.worked:
            self._worked = time.monotonic()

    async def _unload(self) -> None:
        await self._engine.unload()
        if self._socket is not None:
            self._remove(self._socket)
            self._socket = None

    def _fail(self, reason: str) -> None:
        self._settled, self._reason = FAILED, reason


def _nobody_listens() -> None:
    """Nobody wants to know."""
