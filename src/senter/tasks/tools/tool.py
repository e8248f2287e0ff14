"""What a tool is, and what it is told. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from senter.errors import InvalidArgument
from senter.tasks.tools.findings import Findings, from_json, to_json

NOTHING = Findings()

Permission = Literal["read", "web", "write", "draft", "notify", "command"]
"""What a tool can do at most: read documents that the goal names, ask servers on the web, write files, write to
somebody, show something, run a program."""


@dataclass(frozen=True)
class Context:
    """What a tool may use besides its parameters."""

    question: str
    """The goal, as the user put it."""
    folders: tuple[str, ...] = ()
    """Real paths of folders that the goal names and that are allowed: documents are read below these only."""
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
    task: str = ""
    """The id of the task: what is made for it has the same name however often it is made."""
    made: int = 0
    """When the task was planned, in microseconds since the epoch: its id may be given again after a list of goals
    was lost, but not at the same time."""
    attempt: str = ""
    """The id of this attempt at it, which is never given twice."""
    now: str = ""
    """The local time at the beginning, as ISO 8601 with the offset from UTC."""
    calendars: tuple[str, ...] = ()
    """``.ics`` files and folders of them; ``~`` is the home."""
    may_command: bool = False
    """Whether commands may be run at all."""
    approved: str = ""
    """The question of this tool that the user has approved, word for word; see ``Tool.asks``."""

    def fields(self) -> dict[str, Any]:
        """The context as plain values for JSON; ``context_of`` reads them."""
        return {**asdict(self), "earlier": to_json(self.earlier)}


def asks_nothing(_parameters: Mapping[str, Any], _context: Context) -> str:
    """The question of a tool that may always go ahead."""
    return ""


@dataclass(frozen=True)
class Tool:
    """Something a step of a plan can do.

    ``asks(parameters, context)`` says what the user has to approve before it is done: words that go on from
    "Senter wants to", such as ``write /home/ada/plan.md``, and name all that makes a difference; empty when nothing
    has to be approved. It is asked before the tool runs and again in the tool's own process, so what has changed
    meanwhile is not covered by an earlier answer. It opens no document and asks no server. Raises Denied for what
    nobody can approve, InvalidArgument for parameters that make no sense, Unavailable for a path that is changing.
    """

    name: str
    purpose: str
    """One sentence for the planner."""
    parameters: Mapping[str, Any]
    """A JSON schema: an object without additional properties."""
    run: Callable[[Mapping[str, Any], Context], Findings]
    """Does it. Raises a SenterError when it cannot be done."""
    permission: Permission
    asks: Callable[[Mapping[str, Any], Context], str] = asks_nothing
    is_repeatable: bool = True
    """Whether doing it twice is as doing it once: then it is done again when nobody knows whether it was done."""
    tries: int = 1
    """How often it is tried when what it needs is not there, but may be there a little later."""
    seconds: float = 120.0
    """How long one attempt may take."""


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
        several = {name: tuple(map(str, fields[name])) for name in ("folders", "roots", "hosts", "calendars")}
        return Context(**{**fields, **several, "earlier": from_json(fields["earlier"])})
    except (TypeError, KeyError) as error:
        raise InvalidArgument("this is not the context of a tool") from error
