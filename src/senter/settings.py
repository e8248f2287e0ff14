"""``config.toml``: one table a room, read whole, checked strictly, never written by a room."""

import difflib
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from senter.errors import ConfigurationError


@dataclass(frozen=True)
class ReporterSettings:
    """``[reporter]``."""

    notifications: bool = True
    """Whether notices are shown on the desktop; the activity log is kept either way."""


Section = TypeVar("Section")

SECTIONS: dict[type, str] = {ReporterSettings: "reporter"}

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}


def load(section: type[Section], file: Path) -> Section:
    """Read the table of one room.

    Takes the room's settings class and the file, which may be missing (then every key has its default).
    Raises ConfigurationError, naming the file and the key, for a file that cannot be read, is not TOML, has a
    table no room owns, or has a key of this room that is unknown or of the wrong type. Mistakes in another
    room's table are that room's to report.
    """
    tables = _read(file)
    for name, table in tables.items():
        _require_known(name, SECTIONS.values(), f"{file}: [{name}] belongs to no part of Senter")
        if not isinstance(table, dict):
            raise ConfigurationError(f"{file}: {name} must be a table, written as [{name}]")
    table_name = SECTIONS[section]
    kinds = {field.name: field.type for field in fields(section)}  # type: ignore[arg-type]
    values = tables.get(table_name, {})
    for key, value in values.items():
        _require_known(key, kinds, f'{file}: [{table_name}] has no key "{key}"')
        if type(value) is not kinds[key]:
            expected = _WORDS[kinds[key]]  # type: ignore[index]
            raise ConfigurationError(f"{file}: [{table_name}] {key} must be {expected}, not {value!r}")
    return section(**values)


def _read(file: Path) -> dict[str, Any]:
    if file.exists() and not file.is_file():
        raise ConfigurationError(f"{file} is not a file")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from error


def _require_known(name: str, known: Collection[str], complaint: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigurationError(complaint + (f"; did you mean {near[0]}?" if near else ""))
