"""Does one step of a plan: whether it may be done, the attempt, and what follows from how that ended."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from senter.database import Disk
from senter.errors import BudgetSpent, Busy, NoModel, SenterError, Unavailable
from senter.tasks.approvals.approval import (
    APPROVED,
    DENIED,
    Approval,
    answered_before,
    permission,
    repetition,
)
from senter.tasks.approvals.questions import Questions
from senter.tasks.goal import CANCELLED, COMPLETED, FAILED, IN_PROGRESS, PENDING, WAITING, Goal, Task
from senter.tasks.pursuing.attempts import INTERRUPTED, Attempts
from senter.tasks.pursuing.executor import PICKED, Order
from senter.tasks.pursuing.news import News
from senter.tasks.store import Store
from senter.tasks.telling import letter
from senter.tasks.tools.findings import Findings
from senter.wording import one_line, shortened

LONGEST_ERROR = 500
LONGEST_ATTEMPT = 900.0
"""Seconds, whatever a step is done with."""
BACK_OFF = (2.0, 8.0, 30.0)
"""Seconds until a step is tried again: after the first attempt, the second, and so on."""

logger = logging.getLogger(__name__)


class Executor(Protocol):
    """Carries steps out."""

    def question(self, order: Order) -> str:
        """What the user has to approve before a step is done, or nothing. It blocks. Raises a SenterError."""

    def tries(self, task: Task) -> int:
        """How often a step is tried when what it needs is not there."""

    def is_repeatable(self, task: Task) -> bool:
        """Whether a step may be done again that may have been done."""

    async def run(self, order: Order) -> Findings:
        """What a step found. Raises NoModel, BudgetSpent when it has to wait, a SenterError when it failed."""


class Steps:
    """Does steps. ``out_of_budget`` holds the goals that were told so, with the day on which that was."""

    def __init__(
        self,
        store: Store,
        attempts: Attempts,
        questions: Questions,
        executor: Executor,
        news: News,
        on_disk: Disk,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._questions = questions
        self._executor = executor
        self._news = news
        self._on_disk = on_disk
        self._now = now
        self.out_of_budget: dict[str, date | None] = {}

    async def do(self, goal: Goal, task: Task, tasks: Sequence[Task]) -> None:
        """Do a step that can be done, or ask whether it may be; it is on disk how that ended.

        Raises InvalidState when it was cancelled meanwhile, Unavailable when the disk fails.
        """
        needed = [other.id for other in tasks if other.id in task.depends_on and other.status == COMPLETED]
        parameters = await self._on_disk(self._store.parameters, task.id)
        earlier = await self._on_disk(self._store.findings, needed)
        order = Order(goal, task, parameters, tuple(earlier), self._now())
        try:
            question = await self._on_disk(self._executor.question, order)
        except SenterError as error:
            return await self.fail(goal, task, _sentence(error))
        if question and not await self._is_approved(permission(goal, task, question, self._time()), goal, task):
            return
        again = repetition(goal, task, self._time())
        if await self._may_be_done(task) and not await self._is_approved(again, goal, task):
            return
        attempt = await self._on_disk(self._attempts.begin, task, self._time())
        self._news.task_changed(task.id, goal.id, IN_PROGRESS)
        await self._attempt(order.begun(attempt, question))

    async def fail(self, goal: Goal, task: Task, error: str) -> None:
        """Let a step fail that is not begun, or broke down. Raises InvalidState when it was cancelled meanwhile."""
        told = [letter.task_failed(goal, task, error)]
        await self._on_disk(self._attempts.fail, task, self._time(), error, told)
        self._news.task_changed(task.id, goal.id, FAILED)

    async def _may_be_done(self, task: Task) -> bool:
        """Whether a step that cannot be repeated was begun before, and nobody knows whether it was done."""
        if self._executor.is_repeatable(task):
            return False
        return await self._on_disk(self._attempts.last_outcome, task.id) in (INTERRUPTED, CANCELLED)

    async def _is_approved(self, question: Approval, goal: Goal, task: Task) -> bool:
        """Whether the user has approved something; if nobody has asked in this goal, ask."""
        answer = await self._on_disk(self._questions.answer_to, goal.id, question.question)
        if answer == APPROVED:
            return True
        if answer == DENIED:
            await self.fail(goal, task, _sentence(answered_before(question)))
            return False
        asked = await self._on_disk(self._questions.ask, question)
        if asked.is_new:
            self._news.approval_requested(task.id, question.question)
        if asked.waits:
            self._news.task_changed(task.id, goal.id, WAITING)
        return False

    async def _attempt(self, order: Order) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()

        def took() -> int:
            return int((loop.time() - began) * 1_000_000)

        try:
            async with asyncio.timeout(LONGEST_ATTEMPT):
                findings = await self._executor.run(order)
        except (BudgetSpent, NoModel) as error:
            self.out_of_budget[order.goal.id] = order.now.date() if isinstance(error, BudgetSpent) else None
            await self._end(order, WAITING, took(), error=_sentence(error))
        except TimeoutError:
            await self._try_again(order, Unavailable("it took too long and was ended"), took())
        except SenterError as error:
            await self._try_again(order, error, took())
        else:
            await self._end(order, COMPLETED, took(), findings=findings)

    async def _try_again(self, order: Order, error: SenterError, took: int) -> None:
        """Let a step be tried again later if that may help, else let it fail."""
        task = order.task
        tried = await self._on_disk(self._attempts.failures, task) + 1
        if not isinstance(error, Unavailable | Busy) or tried >= self._executor.tries(task):
            return await self._end(order, FAILED, took, error=_sentence(error))
        not_before = self._time() + int(BACK_OFF[min(tried, len(BACK_OFF)) - 1] * 1_000_000)
        logger.info("Task %s is tried again: %s", task.id, error)
        await self._on_disk(self._attempts.again, task, took, _sentence(error), not_before)
        self._news.task_changed(task.id, order.goal.id, PENDING)

    async def _end(self, order: Order, status: str, took: int, **came: Any) -> None:
        goal, task = order.goal, order.task
        findings: Findings | None = came.get("findings")
        letters = []
        if status == COMPLETED and findings:
            came["summary"] = shortened(one_line(findings.text))
            letters.append(letter.task_completed(goal, task))
            if findings.notice:
                letters.append(letter.task_notice(task, findings.notice))
        elif status == FAILED:
            letters.append(letter.task_failed(goal, task, came["error"]))
        await self._on_disk(self._end_now, task, status, {**came, "took": took, "letters": letters})
        self._news.task_changed(task.id, goal.id, status)
        if findings and findings.thinking not in ("", PICKED):
            self.out_of_budget.pop(goal.id, None)
            self._news.model_answered()

    def _end_now(self, task: Task, status: str, came: dict[str, Any]) -> None:
        self._attempts.end(task, status, self._time(), **came)

    def _time(self) -> int:
        return int(self._now().timestamp() * 1_000_000)


def _sentence(error: SenterError) -> str:
    return shortened(one_line(str(error)), LONGEST_ERROR)
