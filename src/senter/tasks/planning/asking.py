"""What the model that plans is told: the user's own words, what Senter can do, and status words. Pure.

Nothing that was read or found gets here, nor what went wrong in others' words: it might be an attempt to plan.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from senter.errors import SenterError
from senter.tasks.goal import PENDING, Task, lost
from senter.tasks.planning.plan import MOST_STEPS
from senter.tasks.tools.tool import Tool

LONGEST_ANSWER = 8_000
"""How many characters of a plan that must not be followed are shown to the model again."""

Messages = list[dict[str, str]]


def planning_messages(description: str, tools: Mapping[str, Tool], now: datetime) -> Messages:
    """What the model is asked to plan a goal with some tools."""
    return _messages(_rules(tools, now), f"Goal: {description}")


def replanning_messages(
    description: str, tasks: Sequence[Task], tools: Mapping[str, Tool], now: datetime
) -> Messages:
    """What the model is asked when steps of a plan have failed; ``tasks`` is the whole plan."""
    rules = (
        f"{_rules(tools, now)}\n\nA plan was made and some of its tasks failed. Plan in another way what failed or "
        f"cannot start. The first new task is {len(tasks) + 1}, the next one is {len(tasks) + 2}, and so on; "
        "depends_on holds the numbers of new tasks and of completed ones. Do not repeat what is completed, and do "
        "not try what failed in the same way again."
    )
    never = [task for task in lost(tasks) if task.status == PENDING]
    lines = [
        f"{number}. {'cannot start' if task in never else task.status}: {task.description} "
        f"({task.type}, {task.tool or 'no tool'})"
        for number, task in enumerate(tasks, 1)
        if not task.replaced
    ]
    return _messages(rules, "\n".join([f"Goal: {description}", "", "The plan so far:", *lines]))


def correcting_messages(messages: Messages, answer: str, error: SenterError) -> Messages:
    """What the model is asked when its answer to ``messages`` was a plan that must not be followed."""
    said = {"role": "assistant", "content": answer[:LONGEST_ANSWER] or "{}"}
    asked = f"This plan cannot be followed: {error}. Answer with the whole corrected JSON only."
    return [*messages, said, {"role": "user", "content": asked}]


def _rules(tools: Mapping[str, Tool], now: datetime) -> str:
    offered = "\n".join(
        f"* {tool.name}: {tool.purpose} Parameters: {json.dumps(tool.parameters['properties'])}"
        + (f", required: {', '.join(tool.parameters['required'])}" if tool.parameters["required"] else "")
        for tool in tools.values()
    )
    return (
        f"You break a goal down into at most {MOST_STEPS} tasks that a program carries out one after the other. "
        "Answer with JSON only. Each task has: description (what to do); type (research, generate, analyze, "
        "communicate, organize or custom); tool (one of those below, or null when a language model does the task); "
        "tool_params (the parameters of the tool, else {}); depends_on (the numbers of the tasks whose results it "
        "needs; the first task is 1). Tasks that gather information have the type research. Use documents only "
        "from folders and files that the goal names, write only to files in the workspace or that the goal names, "
        "and to people only at e-mail addresses that the goal names. The last task writes the answer from what the "
        f"others found: type generate, tool null. Today is {now:%A %Y-%m-%d}.\n\nTools:\n{offered}"
    )


def _messages(rules: str, asked: str) -> Messages:
    return [{"role": "system", "content": rules}, {"role": "user", "content": asked}]
