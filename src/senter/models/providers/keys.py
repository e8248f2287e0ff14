"""The API keys of providers: found where the user keeps them, sent to whom they are for, and told to nobody.

A key is looked for when it is needed, so that a new one needs no restart: in systemd's credentials, in the
environment, and in ``keys.toml`` beside ``config.toml``, in this order. The first place that has one decides.
"""

import contextlib
import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from senter import paths
from senter.bus.signatures import Check
from senter.models.providers.provider import PRESETS, Provider

OPENAI, OPENROUTER = "openai", "openrouter"
LONGEST_KEY = 4096
LARGEST_FILE = 64 * 1024
"""Bytes of a file of keys."""

_VARIABLES = {OPENAI: "OPENAI_API_KEY", OPENROUTER: "OPENROUTER_API_KEY"}
_HOSTS = {urlsplit(PRESETS[name]).hostname: name for name in _VARIABLES}

_HARMLESS = re.compile(r"[!-~]+")
_WHERE = re.compile(r"at (?:line \d+, column \d+|end of document)")


@dataclass(frozen=True)
class Key:
    """What was found for a provider."""

    value: str = field(default="", repr=False)
    """The key; empty when there is none to be sent."""
    place: str = ""
    """Where it was found, in words that follow "the key in"."""
    trouble: str = ""
    """One sentence about a key, or a place for keys, that cannot be used; empty when all is well."""


def service_of(provider: Provider) -> str:
    """OPENAI or OPENROUTER for a provider that is one of them, by name or by URL; empty for every other one."""
    return provider.name if provider.name in _VARIABLES else _HOSTS.get(provider.host, "")


def variable_of(provider: Provider) -> str:
    """The environment variable that may have the key: ``OPENAI_API_KEY``, ``SENTER_KEY_MODELS_EXAMPLE_ORG``."""
    own = "SENTER_KEY_" + "".join(mark if mark.isalnum() else "_" for mark in provider.host.upper())
    return _VARIABLES.get(service_of(provider), own)


def advice(provider: Provider, key: Key) -> str:
    """What to do for a provider that wants a key and was sent none."""
    name = service_of(provider) or provider.host
    return key.trouble or f'put one for "{name}" into {_told(_file(), os.environ)}, and run: chmod 600 on it'


class Keys:
    """Finds keys. ``file`` is ``keys.toml``, by default the one beside ``config.toml``; it need not exist."""

    def __init__(self, file: Path | None = None, environment: Mapping[str, str] = os.environ) -> None:
        self._file = file or _file()
        self._environment = environment

    def find(self, provider: Provider) -> Key:
        """The key for a provider; reads files, which blocks for a moment. Never one that others could read."""
        if provider.embedded:
            return Key()
        key = self._first(provider)
        if key.value and not provider.private:
            return Key(trouble=f"the key in {key.place} is sent over https only")
        return key

    def check(self, providers: Iterable[Provider]) -> list[Check]:
        """A line for ``keys.toml`` and each key for these providers that cannot be used; blocks for a moment."""
        troubles = [self._table()[1], *(self.find(provider).trouble for provider in providers)]
        return [Check("keys", "warn", trouble) for trouble in dict.fromkeys(troubles) if trouble]

    def _first(self, provider: Provider) -> Key:
        known = (provider.name, service_of(provider), provider.host)
        names = dict.fromkeys(name.lower() for name in known if name)
        for name in names:
            key = self._credential(name)
            if key.value or key.trouble:
                return key
        variable = variable_of(provider)
        if self._environment.get(variable, "").strip():
            return _checked(self._environment[variable], variable)
        table, trouble = self._table()
        found = next((table[name] for name in names if name in table), "")
        return _checked(found, self._told) if found else Key(trouble=trouble)

    def _credential(self, name: str) -> Key:
        """The key in systemd's credential of this name (systemd.exec(5)), which only this service can read."""
        folder = self._environment.get("CREDENTIALS_DIRECTORY", "")
        if not folder or "/" in name or name in (".", ".."):
            return Key()
        place = f"the credential {name}"
        try:
            with _opened(Path(folder) / name) as descriptor:
                data = _read(descriptor)
        except FileNotFoundError:
            return Key()
        except (OSError, ValueError) as error:
            return Key(trouble=f"{place} {_reason(error)}")
        return _checked(data.decode(errors="replace"), place)

    @property
    def _told(self) -> str:
        return _told(self._file, self._environment)

    def _table(self) -> tuple[dict[str, str], str]:
        """What the file has for whom, and why it cannot be used; both are empty when there is no file."""
        try:
            with _opened(self._file) as descriptor:
                self._require_own(os.fstat(descriptor))
                data = _read(descriptor)
            return _entries(tomllib.loads(data.decode())), ""
        except FileNotFoundError:
            return {}, ""
        except UnicodeDecodeError:
            return {}, f"{self._told} is not UTF-8 text"
        except tomllib.TOMLDecodeError as error:
            # what is wrong may be a key, so it is not quoted
            where = _WHERE.search(str(error))
            return {}, f"{self._told} is not valid TOML" + (f" ({where[0]})" if where else "")
        except (OSError, ValueError) as error:
            return {}, f"{self._told} {_reason(error)}"

    def _require_own(self, state: os.stat_result) -> None:
        if state.st_uid != os.getuid():
            raise ValueError("belongs to another user")
        if stat.S_IMODE(state.st_mode) & 0o077:
            raise ValueError(f"may be read by others; run: chmod 600 {self._told}")


def _file() -> Path:
    return paths.config_file().parent / "keys.toml"


def _told(file: Path, environment: Mapping[str, str]) -> str:
    """The path of a file as people write it."""
    home = Path(environment.get("HOME", "/"))
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)


def _checked(text: str, place: str) -> Key:
    """A key as it can be sent. Space around it is from an editor or a shell."""
    value = text.strip()
    if not value:
        return Key()
    if len(value) > LONGEST_KEY or not _HARMLESS.fullmatch(value):
        return Key(trouble=f"the key in {place} is not used: it has spaces, line breaks or marks that no key has")
    return Key(value, place)


def _entries(table: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """The keys by lower-case name; a host without quotes is a table in tables for TOML. Raises ValueError."""
    found: dict[str, str] = {}
    for name, content in table.items():
        full = f"{above}{name.lower()}"
        if isinstance(content, dict):
            found |= _entries(content, f"{full}.")
        elif isinstance(content, str):
            found[full] = content
        else:
            raise ValueError(f"must have a text in quotes for {full}")
    return found


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A regular file, which the last part of the path itself has to be. Raises OSError, ValueError."""
    # a pipe would keep us waiting for a writer
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("is not a file")
        yield descriptor
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    """All of a small file. Raises OSError, ValueError."""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise ValueError(f"is larger than {LARGEST_FILE // 1024} KiB")
    return data


def _reason(error: OSError | ValueError) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == errno.ELOOP:
        return "is a symbolic link, which is not followed"
    return f"cannot be read: {error.strerror}"


def without(key: Key, text: str) -> str:
    """A text of somebody else, in which our key is not to be seen."""
    return text.replace(key.value, "…") if key.value else text
