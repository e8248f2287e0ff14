"""``config.toml``, changed in one place and kept as its owner wrote it everywhere else."""

import os
import tempfile
import tomllib
from pathlib import Path

from senter import settings
from senter.errors import ConfigurationError

OWN_MODE = 0o600
"""Who may read a file that was not there before: its owner."""


def choose(section: type, key: str, value: str, file: Path) -> bool:
    """Set one key of the table of ``section`` in ``file``, which need not exist; whether that changed anything.

    Comments, order and everything else stay. Raises ConfigurationError, and leaves the file as it is, when it
    cannot be read or written, has mistakes, or cannot be changed without changing more.
    """
    table = settings.SECTIONS[section][0]
    if getattr(settings.load(section, file), key) == value and _says(file, table, key):
        return False
    text = _read(file)
    changed = _with(text, table, key, value)
    before, after = tomllib.loads(text), tomllib.loads(changed)
    before.setdefault(table, {})[key] = value
    if before != after:
        line = f'{key} = "{value}"'
        raise ConfigurationError(f"{file} cannot be changed without harm; write {line} below [{table}] yourself")
    _replace(file.resolve(), changed.encode())
    return True


def _says(file: Path, table: str, key: str) -> bool:
    """Whether the key is written there, instead of having its default."""
    return key in tomllib.loads(_read(file)).get(table, {})


def _read(file: Path) -> str:
    """The text of a file that could be loaded; empty when there is none."""
    return file.read_bytes().decode() if file.exists() else ""


def _with(text: str, table: str, key: str, value: str) -> str:
    import tomlkit

    document = tomlkit.parse(text)
    if table not in document:
        if document.body:
            document.add(tomlkit.nl())
        document.add(table, tomlkit.table())
    document[table][key] = value
    return tomlkit.dumps(document)


def _replace(file: Path, content: bytes) -> None:
    """Put new content in the place of a file, all of it or nothing."""
    new = ""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        mode = file.stat().st_mode & 0o777 if file.exists() else OWN_MODE
        descriptor, new = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with open(descriptor, "wb") as out:
            out.write(content)
            os.fchmod(descriptor, mode)
            out.flush()
            os.fsync(descriptor)
        os.replace(new, file)
        new = ""
        folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        if new:
            os.unlink(new)
