"""How goals, tasks, letters and questions are kept as rows of ``tasks.db``, in a transaction of the caller."""

import json
import re
import sqlite3
from collections.abc import Sequence
from typing import Any

from senter.errors import NoSuchGoal, NoSuchTask
from senter.tasks import goal as nouns
from senter.tasks.approvals.approval import WITHDRAWN, Approval
from senter.tasks.goal import Goal, Task
from senter.tasks.planning.plan import Step
from senter.tasks.telling.letter import Letter, question_closed
from senter.tasks.tools.findings import Findings, to_json

GOAL = (
    "SELECT CAST(id AS TEXT), description, state, focus, origin, outcome, error, report, planner, priority,"
    " created, started, finished,"
    " (SELECT COUNT(*) FROM tasks WHERE goal_id = goals.id AND status = 'completed' AND NOT replaced),"
    " (SELECT COUNT(*) FROM tasks WHERE goal_id = goals.id AND NOT replaced), deadline FROM goals"
)
TASK = (
    "SELECT id, CAST(goal_id AS TEXT), description, type, status, tool, error, summary, priority, depends_on,"
    " created, started, finished, attempts, not_before, replaced FROM tasks"
)
_APPROVAL = (
    "SELECT approvals.task_id, CAST(approvals.goal_id AS TEXT), approvals.kind, approvals.question,"
    " approvals.asked, approvals.until, goals.description"
    " FROM approvals JOIN goals ON goals.id = approvals.goal_id"
)
_ID = re.compile(r"[1-9][0-9]{0,18}")


def goal_of(connection: sqlite3.Connection, goal_id: str) -> Goal:
    """One goal. Raises NoSuchGoal."""
    known = _ID.fullmatch(goal_id)
    row = connection.execute(f"{GOAL} WHERE id = ?", (goal_id,)).fetchone() if known else None
    if row is None:
        raise NoSuchGoal(f"there is no goal {goal_id!r:.40}; see: senter goals list")
    return Goal(*row)


def task_of(connection: sqlite3.Connection, task_id: str) -> Task:
    """One task. Raises NoSuchTask."""
    row = connection.execute(f"{TASK} WHERE id = ?", (task_id,)).fetchone()
    if row is None:
        raise NoSuchTask(f"there is no task {task_id!r:.40}; see: senter goals show GOAL")
    return task_from(row)


def tasks_of(connection: sqlite3.Connection, goal_id: str) -> list[Task]:
    """The tasks of a goal, in the order in which they were planned."""
    rows = connection.execute(f"{TASK} WHERE goal_id = ? ORDER BY position", (goal_id,)).fetchall()
    return [task_from(row) for row in rows]


def task_from(row: Sequence[Any]) -> Task:
    """The task of a row of ``TASK``."""
    values = [*row]
    values[9] = json.loads(row[9])
    values[15] = bool(row[15])
    return Task(*values)


def move_task(connection: sqlite3.Connection, task_id: str, status: str, **columns: str | int) -> None:
    """Move a task to a status and set other columns. Raises InvalidState for a move that is not legal."""
    nouns.check_task_move(task_of(connection, task_id).status, status)
    values = "".join(f", {name} = ?" for name in columns)
    connection.execute(f"UPDATE tasks SET status = ?{values} WHERE id = ?", (status, *columns.values(), task_id))


def move_goal(connection: sqlite3.Connection, goal_id: str, state: str, **columns: str | int) -> Goal:
    """Move a goal to a state and set other columns; the goal. Raises NoSuchGoal, InvalidState."""
    nouns.check_goal_move(goal_of(connection, goal_id).state, state)
    values = "".join(f", {name} = ?" for name in columns)
    connection.execute(f"UPDATE goals SET state = ?{values} WHERE id = ?", (state, *columns.values(), goal_id))
    return goal_of(connection, goal_id)


def go_on(connection: sqlite3.Connection, goal_id: str) -> None:
    """Let a goal go on if it waits."""
    if goal_of(connection, goal_id).state == nouns.WAITING:
        move_goal(connection, goal_id, nouns.RUNNING, error="")


def end_task(
    connection: sqlite3.Connection,
    task_id: str,
    status: str,
    when: int,
    error: str = "",
    findings: Findings | None = None,
    summary: str = "",
) -> None:
    """Move a task to a status with what came of it. Raises NoSuchTask, InvalidState."""
    columns = {"error": error, "summary": summary, "findings": to_json(findings) if findings else ""}
    move_task(connection, task_id, status, finished=when, not_before=0, question="", **columns)


def end_attempt(connection: sqlite3.Connection, task_id: str, outcome: str, took: int = 0) -> None:
    """Note how the attempt at a task ended that is going on, if one is, and how long it took (µs; 0: unknown)."""
    connection.execute(
        "UPDATE attempts SET outcome = ?, ended = began + ? WHERE task_id = ? AND outcome = ''",
        (outcome, took, task_id),
    )


def add_tasks(connection: sqlite3.Connection, goal: Goal, steps: Sequence[Step], after: int, when: int) -> None:
    """Add steps to the plan of a goal that has ``after`` of them; their numbers go on from there."""
    for number, step in enumerate(steps, after + 1):
        needed = json.dumps([f"{goal.id}.{other}" for other in step.depends_on])
        connection.execute(
            "INSERT INTO tasks (id, goal_id, position, description, type, status, tool, parameters, error, summary,"
            " findings, priority, depends_on, created, started, finished, attempts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', '', ?, ?, ?, 0, 0, 0)",
            (
                *(f"{goal.id}.{number}", goal.id, number, step.description, step.type, nouns.PENDING, step.tool),
                *(json.dumps(step.parameters), goal.priority, needed, when),
            ),
        )


def add_letters(connection: sqlite3.Connection, letters: Sequence[Letter]) -> None:
    """Write down what the reporter is to be told."""
    rows = [(json.dumps(vars(letter)),) for letter in letters]
    connection.executemany("INSERT INTO letters (content) VALUES (?)", rows)


def open_questions(connection: sqlite3.Connection, where: str, *values: str | int) -> list[Approval]:
    """The questions nobody has answered that meet a condition, the oldest first."""
    rows = connection.execute(
        f"{_APPROVAL} WHERE approvals.answer = '' AND {where} ORDER BY approvals.id", values
    ).fetchall()
    return [Approval(task, goal, nouns.title_of(text), *rest) for task, goal, *rest, text in rows]


def close_questions(connection: sqlite3.Connection, goal_id: str, when: int) -> None:
    """Take the questions of a goal back that no task of it waits for any more."""
    idle = "NOT EXISTS (SELECT 1 FROM tasks WHERE goal_id = approvals.goal_id AND question = approvals.question)"
    for question in open_questions(connection, f"approvals.goal_id = ? AND {idle}", goal_id):
        close_question(connection, question, WITHDRAWN, when)


def close_question(connection: sqlite3.Connection, question: Approval, answer: str, when: int) -> None:
    """Note the answer to a question, and take its notice back."""
    connection.execute(
        "UPDATE approvals SET answer = ?, answered = ? WHERE goal_id = ? AND question = ?",
        (answer, when, question.goal_id, question.question),
    )
    add_letters(connection, [question_closed(question)])
