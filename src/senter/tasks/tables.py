"""The tables of ``tasks.db``, in the order in which they came to be."""

import sqlite3

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("tasks")


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply what the database has not seen yet, each migration in a transaction of its own."""
    MIGRATIONS.apply(Database(connection))


@MIGRATIONS()
def first_tables(database: Database) -> None:
    """Goals, their tasks, and letters: what the reporter has still to be told.

    Times are microseconds since the epoch. A task's id is its goal's and its number in the plan, ``12.3``. The id
    of a goal is never given twice.
    """
    database.execute(
        "CREATE TABLE goals (id INTEGER PRIMARY KEY AUTOINCREMENT, description TEXT NOT NULL, state TEXT NOT NULL,"
        " focus TEXT NOT NULL, origin TEXT NOT NULL, outcome TEXT NOT NULL, error TEXT NOT NULL,"
        " report TEXT NOT NULL, planner TEXT NOT NULL, priority INTEGER NOT NULL, created INTEGER NOT NULL,"
        " started INTEGER NOT NULL, finished INTEGER NOT NULL, key TEXT UNIQUE)"
    )
    database.execute("CREATE INDEX goals_by_state ON goals (state, priority DESC, id)")
    database.execute(
        "CREATE TABLE tasks (id TEXT PRIMARY KEY, goal_id INTEGER NOT NULL REFERENCES goals (id),"
        " position INTEGER NOT NULL, description TEXT NOT NULL, type TEXT NOT NULL, status TEXT NOT NULL,"
        " tool TEXT NOT NULL, parameters TEXT NOT NULL, error TEXT NOT NULL, summary TEXT NOT NULL,"
        " findings TEXT NOT NULL, priority INTEGER NOT NULL, depends_on TEXT NOT NULL, created INTEGER NOT NULL,"
        " started INTEGER NOT NULL, finished INTEGER NOT NULL, attempts INTEGER NOT NULL)"
    )
    database.execute("CREATE INDEX tasks_by_goal ON tasks (goal_id, position)")
    database.execute("CREATE INDEX tasks_by_status ON tasks (status) WHERE status IN ('in_progress', 'waiting')")
    database.execute("CREATE TABLE letters (id INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT NOT NULL)")
