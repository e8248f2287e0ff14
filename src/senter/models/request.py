"""What a language model is asked, and what became of it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from senter.bus.signatures import U32, Double, Str
from senter.errors import InvalidArgument, ModelFailed, NoModel, Unavailable

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
ROLES = (SYSTEM, USER, ASSISTANT)

OK, CANCELLED, ERROR = "ok", "cancelled", "error"

SETUP = "see: senter setup"
"""What every sentence about a missing model ends with."""

USUAL_DEADLINE_MS = 120_000
LONGEST_ID = 128
LONGEST_QUESTION = 1_000_000
"""Characters of all messages together."""
LONGEST_ANSWER = 1_000_000
"""Characters; what is longer is cut."""
HOTTEST = 2.0


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Str
    """``system``, ``user`` or ``assistant``."""
    content: Str


@dataclass(frozen=True)
class GenerateOptions:
    """Options of ``Generate``."""

    max_tokens: U32 = 0
    """How long the answer may be; 0 stands for what is usual for the worker."""
    temperature: Double = 0.7
    json_schema: Str = ""
    """A JSON schema that the answer has to follow; empty for plain text."""
    deadline_ms: U32 = 0
    """When the request is given up; 0 stands for two minutes."""

    @property
    def seconds(self) -> float:
        """The deadline in seconds."""
        return (self.deadline_ms or USUAL_DEADLINE_MS) / 1000


@dataclass(frozen=True)
class Piece:
    """A part of an answer as it comes; what a provider does not tell is empty or 0."""

    text: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0


@dataclass(frozen=True)
class Outcome:
    """What ``Finished`` tells of a request beside ``ok``, ``cancelled`` or ``error``."""

    text: Str = ""
    """The answer, or what there was of it."""
    error: Str = ""
    model: Str = ""
    provider: Str = ""
    """Who was asked; empty with an error when there is nobody to ask."""
    tokens_in: U32 = 0
    tokens_out: U32 = 0
    first_token_ms: Double = 0.0
    total_ms: Double = 0.0


@dataclass(frozen=True)
class Manner:
    """How one of the two workers answers when the caller does not say otherwise."""

    system: str
    max_tokens: int


MANNERS = {
    "primary": Manner(
        "You are Senter, a helpful personal assistant. Be concise and friendly."
        " If you do not know something, say so.",
        500,
    ),
    "research": Manner(
        "You are the research assistant of Senter. Gather information, analyse it and summarise it."
        " Be thorough but concise, keep to facts, and name the source of each."
        " If the material does not answer the question, say so.",
        2000,
    ),
}


def messages_of(rows: Sequence[dict[str, Any]]) -> list[Message]:
    """The conversation that a caller sent. Raises InvalidArgument when it is none, or too long."""
    if not rows:
        raise InvalidArgument("messages must have at least one message")
    messages = [_message(number, row) for number, row in enumerate(rows, start=1)]
    if sum(len(message.content) for message in messages) > LONGEST_QUESTION:
        raise InvalidArgument(f"messages must not be longer than {LONGEST_QUESTION:,} characters together")
    return messages


def check_id(request_id: str) -> None:
    """Raise InvalidArgument for a request id that is empty or too long."""
    if not 0 < len(request_id) <= LONGEST_ID:
        raise InvalidArgument(f"request_id must have 1 to {LONGEST_ID} characters")


def check_options(options: GenerateOptions) -> None:
    """Raise InvalidArgument for a temperature that is none or a schema that is not a JSON object."""
    if not 0 <= options.temperature <= HOTTEST:
        raise InvalidArgument(f'option "temperature" must be 0 to {HOTTEST:g}, not {options.temperature:g}')
    if options.json_schema and not isinstance(parsed(options.json_schema), dict):
        raise InvalidArgument('option "json_schema" must be a JSON object')


def require_ok(word: str, outcome: Outcome) -> None:
    """Raise what became of a request that has no answer: NoModel, ModelFailed, or Unavailable when cancelled."""
    if word == CANCELLED:
        raise Unavailable("the request was cancelled before there was an answer")
    if word != OK:
        raise (ModelFailed if outcome.provider else NoModel)(outcome.error)


def parsed(text: str) -> Any:
    """The value of a JSON text; None for a text that is no JSON, or is ``null``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def in_manner(messages: list[Message], manner: Manner) -> list[Message]:
    """The messages, with the worker's own instruction before them unless they bring one."""
    if any(message.role == SYSTEM for message in messages):
        return messages
    return [Message(SYSTEM, manner.system), *messages]


def _message(number: int, row: dict[str, Any]) -> Message:
    role, content = row.get("role"), row.get("content")
    if set(row) != {"role", "content"} or not isinstance(content, str):
        raise InvalidArgument(f"message {number} must have a role and a content, both texts, and nothing else")
    if role not in ROLES:
        raise InvalidArgument(f"the role of message {number} must be one of {', '.join(ROLES)}, not {role!r:.40}")
    return Message(str(role), content)
