"""What every plan has to meet, whoever made it. Pure."""

import json
from collections.abc import Collection, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.goal import FAILED, TYPES
from senter.tasks.planning.ground import Ground, check_aims
from senter.tasks.planning.plan import MOST_STEPS, Step
from senter.tasks.tools.catalogue import check_parameters
from senter.wording import LONGEST_LINE, one_line


def plan_schema(tools: Collection[str]) -> dict[str, Any]:
    """The JSON schema that a model's plan is bound to."""
    text = {"type": "string"}
    properties = {
        "description": text,
        "type": {"enum": list(TYPES)},
        "tool": {"enum": [*tools, None]},
        "tool_params": {"type": "object"},
        "depends_on": {"type": "array", "items": {"type": "integer"}},
    }
    step = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    tasks = {"type": "array", "items": step, "minItems": 1, "maxItems": MOST_STEPS}
    return {"type": "object", "properties": {"tasks": tasks}, "required": ["tasks"], "additionalProperties": False}


def read_plan(text: str, ground: Ground) -> list[Step]:
    """The plan that a model wrote. Raises InvalidArgument, saying why, for one that must not be followed."""
    try:
        document = json.loads(text, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"the plan is not JSON: {error}") from error
    rows = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidArgument("the plan has no list of tasks")
    steps = [_step(row) for row in rows[: MOST_STEPS + 1]]
    check_plan(steps, ground)
    return steps


def check_plan(steps: Sequence[Step], ground: Ground) -> None:
    """Raise InvalidArgument for a plan that has no end, unknown parts, or aims at what the goal does not name."""
    if not 1 <= len(steps) <= ground.most:
        raise InvalidArgument(f"a plan has 1 to {ground.most} tasks")
    for step in steps:
        _check_step(step, ground)
    needs = {number: step.depends_on for number, step in enumerate(steps, len(ground.tasks) + 1)}
    for number, needed in needs.items():
        if missing := set(needed) - set(needs) - ground.done:
            what = "is not completed" if 0 < min(missing) <= len(ground.tasks) else "does not exist"
            raise InvalidArgument(f"task {number} depends on task {min(missing)}, which {what}")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise InvalidArgument(f"the tasks depend on each other in a circle: {error.args[1]}") from error


def _number(text: str) -> float:
    """A number as JSON has it: 3.0 is as whole as 3."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _step(row: dict[str, Any]) -> Step:
    parameters, needed = row.get("tool_params") or {}, row.get("depends_on") or []
    if not isinstance(parameters, dict) or not isinstance(needed, list):
        raise InvalidArgument("tool_params must be an object and depends_on a list")
    if not all(type(number) is int for number in needed):
        raise InvalidArgument("depends_on must hold the numbers of tasks")
    words = [row.get(name) or "" for name in ("description", "type", "tool")]
    if not all(isinstance(word, str) for word in words):
        raise InvalidArgument("description, type and tool must be texts")
    return Step(one_line(words[0])[:LONGEST_LINE], words[1], words[2], parameters, tuple(dict.fromkeys(needed)))


def _check_step(step: Step, ground: Ground) -> None:
    if not step.description:
        raise InvalidArgument("a task has no description")
    if step.type not in TYPES:
        raise InvalidArgument(f"there is no task type {step.type!r:.80}")
    if not step.tool:
        return
    if step.tool not in ground.tools:
        raise InvalidArgument(f"there is no tool {step.tool!r:.80}")
    check_parameters(step.tool, step.parameters)
    check_aims(ground.tools[step.tool], step.parameters, ground)
    for task in ground.tasks:
        same = task.tool == step.tool and ground.parameters.get(task.id) == step.parameters
        if same and task.status == FAILED:
            raise InvalidArgument(f"{step.tool} has failed with these parameters before")
