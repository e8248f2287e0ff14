"""What was learned, in ``learning.db``: every event is learned from once."""

import json
import sqlite3
import uuid
from collections.abc import Sequence

from senter.database import Database
from senter.learning.event import RESPONSE
from senter.learning.habits.sessions import GAP
from senter.learning.knowing.insights import beliefs
from senter.learning.knowing.profile import insight
from senter.learning.lessons.lesson import Lesson, Read
from senter.learning.lessons.mentions import drop, mention, merge
from senter.learning.preferences.belief import Evidence
from senter.learning.preferences.style import Sign

MOST_TOPICS = 5_000
"""So many topics are kept; the weakest are forgotten first."""

LEARNED = "learned"
LOOKED_AT = 10_000
"""So many characters of a text are learned from at most."""


class Learned:
    """The lessons in a database. Its methods block; times are microseconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unlearned(self, limit: int) -> list[Read]:
        """The next events that nothing was learned from yet, in the order in which they were written."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT id, time, day, hour, type, SUBSTR(content, 1, ?1),"
                " COALESCE((SELECT SUBSTR(content, 1, ?1) FROM events AS answers"
                " WHERE answers.request = events.request AND answers.type = ?2 LIMIT 1), ''),"
                " metadata FROM events WHERE id > ?3 ORDER BY id LIMIT ?4",
                (LOOKED_AT, RESPONSE, _progress(connection), limit),
            ).fetchall()
        return [Read._make((*row[:7], json.loads(row[7]) if row[7] else {})) for row in rows]

    def has_unlearned(self) -> bool:
        """Whether there are events that nothing was learned from yet."""
        return bool(self.unlearned(1))

    def learn(self, lessons: Sequence[Lesson], now: int) -> None:
        """Write down what events teach, and that they were learned from; what now counts is to be told."""
        with self._database.writing() as connection:
            before = _counting(connection, now)
            for lesson in lessons:
                _learn(connection, lesson)
            for text in sorted(_counting(connection, now) - before):
                connection.execute("INSERT INTO letters (key, text) VALUES (?, ?)", (uuid.uuid4().hex, text))
            connection.execute(
                "INSERT OR REPLACE INTO progress (name, value) VALUES (?, ?)",
                (LEARNED, lessons[-1].event),
            )

    def letters(self) -> list[tuple[int, str, str]]:
        """What is to be told: a number, a key, and a sentence each, in order."""
        with self._database.reading() as connection:
            return connection.execute("SELECT id, key, text FROM letters ORDER BY id").fetchall()

    def forget_letter(self, number: int) -> None:
        """Note that it was told."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM letters WHERE id = ?", (number,))

    def unplaced(self, model: str, limit: int) -> list[tuple[int, str]]:
        """The weightiest topics of which there is no vector of a model: id and topic."""
        with self._database.reading() as connection:
            return connection.execute(
                "SELECT id, topic FROM topics WHERE same_as IS NULL AND embedded_by != ?"
                " ORDER BY score DESC LIMIT ?",
                (model, limit),
            ).fetchall()

    def vectors(self, model: str) -> list[tuple[int, bytes]]:
        """The topics that have a vector of a model, the weightiest first: id and vector."""
        with self._database.reading() as connection:
            return connection.execute(
                "SELECT id, embedding FROM topics WHERE same_as IS NULL AND embedded_by = ? ORDER BY score DESC",
                (model,),
            ).fetchall()

    def keep_vector(self, topic: tuple[int, str], vector: bytes, model: str, same_as: int | None) -> bool:
        """Keep the vector of a topic (id and topic), if there still is one.

        When it is the same as another one, what was learned of it is that one's from now on.
        """
        with self._database.writing() as connection:
            kept = connection.execute(
                "UPDATE topics SET embedding = ?, embedded_by = ? WHERE id = ? AND topic = ?",
                (vector, model, *topic),
            )
            if kept.rowcount and same_as is not None:
                merge(connection, topic[0], same_as)
            return bool(kept.rowcount)

    def prune(self, day: int, kept_days: int) -> int:
        """Let go of the weakest topics when there are too many, and of hours that do not count; how many topics."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM activity_patterns WHERE day < ?", (day - kept_days,))
            weak = connection.execute(
                "SELECT id FROM topics WHERE same_as IS NULL ORDER BY score DESC LIMIT -1 OFFSET ?", (MOST_TOPICS,)
            ).fetchall()
            for (topic,) in weak:
                drop(connection, topic)
            return len(weak)


def extend_sessions(connection: sqlite3.Connection, time: int) -> None:
    """Let a session go on to a time at which the user was there, or begin one; two that meet become one."""
    near = [
        row
        for row in connection.execute(
            "SELECT id, began, ended FROM sessions WHERE began <= ? ORDER BY began DESC LIMIT 2", (time + GAP,)
        ).fetchall()
        if row[2] >= time - GAP
    ]
    if not near:
        connection.execute("INSERT INTO sessions (began, ended) VALUES (?, ?)", (time, time))
        return
    began, ended = min(time, *(row[1] for row in near)), max(time, *(row[2] for row in near))
    connection.execute("UPDATE sessions SET began = ?, ended = ? WHERE id = ?", (began, ended, near[-1][0]))
    if len(near) == 2:
        connection.execute("DELETE FROM sessions WHERE id = ?", (near[0][0],))


def keep_evidence(connection: sqlite3.Connection, evidence: Evidence) -> None:
    """Keep what speaks for and against a value, instead of what was kept before."""
    connection.execute(
        "INSERT OR REPLACE INTO preferences (type, key, value, pro, contra, evidence) VALUES (?, ?, ?, ?, ?, ?)",
        evidence,
    )


def _add_sign(connection: sqlite3.Connection, lesson: Lesson, sign: Sign) -> None:
    connection.execute(
        "INSERT INTO evidence (event, type, key, value, weight) VALUES (?, ?, ?, ?, ?)", (lesson.event, *sign)
    )
    kept = connection.execute(
        "SELECT pro, contra, evidence FROM preferences WHERE type = ? AND key = ? AND value = ?", sign[:3]
    ).fetchone()
    keep_evidence(connection, Evidence(*sign[:3], *(kept or ())).with_sign(lesson.time, sign.weight))


def _progress(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM progress WHERE name = ?", (LEARNED,)).fetchone()
    return int(row[0]) if row else 0


def _counting(connection: sqlite3.Connection, now: int) -> set[str]:
    """What was found out of the user and counts now, in sentences."""
    return {insight(each) for each in beliefs(connection, now) if each.counts and not each.set_by_user}


def _learn(connection: sqlite3.Connection, lesson: Lesson) -> None:
    if lesson.is_present:
        extend_sessions(connection, lesson.time)
        connection.execute(
            "INSERT INTO activity_patterns (day, hour, events) VALUES (?, ?, 1)"
            " ON CONFLICT (day, hour) DO UPDATE SET events = events + 1",
            (lesson.day, lesson.hour),
        )
    for topic in lesson.topics:
        mention(connection, lesson.event, lesson.time, lesson.day, topic)
    for sign in lesson.signs:
        _add_sign(connection, lesson, sign)
    if lesson.goal:
        connection.execute(
            "INSERT INTO goals (event, goal, kind, outcome, seconds) VALUES (?, ?, ?, ?, ?)",
            (lesson.event, *lesson.goal),
        )
