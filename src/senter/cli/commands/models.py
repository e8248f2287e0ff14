"""``senter models``."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from senter import paths
from senter.bus.connection import Connection
from senter.bus.names import ENGINE
from senter.cli import configuration
from senter.cli.downloads import chosen, registry
from senter.cli.downloads.chosen import Row
from senter.cli.downloads.registry import LANGUAGE, Model, in_words
from senter.cli.outcome import INTERRUPTED, ask, complain, print_json, told_in_one_sentence
from senter.cli.typed import carried
from senter.engine import choice, llama
from senter.errors import InvalidState, NotRunning, Unavailable
from senter.host import units
from senter.wording import one_line

PIPE_WIDTH = 300
NAME: Any = {"metavar": "NAME", "callback": lambda _context, _parameter, value: value and carried(value)}

_COLOURS = {chosen.IN_USE: "green", registry.INSTALLED: "cyan", registry.AVAILABLE: "dim"}


@click.group()
def models() -> None:
    """Get the models that think, hear, speak and see, and choose among them."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def list_models(as_json: bool) -> None:
    """List what can be downloaded, what is there, and what is in use. Wakes nobody."""
    rows = chosen.rows(registry.offered(), paths.models_folder(), paths.config_file())
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    _print(rows)
    click.echo(f"\nModels are in {paths.models_folder()}; get one with: senter models pull NAME")


@models.command()
@click.argument("name", required=False, **NAME)
@told_in_one_sentence
def pull(name: str | None) -> None:
    """Download a model, or go on with a download. Nothing is put in place before its checksum is right."""
    offered, folder = registry.offered(), paths.models_folder()
    if name is None:
        raise click.UsageError(f"Name one of: {', '.join(model.name for model in offered)}")
    model = registry.find(offered, name)
    try:
        brought = _download(model, folder)
    except KeyboardInterrupt:
        complain(f"stopped; what is there stays, go on with: senter models pull {model.name}")
        raise SystemExit(INTERRUPTED) from None
    click.echo(f"{model.name} {'is in' if brought else 'is there already:'} {model.path(folder)}")
    for line in _next_steps(model, folder, paths.config_file()):
        click.echo(line)


@models.command()
@click.argument("name", **NAME)
@told_in_one_sentence
def use(name: str) -> None:
    """Choose a model that is there: one of the list, or a .gguf file of your own in the models folder."""
    folder, file = paths.models_folder(), paths.config_file()
    own = [path.name for path in registry.own_files(folder, registry.offered(), choice.ENDING)]
    model = None if name in own else registry.find(registry.offered(), name, own)
    if model is not None and registry.progress(model, folder)[0] != registry.INSTALLED:
        raise InvalidState(f"{model.name} is not here yet; get it with: senter models pull {model.name}")
    if model is not None and model.kind == registry.FACE:
        click.echo(f"{model.name} is the only one of its kind; there is nothing to choose")
        return
    value = name if model is None else model.chosen_as
    section, key = chosen.SETTING[LANGUAGE if model is None else model.kind]
    changed = configuration.choose(section, key, value, file)
    click.echo(f"{name} is {'used from now on' if changed else 'in use already'} ({file})")
    if model is None or model.kind == LANGUAGE:
        for line in [*_asked_by(file), *([_take_over()] if changed else [])]:
            click.echo(line)


def _download(model: Model, folder: Path) -> bool:
    from senter.cli.downloads.download import pull as bring
    from senter.cli.downloads.progress import shown

    with shown() as watcher:
        return bring(model, folder, watcher)


def _next_steps(model: Model, folder: Path, file: Path) -> list[str]:
    """What to do with a model that has been downloaded."""
    if model.kind == registry.FACE:
        return []
    if not chosen.is_chosen(model, folder, file):
        return [f"Choose it with: senter models use {model.name}"]
    if model.kind != LANGUAGE:
        return ["It is the one in use."]
    return ["It is used from now on: no other is chosen.", *_asked_by(file)]


def _asked_by(file: Path) -> list[str]:
    """What keeps Senter's own engine from being asked."""
    lines = [
        f'The {worker} model does not ask it; add "{chosen.EMBEDDED}" to providers in [models.{worker}] of {file}'
        for worker in chosen.workers_elsewhere(file)
    ]
    return lines if llama.installed() else [*lines, f"Senter's own engine is missing; {choice.INSTALL}"]


def _take_over() -> str:
    """Have an engine that runs load the model that is chosen now; what became of that."""
    try:
        unit = units.read(ENGINE.unit)
        if unit.active == "failed":
            units.reset_failed(ENGINE.unit)
        elif unit.active != "inactive":
            units.restart(ENGINE.unit)
            return "The engine was restarted; it loads the model when it is needed."
    except NotRunning:
        return "It is loaded when it is needed."
    except Unavailable:
        if ask(_engine_runs):
            return "The engine that runs keeps its model until it is idle."
    return "The engine loads it when it is needed."


async def _engine_runs(connection: Connection) -> bool:
    return bool(await connection.owner(ENGINE.bus_name))


def _print(rows: Sequence[Row]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("NAME", "KIND", "SIZE", "LICENCE", "STATE"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "SIZE" else "left")
    # may wrap, so that this is the column which gives way; its rows do not
    table.add_column("WHERE")
    for row in rows:
        state = Text(row.words, style=_COLOURS.get(row.state, "yellow"))
        where = Path(row.path).relative_to(paths.models_folder()) if row.path else ""
        licence = row.licence.removeprefix("LicenseRef-") or "-"
        place = Text(one_line(str(where)), no_wrap=True, overflow="ellipsis")
        table.add_row(Text(one_line(row.name)), row.kind, in_words(row.size), licence, state, place)
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)
