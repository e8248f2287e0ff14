"""Makes the plan of a goal: the primary model where there is one, else the words of the goal."""

import asyncio
import json
import logging
from typing import Protocol

from senter.errors import BudgetSpent, InvalidArgument, NoModel, SenterError, Unavailable
from senter.models.request import BACKGROUND, GenerateOptions, Outcome
from senter.tasks.goal import Goal
from senter.tasks.planning.plan import MOST_STEPS, Step, keyword_plan, plan_schema, read_plan
from senter.tasks.tools.catalogue import TOOLS

MODEL, KEYWORDS = "model", "keywords"

PLAN_TOKENS = 1500
PLAN_DEADLINE_MS = 90_000
BACK_OFF_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Model(Protocol):
    """A language model that can be asked."""

    async def generate(self, messages: list[dict[str, str]], options: GenerateOptions) -> Outcome:
        """The answer to a conversation. Raises NoModel, BudgetSpent, ModelFailed, Unavailable."""

    async def can_answer(self) -> bool:
        """Whether there is a model, and it may be asked; for that it is not asked."""


class Planner:
    """Turns a goal into steps."""

    def __init__(self, model: Model) -> None:
        self._model = model

    async def plan(self, goal: Goal) -> tuple[str, list[Step]]:
        """Who made the plan (``model`` or ``keywords``), and its steps.

        Raises InvalidArgument for a goal that needs too many steps.
        """
        description = goal.description
        options = GenerateOptions(
            max_tokens=PLAN_TOKENS,
            temperature=0.0,
            json_schema=json.dumps(plan_schema()),
            deadline_ms=PLAN_DEADLINE_MS,
            lane=BACKGROUND,
            account=goal.id,
        )
        try:
            answer = await self._asked(planning_messages(description), options)
            return MODEL, read_plan(answer.text, description)
        except (BudgetSpent, NoModel) as error:
            logger.info("The words of goal %s make its plan: %s", goal.id, error)
        except SenterError as error:
            logger.warning("The model made no plan that can be followed: %s", error)
        steps = keyword_plan(description)
        if len(steps) > MOST_STEPS:
            raise InvalidArgument(
                f"the goal names too many files and folders: {len(steps)} steps, at most {MOST_STEPS} are taken"
            )
        return KEYWORDS, steps

    async def _asked(self, messages: list[dict[str, str]], options: GenerateOptions) -> Outcome:
        """The answer of the model; of one that went away, or was out of reach, when it is back."""
        try:
            return await self._model.generate(messages, options)
        except Unavailable as error:
            logger.info("The model is asked for a plan again: %s", error)
            await asyncio.sleep(BACK_OFF_SECONDS)
            return await self._model.generate(messages, options)


def planning_messages(description: str) -> list[dict[str, str]]:
    """What the model is asked; only the user's own words and what Senter can do."""
    tools = "\n".join(
        f"* {tool.name}: {tool.purpose} Parameters: {json.dumps(tool.parameters['properties'])}"
        for tool in TOOLS.values()
    )
    rules = (
        f"You break a goal down into at most {MOST_STEPS} tasks that a program carries out one after the other. "
        "Answer with JSON only. Each task has: description (what to do); type (research, generate, analyze, "
        "communicate, organize or custom); tool (one of those below, or null when a language model does the task); "
        "tool_params (the parameters of the tool, else {}); depends_on (the numbers of the tasks whose results it "
        "needs; the first task is 1). Tasks that gather information have the type research. Use documents only "
        "from folders and files that the goal names. The last task writes the answer from what the others found: "
        "type generate, tool null.\n\nTools:\n" + tools
    )
    return [{"role": "system", "content": rules}, {"role": "user", "content": f"Goal: {description}"}]
