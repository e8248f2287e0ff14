"""Takes events back with all they have taught, as rows of ``learning.db``, in a transaction of the caller."""

import json
import sqlite3
import unicodedata

from senter.learning.event import FEEDBACK, is_presence
from senter.learning.lessons.learned import LEARNED, extend_sessions, keep_evidence
from senter.learning.lessons.mentions import weigh
from senter.learning.preferences.belief import Evidence
from senter.learning.topics.naming import normal

_LEAVING = "(SELECT id FROM leaving)"
_SIGNS = frozenset("+#")
"""What makes another name of a word: C++, C#."""
_REQUESTS = f"(SELECT request FROM events WHERE id IN {_LEAVING} AND request IS NOT NULL)"


def give_functions(connection: sqlite3.Connection) -> None:
    """Give a new connection the functions that are needed here."""
    connection.create_function("says", 3, _either_says, deterministic=True)
    connection.create_function("was_there", 2, _was_there, deterministic=True)


def collect(connection: sqlite3.Connection, question: str, *values: object) -> None:
    """Add the events to those that are to leave whose ids a question to the database gives."""
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS leaving (id INTEGER PRIMARY KEY)")
    connection.execute(f"INSERT OR IGNORE INTO leaving (id) {question}", values)


def collect_saying(connection: sqlite3.Connection, phrase: str) -> None:
    """Add the events that say a phrase, in whatever letters, in their text or beside it."""
    # every event is looked at: the index of words knows no others beside them, and no words without spaces
    collect(connection, "SELECT id FROM events WHERE says(content, metadata, ?)", _bare(phrase))


def collect_answers(connection: sqlite3.Connection) -> None:
    """Add what was answered to the questions that leave, and what was said of that."""
    collect(connection, f"SELECT id FROM events WHERE request IN {_REQUESTS}")


def unlearn(connection: sqlite3.Connection) -> int:
    """Delete what was collected, and take back what it has taught; how many events. Nothing is collected then."""
    # nothing can be learned from a judgement of an answer that is not there any more
    collect(connection, f"SELECT id FROM events WHERE type = '{FEEDBACK}' AND request IN {_REQUESTS}")
    topics = connection.execute(
        "SELECT DISTINCT COALESCE(same_as, topics.id) FROM leaving JOIN mentions ON event = leaving.id"
        " JOIN topics ON topics.id = mentions.topic"
    ).fetchall()
    believed = connection.execute(
        f"SELECT DISTINCT type, key, value FROM evidence WHERE event IN {_LEAVING}"
    ).fetchall()
    hours = connection.execute(
        f"SELECT COUNT(*), day, hour FROM events WHERE id IN {_LEAVING} AND was_there(type, metadata)"
        f" AND id <= COALESCE((SELECT value FROM progress WHERE name = '{LEARNED}'), 0) GROUP BY day, hour"
    ).fetchall()
    sessions = connection.execute(
        "SELECT DISTINCT sessions.id, began, ended FROM leaving CROSS JOIN events USING (id) CROSS JOIN sessions"
        " ON sessions.ended >= time AND sessions.began = (SELECT MAX(began) FROM sessions WHERE began <= time)"
        " WHERE was_there(type, metadata)"
    ).fetchall()
    counts = connection.execute(
        f"SELECT COUNT(*), type FROM events WHERE id IN {_LEAVING} GROUP BY type"
    ).fetchall()
    for table, column in (("mentions", "event"), ("evidence", "event"), ("goals", "event"), ("events", "id")):
        connection.execute(f"DELETE FROM {table} WHERE {column} IN {_LEAVING}")
    connection.execute("DELETE FROM leaving")
    for (topic,) in topics:
        weigh(connection, topic)
    for name in believed:
        _believe(connection, name)
    connection.executemany("UPDATE activity_patterns SET events = events - ? WHERE day = ? AND hour = ?", hours)
    connection.execute("DELETE FROM activity_patterns WHERE events <= 0")
    connection.executemany("UPDATE event_counts SET events = events - ? WHERE type = ?", counts)
    connection.execute("DELETE FROM event_counts WHERE events <= 0")
    for session in sessions:
        _renew_session(connection, *session)
    return sum(count for count, _ in counts)


def _was_there(event_type: str, metadata: str) -> bool:
    return is_presence(event_type, json.loads(metadata) if metadata else {})


def _either_says(content: str, metadata: str, bare: str) -> bool:
    """Whether a text says a phrase, or anything does that stands beside it."""
    beside = json.loads(metadata) if metadata else {}
    return _says(content, bare) or any(_says(str(each), bare) for pair in beside.items() for each in pair)


def _says(text: str, bare: str) -> bool:
    """Whether a text says a phrase: not as a part of other words, nor with signs behind it that are none of it."""
    said = _bare(text)
    at = said.find(bare)
    while at >= 0:
        before, behind = said[at - 1 : at], said[at + len(bare) : at + len(bare) + 1]
        if not (_joins(before) or _joins(behind) or behind in _SIGNS):
            return True
        at = said.find(bare, at + 1)
    return False


def _joins(mark: str) -> bool:
    """Whether a mark beside a phrase makes another word of it; Chinese and Japanese have no spaces."""
    return mark.isalnum() and unicodedata.east_asian_width(mark) not in ("W", "F")


def _bare(text: str) -> str:
    """The text in small letters, without accents, with single spaces."""
    if text.isascii():
        return normal(text)
    marks = unicodedata.normalize("NFKD", normal(text))
    return "".join(mark for mark in marks if not unicodedata.combining(mark))


def _believe(connection: sqlite3.Connection, name: tuple[str, str, str]) -> None:
    """Believe what the signs that are left say of a value."""
    signs = connection.execute(
        "SELECT time, weight FROM evidence JOIN events ON events.id = event"
        " WHERE evidence.type = ? AND evidence.key = ? AND value = ?",
        name,
    )
    evidence = Evidence(*name)
    for time, weight in signs:
        evidence = evidence.with_sign(time, weight)
    connection.execute("DELETE FROM preferences WHERE type = ? AND key = ? AND value = ?", name)
    if evidence.signs:
        keep_evidence(connection, evidence)


def _renew_session(connection: sqlite3.Connection, number: int, began: int, ended: int) -> None:
    """Let a session in which something was forgotten be made of what is left of it."""
    connection.execute("DELETE FROM sessions WHERE id = ?", (number,))
    left = connection.execute(
        "SELECT time FROM events WHERE time BETWEEN ? AND ? AND was_there(type, metadata) ORDER BY time",
        (began, ended),
    ).fetchall()
    for (time,) in left:
        extend_sessions(connection, time)
