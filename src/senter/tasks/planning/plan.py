"""From a goal to steps: how a plan is made without a model, and what every plan has to meet. Pure."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.goal import TYPES
from senter.tasks.text.summary import question_of
from senter.tasks.tools.catalogue import TOOLS, check_parameters
from senter.tasks.tools.reading import CLOSED
from senter.wording import LONGEST_LINE, one_line

MOST_STEPS = 20

SEARCHING = ("research", "find", "search", "learn about", "look up", "look for")
WRITING = ("write", "draft", "create", "compose")
WEB = ("web", "internet", "online")

DOCUMENTS = {"file_search": "folder", "file_read": "path"}
"""The tools that read what a goal names, and the parameter that names it."""

_OPENING, _CLOSING = "\"'`“„‘«<[", "\"'`”“’»>]"  # noqa: RUF001 - as people type them
_QUOTED = "|".join(
    rf"{re.escape(first)}(?:file://)?([~/][^{re.escape(first + last)}]*){re.escape(last)}"
    for first, last in zip(_OPENING, _CLOSING, strict=True)
)
_PATH = re.compile(rf"{_QUOTED}|(?:^|(?<=[\s(,:]))(?:file://)?(~[\w-]*/[^\s\"'`,;:)]*|/(?!/)[^\s\"'`,;:)]*)")
_SAYS_WHERE = re.compile(
    r"\b(?:from|in|using|with|through|below)\s+(?:(?:the|my|our|all|these|this)\s+)*"
    r"(?:documents?|files?|notes?|papers?|pdfs?|folders?|directory|directories)\s+"
    r"(?:(?:in|at|under|below|of|from|named|called)\b|[\"'“„«<\[~.])",
    re.IGNORECASE,
)
_HOST = re.compile(r"\bhttps?://([\w.:\[\]-]+)(?![\w.:\[\]@-])", re.IGNORECASE)
_DOCUMENT = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")


@dataclass(frozen=True)
class Step:
    """One step of a plan that is not begun; ``depends_on`` holds the numbers of earlier steps, the first is 1."""

    description: str
    type: str
    tool: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    depends_on: tuple[int, ...] = ()


def named_paths(description: str) -> list[str]:
    """The folders and files that a goal names by an absolute path or one that begins with ``~``, expanded.

    A path with spaces has to be in quotes. A lone slash names nothing: it stands between two words.
    """
    found = [next(filter(None, match.groups())) for match in _PATH.finditer(description)]
    expanded = [_expanded(path.rstrip(".!?")) for path in found if path.strip("/.!?")]
    return list(dict.fromkeys(expanded))


def named_hosts(description: str) -> list[str]:
    """The hosts, each with its port if there is one, of the web addresses that a goal names."""
    return list(dict.fromkeys(host.rstrip(".:") for host in _HOST.findall(description)))


def check_named(description: str) -> None:
    """Raise InvalidArgument for a goal that says where its documents are, but not by a path that can be read.

    What is asked of private documents must not become a search of the web.
    """
    if _SAYS_WHERE.search(description) and not named_paths(description) and not _has(description, WEB):
        raise InvalidArgument(
            "the documents are not named by a path; write it with / or ~ at the beginning, in quotes when it has"
            ' spaces, or add "from the web"'
        )


def allowed_paths(description: str, roots: Sequence[str]) -> list[str]:
    """Those of the named paths that may be read: below one of the roots, not hidden, and no part of the system."""
    allowed = [Path(root).expanduser() for root in roots]
    return [
        path
        for path in named_paths(description)
        if any(Path(path).is_relative_to(root) for root in allowed)
        and not any(part.startswith(".") for part in Path(path).parts)
        and not any(Path(path).is_relative_to(closed) for closed in CLOSED)
    ]


def wants_writing(description: str) -> bool:
    """Whether a goal asks for a text of its own rather than for something to be found."""
    return not _has(description, SEARCHING) and _has(description, WRITING)


def keyword_plan(description: str) -> list[Step]:
    """The plan that the words of a goal suggest: search and summarise; outline, draft and review; or one step."""
    goal = one_line(description)
    steps = _gathering(goal, named_paths(description))
    sources = tuple(number for number in range(1, len(steps) + 1))
    if wants_writing(goal):
        return [*steps, *_writing(goal, sources)]
    if steps:
        return [*steps, Step("Summarise what was found", "generate", depends_on=sources)]
    return [Step(goal[:LONGEST_LINE], "custom")]


def _gathering(goal: str, paths: Sequence[str]) -> list[Step]:
    steps = [_reading(goal, path) for path in paths]
    if _has(goal, SEARCHING) and (not paths or _has(goal, WEB)):
        steps.append(Step("Search the web", "research", "web_search", {"query": question_of(goal)}))
        steps.append(Step("Read the pages that were found", "research", "web_page", depends_on=(len(steps),)))
    return steps


def _reading(goal: str, path: str) -> Step:
    if _DOCUMENT.search(path):
        return Step(f"Read {path}", "research", "file_read", {"path": path})
    parameters = {"folder": path, "query": question_of(goal)}
    return Step(f"Search the documents in {path}", "research", "file_search", parameters)


def _writing(goal: str, sources: tuple[int, ...]) -> list[Step]:
    first = len(sources) + 1
    return [
        Step(f"Outline: {goal}"[:LONGEST_LINE], "generate", depends_on=sources),
        Step("Write a first draft", "generate", depends_on=(*sources, first)),
        Step("Review and refine the draft", "analyze", depends_on=(*sources, first + 1)),
    ]


def plan_schema() -> dict[str, Any]:
    """The JSON schema that a model's plan is bound to."""
    text = {"type": "string"}
    properties = {
        "description": text,
        "type": {"enum": list(TYPES)},
        "tool": {"enum": [*TOOLS, None]},
        "tool_params": {"type": "object"},
        "depends_on": {"type": "array", "items": {"type": "integer"}},
    }
    step = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    tasks = {"type": "array", "items": step, "minItems": 1, "maxItems": MOST_STEPS}
    return {"type": "object", "properties": {"tasks": tasks}, "required": ["tasks"], "additionalProperties": False}


