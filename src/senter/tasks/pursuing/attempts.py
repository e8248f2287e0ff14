"""Each attempt at a step, in ``tasks.db``: on disk before it begins, and its end with what came of it."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence

from senter.database import Database
from senter.errors import InvalidState
from senter.tasks.approvals.approval import Approval, repetition
from senter.tasks.approvals.questions import ask
from senter.tasks.goal import (
    COMPLETED,
    ENDED,
    FAILED,
    IN_PROGRESS,
    NEW,
    PENDING,
    PLANNING,
    RUNNING,
    WAITING,
    Goal,
    Task,
)
from senter.tasks.pursuing.bounds import Spent
from senter.tasks.rows import (
    TASK,
    add_letters,
    close_questions,
    end_attempt,
    end_task,
    go_on,
    goal_of,
    move_goal,
    move_task,
    task_from,
    task_of,
)
from senter.tasks.telling.letter import Letter, task_completed, task_failed
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.network_log import Request
from senter.wording import one_line, shortened

INTERRUPTED, WAITS = "interrupted", "waits"
"""Outcomes of attempts besides completed, failed and cancelled: its process ended in the middle; no model."""

MOST_REQUESTS = 1000

_STRANDED = (
    "SELECT id FROM goals WHERE state = ?"
    " AND NOT EXISTS (SELECT 1 FROM tasks WHERE goal_id = goals.id AND status = ?)"
)
"""The goals that wait although none of their tasks does."""


class Attempts:
    """The attempts in a database. Times are microseconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, task: Task, when: int) -> str:
        """Move a task to in_progress; the id of this attempt. Raises InvalidState."""
        with self._database.writing() as connection:
            number = task_of(connection, task.id).attempts + 1
            attempt = f"{task.id}.{number}"
            columns = {"started": when, "finished": 0, "error": "", "not_before": 0, "attempts": number}
            move_task(connection, task.id, IN_PROGRESS, **columns)  # type: ignore[arg-type]
            connection.execute(
                "INSERT INTO attempts (id, task_id, goal_id, began, ended, outcome) VALUES (?, ?, ?, ?, 0, '')",
                (attempt, task.id, task.goal_id, when),
            )
            return attempt

    def end(
        self,
        task: Task,
        status: str,
        when: int,
        took: int = 0,
        error: str = "",
        findings: Findings | None = None,
        summary: str = "",
        letters: Sequence[Letter] = (),
    ) -> None:
        """Note how an attempt ended that took so long (µs), and move its task. Raises InvalidState."""
        with self._database.writing() as connection:
            _require_begun(connection, task.id)
            end_task(connection, task.id, status, when, error, findings, summary)
            end_attempt(connection, task.id, status if status in (COMPLETED, FAILED) else WAITS, took)
            add_letters(connection, letters)

    def fail(self, task: Task, when: int, error: str, letters: Sequence[Letter]) -> None:
        """Let a task fail, also one that is not begun. Raises InvalidState when it has ended."""
        with self._database.writing() as connection:
            end_task(connection, task.id, FAILED, when, error)
            end_attempt(connection, task.id, FAILED)
            add_letters(connection, letters)

    def last_outcome(self, task_id: str) -> str:
        """How the last attempt at a task ended; empty when there was none."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT outcome FROM attempts WHERE task_id = ? ORDER BY rowid DESC LIMIT 1", (task_id,)
            ).fetchone()
        return str(row[0]) if row else ""

    def failures(self, task: Task) -> int:
        """How many attempts at a task have failed since its goal was taken on, or taken up again."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT COUNT(*) FROM attempts WHERE task_id = ? AND outcome = ?"
                " AND rowid > (SELECT since_attempt FROM goals WHERE id = ?)",
                (task.id, FAILED, task.goal_id),
            ).fetchone()
        return int(row[0])

    def again(self, task: Task, took: int, error: str, not_before: int) -> None:
        """Note that an attempt has failed that took so long (µs), and when the next is. Raises InvalidState."""
        with self._database.writing() as connection:
            _require_begun(connection, task.id)
            move_task(connection, task.id, PENDING, error=error, not_before=not_before)
            end_attempt(connection, task.id, FAILED, took)

    def note_from_outside(self, task_id: str, status: str, result: str, when: int) -> Task:
        """Note what became of a task elsewhere; the task. Raises NoSuchTask, InvalidState when it has ended."""
        with self._database.writing() as connection:
            task = task_of(connection, task_id)
            goal = goal_of(connection, task.goal_id)
            if goal.state in ENDED:
                raise InvalidState(f"goal {goal.id} has ended: it is {goal.state}")
            told = shortened(one_line(result))
            if status == COMPLETED:
                end_task(connection, task_id, status, when, findings=Findings(result), summary=told)
                add_letters(connection, [task_completed(goal, task)])
            else:
                end_task(connection, task_id, status, when, told)
                add_letters(connection, [task_failed(goal, task, told)] if status == FAILED else [])
            end_attempt(connection, task_id, status)
            close_questions(connection, goal.id, when)
            go_on(connection, goal.id)
            return task_of(connection, task_id)

    def take_up(
        self, busy: Collection[str], is_repeatable: Callable[[Task], bool], now: int
    ) -> tuple[list[Task], list[Approval]]:
        """Make what nobody works on ready again: what a process that was killed, or told to stop, has left behind.

        ``busy`` holds the ids of the goals being planned and of the tasks being worked on. A task that may have
        done its work and cannot be repeated waits for what the user says. Returns the tasks, and the questions.
        """
        with self._database.writing() as connection:
            rows = connection.execute("SELECT id FROM goals WHERE state = ?", (PLANNING,)).fetchall()
            for (goal_id,) in rows:
                if str(goal_id) not in busy:
                    planned = connection.execute("SELECT 1 FROM tasks WHERE goal_id = ?", (goal_id,)).fetchone()
                    move_goal(connection, str(goal_id), RUNNING if planned else NEW)
            for (goal_id,) in connection.execute(_STRANDED, (WAITING, WAITING)).fetchall():
                move_goal(connection, str(goal_id), RUNNING, error="")
            rows = connection.execute(f"{TASK} WHERE status = ?", (IN_PROGRESS,)).fetchall()
            left = [task for task in map(task_from, rows) if task.id not in busy]
            asked = []
            for task in left:
                end_attempt(connection, task.id, INTERRUPTED)
                if is_repeatable(task):
                    move_task(connection, task.id, PENDING)
                else:
                    question = repetition(goal_of(connection, task.goal_id), task, now)
                    ask(connection, question)
                    asked.append(question)
            return left, asked

    def spent(self, goal: Goal) -> Spent:
        """What the work on a goal has taken since it was begun, or taken up again."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT outcome, ended - began FROM attempts WHERE goal_id = ? AND outcome IN (?, ?, ?)"
                " AND rowid > (SELECT since_attempt FROM goals WHERE id = ?) ORDER BY rowid",
                (goal.id, COMPLETED, FAILED, INTERRUPTED, goal.id),
            ).fetchall()
        in_a_row = 0
        for outcome, _ in rows:
            in_a_row = 0 if outcome == COMPLETED else in_a_row + (outcome == FAILED)
        return Spent(len(rows), sum(max(0, took) for _, took in rows), in_a_row)

    def note_requests(self, task_id: str, requests: Iterable[Request]) -> None:
        """Write down what a task has asked of the network."""
        with self._database.writing() as connection:
            goal_id = task_of(connection, task_id).goal_id
            connection.executemany(
                "INSERT INTO requests (goal_id, task_id, time, url, address, outcome) VALUES (?, ?, ?, ?, ?, ?)",
                [(goal_id, task_id, each.time, each.url, each.address, each.outcome) for each in requests],
            )

    def requests(self, goal_id: str, limit: int, offset: int) -> list[Request]:
        """What the tasks of a goal have asked of the network, in order. Raises NoSuchGoal."""
        with self._database.reading() as connection:
            goal_of(connection, goal_id)
            rows = connection.execute(
                "SELECT time, url, address, outcome, task_id FROM requests WHERE goal_id = ? ORDER BY id"
                " LIMIT ? OFFSET ?",
                (goal_id, min(limit or MOST_REQUESTS, MOST_REQUESTS), offset),
            ).fetchall()
        return [Request(*row) for row in rows]


def _require_begun(connection: sqlite3.Connection, task_id: str) -> None:
    """Raise InvalidState when a task is not being worked on any more: what its attempt came to is no news then."""
    status = task_of(connection, task_id).status
    if status != IN_PROGRESS:
        raise InvalidState(f"task {task_id} is not being worked on any more; it is {status}")
