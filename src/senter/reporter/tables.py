"""The tables of ``activity.db``, in the order in which they came to be."""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("reporter")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply what the database has not seen yet, each migration in a transaction of its own."""
    MIGRATIONS.apply(Database(connection))


@MIGRATIONS()
def first_tables(database: Database) -> None:
    """Activities, notices and digests.

    Times are microseconds since the epoch. A digest's day is the local date (``date.toordinal``), because a time of
    day happens twice when clocks are set back; ``told`` is the id of the last activity that was in it.
    """
    database.execute(
        "CREATE TABLE activities (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, type TEXT NOT NULL,"
        " source TEXT NOT NULL, summary TEXT NOT NULL, importance TEXT NOT NULL, details TEXT NOT NULL,"
        " key TEXT UNIQUE)"
    )
    database.execute("CREATE INDEX activities_by_time ON activities (time)")
    database.execute(
        "CREATE TABLE notices (id TEXT PRIMARY KEY, time INTEGER NOT NULL, title TEXT NOT NULL,"
        " body TEXT NOT NULL, urgency TEXT NOT NULL, open TEXT NOT NULL, actions TEXT NOT NULL,"
        " key TEXT UNIQUE, state TEXT NOT NULL)"
    )
    database.execute("CREATE INDEX notices_by_state ON notices (state)")
    database.execute(
        "CREATE TABLE digests (kind TEXT NOT NULL, day INTEGER NOT NULL, told INTEGER NOT NULL,"
        " PRIMARY KEY (kind, day))"
    )


@MIGRATIONS()
def presence_and_search(database: Database) -> None:
    """What an activity belongs to, its words, where a notice is shown, when the user was there, what comes next.

    A notice's ``place`` is where a notification server shows it, ``folded_into`` the notice that shows it among
    others. A presence is a time in which the user was there: ``session`` is the login session that holds it open,
    ``over`` whether it ended for good, by a lock or because the user came back later. The last one may still go on.
    A standing is what a room has to say in every digest until ``until`` (0: always).
    """
    for column in ("goal", "title", "open"):
        database.execute(f"ALTER TABLE activities ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX activities_by_goal ON activities (goal, id) WHERE goal != ''")
    database.execute(
        "CREATE VIRTUAL TABLE activity_words USING fts5 (summary, title, content='activities', content_rowid='id',"
        " tokenize='unicode61 remove_diacritics 2')"
    )
    database.execute("INSERT INTO activity_words (activity_words) VALUES ('rebuild')")
    database.execute(
        "CREATE TRIGGER activity_written AFTER INSERT ON activities BEGIN"
        " INSERT INTO activity_words (rowid, summary, title) VALUES (new.id, new.summary, new.title); END"
    )
    database.execute(
        "CREATE TRIGGER activity_deleted AFTER DELETE ON activities BEGIN"
        " INSERT INTO activity_words (activity_words, rowid, summary, title)"
        " VALUES ('delete', old.id, old.summary, old.title); END"
    )
    for column in ("type", "place", "folded_into"):
        database.execute(f"ALTER TABLE notices ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
    database.execute("CREATE INDEX notices_to_answer ON notices (state) WHERE actions != '[]'")
    database.execute("CREATE INDEX notices_by_fold ON notices (folded_into)")
    database.execute(
        "CREATE TABLE presences (id INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER NOT NULL,"
        " session TEXT NOT NULL, over INTEGER NOT NULL)"
    )
    database.execute(
        "CREATE TABLE standings (key TEXT PRIMARY KEY, section TEXT NOT NULL, lines TEXT NOT NULL,"
        " until INTEGER NOT NULL)"
    )
