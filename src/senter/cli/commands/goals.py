"""``senter goals``."""

import contextlib
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, NoReturn, TypeVar

import click

from senter.bus.connection import Connection
from senter.cli import goal_words
from senter.cli.following import Follower, newest_goals
from senter.cli.live import view
from senter.cli.outcome import (
    FAILED_GOAL,
    INTERRUPTED,
    PIPE_WIDTH,
    ask,
    complain,
    print_json,
    told_in_one_sentence,
    while_connected,
)
from senter.cli.typed import GOAL_ID, carried, given
from senter.tasks.client import TasksClient
from senter.tasks.goal import COMPLETED, GOAL_MOVES, Goal, GoalOptions, Task
from senter.wording import one_line

SHOWN_IN_A_PIPE = 100

Result = TypeVar("Result")


@click.group()
def goals() -> None:
    """Give Senter goals, and see what becomes of them."""


@goals.command()
@click.argument("text", callback=given)
@click.option("--priority", type=click.IntRange(1, 10), default=5, show_default=True, help="10 is the most urgent.")
@click.option("--focus", default="", callback=lambda _c, _p, value: carried(value), help="The focus it belongs to.")
@click.option("--wait", is_flag=True, help="Watch it to its end; exit code 4 when it is not reached.")
@told_in_one_sentence
def add(text: str, priority: int, focus: str, wait: bool) -> None:
    """Take on the goal TEXT, or what stdin says when it is "-"."""
    options = GoalOptions(priority=priority, focus=focus)
    goal_id = _ask_tasks(lambda tasks: tasks.add_goal(text, options))
    click.echo(f"Goal {goal_id} is taken on" + ("." if wait else f"; follow it with: senter goals watch {goal_id}"))
    if wait:
        _watch(goal_id)


@goals.command("list")
@click.option("--state", type=click.Choice(list(GOAL_MOVES)), help="Only goals in this state.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def list_goals(state: str | None, limit: int, as_json: bool) -> None:
    """List goals, newest first."""
    found = _ask_tasks(lambda tasks: newest_goals(tasks, state or "", limit + 1))
    if as_json:
        print_json([asdict(goal) for goal in found[:limit]])
    elif found:
        _print_table(found[:limit])
        if len(found) > limit:
            click.echo(f"\nThere are older ones; see them with: --limit {2 * limit}")
    else:
        click.echo(f"There is no goal that is {state}." if state else "There is no goal yet.")


@goals.command()
@click.argument("goal_id", **GOAL_ID)
@click.option("--json", "as_json", is_flag=True, help="One JSON document; the steps are below the key plan.")
@told_in_one_sentence
def show(goal_id: str, as_json: bool) -> None:
    """Show a goal, the steps of its plan and what they found."""

    async def both(tasks: TasksClient) -> tuple[Goal, list[Task]]:
        return await tasks.goal(goal_id), await tasks.plan(goal_id)

    goal, plan = _ask_tasks(both)
    if as_json:
        print_json({**asdict(goal), "plan": [asdict(task) for task in plan]})
    else:
        click.echo(goal_words.details(goal, plan))


@goals.command()
@click.argument("goal_id", required=False, **{**GOAL_ID, "metavar": "[ID]"})
@told_in_one_sentence
def watch(goal_id: str | None) -> None:
    """Watch a goal until it has ended, or everything that is being worked on.

    Exit code 4 when the goal is not reached. Ctrl-C ends the watching, not the work.
    """
    _watch(goal_id or "")


@goals.command()
@click.argument("goal_id", **GOAL_ID)
@told_in_one_sentence
def cancel(goal_id: str) -> None:
    """Stop working on a goal."""
    _ask_tasks(lambda tasks: tasks.cancel_goal(goal_id))
    click.echo(f"Goal {one_line(goal_id)} is cancelled")


@goals.command()
@click.argument("goal_id", **GOAL_ID)
@told_in_one_sentence
def retry(goal_id: str) -> None:
    """Work once more on a goal that has failed or was cancelled."""
    _ask_tasks(lambda tasks: tasks.retry_goal(goal_id))
    click.echo(
        f"Goal {one_line(goal_id)} is taken up again; follow it with: senter goals watch {one_line(goal_id)}"
    )


def _ask_tasks(question: Callable[[TasksClient], Coroutine[Any, Any, Result]]) -> Result:
    return ask(lambda connection: question(TasksClient(connection)))


def _watch(goal_id: str) -> None:
    """Watch to the end; with an id, end with the exit code of the goal."""
    try:
        goal = ask(lambda connection: while_connected(connection, _follow(connection, goal_id)))
    except KeyboardInterrupt:
        _leave(goal_id)
    if goal.state != COMPLETED:
        complain(f"goal {goal.id} {_verdict(goal)}")
        raise SystemExit(FAILED_GOAL)
    if goal.report:
        click.echo(f"Report: {one_line(goal.report)}")


async def _follow(connection: Connection, goal_id: str) -> Goal:
    """Show what happens until the goal has ended; the goal as it ended. Without an id this does not end."""
    with view() as shown:
        async with contextlib.aclosing(Follower(connection, goal_id).changes()) as changes:
            async for pursuits in changes:
                shown.show(pursuits)
    return pursuits[-1].goal


def _verdict(goal: Goal) -> str:
    remark = goal_words.goal_remark(goal)
    return f"has ended as {goal.state}" + (f": {remark}" if remark else "")


def _leave(goal_id: str) -> NoReturn:
    """Say that the work goes on, and end as Ctrl-C does."""
    again = f"senter goals watch {one_line(goal_id)}".rstrip()
    complain(f"the work goes on; watch it again with: {again}")
    raise SystemExit(INTERRUPTED)


def _print_table(found: list[Goal]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    now = time.time()
    on_terminal = sys.stdout.isatty()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("ID", "STATE", "STEPS", "AGE"):
        table.add_column(heading, no_wrap=True, justify="left" if heading == "STATE" else "right")
    # may wrap, so that this is the column which gives way; its rows do not
    table.add_column("DESCRIPTION")
    for goal in found:
        state = Text(one_line(goal.state), style=goal_words.COLOURS.get(goal.state, ""))
        words = goal_words.summary(goal, PIPE_WIDTH if on_terminal else SHOWN_IN_A_PIPE)
        description = Text(words, no_wrap=True, overflow="ellipsis")
        table.add_row(
            Text(one_line(goal.id)), state, goal_words.progress(goal), goal_words.age(goal, now), description
        )
    Console(width=None if on_terminal else PIPE_WIDTH).print(table)
