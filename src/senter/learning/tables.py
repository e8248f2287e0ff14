"""The tables of ``learning.db``, in the order in which they came to be."""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("learning")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply what the database has not seen yet, each migration in a transaction of its own."""
    MIGRATIONS.apply(Database(connection))


@MIGRATIONS()
def events_and_what_follows_from_them(database: Database) -> None:
    """Events, and what was learned of them, each part with its event, so that both can be forgotten.

    Times are microseconds since the epoch; ``day`` and ``hour`` are local (``date.toordinal``). An id is never
    given again: ``progress`` remembers up to which one was learned. A session is a time; what happened in it is
    a part of it. ``score``, ``pro`` and ``contra`` are sums that decay (decay.py). A topic that is the same as
    another is only a name of it. ``choices`` is what the user has set, ``letters`` what the reporter is still
    to be told.
    """
    _events(database)
    database.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, began INTEGER, ended INTEGER)")
    database.execute("CREATE INDEX sessions_by_beginning ON sessions (began)")
    database.execute(
        "CREATE TABLE activity_patterns (day INTEGER, hour INTEGER, events INTEGER NOT NULL,"
        " PRIMARY KEY (day, hour)) WITHOUT ROWID"
    )
    database.execute(
        "CREATE TABLE topics (id INTEGER PRIMARY KEY, topic TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
        " score REAL NOT NULL, last_seen INTEGER NOT NULL, embedding BLOB,"
        " embedded_by TEXT NOT NULL DEFAULT '', same_as INTEGER)"
    )
    database.execute("CREATE INDEX topics_by_name ON topics (name)")
    database.execute("CREATE INDEX topics_by_other ON topics (same_as) WHERE same_as IS NOT NULL")
    database.execute("CREATE INDEX topics_by_score ON topics (score) WHERE same_as IS NULL")
    database.execute(
        "CREATE TABLE mentions (day INTEGER, topic INTEGER, event INTEGER, PRIMARY KEY (day, topic, event))"
        " WITHOUT ROWID"
    )
    database.execute("CREATE INDEX mentions_by_event ON mentions (event)")
    database.execute("CREATE INDEX mentions_by_topic ON mentions (topic)")
    database.execute(
        "CREATE TABLE evidence (event INTEGER NOT NULL, type TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
        " weight REAL NOT NULL)"
    )
    database.execute("CREATE INDEX evidence_by_event ON evidence (event)")
    database.execute("CREATE INDEX evidence_by_preference ON evidence (type, key, value)")
    database.execute(
        "CREATE TABLE preferences (type TEXT, key TEXT, value TEXT, pro REAL NOT NULL, contra REAL NOT NULL,"
        " evidence INTEGER NOT NULL, PRIMARY KEY (type, key, value))"
    )
    database.execute("CREATE TABLE choices (type TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (type, key))")
    database.execute(
        "CREATE TABLE goals (event INTEGER PRIMARY KEY, goal TEXT NOT NULL, kind TEXT NOT NULL,"
        " outcome TEXT NOT NULL, seconds REAL NOT NULL)"
    )
    database.execute("CREATE TABLE progress (name TEXT PRIMARY KEY, value INTEGER NOT NULL)")
    database.execute("CREATE TABLE letters (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT, text TEXT NOT NULL)")


def _events(database: Database) -> None:
    database.execute(
        "CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, type TEXT NOT NULL,"
        " content TEXT NOT NULL, metadata TEXT NOT NULL, day INTEGER NOT NULL, hour INTEGER NOT NULL, request TEXT,"
        " key TEXT)"
    )
    database.execute("CREATE INDEX events_by_time ON events (time)")
    database.execute("CREATE INDEX events_by_type ON events (type, time)")
    database.execute("CREATE INDEX events_by_request ON events (request) WHERE request IS NOT NULL")
    database.execute("CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key IS NOT NULL")
    database.execute("CREATE TABLE event_counts (type TEXT PRIMARY KEY, events INTEGER NOT NULL)")
    database.execute(
        "CREATE VIRTUAL TABLE event_words USING fts5 (content, content='events', content_rowid='id',"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    database.execute(
        "CREATE TRIGGER event_deleted AFTER DELETE ON events BEGIN"
        " INSERT INTO event_words (event_words, rowid, content) VALUES ('delete', old.id, old.content); END"
    )
