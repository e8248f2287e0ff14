"""How a tool runs in a process of its own: what the process reads, what it writes and what it may take.

The process that asks writes ``request(…)`` to ``python -m senter.tasks.tools`` and reads ``answer(…)`` from it.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any, TextIO

from senter import errors
from senter.errors import Denied, Internal, InvalidArgument, SenterError, Unavailable
from senter.tasks.tools.catalogue import check_parameters, tool_named
from senter.tasks.tools.findings import Findings, from_json, to_json
from senter.tasks.tools.network_log import REQUESTS, Request, from_rows, to_rows
from senter.tasks.tools.tool import Context, context_of

MOST_MEMORY = 2 << 30
"""Bytes of address space."""
MOST_COMPUTING = 120
"""Seconds."""
LONGEST_REQUEST = 50_000_000
"""Bytes."""
_PR_SET_PDEATHSIG = 1


def request(tool_name: str, parameters: dict[str, Any], context: Context) -> str:
    """What the child is to read: one JSON document."""
    return json.dumps({"tool": tool_name, "parameters": parameters, "context": context.fields()})


def answer(text: str) -> tuple[Findings | SenterError, tuple[Request, ...]]:
    """What a child wrote: its findings or the error it met, and what it asked of the network.

    Raises Internal when it wrote something else.
    """
    try:
        fields = json.loads(text)
        requests = from_rows(fields["requests"])
        if "findings" in fields:
            return from_json(json.dumps(fields["findings"])), requests
        return _error_class(str(fields["error"]))(str(fields["text"])), requests
    except (ValueError, KeyError, TypeError) as error:
        raise Internal("the tool did not answer") from error


def answered(text: str | bytes) -> str:
    """Run the tool that a request names; the JSON document to write: its findings, or the error it met.

    A tool that asks something which the user has not approved is not run.
    """
    name = "the tool"
    try:
        name, parameters, context = _asked(text)
        check_parameters(name, parameters)
        tool = tool_named(name)
        if (question := tool.asks(parameters, context)) and question != context.approved:
            raise Denied(f"nobody has approved to {question}")
        findings = tool.run(parameters, context)
        return json.dumps({"findings": json.loads(to_json(findings)), "requests": to_rows(REQUESTS)})
    except SenterError as error:
        return _told(error)
    except SystemExit:
        # it was told to end, and what it has asked of the network is told all the same
        return _told(Unavailable(f"{name} was ended"))
    except MemoryError:
        return _told(Unavailable(f"{name} needs more memory than a tool may have"))


def restrict() -> None:
    """Bound what this process may take, and let it die with the process that started it.

    When it is told to end it first ends what it began.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_AS, MOST_MEMORY)
    _lower(resource.RLIMIT_CPU, MOST_COMPUTING)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def own_output() -> TextIO:
    """The standard output, for the answer alone: whatever else is printed from now on goes to standard error."""
    sys.stdout.flush()
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return output


def _asked(text: str | bytes) -> tuple[str, Any, Context]:
    """The tool, parameters and context of a request; raises InvalidArgument when it is none."""
    try:
        fields = json.loads(text)
        return str(fields["tool"]), fields["parameters"], context_of(fields["context"])
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidArgument("this is not the request of a tool") from error


def _lower(limit: int, most: int) -> None:
    """Set a limit, unless it is lower already."""
    _, hard = resource.getrlimit(limit)
    value = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(limit, (value, value))


def _told(error: SenterError) -> str:
    return json.dumps({"error": type(error).__name__, "text": str(error), "requests": to_rows(REQUESTS)})


def _error_class(name: str) -> type[SenterError]:
    found = getattr(errors, name, None)
    return found if isinstance(found, type) and issubclass(found, SenterError) else Internal
