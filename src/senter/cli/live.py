"""Goals while they change: a table that is drawn anew on a terminal, a line for every change elsewhere."""

import sys
from types import TracebackType
from typing import Any, Protocol, Self

import click

from senter.cli.following import Pursuit
from senter.cli.goal_words import (
    COLOURS,
    REPLACED,
    Questions,
    goal_line,
    goal_remark,
    progress,
    summary,
    task_line,
    task_remark,
)
from senter.tasks.goal import WAITING, Task
from senter.wording import one_line

WIDEST = 10_000
NOTHING = "There is no unfinished goal; waiting for one."


class View(Protocol):
    """Shows goals for the length of a block."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was shown last where it is."""

    def show(self, pursuits: list[Pursuit]) -> None:
        """Show the goals as they are now."""


def view() -> View:
    """The view that fits where the output goes."""
    return LiveTable() if sys.stdout.isatty() else Lines()


class Lines:
    """One line for every goal and every step whose state has changed."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Everything has been said."""

    def show(self, pursuits: list[Pursuit]) -> None:
        """Tell what is new: the goal before its steps, but its end after them."""
        if not pursuits and not self._told:
            self._told[""] = NOTHING
            click.echo(NOTHING)
        for pursuit in pursuits:
            goal, questions = pursuit.goal, pursuit.questions
            whole = [(goal.id, goal.state, goal_line(goal))]
            steps = [
                (task.id, f"{task.status} {task.replaced}", task_line(task, questions)) for task in pursuit.tasks
            ]
            for key, state, line in [*steps, *whole] if goal.finished else [*whole, *steps]:
                if self._told.get(key) != state:
                    self._told[key] = state
                    click.echo(line)


class LiveTable:
    """Every goal with its steps; drawn when something has changed, never in between."""

    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(auto_refresh=False, vertical_overflow="ellipsis")

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, pursuits: list[Pursuit]) -> None:
        """Draw all of it."""
        from rich.console import Group

        drawn = [part for pursuit in pursuits for part in _drawn(pursuit)]
        self._live.update(Group(*drawn or [_one_row(NOTHING)]), refresh=True)


def _drawn(pursuit: Pursuit) -> list[Any]:
    """A goal, what it is about, how it stands, and a table of its steps."""
    from rich.table import Table
    from rich.text import Text

    goal = pursuit.goal
    title = Text.assemble((f"Goal {one_line(goal.id)}", "bold"), "  ", _state(goal.state), f"  {progress(goal)}")
    lines = [title, _one_row(f"  {summary(goal, WIDEST)}")]
    if (remark := goal_remark(goal)) not in ("", one_line(goal.description)):
        lines.append(_one_row(f"  {remark}", COLOURS.get(goal.state, "")))
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    # may wrap, so that this is the column which gives way; its rows do not
    table.add_column()
    for task in pursuit.tasks:
        table.add_row(*_cells(task, pursuit.questions), style=REPLACED if task.replaced else None)
    return [*lines, table]


def _cells(task: Task, questions: Questions) -> tuple[Any, ...]:
    """The row of a step. A question takes as many lines as it needs: who answers has to have seen all of it."""
    from rich.text import Text

    remark = task_remark(task, questions)
    asks = task.status == WAITING and task.id in questions
    return (
        f"  {one_line(task.id)}",
        Text(one_line(task.status)) if task.replaced else _state(task.status),
        Text(remark, style=COLOURS[WAITING], overflow="fold") if asks else _one_row(remark),
    )


def _one_row(text: str, style: str = "") -> Any:
    """Text that is cut where the terminal ends."""
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _state(state: str) -> Any:
    from rich.text import Text

    return Text(one_line(state), style=COLOURS.get(state, ""))
