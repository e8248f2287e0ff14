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
    quiet_hours: str = ""
    """When only what is critical is shown, such as ``22:00-07:00``; the rest waits until they end."""
    silent: tuple[str, ...] = ()
    """Which types of notices are never shown: ``digest``, ``away``, ``budget``, or the type of an activity."""
    plain: bool = False
    """Whether digests do without emoji."""
    keep_days: int = 90
    """How long activities, settled notices and the pages of digests are kept; 0 for ever."""


@dataclass(frozen=True)
class EngineSettings:
    """``[engine]``."""

    model: str = ""
    """The name of a file in the models folder; empty for the first one by name."""
    context_tokens: int = 8192
    """How much one request may hold, question and answer together."""


@dataclass(frozen=True)
class ModelSettings:
    """``[models.primary]`` and ``[models.research]``."""

    model: str = "llama3.2"
    """The name by which a provider knows the model; the embedded engine has one model and needs no name."""
    providers: tuple[str, ...] = ("ollama", "embedded")
    """Where to ask, first choice first: a preset or the URL of an OpenAI-compatible endpoint; behind it, after a
    space, the name of another model than ``model``."""
    embedding_model: str = ""
    """The model that turns texts into vectors; empty for ``model``."""
    system_prompt: str = ""
    """What the model is told about itself; empty for what is usual for the worker."""
    temperature: float = 0.7
    """How freely it answers, from 0 to 2, when the caller does not say."""
    max_tokens: int = 0
    """How long an answer may be when the caller does not say; 0 for what is usual for the worker."""
    price_in: float = 0.0
    """What a million tokens of question cost at providers elsewhere that do not tell it."""
    price_out: float = 0.0
    """What a million tokens of answer cost there."""
    keep_loaded_minutes: int = 15
    """How long Ollama keeps the model in memory after it was needed."""
    unload_when: tuple[str, ...] = ()
    """When Ollama gives the memory back at once: ``locked``, ``battery``."""


@dataclass(frozen=True)
class BudgetSettings:
    """``[budget]``: what both workers may use together; 0 is no limit. Costs are in the currency of the prices."""

    tokens_per_day: int = 2_000_000
    tokens_per_goal: int = 200_000
    cost_per_day: float = 5.0
    cost_per_goal: float = 1.0
    primary_pauses: bool = False
    """Whether people are refused an answer, too, when the day's budget is spent."""


@dataclass(frozen=True)
class LearningSettings:
    """``[learning]``."""

    enabled: bool = True
    """Whether what the user asks for is remembered at all."""


@dataclass(frozen=True)
class TasksSettings:
    """``[tasks]``."""

    max_concurrent_tasks: int = 3
    """How many steps are worked on at once."""
    search_results: int = 5
    """How many results of a web search are looked at."""
    search_url: str = ""
    """The address of a SearXNG server; empty to ask public search engines."""
    folders: tuple[str, ...] = ("/",)
    """Below which folders documents may be read, when a goal names one."""
    allowed_hosts: tuple[str, ...] = ()
    """Servers that goals may ask although their addresses are not public: ``host`` or ``host:port``."""
    calendars: tuple[str, ...] = ()
    """Calendars that goals may look into: ``.ics`` files, and folders of them."""
    commands: bool = False
    """Whether goals may run programs, each confined and after it was approved."""
    steps_per_goal: int = 60
    """How many attempts at steps a goal may take in all."""
    minutes_per_goal: int = 240
    """How long all steps of a goal together may be worked on."""
    lid_hours: float = 4.0
    """How long a closed laptop goes on while goals are worked on; 0 to let it sleep."""
    lid_battery: int = 30
    """Below how many percent of battery a closed laptop is let go to sleep."""


@dataclass(frozen=True)
class AudioSettings:
    """``[audio]``."""

    whisper_model: str = "small"
    """Which Whisper model hears: ``tiny``, ``base.en``, ``small`` and so on."""
    voice: str = "auto"
    """Which Piper voice speaks, such as ``en_US-lessac-medium``; ``auto`` for that one where it is there."""


Section = TypeVar("Section")

SECTIONS: dict[type, tuple[str, ...]] = {
    ReporterSettings: ("reporter",),
    EngineSettings: ("engine",),
    ModelSettings: ("models.primary", "models.research"),
    BudgetSettings: ("budget",),
    LearningSettings: ("learning",),
    TasksSettings: ("tasks",),
    AudioSettings: ("audio",),
}

Texts = tuple[str, ...]

_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotes",
    Texts: "a list of texts in quotes",
}


def load(section: type[Section], file: Path, instance: str = "") -> Section:
    """Read the table of one room.

    Takes the room's settings class, the file, which may be missing (then every key has its default), and for a
    room with instances the name of one. Raises ConfigurationError, naming the file and the key, for a file that
    cannot be read, is not TOML, has a table no room owns, or has a key of this room that is unknown or of the wrong
    type. Mistakes in another room's table are that room's to report.
    """
    tables = _tables(file)
    (name,) = (name for name in SECTIONS[section] if not instance or name.endswith(f".{instance}"))
    kinds = {field.name: field.type for field in fields(section)}  # type: ignore[arg-type]
    chosen = {}
    for key, value in tables.get(name, {}).items():
        _require_known(key, kinds, f'{file}: [{name}] has no key "{key}"')
        if not _is(kinds[key], value):
            raise ConfigurationError(f"{file}: [{name}] {key} must be {_WORDS[kinds[key]]}, not {value!r}")
        chosen[key] = tuple(value) if isinstance(value, list) else float(value) if kinds[key] is float else value
    return section(**chosen)


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    """Every table of the file by its full name, such as ``models.primary``."""
    known = [name for names in SECTIONS.values() for name in names]
    found = {}
    for first, content in _read(file).items():
        _require_table(first, content, {name.partition(".")[0] for name in known}, file)
        inner = {first: content} if first in known else {f"{first}.{key}": value for key, value in content.items()}
        for name, table in inner.items():
            _require_table(name, table, known, file)
        found.update(inner)
    return found


def _require_table(name: str, content: Any, known: Collection[str], file: Path) -> None:
    _require_known(name, known, f"{file}: [{name}] belongs to no part of Senter")
    if not isinstance(content, dict):
        raise ConfigurationError(f"{file}: {name} must be a table, written as [{name}]")


def _is(kind: Any, value: Any) -> bool:
    if kind == Texts:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return type(value) is kind or (kind is float and type(value) is int)


def _read(file: Path) -> dict[str, Any]:
    if file.exists() and not file.is_file():
        raise ConfigurationError(f"{file} is not a file")
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
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
