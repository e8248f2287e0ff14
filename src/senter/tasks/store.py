"""``tasks.db``: goals, their tasks, and what the reporter has still to be told.

Every change of a goal or a task is one transaction, together with the letters that tell of it; it is on disk when
the method returns. Times are microseconds since the epoch.
"""

import json
import re
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from senter.database import Database
from senter.errors import InvalidState, NoSuchGoal
from senter.tasks import goal as nouns
from senter.tasks.goal import (
    CANCELLED,
    ENDED,
    FAILED,
    IN_PROGRESS,
    NEW,
    OPEN,
    PENDING,
    PLANNING,
    RUNNING,
    WAITING,
    Goal,
    GoalOptions,
    Task,
)
from senter.tasks.planning.plan import Step
from senter.tasks.telling.letter import Letter
from senter.tasks.tools.findings import Findings, from_json, to_json

TABLES_VERSION = 1
"""How many migrations ``tables.py`` has."""

_GOAL = (
    "SELECT CAST(id AS TEXT), description, state, focus, origin, outcome, error, report, planner, priority,"
    " created, started, finished, (SELECT COUNT(*) FROM tasks WHERE goal_id = goals.id AND status = 'completed'),"
    " (SELECT COUNT(*) FROM tasks WHERE goal_id = goals.id) FROM goals"
)
_TASK = (
    "SELECT id, CAST(goal_id AS TEXT), description, type, status, tool, error, summary, priority, depends_on,"
    " created, started, finished, attempts FROM tasks"
)
_IS_OPEN = "state IN (?, ?, ?, ?)"
_ID = re.compile(r"[1-9][0-9]{0,18}")


