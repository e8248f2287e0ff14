"""Figures of the work on goals, each beside a reference measured in the same run.

``packaging/private-session python benchmarks/tasks.py`` measures these alone. A private session has its home in
memory, where a commit costs nothing; with an empty folder on a disk as an argument the databases are there.
"""

import asyncio
import contextlib
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from session import milliseconds, pss, tell

from senter.database import Disk
from senter.host.clock import local_now
from senter.settings import TasksSettings
from senter.tasks.goal import CANCELLED, COMPLETED, ENDED, PLANNING, Goal, GoalOptions, Task
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.attempts import Attempts
from senter.tasks.pursuing.executor import Order
from senter.tasks.pursuing.pursuit import Pursuit
from senter.tasks.store import Store
from senter.tasks.telling.letter import plan_created
from senter.tasks.tools.findings import Findings

GOALS, STEPS = 1000, 5
WARM = 100
"""Goals after which memory is looked at for the first time."""
OLD = (10, 1_000, 100_000)
ROUNDS = 101
PLAN = [Step("nothing", "organize")] * STEPS
FOUND = Findings("nothing was to be done")


class Idle:
    """Plans steps, and does nothing for each of them."""

    async def plan(self, goal: Goal) -> tuple[str, list[Step]]:
        """The same steps for every goal."""
        return "keywords", PLAN

    async def replan(
        self, goal: Goal, tasks: Sequence[Task], parameters: Mapping[str, Mapping[str, Any]]
    ) -> list[Step] | None:
        """There is no other plan."""
        return None

    def question(self, order: Order) -> str:
        """Nothing has to be approved."""
        return ""

    def tries(self, task: Task) -> int:
        """Once."""
        return 1

    def is_repeatable(self, task: Task) -> bool:
        """Nothing may be done twice."""
        return True

    async def run(self, order: Order) -> Findings:
        """Nothing."""
        return FOUND


def main() -> None:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(dir=sys.argv[1] if len(sys.argv) > 1 else Path.home()))
    transitions(folder)
    asyncio.run(many_goals(folder))
    for old in OLD:
        listing_and_adding(folder, old)


@contextlib.contextmanager
def opened(file: Path) -> Iterator[Store]:
    """A new list of goals."""
    store = Store(file)
    store.open()
    try:
        yield store
    finally:
        store.close()


def transitions(folder: Path) -> None:
    """Moves of goals and tasks a second, each on disk with the letters that tell of it, beside bare commits."""
    moves = 0
    with opened(folder / "transitions.db") as store:
        attempts = Attempts(store)
        begun = time.perf_counter()
        for number in range(GOALS // 10):
            goal_id, _ = store.add_goal(number, "a benchmark", GoalOptions())
            goal = store.move_goal(goal_id, PLANNING)
            tasks = store.save_plan(goal_id, "keywords", PLAN, number, plan_created(goal, STEPS))
            for task in tasks:
                attempts.begin(task, number)
                attempts.end(task, COMPLETED, number, findings=FOUND)
            store.end_goal(goal_id, COMPLETED, [], number)
            moves += 4 + 2 * STEPS
        taken = time.perf_counter() - begun
    bare = milliseconds(lambda: commits(folder / "bare.db", moves)) / 1000
    tell("durable transitions a second", moves / taken, "", moves / bare)


def commits(file: Path, count: int) -> None:
    """So many commits of one row, each on disk."""
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE moves (id INTEGER PRIMARY KEY, task TEXT, status TEXT)")
        for number in range(count):
            bare.execute("INSERT INTO moves (task, status) VALUES (?, ?)", (f"{number}.1", "completed"))


async def many_goals(folder: Path) -> None:
    """A thousand goals of five steps that do nothing, and the memory after them beside that after the first."""
    with opened(folder / "many.db") as store:
        idle = Idle()
        work = Pursuit(store, idle, idle, folder / "reports", TasksSettings(), local_now, Disk())
        wake = asyncio.Event()
        work.came_to_an_end = wake.set
        for number in range(GOALS):
            store.add_goal(number + 1, f"a benchmark {number}", GoalOptions())
        begun, warm = time.perf_counter(), 0.0
        while (left := sum(store.counts().values())) > 0:
            if not warm and left <= GOALS - WARM:
                warm = pss(os.getpid())
            await work.advance()
            await wake.wait()
            wake.clear()
        taken = time.perf_counter() - begun
        tell(f"memory after {GOALS} goals (PSS)", pss(os.getpid()), "MB", warm)
        moves = GOALS * (4 + 2 * STEPS)
        bare = milliseconds(lambda: commits(folder / "bare2.db", moves)) / 1000
        tell(f"{GOALS} goals of {STEPS} steps", taken, "s", bare)


def listing_and_adding(folder: Path, old: int) -> None:
    """The newest goals, and one more, when there are so many old ones, beside the same with none."""
    with opened(folder / f"old-{old}.db") as store, opened(folder / f"new-{old}.db") as new:
        fill(store, old)
        tell(
            f"a page of {old:,} goals",
            median(lambda: store.goals("", 20, 0)),
            "ms",
            median(lambda: page_of_20(new)),
        )
        adding = [median(lambda each=each: each.add_goal(1, "one more", GoalOptions())) for each in (store, new)]
        tell(f"adding to {old:,} goals", adding[0], "ms", adding[1])
        opening = [median(each.open_goals) for each in (store, new)]
        tell(f"open ones of {old:,} goals", opening[0], "ms", opening[1])


def page_of_20(store: Store) -> None:
    """A page of a list that has nothing else."""
    if not store.goals("", 1, 0):
        fill(store, 20)
    store.goals("", 20, 0)


def fill(store: Store, count: int) -> None:
    """Old goals, each with its tasks."""
    with store.writing() as connection:
        goals = "INSERT INTO goals VALUES (?, 'old', ?, '', '', ?, '', '', '', 5, 1, 1, 1, NULL, 0, 0, 0, 1)"
        ended = sorted(ENDED - {CANCELLED})
        connection.executemany(goals, ((n, ended[n % 2], ended[n % 2]) for n in range(1, count + 1)))
        tasks = (
            "INSERT INTO tasks (id, goal_id, position, description, type, status, tool, parameters, error, summary,"
            " findings, priority, depends_on, created, started, finished, attempts)"
            " VALUES (?, ?, ?, 'x', 'custom', 'completed', '', '{}', '', '', '', 5, '[]', 1, 1, 1, 1)"
        )
        rows = ((f"{n}.{step}", n, step) for n in range(1, count + 1) for step in range(1, STEPS + 1))
        connection.executemany(tasks, rows)


def median(work: Callable[[], object]) -> float:
    """How long something takes, milliseconds, median."""
    return statistics.median(milliseconds(work) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
