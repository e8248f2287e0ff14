"""``senter goals``."""

import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Any, NoReturn, TypeVar

import click

from senter.bus.connection import Connection
from senter.cli import goal_words
from senter.cli.commands import approvals
from senter.cli.following import Follower, newest_goals, questions_of
from senter.cli.goal_tables import print_goals, print_requests
from senter.cli.live import view
from senter.cli.outcome import (
    FAILED_GOAL,
    INTERRUPTED,
    ask,
    complain,
    print_json,
    told_in_one_sentence,
    while_connected,
)
from senter.cli.typed import GOAL_ID, carried, given, time_to_come
from senter.tasks.approvals.approval import Approval
from senter.tasks.client import TasksClient
from senter.tasks.goal import COMPLETED, GOAL_MOVES, Goal, GoalOptions, Task
from senter.tasks.tools.network_log import Request
from senter.wording import one_line

PAGE = 500

Result = TypeVar("Result")


@click.group()
def goals() -> None:
    """Give Senter goals, and see what becomes of them."""


goals.add_command(approvals.approve)
goals.add_command(approvals.deny)


@goals.command()
@click.argument("text", callback=given)
@click.option("--priority", type=click.IntRange(1, 10), default=5, show_default=True, help="10 is the most urgent.")
@click.option("--focus", default="", callback=lambda _c, _p, value: carried(value), help="The focus it belongs to.")
@click.option(
    "--until", metavar="TIME", help='When it is given up: "18:00", "tomorrow 18:00", "friday 18:00", "+2h".'
)
@click.option("--wait", is_flag=True, help="Watch it to its end; exit code 4 when it is not reached.")
@told_in_one_sentence
def add(text: str, priority: int, focus: str, until: str | None, wait: bool) -> None:
    """Take on the goal TEXT, or what stdin says when it is "-"."""
    deadline = time_to_come(until) if until is not None else 0
    options = GoalOptions(priority=priority, focus=focus, deadline=deadline)
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

    async def both(tasks: TasksClient) -> tuple[list[Goal], list[Approval]]:
        goals = await newest_goals(tasks, state or "", limit + 1)
        return goals, [] if as_json else await tasks.pending_approvals()

    found, waiting = _ask_tasks(both)
    if as_json:
        print_json([asdict(goal) for goal in found[:limit]])
    elif found:
        print_goals(found[:limit])
        if len(found) > limit:
            click.echo(f"\nThere are older ones; see them with: --limit {2 * limit}")
    else:
        click.echo(f"There is no goal that is {state}." if state else "There is no goal yet.")
    if hint := approvals.hint(waiting):
        click.echo(f"\n{hint}")


@goals.command()
@click.argument("goal_id", **GOAL_ID)
@click.option("--network", is_flag=True, help="Every request that it made to a server, instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document; the steps are below the key plan.")
@told_in_one_sentence
def show(goal_id: str, network: bool, as_json: bool) -> None:
    """Show a goal, the steps of its plan and what they found."""
    if network:
        return _show_network(_ask_tasks(lambda tasks: _all_requests(tasks, goal_id)), as_json)
    if as_json:
        goal, plan = _ask_tasks(lambda tasks: _goal_and_plan(tasks, goal_id))
        return print_json({**asdict(goal), "plan": [asdict(task) for task in plan]})

    async def in_words(tasks: TasksClient) -> str:
        goal, plan = await _goal_and_plan(tasks, goal_id)
        questions = await questions_of(tasks, plan)
        return goal_words.details(goal, plan, questions, await _all_requests(tasks, goal_id))

    click.echo(_ask_tasks(in_words))


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


@goals.command()
@told_in_one_sentence
def pause() -> None:
    """Stop all work on goals at once; also after a restart nothing is done until "senter goals resume"."""
    _ask_tasks(lambda tasks: tasks.pause())
    click.echo("All work on goals is paused; go on with: senter goals resume")


@goals.command()
@told_in_one_sentence
def resume() -> None:
    """Let the work on goals go on."""
    _ask_tasks(lambda tasks: tasks.resume())
    click.echo("The work on goals goes on")


async def _goal_and_plan(tasks: TasksClient, goal_id: str) -> tuple[Goal, list[Task]]:
    return await tasks.goal(goal_id), await tasks.plan(goal_id)


async def _all_requests(tasks: TasksClient, goal_id: str) -> list[Request]:
    """What a goal asked of the network, the oldest first."""
    found: list[Request] = []
    while page := await tasks.requests(goal_id, PAGE, len(found)):
        found += page
    return sorted(found, key=lambda request: request.time)


def _show_network(requests: list[Request], as_json: bool) -> None:
    if as_json:
        print_json([asdict(request) for request in requests])
    elif requests:
        print_requests(requests)
    else:
        click.echo("It asked no server.")


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
