"""Goals as they change. No polling: they are read again when the tasks say that something has changed."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field, replace

from senter.bus.connection import Connection
from senter.bus.names import TASKS
from senter.bus.systemd import Manager
from senter.cli.goal_words import NO_QUESTIONS, Questions
from senter.errors import Unavailable
from senter.tasks.client import TasksClient
from senter.tasks.goal import ENDED, NEW, PLANNING, RUNNING, WAITING, Goal, Task

PAGE = 500
PATIENCE = 10
"""How often in a row the tasks may die while they are asked."""

_UNFINISHED = (NEW, PLANNING, RUNNING, WAITING)


@dataclass(frozen=True)
class Pursuit:
    """A goal and the steps of its plan, as they were at one moment."""

    goal: Goal
    tasks: tuple[Task, ...] = ()
    questions: Questions = field(default_factory=dict)
    """What waits for an answer; also of other goals."""


async def newest_goals(tasks: TasksClient, state: str, limit: int) -> list[Goal]:
    """The newest goals in a state (empty: all), newest first; one that is added meanwhile is not told twice."""
    found: dict[str, Goal] = {}
    offset = 0
    while len(found) < limit and (page := await tasks.goals(state, min(PAGE, limit - len(found)), offset)):
        found.update((goal.id, goal) for goal in page)
        offset += len(page)
    return list(found.values())


async def questions_of(tasks: TasksClient, steps: Iterable[Task]) -> Questions:
    """What these steps wait for an answer to; steps of a goal that ask the same share one question."""
    waiting = [step for step in steps if step.status == WAITING]
    asked = await tasks.pending_approvals() if waiting else []
    return {
        step.id: approval
        for step in waiting
        for approval in asked
        if step.id == approval.task_id or (step.goal_id == approval.goal_id and step.error == approval.waiting)
    }


class Follower:
    """Follows one goal until it has ended, or without an id all goals that have not ended."""

    def __init__(self, connection: Connection, goal_id: str = "") -> None:
        self._connection = connection
        self._tasks = TasksClient(connection)
        self._goal_id = goal_id
        self._pursuits: dict[str, Pursuit] = {}
        self._questions = NO_QUESTIONS
        self._stale = {goal_id} if goal_id else set()
        self._list_is_stale = not goal_id
        self._changed = asyncio.Event()
        self._owner: str | None = None
        """Who serves the tasks, when that has changed since it was looked at."""

    async def changes(self) -> AsyncGenerator[list[Pursuit], None]:
        """The goals as they are, oldest first, and again after every change; changes in a row come at once.

        A goal that has ended is among them once. When the tasks die, this goes on as soon as they are back.
        Raises NoSuchGoal, and Unavailable when the tasks have failed for good.
        """
        await self._connection.watch_name(TASKS.bus_name, self._moved)
        async with self._tasks.following(
            lambda goal_id, _state: self._touch([goal_id]),
            lambda _task_id, goal_id, _status: self._touch([goal_id]),
        ):
            while True:
                await self._read_patiently()
                asking = [replace(pursuit, questions=self._questions) for pursuit in self._pursuits.values()]
                yield sorted(asking, key=_age)
                for key in [key for key, pursuit in self._pursuits.items() if pursuit.goal.state in ENDED]:
                    del self._pursuits[key]
                if self._goal_id and not self._pursuits:
                    return
                await self._wait()

    def _touch(self, goal_ids: Iterable[str]) -> None:
        self._stale.update(key for key in goal_ids if self._goal_id in ("", key))
        if self._stale:
            self._changed.set()

    def _moved(self, owner: str) -> None:
        self._owner = owner
        self._changed.set()

    async def _wait(self) -> None:
        """Wait until there is something to read."""
        while not (self._stale or self._list_is_stale):
            await self._changed.wait()
            self._changed.clear()
            if self._owner is not None and await self._can_be_asked(self._owner):
                self._stale.update(self._pursuits)
                self._list_is_stale = not self._goal_id
            self._owner = None

    async def _can_be_asked(self, owner: str) -> bool:
        """Whether to read all again now that somebody else, or nobody, serves the tasks.

        Asking starts them. Where there is a systemd that is its business: it starts again what has crashed, and
        what it was told to stop is to stay so. Elsewhere somebody has to, if there is work to be done.
        """
        at_work = any(pursuit.goal.state != WAITING for pursuit in self._pursuits.values())
        return bool(owner) or (at_work and not await Manager(self._connection).present())

    async def _read_patiently(self) -> None:
        for _ in range(PATIENCE):
            self._owner = None
            try:
                return await self._read()
            except Unavailable:
                if self._owner is None:
                    raise
                await self._wait_served()
        raise Unavailable("the tasks leave whenever they are asked; see: senter logs tasks")

    async def _wait_served(self) -> None:
        """After the tasks have died while they were asked: wait for the next ones, if anybody will start them."""
        if await Manager(self._connection).present():
            await self._connection.wait_owned(TASKS.bus_name)

    async def _read(self) -> None:
        """Read what has changed: first the goal, then its plan, so that the plan of an ended goal is the last."""
        if self._list_is_stale:
            for state in _UNFINISHED:
                self._stale.update([goal.id for goal in await newest_goals(self._tasks, state, 1_000_000)])
            self._list_is_stale = False
        while self._stale:
            key = self._stale.pop()
            try:
                goal = await self._tasks.goal(key)
                self._pursuits[key] = Pursuit(goal, tuple(await self._tasks.plan(key)))
            except Unavailable:
                self._stale.add(key)
                raise
        steps = [step for pursuit in self._pursuits.values() for step in pursuit.tasks]
        self._questions = await questions_of(self._tasks, steps)


def _age(pursuit: Pursuit) -> tuple[int, int, str]:
    return pursuit.goal.created, len(pursuit.goal.id), pursuit.goal.id
