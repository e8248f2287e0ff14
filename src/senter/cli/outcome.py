"""What a command says and how it ends: text for any terminal, exit codes, one sentence instead of a traceback."""

import asyncio
import codecs
import functools
import io
import json
import os
import sys
import unicodedata
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import click

from senter.bus.connection import Connection
from senter.errors import NotRunning, SenterError, Unavailable
from senter.wording import one_line

DONE, FAILED, NOT_RUNNING, FAILED_GOAL = 0, 1, 3, 4
PIPE_WIDTH = 300
"""How wide a table is where there is no terminal, so that nothing in it is cut."""
INTERRUPTED = 130
"""What a shell makes of Ctrl-C: 128 and the number of the signal."""

EMOJI_STYLE = "\ufe0f"
"""Follows a character that is to be shown as an emoji."""
PLAIN_MARKS = {"•": "*", "…": "...", "█": "#", EMOJI_STYLE: ""}
"""What our own marks are where the terminal does not have them."""

Result = TypeVar("Result")
Function = TypeVar("Function", bound=Callable[..., Any])


def told_in_one_sentence(command: Function) -> Function:
    """Turn a SenterError of a command into one sentence on stderr and its exit code."""

    @functools.wraps(command)
    def guarded(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except SenterError as error:
            fail(error)
        except BrokenPipeError:
            _write_no_more()
            raise SystemExit(FAILED) from None
        except OSError as error:
            _write_no_more()
            fail(f"the output could not be written: {error.strerror}")

    return guarded  # type: ignore[return-value]


def complain(error: SenterError | str) -> None:
    """Say on stderr, in one line that is safe for a terminal, what went wrong."""
    click.echo(f"senter: {one_line(str(error))}", err=True)


def fail(error: SenterError | str) -> NoReturn:
    """Say what went wrong and end with exit code 1, or 3 when Senter is not running."""
    complain(error)
    raise SystemExit(NOT_RUNNING if isinstance(error, NotRunning) else FAILED)


def _write_no_more() -> None:
    """Let what is left in the buffer of stdout go nowhere, so that Python does not complain at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.__stdout__.fileno() if sys.__stdout__ else 1)
    os.close(nowhere)


def ask(question: Callable[[Connection], Coroutine[Any, Any, Result]], *, pass_descriptors: bool = False) -> Result:
    """Connect to the session bus, ask, and return the answer, which may bring file descriptors or not."""

    async def asking() -> Result:
        connection = Connection(pass_descriptors=pass_descriptors)
        await connection.open()
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(asking())


async def while_connected(connection: Connection, work: Coroutine[Any, Any, Result]) -> Result:
    """Do some work that takes long; it is cancelled when this is.

    Raises what the work raises, and NotRunning when the bus goes away meanwhile.
    """
    working = asyncio.ensure_future(work)
    lost = asyncio.ensure_future(connection.wait_lost())
    try:
        await asyncio.wait({working, lost}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
    except Unavailable:
        if await connection.answers():
            raise
    finally:
        working.cancel()
        lost.cancel()
        await asyncio.gather(working, lost, return_exceptions=True)
    raise NotRunning("the session bus has gone; whether Senter goes on is shown by: senter status")


def print_json(document: Any) -> None:
    """One JSON document on stdout, which is the same document in any encoding."""
    shows_everything = "utf" in (getattr(sys.stdout, "encoding", None) or "").lower()
    click.echo(json.dumps(document, indent=2, ensure_ascii=not shows_everything))


def new_table(*headings: str) -> Any:
    """A table with these columns, which are never cut, for ``print_table``."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, no_wrap=True)
    return table


def print_table(table: Any) -> None:
    """A table on stdout, as wide as the terminal; where there is none it has room for everything."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def write_in_any_encoding() -> None:
    """Have stdout and stderr show what their encoding does not have as plain marks, instead of failing."""
    codecs.register_error(write_in_any_encoding.__qualname__, _plainly)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=write_in_any_encoding.__qualname__)


def _plainly(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that cannot be encoded, and where to go on; emoji of headings are left out."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text, start, end = error.object, error.start, error.end
    if unicodedata.category(text[start]) == "So" and (start == 0 or text[start - 1] == "\n"):
        end += text.startswith(EMOJI_STYLE, end)
        return "", end + text.startswith(" ", end)
    return "".join(PLAIN_MARKS.get(mark, "?") for mark in text[start:end]), end
