"""Files and folders opened without following a link, and without waiting for what never ends.

Whether a path may be opened is decided by its real path, in ``reading``. Here exactly that path is opened, name by
name from the root: a link that somebody puts in its place meanwhile leads nowhere.
"""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path, PurePath

from senter.errors import Denied, Unavailable
from senter.tasks.reader.documents import HEAD, is_document
from senter.tasks.reader.text import LARGEST
from senter.tasks.tools.reading import MEGABYTE, is_system, shown

MOST_NAMES = 100_000
"""Names that are looked at below one folder."""
DEEPEST = 40
"""Folders in folders that are looked into."""

FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_PASSING = FOLDER | getattr(os, "O_PATH", os.O_RDONLY)
"""For a folder on the way: it need not be readable, where the system knows that."""

_MOUNTS = Path("/proc/self/mountinfo")
_WINDOWS = (
    *("proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "bpf", "pstore", "efivarfs"),
    *("debugfs", "tracefs", "securityfs", "configfs"),
)
"""File systems whose files are windows into the kernel."""


@dataclass(frozen=True)
class Entry:
    """A name in a folder."""

    path: str
    """Relative to the folder that was asked for."""
    holder: int
    """The descriptor of the folder that holds it, open until the next entry is asked for."""
    is_folder: bool
    is_link: bool

    @property
    def name(self) -> str:
        """Its name in the folder that holds it."""
        return os.path.basename(self.path)


@contextmanager
def folder_at(path: str) -> Iterator[int]:
    """A descriptor of the folder with this real path, and of no other, as long as the context lasts.

    Raises OSError when there is no such folder or a link is on the way, Denied when it is part of the system.
    """
    descriptor = entered(os.open("/", FOLDER), PurePath(path).parts[1:])
    try:
        if is_of_system(os.fstat(descriptor)):
            raise Denied(f"{shown(path)} is part of the system")
        yield descriptor
    finally:
        os.close(descriptor)


def entered(descriptor: int, parts: Sequence[str]) -> int:
    """The descriptor of the folder that is reached by these names, without following a link, from another.

    That one is closed. Raises OSError.
    """
    for number, part in enumerate(parts, 1):
        how = FOLDER if number == len(parts) else _PASSING
        try:
            inner = os.open(part, how, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def content_of(path: str, name: str, folder: int | None = None) -> bytes:
    """The bytes of a regular file by its real path, or by its name in the ``folder`` with this descriptor.

    No link is followed, no pipe or device is opened or waited for. Raises Unavailable that says in a sentence about
    ``name`` why it cannot be read, Denied when the folder of the file is part of the system.
    """
    try:
        if folder is not None:
            return _content(folder, path, name)
        with folder_at(os.path.dirname(path)) as holder:
            return _content(holder, os.path.basename(path), name)
    except OSError as error:
        raise Unavailable(f"{name} cannot be opened: {error.strerror}") from error


def entries_below(path: str, note: Callable[[str], None]) -> Iterator[Entry]:
    """What is below the folder with a real path, in order: files, links, pipes, but nothing that is hidden.

    ``note`` is told in a sentence about everything else that is left out. Raises OSError when the folder cannot be
    opened, Denied when it is part of the system.
    """
    left = MOST_NAMES
    with folder_at(path) as top:
        folders = [""]
        while folders and left > 0:
            folder = folders.pop()
            try:
                descriptor = entered(os.dup(top), PurePath(folder).parts)
            except OSError as error:
                note(f"{shown(folder)} cannot be opened: {error.strerror} and was not read")
                continue
            try:
                found = entries_in(descriptor, folder, left)
                left -= len(found)
                yield from (entry for entry in found if not entry.is_folder and _is_text(entry, note))
            finally:
                os.close(descriptor)
            inner = [entry.path for entry in found if entry.is_folder and _may_enter(path, entry, note)]
            folders += reversed(inner)
    if left <= 0:
        note(f"only the first {MOST_NAMES:,} names in {shown(path)} were looked at")


def entries_in(descriptor: int, folder: str = "", most: int = MOST_NAMES) -> list[Entry]:
    """What is in the folder with a descriptor, sorted by name, without the hidden: of ``most`` names at most.

    ``folder`` is put before each name. Raises OSError.
    """
    if is_of_system(os.fstat(descriptor)):
        return []
    with os.scandir(descriptor) as found:
        seen = islice((each for each in found if not each.name.startswith(".")), most)
        entries = [_entry(folder, descriptor, each) for each in seen]
    return sorted(entries, key=lambda entry: entry.path)


def is_of_system(status: os.stat_result) -> bool:
    """Whether something is in a file system that is a window into the kernel, wherever that is mounted."""
    return status.st_dev in _devices_of_system()


def _entry(folder: str, holder: int, found: os.DirEntry[str]) -> Entry:
    path = os.path.join(folder, found.name)
    return Entry(path, holder, found.is_dir(follow_symlinks=False), found.is_symlink())


def _content(folder: int, name: str, told: str) -> bytes:
    # looked at before it is opened, too, because opening is all that some devices wait for
    _require_document(os.stat(name, dir_fd=folder, follow_symlinks=False), told)
    descriptor = os.open(name, os.O_RDONLY | FILE, dir_fd=folder)
    try:
        _require_document(os.fstat(descriptor), told)
        with open(descriptor, "rb", closefd=False) as file:
            head = file.read(HEAD)
            if not is_document(head):
                raise Unavailable(f"{told} is not text")
            return head + file.read(LARGEST + 1 - len(head))
    finally:
        os.close(descriptor)


def _require_document(status: os.stat_result, told: str) -> None:
    """Raise Unavailable for what is not a plain file of a size that can be read."""
    if not stat.S_ISREG(status.st_mode):
        raise Unavailable(f"{told} is not a file")
    if is_of_system(status):
        raise Unavailable(f"{told} is part of the system")
    if status.st_nlink > 1:
        raise Unavailable(f"{told} has another name somewhere else (a hard link)")
    if status.st_size > LARGEST:
        raise Unavailable(f"{told} is larger than {LARGEST // MEGABYTE} MB")


def _is_text(entry: Entry, note: Callable[[str], None]) -> bool:
    """Whether the name of an entry is text."""
    try:
        entry.path.encode()
    except UnicodeEncodeError:
        note(f"{shown(entry.path)} has a name that is not text and was not read")
        return False
    return True


def _may_enter(path: str, folder: Entry, note: Callable[[str], None]) -> bool:
    """Whether a folder below the one with a real path is looked into."""
    if is_system(os.path.join(path, folder.path)) or not _is_text(folder, note):
        return False
    if folder.path.count("/") + 1 < DEEPEST:
        return True
    note(f"{shown(folder.path)} is more than {DEEPEST} folders deep and was not read")
    return False


@cache
def _devices_of_system() -> frozenset[int]:
    """The devices of the file systems that are windows into the kernel; none where they are not listed."""
    if not _MOUNTS.exists():
        return frozenset()
    found = set()
    for line in _MOUNTS.read_text(errors="replace").splitlines():
        device, _, kind = line.split()[2], *line.partition(" - ")[1:]
        if kind.split()[0] in _WINDOWS:
            major, _, minor = device.partition(":")
            found.add(os.makedev(int(major), int(minor)))
    return frozenset(found)
