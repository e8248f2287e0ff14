"""``senter start``, ``senter stop`` and ``senter restart``."""

from collections.abc import Callable

import click

from senter.bus.names import ROOMS, TARGET, Room
from senter.cli.outcome import FAILED, complain, told_in_one_sentence
from senter.cli.rooms import RoomName
from senter.errors import SenterError, Unavailable
from senter.host import units

_NO_SYSTEMD = "there is no systemd here to start and stop Senter; rooms start when they are called"


@click.command()
@click.argument("rooms", nargs=-1, type=RoomName())
@told_in_one_sentence
def start(rooms: tuple[Room, ...]) -> None:
    """Start Senter, or some rooms of it, also after they have failed."""
    _require_systemd()
    _forget_failures(rooms)
    if not rooms:
        units.start(TARGET)
        _require_timers()
    _each(rooms or _wanted(), units.start if rooms else _await_start, "started")


@click.command()
@click.argument("rooms", nargs=-1, type=RoomName())
@told_in_one_sentence
def stop(rooms: tuple[Room, ...]) -> None:
    """Stop Senter, or some rooms of it, and wait until they are gone."""
    _require_systemd()
    if not rooms:
        units.stop(TARGET)
    _each(rooms or ROOMS, units.stop, "stopped")
    _forget_failures(rooms)


@click.command()
@click.argument("rooms", nargs=-1, type=RoomName())
@told_in_one_sentence
def restart(rooms: tuple[Room, ...]) -> None:
    """Restart Senter, or some rooms of it."""
    _require_systemd()
    _forget_failures(rooms)
    if not rooms:
        units.restart(TARGET)
        _require_timers()
    _each(rooms or _wanted(), units.restart if rooms else _await_start, "restarted")


def _require_systemd() -> None:
    if not units.available():
        raise Unavailable(_NO_SYSTEMD)
    if not units.read(TARGET).loaded:
        raise Unavailable("Senter is not installed for this user; run: make install")


def _forget_failures(rooms: tuple[Room, ...]) -> None:
    """Let what has failed start again: the rooms named, or everything that comes up with the target."""
    for unit in [room.unit for room in rooms] or [TARGET, *units.wants(TARGET)]:
        if units.read(unit).active == "failed":
            units.reset_failed(unit)


def _require_timers() -> None:
    """Start what else the target wants; a timer that cannot start would be missed only when its time comes."""
    for unit in units.wants(TARGET):
        if unit.endswith(".timer"):
            units.start(unit)


def _wanted() -> tuple[Room, ...]:
    """The rooms that come up with the target."""
    wanted = units.wants(TARGET)
    return tuple(room for room in ROOMS if room.unit in wanted)


def _await_start(unit: str) -> None:
    """Wait for a start that the target has asked for, without trying once more what has failed."""
    if reason := units.read(unit).reason:
        raise Unavailable(f"{unit} could not be started: {reason}")
    units.start(unit)


def _each(rooms: tuple[Room, ...], change: Callable[[str], None], done: str) -> None:
    failures = 0
    for room in rooms:
        try:
            change(room.unit)
        except SenterError as error:
            complain(error)
            failures += 1
        else:
            click.echo(f"{room.title} {done}")
    if failures:
        raise SystemExit(FAILED)
