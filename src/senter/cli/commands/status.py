"""``senter status``."""

import sys
from dataclasses import asdict
from datetime import datetime

import click

from senter.bus.connection import Connection
from senter.bus.names import ROOMS, TARGET
from senter.cli.outcome import NOT_RUNNING, PIPE_WIDTH, ask, print_json, told_in_one_sentence
from senter.cli.overview import FAILED, IDLE, MISSING, RUNNING, Component, Overview, Timer, overview
from senter.host import units

_COLOURS = {RUNNING: "green", FAILED: "bold red", IDLE: "dim"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def status(as_json: bool) -> None:
    """Show every component and timer. Wakes nobody; exit code 3 when Senter is stopped."""
    supervised = units.available()
    shown = _from_systemd() if supervised else ask(_from_bus)
    if as_json:
        print_json(asdict(shown))
    else:
        _print(shown)
        if remark := _remark(shown, supervised):
            click.echo(f"\n{remark}")
    if not shown.running:
        raise SystemExit(NOT_RUNNING)


def _from_systemd() -> Overview:
    timers = units.read_all(units.names_like("senter-*.timer"))
    target, *rooms = units.read_all([TARGET, *(room.unit for room in ROOMS)])
    return overview(target, list(zip(ROOMS, rooms, strict=True)), timers)


async def _from_bus(connection: Connection) -> Overview:
    """What can be told without systemd: who is on the bus."""
    activatable = await connection.ask_daemon("ListActivatableNames")
    components = []
    for room in ROOMS:
        owner = await connection.owner(room.bus_name)
        pid = await connection.ask_daemon("GetConnectionUnixProcessID", "s", owner) if owner else 0
        asleep = IDLE if room.bus_name in activatable else MISSING
        components.append(Component(room.title, "", RUNNING if owner else asleep, pid, 0, 0, 0, ""))
    return Overview(any(row.state != MISSING for row in components), components, timers=[])


def _print(shown: Overview) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("COMPONENT", "STATE", "PID", "MEMORY", "RESTARTS", "SINCE", "DOING"):
        table.add_column(heading, justify="right" if heading in ("PID", "MEMORY", "RESTARTS") else "left")
    for row in shown.components:
        state = Text(row.state, style=_COLOURS.get(row.state, ""))
        memory = f"{row.memory / 1_000_000:.0f} MB" if row.memory else "-"
        table.add_row(
            row.component, state, str(row.pid or "-"), memory, str(row.restarts), _when(row.since), Text(row.doing)
        )
    console.print(table)
    if shown.timers:
        console.print()
        console.print(_timers(shown.timers))


def _remark(shown: Overview, supervised: bool) -> str:
    if not supervised:
        return "There is no systemd here: no restarts, no timers, no limits; rooms start on demand."
    return "" if shown.running else "Senter is stopped; start it with: senter start"


def _timers(timers: list[Timer]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("TIMER", "LAST", "NEXT"):
        table.add_column(heading)
    for timer in timers:
        name = timer.timer.removeprefix("senter-job@").removesuffix(".timer")
        table.add_row(name, _when(timer.last), _when(timer.next) if timer.state == RUNNING else timer.state)
    return table


def _when(microseconds: int) -> str:
    """Local time as people write it; the day is left out when it is today."""
    if not microseconds:
        return "-"
    then = datetime.fromtimestamp(microseconds / 1_000_000).astimezone()
    today = then.date() == datetime.now().astimezone().date()
    return f"{then:%H:%M:%S}" if today else f"{then:%a %d %b %H:%M}"
