"""All that is known as JSON Lines, into a pipe, as fast as its reader takes them."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import asdict
from typing import Any

from senter.database import Disk
from senter.errors import Busy, SenterError, Unavailable
from senter.learning.knowing.knowledge import Knowledge
from senter.learning.knowing.summary import END
from senter.learning.store import Store

PATIENCE_SECONDS = 60.0
"""How long a reader may take nothing."""
LONGEST_SECONDS = 1800.0
MOST_EXPORTS = 4
PAGE = 500

logger = logging.getLogger(__name__)

Rows = Sequence[dict[str, Any]]


class Exports:
    """The exports that are under way."""

    def __init__(self, store: Store, knowledge: Knowledge, on_disk: Disk) -> None:
        self._store = store
        self._knowledge = knowledge
        self._on_disk = on_disk
        self._under_way = 0

    def begin(self) -> "Export":
        """A new export, to be written. Raises Busy, Unavailable."""
        if self._under_way >= MOST_EXPORTS:
            raise Busy(f"{self._under_way} exports are under way; try again later")
        one = Export()
        self._under_way += 1
        return one

    async def write(self, one: "Export", handed_over: Awaitable[object]) -> None:
        """Write everything into an export, once its end to read was handed over."""
        try:
            await one.write(self._everything(), handed_over)
        finally:
            self._under_way -= 1

    async def _everything(self) -> AsyncIterator[Rows]:
        after = 0
        while rows := await self._on_disk(self._store.page, after, PAGE):
            yield [{"kind": "event", **asdict(row)} for row in rows]
            after = int(rows[-1].id)
        yield [{"kind": "preference", **asdict(row)} for row in await self._knowledge.preferences("")]
        topics = await self._knowledge.all_topics()
        yield [
            {"kind": "topic", "topic": topic, "weight": weight, "last_seen": seen} for topic, weight, seen in topics
        ]


class Export:
    """One export. Raises Unavailable when there can be no pipe."""

    def __init__(self) -> None:
        try:
            self.reading, self._writing = os.pipe()
        except OSError as error:
            raise Unavailable(f"there can be no pipe for the export: {error.strerror}") from error
        os.set_blocking(self._writing, False)

    async def write(self, pages: AsyncIterator[Rows], handed_over: Awaitable[object]) -> None:
        """Write all rows, once the end to read was handed over; ends early when nobody reads it."""
        try:
            try:
                await handed_over
            finally:
                os.close(self.reading)
            async with asyncio.timeout(LONGEST_SECONDS):
                count = 0
                async for rows in pages:
                    await self._write(rows)
                    count += len(rows)
                await self._write([{"kind": END, "lines": count}])
        except BrokenPipeError:
            logger.info("Who wanted the export has left before its end")
        except (SenterError, TimeoutError) as error:
            logger.warning("An export ended early: %s", str(error) or "nobody reads it")
        finally:
            os.close(self._writing)

    async def _write(self, rows: Rows) -> None:
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        data = memoryview(text.encode(errors="replace"))
        while data:
            try:
                data = data[os.write(self._writing, data) :]
                await asyncio.sleep(0)
            except BlockingIOError:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self._wait_writable()

    async def _wait_writable(self) -> None:
        loop, writable = asyncio.get_running_loop(), asyncio.Event()
        loop.add_writer(self._writing, writable.set)
        try:
            await writable.wait()
        finally:
            loop.remove_writer(self._writing)
