"""Runs each tool in a short-lived process of its own, which is ended when it takes too long or is not wanted."""

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from senter.errors import Internal, SenterError, Unavailable
from senter.tasks.tools.catalogue import tool_named
from senter.tasks.tools.child import answer, request
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.network_log import Request
from senter.tasks.tools.tool import Context

LONGEST_COMPLAINT = 2000
END_SECONDS = 2.0
"""How long a tool that is not wanted any more may take to end what it began."""

PROGRAM = (sys.executable, "-I", "-m", "senter.tasks.tools")

Note = Callable[[str, Sequence[Request]], Awaitable[None]]

logger = logging.getLogger(__name__)


class Toolbox:
    """The tools, each run by ``program``, for at most ``seconds`` (None: as long as the tool says).

    ``note(task_id, requests)`` is told what each attempt asked of the network.
    """

    def __init__(self, note: Note, program: tuple[str, ...] = PROGRAM, seconds: float | None = None) -> None:
        self._note = note
        self._program = program
        self._seconds = seconds

    async def run(self, tool: str, parameters: dict[str, Any], context: Context) -> Findings:
        """Run a tool; what it found.

        Raises the SenterError that the tool met, Unavailable when it cannot be started, took too long or broke
        down.
        """
        seconds = self._seconds or tool_named(tool).seconds
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"{tool} cannot be started: {error.strerror}") from error
        written = b""
        try:
            async with asyncio.timeout(seconds):
                written, complaint = await process.communicate(request(tool, parameters, context).encode())
        except TimeoutError:
            raise Unavailable(f"{tool} took longer than {seconds:g} s and was ended") from None
        finally:
            await self._note_requests(context, written or await _end(process))
        if process.returncode:
            logger.error(
                "%s ended with %d: %s",
                tool,
                process.returncode,
                complaint[-LONGEST_COMPLAINT:].decode(errors="replace"),
            )
            raise Unavailable(f"{tool} broke down; see: senter logs tasks")
        found, _ = answer(written.decode(errors="replace"))
        if isinstance(found, SenterError):
            raise found
        return found

    async def _note_requests(self, context: Context, written: bytes) -> None:
        """Note what was asked of the network, also by a tool that was ended; one that broke down does not tell."""
        with contextlib.suppress(Internal):
            _, requests = answer(written.decode(errors="replace"))
            if requests:
                await self._note(context.task, requests)


async def _end(process: asyncio.subprocess.Process) -> bytes:
    """End a process that may have ended already, and what it wrote: it may clean up, but not for long."""
    assert process.stdout is not None
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            written = await process.stdout.read()
            await process.wait()
            return written
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return b""
