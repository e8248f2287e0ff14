"""Carries out one step of a plan: with its tool, or with the research model; without a model it picks sentences."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from senter.errors import Busy, Denied, ModelFailed, NoModel, SenterError, Unavailable
from senter.models.request import GenerateOptions, Outcome
from senter.settings import TasksSettings
from senter.tasks.goal import Goal, Task
from senter.tasks.planning.plan import DOCUMENTS, allowed_paths, named_paths, wants_writing
from senter.tasks.planning.planner import Model
from senter.tasks.pursuing.thinking import numbered, thinking_messages, written_by
from senter.tasks.text.summary import NOT_ANSWERED, cites, summarise
from senter.tasks.tools.catalogue import TOOLS, check_parameters, tool_named
from senter.tasks.tools.findings import Findings, Passage, merged
from senter.tasks.tools.reading import resolved
from senter.tasks.tools.tool import Context

PICKED = "no language model: sentences were picked from the sources"
NEEDS_MODEL = "needs a language model: senter setup"

MODEL_TRIES, THINKING_TRIES = 3, 2
BACK_OFF_SECONDS = 1.0
LONGEST_ANSWER = 100_000
PROFILE_SECONDS, LONGEST_PROFILE = 5.0, 600

logger = logging.getLogger(__name__)


class Toolbox(Protocol):
    """Where tools are run."""

    async def run(self, tool: str, parameters: dict[str, Any], context: Context) -> Findings:
        """Run a tool. Raises the SenterError that says why it could not do its work."""


class _OfNoUse(ModelFailed):
    """The model has answered, and another answer may be better."""


@dataclass(frozen=True)
class Order:
    """One step to be done."""

    goal: Goal
    task: Task
    parameters: dict[str, Any]
    earlier: tuple[Findings, ...]
    """What the steps it depends on have found."""
    now: datetime
    attempt: str = ""
    """The id of this attempt; empty before it has begun."""
    approved: str = ""
    """What the user has approved."""

    def begun(self, attempt: str, approved: str) -> "Order":
        """The same as an attempt that has begun."""
        return replace(self, attempt=attempt, approved=approved)


class Executor:
    """Does what a step says. ``workspace`` is the folder below which tools may write.

    ``profile(max_chars)`` tells what is known of the user, for whom it is written.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        model: Model,
        settings: TasksSettings,
        workspace: Path,
        profile: Callable[[int], Awaitable[str]],
    ) -> None:
        self._toolbox = toolbox
        self._model = model
        self._settings = settings
        self._workspace = workspace
        self._profile = profile

    def question(self, order: Order) -> str:
        """What the user has to approve before the step is done, or nothing.

        Raises Denied for what nobody can approve, InvalidArgument for parameters that fit no tool.
        """
        if not order.task.tool:
            return ""
        check_parameters(order.task.tool, order.parameters)
        return tool_named(order.task.tool).asks(order.parameters, self._context(order))

    def tries(self, task: Task) -> int:
        """How often a step is tried when what it needs is not there, or it took too long.

        A model that is not there, or is of no use, is asked again within one attempt.
        """
        return TOOLS[task.tool].tries if task.tool in TOOLS else THINKING_TRIES

    def is_repeatable(self, task: Task) -> bool:
        """Whether a step may be done again that may have been done; thinking may, an unknown tool may not."""
        return not task.tool or (task.tool in TOOLS and TOOLS[task.tool].is_repeatable)

    async def run(self, order: Order) -> Findings:
        """What the step found or wrote, from what the steps it depends on have found.

        Raises NoModel when it needs a language model and there is none, BudgetSpent when none may be used (whoever
        set a budget wants the work to pause, not to be done worse), else the SenterError that made it fail.
        """
        goal, task, earlier = order.goal, order.task, order.earlier
        if task.tool:
            self._require_allowed(goal, task.tool, order.parameters)
            return await self._toolbox.run(task.tool, order.parameters, self._context(order))
        sources = numbered(earlier)
        can_pick = bool(earlier) and task.type in ("generate", "analyze") and not wants_writing(goal.description)
        try:
            return await self._think(goal, task, earlier, sources)
        except NoModel:
            if not can_pick:
                raise NoModel(NEEDS_MODEL) from None
        except (Busy, Unavailable) as error:
            if not can_pick:
                raise NoModel(f"needs a language model, but {error}") from None
            logger.warning("The model could not be asked, sentences are picked instead: %s", error)
        except ModelFailed as error:
            if not can_pick:
                raise
            logger.warning("The model could not do %r, sentences are picked instead: %s", task.description, error)
        return pick(goal.description, earlier)

    async def has_model(self) -> bool:
        """Whether there is a language model that may be asked. Raises the errors of ``Peer.call``."""
        return await self._model.can_answer()

    def _require_allowed(self, goal: Goal, tool: str, parameters: dict[str, Any]) -> None:
        path = str(Path(parameters.get(DOCUMENTS.get(tool, ""), "")).expanduser())
        if path in named_paths(goal.description) and path not in self._allowed(goal):
            raise Denied(f"{path} may not be read: it is hidden, part of the system, or not below [tasks] folders")

    def _allowed(self, goal: Goal) -> list[str]:
        return allowed_paths(goal.description, self._settings.folders)

    def _context(self, order: Order) -> Context:
        chosen = self._settings
        return Context(
            question=order.goal.description,
            folders=tuple(map(resolved, self._allowed(order.goal))),
            roots=chosen.folders,
            hosts=chosen.allowed_hosts,
            workspace=str(self._workspace),
            earlier=replace(merged(order.earlier), text=written_by(order.earlier)),
            search_results=chosen.search_results,
            search_url=chosen.search_url,
            task=order.task.id,
            made=order.task.created,
            attempt=order.attempt,
            now=order.now.isoformat(),
            calendars=chosen.calendars,
            may_command=chosen.commands,
            approved=order.approved,
        )

    async def _think(
        self, goal: Goal, task: Task, earlier: Sequence[Findings], sources: tuple[Passage, ...]
    ) -> Findings:
        """What the model writes; asked again when that is of no use, or its worker went away.

        What fails at a provider and may be over soon is the worker's to try again.
        """
        messages = thinking_messages(goal, task, earlier, sources, await self._known_of_user())
        options = GenerateOptions(temperature=0.2, account=goal.id)
        delay = BACK_OFF_SECONDS
        for attempt in range(1, MODEL_TRIES + 1):
            try:
                answer = await self._model.generate(messages, options)
                text = _checked(answer, sources)
            except (_OfNoUse, Busy, Unavailable) as error:
                if attempt == MODEL_TRIES:
                    raise
                logger.info("The model is asked again: %s", error)
                await asyncio.sleep(delay)
                delay *= 2
            else:
                notes = merged(earlier).notes
                return Findings(text, sources, notes, f"{answer.model} on {answer.provider}")
        raise AssertionError("the last attempt returns or raises")

    async def _known_of_user(self) -> str:
        """What is known of the user; nothing when that cannot be told at once."""
        try:
            async with asyncio.timeout(PROFILE_SECONDS):
                return await self._profile(LONGEST_PROFILE)
        except (SenterError, TimeoutError) as error:
            logger.info("It is written for nobody in particular: %s", str(error) or "learning does not answer")
            return ""


def pick(question: str, earlier: Sequence[Findings]) -> Findings:
    """The sentences of the sources that answer the question best, with citations."""
    found = merged(earlier)
    summary = summarise(question, found.passages)
    return Findings(summary.text, summary.sources, found.notes, PICKED)


def _checked(answer: Outcome, sources: Sequence[Passage]) -> str:
    """The text of an answer, of bounded length. Raises _OfNoUse for one that is empty or cites no source."""
    text = answer.text.strip()[:LONGEST_ANSWER]
    if not text:
        raise _OfNoUse(f"{answer.model} answered nothing")
    if sources and not cites(text, len(sources)) and not text.startswith(NOT_ANSWERED):
        raise _OfNoUse(f"{answer.model} answered without naming its sources")
    return text
