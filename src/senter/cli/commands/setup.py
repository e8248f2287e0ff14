"""``senter setup``."""

import asyncio
import sys
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any

import click

from senter import paths
from senter.bus.connection import Connection
from senter.bus.names import ENGINE, PRIMARY, RESEARCH, Room
from senter.bus.signatures import Check
from senter.cli.downloads.chosen import EMBEDDED
from senter.cli.outcome import FAILED, PIPE_WIDTH, ask, print_json, told_in_one_sentence
from senter.engine.choice import SUGGESTED
from senter.engine.client import EngineClient
from senter.errors import NotRunning, SenterError
from senter.models.client import ACCOUNTS, ModelClient
from senter.models.request import SETUP
from senter.wording import one_line

OK, FAIL = "ok", "fail"

_COLOURS = {OK: "green", "warn": "yellow", FAIL: "bold red"}

_WAYS = """
There are three ways to get a language model:
1. Install Ollama (https://ollama.com), then run: ollama pull llama3.2
2. Run: senter models pull {suggested} (others: senter models list),
   or put a .gguf file into {models}{llama}
3. Name an OpenAI-compatible endpoint in {config}, in both tables:
     [models.primary]
     providers = ["https://…/v1"]
     model = "…"

     [models.research]
     providers = ["https://…/v1"]
     model = "…"
   then run: senter restart
Goals that wait for a model go on by themselves as soon as there is one."""


@dataclass(frozen=True)
class Worker:
    """A model worker, as it was found."""

    title: str
    checks: list[Check]
    model: str = ""
    provider: str = ""
    """Who answers; empty when nobody does."""
    refusal: str = ""
    """Why nobody may be asked, although somebody is there; else empty."""

    @property
    def answering(self) -> str:
        """``llama3.2 on ollama``, or why there is none."""
        if self.refusal:
            return one_line(f"no language model may be asked: {self.refusal}")
        if not self.provider:
            return "no language model"
        return one_line(f"{self.model} on {self.provider}" if self.model else self.provider)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def setup(as_json: bool) -> None:
    """Tell whether there is a language model, and how to get one.

    Exit code 1 when there is none, or none may be asked because the budget is spent.
    """
    workers, engine = ask(_look)
    if as_json:
        found: dict[str, Any] = {worker.title: _document(worker) for worker in workers}
        print_json({**found, "engine": _rows(engine)})
    else:
        _print_table([*[(worker.title, worker.checks) for worker in workers], ("engine", engine)])
        click.echo()
        for worker in workers:
            click.echo(f"{worker.title}: {worker.answering}")
        if all(worker.provider for worker in workers):
            click.echo('\nTry it with: senter ask "What can you do?"')
        elif not all(worker.provider or worker.refusal for worker in workers):
            click.echo(_ways(engine))
    if not all(worker.provider for worker in workers):
        raise SystemExit(FAILED)


async def _look(connection: Connection) -> tuple[list[Worker], list[Check]]:
    """Both workers, and what the engine finds out about itself."""
    engine, primary, research = await asyncio.gather(
        _checks(ENGINE, EngineClient(connection).check()),
        _worker(connection, PRIMARY),
        _worker(connection, RESEARCH),
    )
    workers = [primary, research]
    if any(check.verdict == FAIL for check in engine):
        workers = [_without(EMBEDDED, worker) for worker in workers]
    return workers, engine


async def _worker(connection: Connection, room: Room) -> Worker:
    client = ModelClient(connection, room)
    checks = await _checks(room, client.check())
    # the same rows decide as in ModelClient.can_answer
    if not any(check.verdict == OK for check in checks if check.what not in ACCOUNTS):
        return Worker(room.instance, checks)
    for check in checks:
        if check.what in ACCOUNTS and check.verdict == FAIL:
            return Worker(room.instance, checks, refusal=check.fix or check.what)
    return Worker(room.instance, checks, *await client.answering())


def _without(provider: str, worker: Worker) -> Worker:
    """The worker as it is when this provider cannot answer, although it is there."""
    return replace(worker, model="", provider="") if worker.provider == provider else worker


async def _checks(room: Room, asking: Coroutine[Any, Any, list[Check]]) -> list[Check]:
    """What a room says; a room that says nothing has failed. Raises NotRunning."""
    try:
        return await asking
    except NotRunning:
        raise
    except SenterError as error:
        return [Check(room.title, FAIL, str(error))]


def _document(worker: Worker) -> dict[str, Any]:
    return {"model": worker.model, "provider": worker.provider, "checks": _rows(worker.checks)}


def _rows(checks: list[Check]) -> list[dict[str, str]]:
    return [check._asdict() for check in checks]


def _print_table(found: list[tuple[str, list[Check]]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("WHO", "WHAT", "STATE", "HOW TO MEND IT"):
        table.add_column(heading)
    for who, checks in found:
        for check in checks:
            state = Text(one_line(check.verdict), style=_COLOURS.get(check.verdict, ""))
            # this is what that advice leads to
            fix = check.fix.removesuffix(SETUP).removesuffix("; ")
            table.add_row(who, Text(one_line(check.what)), state, Text(one_line(fix)))
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)


def _ways(engine: list[Check]) -> str:
    missing = [check.fix for check in engine if check.what == "llama.cpp" and check.verdict != OK]
    llama = f", and {one_line(missing[0])}" if missing else ""
    return _WAYS.format(suggested=SUGGESTED, models=paths.models_folder(), llama=llama, config=paths.config_file())
