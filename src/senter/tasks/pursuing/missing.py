"""While goals wait for a language model, look for one, after a longer while each time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from senter.errors import SenterError
from senter.tasks.goal import PENDING, RUNNING
from senter.tasks.pursuing.pursuit import Pursuit
from senter.tasks.store import Store

SHORTEST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 300.0
"""Seconds between two looks for a language model."""

logger = logging.getLogger(__name__)


class MissingModel:
    """Looks for a language model, and lets go on what waits for it.

    ``has_model`` says whether there is one now; ``go_on`` lets the work go on.
    """

    def __init__(
        self,
        store: Store,
        pursuit: Pursuit,
        has_model: Callable[[], Awaitable[bool]],
        go_on: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._pursuit = pursuit
        self._has_model = has_model
        self._go_on = go_on
        self._missed = asyncio.Event()
        self._back_off = SHORTEST_BACK_OFF
        pursuit.news.model_answered = self._model_answered

    def is_missed(self) -> None:
        """A goal waits, perhaps for a model."""
        self._missed.set()

    async def look(self) -> None:
        """Look for a model while goals wait, until this is cancelled."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            if await self._let_go_on():
                # also when there is one: it may be there and of no use
                await asyncio.sleep(self._back_off)
                self._back_off = min(2 * self._back_off, LONGEST_BACK_OFF)
                self._missed.set()

    def _model_answered(self) -> None:
        self._back_off = SHORTEST_BACK_OFF

    async def _let_go_on(self) -> bool:
        """Let all go on that waits for a model, if there is one that may be asked; whether anything waited."""
        on_disk = self._pursuit.on_disk
        try:
            if not await on_disk(self._store.waits_for_model):
                return False
            if not await self._has_model():
                return True
            for task in await on_disk(self._store.release_waiting, self._pursuit.out_of_budget):
                self._pursuit.news.task_changed(task.id, task.goal_id, PENDING)
                self._pursuit.news.goal_changed(task.goal_id, RUNNING)
        except SenterError as error:
            logger.info("Goals still wait for a language model: %s", error)
        else:
            await self._go_on()
        return True
