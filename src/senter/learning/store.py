"""``learning.db``: the events, and reading them. What was learned of them is in ``learned.py`` and ``insights.py``.

One process writes it. Every method commits before it returns (``synchronous=FULL``), blocks for the length of a
disk write, and may be called from any thread. A full disk or a file that cannot be written raises Unavailable.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from senter.database import Database
from senter.errors import InvalidArgument
from senter.learning.event import RESPONSE, Event, Recorded, local, sound
from senter.learning.habits.hours import weekday
from senter.learning.habits.sessions import MOST_SAID, Said, Sat
from senter.learning.lessons.decay import DAY
from senter.learning.lessons.unlearning import give_functions
from senter.learning.words import with_words

MOST_CHARACTERS = 2_000_000
"""So many characters of events are told at once."""
TABLES_VERSION = 1
"""How many migrations ``tables.py`` has."""

_ROW = (
    "SELECT events.id, events.type, events.content, events.time, events.hour, events.day,"
    # sessions do not overlap: only the last one that began before can hold it
    " (SELECT id FROM sessions WHERE ended >= events.time"
    " AND began = (SELECT MAX(began) FROM sessions WHERE began <= events.time)),"
    " events.metadata FROM events"
)


class Store(Database):
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date)

    def open(self) -> None:
        """Open the database."""
        super().open()
        with self.reading() as connection:
            give_functions(connection)

    def interrupt(self) -> None:
        """End what is being done in the database; it is taken back."""
        if self._connection is not None:
            self._connection.interrupt()

    def record(self, events: Sequence[Event], now: datetime) -> list[str]:
        """Write events down, all or none, without those whose key is there already; the types of those written.

        ``now`` is the local time; what is said to come more than a day later is taken to be of now.
        """

        def write(connection: sqlite3.Connection) -> list[str]:
            (last,) = connection.execute("SELECT COALESCE(MAX(id), 0) FROM events").fetchone()
            written = [
                event.type for event in events if _insert(connection, event, int(now.timestamp() * 1_000_000))
            ]
            # all at once: FTS5 makes a segment of every statement, and has to merge them
            connection.execute(
                "INSERT INTO event_words (rowid, content) SELECT id, content FROM events WHERE id > ?", (last,)
            )
            return written

        return with_words(self, write, self.writing)

    def recent(self, event_type: str, since: int, limit: int) -> list[Recorded]:
        """The events of a type, or all, from a time on, newest first."""
        where, values = ("type = ? AND ", [event_type]) if event_type else ("", [])
        with self.reading() as connection:
            rows = connection.execute(
                f"{_ROW} WHERE {where}time >= ? ORDER BY time DESC LIMIT ?", (*values, since, limit)
            )
            return _bounded(rows)

    def search(self, words: Sequence[str], limit: int, offset: int) -> list[Recorded]:
        """Events in which every word is, or begins a word, the last that was written first."""
        query = " ".join('"' + word.replace('"', '""').replace("\0", " ") + '"*' for word in words)

        def find(connection: sqlite3.Connection) -> list[Recorded]:
            rows = connection.execute(
                f"{_ROW} JOIN event_words ON event_words.rowid = events.id WHERE event_words MATCH ?"
                " ORDER BY event_words.rowid DESC LIMIT ? OFFSET ?",
                (query, limit, offset),
            )
            return _bounded(rows)

        return with_words(self, find, self.reading)

    def session(self, session_id: str) -> Sat | None:
        """A session, or the last one; None when there is none. Raises InvalidArgument."""
        if session_id and not session_id.isdecimal():
            raise InvalidArgument(f"{session_id!r:.40} is not the id of a session")
        with self.reading() as connection:
            found = connection.execute(
                "SELECT id, began, ended FROM sessions WHERE ? IN ('', CAST(id AS TEXT))"
                " ORDER BY began DESC LIMIT 1",
                (session_id,),
            ).fetchone()
            if found is None:
                return None
            within = "FROM events WHERE time BETWEEN ? AND ?"
            (count,) = connection.execute(f"SELECT COUNT(*) {within}", found[1:]).fetchone()
            rows = connection.execute(
                f"SELECT type, content, time, metadata {within} ORDER BY time, id LIMIT ?", (*found[1:], MOST_SAID)
            )
            said = [Said(row[0], row[1], row[2], _metadata(row[3])) for row in rows]
            return Sat(str(found[0]), found[1], found[2], count, said)

    def last_request(self) -> str:
        """The id of the question that was answered last; empty when there is none."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT request FROM events WHERE type = ? AND request IS NOT NULL ORDER BY time DESC LIMIT 1",
                (RESPONSE,),
            ).fetchone()
        return str(row[0]) if row else ""

    def has_answer(self, request: str) -> bool:
        """Whether the answer to a question was recorded."""
        with self.reading() as connection:
            found = connection.execute(
                "SELECT 1 FROM events WHERE request = ? AND type = ? LIMIT 1", (request, RESPONSE)
            )
            return found.fetchone() is not None

    def counts(self) -> dict[str, int]:
        """How many events of each type there are."""
        with self.reading() as connection:
            return dict(connection.execute("SELECT type, events FROM event_counts ORDER BY events DESC").fetchall())

    def page(self, after: int, limit: int) -> list[Recorded]:
        """The events whose ids come after one, in order."""
        with self.reading() as connection:
            return _bounded(
                connection.execute(f"{_ROW} WHERE events.id > ? ORDER BY events.id LIMIT ?", (after, limit))
            )


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    # only when tables change: sqlite-utils is half of this process's memory and of the time it takes to start
    from senter.learning.tables import bring_up_to_date

    bring_up_to_date(connection)


def _insert(connection: sqlite3.Connection, event: Event, now: int) -> bool:
    # what comes from a wrong clock must not outweigh everything until then
    time = event.time if 0 < event.time < now + DAY else now
    when = local(time)
    metadata = json.dumps(event.metadata, ensure_ascii=False) if event.metadata else ""
    cursor = connection.execute(
        "INSERT INTO events (time, type, content, metadata, day, hour, request, key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING",
        (
            *(time, event.type, sound(event.content), sound(metadata), when.toordinal(), when.hour),
            *(sound(event.request) or None, sound(event.key) or None),
        ),
    )
    if cursor.rowcount == 1:
        connection.execute(
            "INSERT INTO event_counts (type, events) VALUES (?, 1)"
            " ON CONFLICT (type) DO UPDATE SET events = events + 1",
            (event.type,),
        )
    return cursor.rowcount == 1


def _bounded(rows: Iterable[Sequence[object]]) -> list[Recorded]:
    """The events of rows, the first one at least, until they are more than one answer should carry."""
    taken, size = list[Recorded](), 0
    for row in rows:
        taken.append(_recorded(row))
        size += len(taken[-1].content)
        if size > MOST_CHARACTERS:
            break
    return taken


def _recorded(row: Sequence[object]) -> Recorded:
    number, kind, content, time, hour, day, session, metadata = row
    return Recorded(
        str(number),
        str(kind),
        str(content),
        int(time),  # type: ignore[call-overload]
        int(hour),  # type: ignore[call-overload]
        weekday(int(day)),  # type: ignore[call-overload]
        str(session or ""),
        _metadata(str(metadata)),
    )


def _metadata(text: str) -> dict[str, object]:
    return dict(json.loads(text)) if text else {}
