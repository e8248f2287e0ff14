"""What people type, ready for the bus."""

import sys
from typing import Any

import click

from senter.bus.signatures import pack

GOAL_ID: Any = {"metavar": "ID", "callback": lambda _context, _parameter, value: value and carried(value)}
"""How a command takes the id of a goal."""


def carried(text: str) -> str:
    """The text as the bus can carry it; bytes that are no UTF-8 become U+FFFD."""
    return str(pack(text))


def given(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """A text argument, of which ``-`` means all of stdin."""
    return carried(sys.stdin.buffer.read().decode(errors="replace") if text == "-" else text)
