"""Files opened so that nothing outside of what is allowed is read, and nothing that never ends."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.reader.documents import HEAD, LARGEST, is_document
from senter.wording import one_line, shortened

CLOSED = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/var/lib", "/var/log")
"""What no goal reads, whatever is allowed; nor anything hidden."""

LONGEST_NAME = 120
MEGABYTE = 1_000_000
NOTES_TOLD = 5


def shown(path: str) -> str:
    """A path or name as it is told: on one line, without what acts on a terminal, the end kept when it is long."""
    line = one_line(path.encode(errors="replace").decode())
    return line if len(line) <= LONGEST_NAME else f"…{line[1 - LONGEST_NAME :]}"


def allowed(path: str, folders: Iterable[str], roots: Iterable[str] = ("/",)) -> str:
    """The real path of a file or folder that is one of the folders or below one; ``~`` is the home.

    Raises InvalidArgument for what is not an absolute path. Raises Denied for one elsewhere, also by links or "..",
    and for one that is hidden, part of the system or not below one of ``roots``, whatever the folders are.
    """
    real = real_path(path)
    if not _is_below_any(real, folders):
        raise Denied(f"{shown(path)} is not in a folder that the goal names")
    if is_closed(real):
        raise Denied(f"{shown(path)} may not be read: it is hidden or part of the system")
    if not _is_below_any(real, roots):
        raise Denied(f"{shown(path)} may not be read: it is not below [tasks] folders")
    return real


def real_path(path: str) -> str:
    """An absolute path without links, ``..`` and ``~``; raises InvalidArgument for what is not an absolute path."""
    if "\0" in path or not path:
        raise InvalidArgument("the path must be the name of a file or folder")
    expanded = os.path.expanduser(path)
    if not os.path.isabs(expanded):
        raise InvalidArgument(f"{shown(path)} must be an absolute path")
    return os.path.realpath(expanded)


def is_closed(path: str) -> bool:
    """Whether a real path is hidden, in a hidden folder, or part of the system."""
    return any(part.startswith(".") for part in Path(path).parts) or any(is_below(path, each) for each in CLOSED)


def _is_below_any(real: str, folders: Iterable[str]) -> bool:
    return any(is_below(real, os.path.realpath(os.path.expanduser(folder))) for folder in folders if folder)


def is_below(path: str, folder: str) -> bool:
    """Whether a real path is a real folder or below it."""
    return Path(path).is_relative_to(folder)


def content_of(path: str, name: str, folder: int | None = None) -> bytes:
    """The bytes of a regular file; ``folder`` is the descriptor of the folder that the path is relative to.

    No link is followed, no pipe or device is waited for. Raises Unavailable that says in a sentence about ``name``
    why it cannot be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        raise Unavailable(f"{name} cannot be opened: {error.strerror}") from error
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise Unavailable(f"{name} is not a file")
    with open(descriptor, "rb") as file:
        if found.st_size > LARGEST:
            raise Unavailable(f"{name} is larger than {LARGEST // MEGABYTE} MB")
        try:
            head = file.read(HEAD)
            if not is_document(head):
                raise Unavailable(f"{name} is not text")
            return head + file.read(LARGEST + 1 - len(head))
        except OSError as error:
            raise Unavailable(f"{name} cannot be opened: {error.strerror}") from error


def folded(notes: list[str], rest: str = "were not read") -> tuple[str, ...]:
    """The first notes, and how many more there are."""
    more = len(notes) - NOTES_TOLD
    told = tuple(shortened(note, 2 * LONGEST_NAME) for note in notes[:NOTES_TOLD])
    return told if more <= 0 else (*told, f"… and {more} more {rest}")
