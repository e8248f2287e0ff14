"""Tells learning which goals the user has and what became of them, each once; what cannot be told now, later.

Which goals learning does not know yet is in the database, so nothing is lost, and nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from senter.database import Disk
from senter.errors import SenterError
from senter.learning.event import GOAL_CANCELLED, GOAL_COMPLETED, GOAL_CREATED, GOAL_FAILED, Event
from senter.tasks.goal import CANCELLED, COMPLETED, ENDED, FAILED, GATHERING, Goal, Task
from senter.tasks.telling.taught import News, Taught

AT_ONCE = 100
ENDS = {COMPLETED: GOAL_COMPLETED, FAILED: GOAL_FAILED, CANCELLED: GOAL_CANCELLED}
"""The types of events by the states in which goals end."""
PAUSE_SECONDS = 60.0
"""Before learning is told again what it could not be told."""

logger = logging.getLogger(__name__)


class Learning(Protocol):
    """Remembers what happened."""

    async def record_many(self, events: Sequence[Event]) -> None:
        """Write events down, each key once."""


class Teaching:
    """Tells learning of goals."""

    def __init__(self, taught: Taught, learning: Learning, on_disk: Disk) -> None:
        self._taught = taught
        self._learning = learning
        self._on_disk = on_disk
        self._moved = asyncio.Event()

    def look(self) -> None:
        """There may be something that learning does not know."""
        self._moved.set()

    async def teach(self) -> None:
        """Tell learning what it does not know whenever there may be something; until this is cancelled."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            try:
                while news := await self._on_disk(self._taught.news, AT_ONCE):
                    await self._learning.record_many([event for each in news for event in events_of(each)])
                    await self._on_disk(self._taught.note, [each.goal for each in news])
            except SenterError as error:
                logger.info("Learning is told of goals later: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)
                self._moved.set()


def events_of(news: News) -> list[Event]:
    """What learning is told of a goal: that there is one, if that is new, and its end, if it has ended."""
    events = [] if news.is_known else [created(news.goal)]
    return [*events, ended(news.goal, news.tasks)] if news.goal.state in ENDED else events


def created(goal: Goal) -> Event:
    """That a goal was taken on."""
    metadata = {"goal": goal.id, "origin": goal.origin}
    return Event(GOAL_CREATED, goal.description, metadata, goal.created, f"goal-{goal.id}-{goal.created}")


def ended(goal: Goal, tasks: Sequence[Task]) -> Event:
    """What became of a goal, of which kind it was, and how long it was worked on."""
    seconds = max(0, goal.finished - goal.started) / 1_000_000 if goal.started else 0.0
    metadata = {"goal": goal.id, "kind": kind_of(tasks), "seconds": seconds}
    key = f"goal-{goal.id}-{goal.created}-{goal.finished}"
    return Event(ENDS[goal.state], goal.title, metadata, goal.finished, key)


def kind_of(tasks: Sequence[Task]) -> str:
    """``research`` when something was looked for, else the type of the last step; ``other`` without a plan."""
    types = [task.type for task in tasks if not task.replaced]
    if GATHERING in types:
        return GATHERING
    return types[-1] if types else "other"
