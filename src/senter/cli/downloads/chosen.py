"""Which models are there, and which of them ``config.toml`` chooses."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from senter.bus.names import MODELS
from senter.cli.downloads import registry
from senter.cli.downloads.registry import FACE, INSTALLED, LANGUAGE, SPEECH, VOICE, Model
from senter.cli.typed import carried
from senter.engine import choice
from senter.errors import NoModel
from senter.settings import AudioSettings, EngineSettings, ModelSettings, load

IN_USE = "in use"
EMBEDDED = "embedded"
"""What ``providers`` calls Senter's own engine."""

SETTING: dict[str, tuple[type, str]] = {
    LANGUAGE: (EngineSettings, "model"),
    SPEECH: (AudioSettings, "whisper_model"),
    VOICE: (AudioSettings, "voice"),
}
"""The table and the key that choose a model of a kind; there is one face model, and nothing to choose."""

USUAL_VOICE = "en_US-lessac-medium"
"""What ``voice = "auto"`` means where it is there."""


@dataclass(frozen=True)
class Row:
    """One model as it is listed."""

    name: str
    """That of the file when it was put there by hand; what is no UTF-8 in it is U+FFFD, as in ``path``."""
    kind: str
    about: str
    size: int
    """Bytes when it is complete."""
    licence: str
    """Empty when it is not known."""
    state: str
    """``in use``, ``installed``, ``downloading``, ``stopped`` or ``available``."""
    percent: int
    """How much of it is there."""
    path: str
    """The file that others look for; empty when it is not there."""

    @property
    def words(self) -> str:
        """The state, and how far it has come: ``downloading 40 %``."""
        return (
            f"{self.state} {self.percent} %"
            if self.state in (registry.DOWNLOADING, registry.STOPPED)
            else self.state
        )


def rows(offered: Iterable[Model], folder: Path, file: Path) -> list[Row]:
    """Every model that is offered, and the language models that were put into the folder by hand.

    Raises ConfigurationError for a file that cannot be used, Unavailable when the folder cannot be read.
    """
    offered = list(offered)
    used = language(folder, file) if len(workers_elsewhere(file)) < len(MODELS) else ""
    listed = [_row(model, folder, file, used) for model in offered]
    return [*listed, *(_own_row(path, used) for path in registry.own_files(folder, offered, choice.ENDING))]


def is_chosen(model: Model, folder: Path, file: Path) -> bool:
    """Whether a model that is there is the one of its kind to be used. Raises ConfigurationError."""
    if model.kind == FACE:
        return True
    if model.kind == LANGUAGE:
        return language(folder, file) == model.key_file.name
    section, key = SETTING[model.kind]
    value = getattr(load(section, file), key)
    return model.chosen_as == (USUAL_VOICE if model.kind == VOICE and value == "auto" else value)


def workers_elsewhere(file: Path) -> list[str]:
    """The model workers that do not ask Senter's own engine. Raises ConfigurationError."""
    return [room.instance for room in MODELS if not _asks_own_engine(room.instance, file)]


def language(folder: Path, file: Path) -> str:
    """The name of the file that the engine would load; empty when there is none. Raises ConfigurationError."""
    try:
        return choice.choose(folder, load(EngineSettings, file).model).name
    except NoModel:
        return ""


def _asks_own_engine(worker: str, file: Path) -> bool:
    return any(entry.split()[:1] == [EMBEDDED] for entry in load(ModelSettings, file, worker).providers)


def _row(model: Model, folder: Path, file: Path, used: str) -> Row:
    state, done = registry.progress(model, folder)
    there = state == INSTALLED
    if there and (used == model.key_file.name if model.kind == LANGUAGE else is_chosen(model, folder, file)):
        state = IN_USE
    path = carried(str(model.path(folder))) if there else ""
    return Row(
        model.name, model.kind, model.about, model.size, model.licence, state, 100 * done // model.size, path
    )


def _own_row(path: Path, used: str) -> Row:
    state = IN_USE if used == path.name else INSTALLED
    name, place = carried(path.name), carried(str(path))
    return Row(name, LANGUAGE, "your own file", path.stat().st_size, "", state, 100, place)
