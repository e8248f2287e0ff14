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


@MIGRATIONS()
def attempts_and_approvals(database: Database) -> None:
    """Each attempt at a step; what the user was asked; what was asked of the network; whether all work is paused.

    The id of an attempt is its task's and its number, ``12.3.1``; its outcome is empty while it runs. A question is
    asked once in a goal; its answer is empty until there is one. ``until`` is when it counts as denied. A task has
    the question that it waits for the answer to. A goal has the row of the last attempt before it was retried.
    """
    for column in ("deadline", "replanned", "since_attempt"):
        database.execute(f"ALTER TABLE goals ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    for column in ("not_before", "replaced"):
        database.execute(f"ALTER TABLE tasks ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0")
    database.execute("ALTER TABLE tasks ADD COLUMN question TEXT NOT NULL DEFAULT ''")
    database.execute(
        "CREATE TABLE attempts (id TEXT PRIMARY KEY, task_id TEXT NOT NULL, goal_id INTEGER NOT NULL,"
        " began INTEGER NOT NULL, ended INTEGER NOT NULL, outcome TEXT NOT NULL)"
    )
    database.execute("CREATE INDEX attempts_by_goal ON attempts (goal_id, began)")
    database.execute(
        "CREATE TABLE approvals (id INTEGER PRIMARY KEY AUTOINCREMENT, goal_id INTEGER NOT NULL,"
        " task_id TEXT NOT NULL, kind TEXT NOT NULL, question TEXT NOT NULL, asked INTEGER NOT NULL,"
        " until INTEGER NOT NULL, answer TEXT NOT NULL, answered INTEGER NOT NULL, UNIQUE (goal_id, question))"
    )
    database.execute("CREATE INDEX approvals_open ON approvals (until) WHERE answer = ''")
    database.execute(
        "CREATE TABLE requests (id INTEGER PRIMARY KEY AUTOINCREMENT, goal_id INTEGER NOT NULL,"
        " task_id TEXT NOT NULL, time INTEGER NOT NULL, url TEXT NOT NULL, address TEXT NOT NULL,"
        " outcome TEXT NOT NULL)"
    )
    database.execute("CREATE INDEX requests_by_goal ON requests (goal_id, id)")
    database.execute("CREATE TABLE pauses (id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL)")


@MIGRATIONS()
def what_learning_knows(database: Database) -> None:
    """``taught`` is the end of a goal that learning knows: 0 when it knows of no end, -1 when it knows nothing."""
    database.execute("ALTER TABLE goals ADD COLUMN taught INTEGER NOT NULL DEFAULT -1")
    database.execute(
        "CREATE INDEX goals_untaught ON goals (id) WHERE taught < 0 OR (finished > 0 AND finished != taught)"
    )