class Store(Database):
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date)

    def add_goal(self, when: int, description: str, options: GoalOptions) -> tuple[str, bool]:
        """Write a goal down; its id, or that of the earlier goal with this key, and whether it is new."""
        with self.writing() as connection:
            added = connection.execute(
                "INSERT INTO goals (description, state, focus, origin, outcome, error, report, planner, priority,"
                " created, started, finished, key) VALUES (?, ?, ?, ?, '', '', '', '', ?, ?, 0, 0, ?)"
                " ON CONFLICT (key) DO NOTHING",
                (description, NEW, options.focus, options.origin, options.priority, when, options.key or None),
            )
            found = "key = ?" if options.key else "id = last_insert_rowid()"
            values = (options.key,) if options.key else ()
            (goal_id,) = connection.execute(f"SELECT id FROM goals WHERE {found}", values).fetchone()
            return str(goal_id), added.rowcount == 1

    def goal(self, goal_id: str) -> Goal:
        """One goal. Raises NoSuchGoal."""
        with self.reading() as connection:
            return _goal(connection, goal_id)

    def goals(self, state: str, limit: int, offset: int) -> list[Goal]:
        """Goals in a state (empty: all), newest first."""
        where = "WHERE state = ?" if state else ""
        values = (*((state,) if state else ()), limit, offset)
        with self.reading() as connection:
            rows = connection.execute(f"{_GOAL} {where} ORDER BY id DESC LIMIT ? OFFSET ?", values).fetchall()
        return [Goal(*row) for row in rows]

    def open_goals(self) -> list[str]:
        """The ids of the goals that are new or running, most urgent first, then oldest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT id FROM goals WHERE state IN (?, ?) ORDER BY priority DESC, id", (NEW, RUNNING)
            ).fetchall()
        return [str(row[0]) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many goals there are in each state that is not an end."""
        with self.reading() as connection:
            counts = f"SELECT state, COUNT(*) FROM goals WHERE {_IS_OPEN} GROUP BY state"
            return dict(connection.execute(counts, OPEN).fetchall())

    def coming(self, limit: int) -> tuple[list[Goal], int]:
        """The first goals of those that have not ended, most urgent, then newest first, and how many there are."""
        with self.reading() as connection:
            (total,) = connection.execute(f"SELECT COUNT(*) FROM goals WHERE {_IS_OPEN}", OPEN).fetchone()
            first = f"{_GOAL} WHERE {_IS_OPEN} ORDER BY priority DESC, id DESC LIMIT ?"
            return [Goal(*row) for row in connection.execute(first, (*OPEN, limit))], total

    def tasks(self, goal_id: str) -> list[Task]:
        """The tasks of a goal in the order of the plan. Raises NoSuchGoal."""
        with self.reading() as connection:
            _goal(connection, goal_id)
            return _tasks(connection, goal_id)

    def parameters(self, task_id: str) -> dict[str, Any]:
        """What a task's tool was told by the plan."""
        with self.reading() as connection:
            row = connection.execute("SELECT parameters FROM tasks WHERE id = ?", (task_id,)).fetchone()
        return dict(json.loads(row[0]))

    def findings(self, task_ids: Sequence[str]) -> list[Findings]:
        """What completed tasks have found, in the order of the ids; nothing for those that are not completed."""
        with self.reading() as connection:
            rows = [
                connection.execute("SELECT findings FROM tasks WHERE id = ?", (task_id,)).fetchone()
                for task_id in task_ids
            ]
        return [from_json(row[0]) if row and row[0] else Findings() for row in rows]

    def move_goal(self, goal_id: str, state: str, letters: Sequence[Letter] = (), **values: str | int) -> Goal:
        """Move a goal to a state and set other columns. Raises NoSuchGoal, InvalidState."""
        with self.writing() as connection:
            nouns.check_goal_move(_goal(connection, goal_id).state, state)
            columns = "".join(f", {name} = ?" for name in values)
            connection.execute(
                f"UPDATE goals SET state = ?{columns} WHERE id = ?", (state, *values.values(), goal_id)
            )
            _add_letters(connection, letters)
            return _goal(connection, goal_id)

    def save_plan(self, goal_id: str, planner: str, steps: Sequence[Step], when: int, letter: Letter) -> list[Task]:
        """Write the plan of a goal down and begin to follow it; its tasks. Raises InvalidState."""
        with self.writing() as connection:
            goal = _goal(connection, goal_id)
            if goal.state != PLANNING:
                raise InvalidState(f"a goal that is {goal.state} is not being planned")
            for number, step in enumerate(steps, 1):
                needed = json.dumps([f"{goal_id}.{other}" for other in step.depends_on])
                connection.execute(
                    "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '', ?, ?, ?, 0, 0, 0)",
                    (
                        *(f"{goal_id}.{number}", goal_id, number, step.description, step.type, PENDING, step.tool),
                        *(json.dumps(step.parameters), goal.priority, needed, when),
                    ),
                )
            connection.execute("UPDATE goals SET state = ?, planner = ? WHERE id = ?", (RUNNING, planner, goal_id))
            _add_letters(connection, [letter])
            return _tasks(connection, goal_id)

    def begin_task(self, task_id: str, when: int) -> None:
        """Move a task to in_progress, as one more attempt. Raises InvalidState."""
        with self.writing() as connection:
            _check_task_move(connection, task_id, IN_PROGRESS)
            connection.execute(
                "UPDATE tasks SET status = ?, started = ?, finished = 0, error = '', attempts = attempts + 1"
                " WHERE id = ?",
                (IN_PROGRESS, when, task_id),
            )

    def move_task(
        self,
        task_id: str,
        status: str,
        when: int = 0,
        error: str = "",
        findings: Findings | None = None,
        summary: str = "",
        letters: Sequence[Letter] = (),
    ) -> None:
        """Move a task to a status, with what came of it. Raises InvalidState, when it was cancelled too."""
        with self.writing() as connection:
            _check_task_move(connection, task_id, status)
            connection.execute(
                "UPDATE tasks SET status = ?, finished = ?, error = ?, summary = ?, findings = ? WHERE id = ?",
                (status, when, error, summary, to_json(findings) if findings else "", task_id),
            )
            _add_letters(connection, letters)

    def cancel_goal(self, goal_id: str, when: int, letter: Letter) -> list[Task]:
        """Cancel a goal and the rest of its plan; the tasks that were. Raises NoSuchGoal, InvalidState."""
        with self.writing() as connection:
            before = _goal(connection, goal_id).state
            if before in ENDED:
                raise InvalidState(f"goal {goal_id} has ended: it is {before}")
            left = [task for task in _tasks(connection, goal_id) if task.status not in ENDED]
            for task in left:
                values = (CANCELLED, when, task.id)
                connection.execute("UPDATE tasks SET status = ?, finished = ? WHERE id = ?", values)
            connection.execute(
                "UPDATE goals SET state = ?, outcome = ?, error = '', finished = ? WHERE id = ?",
                (CANCELLED, CANCELLED, when, goal_id),
            )
            _add_letters(connection, [letter])
            return left

    def retry_goal(self, goal_id: str, when: int) -> list[Task]:
        """Start again what failed or was cancelled; the tasks that will be. Raises NoSuchGoal, InvalidState."""
        with self.writing() as connection:
            before = _goal(connection, goal_id).state
            if before not in (FAILED, CANCELLED):
                raise InvalidState(
                    f"goal {goal_id} is {before}; a goal that has failed or was cancelled can be retried"
                )
            tasks = _tasks(connection, goal_id)
            state = RUNNING if tasks else NEW
            again = [task for task in tasks if task.status in ENDED and nouns.TASK_MOVES[task.status]]
            for task in again:
                values = (PENDING, task.id)
                connection.execute("UPDATE tasks SET status = ?, finished = 0, error = '' WHERE id = ?", values)
            connection.execute(
                "UPDATE goals SET state = ?, outcome = '', error = '', report = '', finished = 0, started = ?"
                " WHERE id = ?",
                (state, when if tasks else 0, goal_id),
            )
            return again

    def take_up(self, busy: Collection[str]) -> None:
        """Make what nobody works on ready again: plans and tasks of a process that was killed.

        ``busy`` holds the ids of the goals being planned and of the tasks being worked on.
        """
        with self.writing() as connection:
            left = ("goals", "state", PLANNING, NEW), ("tasks", "status", IN_PROGRESS, PENDING)
            for table, column, before, after in left:
                rows = connection.execute(f"SELECT id FROM {table} WHERE {column} = ?", (before,)).fetchall()
                for (name,) in rows:
                    if str(name) not in busy:
                        connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (after, name))

    def release_waiting(self, paused: Collection[str] = ()) -> list[Task]:
        """Let everything that waits go on but what belongs to ``paused`` goals; the tasks, the oldest first."""
        kept = json.dumps([int(goal_id) for goal_id in paused])
        tasks = "status = ? AND goal_id NOT IN (SELECT value FROM json_each(?))"
        goals = "state = ? AND id NOT IN (SELECT value FROM json_each(?))"
        with self.writing() as connection:
            rows = connection.execute(f"{_TASK} WHERE {tasks} ORDER BY created, id", (WAITING, kept)).fetchall()
            connection.execute(f"UPDATE tasks SET status = ?, error = '' WHERE {tasks}", (PENDING, WAITING, kept))
            connection.execute(f"UPDATE goals SET state = ?, error = '' WHERE {goals}", (RUNNING, WAITING, kept))
        return [_task(row) for row in rows]

    def add_letter(self, letter: Letter) -> None:
        """Write down what the reporter is to be told."""
        with self.writing() as connection:
            _add_letters(connection, [letter])

    def letters(self) -> list[tuple[int, Letter]]:
        """What the reporter has still to be told, in order, with the number by which it is forgotten."""
        with self.reading() as connection:
            rows = connection.execute("SELECT id, content FROM letters ORDER BY id").fetchall()
        return [(number, Letter(**json.loads(content))) for number, content in rows]

    def forget_letter(self, number: int) -> None:
        """Note that the reporter was told."""
        with self.writing() as connection:
            connection.execute("DELETE FROM letters WHERE id = ?", (number,))


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    # only when tables change: sqlite-utils takes much memory and time
    from senter.tasks.tables import bring_up_to_date

    bring_up_to_date(connection)


def _goal(connection: sqlite3.Connection, goal_id: str) -> Goal:
    known = _ID.fullmatch(goal_id)
    row = connection.execute(f"{_GOAL} WHERE id = ?", (goal_id,)).fetchone() if known else None
    if row is None:
        raise NoSuchGoal(f"there is no goal {goal_id!r:.40}; see: senter goals list")
    return Goal(*row)


def _tasks(connection: sqlite3.Connection, goal_id: str) -> list[Task]:
    rows = connection.execute(f"{_TASK} WHERE goal_id = ? ORDER BY position", (goal_id,)).fetchall()
    return [_task(row) for row in rows]


def _task(row: Sequence[Any]) -> Task:
    values = [*row]
    values[9] = json.loads(row[9])
    return Task(*values)


def _check_task_move(connection: sqlite3.Connection, task_id: str, status: str) -> None:
    row = connection.execute("SELECT status FROM tasks WHERE id = ?", (task_id,)).fetchone()
    nouns.check_task_move(row[0], status)


def _add_letters(connection: sqlite3.Connection, letters: Sequence[Letter]) -> None:
    rows = [(json.dumps(vars(letter)),) for letter in letters]
    connection.executemany("INSERT INTO letters (content) VALUES (?)", rows)
