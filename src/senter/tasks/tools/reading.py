"""What may be read, decided by the real path; and how paths are told. ``beneath`` opens what is decided here."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path, PurePath

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools.tool import Context
from senter.wording import one_line, shortened

CLOSED = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/var/lib", "/var/log")
"""What no goal reads, whatever is allowed; nor anything hidden."""

_WINDOWS = ("/dev", "/proc", "/sys")
"""What a path through these leads to is another thing for each process, and at each time."""

LONGEST_NAME = 120
MEGABYTE = 1_000_000
NOTES_TOLD = 5


def shown(path: str) -> str:
    """A path or name as it is told: on one line, without what acts on a terminal, the end kept when it is long."""
    line = one_line(path.encode(errors="replace").decode())
    return line if len(line) <= LONGEST_NAME else f"…{line[1 - LONGEST_NAME :]}"


def readable(path: str, context: Context) -> str:
    """The real path of a file or folder that a tool may read; what is in the workspace always may be.

    Raises as ``allowed`` does.
    """
    real = real_path(path)
    if context.workspace and is_below(real, resolved(context.workspace)):
        return real
    return allowed(path, context.folders, context.roots)


def allowed(path: str, folders: Iterable[str], roots: Iterable[str] = ("/",)) -> str:
    """The real path of a file or folder that is one of the folders or below one.

    The folders are real paths: where a link leads that has taken the place of one is elsewhere. Raises Denied for
    what is elsewhere, also by links or "..", and for what is hidden, part of the system or not below one of
    ``roots``, whatever the folders are; InvalidArgument and Unavailable as ``real_path`` does.
    """
    real = real_path(path)
    if is_closed(real):
        raise Denied(f"{shown(path)} may not be read: it is hidden or part of the system")
    if not any(is_below(real, folder) for folder in folders if folder):
        raise Denied(f"{shown(path)} is not in a folder that the goal names")
    if not is_below_any(real, roots):
        raise Denied(f"{shown(path)} may not be read: it is not below [tasks] folders")
    return real


def real_path(path: str) -> str:
    """An absolute path without links, ``..`` and ``~``.

    Raises InvalidArgument for what is not an absolute path of text, Denied for one through ``/proc`` and the like,
    Unavailable when it changes meanwhile.
    """
    if "\0" in path or not path:
        raise InvalidArgument("the path must be the name of a file or folder")
    expanded = os.path.expanduser(path)
    if not os.path.isabs(expanded):
        raise InvalidArgument(f"{shown(path)} must be an absolute path")
    if any(is_below(os.path.normpath(expanded), each) for each in _WINDOWS):
        raise Denied(f"{shown(path)} may not be used: it is part of the system")
    if not _is_text(expanded) or not _is_text(real := resolved(expanded)):
        raise InvalidArgument(f"{shown(path)} has a name that is not text")
    return real


def resolved(path: str) -> str:
    """An absolute path without links and ``..``; raises Unavailable when it changes meanwhile."""
    try:
        return os.path.realpath(path)
    except OSError as error:
        raise Unavailable(f"{shown(path)} cannot be found: {error.strerror}") from error


def is_closed(path: str) -> bool:
    """Whether a real path is hidden, in a hidden folder, or part of the system."""
    return any(part.startswith(".") for part in Path(path).parts) or is_system(path)


def is_system(path: str) -> bool:
    """Whether a real path is part of the system, also where names in other letters are the same."""
    return any(is_below(path.casefold(), each) for each in _everywhere(CLOSED))


def is_below(path: str, folder: str) -> bool:
    """Whether a real path is a real folder or below it."""
    return PurePath(path).is_relative_to(folder)


def is_below_any(real: str, folders: Iterable[str]) -> bool:
    """Whether a real path is one of the folders or below one; ``~`` is the home, and links are followed."""
    return any(is_below(real, resolved(os.path.expanduser(folder))) for folder in folders if folder)


def folded(notes: list[str], rest: str = "were not read") -> tuple[str, ...]:
    """The first notes, and how many more there are."""
    more = len(notes) - NOTES_TOLD
    told = tuple(shortened(note, 2 * LONGEST_NAME) for note in notes[:NOTES_TOLD])
    return told if more <= 0 else (*told, f"… and {more} more {rest}")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


@cache
def _everywhere(folders: tuple[str, ...]) -> frozenset[str]:
    """Folders by the paths they are written with and by their real paths, in small letters."""
    return frozenset(path.casefold() for folder in folders for path in (folder, os.path.realpath(folder)))
