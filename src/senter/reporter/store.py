"""``activity.db``: the activity log, the notices, and which digests were sent.

One process writes it. Every method commits before it returns (``synchronous=FULL``), blocks for the length of a
disk write, and may be called from any thread. A full disk or a file that cannot be written raises Unavailable.
"""

import contextlib
import itertools
import json
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from senter.errors import Unavailable
from senter.reporter.activity import Activity
from senter.reporter.notice import Action, Notice

TABLES_VERSION = 1
"""How many migrations ``tables.py`` has."""

PENDING, SHOWN, ACTED, SILENCED, REFUSED = "pending", "shown", "acted", "silenced", "refused"

_ACTIVITY_COLUMNS = "id, time, type, source, summary, importance"
_NOTICE_COLUMNS = "id, time, title, body, urgency, open, actions"

_DAMAGES = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

logger = logging.getLogger(__name__)


class Store:
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self) -> None:
        """Open the database, creating it and bringing its tables up to date.

        A file that is no database is kept under another name and a new one is begun, so that a damaged disk costs
        the history and not the service.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open()
        except sqlite3.Error as error:
            if not isinstance(error, _Damaged) and _code(error) not in _DAMAGES:
                raise Unavailable(f"{self.file} cannot be opened: {error}") from error
            self._set_aside(error)
        except OSError as error:
            raise Unavailable(f"{self.file.parent} cannot be used: {error.strerror}") from error

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def check(self) -> str:
        """An empty string, or what SQLite's quick check found."""
        with self._reading() as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            _require_writable(connection)
        return "" if answer == "ok" else answer

    def damaged(self) -> list[Path]:
        """The logs that were set aside because they were damaged."""
        return sorted(self.file.parent.glob(f"{self.file.name}.damaged-*[0-9]"))

    def add_activity(
        self,
        when: int,
        activity_type: str,
        source: str,
        summary: str,
        importance: str,
        details: dict[str, Any],
        key: str,
        notice: Notice | None = None,
        state: str = PENDING,
    ) -> bool:
        """Write an activity down, with the notice that tells it; False when one with this key is there already."""
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO activities (time, type, source, summary, importance, details, key)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (when, activity_type, source, summary, importance, json.dumps(details, default=str), key or None),
            )
            if cursor.rowcount == 1 and notice is not None:
                _insert_notice(connection, notice, "", state)
            return cursor.rowcount == 1

    def activities_after(self, activity_id: int) -> list[Activity]:
        """The activities that were written down after one, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_ACTIVITY_COLUMNS} FROM activities WHERE id > ? ORDER BY id", (activity_id,)
            ).fetchall()
        return [Activity(str(row[0]), *row[1:]) for row in rows]

    def activities(self, since: int, limit: int, offset: int) -> list[Activity]:
        """Activities from ``since`` (µs) on, newest first."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_ACTIVITY_COLUMNS} FROM activities WHERE time >= ?"
                " ORDER BY time DESC, id DESC LIMIT ? OFFSET ?",
                (since, limit, offset),
            ).fetchall()
        return [Activity(str(row[0]), *row[1:]) for row in rows]

    def count_activities(self, since: int) -> int:
        """How many activities there are from ``since`` (µs) on."""
        with self._reading() as connection:
            count = connection.execute("SELECT COUNT(*) FROM activities WHERE time >= ?", (since,))
            return int(count.fetchone()[0])

    def add_notice(self, notice: Notice, key: str, state: str = PENDING) -> str:
        """Write a notice down; returns its id, or that of the earlier notice with this key."""
        with self._writing() as connection:
            return _insert_notice(connection, notice, key, state)

    def pending(self) -> list[Notice]:
        """The notices that were not shown yet, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(
                f"SELECT {_NOTICE_COLUMNS} FROM notices WHERE state = ? ORDER BY time, rowid",
                (PENDING,),
            ).fetchall()
        return [_notice(row) for row in rows]

    def notice(self, notice_id: str) -> Notice | None:
        """One notice, or None."""
        with self._reading() as connection:
            row = connection.execute(f"SELECT {_NOTICE_COLUMNS} FROM notices WHERE id = ?", (notice_id,)).fetchone()
        return _notice(row) if row else None

    def move_notice(self, notice_id: str, state: str) -> None:
        """Note what became of a notice; one that was acted upon stays so, however late its showing is noted."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE notices SET state = ? WHERE id = ? AND state != ?", (state, notice_id, ACTED)
            )

    def last_told(self, kind: str) -> int | None:
        """The id of the last activity that a digest of a kind has told; None when there was no digest yet."""
        with self._reading() as connection:
            row = connection.execute("SELECT MAX(told) FROM digests WHERE kind = ?", (kind,)).fetchone()
        return None if row[0] is None else int(row[0])

    def claim_digest(self, kind: str, day: int, told: int, notice: Notice, state: str = PENDING) -> bool:
        """Take the day of a digest and write its notice down, both or neither; False when it was taken.

        A day is also taken when the day after it is: then the clock was set back.
        """
        with self._writing() as connection:
            cursor = connection.execute(
                "INSERT INTO digests (kind, day, told) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
                " (SELECT 1 FROM digests WHERE kind = ?1 AND day IN (?2, ?2 + 1))",
                (kind, day, told),
            )
            if cursor.rowcount == 1:
                _insert_notice(connection, notice, "", state)
            return cursor.rowcount == 1

    def _open(self) -> None:
        connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level="IMMEDIATE")
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if connection.execute("PRAGMA user_version").fetchone()[0] < TABLES_VERSION:
                # only then: sqlite-utils is half of this process's memory and of the time it takes to start
                from senter.reporter.tables import bring_up_to_date

                bring_up_to_date(connection)
                connection.execute(f"PRAGMA user_version = {TABLES_VERSION}")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise _Damaged(damage)
            _require_writable(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

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
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as connection, connection:
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._translated(), self._lock:
            if self._connection is None:
                raise Unavailable(f"{self.file} is not open")
            yield self._connection

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Unavailable(f"{self.file} cannot be used: {error}") from error


class _Damaged(sqlite3.DatabaseError):
    """SQLite's quick check found something."""


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code of an error (https://sqlite.org/rescode.html)."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _require_writable(connection: sqlite3.Connection) -> None:
    """Raise sqlite3.OperationalError when the file can only be read, by a write that is taken back.

    The beginning of a write does not tell: in WAL mode it succeeds on a file that can only be read.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {TABLES_VERSION}")
    finally:
        connection.rollback()


def _insert_notice(connection: sqlite3.Connection, notice: Notice, key: str, state: str) -> str:
    row = (notice.id, notice.time, notice.title, notice.body, notice.urgency, notice.open)
    connection.execute(
        "INSERT INTO notices (id, time, title, body, urgency, open, actions, key, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
        (*row, json.dumps(notice.actions), key or None, state),
    )
    if not key:
        return notice.id
    return str(connection.execute("SELECT id FROM notices WHERE key = ?", (key,)).fetchone()[0])


def _notice(row: tuple[Any, ...]) -> Notice:
    values = dict(zip(_NOTICE_COLUMNS.split(", "), row, strict=True))
    values["actions"] = [Action(*action) for action in json.loads(values["actions"])]
    return Notice(**values)
