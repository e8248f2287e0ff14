"""Files that are not all there yet, and their way into their place."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from senter.cli.downloads.registry import PART, Model, ModelFile, in_words
from senter.errors import Busy, Unavailable

PIECE = 1 << 20
PEEKED = 3
"""How often to try for the lock, which ``senter models list`` may hold for a moment."""


class WrongFile(Exception):
    """This is not the file that was announced; the text says in what it differs."""


class Watcher(Protocol):
    """Who is told how a download goes."""

    def begins(self, file: ModelFile) -> None:
        """A file is looked at, and then downloaded as far as it is missing."""

    def checks(self, file: ModelFile, done: int) -> None:
        """So many bytes that were there before have been looked at."""

    def at(self, file: ModelFile, done: int) -> None:
        """So many bytes of it are there now."""

    def breaks(self, file: ModelFile, reason: str) -> None:
        """The connection is lost; it is tried again."""


class Part:
    """What is there of one file, and its checksum so far."""

    def __init__(self, file: ModelFile, place: Path) -> None:
        self.file = file
        self.path = place / f"{file.name}{PART}"
        self.size = 0
        """Bytes that are written and part of the checksum."""
        self._mark = place / f"{file.name}{PART}.etag"
        self._descriptor = -1
        self._sum = hashlib.sha256()

    def __enter__(self) -> "Part":
        with writing(self.path):
            self._descriptor = _open(self.path)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def etag(self) -> str:
        """What the server called the content that was begun with; empty when it gave it no name."""
        try:
            return self._mark.read_text(encoding="ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    @property
    def is_sound(self) -> bool:
        """Whether the checksum is the announced one."""
        return self._sum.hexdigest() == self.file.sha256

    def read(self, watcher: Watcher) -> None:
        """Take what an earlier download left into the checksum."""
        with writing(self.path):
            if os.fstat(self._descriptor).st_size > self.file.size:
                os.ftruncate(self._descriptor, 0)
        while piece := os.read(self._descriptor, PIECE):
            self._sum.update(piece)
            self.size += len(piece)
            watcher.checks(self.file, self.size)

    def write(self, piece: bytes) -> None:
        """Add bytes; never more than were announced."""
        if self.size + len(piece) > self.file.size:
            raise WrongFile("it does not end where it should")
        with writing(self.path):
            rest = memoryview(piece)
            while rest:
                written = os.write(self._descriptor, rest)
                self._sum.update(rest[:written])
                self.size += written
                rest = rest[written:]

    def start_anew(self, etag: str = "") -> None:
        """Forget what is there; what comes now has this name."""
        with writing(self.path):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self._mark.unlink(missing_ok=True)
            if etag.startswith('"') and etag.isascii():
                self._mark.write_text(etag, encoding="ascii")
        self.size = 0
        self._sum = hashlib.sha256()

    def settle(self) -> None:
        """Bring it to the disk."""
        with writing(self.path):
            os.fsync(self._descriptor)
            self._mark.unlink(missing_ok=True)

    def remove(self) -> None:
        """Leave nothing of it."""
        with writing(self.path):
            self.path.unlink(missing_ok=True)
            self._mark.unlink(missing_ok=True)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make one sentence of what the disk refuses."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from error


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)


@contextlib.contextmanager
def alone(model: Model, place: Path) -> Iterator[None]:
    """Hold the model's lock: its key file while that is incomplete. Raises Busy when somebody else does."""
    path = place / f"{model.key_file.name}{PART}"
    descriptor = _locked(model, path)
    try:
        yield
    finally:
        with writing(path):
            if _is_at(path, descriptor) and not os.fstat(descriptor).st_size:
                path.unlink()
        os.close(descriptor)


def _locked(model: Model, path: Path) -> int:
    for attempt in range(PEEKED):
        time.sleep(0.05 if attempt else 0)
        with writing(path):
            descriptor = _open(path)
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # whoever had the lock may have put the file in its place meanwhile
            if _is_at(path, descriptor):
                return descriptor
        os.close(descriptor)
    raise Busy(f"{model.name} is being downloaded already")


def _is_at(path: Path, descriptor: int) -> bool:
    return path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor))


def is_there(file: ModelFile, place: Path, watcher: Watcher) -> bool:
    """Whether a file is in its place and what it should be."""
    path = place / file.name
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    watcher.begins(file)
    found, done = hashlib.sha256(), 0
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            found.update(piece)
            done += len(piece)
            watcher.checks(file, done)
    return found.hexdigest() == file.sha256


def require_room(missing: list[ModelFile], place: Path) -> None:
    """Raise Unavailable when the disk has no room for what is missing of some files."""
    parts = [place / f"{file.name}{PART}" for file in missing]
    needed = sum(file.size for file in missing) - sum(part.stat().st_size for part in parts if part.exists())
    free = shutil.disk_usage(place).free
    if needed > free:
        raise Unavailable(f"this needs {in_words(needed)}, and {in_words(free)} are free in {place}")


def put_in_place(parts: list[Part], place: Path) -> None:
    """Give complete files their names, one after the other, each at once."""
    with writing(place):
        for part in parts:
            part.path.replace(place / part.file.name)
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
