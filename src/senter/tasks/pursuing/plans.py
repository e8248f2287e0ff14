"""Makes the plan of a goal, and once another one when a step failed that others need."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from senter.database import Disk
from senter.errors import SenterError
from senter.tasks.goal import PLANNING, RUNNING, Goal, Task, lost
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.news import News
from senter.tasks.store import Store
from senter.tasks.telling import letter

logger = logging.getLogger(__name__)


class Planner(Protocol):
    """Makes plans."""

    async def plan(self, goal: Goal) -> tuple[str, list[Step]]:
        """Who made the plan (``model`` or ``keywords``), and its steps. Raises a SenterError when there is none."""

    async def replan(
        self, goal: Goal, tasks: Sequence[Task], parameters: Mapping[str, Mapping[str, Any]]
    ) -> list[Step] | None:
        """Steps in the place of those that failed, numbered on from ``tasks``; None when there is no other plan.

        ``parameters`` is what the tool of each task was told, by the task's id.
        """


class Plans:
    """Plans, on disk before anything of them is begun."""

    def __init__(self, store: Store, planner: Planner, news: News, on_disk: Disk) -> None:
        self._store = store
        self._planner = planner
        self._news = news
        self._on_disk = on_disk

    async def make(self, goal: Goal, now: int) -> str:
        """Plan a new goal; why there is no plan, or nothing. Raises InvalidState when it is not new any more."""
        await self._on_disk(_move_goal, self._store, goal, {"state": PLANNING, "started": now})
        self._news.goal_changed(goal.id, PLANNING)
        try:
            planner, steps = await self._planner.plan(goal)
        except SenterError as error:
            return str(error)
        told = letter.plan_created(goal, len(steps))
        self._tell(goal, await self._on_disk(self._store.save_plan, goal.id, planner, steps, now, told))
        return ""

    async def change(self, goal: Goal, tasks: Sequence[Task], now: int) -> None:
        """Plan once more what cannot be done as planned. Raises InvalidState for a goal that has moved on."""
        await self._on_disk(_move_goal, self._store, goal, {"state": PLANNING, "replanned": 1})
        self._news.goal_changed(goal.id, PLANNING)
        told_before = {task.id: await self._on_disk(self._store.parameters, task.id) for task in tasks}
        steps = await self._planner.replan(goal, tasks, told_before)
        if steps:
            told = letter.plan_changed(goal, len(steps))
            replaced = {task.id for task in lost(tasks)}
            changed = await self._on_disk(self._store.change_plan, goal.id, replaced, steps, now, told)
        else:
            logger.info("There is no other plan for goal %s", goal.id)
            changed = []
            await self._on_disk(_move_goal, self._store, goal, {"state": RUNNING})
        self._tell(goal, changed)

    def _tell(self, goal: Goal, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self._news.task_changed(task.id, goal.id, task.status)
        self._news.goal_changed(goal.id, RUNNING)


def _move_goal(store: Store, goal: Goal, values: dict[str, str | int]) -> Goal:
    return store.move_goal(goal.id, **values)  # type: ignore[arg-type]
