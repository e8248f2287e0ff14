"""All that is known as JSON Lines, into a pipe, as fast as its reader takes them."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

from senter.errors import SenterError, Unavailable

PATIENCE_SECONDS = 60.0
"""How long a reader may take nothing."""
END = "end"
"""The kind of the last line, which says how many there are before it: without it the export is not whole."""

logger = logging.getLogger(__name__)

Rows = Sequence[dict[str, Any]]


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
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(errors="replace")
        while data:
            try:
                data = data[os.write(self._writing, data) :]
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
