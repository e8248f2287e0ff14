"""``activity.db``: the activity log, which digests were sent, when the user was there, what comes next.

The notices in it are ``delivery/ledger.py``'s. One process writes it. Every method commits before it returns
(``synchronous=FULL``), blocks for the length of a disk write, and may be called from any thread. A full disk or a
file that cannot be written raises Unavailable. Times are microseconds since the epoch.
"""

import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any, TypeVar

from senter.database import Database
from senter.errors import Unavailable
from senter.reporter.activity import Activity, detail
from senter.reporter.delivery.ledger import PENDING, insert
from senter.reporter.notice import Notice
from senter.reporter.presence import Change, Presence

TABLES_VERSION = 2
"""How many migrations ``tables.py`` has."""

Written = TypeVar("Written")

logger = logging.getLogger(__name__)

_ACTIVITY_COLUMNS = "activities.id, time, type, source, activities.summary, importance, goal, open"
UNTOLD_KEPT = 30 * 86_400_000_000
"""How much longer than others an activity is kept that no daily digest has told (µs)."""

_PRESENCE_COLUMNS = "id, began, ended, session, over"


class Store(Database):
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date)

    def open(self) -> None:
        """Open the database, and see that the index of words is whole, which SQLite's quick check does not."""
        super().open()
        self._with_words(lambda connection: _tell_words(connection, "integrity-check"))

    def add_activity(
        self,
        activity: Activity,
        details: dict[str, Any],
        key: str = "",
        notice: Notice | None = None,
        state: str = PENDING,
    ) -> bool:
        """Write an activity down, with the notice that tells it; False when one with this key is there already.

        The activity gets its id here.
        """
        row = (*astuple(activity)[1:], detail(details, "title"), json.dumps(details, default=str), key or None)

        def add(connection: sqlite3.Connection) -> bool:
            cursor = connection.execute(
                "INSERT INTO activities (time, type, source, summary, importance, goal, open, title, details, key)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                row,
            )
            if cursor.rowcount == 1 and notice is not None:
                insert(connection, notice, "", state)
            return cursor.rowcount == 1

        return self._with_words(add)

    def activities_after(self, activity_id: int, since: int = 0) -> list[Activity]:
        """The activities that were written down after one, and not before a time, oldest first."""
        return self._activities("WHERE id > ? AND time >= ? ORDER BY id", activity_id, since)

    def activities(self, since: int, limit: int, offset: int) -> list[Activity]:
        """Activities from a time on, newest first; a limit of -1 is none."""
        return self._activities(
            "WHERE time >= ? ORDER BY time DESC, id DESC LIMIT ? OFFSET ?", since, limit, offset
        )

    def search(self, words: Sequence[str], limit: int, offset: int) -> list[Activity]:
        """Activities in whose line or goal every word is, or begins a word, the last that was written first."""
        query = " ".join('"' + word.replace('"', '""') + '"*' for word in words)
        return self._activities(
            "JOIN activity_words ON activity_words.rowid = activities.id WHERE activity_words MATCH ?"
            " ORDER BY activity_words.rowid DESC LIMIT ? OFFSET ?",
            query,
            limit,
            offset,
        )

    def counts(self, since: int, until: int) -> dict[str, int]:
        """How many activities of each type there are from ``since`` until before ``until``."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT type, COUNT(*) FROM activities WHERE time >= ? AND time < ? GROUP BY type", (since, until)
            )
            return dict(rows.fetchall())

    def goals(self, since: int, limit: int, offset: int) -> list[tuple[str, str, int, int, dict[str, int]]]:
        """The goals for which something was done from a time on, the latest first.

        Each is its id, its title, its first and its last activity, and how many of each type there are.
        """
        with self.reading() as connection:
            found = connection.execute(
                "SELECT goal, title, MIN(time), MAX(time) FROM activities WHERE goal != '' AND time >= ?"
                " GROUP BY goal, title ORDER BY MAX(time) DESC, MAX(id) DESC LIMIT ? OFFSET ?",
                (since, limit, offset),
            ).fetchall()
            counted = (
                "SELECT type, COUNT(*) FROM activities WHERE goal != '' AND goal = ? AND title = ? AND time >= ?"
                " GROUP BY type"
            )
            return [(*row, dict(connection.execute(counted, (*row[:2], since)).fetchall())) for row in found]

    def last_told(self, kind: str = "") -> int | None:
        """The id of the last activity that a digest of a kind, or any, has told; None when there was none yet."""
        with self.reading() as connection:
            row = connection.execute("SELECT MAX(told) FROM digests WHERE ? IN ('', kind)", (kind,)).fetchone()
        return None if row[0] is None else int(row[0])

    def is_claimed(self, kind: str, day: int) -> bool:
        """Whether the day of a digest is taken, or the day after it is: then the clock was set back."""
        with self.reading() as connection:
            return _is_claimed(connection, kind, day)

    def claim_digest(self, kind: str, day: int, told: int, notice: Notice, state: str = PENDING) -> bool:
        """Take the day of a digest and write its notice down, both or neither; False when it was taken."""
        with self.writing() as connection:
            if _is_claimed(connection, kind, day):
                return False
            connection.execute("INSERT INTO digests (kind, day, told) VALUES (?, ?, ?)", (kind, day, told))
            insert(connection, notice, "", state)
            return True

    def tell(self, section: str, key: str, lines: Sequence[str], until: int, now: int) -> None:
        """Keep what a room has to say in every digest; no lines take it back."""
        with self.writing() as connection:
            connection.execute("DELETE FROM standings WHERE key = ? OR (until > 0 AND until <= ?)", (key, now))
            if lines:
                connection.execute(
                    "INSERT INTO standings (key, section, lines, until) VALUES (?, ?, ?, ?)",
                    (key, section, json.dumps(list(lines)), until),
                )

    def standing(self, section: str, now: int) -> list[str]:
        """The lines that rooms have to say in a section, by their keys."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT lines FROM standings WHERE section = ? AND (until = 0 OR until > ?) ORDER BY key",
                (section, now),
            ).fetchall()
        return [line for (lines,) in rows for line in json.loads(lines)]

    def presences(self, limit: int) -> list[Presence]:
        """The last times in which the user was there, newest first."""
        with self.reading() as connection:
            return _presences(connection, limit)

    def change_presence(self, change: Callable[[Presence | None], Change]) -> list[Presence]:
        """Write what an event does to the last presence; the last two presences after it, newest first.

        ``change`` takes the last presence, None at first, and returns the rows to write.
        """
        with self.writing() as connection:
            changed = change(next(iter(_presences(connection, 1)), None))
            for row in (changed.update, changed.insert):
                if row is not None:
                    connection.execute(
                        f"INSERT OR REPLACE INTO presences ({_PRESENCE_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                        (row.id or None, row.began, row.ended, row.session, row.over),
                    )
            return _presences(connection, 2)

    def forget(self, before: int) -> None:
        """Delete the activities and the presences of before a time.

        What no daily digest has told yet stays UNTOLD_KEPT longer. The newest activity stays, so that no id is
        given twice, and so do the last two presences.
        """

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute(
                "DELETE FROM activities WHERE time < ?1 AND id < (SELECT MAX(id) FROM activities) AND"
                " (time < ?2 OR id <= COALESCE((SELECT MAX(told) FROM digests WHERE kind = 'daily'), id))",
                (before, before - UNTOLD_KEPT),
            )
            connection.execute(
                "DELETE FROM presences WHERE ended < ? AND id NOT IN"
                " (SELECT id FROM presences ORDER BY id DESC LIMIT 2)",
                (before,),
            )

        self._with_words(delete)

    def _with_words(self, write: Callable[[sqlite3.Connection], Written]) -> Written:
        """Write something that changes the index of words; a damaged one is made anew, once."""
        try:
            with self.writing() as connection:
                return write(connection)
        except Unavailable as error:
            if type(error.__cause__) not in (sqlite3.DatabaseError, sqlite3.IntegrityError):
                raise
            logger.warning("The index of words is made anew: %s", error)
        with self.writing() as connection:
            _tell_words(connection, "rebuild")
            return write(connection)

    def _activities(self, rest: str, *values: Any) -> list[Activity]:
        with self.reading() as connection:
            rows = connection.execute(f"SELECT {_ACTIVITY_COLUMNS} FROM activities {rest}", values).fetchall()
        return [Activity(str(row[0]), *row[1:]) for row in rows]


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    # only when tables change: sqlite-utils is half of this process's memory and of the time it takes to start
    from senter.reporter.tables import bring_up_to_date

    bring_up_to_date(connection)


def _tell_words(connection: sqlite3.Connection, command: str) -> None:
    """Give the index of words a command (FTS5, "Special INSERT Directives")."""
    connection.execute("INSERT INTO activity_words (activity_words) VALUES (?)", (command,))


def _is_claimed(connection: sqlite3.Connection, kind: str, day: int) -> bool:
    taken = connection.execute("SELECT 1 FROM digests WHERE kind = ?1 AND day IN (?2, ?2 + 1)", (kind, day))
    return taken.fetchone() is not None


def _presences(connection: sqlite3.Connection, limit: int) -> list[Presence]:
    rows = connection.execute(f"SELECT {_PRESENCE_COLUMNS} FROM presences ORDER BY id DESC LIMIT ?", (limit,))
    return [Presence(number, began, ended, held_by, bool(over)) for number, began, ended, held_by, over in rows]
