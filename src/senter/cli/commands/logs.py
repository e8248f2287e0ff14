"""``senter logs``."""

import os
import shutil

import click

from senter.bus.names import Room
from senter.cli.outcome import fail, told_in_one_sentence
from senter.cli.rooms import RoomName


@click.command()
@click.argument("room", required=False, type=RoomName())
@click.option("-f", "--follow", is_flag=True, help="Go on as lines are written.")
@click.option("-n", "--lines", type=click.IntRange(min=1), default=100, show_default=True, help="How many lines.")
@told_in_one_sentence
def logs(room: Room | None, follow: bool, lines: int) -> None:
    """Show the journal of Senter, or of one room."""
    program = shutil.which("journalctl")
    if not program:
        fail("there is no journal on this system")
    command = [program, "--user", "--lines", str(lines), "--unit", room.unit if room else "senter-*"]
    os.execv(program, command + (["--follow"] if follow else ["--no-pager"]))
