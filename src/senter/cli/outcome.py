"""How a command ends: exit codes, and one sentence instead of a traceback."""

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn, TypeVar

import click

from senter.bus.connection import Connection
from senter.errors import NotRunning, SenterError
from senter.wording import one_line

DONE, FAILED, NOT_RUNNING = 0, 1, 3

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
        except OSError as error:
            fail(f"the output could not be written: {error.strerror}")

    return guarded  # type: ignore[return-value]


def complain(error: SenterError | str) -> None:
    """Say on stderr, in one line that is safe for a terminal, what went wrong."""
    click.echo(f"senter: {one_line(str(error))}", err=True)


def fail(error: SenterError | str) -> NoReturn:
    """Say what went wrong and end with exit code 1, or 3 when Senter is not running."""
    complain(error)
    raise SystemExit(NOT_RUNNING if isinstance(error, NotRunning) else FAILED)


def ask(question: Callable[[Connection], Coroutine[Any, Any, Result]]) -> Result:
    """Connect to the session bus, ask, and return the answer."""

    async def asking() -> Result:
        connection = Connection()
        await connection.open()
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(asking())


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
