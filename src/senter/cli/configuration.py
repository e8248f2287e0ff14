"""``config.toml``, changed in one place and kept as its owner wrote it everywhere else."""

import codecs
import os
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from senter import settings
from senter.cli.typed import carried
from senter.errors import ConfigurationError

BOM = codecs.BOM_UTF8
"""What some editors begin a file with."""
OWN_MODE = 0o600
"""Who may read a file that was not there before: its owner."""


def choose(section: type, key: str, value: str, file: Path) -> bool:
    """Set one key of the table of ``section`` in ``file``, which need not exist; whether that changed anything.

    Comments, order and everything else stay. Raises ConfigurationError, and leaves the file as it is, when it
    cannot be read or written, has mistakes, cannot hold the value, or cannot be changed without changing more.
    """
    if carried(value) != value:
        raise ConfigurationError(f"{file} cannot name {carried(value)}, whose name is not UTF-8; rename it")
    table = settings.SECTIONS[section][0]
    settings.load(section, file)
    content = file.read_bytes() if file.exists() else b""
    mark = BOM if content.startswith(BOM) else b""
    text = content.removeprefix(mark).decode()
    changed = _with(text, table, key, value)
    if changed is None:
        line = f'{key} = "{value}"'
        raise ConfigurationError(f"{file} cannot be changed without harm; write {line} below [{table}] yourself")
    if changed == text:
        return False
    _replace(file.resolve(), mark + changed.encode())
    return True


def _with(text: str, table: str, key: str, value: str) -> str | None:
    """The text with this value; the same when it has it, None when more than that would change."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        wanted = tomllib.loads(text)
        if wanted.get(table, {}).get(key) == value:
            return text
        wanted.setdefault(table, {})[key] = value
        changed = _changed(tomlkit.parse(text), table, key, value)
        return changed if tomllib.loads(changed) == wanted else None
    except (tomllib.TOMLDecodeError, TOMLKitError):
        return None


def _changed(document: Any, table: str, key: str, value: str) -> str:
    import tomlkit

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
        mode = stat.S_IMODE(file.stat().st_mode) if file.exists() else OWN_MODE
        if not mode & stat.S_IWUSR:
            raise ConfigurationError(f"{file} is read-only; it was not changed")
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
