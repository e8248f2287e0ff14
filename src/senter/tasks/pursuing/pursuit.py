"""The work on goals: which step comes next, and what follows from its end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from senter.database import Disk
from senter.errors import BudgetSpent, ConfigurationError, InvalidState, NoModel, SenterError
from senter.tasks.goal import (
    COMPLETED,
    FAILED,
    GATHERING,
    IN_PROGRESS,
    NEW,
    PLANNING,
    RUNNING,
    WAITING,
    Goal,
    Task,
    hopeless,
    outcome,
    ready,
    verdict,
    what_failed,
    why_hopeless,
)
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.executor import PICKED
from senter.tasks.store import Store
from senter.tasks.telling import letter
from senter.tasks.text.report import answered, file_name, report
from senter.tasks.tools.file_write import write_atomically
from senter.tasks.tools.findings import Findings
from senter.wording import one_line, shortened

LONGEST_ERROR = 500

INTERNAL = "internal error, see the journal: senter logs tasks"

logger = logging.getLogger(__name__)


class Planner(Protocol):
    """Makes plans."""

    async def plan(self, goal: Goal) -> tuple[str, list[Step]]:
        """Who made the plan (``model`` or ``keywords``), and its steps."""


class Executor(Protocol):
    """Carries steps out."""

    async def run(
        self, goal: Goal, task: Task, parameters: dict[str, Any], earlier: Sequence[Findings]
    ) -> Findings:
        """What a step found. Raises NoModel, BudgetSpent when it has to wait, a SenterError when it failed."""


class Pursuit:
    """Works on goals, at most ``slots`` plans and steps at once.

    ``reports`` is the folder of reports; ``now`` is the local time with its zone. ``came_to_an_end`` is called
    after every plan and step, ``model_answered`` when a model did one; ``tell`` says who else wants to know.
    """

    def __init__(
        self,
        store: Store,
        planner: Planner,
        executor: Executor,
        reports: Path,
        slots: int,
        now: Callable[[], datetime],
    ) -> None:
        if slots < 1:
            raise ConfigurationError("[tasks] max_concurrent_tasks must be at least 1")
        self.on_disk = Disk()
        self.goal_changed: Callable[[str, str], object] = lambda *_: None
        self.task_changed: Callable[[str, str, str], object] = lambda *_: None
        self.goal_finished: Callable[[str, str, str], object] = lambda *_: None
        self.came_to_an_end: Callable[[], object] = lambda: None
        self.model_answered: Callable[[], object] = lambda: None
        self._store = store
        self._planner = planner
        self._executor = executor
        self._reports = reports
        self._slots = slots
        self.now = now
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._concluding: set[str] = set()
        self._broken: list[tuple[Goal, Task | None]] = []
        self._unnoted: SenterError | None = None
        self._moved: set[str] = set()
        self._spent: dict[str, date | None] = {}

    @property
    def steps(self) -> int:
        """How many plans and steps are being worked on."""
        return len(self._busy.keys() - self._concluding)

    @property
    def paused(self) -> set[str]:
        """The goals that were told today that their budget is spent; tomorrow, or after a start, it may not be."""
        return {goal_id for goal_id, day in self._spent.items() if day == self.now().date()}

    def tell(
        self,
        goal_changed: Callable[[str, str], object],
        task_changed: Callable[[str, str, str], object],
        goal_finished: Callable[[str, str, str], object],
    ) -> None:
        """Tell of a goal's id and state, a task's id, goal and status, and a goal's id, outcome and report."""
        self.goal_changed, self.task_changed, self.goal_finished = goal_changed, task_changed, goal_finished

    async def take_up(self) -> None:
        """Make what an earlier process, or a failed disk, left in the middle ready again. Raises Unavailable."""
        await self.on_disk(self._store.take_up, set(self._busy))

    async def advance(self) -> None:
        """Start all that can start now, most urgent first, and note the ends of goals.

        When all slots are taken, only goals that a step has just ended of are looked at. Raises Unavailable when
        the disk does not let us.
        """
        if self._unnoted:
            error, self._unnoted = self._unnoted, None
            raise error
        while self._broken:
            await self._give_up(*self._broken[-1])
            self._broken.pop()
        moved, self._moved = self._moved, set()
        full = False
        for goal_id in await self.on_disk(self._store.open_goals):
            full = full or self.steps >= self._slots
            if goal_id in self._busy or (full and goal_id not in moved):
                continue
            goal = await self.on_disk(self._store.goal, goal_id)
            if goal.state == NEW and not full:
                self._begin(goal.id, self._plan(goal), goal, None)
            elif goal.state == RUNNING:
                with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
                    await self._go_on(goal, may_begin=not full)

    def drop(self, names: Sequence[str]) -> None:
        """End the work on goals or tasks that are not wanted any more."""
        for name in names:
            if name in self._busy:
                self._busy[name].cancel()

    async def stop(self) -> None:
        """End all work; it is taken up after the next start."""
        working = list(self._busy.values())
        self.drop(list(self._busy))
        await asyncio.gather(*working, return_exceptions=True)

    def _begin(self, name: str, work: Coroutine[Any, Any, None], goal: Goal, task: Task | None) -> None:
        running = asyncio.create_task(work)
        self._busy[name] = running

        def ended(running: asyncio.Task[None]) -> None:
            del self._busy[name]
            self._concluding.discard(name)
            self._moved.add(goal.id)
            error = None if running.cancelled() else running.exception()
            if isinstance(error, SenterError):
                self._unnoted = error
            elif error:
                logger.error("The work on %s broke down", name, exc_info=error)
                self._broken.append((goal, task))
            self.came_to_an_end()

        running.add_done_callback(ended)

    async def _plan(self, goal: Goal) -> None:
        with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
            await self.on_disk(self._move_goal, goal, PLANNING, (), {"started": self.time()})
            self.goal_changed(goal.id, PLANNING)
            try:
                planner, steps = await self._planner.plan(goal)
            except SenterError as error:
                return await self._finish(goal, [], FAILED, _sentence(error))
            told = letter.plan_created(goal, len(steps))
            tasks = await self.on_disk(self._store.save_plan, goal.id, planner, steps, self.time(), told)
            for task in tasks:
                self.task_changed(task.id, goal.id, task.status)
            self.goal_changed(goal.id, RUNNING)

    async def _go_on(self, goal: Goal, may_begin: bool) -> None:
        tasks = await self.on_disk(self._store.tasks, goal.id)
        for task in hopeless(tasks):
            await self._end(goal, task, FAILED, error=why_hopeless(task, tasks))
        if hopeless(tasks):
            return await self._go_on(goal, may_begin)
        able = [task for task in ready(tasks) if may_begin and task.id not in self._busy]
        for task in able[: self._slots - self.steps]:
            self._begin(task.id, self._work(goal, task, tasks), goal, task)
        state = verdict(tasks)
        if state == WAITING:
            await self._wait(goal, tasks)
        elif state in (COMPLETED, FAILED):
            self._concluding.add(goal.id)
            self._begin(goal.id, self._conclude(goal, tasks, state), goal, None)

    async def _work(self, goal: Goal, task: Task, tasks: Sequence[Task]) -> None:
        parameters = await self.on_disk(self._store.parameters, task.id)
        needed = [other.id for other in tasks if other.id in task.depends_on and other.status == COMPLETED]
        earlier = await self.on_disk(self._store.findings, needed)
        with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
            await self.on_disk(self._store.begin_task, task.id, self.time())
            self.task_changed(task.id, goal.id, IN_PROGRESS)
            try:
                findings = await self._executor.run(goal, task, parameters, earlier)
            except (BudgetSpent, NoModel) as error:
                self._spent[goal.id] = self.now().date() if isinstance(error, BudgetSpent) else None
                await self._end(goal, task, WAITING, error=_sentence(error))
            except SenterError as error:
                await self._end(goal, task, FAILED, error=_sentence(error))
            else:
                await self._end(goal, task, COMPLETED, findings=findings)

    async def _end(
        self, goal: Goal, task: Task, status: str, error: str = "", findings: Findings | None = None
    ) -> None:
        letters = []
        summary = shortened(one_line(findings.text)) if findings else ""
        if status == COMPLETED:
            letters.append(letter.task_completed(goal, task))
        elif status == FAILED:
            letters.append(letter.task_failed(goal, task, error))
        values = (task.id, status, self.time(), error, findings, summary, letters)
        await self.on_disk(self._store.move_task, *values)
        self.task_changed(task.id, goal.id, status)
        if findings and findings.thinking not in ("", PICKED):
            self._spent.pop(goal.id, None)
            self.model_answered()

    async def _wait(self, goal: Goal, tasks: Sequence[Task]) -> None:
        error = next(task.error for task in tasks if task.status == WAITING)
        await self.on_disk(self._move_goal, goal, WAITING, [letter.goal_waits(goal, error)], {"error": error})
        self.goal_changed(goal.id, WAITING)

    async def _conclude(self, goal: Goal, tasks: Sequence[Task], state: str) -> None:
        with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
            await self._finish(goal, tasks, state, what_failed(tasks) if tasks else INTERNAL)

    async def _finish(self, goal: Goal, tasks: Sequence[Task], state: str, error: str) -> None:
        """Write the report, then note the end. A report that was written before is written again, the same file."""
        path = ""
        found = await self._findings(tasks)
        if state == COMPLETED:
            try:
                path = await self._write_report(goal, tasks, found)
            except OSError as failure:
                state, error = FAILED, f"the report could not be written: {failure.strerror}"
        how = outcome(state, tasks)
        if state == COMPLETED and not answered(tasks, found):
            letters = letter.goal_unanswered(goal, path)
        else:
            researched = any(task.type == GATHERING and task.status == COMPLETED for task in tasks)
            letters = letter.goal_finished(goal, state, error, path, researched)
        values = {"outcome": how, "error": error, "report": path, "finished": self.time()}
        await self.on_disk(self._move_goal, goal, state, letters, values)
        self.goal_changed(goal.id, state)
        self.goal_finished(goal.id, how, path)

    async def _findings(self, tasks: Sequence[Task]) -> dict[str, Findings]:
        done = [task.id for task in tasks if task.status == COMPLETED]
        return dict(zip(done, await self.on_disk(self._store.findings, done), strict=True))

    async def _write_report(self, goal: Goal, tasks: Sequence[Task], found: dict[str, Findings]) -> str:
        begun = datetime.fromtimestamp(goal.created / 1_000_000, self.now().tzinfo)
        file = self._reports / file_name(goal, begun)
        text = await self.on_disk(report, goal, tasks, found, self.now())
        await self.on_disk(write_atomically, file, text.encode(errors="replace"))
        return str(file)

    async def _give_up(self, goal: Goal, task: Task | None) -> None:
        """Fail what broke down in a way that nobody expected."""
        with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
            if task:
                await self._end(goal, task, FAILED, error=INTERNAL)
            else:
                await self._finish(goal, [], FAILED, INTERNAL)

    def _move_goal(self, goal: Goal, state: str, letters: Sequence[letter.Letter], values: dict[str, Any]) -> Goal:
        return self._store.move_goal(goal.id, state, letters, **values)

    def time(self) -> int:
        """Now, in microseconds since the epoch."""
        return int(self.now().timestamp() * 1_000_000)


def _sentence(error: SenterError) -> str:
    return shortened(one_line(str(error)), LONGEST_ERROR)
