"""Files that are written as a whole or not at all, into a folder that is held by its descriptor."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from senter.errors import InvalidState
from senter.tasks.tools.beneath import FILE, FOLDER, folder_at

START = 65_536
"""Bytes that are enough for the headers of a mail."""
_NO_NAMELESS = (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT)
"""What file systems say that have no files without a name."""


@contextlib.contextmanager
def folder_made(path: str, parts: Sequence[str] = ()) -> Iterator[int]:
    """A descriptor of the folder with a real path, or of one below it, as long as the context lasts.

    It is made when it is not there, but no link is followed below ``path``. Raises OSError.
    """
    os.makedirs(path, exist_ok=True)
    with contextlib.ExitStack() as opened:
        folder = opened.enter_context(folder_at(path))
        for part in parts:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, dir_fd=folder)
                os.fsync(folder)
            folder = os.open(part, FOLDER, dir_fd=folder)
            opened.callback(os.close, folder)
        yield folder


def write_once(folder: int, name: str, content: bytes, told: str) -> None:
    """Write a file, unless it is there already with this content; what else has its name is never overwritten.

    Raises InvalidState that says so of ``told``, OSError when it cannot be written; then nothing is left behind.
    """
    if not _is_there(folder, name, content, told):
        try:
            _write_new(folder, name, content)
        except FileExistsError:
            # somebody was faster
            _is_there(folder, name, content, told)


def replace(folder: int, name: str, content: bytes) -> None:
    """Write a file in the place of what has its name. Raises OSError; then nothing is left behind."""
    temporary = f".writing-{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | FILE, 0o600, dir_fd=folder)
    try:
        try:
            _fill(descriptor, content)
        finally:
            os.close(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
    os.fsync(folder)


def write_atomically(target: Path, encoded: bytes) -> None:
    """Write a file so that it is there as a whole or not at all, in the place of an older one; folders are made.

    Raises OSError.
    """
    with folder_made(os.path.realpath(target.parent)) as folder:
        replace(folder, target.name, encoded)


def start_of(folder: int, name: str) -> bytes:
    """The first bytes of a plain file; nothing of anything else. Raises OSError."""
    if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        return b""
    with open(os.open(name, os.O_RDONLY | FILE, dir_fd=folder), "rb") as file:
        return file.read(START)


def _write_new(folder: int, name: str, content: bytes) -> None:
    """Write a file under a name that nothing has; raises FileExistsError when something has it."""
    descriptor = _nameless(folder)
    if descriptor is None:
        _write_claimed(folder, name, content)
        return
    try:
        _fill(descriptor, content)
        os.link(f"/proc/self/fd/{descriptor}", name, dst_dir_fd=folder, follow_symlinks=True)
    finally:
        os.close(descriptor)
    os.fsync(folder)


def _nameless(folder: int) -> int | None:
    """A file without a name, which is gone when it gets none; None where there is no such thing."""
    if not hasattr(os, "O_TMPFILE") or not os.path.isdir("/proc/self/fd"):
        return None
    try:
        return os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_NAMELESS:
            return None
        raise


def _write_claimed(folder: int, name: str, content: bytes) -> None:
    """Take the name with an empty file, and put the whole one in its place."""
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | FILE, 0o600, dir_fd=folder))
    is_written = False
    try:
        replace(folder, name, content)
        is_written = True
    finally:
        if not is_written:
            os.unlink(name, dir_fd=folder)


def _fill(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    os.fchmod(descriptor, 0o644)
    os.fsync(descriptor)


def _is_there(folder: int, name: str, content: bytes, told: str) -> bool:
    """Whether a file has this content already; raises InvalidState when something else has its name."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if stat.S_ISREG(status.st_mode) and status.st_size == len(content):
        with open(os.open(name, os.O_RDONLY | FILE, dir_fd=folder), "rb") as file:
            if file.read(len(content) + 1) == content:
                return True
    raise InvalidState(f"{told} is there already with other content; it was not overwritten")
