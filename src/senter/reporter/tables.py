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
