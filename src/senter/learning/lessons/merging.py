"""Makes one topic of several that mean the same, where a model can turn texts into vectors."""

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from senter.database import Disk
from senter.errors import SenterError
from senter.learning.lessons.learned import Learned

AT_ONCE = 64
"""So many texts a model takes in one request."""

logger = logging.getLogger(__name__)


class Model(Protocol):
    """Turns texts into vectors."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text. Raises a SenterError where that is not possible."""


class Merging:
    """Gives new topics their vectors, and merges those that are alike.

    ``name`` is the embedding model of the settings; without one no model is asked: chat models make vectors, too,
    and take topics for alike that have nothing to do with each other.
    """

    def __init__(self, learned: Learned, model: Model, name: str, on_disk: Disk) -> None:
        self._learned = learned
        self._model = model
        self._name = name
        self._on_disk = on_disk

    async def merge(self, alone: AbstractAsyncContextManager[object]) -> int:
        """Look at the 64 weightiest new topics; how many of them were known by another name.

        Nobody else changes topics within ``alone``; the model is asked outside of it, which may take long. Without
        new topics no model is asked; where none makes vectors the topics stay as they are.
        """
        new = await self._on_disk(self._learned.unplaced, self._name, AT_ONCE) if self._name else []
        if not new:
            return 0
        try:
            vectors = await self._model.embed([topic for _, topic in new])
        except SenterError as error:
            logger.info("Topics are not compared by meaning: %s", error)
            return 0
        async with alone:
            return await self._on_disk(self._keep, new, vectors)

    def _keep(self, topics: Sequence[tuple[int, str]], vectors: Sequence[Sequence[float]]) -> int:
        # numpy takes a while to load, and most processes of this room never need it
        from senter.learning.topics.likeness import alike, packed

        known = self._learned.vectors(self._name)
        merged = 0
        for topic, vector in zip(topics, map(packed, vectors), strict=False):
            place = alike(vector, [other for _, other in known])
            same_as = None if place is None else known[place][0]
            if not self._learned.keep_vector(topic, vector, self._name, same_as):
                continue
            if same_as is None:
                known.append((topic[0], vector))
            else:
                merged += 1
        return merged
