"""``senter goals approve`` and ``senter goals deny``."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

import click

from senter.bus.connection import Connection
from senter.cli.goal_tables import print_questions
from senter.cli.goal_words import what_is_asked
from senter.cli.outcome import ask, print_json, told_in_one_sentence
from senter.cli.typed import TASK_ID
from senter.tasks.approvals.approval import Approval
from senter.tasks.client import TasksClient
from senter.wording import one_line

HOW_TO_ANSWER = """\
Answer with: senter goals approve TASK, or senter goals deny TASK
What is not answered by then counts as denied."""


@click.command()
@click.argument("task_id", required=False, **{**TASK_ID, "metavar": "[TASK]"})
@click.option("--json", "as_json", is_flag=True, help="Without TASK: one JSON document.")
@told_in_one_sentence
def approve(task_id: str | None, as_json: bool) -> None:
    """Let TASK do what it asks for; without TASK, list what waits for your answer."""
    if task_id and as_json:
        raise click.UsageError("--json goes without TASK")
    if task_id:
        return _answer(task_id, "Approved", TasksClient.approve)
    waiting = ask(lambda connection: TasksClient(connection).pending_approvals())
    if as_json:
        print_json([asdict(approval) for approval in waiting])
    elif waiting:
        print_questions(waiting)
        click.echo(f"\n{HOW_TO_ANSWER}")
    else:
        click.echo("Nothing waits for your answer.")


@click.command()
@click.argument("task_id", **TASK_ID)
@told_in_one_sentence
def deny(task_id: str) -> None:
    """Do not let TASK do what it asks for; its goal goes on without that, if it can."""
    _answer(task_id, "Denied", TasksClient.deny)


def hint(waiting: list[Approval]) -> str:
    """How many questions wait, and how to see them; empty for none."""
    if not waiting:
        return ""
    number = "1 question waits" if len(waiting) == 1 else f"{len(waiting)} questions wait"
    return f"{number} for your answer; see: senter goals approve"


def _answer(task_id: str, word: str, answer: Callable[[TasksClient, str], Awaitable[None]]) -> None:
    """Answer, and say what it was that is answered."""

    async def answered(connection: Connection) -> list[Approval]:
        tasks = TasksClient(connection)
        asked = [approval for approval in await tasks.pending_approvals() if approval.task_id == task_id]
        await answer(tasks, task_id)
        return asked

    asked = ask(answered)
    click.echo(f"{word}: {what_is_asked(asked[0]) if asked else one_line(task_id)}")
