"""One request while it is being worked on."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from senter.models.deltas import Deltas
from senter.models.providers.lanes import Turn
from senter.models.providers.provider import Provider
from senter.models.request import (
    INTERACTIVE,
    LONGEST_ANSWER,
    SYSTEM,
    GenerateOptions,
    Message,
    Outcome,
    Piece,
    ToolCall,
    ToolPart,
)

LONGEST_NAME = 200

Ended = Callable[[str, Outcome], object]


@dataclass
class Job:
    """One request that is being worked on; its options are complete."""

    caller: str
    id: str
    messages: list[Message]
    options: GenerateOptions
    deltas: Deltas
    ended: Ended
    begun: float = field(default_factory=time.monotonic)
    first_token_ms: float = 0.0
    began: bool = False
    """Whether the provider that is asked has sent anything of an answer."""
    thought: int = 0
    """How many tokens it has thought aloud, which are no part of the answer."""
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    cut: bool = False
    asked: Provider | None = None
    first_word: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    """How long the provider that is asked may take to begin."""
    model: str = ""
    provider: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    retries: int = 0
    tools: dict[int, ToolCall] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.turn = Turn(self.options.lane)

    def milliseconds(self) -> float:
        """The time since the request came in."""
        return (time.monotonic() - self.begun) * 1000

    @property
    def text(self) -> str:
        """What there is of the answer."""
        return "".join(self.pieces)

    def seconds_left(self) -> float:
        """The time until its deadline."""
        return self.begun + self.options.seconds - time.monotonic()

    @property
    def full(self) -> bool:
        """Whether the answer is as long as an answer may be."""
        return self.length >= LONGEST_ANSWER

    @property
    def passed_on(self) -> bool:
        """Whether the caller was told a part of the answer, which cannot be taken back."""
        return self._streams and bool(self.pieces)

    def only_reads(self) -> None:
        """Note that it takes its texts as they are and answers none: it is turned into vectors."""
        self.messages = [message for message in self.messages if message.role != SYSTEM]
        self.options = replace(self.options, max_tokens=0)

    def begin(self, provider: Provider) -> None:
        """Ask somebody, or the same one anew: what there was of an answer that nobody was told is forgotten."""
        self.asked, self.provider, self.model = provider, provider.name, provider.model
        self.pieces, self.length, self.cut = [], 0, False
        self.began, self.thought, self.first_token_ms = False, 0, 0.0
        self.tools = {}
        self.tokens_in = self.tokens_out = 0
        self.cost = 0.0

    def take(self, piece: Piece) -> None:
        """Keep a piece of the answer, up to the longest answer; pass it on to whoever waits for it."""
        self.began = True
        self.thought += piece.thought
        room = LONGEST_ANSWER - self.length
        data = piece.text.encode(errors="replace")
        text = piece.text if len(data) <= room else data[:room].decode(errors="ignore")
        self.length += min(len(data), room)
        self.cut = self.cut or piece.cut or len(data) > room
        if text:
            self.first_token_ms = self.first_token_ms or self.milliseconds()
            self.pieces.append(text)
            if self._streams:
                self.deltas.add(text)
        for part in piece.tools:
            self._take_part(part)
        self.model = piece.model or self.model
        self.tokens_in = piece.tokens_in or self.tokens_in
        self.tokens_out = piece.tokens_out or self.tokens_out
        self.cost = piece.cost or self.cost

    def outcome(self, error: Exception | None = None) -> Outcome:
        """What there is to tell of it."""
        if not self._streams and self.pieces:
            self.deltas.add(self.text)
        self.deltas.flush()
        return Outcome(
            text=self.text,
            error=str(error or ""),
            failure=type(error).__name__ if error else "",
            model=self.model,
            provider=self.provider,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            first_token_ms=self.first_token_ms,
            total_ms=self.milliseconds(),
            cut=self.cut,
            tool_calls=list(self.tools.values()),
        )

    def texts(self) -> Sequence[str]:
        """All that is sent for it."""
        return [message.content for message in self.messages] + [self.options.json_schema, self.options.tools]

    @property
    def _streams(self) -> bool:
        """Whether the answer is told as it comes. In the background it may have to begin anew, so it is not."""
        return self.options.lane == INTERACTIVE

    def _take_part(self, part: ToolPart) -> None:
        before = self.tools.get(part.index, ToolCall("", ""))
        room = max(0, LONGEST_ANSWER - self.length)
        self.length += len(part.arguments.encode(errors="replace"))
        arguments = before.arguments + part.arguments[:room]
        self.tools[part.index] = ToolCall((before.name + part.name)[:LONGEST_NAME], arguments)
