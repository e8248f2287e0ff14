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
from senter.cli.outcome import INTERRUPTED, PIPE_WIDTH, ask, complain, print_json, told_in_one_sentence
from senter.cli.typed import carried
from senter.engine import choice, llama
from senter.errors import ConfigurationError, InvalidState, NotRunning, Unavailable
from senter.host import units
from senter.wording import one_line

NAME: Any = {"metavar": "NAME", "callback": lambda _context, _parameter, value: value and carried(value)}

_AWAITED = {registry.SPEECH: "for when Senter listens", registry.VOICE: "for when Senter speaks"}
_LEAST_FOR_ABOUT, _LEAST_FOR_LICENCE = 72, 100
"""Columns of a terminal."""
_LEAST_FOR_NAME = 24

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
    used = chosen.language(folder, paths.config_file()) if model.kind == LANGUAGE else ""
    click.echo(f"Licence: {model.licence_name}{f', see {model.terms}' if model.terms else ''}")
    try:
        brought = _download(model, folder)
    except KeyboardInterrupt:
        complain(f"stopped; what is there stays, go on with: senter models pull {model.name}")
        raise SystemExit(INTERRUPTED) from None
    click.echo(f"{model.name} {'is in' if brought else 'is there already:'} {model.path(folder)}")
    for line in _next_steps(model, used, folder, paths.config_file()):
        click.echo(line)


@models.command()
@click.argument("name", **NAME)
@told_in_one_sentence
def use(name: str) -> None:
    """Choose a model that is there: one of the list, or a .gguf file of your own in the models folder."""
    folder, file = paths.models_folder(), paths.config_file()
    own = [path.name for path in registry.own_files(folder, registry.offered(), choice.ENDING)]
    mine = _called(name, own)
    model = None if mine else _offered(name, own)
    if model is not None and registry.progress(model, folder)[0] != registry.INSTALLED:
        raise InvalidState(f"{model.name} is not here yet; get it with: senter models pull {model.name}")
    if model is not None and model.kind == registry.FACE:
        click.echo(f"{model.name} is the only one of its kind; there is nothing to choose")
        return
    value, kind = (mine, LANGUAGE) if model is None else (model.chosen_as, model.kind)
    section, key = chosen.SETTING[kind]
    changed = configuration.choose(section, key, value, file)
    if kind == LANGUAGE:
        outcome = "used from now on" if changed else "in use already"
    else:
        outcome = f"{'chosen' if changed else 'chosen already'}, {_AWAITED[kind]}"
    click.echo(f"{one_line(model.name if model else mine)} is {outcome} ({file})")
    if kind == LANGUAGE:
        for line in [*_asked_by(file), *([_take_over()] if changed else [])]:
            click.echo(line)


def _called(name: str, own: list[str]) -> str:
    """The own file of this name, or else the one that is shown by it; empty when there is none."""
    shown = (file for file in own if one_line(carried(file)) == one_line(name))
    return name if name in own else next(shown, "")


def _offered(name: str, own: list[str]) -> Model:
    """The model of this name, or whose file this is. Raises InvalidArgument."""
    models = registry.offered()
    names = {model.key_file.name: model.name for model in models if model.kind == LANGUAGE}
    return registry.find(models, names.get(name, name), map(carried, own))


def _download(model: Model, folder: Path) -> bool:
    from senter.cli.downloads.download import pull as bring
    from senter.cli.downloads.progress import shown

    with shown() as watcher:
        return bring(model, folder, watcher)


def _next_steps(model: Model, used: str, folder: Path, file: Path) -> list[str]:
    """What to do with a model that has been downloaded; ``used`` is the file that the engine loaded before."""
    if model.kind == registry.FACE:
        return []
    choosing = f"Choose it with: senter models use {model.name}"
    if not chosen.is_chosen(model, folder, file):
        return [choosing]
    if model.kind != LANGUAGE:
        return [f"It is the one that is chosen, {_AWAITED[model.kind]}."]
    if used not in ("", model.key_file.name):
        return [_keep(used, model, file), choosing]
    return ["It is the one in use." if used else "It is used from now on.", *_asked_by(file)]


def _keep(used: str, model: Model, file: Path) -> str:
    """Have the engine go on with a file that nobody had chosen, although the new one is the first by name now."""
    section, key = chosen.SETTING[LANGUAGE]
    try:
        configuration.choose(section, key, used, file)
    except ConfigurationError as error:
        told = f"the engine loads {model.name} instead of {used} from now on, for it is the first by name, and"
        raise ConfigurationError(f"{told} {error}") from error
    return f"{one_line(used)} stays the one that the engine loads; {file} names it now."


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

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    longest_name = max(_LEAST_FOR_NAME, console.width // 3)
    table.add_column("NAME", no_wrap=True, overflow="ellipsis", max_width=longest_name)
    for heading in ("KIND", "SIZE", "STATE"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "SIZE" else "left")
    if console.width >= _LEAST_FOR_LICENCE:
        table.add_column("LICENCE", no_wrap=True)
    if console.width >= _LEAST_FOR_ABOUT:
        # may wrap, so that this is the column which gives way; its rows do not
        table.add_column("ABOUT")
    for row in rows:
        state = Text(row.words, style=_COLOURS.get(row.state, "yellow"))
        licence = row.licence.removeprefix(registry.LICENCE_REFERENCE) or "-"
        about = Text(one_line(row.about), no_wrap=True, overflow="ellipsis")
        cells: list[Any] = [Text(one_line(row.name)), row.kind, in_words(row.size), state]
        cells += [licence] if console.width >= _LEAST_FOR_LICENCE else []
        table.add_row(*cells, *([about] if console.width >= _LEAST_FOR_ABOUT else []))
    console.print(table)
