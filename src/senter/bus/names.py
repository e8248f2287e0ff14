"""Every name Senter has on the bus, derived from one word a room."""

import inspect
import re
from dataclasses import dataclass

from senter import errors

PREFIX = "ai.senter"
ERROR_PREFIX = f"{PREFIX}.Error."

TARGET = "senter.target"

APPLICATION_ID = f"{PREFIX}.Senter"
"""What desktops call Senter: the name of its desktop entry."""


@dataclass(frozen=True)
class Room:
    """One program on the bus.

    ``word`` names the unit; ``instance`` is set for the instances of a template unit.
    """

    word: str
    instance: str = ""

    @property
    def title(self) -> str:
        """What people call it, as systemd does: ``reporter``, ``model@primary``."""
        return f"{self.word}@{self.instance}" if self.instance else self.word

    @property
    def folder(self) -> str:
        """The folder of ``src/senter/``: ``reporter``; instances live in the plural, ``models``."""
        return f"{self.word}s" if self.instance else self.word

    @property
    def interface(self) -> str:
        """``ai.senter.Reporter1``."""
        return f"{PREFIX}.{self.word.capitalize()}1"

    @property
    def bus_name(self) -> str:
        """The interface, and for an instance its name behind it: ``ai.senter.Model1.primary``."""
        return f"{self.interface}.{self.instance}" if self.instance else self.interface

    @property
    def path(self) -> str:
        """``/ai/senter/Reporter1``."""
        return "/" + self.bus_name.replace(".", "/")

    @property
    def unit(self) -> str:
        """``senter-reporter.service``, ``senter-model@primary.service``."""
        return f"senter-{self.title}.service"


REPORTER = Room("reporter")
ENGINE = Room("engine")
PRIMARY = Room("model", "primary")
RESEARCH = Room("model", "research")
LEARNING = Room("learning")
TASKS = Room("tasks")

GAZE = Room("gaze")
AUDIO = Room("audio")
"""Rooms whose names the contract fixes, and whose signals are heard where they are installed."""

MODELS = (PRIMARY, RESEARCH)
ROOMS = (REPORTER, ENGINE, *MODELS, LEARNING, TASKS)

_BUS_NAME = re.compile(rf"{re.escape(PREFIX)}\.(?P<word>[A-Z][a-z]+)1(\.(?P<instance>[a-z]+))?")

_ERRORS = {
    ERROR_PREFIX + name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.SenterError)
}


def error_name(error: errors.SenterError) -> str:
    """The name under which an error crosses the bus."""
    return ERROR_PREFIX + type(error).__name__


def error_class(name: str) -> type[errors.SenterError] | None:
    """The class of an error that came over the bus, or None for a name that is not ours."""
    if name in _ERRORS:
        return _ERRORS[name]
    return errors.SenterError if name.startswith(ERROR_PREFIX) else None


def room_of_bus_name(bus_name: str) -> Room:
    """The room behind a bus name of ours. Raises InvalidArgument for any other name."""
    found = _BUS_NAME.fullmatch(bus_name)
    if not found:
        raise errors.InvalidArgument(f"{bus_name!r} is not the bus name of a room, such as {REPORTER.bus_name}")
    return Room(found["word"].lower(), found["instance"] or "")


def room_of_unit(unit: str) -> Room | None:
    """The room a unit belongs to; None for a unit that is no room (``unit`` without or with ``.service``)."""
    for room in ROOMS:
        if unit.removesuffix(".service") == room.unit.removesuffix(".service"):
            return room
    return None
