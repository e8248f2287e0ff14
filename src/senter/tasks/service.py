"""What the tasks do: they take goals, pursue them, and tell the reporter.

The database says what is to be done, not the memory of this process: whatever ends it, the next one goes on from
there. Every move is on disk before anything follows from it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from senter.bus.signatures import Check
from senter.errors import InvalidArgument, InvalidState, SenterError, Unavailable
from senter.tasks.approvals.approval import Approval
from senter.tasks.condition import checks, reading, status, told
from senter.tasks.goal import (
    ENDED,
    FAILED,
    NEW,
    PENDING,
    WAITING,
    Goal,
    GoalOptions,
    Task,
    check_goal,
    check_state,
)
from senter.tasks.planning.plan import check_named
from senter.tasks.pursuing.missing import MissingModel
from senter.tasks.pursuing.pursuit import Pursuit
from senter.tasks.reader import lockdown
from senter.tasks.store import Store
from senter.tasks.telling.letter import goals_damaged
from senter.tasks.telling.telling import Telling
from senter.tasks.tools.network_log import Request
from senter.wording import LONGEST_TEXT, printable

USUAL_PAGE, LONGEST_PAGE = 100, 1000
PAUSE_SECONDS = 15.0
"""Before what the disk refused is tried again."""

logger = logging.getLogger(__name__)


class Awake(Protocol):
    """Keeps the machine awake while there is work."""

    async def start(self) -> None:
        """Begin to do so."""

    async def stop(self) -> None:
        """Let the machine sleep."""

    def working(self, is_working: bool) -> None:
        """Whether there is work now."""


class TasksService:
    """The tasks without bus and clock of their own.

    ``permission`` returns when work may begin without being asked for; ``has_model`` tells of a language model.
    """

    def __init__(
        self,
        store: Store,
        pursuit: Pursuit,
        telling: Telling,
        has_model: Callable[[], Awaitable[bool]],
        permission: Callable[[], Awaitable[None]],
        awake: Awake,
    ) -> None:
        self._store = store
        self._pursuit = pursuit
        self._telling = telling
        self._permission = permission
        self._awake = awake
        self._on_disk = pursuit.on_disk
        self._wake = asyncio.Event()
        self._news = pursuit.news
        pursuit.came_to_an_end = self._wake.set
        self._missing = MissingModel(store, pursuit, has_model, self._go_on)
        self._loops: list[asyncio.Task[None]] = []
        self._counts: dict[str, int] = {}
        self._counting, self._advancing = asyncio.Lock(), asyncio.Lock()
        self._permitted = self._paused = False
        self._trouble = ""
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
        self._paused = bool(await self._on_disk(self._pursuit.pause.since))
        await self._awake.start()
        for loop in (self._live, *self._telling.loops, self._missing.look):
            self._loops.append(asyncio.create_task(loop()))
            self._loops[-1].add_done_callback(_log_break_down)

    async def stop(self) -> None:
        """End all work, which goes on after the next start, and close the database."""
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await self._pursuit.stop()
        await self._awake.stop()
        await self._telling.finish()
        await self._on_disk(self._store.close)

    def is_healthy(self) -> bool:
        """Whether the disk answers and the work goes on."""
        return self._on_disk.answers() and not any(loop.done() for loop in self._loops)

    def is_busy(self) -> bool:
        """Whether there is work to do, and this is the time for it."""
        return self._permitted and bool((self._counts and not self._paused) or self._telling.has_letters)

    def status(self) -> str:
        """``2 goals open, working on 3 steps``."""
        if self._trouble:
            return f"cannot go on: {self._trouble}"
        return status(self._counts, self._permitted, self._paused, self._pursuit.steps)

    async def add_goal(self, description: str, options: GoalOptions, source: str) -> str:
        """Take a goal on and return its id. Raises InvalidArgument, Unavailable when it was not written down."""
        text = check_goal(description, options, self._pursuit.time())
        check_named(text)
        options = replace(options, origin=options.origin or source)
        goal_id, is_new = await self._on_disk(self._store.add_goal, self._pursuit.time(), text, options)
        if is_new:
            self._news.goal_changed(goal_id, NEW)
        await self._go_on()
        return goal_id

    async def cancel_goal(self, goal_id: str) -> None:
        """Stop working on a goal. Raises NoSuchGoal, InvalidState when it has ended."""
        goal = await self._on_disk(self._store.goal, goal_id)
        if goal.state in ENDED:
            raise InvalidState(f"goal {goal_id} has ended: it is {goal.state}")
        dropped = await self._pursuit.ending.cancel(goal)
        self._pursuit.drop([goal_id, *(task.id for task in dropped)])
        # also before work is permitted: otherwise digests tell that it waits and comes next
        self._telling.look()
        await self._go_on()

    async def retry_goal(self, goal_id: str) -> None:
        """Take a goal up again. Raises NoSuchGoal, InvalidState when it has not failed and was not cancelled."""
        for task in await self._on_disk(self._store.retry_goal, goal_id, self._pursuit.time()):
            self._news.task_changed(task.id, goal_id, PENDING)
        goal = await self._on_disk(self._store.goal, goal_id)
        self._news.goal_changed(goal_id, goal.state)
        await self._go_on()

    async def goal(self, goal_id: str) -> Goal:
        """One goal. Raises NoSuchGoal."""
        return told(await self._on_disk(self._store.goal, goal_id), self._paused)

    async def goals(self, state: str, limit: int, offset: int) -> list[Goal]:
        """Goals in a state (empty: all), newest first; at most 1,000, 100 for a limit of 0."""
        check_state(state)
        found = await self._on_disk(self._store.goals, state, min(limit or USUAL_PAGE, LONGEST_PAGE), offset)
        return [told(goal, self._paused) for goal in found]

    async def plan(self, goal_id: str) -> list[Task]:
        """The tasks of a goal. Raises NoSuchGoal."""
        return await self._on_disk(self._store.tasks, goal_id)

    async def result(self, goal_id: str) -> str:
        """The path of a goal's report. Raises NoSuchGoal, InvalidState when it has none."""
        goal = await self._on_disk(self._store.goal, goal_id)
        if not goal.report:
            raise InvalidState(f"goal {goal_id} has no report; it is {goal.state}")
        return goal.report

    async def approve(self, task_id: str) -> None:
        """Let a task do what it has asked for. Raises NoSuchTask, InvalidState when it has asked for nothing."""
        tasks = await self._on_disk(self._pursuit.questions.approve, task_id, self._pursuit.time())
        await self._answered(tasks, PENDING)

    async def deny(self, task_id: str) -> None:
        """Let a task fail that may not do what it has asked for. Raises NoSuchTask, InvalidState."""
        tasks = await self._on_disk(self._pursuit.questions.deny, task_id, self._pursuit.time())
        await self._answered(tasks, FAILED)

    async def pending_approvals(self) -> list[Approval]:
        """The questions that nobody has answered, the oldest first."""
        return await self._on_disk(self._pursuit.questions.open, self._pursuit.time())

    async def update_task(self, task_id: str, status: str, result: str) -> None:
        """Note what became of a task elsewhere: completed (with its result), failed (why) or cancelled.

        Raises NoSuchTask, InvalidArgument for another status, InvalidState when it has ended.
        """
        if status not in ENDED:
            raise InvalidArgument(f"status must be completed, failed or cancelled, not {status!r:.80}")
        text = printable(result, LONGEST_TEXT)
        task = await self._on_disk(
            self._pursuit.attempts.note_from_outside, task_id, status, text, self._pursuit.time()
        )
        self._pursuit.drop([task_id])
        await self._answered([task], status)

    async def pause(self) -> None:
        """Stop all work on goals at once, until ``resume``, also after a restart."""
        await self._on_disk(self._pursuit.pause.begin, self._pursuit.time())
        self._paused = True
        async with self._advancing:
            await self._pursuit.stop()
            await self._pursuit.take_up()
        await self._go_on()

    async def resume(self) -> None:
        """Work on goals again."""
        await self._on_disk(self._pursuit.pause.end)
        async with self._advancing:
            await self._pursuit.take_up()
        self._paused = False
        await self._go_on()

    async def requests(self, goal_id: str, limit: int, offset: int) -> list[Request]:
        """What a goal has asked of the network, in order; at most 1,000. Raises NoSuchGoal."""
        return await self._on_disk(self._pursuit.attempts.requests, goal_id, limit, offset)

    async def check(self) -> list[Check]:
        """Whether the database is sound and the work goes on."""
        set_aside = await asyncio.to_thread(self._store.damaged)
        waiting, asked = list[Goal](), list[Approval]()
        try:
            trouble = await self._on_disk(self._store.check) or self._trouble
            waiting = await self._on_disk(self._store.goals, WAITING, LONGEST_PAGE, 0)
            asked = await self.pending_approvals()
        except SenterError as error:
            trouble = str(error)
        known = (trouble, set_aside, self._paused, asked, waiting, self._pursuit.out_of_budget)
        return [*checks(*known), reading(await asyncio.to_thread(lockdown.check))]

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
            async with self._advancing:
                if not self._paused:
                    await self._pursuit.advance()
            self._trouble = ""
            await self._count()
            self._telling.look()
            if self._counts.get(WAITING):
                self._missing.is_missed()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._paused else await self._pursuit.until_next()):
                    await self._wake.wait()

    async def _answered(self, tasks: Sequence[Task], status: str) -> None:
        """Tell that tasks go on, or do not, and let the work go on."""
        for task in tasks:
            self._news.task_changed(task.id, task.goal_id, status)
            goal = await self._on_disk(self._store.goal, task.goal_id)
            self._news.goal_changed(goal.id, goal.state)
        self._telling.look()
        await self._go_on()

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
        self._awake.working(bool(self._permitted and not self._paused and self._counts.keys() - {WAITING}))
        self.status_changed()


def _log_break_down(loop: asyncio.Task[None]) -> None:
    if not loop.cancelled() and (error := loop.exception()):
        logger.error("The work on goals broke down", exc_info=error)
