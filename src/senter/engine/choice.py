"""Which file is the model: the one that ``config.toml`` names, else the first in the models folder."""

import sys
from pathlib import Path

from senter.errors import ConfigurationError, NoModel, Unavailable

MAGIC = b"GGUF"
ENDING = ".gguf"
INSTALL = f"run: {sys.executable} -m pip install xllamacpp"
"""How to get what runs a model."""
SUGGESTED = "qwen3-4b"
"""What ``senter models pull`` gets for those who have no wish of their own."""


def check_name(name: str) -> None:
    """Raise ConfigurationError for a name in ``[engine] model`` that leads out of the models folder."""
    if "/" in name or "\0" in name or name in (".", ".."):
        raise ConfigurationError(f"[engine] model must be the name of a file in the models folder, not {name!r}")


def choose(folder: Path, name: str) -> Path:
    """The model file: ``name`` in the folder, or the first ``*.gguf`` there when the name is empty.

    Raises NoModel when there is none, Unavailable when the folder cannot be read.
    """
    try:
        if name and (folder / name).is_file():
            return folder / name
        found = sorted(path for path in folder.iterdir() if path.suffix == ENDING and path.is_file())
    except FileNotFoundError:
        found = []
    except OSError as error:
        raise Unavailable(f"the models folder {folder} cannot be read: {error.strerror}") from error
    if name:
        other = "choose another with: senter models use NAME" if found else "mend [engine] model in config.toml"
        raise NoModel(f"there is no {name} in {folder}; put it there, or {other}")
    if not found:
        get = f"run: senter models pull {SUGGESTED}"
        raise NoModel(f"there is no language model in {folder}; {get}, or put a file *{ENDING} there")
    return found[0]


def check_file(model: Path) -> None:
    """Raise Unavailable for a file that cannot be read or is not in the GGUF format."""
    try:
        with model.open("rb") as file:
            start = file.read(len(MAGIC))
    except OSError as error:
        raise Unavailable(f"{model.name} cannot be read: {error.strerror}") from error
    if start != MAGIC:
        raise Unavailable(f"{model.name} is not a language model in the GGUF format")