def read_plan(text: str, description: str) -> list[Step]:
    """The plan that a model wrote. Raises InvalidArgument, saying why, for one that must not be followed."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidArgument(f"the plan is not JSON: {error}") from error
    rows = document.get("tasks") if isinstance(document, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidArgument("the plan has no list of tasks")
    steps = [_step(row) for row in rows[: MOST_STEPS + 1]]
    check_plan(steps, description)
    return steps


def check_plan(steps: Sequence[Step], description: str) -> None:
    """Raise InvalidArgument for a plan that has no end, unknown parts, or reads what the goal does not name."""
    if not 1 <= len(steps) <= MOST_STEPS:
        raise InvalidArgument(f"a plan has 1 to {MOST_STEPS} tasks")
    for step in steps:
        _check_step(step, named_paths(description))
    needs = {number: step.depends_on for number, step in enumerate(steps, 1)}
    for number, needed in needs.items():
        if missing := set(needed) - set(needs):
            raise InvalidArgument(f"task {number} depends on task {min(missing)}, which does not exist")
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise InvalidArgument(f"the tasks depend on each other in a circle: {error.args[1]}") from error


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


def _check_step(step: Step, named: Sequence[str]) -> None:
    if not step.description:
        raise InvalidArgument("a task has no description")
    if step.type not in TYPES:
        raise InvalidArgument(f"there is no task type {step.type!r:.80}")
    if not step.tool:
        return
    if step.tool not in TOOLS:
        raise InvalidArgument(f"there is no tool {step.tool!r:.80}")
    check_parameters(step.tool, step.parameters)
    if step.tool in DOCUMENTS:
        path = Path(_expanded(step.parameters[DOCUMENTS[step.tool]]))
        if ".." in path.parts or not any(path.is_relative_to(folder) for folder in named):
            raise InvalidArgument(f"the goal does not name {str(path)!r:.200}")


def _expanded(path: str) -> str:
    """The path with the user's home folder for ``~``; those of other users stay as they are."""
    return str(Path(path).expanduser() if path == "~" or path.startswith("~/") else Path(path))


def _has(text: str, words: Sequence[str]) -> bool:
    return re.search(rf"\b({'|'.join(words)})", text.lower()) is not None
