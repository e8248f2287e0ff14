"""What people type, ready for the bus."""

import re
import sys
from datetime import date, timedelta
from typing import Any

import click

from senter.bus.signatures import pack
from senter.errors import InvalidArgument
from senter.host.clock import local_now, parse_time

GOAL_ID: Any = {"metavar": "ID", "callback": lambda _context, _parameter, value: value and carried(value)}
"""How a command takes the id of a goal."""
TASK_ID: Any = {**GOAL_ID, "metavar": "TASK"}
"""How a command takes the id of a step."""

SHORTEST_WEEKDAY = 3
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY_AND_TIME = re.compile(r"\s*([a-z]+)\s+(\d{1,2}:\d{2})\s*", re.IGNORECASE)


def carried(text: str) -> str:
    """The text as the bus can carry it; bytes that are no UTF-8 become U+FFFD."""
    return str(pack(text))


def given(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    """A text argument, of which ``-`` means all of stdin."""
    return carried(sys.stdin.buffer.read().decode(errors="replace") if text == "-" else text)


def time_to_come(text: str) -> int:
    """Microseconds since the epoch of ``tomorrow 18:00``, ``friday 18:00``, ``+2h``, and what ``parse_time`` reads.

    Raises InvalidArgument for text that is no time, and for a time that is over; Unavailable without systemd.
    """
    now = local_now()
    for spelled in _spelled(text, now.date()):
        try:
            found = parse_time(spelled)
        except InvalidArgument:
            raise InvalidArgument(f"{text!r} is not a time; write tomorrow 18:00, friday 18:00, or +2h") from None
        if found > now.timestamp() * 1_000_000:
            return found
    raise InvalidArgument(f"{text!r} is over; write a time to come, such as tomorrow 18:00, or +2h")


def _spelled(text: str, today: date) -> list[str]:
    """The times that are meant, as systemd reads them: a weekday is today's or that of the next week."""
    match = _DAY_AND_TIME.fullmatch(text)
    if not match:
        return [text]
    day, time = match[1].casefold(), match[2]
    if day in ("today", "tomorrow"):
        return [f"{today + timedelta(days=day == 'tomorrow')} {time}"]
    for number, name in enumerate(_WEEKDAYS):
        if len(day) >= SHORTEST_WEEKDAY and name.startswith(day):
            first = today + timedelta(days=(number - today.weekday()) % 7)
            return [f"{first} {time}", f"{first + timedelta(days=7)} {time}"]
    return [text]
