"""The work on goals: which step comes next, and what follows from its end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from senter.database import Disk
from senter.errors import InvalidState, SenterError
from senter.settings import TasksSettings
from senter.tasks.approvals.questions import Questions
from senter.tasks.goal import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    NEW,
    RUNNING,
    WAITING,
    Goal,
    Task,
    hopeless,
    ready,
    verdict,
    what_failed,
    why_hopeless,
)
from senter.tasks.pursuing.attempts import Attempts
from senter.tasks.pursuing.bounds import exceeded
from senter.tasks.pursuing.ending import Ending
from senter.tasks.pursuing.news import News
from senter.tasks.pursuing.pause import Pause
from senter.tasks.pursuing.plans import Planner, Plans
from senter.tasks.pursuing.steps import Executor, Steps
from senter.tasks.store import Store
from senter.tasks.telling import letter
from senter.wording import one_line, shortened

LONGEST_ERROR = 500
LONGEST_SLEEP = 60.0
"""Seconds after which the clock on the wall is looked at again while something waits for its time."""

INTERNAL = "internal error, see the journal: senter logs tasks"

logger = logging.getLogger(__name__)


class Pursuit:
    """Works on goals, at most ``max_concurrent_tasks`` plans and steps at once.

    ``reports`` is the folder of reports; ``now`` is the local time with its zone. ``came_to_an_end`` is called
    after every plan and step; ``news`` says who else wants to know.
    """

    def __init__(
        self,
        store: Store,
        planner: Planner,
        executor: Executor,
        reports: Path,
        settings: TasksSettings,
        now: Callable[[], datetime],
        on_disk: Disk,
    ) -> None:
        self.now = now
        self.on_disk = on_disk
        self.news = News()
        self.came_to_an_end: Callable[[], object] = lambda: None
        self.attempts, self.questions, self.pause = Attempts(store), Questions(store), Pause(store)
        self.ending = Ending(store, reports, self.news, on_disk, now)
        self._store = store
        self._settings = settings
        self._executor = executor
        self._plans = Plans(store, planner, self.news, on_disk)
        self._steps = Steps(store, self.attempts, self.questions, executor, self.news, on_disk, now)
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._concluding: set[str] = set()
        self._broken: list[tuple[Goal, Task | None]] = []
        self._unnoted: SenterError | None = None
        self._moved: set[str] = set()

    @property
    def steps(self) -> int:
        """How many plans and steps are being worked on."""
        return len(self._busy.keys() - self._concluding)

    @property
    def out_of_budget(self) -> set[str]:
        """The goals that were told today that their budget is spent; tomorrow, or after a start, it may not be."""
        today = self.now().date()
        return {goal_id for goal_id, day in self._steps.out_of_budget.items() if day == today}

    async def take_up(self) -> None:
        """Make what an earlier process, a pause or a failed disk left in the middle ready. Raises Unavailable."""
        taken = (set(self._busy), self._executor.is_repeatable, self.time())
        left, asked = await self.on_disk(self.attempts.take_up, *taken)
        for task in left:
            self.news.task_changed(task.id, task.goal_id, (await self.on_disk(self._store.task, task.id)).status)
        for question in asked:
            self.news.approval_requested(question.task_id, question.question)

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
        for task in await self.on_disk(self.questions.expire, self.time()):
            self.news.task_changed(task.id, task.goal_id, FAILED)
        for goal in await self.on_disk(self._store.overdue, self.time()):
            with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
                await self._stop(goal)
        moved, self._moved = self._moved, set()
        full = False
        for goal_id in await self.on_disk(self._store.open_goals):
            full = full or self.steps >= self._settings.max_concurrent_tasks
            if goal_id in self._busy or (full and goal_id not in moved):
                continue
            goal = await self.on_disk(self._store.goal, goal_id)
            with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
                if goal.state == NEW and not full:
                    self._begin(goal.id, self._plan(goal), goal, None)
                elif goal.state == RUNNING:
                    await self._go_on(goal, may_begin=not full)

    async def until_next(self) -> float | None:
        """Seconds until something has to be looked at that nobody tells of; None for never. Raises Unavailable."""
        now = self.time()
        moment = await self.on_disk(self._store.next_moment, now)
        return min(max(0.0, (moment - now) / 1_000_000), LONGEST_SLEEP) if moment else None

    def drop(self, names: Sequence[str]) -> None:
        """End the work on goals or tasks that are not wanted any more."""
        for name in names:
            if name in self._busy:
                self._busy[name].cancel()

    async def stop(self) -> None:
        """End all work; it is taken up after the next start, or by ``take_up``."""
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
            if isinstance(error, InvalidState):
                logger.debug("%s was cancelled meanwhile: %s", name, error)
            elif isinstance(error, SenterError):
                self._unnoted = error
            elif error:
                logger.error("The work on %s broke down", name, exc_info=error)
                self._broken.append((goal, task))
            self.came_to_an_end()

        running.add_done_callback(ended)

    async def _plan(self, goal: Goal) -> None:
        if reason := await self._plans.make(goal, self.time()):
            await self.ending.end(goal, [], FAILED, shortened(one_line(reason), LONGEST_ERROR))

    async def _go_on(self, goal: Goal, may_begin: bool) -> None:
        tasks = await self.on_disk(self._store.tasks, goal.id)
        if hopeless(tasks):
            return await self._replan_or_fail(goal, tasks)
        able = [task for task in ready(tasks, self.time()) if may_begin and task.id not in self._busy]
        if able and await self._excess(goal):
            return await self._stop(goal)
        for task in able[: self._settings.max_concurrent_tasks - self.steps]:
            self._begin(task.id, self._steps.do(goal, task, tasks), goal, task)
        state = verdict(tasks)
        if state == WAITING:
            await self._wait(goal, tasks)
        elif state == CANCELLED:
            await self.ending.cancel(goal)
        elif state in (COMPLETED, FAILED):
            self._concluding.add(goal.id)
            self._begin(goal.id, self._conclude(goal, tasks, state), goal, None)

    async def _replan_or_fail(self, goal: Goal, tasks: Sequence[Task]) -> None:
        """Let a new plan replace what cannot be done, once, when nothing else is going on; else let that fail."""
        if await self._may_replan(goal):
            if not any(task.status == IN_PROGRESS for task in tasks):
                self._begin(goal.id, self._plans.change(goal, tasks, self.time()), goal, None)
            return
        for task in hopeless(tasks):
            await self._steps.fail(goal, task, why_hopeless(task, tasks))
        self._moved.add(goal.id)
        self.came_to_an_end()

    async def _may_replan(self, goal: Goal) -> bool:
        """Whether a model may change its plan: once, and not after the user has denied a part of it."""
        if goal.planner != "model" or await self.on_disk(self._store.was_replanned, goal.id):
            return False
        return not await self.on_disk(self.questions.was_denied, goal.id)

    async def _excess(self, goal: Goal) -> str:
        """Why a goal is given up, or nothing."""
        spent = await self.on_disk(self.attempts.spent, goal)
        return exceeded(goal, spent, self._settings, self.time())

    async def _stop(self, goal: Goal) -> None:
        """Give a goal up that has taken too much. It is told once."""
        tasks = await self.on_disk(self._store.tasks, goal.id)
        left = await self.ending.end(goal, tasks, FAILED, f"stopped: {await self._excess(goal)}")
        self.drop([goal.id, *(task.id for task in left)])

    async def _wait(self, goal: Goal, tasks: Sequence[Task]) -> None:
        error = next(task.error for task in tasks if task.status == WAITING)
        if await self.on_disk(self._store.let_wait, goal.id, letter.goal_waits(goal, error), error):
            self.news.goal_changed(goal.id, WAITING)
        else:
            self.came_to_an_end()

    async def _conclude(self, goal: Goal, tasks: Sequence[Task], state: str) -> None:
        await self.ending.end(goal, tasks, state, what_failed(tasks) if tasks else INTERNAL)

    async def _give_up(self, goal: Goal, task: Task | None) -> None:
        """Fail what broke down in a way that nobody expected."""
        with contextlib.suppress(InvalidState):  # it was cancelled meanwhile
            if task:
                await self._steps.fail(goal, task, INTERNAL)
            else:
                await self.ending.end(goal, [], FAILED, INTERNAL)

    def time(self) -> int:
        """Now, in microseconds since the epoch."""
        return int(self.now().timestamp() * 1_000_000)
