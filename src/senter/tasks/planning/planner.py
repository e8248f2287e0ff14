"""Makes the plan of a goal: the primary model where there is one, else the words of the goal."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from senter.errors import BudgetSpent, InvalidArgument, ModelFailed, NoModel, SenterError, Unavailable
from senter.models.request import BACKGROUND, GenerateOptions, Outcome
from senter.settings import TasksSettings
from senter.tasks.goal import Goal, Task
from senter.tasks.planning.asking import Messages, correcting_messages, planning_messages, replanning_messages
from senter.tasks.planning.checking import plan_schema, read_plan
from senter.tasks.planning.ground import Ground, offered_tools
from senter.tasks.planning.keywords import keyword_plan
from senter.tasks.planning.plan import MOST_STEPS, Step

MODEL, KEYWORDS = "model", "keywords"

PLAN_TOKENS = 1500
PLAN_DEADLINE_MS = 90_000
BACK_OFF_SECONDS = 1.0

_WRONG = (InvalidArgument, ModelFailed)
"""What may be right when it is said again: a plan that must not be followed, an answer that was not even JSON."""

logger = logging.getLogger(__name__)


class Model(Protocol):
    """A language model that can be asked."""

    async def generate(self, messages: list[dict[str, str]], options: GenerateOptions) -> Outcome:
        """The answer to a conversation. Raises NoModel, BudgetSpent, ModelFailed, Unavailable."""

    async def can_answer(self) -> bool:
        """Whether there is a model, and it may be asked; for that it is not asked."""


class Planner:
    """Turns a goal into steps, which may have the tools that the settings offer; ``now`` is the local time."""

    def __init__(
        self,
        model: Model,
        settings: TasksSettings,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._model = model
        self._now = now
        self._hosts = settings.allowed_hosts
        self._tools = offered_tools(settings)

    async def plan(self, goal: Goal) -> tuple[str, list[Step]]:
        """Who made the plan (``model`` or ``keywords``), and its steps.

        Raises InvalidArgument for a goal that needs too many steps.
        """
        messages = planning_messages(goal.description, self._tools, self._now())
        try:
            return MODEL, await self._planned(goal, messages, self._ground(goal))
        except (BudgetSpent, NoModel) as error:
            logger.info("The words of goal %s make its plan: %s", goal.id, error)
        except SenterError as error:
            logger.warning("The model made no plan that can be followed: %s", error)
        steps = keyword_plan(goal.description)
        if len(steps) > MOST_STEPS:
            raise InvalidArgument(
                f"the goal names too many files and folders: {len(steps)} steps, at most {MOST_STEPS} are taken"
            )
        return KEYWORDS, steps

    async def replan(
        self, goal: Goal, tasks: Sequence[Task], parameters: Mapping[str, Mapping[str, Any]] | None = None
    ) -> list[Step] | None:
        """The steps that take the place of what failed and of what needs it; None when nobody knows better.

        ``tasks`` is the whole plan, ``parameters`` what its tools were told, by the ids of the tasks: what failed
        with the same ones is not tried again. The new steps are numbered from ``len(tasks) + 1`` on; they depend on
        each other and on completed tasks, whose numbers are their places in ``tasks``, the first is 1. The model
        gets to see status words only.
        """
        messages = replanning_messages(goal.description, tasks, self._tools, self._now())
        try:
            return await self._planned(goal, messages, self._ground(goal, tasks, parameters))
        except SenterError as error:
            logger.info("There is no other plan for goal %s: %s", goal.id, error)
            return None

    def _ground(
        self, goal: Goal, tasks: Sequence[Task] = (), parameters: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Ground:
        return Ground(goal.description, self._tools, self._hosts, tuple(tasks), parameters or {})

    async def _planned(self, goal: Goal, messages: Messages, ground: Ground) -> list[Step]:
        """The plan of the model, which may correct itself once.

        Raises InvalidArgument when it must not be followed then either, and the errors of the model.
        """
        options = GenerateOptions(
            max_tokens=PLAN_TOKENS,
            temperature=0.0,
            json_schema=json.dumps(plan_schema(self._tools)),
            deadline_ms=PLAN_DEADLINE_MS,
            lane=BACKGROUND,
            account=goal.id,
        )
        said = ""
        try:
            said = (await self._asked(messages, options)).text
            return read_plan(said, ground)
        except _WRONG as error:
            logger.info("The model is asked to correct its plan: %s", error)
            correcting = correcting_messages(messages, said, error)
        return read_plan((await self._asked(correcting, options)).text, ground)

    async def _asked(self, messages: Messages, options: GenerateOptions) -> Outcome:
        """The answer of the model; of one that went away, or was out of reach, when it is back."""
        try:
            return await self._model.generate(messages, options)
        except Unavailable as error:
            logger.info("The model is asked for a plan again: %s", error)
            await asyncio.sleep(BACK_OFF_SECONDS)
            return await self._model.generate(messages, options)
