"""What a language model is asked, and what became of it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NamedTuple, NoReturn

from senter.bus.signatures import U32, Bool, Double, Str
from senter.errors import (
    BudgetSpent,
    ConfigurationError,
    Internal,
    InvalidArgument,
    ModelFailed,
    NoModel,
    Unavailable,
)
from senter.settings import ModelSettings

SYSTEM, USER, ASSISTANT = "system", "user", "assistant"
ROLES = (SYSTEM, USER, ASSISTANT)

OK, CANCELLED, ERROR = "ok", "cancelled", "error"

SETUP = "see: senter setup"
"""What every sentence about a missing model ends with."""

INTERACTIVE, BACKGROUND = "interactive", "background"
LANES = (INTERACTIVE, BACKGROUND)

USUAL = -1.0
"""Stands for the temperature that is usual for the worker."""
LONGEST_ID = 128
LONGEST_QUESTION = 1_000_000
"""Characters of all messages together."""
LONGEST_ANSWER = 256 * 1024
"""Bytes of UTF-8; what is longer is cut."""
LONGEST_ACCOUNT = 64
MOST_TOOLS = 64
MOST_TEXTS = 64
"""That are turned into vectors at once."""
HOTTEST = 2.0
LARGEST_COUNT = 2**32 - 1
LARGEST_ANSWER_TOKENS = 65_536
"""More than this is cut by LONGEST_ANSWER anyway."""
LONGEST_DEADLINE_MS = 24 * 3600 * 1000

_FAILURES = {kind.__name__: kind for kind in (BudgetSpent, Internal, ModelFailed, NoModel, Unavailable)}


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
    """How long the answer may be, up to LARGEST_ANSWER_TOKENS; 0 stands for what is usual for the worker."""
    temperature: Double = USUAL
    """0 to 2; USUAL stands for what is usual for the worker."""
    json_schema: Str = ""
    """A JSON schema that the answer has to follow; empty for plain text."""
    tools: Str = ""
    """A JSON list of tools that the model may call, as the OpenAI protocol has them; empty for none."""
    deadline_ms: U32 = 0
    """When the request is given up, waiting included, at the latest after LONGEST_DEADLINE_MS; 0 stands for what is
    usual for the worker."""
    lane: Str = ""
    """``interactive`` or ``background``; empty for what is usual for the worker."""
    account: Str = ""
    """The id of the goal whose budget pays; empty for none."""

    @property
    def seconds(self) -> float:
        """The deadline in seconds, once it is set."""
        return self.deadline_ms / 1000


class ToolCall(NamedTuple):
    """A tool that the model wants called: its name, and the arguments as the model wrote them (JSON, mostly)."""

    name: str
    arguments: str


ToolCalls = Annotated[list[ToolCall], "a(ss)"]


@dataclass(frozen=True)
class ToolPart:
    """A part of a tool call as it comes: which call, and what is to be appended to its name and arguments."""

    index: int
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Piece:
    """A part of an answer as it comes; what a provider does not tell is empty or 0."""

    text: str = ""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    cut: bool = False
    """Whether the answer ends here because it may not be longer."""
    tools: tuple[ToolPart, ...] = ()
    thought: int = 0
    """How many tokens of thinking aloud it stands for, estimated; they are no part of the answer."""

    @property
    def empty(self) -> bool:
        """Whether it tells nothing but the name of the model."""
        told = self.text or self.thought or self.tools or self.cut
        return not (told or self.tokens_in or self.tokens_out or self.cost)


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
    cut: Bool = False
    """Whether the answer would have gone on, but was as long as it may be."""
    tool_calls: ToolCalls = field(default_factory=list)
    failure: Str = ""
    """With an error: its name without prefix, such as ``NoModel``."""


@dataclass(frozen=True)
class Manner:
    """How one of the two workers answers when the caller does not say otherwise."""

    system: str
    max_tokens: int
    lane: str
    deadline_ms: int
    temperature: float = 0.7


MANNERS = {
    "primary": Manner(
        "You are Senter, a helpful personal assistant. Be concise and friendly."
        " If you do not know something, say so.",
        500,
        INTERACTIVE,
        120_000,
    ),
    "research": Manner(
        "You are the research assistant of Senter. Gather information, analyse it and summarise it."
        " Be thorough but concise, keep to facts, and name the source of each."
        " If the material does not answer the question, say so.",
        2000,
        BACKGROUND,
        600_000,
    ),
}


def manner_of(worker: str, settings: ModelSettings, place: str) -> Manner:
    """The manner of a worker, as ``config.toml`` changes it; ``place`` says where that was read.

    Raises ConfigurationError for a value that cannot be meant.
    """
    if not 0 <= settings.temperature <= HOTTEST:
        raise ConfigurationError(f"{place} temperature must be 0 to {HOTTEST:g}, not {settings.temperature:g}")
    if not 0 <= settings.max_tokens <= LARGEST_ANSWER_TOKENS:
        told = f"must be 0 to {LARGEST_ANSWER_TOKENS:,}, not {settings.max_tokens:,}"
        raise ConfigurationError(f"{place} max_tokens {told}")
    usual = MANNERS[worker]
    return replace(
        usual,
        system=settings.system_prompt or usual.system,
        max_tokens=settings.max_tokens or usual.max_tokens,
        temperature=settings.temperature,
    )


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
    """Raise InvalidArgument, naming the option, for a value that cannot be meant."""
    if options.temperature != USUAL and not 0 <= options.temperature <= HOTTEST:
        raise InvalidArgument(f'option "temperature" must be 0 to {HOTTEST:g}, not {options.temperature:g}')
    schema, tools = parsed(options.json_schema), parsed(options.tools)
    if options.json_schema and not isinstance(schema, dict):
        raise InvalidArgument('option "json_schema" must be a JSON object')
    if options.tools and not _are_tools(tools):
        raise InvalidArgument(
            f'option "tools" must be a JSON list of at most {MOST_TOOLS} objects with a "function"'
        )
    for name, value in (("json_schema", schema), ("tools", tools)):
        if not _can_be_sent(value):
            raise InvalidArgument(f'option "{name}" must be without lone surrogates and infinite numbers')
    if options.lane and options.lane not in LANES:
        raise InvalidArgument(f'option "lane" must be one of {", ".join(LANES)}, not {options.lane!r:.40}')
    if len(options.account) > LONGEST_ACCOUNT or not options.account.isprintable():
        raise InvalidArgument(f'option "account" must be at most {LONGEST_ACCOUNT} printable characters')


def check_texts(texts: Sequence[str]) -> None:
    """Raise InvalidArgument for texts that are none, too many, or empty."""
    if not 0 < len(texts) <= MOST_TEXTS or not all(text.strip() for text in texts):
        raise InvalidArgument(f"texts must be 1 to {MOST_TEXTS} texts that are not empty")


def require_ok(word: str, outcome: Outcome) -> None:
    """Raise what became of a request that has no answer; Unavailable when it was cancelled."""
    if word == CANCELLED:
        raise Unavailable("the request was cancelled before there was an answer")
    if word != OK:
        raise _FAILURES.get(outcome.failure, ModelFailed)(outcome.error)


def parsed(text: str) -> Any:
    """The value of a JSON text; None for a text that is no JSON, such as one with ``NaN``, or is ``null``."""
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None


def with_usual(options: GenerateOptions, manner: Manner) -> GenerateOptions:
    """The options, with what the caller left open filled in, and no more of anything than there can be."""
    return replace(
        options,
        max_tokens=min(options.max_tokens or manner.max_tokens, LARGEST_ANSWER_TOKENS),
        temperature=manner.temperature if options.temperature == USUAL else options.temperature,
        deadline_ms=min(options.deadline_ms or manner.deadline_ms, LONGEST_DEADLINE_MS),
        lane=options.lane or manner.lane,
    )


def in_manner(messages: list[Message], manner: Manner) -> list[Message]:
    """The messages, with the worker's own instruction before them unless they bring one."""
    if any(message.role == SYSTEM for message in messages):
        return messages
    return [Message(SYSTEM, manner.system), *messages]


def _refuse(constant: str) -> NoReturn:
    """Python takes NaN and Infinity for JSON, which nobody else does (RFC 8259, section 6)."""
    raise ValueError(constant)


def _can_be_sent(value: Any) -> bool:
    """Whether a value that was JSON can be written as JSON in UTF-8: 1e999 and half a character cannot."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        return False
    return True


def _are_tools(tools: Any) -> bool:
    if not isinstance(tools, list) or not 0 < len(tools) <= MOST_TOOLS:
        return False
    return all(isinstance(tool, dict) and isinstance(tool.get("function"), dict) for tool in tools)


def _message(number: int, row: dict[str, Any]) -> Message:
    role, content = row.get("role"), row.get("content")
    if set(row) != {"role", "content"} or not isinstance(content, str):
        raise InvalidArgument(f"message {number} must have a role and a content, both texts, and nothing else")
    if role not in ROLES:
        raise InvalidArgument(f"the role of message {number} must be one of {', '.join(ROLES)}, not {role!r:.40}")
    return Message(str(role), content)
