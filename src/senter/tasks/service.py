"""What the tasks do: they take goals, pursue them, and tell the reporter.

The database says what is to be done, not the memory of this process: whatever ends it, the next one goes on from
there. Every move is on disk before anything follows from it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from senter.bus.signatures import Check
from senter.errors import InvalidState, SenterError, Unavailable
from senter.tasks.goal import (
    CANCELLED,
    NEW,
    PENDING,
    RUNNING,
    WAITING,
    Goal,
    GoalOptions,
    Task,
    check_goal,
    check_state,
)
from senter.tasks.planning.plan import check_named
from senter.tasks.pursuing.pursuit import Pursuit
from senter.tasks.store import Store
from senter.tasks.telling.letter import goal_cancelled, goals_damaged
from senter.tasks.telling.telling import Telling

USUAL_PAGE, LONGEST_PAGE = 100, 1000
PAUSE_SECONDS = 15.0
"""Before what the disk refused is tried again."""
SHORTEST_BACK_OFF, LONGEST_BACK_OFF = 5.0, 300.0
"""Seconds between two looks for a language model."""

logger = logging.getLogger(__name__)


class TasksService:
    """The tasks without bus and clock of their own.

    ``permission`` returns when work may begin without being asked for; ``has_model`` says whether there is a
    language model now.
    """

    def __init__(
        self,
        store: Store,
        pursuit: Pursuit,
        telling: Telling,
        has_model: Callable[[], Awaitable[bool]],
        permission: Callable[[], Awaitable[None]],
    ) -> None:
        self._store = store
        self._pursuit = pursuit
        self._telling = telling
        self._has_model = has_model
        self._permission = permission
        self._on_disk = pursuit.on_disk
        self._wake, self._missed = asyncio.Event(), asyncio.Event()
        pursuit.came_to_an_end, pursuit.model_answered = self._wake.set, self._model_answered
        self._loops: list[asyncio.Task[None]] = []
        self._counts: dict[str, int] = {}
        self._counting = asyncio.Lock()
        self._permitted = False
        self._trouble = ""
        self._back_off = SHORTEST_BACK_OFF
        self.status_changed: Callable[[], object] = lambda: None

    async def start(self) -> None:
        """Open the database; the work begins when it is permitted. Raises Unavailable."""
        kept_before = await asyncio.to_thread(self._store.damaged)
        await self._on_disk(self._store.open)
        for file in await asyncio.to_thread(self._store.damaged):
            if file not in kept_before:
                text = f"The list of goals was damaged. It is kept as {file}; a new one has begun."
                await self._on_disk(self._store.add_letter, goals_damaged(text))
        self._counts = await self._on_disk(self._store.counts)
        loops = (self._live, self._telling.deliver, self._telling.keep_informed, self._look_for_models)
        self._loops = [asyncio.create_task(loop()) for loop in loops]
        for loop in self._loops:
            loop.add_done_callback(_log_break_down)

    async def stop(self) -> None:
        """End all work, which goes on after the next start, and close the database."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._pursuit.stop()
        await self._telling.finish()
        await self._on_disk(self._store.close)

    def is_healthy(self) -> bool:
        """Whether the disk answers and the work goes on."""
        return self._on_disk.answers() and not any(loop.done() for loop in self._loops)

    def is_busy(self) -> bool:
        """Whether there is work to do, and this is the time for it."""
        return self._permitted and bool(sum(self._counts.values()) or self._telling.has_letters)

    def status(self) -> str:
        """``2 goals open, working on 3 steps``."""
        if self._trouble:
            return f"cannot go on: {self._trouble}"
        goals = sum(self._counts.values())
        if not goals:
            return "no goals open"
        told = f"{goals} {'goal' if goals == 1 else 'goals'} open"
        if not self._permitted:
            return f"{told}; work begins with: senter start"
        if steps := self._pursuit.steps:
            return f"{told}, working on {steps} {'step' if steps == 1 else 'steps'}"
        return f"{told}, waiting" if self._counts.get(WAITING) else told

    async def add_goal(self, description: str, options: GoalOptions, source: str) -> str:
        """Take a goal on and return its id. Raises InvalidArgument, Unavailable when it was not written down."""
        text = check_goal(description, options)
        check_named(text)
        options = replace(options, origin=options.origin or source)
        goal_id, is_new = await self._on_disk(self._store.add_goal, self._pursuit.time(), text, options)
        if is_new:
            self._pursuit.goal_changed(goal_id, NEW)
        await self._go_on()
        return goal_id

    async def cancel_goal(self, goal_id: str) -> None:
        """Stop working on a goal. Raises NoSuchGoal, InvalidState when it has ended."""
        goal = await self._on_disk(self._store.goal, goal_id)
        dropped = await self._on_disk(self._store.cancel_goal, goal_id, self._pursuit.time(), goal_cancelled(goal))
        self._pursuit.drop([goal_id, *(task.id for task in dropped)])
        for task in dropped:
            self._pursuit.task_changed(task.id, goal_id, CANCELLED)
        self._pursuit.goal_changed(goal_id, CANCELLED)
        self._pursuit.goal_finished(goal_id, CANCELLED, "")
        # also before work is permitted: otherwise digests tell that it waits and comes next
        self._telling.look()
        await self._go_on()

    async def retry_goal(self, goal_id: str) -> None:
        """Take a goal up again. Raises NoSuchGoal, InvalidState when it has not failed and was not cancelled."""
        for task in await self._on_disk(self._store.retry_goal, goal_id, self._pursuit.time()):
            self._pursuit.task_changed(task.id, goal_id, PENDING)
        goal = await self._on_disk(self._store.goal, goal_id)
        self._pursuit.goal_changed(goal_id, goal.state)
        await self._go_on()

    async def goal(self, goal_id: str) -> Goal:
        """One goal. Raises NoSuchGoal."""
        return await self._on_disk(self._store.goal, goal_id)

    async def goals(self, state: str, limit: int, offset: int) -> list[Goal]:
        """Goals in a state (empty: all), newest first; at most 1,000, 100 for a limit of 0."""
        check_state(state)
        return await self._on_disk(self._store.goals, state, min(limit or USUAL_PAGE, LONGEST_PAGE), offset)

    async def plan(self, goal_id: str) -> list[Task]:
        """The tasks of a goal. Raises NoSuchGoal."""
        return await self._on_disk(self._store.tasks, goal_id)

    async def result(self, goal_id: str) -> str:
        """The path of a goal's report. Raises NoSuchGoal, InvalidState when it has none."""
        goal = await self._on_disk(self._store.goal, goal_id)
        if not goal.report:
            raise InvalidState(f"goal {goal_id} has no report; it is {goal.state}")
        return goal.report

    async def check(self) -> list[Check]:
        """Whether the database is sound and the work goes on."""
        set_aside = await asyncio.to_thread(self._store.damaged)
        waiting: list[Goal] = []
        try:
            damage = await self._on_disk(self._store.check)
            waiting = await self._on_disk(self._store.goals, WAITING, LONGEST_PAGE, 0)
        except SenterError as error:
            damage = str(error)
        damage = damage or self._trouble
        checks = [Check("goals", "fail" if damage else "ok", damage)]
        checks += [Check("damaged list of goals", "warn", f"look into {file}, or delete it") for file in set_aside]
        paused = sum(goal.id in self._pursuit.paused for goal in waiting)
        if without_model := len(waiting) - paused:
            checks.append(Check("goals that wait", "warn", f"{without_model} need a language model: senter setup"))
        if paused:
            way = "wait until tomorrow, or raise [budget] in config.toml, then: senter restart"
            checks.append(Check("goals that pause", "warn", f"{paused} have no budget left: {way}"))
        return checks

    async def _live(self) -> None:
        """Work until this is cancelled; what the disk refuses is tried again after a pause."""
        while True:
            try:
                await self._permission()
                self._permitted = True
                await self._pursuit.take_up()
                await self._pursue()
            except SenterError as error:
                logger.warning("The work on goals pauses: %s", error)
                self._trouble = str(error)
                self.status_changed()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _pursue(self) -> None:
        while True:
            self._wake.clear()
            await self._pursuit.advance()
            self._trouble = ""
            await self._count()
            self._telling.look()
            if self._counts.get(WAITING):
                self._missed.set()
            await self._wake.wait()

    async def _go_on(self) -> None:
        """Count the goals and let the work go on. What was done before stays done when the disk fails here."""
        self._wake.set()
        try:
            await self._count()
        except Unavailable as error:
            logger.warning("The goals could not be counted: %s", error)

    async def _count(self) -> None:
        """Count the goals, one count after the other, so that the last one holds."""
        async with self._counting:
            self._counts = await self._on_disk(self._store.counts)
        self.status_changed()

    async def _look_for_models(self) -> None:
        """While goals wait for a language model, look for one, after a longer while each time."""
        while True:
            await self._missed.wait()
            self._missed.clear()
            await self._let_go_on()
            # also when there is one: it may be there and of no use
            await asyncio.sleep(self._back_off)
            self._back_off = min(2 * self._back_off, LONGEST_BACK_OFF)
            if self._counts.get(WAITING):
                self._missed.set()

    def _model_answered(self) -> None:
        self._back_off = SHORTEST_BACK_OFF

    async def _let_go_on(self) -> None:
        """Let all go on that waits for a model, if there is one that may be asked."""
        try:
            if not await self._has_model():
                return
            for task in await self._on_disk(self._store.release_waiting, self._pursuit.paused):
                self._pursuit.task_changed(task.id, task.goal_id, PENDING)
                self._pursuit.goal_changed(task.goal_id, RUNNING)
        except SenterError as error:
            logger.info("Goals still wait for a language model: %s", error)
        else:
            await self._go_on()


def _log_break_down(loop: asyncio.Task[None]) -> None:
    if not loop.cancelled() and (error := loop.exception()):
        logger.error("The work on goals broke down", exc_info=error)
