"""What a tool is, and what it is told. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.tools.findings import Findings, from_json, to_json

NOTHING = Findings()


@dataclass(frozen=True)
class Context:
    """What a tool may use besides its parameters."""

    question: str
    """The goal, as the user put it."""
    folders: tuple[str, ...] = ()
    """Folders that the goal names and that are allowed: documents are read below these only."""
    workspace: str = ""
    """The folder that may be written below; an absolute path."""
    earlier: Findings = NOTHING
    """What the steps before found."""
    search_results: int = 5
    search_url: str = ""
    """The base URL of a SearXNG server; without one, public search engines are asked."""
    roots: tuple[str, ...] = ("/",)
    """Folders below which documents may be read at all; ``~`` is the home."""
    hosts: tuple[str, ...] = ()
    """Servers that may be asked although they are not public: ``host`` or ``host:port``."""

    def fields(self) -> dict[str, Any]:
        """The context as plain values for JSON; ``context_of`` reads them."""
        return {**asdict(self), "earlier": to_json(self.earlier)}


@dataclass(frozen=True)
class Tool:
    """Something a step of a plan can do."""

    name: str
    purpose: str
    """One sentence for the planner."""
    parameters: Mapping[str, Any]
    """A JSON schema: an object without additional properties."""
    run: Callable[[Mapping[str, Any], Context], Findings]
    """Does it. Raises a SenterError when it cannot be done."""


def schema(required: tuple[str, ...] = (), **properties: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON schema of the parameters of a tool."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def context_of(fields: Mapping[str, Any]) -> Context:
    """The context whose ``fields`` these are.

    Raises InvalidArgument when they are of something else.
    """
    try:
        several = {name: tuple(map(str, fields[name])) for name in ("folders", "roots", "hosts")}
        return Context(**{**fields, **several, "earlier": from_json(fields["earlier"])})
    except (TypeError, KeyError) as error:
        raise InvalidArgument("this is not the context of a tool") from error
