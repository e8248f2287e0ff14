"""The UNIX socket on which the engine answers: a path that nobody but the user can reach."""

import contextlib
import os
import stat
from pathlib import Path

from senter.errors import Unavailable

NAME = "llama.sock"
LONGEST_PATH = 107
"""Bytes that a socket's path may have (unix(7))."""


def prepare(folder: Path) -> Path:
    """The socket's path below a folder that is ours alone; nothing is there any more.

    Raises Unavailable when the folder cannot be made, is a link, or belongs to somebody else, and when the path
    is too long for a socket.
    """
    path = folder / NAME
    if len(os.fsencode(path)) > LONGEST_PATH:
        raise Unavailable(f"{path} is too long for the name of a socket; set XDG_RUNTIME_DIR to a shorter folder")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_ours(folder)
        folder.chmod(0o700)
        remove(path)
    except OSError as error:
        raise Unavailable(f"{error.filename or folder} cannot be used for sockets: {error.strerror}") from error
    return path


def remove(path: Path) -> None:
    """Take the socket away, if it is there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()


def _require_ours(folder: Path) -> None:
    """Whoever owns the folder above could put another one in our folder's place."""
    above, here = folder.parent.lstat(), folder.lstat()
    if not stat.S_ISDIR(here.st_mode):
        raise Unavailable(f"{folder} is not a folder but a link or a file; remove it")
    if here.st_uid != os.geteuid() or above.st_uid not in (0, os.geteuid()):
        raise Unavailable(f"{folder} belongs to another user; set XDG_RUNTIME_DIR to a folder of your own")
