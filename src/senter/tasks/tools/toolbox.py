"""Runs each tool in a short-lived process of its own, which is ended when it takes too long or is not wanted."""

import asyncio
import contextlib
import logging
import sys
from typing import Any

from senter.errors import Unavailable
from senter.tasks.tools.child import answer, request
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context

TOOL_SECONDS = 300.0
LONGEST_COMPLAINT = 2000

PROGRAM = (sys.executable, "-I", "-m", "senter.tasks.tools")

logger = logging.getLogger(__name__)


class Toolbox:
    """The tools, each run by ``program``."""

    def __init__(self, program: tuple[str, ...] = PROGRAM, seconds: float = TOOL_SECONDS) -> None:
        self._program = program
        self._seconds = seconds

    async def run(self, tool: str, parameters: dict[str, Any], context: Context) -> Findings:
        """Run a tool; what it found.

        Raises the SenterError that the tool met, Unavailable when it cannot be started, took too long or broke
        down.
        """
        pipe = asyncio.subprocess.PIPE
        try:
            process = await asyncio.create_subprocess_exec(
                *self._program, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"{tool} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(self._seconds):
                written, complaint = await process.communicate(request(tool, parameters, context).encode())
        except TimeoutError:
            raise Unavailable(f"{tool} took longer than {self._seconds:g} s and was ended") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        if process.returncode:
            logger.error(
                "%s ended with %d: %s",
                tool,
                process.returncode,
                complaint[-LONGEST_COMPLAINT:].decode(errors="replace"),
            )
            raise Unavailable(f"{tool} broke down; see: senter logs tasks")
        return answer(written.decode(errors="replace"))
