"""A room's SQLite database: opened with care, and every failure in one sentence.

Unless it is shared, one process writes it, and what commits is on disk (``synchronous=FULL``). A full disk or a
file that cannot be written raises Unavailable.
"""

import asyncio
import contextlib
import fcntl
import itertools
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from senter.errors import Unavailable

Result = TypeVar("Result")

DISK_PATIENCE = 20.0
CLAIM_SECONDS, CLAIM_PAUSE, SHORT_PAUSE = 8.0, 0.1, 0.01
BUSY_SECONDS = 5.0
"""How long a transaction of a shared database waits for one of this process, and then for one of another."""

_DAMAGES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

logger = logging.getLogger(__name__)


class Database:
    """The database at ``file``; call ``open`` first. Its methods block and may be called from any thread.

    ``version`` says how many migrations there are, and ``migrate`` applies those that are missing. A ``shared`` one
    may be written by several processes, each of which says so. They open it one at a time, and when one of them has
    set the file aside, or somebody has deleted it, the others go on with the new one. None waits for the disk while
    the others wait: what commits is there after a process was killed, but a power cut may lose the last of it, and
    nothing else.
    """

    def __init__(
        self, file: Path, version: int, migrate: Callable[[sqlite3.Connection], None], shared: bool = False
    ) -> None:
        self.file = file
        self._version = version
        self._migrate = migrate
        self._shared = shared
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None
        self._claimed: IO[bytes] | None = None

    def open(self) -> None:
        """Open the database, creating it and bringing its tables up to date.

        A file that is no database is kept under another name and a new one is begun, so that a damaged disk costs
        the history and not the service.
        """
        try:
            self._open_claimed()
        finally:
            self._unclaim()

    def _open_claimed(self) -> None:
        try:
            self._claim(fcntl.LOCK_EX)
            # SQLite would leave helper files behind that cannot be written either, also when the file can be again
            if self.file.exists() and not os.access(self.file, os.W_OK):
                raise Unavailable(f"{self.file} cannot be written; see who owns it and its mode")
            self._open()
        except sqlite3.Error as error:
            if not isinstance(error, _Damaged) and _code(error) not in _DAMAGES:
                raise Unavailable(f"{self.file} cannot be opened: {error}") from error
            self._set_aside(error)
        except OSError as error:
            raise Unavailable(f"{self.file.parent} cannot be used: {error.strerror}") from error

    def close(self) -> None:
        """Close the database. A shared one raises Unavailable when another process is stuck in opening it."""
        with self._lock:
            if self._connection is not None:
                # SQLite removes its helper files by name, and they must not be those of a new file
                self._claim(fcntl.LOCK_SH)
                self._connection.close()
                self._connection = None
            if self._claimed is not None:
                self._claimed.close()
                self._claimed = None

    def check(self) -> str:
        """An empty string, or what SQLite's quick check found."""
        with self.reading() as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            self._require_writable(connection)
        return "" if answer == "ok" else answer

    def checkpoint(self) -> bool:
        """Bring all that was committed into the file itself; False when somebody else reads its log."""
        with self.reading() as connection:
            return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def damaged(self) -> list[Path]:
        """The files that were set aside because they were damaged."""
        return sorted(self.file.parent.glob(f"{self.file.name}.damaged-*[0-9]"))

    def _claim(self, manner: int) -> None:
        """Make sure that nobody else writes the file; one who is about to leave may do so within CLAIM_SECONDS.

        Of a shared one, until ``_unclaim``, that nobody opens it (LOCK_SH), or that nobody else uses it (LOCK_EX).
        """
        if self._claimed is not None and not self._shared:
            return
        lock = self._claimed or self._lock_file()
        deadline = time.monotonic() + CLAIM_SECONDS
        while True:
            try:
                fcntl.flock(lock, manner | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    self._claimed = None
                    raise Unavailable(f"{self.file} is used by another process") from None
                time.sleep(SHORT_PAUSE if self._shared else CLAIM_PAUSE)
            else:
                self._claimed = lock
                return

    def _lock_file(self) -> IO[bytes]:
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.file.with_name(f"{self.file.name}.lock").open("ab")

    def _unclaim(self) -> None:
        if self._claimed is not None and self._shared:
            fcntl.flock(self._claimed, fcntl.LOCK_UN)

    def _require_present(self) -> None:
        """Make sure that the connection is to the file that is there, and that this stays so until ``_unclaim``."""
        try:
            self._claim(fcntl.LOCK_SH)
            if self._opened is None or self._opened != _identity(self.file):
                self._reopen()
        except OSError as error:
            raise Unavailable(f"{self.file} cannot be used: {error.strerror}") from error

    def _reopen(self) -> None:
        """Leave a file that is gone, and open the one that has its name now."""
        logger.warning("%s was replaced or deleted; it is opened again", self.file)
        self._opened = None
        if self._connection is not None:
            self._connection.close()
        if self._claimed is not None:
            # the lock file may be another one, too
            self._claimed.close()
            self._claimed = None
        self._open_claimed()

    def _open(self) -> None:
        if self._shared:
            self._forget_what_was_deleted()
        connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level="IMMEDIATE")
        try:
            if self._shared:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000:.0f}")
            connection.execute("PRAGMA journal_mode = WAL")
            # in WAL mode, NORMAL keeps the file whole through a power cut
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if self._shared else 'FULL'}")
            if connection.execute("PRAGMA user_version").fetchone()[0] < self._version:
                self._migrate(connection)
                connection.execute(f"PRAGMA user_version = {self._version}")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise _Damaged(damage)
            self._require_writable(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._opened = _identity(self.file)

    def _forget_what_was_deleted(self) -> None:
        # another process may still have these open, and SQLite would take them for a part of the new file
        if not self.file.exists():
            for suffix in ("-wal", "-shm"):
                self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)

    def _set_aside(self, damage: sqlite3.Error) -> None:
        names = (self.file.with_name(f"{self.file.name}.damaged-{number}") for number in itertools.count(1))
        aside = next(name for name in names if not name.exists())
        logger.error("%s is damaged (%s); it is kept as %s", self.file, damage, aside.name)
        try:
            self.file.rename(aside)
            for suffix in ("-wal", "-shm"):
                # what was written last may be in there only
                with contextlib.suppress(FileNotFoundError):
                    self.file.with_name(self.file.name + suffix).rename(aside.with_name(aside.name + suffix))
        except OSError as error:
            raise Unavailable(f"{self.file} is damaged and cannot be renamed: {error.strerror}") from error
        with self._translated():
            self._open()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is committed at the end of the block, or taken back when it raises."""
        with self.reading() as connection, connection:
            if self._shared:
                connection.execute("BEGIN IMMEDIATE")
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone."""
        with self._translated(), self._alone():
            if self._connection is None:
                raise Unavailable(f"{self.file} is not open")
            try:
                if self._shared:
                    self._require_present()
                yield self._connection
            finally:
                self._unclaim()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads away; of a shared database, one may be waiting, and is not waited for without end."""
        if not self._lock.acquire(timeout=BUSY_SECONDS if self._shared else -1):
            raise Unavailable(f"{self.file} cannot be used: another transaction takes too long")
        try:
            yield
        finally:
            self._lock.release()

    def _require_writable(self, connection: sqlite3.Connection) -> None:
        """Raise sqlite3.OperationalError when the file can only be read, by a write that is taken back.

        The beginning of a write does not tell: in WAL mode it succeeds on a file that can only be read.
        """
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.execute(f"PRAGMA user_version = {self._version}")
        finally:
            connection.rollback()

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Unavailable(f"{self.file} cannot be used: {error}") from error


class Disk:
    """Runs what blocks on a disk in threads, and knows whether the disk still answers."""

    def __init__(self) -> None:
        self._since: dict[object, float] = {}

    async def __call__(self, work: Callable[..., Result], *arguments: object) -> Result:
        """Run ``work(*arguments)`` in a thread and return its result."""
        token = object()
        self._since[token] = time.monotonic()
        try:
            return await _finished(asyncio.create_task(asyncio.to_thread(work, *arguments)))
        finally:
            del self._since[token]

    def answers(self) -> bool:
        """Whether nothing has waited for the disk for longer than DISK_PATIENCE seconds."""
        return all(time.monotonic() - since < DISK_PATIENCE for since in self._since.values())


async def _finished(running: asyncio.Task[Result]) -> Result:
    """What a thread returns; who is cancelled goes on only when nothing is written behind their back any more."""
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


class _Damaged(sqlite3.DatabaseError):
    """SQLite's quick check found something."""


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error (https://sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _identity(file: Path) -> tuple[int, int] | None:
    """What tells a file from another one of the same name; None when there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
