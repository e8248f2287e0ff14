"""Forgetting in ``learning.db``: events, what was learned of them, and every trace of them in the file."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import partial

from senter.database import Database
from senter.errors import InvalidArgument, Unavailable
from senter.learning.knowing.insights import beliefs
from senter.learning.knowing.profile import insight
from senter.learning.lessons.mentions import drop, spellings, topic_named
from senter.learning.lessons.unlearning import collect, collect_answers, collect_saying, unlearn
from senter.learning.topics.naming import normal
from senter.learning.words import make_anew, with_words
from senter.wording import one_line

_TRACES = "traces"
_LONGEST_NUMBER, _DATE = 18, 8
_KINDS = (
    "kind must be topic, before, since, preference or everything; value a topic, a time, a type and a key with a"
    " space between them, or nothing"
)


class Forgetting:
    """Takes back what is in a database. Its methods block. What is committed is forgotten, also over a crash.

    SQLite overwrites what is deleted with zeros (``secure_delete``); the index of words, copies that moving pages
    left behind, and the log of the last writes are cleaned afterwards: ``clean``. ``now`` gives the time in
    microseconds since the epoch.
    """

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database = database
        self._now = now

    def topic(self, topic: str) -> int:
        """Forget a topic, every event that mentions it, and the answers to those; how many events."""

        def forget(connection: sqlite3.Connection) -> int:
            known = topic_named(connection, topic)
            names = spellings(connection, known)
            for name in names:
                mentioned = "SELECT event FROM mentions JOIN topics ON id = mentions.topic WHERE topics.topic = ?"
                collect(connection, mentioned, name)
            for phrase in {normal(one_line(each)) for each in (topic, *names)} - {""}:
                collect_saying(connection, phrase)
            collect_answers(connection)
            count = self._unlearn(connection)
            drop(connection, known)
            return count

        return with_words(self._database, forget, self._database.writing)

    def before(self, time: int) -> int:
        """Forget the events before a time (µs), and the answers to those; how many."""

        def forget(connection: sqlite3.Connection) -> int:
            collect(connection, "SELECT id FROM events WHERE time < ?", time)
            collect_answers(connection)
            return self._unlearn(connection)

        return with_words(self._database, forget, self._database.writing)

    def since(self, time: int) -> int:
        """Forget the events from a time (µs) on; how many."""

        def forget(connection: sqlite3.Connection) -> int:
            collect(connection, "SELECT id FROM events WHERE time >= ?", time)
            return self._unlearn(connection)

        return with_words(self._database, forget, self._database.writing)

    def preference(self, kind: str, key: str) -> int:
        """Forget what speaks for and against a preference, and what the user has set; how many signs."""
        with self._database.writing() as connection:
            _mark(connection)
            signs = connection.execute("DELETE FROM evidence WHERE type = ? AND key = ?", (kind, key)).rowcount
            connection.execute("DELETE FROM preferences WHERE type = ? AND key = ?", (kind, key))
            chosen = connection.execute("DELETE FROM choices WHERE type = ? AND key = ?", (kind, key)).rowcount
            self._recall_letters(connection)
            return signs + chosen

    def everything(self) -> int:
        """Forget all there is, also in files that were damaged and set aside; how many events and wishes.

        The file is deleted and a new one begun: for that there is room on a full disk, too. Raises Unavailable.
        """
        with self._database.reading() as connection:
            (count,) = connection.execute(
                "SELECT COALESCE(SUM(events), 0) + (SELECT COUNT(*) FROM choices) FROM event_counts"
            ).fetchone()
        file = self._database.file
        self._database.close()
        try:
            # a log without its file would be taken for a part of the next one
            for aside in (*file.parent.glob(f"{file.name}-*"), file, *file.parent.glob(f"{file.name}.damaged-*")):
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"{error.filename} cannot be deleted: {error.strerror}") from error
        finally:
            self._database.open()
        return int(count)

    def clean(self) -> None:
        """Clean the file of traces of what was forgotten, if there may be any. Raises Unavailable."""
        with self._database.reading() as connection:
            marked = connection.execute("SELECT name, value FROM progress WHERE name = ?", (_TRACES,)).fetchone()
        if not marked:
            return
        with_words(self._database, make_anew, self._database.writing)
        with self._database.reading() as connection:
            # what is left of the profile is not for other disks: SQLite would copy it through /var/tmp
            folder = str(self._database.file.parent).replace("'", "''")
            connection.execute(f"PRAGMA temp_store_directory = '{folder}'")
            connection.execute("VACUUM")
        if not self._database.checkpoint():
            raise Unavailable(
                f"it is forgotten, but somebody else reads {self._database.file}: its traces go at the next start"
            )
        with self._database.writing() as connection:
            # not when something was forgotten meanwhile
            connection.execute("DELETE FROM progress WHERE name = ? AND value = ?", marked)

    def _unlearn(self, connection: sqlite3.Connection) -> int:
        _mark(connection)
        count = unlearn(connection)
        self._recall_letters(connection)
        return count

    def _recall_letters(self, connection: sqlite3.Connection) -> None:
        """What is not believed any more is not told."""
        holding = [insight(each) for each in beliefs(connection, self._now()) if each.counts]
        marks = ", ".join("?" * len(holding))
        connection.execute(f"DELETE FROM letters WHERE text NOT IN ({marks})", holding)


def forgetting_of(kind: str, value: str) -> Callable[[Forgetting], int]:
    """What there is to be done to forget something. Raises InvalidArgument for what cannot be meant."""
    if kind == "topic" and one_line(value):
        return lambda forgetting: forgetting.topic(value)
    if kind == "before":
        return partial(Forgetting.before, time=_time(value))
    if kind == "since":
        return partial(Forgetting.since, time=_time(value))
    if kind == "preference" and len(name := value.split()) == 2:
        return lambda forgetting: forgetting.preference(*name)
    if kind == "everything" and not value:
        return Forgetting.everything
    raise InvalidArgument(_KINDS)


def _time(value: str) -> int:
    """Microseconds since the epoch, written as digits or as an ISO date with or without a time."""
    if value.isdecimal() and len(value) <= _LONGEST_NUMBER and len(value) != _DATE:
        return int(value)
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1_000_000)
    except (ValueError, OverflowError, OSError):
        told = f"{value!r:.40} is not a time: write microseconds since 1970, or 2026-11-22"
        raise InvalidArgument(told) from None


def _mark(connection: sqlite3.Connection) -> None:
    """Note that there will be traces, in the same transaction that makes them."""
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(
        "INSERT INTO progress (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_TRACES,),
    )
