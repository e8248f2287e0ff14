"""``activity.db``: the activity log, the notices, and which digests were sent.

One process writes it. Every method commits before it returns (``synchronous=FULL``), blocks for the length of a
disk write, and may be called from any thread. A full disk or a file that cannot be written raises Unavailable.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

from senter.database import Database
from senter.reporter.activity import Activity
from senter.reporter.notice import Action, Notice

TABLES_VERSION = 1
"""How many migrations ``tables.py`` has."""

PENDING, SHOWN, ACTED, SILENCED, REFUSED = "pending", "shown", "acted", "silenced", "refused"

_ACTIVITY_COLUMNS = "id, time, type, source, summary, importance"
_NOTICE_COLUMNS = "id, time, title, body, urgency, open, actions"


class Store(Database):
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date)

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
        with self.writing() as connection:
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
        with self.reading() as connection:
            rows = connection.execute(
                f"SELECT {_ACTIVITY_COLUMNS} FROM activities WHERE id > ? ORDER BY id", (activity_id,)
            ).fetchall()
        return [Activity(str(row[0]), *row[1:]) for row in rows]

    def activities(self, since: int, limit: int, offset: int) -> list[Activity]:
        """Activities from ``since`` (µs) on, newest first."""
        with self.reading() as connection:
            rows = connection.execute(
                f"SELECT {_ACTIVITY_COLUMNS} FROM activities WHERE time >= ?"
                " ORDER BY time DESC, id DESC LIMIT ? OFFSET ?",
                (since, limit, offset),
            ).fetchall()
        return [Activity(str(row[0]), *row[1:]) for row in rows]

    def count_activities(self, since: int) -> int:
        """How many activities there are from ``since`` (µs) on."""
        with self.reading() as connection:
            count = connection.execute("SELECT COUNT(*) FROM activities WHERE time >= ?", (since,))
            return int(count.fetchone()[0])

    def add_notice(self, notice: Notice, key: str, state: str = PENDING) -> str:
        """Write a notice down; returns its id, or that of the earlier notice with this key."""
        with self.writing() as connection:
            return _insert_notice(connection, notice, key, state)

    def pending(self) -> list[Notice]:
        """The notices that were not shown yet, oldest first."""
        with self.reading() as connection:
            rows = connection.execute(
                f"SELECT {_NOTICE_COLUMNS} FROM notices WHERE state = ? ORDER BY time, rowid",
                (PENDING,),
            ).fetchall()
        return [_notice(row) for row in rows]

    def notice(self, notice_id: str) -> Notice | None:
        """One notice, or None."""
        with self.reading() as connection:
            row = connection.execute(f"SELECT {_NOTICE_COLUMNS} FROM notices WHERE id = ?", (notice_id,)).fetchone()
        return _notice(row) if row else None

    def move_notice(self, notice_id: str, state: str) -> None:
        """Note what became of a notice; one that was acted upon stays so, however late its showing is noted."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE notices SET state = ? WHERE id = ? AND state != ?", (state, notice_id, ACTED)
            )

    def last_told(self, kind: str) -> int | None:
        """The id of the last activity that a digest of a kind has told; None when there was no digest yet."""
        with self.reading() as connection:
            row = connection.execute("SELECT MAX(told) FROM digests WHERE kind = ?", (kind,)).fetchone()
        return None if row[0] is None else int(row[0])

    def claim_digest(self, kind: str, day: int, told: int, notice: Notice, state: str = PENDING) -> bool:
        """Take the day of a digest and write its notice down, both or neither; False when it was taken.

        A day is also taken when the day after it is: then the clock was set back.
        """
        with self.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO digests (kind, day, told) SELECT ?1, ?2, ?3 WHERE NOT EXISTS"
                " (SELECT 1 FROM digests WHERE kind = ?1 AND day IN (?2, ?2 + 1))",
                (kind, day, told),
            )
            if cursor.rowcount == 1:
                _insert_notice(connection, notice, "", state)
            return cursor.rowcount == 1


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    # only when tables change: sqlite-utils is half of this process's memory and of the time it takes to start
    from senter.reporter.tables import bring_up_to_date

    bring_up_to_date(connection)


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
