"""``tasks.db``: goals, their tasks, and what the reporter has still to be told.

Every change of a goal or a task is one transaction, together with the letters that tell of it; it is on disk when
the method returns. Times are microseconds since the epoch.
"""

import json
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from senter.database import Database
from senter.errors import InvalidState
from senter.tasks import goal as nouns
from senter.tasks.goal import (
    CANCELLED,
    ENDED,
    FAILED,
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
from senter.tasks.rows import (
    GOAL,
    TASK,
    add_letters,
    add_tasks,
    close_questions,
    end_attempt,
    go_on,
    goal_of,
    move_goal,
    move_task,
    task_from,
    task_of,
    tasks_of,
)
from senter.tasks.telling.letter import Letter
from senter.tasks.tools.findings import Findings, from_json

TABLES_VERSION = 3
"""How many migrations ``tables.py`` has."""

_IS_OPEN = "state IN (?, ?, ?, ?)"


class Store(Database):
    """The database at ``file``; call ``open`` first."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date)

    def add_goal(self, when: int, description: str, options: GoalOptions) -> tuple[str, bool]:
        """Write a goal down; its id, or that of the earlier goal with this key, and whether it is new."""
        values = (description, NEW, options.focus, options.origin, options.priority, when)
        with self.writing() as connection:
            added = connection.execute(
                "INSERT INTO goals (description, state, focus, origin, outcome, error, report, planner, priority,"
                " created, started, finished, deadline, key) VALUES (?, ?, ?, ?, '', '', '', '', ?, ?, 0, 0, ?, ?)"
                " ON CONFLICT (key) DO NOTHING",
                (*values, options.deadline, options.key or None),
            )
            found = "key = ?" if options.key else "id = last_insert_rowid()"
            key = (options.key,) if options.key else ()
            (goal_id,) = connection.execute(f"SELECT id FROM goals WHERE {found}", key).fetchone()
            return str(goal_id), added.rowcount == 1

    def goal(self, goal_id: str) -> Goal:
        """One goal. Raises NoSuchGoal."""
        with self.reading() as connection:
            return goal_of(connection, goal_id)

    def goals(self, state: str, limit: int, offset: int) -> list[Goal]:
        """Goals in a state (empty: all), newest first."""
        where = "WHERE state = ?" if state else ""
        values = (*((state,) if state else ()), limit, offset)
        with self.reading() as connection:
            rows = connection.execute(f"{GOAL} {where} ORDER BY id DESC LIMIT ? OFFSET ?", values).fetchall()
        return [Goal(*row) for row in rows]

    def open_goals(self) -> list[str]:
        """The ids of the goals that are new or running, most urgent first, then oldest first."""
        with self.reading() as connection:
            rows = connection.execute(
                "SELECT id FROM goals WHERE state IN (?, ?) ORDER BY priority DESC, id", (NEW, RUNNING)
            ).fetchall()
        return [str(row[0]) for row in rows]

    def overdue(self, now: int) -> list[Goal]:
        """The goals that have not ended by their deadline."""
        with self.reading() as connection:
            late = f"{GOAL} WHERE {_IS_OPEN} AND deadline > 0 AND deadline <= ? ORDER BY id"
            return [Goal(*row) for row in connection.execute(late, (*OPEN, now)).fetchall()]

    def next_moment(self, now: int) -> int:
        """When something has to be looked at that nobody tells of: a step is tried again, a time is over; or 0."""
        with self.reading() as connection:
            (moment,) = connection.execute(
                "SELECT MIN(moment) FROM (SELECT MIN(CASE WHEN not_before > ? THEN ? ELSE not_before END) AS moment"
                " FROM goals JOIN tasks"
                " ON tasks.goal_id = goals.id WHERE goals.state = ? AND tasks.status = ? AND tasks.not_before > ?"
                f" UNION ALL SELECT MIN(deadline) FROM goals WHERE {_IS_OPEN} AND deadline > 0"
                " UNION ALL SELECT MIN(until) FROM approvals WHERE answer = '')",
                (now + nouns.FAR, now, RUNNING, PENDING, now, *OPEN),
            ).fetchone()
        return int(moment or 0)

    def counts(self) -> dict[str, int]:
        """How many goals there are in each state that is not an end."""
        with self.reading() as connection:
            counts = f"SELECT state, COUNT(*) FROM goals WHERE {_IS_OPEN} GROUP BY state"
            return dict(connection.execute(counts, OPEN).fetchall())

    def coming(self, limit: int) -> tuple[list[Goal], int]:
        """The first goals of those that have not ended, most urgent, then newest first, and how many there are."""
        with self.reading() as connection:
            (total,) = connection.execute(f"SELECT COUNT(*) FROM goals WHERE {_IS_OPEN}", OPEN).fetchone()
            first = f"{GOAL} WHERE {_IS_OPEN} ORDER BY priority DESC, id DESC LIMIT ?"
            return [Goal(*row) for row in connection.execute(first, (*OPEN, limit))], total

    def tasks(self, goal_id: str) -> list[Task]:
        """The tasks of a goal in the order of the plan. Raises NoSuchGoal."""
        with self.reading() as connection:
            goal_of(connection, goal_id)
            return tasks_of(connection, goal_id)

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
            add_letters(connection, letters)
            return move_goal(connection, goal_id, state, **values)

    def let_wait(self, goal_id: str, letter: Letter, error: str) -> bool:
        """Let a goal wait, if that still follows from its tasks; whether it does. Raises InvalidState."""
        with self.writing() as connection:
            if nouns.verdict(tasks_of(connection, goal_id)) != WAITING:
                return False
            move_goal(connection, goal_id, WAITING, error=error)
            add_letters(connection, [letter])
            return True

    def end_goal(self, goal_id: str, state: str, letters: Sequence[Letter], when: int, **values: str) -> list[Task]:
        """End a goal; what was left of its plan is cancelled, and returned. Raises NoSuchGoal, InvalidState."""
        with self.writing() as connection:
            move_goal(connection, goal_id, state, finished=when, **values)
            left = [task for task in tasks_of(connection, goal_id) if task.status not in ENDED]
            for task in left:
                move_task(connection, task.id, CANCELLED, finished=when, question="")
                end_attempt(connection, task.id, CANCELLED)
            close_questions(connection, goal_id, when)
            add_letters(connection, letters)
            return left

    def save_plan(self, goal_id: str, planner: str, steps: Sequence[Step], when: int, letter: Letter) -> list[Task]:
        """Write the plan of a goal down and begin to follow it; its tasks. Raises InvalidState."""
        with self.writing() as connection:
            goal = _being_planned(connection, goal_id)
            add_tasks(connection, goal, steps, 0, when)
            move_goal(connection, goal_id, RUNNING, planner=planner)
            add_letters(connection, [letter])
            return tasks_of(connection, goal_id)

    def change_plan(
        self, goal_id: str, replaced: Collection[str], steps: Sequence[Step], when: int, letter: Letter
    ) -> list[Task]:
        """Let new steps take the place of tasks that failed or can never start; the tasks that have changed."""
        with self.writing() as connection:
            goal = _being_planned(connection, goal_id)
            before = tasks_of(connection, goal_id)
            for task in before:
                if task.id in replaced and task.status == PENDING:
                    move_task(connection, task.id, CANCELLED, finished=when)
                if task.id in replaced:
                    connection.execute("UPDATE tasks SET replaced = 1 WHERE id = ?", (task.id,))
            add_tasks(connection, goal, steps, len(before), when)
            move_goal(connection, goal_id, RUNNING)
            add_letters(connection, [letter])
            after = tasks_of(connection, goal_id)
            return [task for task in after if task not in before]

    def was_replanned(self, goal_id: str) -> bool:
        """Whether a goal has had its second plan, or nobody could make one."""
        with self.reading() as connection:
            row = connection.execute("SELECT replanned FROM goals WHERE id = ?", (goal_id,)).fetchone()
        return bool(row[0])

    def task(self, task_id: str) -> Task:
        """One task. Raises NoSuchTask."""
        with self.reading() as connection:
            return task_of(connection, task_id)

    def retry_goal(self, goal_id: str, when: int) -> list[Task]:
        """Start again what failed or was cancelled; the tasks that will be. Raises NoSuchGoal, InvalidState."""
        with self.writing() as connection:
            goal = goal_of(connection, goal_id)
            if goal.state not in (FAILED, CANCELLED):
                raise InvalidState(
                    f"goal {goal_id} is {goal.state}; a goal that has failed or was cancelled can be retried"
                )
            tasks = tasks_of(connection, goal_id)
            state = RUNNING if tasks else NEW
            again = [task for task in nouns.current(tasks) if task.status in (FAILED, CANCELLED)]
            for task in again:
                move_task(connection, task.id, PENDING, finished=0, error="", not_before=0)
            columns = {"outcome": "", "error": "", "report": ""}
            times = {"started": when if tasks else 0, "finished": 0}
            times["deadline"] = goal.deadline if goal.deadline > when else 0
            (times["since_attempt"],) = connection.execute(
                "SELECT COALESCE(MAX(rowid), 0) FROM attempts"
            ).fetchone()
            move_goal(connection, goal_id, state, **times, **columns)
            return again

    def release_waiting(self, paused: Collection[str] = ()) -> list[Task]:
        """Let go on what waits for a model, but not in ``paused`` goals; the tasks, the oldest first."""
        kept = json.dumps([int(goal_id) for goal_id in paused])
        waiting = "status = ? AND question = '' AND goal_id NOT IN (SELECT value FROM json_each(?))"
        with self.writing() as connection:
            rows = connection.execute(f"{TASK} WHERE {waiting} ORDER BY created, id", (WAITING, kept)).fetchall()
            released = [task_from(row) for row in rows]
            for task in released:
                move_task(connection, task.id, PENDING, error="")
                go_on(connection, task.goal_id)
        return released

    def waits_for_model(self) -> bool:
        """Whether there is a task that waits, but not for an answer of the user."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM tasks WHERE status = ? AND question = ''", (WAITING,)
            ).fetchone()
        return row is not None

    def add_letter(self, letter: Letter) -> None:
        """Write down what the reporter is to be told."""
        with self.writing() as connection:
            add_letters(connection, [letter])

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


def _being_planned(connection: sqlite3.Connection, goal_id: str) -> Goal:
    goal = goal_of(connection, goal_id)
    if goal.state != PLANNING:
        raise InvalidState(f"a goal that is {goal.state} is not being planned")
    return goal
