"""Has pages written by a short-lived process, so that the libraries of HTML do not stay in this one."""

import asyncio
import contextlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from senter.errors import Unavailable
from senter.reporter.digest.page import unfinished

PAGE_SECONDS = 20.0
LONGEST_COMPLAINT = 2000
EXIT_TOLD = os.EX_CANTCREAT
"""The exit status of a process whose last line of complaint is a sentence for people (sysexits.h(3))."""

PROGRAM = (sys.executable, "-I", "-m", "senter.reporter.digest")

logger = logging.getLogger(__name__)


async def write_page(
    file: Path, values: dict[str, Any], *, program: tuple[str, ...] = PROGRAM, seconds: float = PAGE_SECONDS
) -> None:
    """Write the page with these values (``page.values``) to a file, all of it or nothing; folders are made.

    Raises Unavailable when it was not written, or not in time.
    """
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *program, str(file), stdin=pipe, stdout=asyncio.subprocess.DEVNULL, stderr=pipe, start_new_session=True
        )
    except OSError as error:
        raise Unavailable(f"{file} cannot be written: its program does not start: {error.strerror}") from error
    try:
        async with asyncio.timeout(seconds):
            _, complaint = await process.communicate(json.dumps(values).encode())
    except TimeoutError:
        raise Unavailable(f"{file} was not written within {seconds:g} s") from None
    finally:
        await _end(process, file)
    if process.returncode:
        raise Unavailable(_reason(file, process.returncode, complaint.decode(errors="replace")))


async def _end(process: asyncio.subprocess.Process, file: Path) -> None:
    """Make sure that the process has ended; one that was killed leaves nothing behind."""
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    if await process.wait():
        with contextlib.suppress(OSError):
            unfinished(file).unlink()
    if process.stdin is not None:
        process.stdin.close()
        # it may have ended before it had read everything
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()


def _reason(file: Path, status: int, complaint: str) -> str:
    told = complaint.strip().splitlines()
    if status == EXIT_TOLD and told:
        return told[-1]
    logger.error("The process for %s ended with %d: %s", file, status, complaint[-LONGEST_COMPLAINT:])
    return f"{file} cannot be written: its process broke down; see: senter logs reporter"
