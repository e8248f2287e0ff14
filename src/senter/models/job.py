"""One request while it is being worked on."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from senter.models.deltas import Deltas
from senter.models.request import LONGEST_ANSWER, GenerateOptions, Message, Outcome, Piece

Ended = Callable[[str, Outcome], object]


@dataclass
class Job:
    """One request that is being worked on."""

    caller: str
    id: str
    messages: list[Message]
    options: GenerateOptions
    deltas: Deltas
    ended: Ended
    begun: float = field(default_factory=time.monotonic)
    first_token_ms: float = 0.0
    pieces: list[str] = field(default_factory=list)
    length: int = 0
    model: str = ""
    provider: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def milliseconds(self) -> float:
        """The time since the request came in."""
        return (time.monotonic() - self.begun) * 1000

    @property
    def full(self) -> bool:
        """Whether the answer is as long as an answer may be."""
        return self.length >= LONGEST_ANSWER

    def take(self, piece: Piece) -> None:
        """Keep a piece of the answer, up to the longest answer, and pass it on."""
        text = piece.text[: LONGEST_ANSWER - self.length]
        if text:
            self.first_token_ms = self.first_token_ms or self.milliseconds()
            self.length += len(text)
            self.pieces.append(text)
            self.deltas.add(text)
        self.model = piece.model or self.model
        self.tokens_in = piece.tokens_in or self.tokens_in
        self.tokens_out = piece.tokens_out or self.tokens_out

    def outcome(self, error: str = "") -> Outcome:
        """What there is to tell of it."""
        return Outcome(
            text="".join(self.pieces),
            error=error,
            model=self.model,
            provider=self.provider,
            tokens_in=self.tokens_in,
            tokens_out=self.tokens_out,
            first_token_ms=self.first_token_ms,
            total_ms=self.milliseconds(),
        )
