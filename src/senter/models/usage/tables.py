"""The tables of ``usage.db``, in the order in which they came to be."""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("models")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply what the database has not seen yet, each migration in a transaction of its own."""
    MIGRATIONS.apply(Database(connection))


@MIGRATIONS()
def first_tables(database: Database) -> None:
    """What was used, and what is reserved for requests that are being answered.

    A day is a local date, ``2026-11-22``. A reservation's number is drawn by lot, so that it means nothing in a
    database that was begun anew.
    """
    database.execute(
        "CREATE TABLE used (day TEXT NOT NULL, account TEXT NOT NULL, worker TEXT NOT NULL, provider TEXT NOT NULL,"
        " model TEXT NOT NULL, tokens_in INTEGER NOT NULL, tokens_out INTEGER NOT NULL, cost REAL NOT NULL,"
        " PRIMARY KEY (day, account, worker, provider, model)) WITHOUT ROWID"
    )
    database.execute("CREATE INDEX used_by_account ON used (account) WHERE account != ''")
    database.execute(
        "CREATE TABLE reserved (number INTEGER PRIMARY KEY, worker TEXT NOT NULL, day TEXT NOT NULL,"
        " account TEXT NOT NULL, tokens INTEGER NOT NULL, cost REAL NOT NULL)"
    )
