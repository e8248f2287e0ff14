"""Topics and where they were mentioned, as rows of ``learning.db``, in a transaction of the caller.

Every spelling is a row of its own, and a mention is one of a spelling, so that each can be forgotten with the last
event that used it. Spellings that are the same topic have the row of one of them in ``same_as``; that one has the
weight of all.
"""

import sqlite3

from senter.learning.lessons.decay import NOTHING, Decay, plus
from senter.learning.topics.naming import normal

DECAY = Decay(30.0)

_SPELLINGS = "(SELECT :topic UNION ALL SELECT id FROM topics WHERE same_as = :topic)"


def mention(connection: sqlite3.Connection, event: int, time: int, day: int, spelling: str) -> None:
    """Note that an event mentions a topic; it counts once, whatever names the event has for it."""
    number, topic = _rows_of(connection, spelling)
    known = connection.execute(
        f"SELECT 1 FROM mentions WHERE event = :event AND topic IN {_SPELLINGS}", {"event": event, "topic": topic}
    ).fetchone()
    connection.execute("INSERT OR IGNORE INTO mentions (day, topic, event) VALUES (?, ?, ?)", (day, number, event))
    if known is None:
        (score,) = connection.execute("SELECT score FROM topics WHERE id = ?", (topic,)).fetchone()
        connection.execute(
            "UPDATE topics SET score = ?, last_seen = MAX(last_seen, ?) WHERE id = ?",
            (plus(score, DECAY.scored(time)), time, topic),
        )


def merge(connection: sqlite3.Connection, topic: int, into: int) -> None:
    """Let a topic, with all its spellings, be another one from now on."""
    connection.execute(
        f"UPDATE topics SET same_as = :into, score = :nothing WHERE id IN {_SPELLINGS}",
        {"into": into, "nothing": NOTHING, "topic": topic},
    )
    weigh(connection, into)


def topic_named(connection: sqlite3.Connection, phrase: str) -> int:
    """The id of the topic that has a name, however it is written; 0 for none."""
    row = connection.execute(
        "SELECT COALESCE(same_as, id) FROM topics WHERE name = ? LIMIT 1", (normal(phrase),)
    ).fetchone()
    return int(row[0]) if row else 0


def spellings(connection: sqlite3.Connection, topic: int) -> list[str]:
    """How a topic is written."""
    rows = connection.execute(f"SELECT topic FROM topics WHERE id IN {_SPELLINGS}", {"topic": topic})
    return [spelling for (spelling,) in rows]


def weigh(connection: sqlite3.Connection, topic: int) -> None:
    """Weigh a topic by what mentions it now; a spelling that nothing uses any more is gone."""
    connection.execute(
        f"DELETE FROM topics WHERE id IN {_SPELLINGS}"
        " AND NOT EXISTS (SELECT 1 FROM mentions WHERE topic = topics.id)",
        {"topic": topic},
    )
    left = connection.execute(
        f"SELECT id FROM topics WHERE id IN {_SPELLINGS} ORDER BY id = :topic DESC, id LIMIT 1", {"topic": topic}
    ).fetchone()
    if left is None:
        return
    (kept,) = left
    connection.execute("UPDATE topics SET same_as = NULL WHERE id = ?", (kept,))
    connection.execute("UPDATE topics SET same_as = ? WHERE same_as = ?", (kept, topic))
    score, last_seen = NOTHING, 0
    for (time,) in connection.execute(
        f"SELECT time FROM (SELECT DISTINCT event FROM mentions WHERE topic IN {_SPELLINGS})"
        " JOIN events ON events.id = event",
        {"topic": kept},
    ):
        score, last_seen = plus(score, DECAY.scored(time)), max(last_seen, time)
    connection.execute("UPDATE topics SET score = ?, last_seen = ? WHERE id = ?", (score, last_seen, kept))


def drop(connection: sqlite3.Connection, topic: int) -> None:
    """Forget a topic with all its spellings and mentions."""
    connection.execute(f"DELETE FROM mentions WHERE topic IN {_SPELLINGS}", {"topic": topic})
    connection.execute(f"DELETE FROM topics WHERE id IN {_SPELLINGS}", {"topic": topic})


def _rows_of(connection: sqlite3.Connection, spelling: str) -> tuple[int, int]:
    """The ids of a spelling and of its topic; they are made when they are new."""
    row = connection.execute("SELECT id, COALESCE(same_as, id) FROM topics WHERE topic = ?", (spelling,)).fetchone()
    if row is not None:
        return int(row[0]), int(row[1])
    topic = topic_named(connection, spelling)
    number = connection.execute(
        "INSERT INTO topics (topic, name, score, last_seen, same_as) VALUES (?, ?, ?, 0, ?)",
        (spelling, normal(spelling), NOTHING, topic or None),
    ).lastrowid
    assert number is not None
    return number, topic or number
