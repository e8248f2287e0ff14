"""The models that can be downloaded, and what of them is there."""

import difflib
import fcntl
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from senter.errors import InvalidArgument, Unavailable

LANGUAGE, SPEECH, VOICE, FACE = "language", "speech", "voice", "face"

FOLDERS = {LANGUAGE: "", SPEECH: "whisper", VOICE: "piper", FACE: "face"}
"""Where files of a kind are below the models folder; the engine looks for language models in it itself."""

INSTALLED, AVAILABLE = "installed", "available"
DOWNLOADING, STOPPED = "downloading", "stopped"

PART = ".part"
"""What a file's name ends with as long as it is not all there."""

LICENCE_REFERENCE = "LicenseRef-"
"""What the name of a licence begins with that SPDX does not know."""

_WHISPER = "whisper-"


@dataclass(frozen=True)
class ModelFile:
    """One file, as it will be when it has been downloaded."""

    url: str
    size: int
    """Bytes."""
    sha256: str
    """64 hexadecimal digits."""

    @property
    def name(self) -> str:
        """What it is called on the disk: the last part of the URL."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Model:
    """Something that can be downloaded and used."""

    name: str
    kind: str
    """``language``, ``speech``, ``voice`` or ``face``."""
    about: str
    licence: str
    """An SPDX identifier, or ``LicenseRef-`` and a name."""
    files: tuple[ModelFile, ...]
    """The last one is the one that others look for."""
    terms: str = ""
    """Where a licence without SPDX identifier can be read; empty for the others."""

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def key_file(self) -> ModelFile:
        """The file that others look for."""
        return self.files[-1]

    @property
    def licence_name(self) -> str:
        """The licence as people call it."""
        return self.licence.removeprefix(LICENCE_REFERENCE)

    @property
    def chosen_as(self) -> str:
        """What ``config.toml`` calls it when it is the one to use."""
        return self.key_file.name if self.kind == LANGUAGE else self.name.removeprefix(_WHISPER)

    def place(self, models: Path) -> Path:
        """The folder of its files below the models folder."""
        return models / FOLDERS[self.kind]

    def path(self, models: Path) -> Path:
        """The file that others look for."""
        return self.place(models) / self.key_file.name


@cache
def offered() -> tuple[Model, ...]:
    """Every model that can be downloaded, in the order in which they are shown."""
    text = resources.files("senter.cli.downloads").joinpath("registry.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    return tuple(
        Model(
            **{key: entry[key] for key in ("name", "kind", "about", "licence")},
            files=tuple(ModelFile(**file) for file in entry["file"]),
            terms=document["licences"].get(entry["licence"], ""),
        )
        for entry in document["model"]
    )


def find(models: Iterable[Model], name: str, others: Iterable[str] = ()) -> Model:
    """The model of this name.

    Raises InvalidArgument when there is none, with the nearest names among these models and the ``others``.
    """
    known = {model.name: model for model in models}
    if name in known:
        return known[name]
    spelled = {other.lower(): other for other in (*known, *others)}
    near = [spelled[found] for found in difflib.get_close_matches(name.lower(), spelled, n=3, cutoff=0.5)]
    hint = f"did you mean {' or '.join(near)}?" if near else "see: senter models list"
    raise InvalidArgument(f"there is no model {name!r}; {hint}")


def in_words(size: int) -> str:
    """Bytes as people read them: ``1.1 GB``."""
    for unit, name in ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:.0f} {name}"
    return f"{size} B"


def progress(model: Model, models: Path) -> tuple[str, int]:
    """How much of a model is there: its state, and the bytes of it on the disk; judged by sizes, not by checksums.

    Raises Unavailable when the folder cannot be read.
    """
    place = model.place(models)
    try:
        whole = [_size(place / file.name) == file.size for file in model.files]
        if all(whole):
            return INSTALLED, model.size
        if not (parts := [part for file in model.files if (part := place / f"{file.name}{PART}").exists()]):
            return AVAILABLE, 0
        done = sum(file.size for file, there in zip(model.files, whole, strict=True) if there)
        done += sum(_size(part) for part in parts)
        return (DOWNLOADING if any(map(_locked, parts)) else STOPPED), min(done, model.size)
    except OSError as error:
        raise Unavailable(f"the models folder {models} cannot be read: {error.strerror}") from error


def own_files(models: Path, offered_models: Iterable[Model], ending: str) -> list[Path]:
    """The language models in the models folder that were put there by hand, by name.

    Raises Unavailable when the folder cannot be read.
    """
    known = {model.key_file.name for model in offered_models if model.kind == LANGUAGE}
    try:
        found = [path for path in models.iterdir() if path.suffix == ending and path.is_file()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unavailable(f"the models folder {models} cannot be read: {error.strerror}") from error
    return sorted(path for path in found if path.name not in known)


def _size(path: Path) -> int:
    """Bytes of a file; -1 when there is none."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except FileNotFoundError:
        return -1


def _locked(part: Path) -> bool:
    """Whether somebody is downloading it."""
    try:
        with part.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
