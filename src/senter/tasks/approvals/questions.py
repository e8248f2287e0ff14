"""What the user was asked, and what the answers were, in ``tasks.db``. Each answer is on disk with what follows."""

import sqlite3
from typing import NamedTuple

from senter.database import Database
from senter.errors import InvalidState, NoSuchTask
from senter.tasks.approvals.approval import (
    APPROVED,
    DENIED,
    HOURS,
    UNANSWERED,
    WITHDRAWN,
    Approval,
    denial,
    task_of_key,
    unanswered,
)
from senter.tasks.goal import FAILED, PENDING, WAITING, Task
from senter.tasks.rows import (
    TASK,
    add_letters,
    close_question,
    end_task,
    go_on,
    goal_of,
    move_task,
    open_questions,
    task_from,
    task_of,
)
from senter.tasks.telling.letter import question_asked, task_failed


class Asked(NamedTuple):
    """What came of asking."""

    waits: bool
    """Whether the task waits; it does not when the question was answered before."""
    is_new: bool
    """Whether nobody had asked this in the goal."""


class Questions:
    """The questions in a database. Times are microseconds since the epoch."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def answer_to(self, goal_id: str, question: str) -> str | None:
        """What was answered to a question of a goal: approved, denied, empty for nothing yet; None: never asked.

        What nobody answered in time, or needed no answer, may be asked again when the goal is retried.
        """
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT answer FROM approvals WHERE goal_id = ? AND question = ? AND answer IN ('', ?, ?)",
                (goal_id, question, APPROVED, DENIED),
            ).fetchone()
        return row[0] if row else None

    def was_denied(self, goal_id: str) -> bool:
        """Whether something was denied in a goal, or not answered in time."""
        with self._database.reading() as connection:
            row = connection.execute(
                "SELECT 1 FROM approvals WHERE goal_id = ? AND answer IN (?, ?)", (goal_id, DENIED, UNANSWERED)
            ).fetchone()
        return row is not None

    def ask(self, question: Approval) -> Asked:
        """Let a task wait for the answer to a question, unless there is one already. Raises InvalidState."""
        with self._database.writing() as connection:
            return ask(connection, question)

    def open(self, now: int) -> list[Approval]:
        """The questions that nobody has answered, and that may still be answered, the oldest first."""
        with self._database.reading() as connection:
            return open_questions(connection, "approvals.until > ?", now)

    def approve(self, task_id: str, now: int) -> list[Task]:
        """Let a task do what it has asked for; the tasks that go on. Raises NoSuchTask, InvalidState."""
        with self._database.writing() as connection:
            question = _asked_by(connection, task_id, now)
            waiting = _waiting_for(connection, question)
            for task in waiting:
                move_task(connection, task.id, PENDING, error="", question="")
            close_question(connection, question, APPROVED, now)
            go_on(connection, question.goal_id)
            return waiting

    def deny(self, task_id: str, now: int) -> list[Task]:
        """Let a task fail that may not do what it asked for; the tasks that do. Raises NoSuchTask, InvalidState."""
        with self._database.writing() as connection:
            question = _asked_by(connection, task_id, now)
            return _fail(connection, question, DENIED, str(denial(question)), now)

    def expire(self, now: int) -> list[Task]:
        """Let the tasks fail whose questions were not answered in time; these."""
        is_late = "approvals.until <= ?"
        with self._database.reading() as connection:
            if not open_questions(connection, is_late, now):
                return []
        with self._database.writing() as connection:
            late = open_questions(connection, is_late, now)
            return [
                task for each in late for task in _fail(connection, each, UNANSWERED, str(unanswered(each)), now)
            ]


def ask(connection: sqlite3.Connection, question: Approval) -> Asked:
    """Let a task wait for the answer to a question, unless there is one already. Raises InvalidState."""
    row = connection.execute(
        "SELECT 1 FROM approvals WHERE goal_id = ? AND question = ? AND answer IN (?, ?)",
        (question.goal_id, question.question, APPROVED, DENIED),
    ).fetchone()
    if row:
        return Asked(False, False)
    columns = {"error": question.waiting, "question": question.question}
    move_task(connection, question.task_id, WAITING, **columns)
    added = connection.execute(
        "INSERT INTO approvals (goal_id, task_id, kind, question, asked, until, answer, answered)"
        " VALUES (?, ?, ?, ?, ?, ?, '', 0) ON CONFLICT (goal_id, question) DO UPDATE"
        " SET task_id = excluded.task_id, asked = excluded.asked, until = excluded.until, answer = ''"
        " WHERE answer IN (?, ?)",
        (
            *(question.goal_id, question.task_id, question.kind, question.question),
            *(question.asked, question.until, UNANSWERED, WITHDRAWN),
        ),
    )
    if added.rowcount:
        add_letters(connection, [question_asked(question)])
    return Asked(True, added.rowcount == 1)


def _asked_by(connection: sqlite3.Connection, name: str, now: int) -> Approval:
    """The open question of a task, or the one of another task of its goal that it waits for, too.

    ``name`` is the id of the task, or the key of the very question, as a notification has it.
    """
    task_id = task_of_key(name)
    task = _task(connection, task_id)
    asked = "SELECT question FROM tasks WHERE id = ?"
    found = open_questions(
        connection, f"approvals.goal_id = ? AND approvals.question = ({asked})", task.goal_id, task_id
    )
    if not found or name not in (task_id, found[0].key):
        raise InvalidState(f"task {task_id} waits for no such answer; it is {task.status}")
    if found[0].until <= now:
        raise InvalidState(f"task {task_id} has waited for {HOURS} hours, and counts as denied")
    return found[0]


def _task(connection: sqlite3.Connection, task_id: str) -> Task:
    try:
        return task_of(connection, task_id)
    except NoSuchTask:
        raise NoSuchTask(f"there is no task {task_id!r:.40}; see: senter goals approve") from None


def _waiting_for(connection: sqlite3.Connection, question: Approval) -> list[Task]:
    rows = connection.execute(
        f"{TASK} WHERE goal_id = ? AND question = ? AND status = ?", (question.goal_id, question.question, WAITING)
    ).fetchall()
    return [task_from(row) for row in rows]


def _fail(connection: sqlite3.Connection, question: Approval, answer: str, error: str, now: int) -> list[Task]:
    waiting = _waiting_for(connection, question)
    goal = goal_of(connection, question.goal_id)
    for task in waiting:
        end_task(connection, task.id, FAILED, now, error)
        add_letters(connection, [task_failed(goal, task, error)])
    close_question(connection, question, answer, now)
    go_on(connection, question.goal_id)
    return waiting
