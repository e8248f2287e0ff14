"""The tool that lists what is in a folder, without opening it."""

import os
import stat
from collections.abc import Iterable, Mapping
from datetime import datetime
from fnmatch import fnmatch
from typing import Any

from senter.errors import InvalidArgument, Unavailable
from senter.tasks.tools.beneath import Entry, entries_in, folder_at
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import is_closed, readable, shown
from senter.tasks.tools.tool import Context, Tool, schema

MOST_LISTED = 500
LONGEST_PATTERN = 100
LONGEST_PASSAGE = 900
"""Characters; as long as a passage of a document."""
_UNITS = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The names, sizes and times of what is in ``folder``, of those that fit ``pattern`` when there is one.

    Raises Denied for a folder that is neither in the workspace nor one that the goal names and that may be read,
    InvalidArgument for a pattern that is none, Unavailable when the folder cannot be opened.
    """
    pattern = parameters.get("pattern") or "*"
    if "/" in pattern or len(pattern) > LONGEST_PATTERN:
        raise InvalidArgument("pattern must be one of names, such as *.pdf")
    path = readable(parameters["folder"], context)
    try:
        with folder_at(path) as folder:
            fitting = [each for each in entries_in(folder) if _fits(each, path, pattern)]
            lines = [line for each in fitting[:MOST_LISTED] if (line := _line(each, folder))]
    except OSError as error:
        raise Unavailable(f"{shown(path)} cannot be read: {error.strerror}") from error
    where = f"in {shown(path)}" + (f" with a name like {shown(pattern)}" if pattern != "*" else "")
    text = f"There {'is' if len(fitting) == 1 else 'are'} {_counted(fitting)} {where}."
    more = len(fitting) > MOST_LISTED
    notes = (f"only the first {MOST_LISTED} of {len(fitting):,} names {where} are listed",) if more else ()
    title = shown(os.path.basename(path) or path)
    return Findings(text, tuple(Passage(path, "", title, piece) for piece in _pieces(lines)), notes)


def _fits(entry: Entry, path: str, pattern: str) -> bool:
    return fnmatch(entry.name.casefold(), pattern.casefold()) and not _is_closed_in(path, entry.name)


def _is_closed_in(path: str, name: str) -> bool:
    """Whether something in a folder that may be read is closed nevertheless, such as ``/etc`` in ``/``."""
    return not is_closed(path) and is_closed(os.path.join(path, name))


def _line(entry: Entry, folder: int) -> str:
    """What is told of an entry; nothing when it has gone meanwhile."""
    try:
        status = os.stat(entry.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return ""
    return f"{shown(entry.name)}{'/' if entry.is_folder else ''} · {_kind(status)} · {_time(status.st_mtime)}"


def _kind(status: os.stat_result) -> str:
    """The size of a file, or what else it is."""
    if stat.S_ISDIR(status.st_mode):
        return "folder"
    if stat.S_ISLNK(status.st_mode):
        return "link"
    return _size(status.st_size) if stat.S_ISREG(status.st_mode) else "not a file"


def _size(number: float) -> str:
    """``812 bytes`` or ``1.2 MB``."""
    unit = 0
    while number >= 999.95 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.1f} {_UNITS[unit]}" if unit else f"{number:.0f} byte{'' if number == 1 else 's'}"


def _time(seconds: float) -> str:
    """When something was changed, in local time; a file can name times that no calendar has."""
    try:
        return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return "at an unknown time"


def _counted(entries: list[Entry]) -> str:
    folders = sum(entry.is_folder for entry in entries)
    files = len(entries) - folders
    told = [f"{files:,} file{'' if files == 1 else 's'}"] if files or not folders else []
    if folders:
        told.append(f"{folders:,} folder{'' if folders == 1 else 's'}")
    return " and ".join(told)


def _pieces(lines: Iterable[str]) -> list[str]:
    """The lines in texts of the length of a passage."""
    pieces: list[str] = []
    for line in lines:
        if pieces and len(pieces[-1]) + len(line) < LONGEST_PASSAGE:
            pieces[-1] += f"\n{line}"
        else:
            pieces.append(line)
    return pieces


TOOL = Tool(
    "file_list",
    "Lists the names, sizes and times of what is in a folder, of all or of those like a pattern such as *.pdf.",
    schema(("folder",), folder={"type": "string"}, pattern={"type": "string"}),
    run,
    "read",
)
