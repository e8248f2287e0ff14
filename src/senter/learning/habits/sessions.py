"""A session: a time in which the user was there without a gap of 30 minutes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from senter.bus.signatures import U32, Double, Options, Str, Strings, Time
from senter.learning.event import FEEDBACK, words_of_user

GAP = 30 * 60 * 1_000_000
"""Microseconds."""
MOST_SAID = 1000
"""So many events of a session are looked at."""
MANY_QUESTIONS = 10
LONG_SECONDS = 1800.0

Pairs = Annotated[dict[str, str], "a{sv}"]


class Said(NamedTuple):
    """What a session knows of one of its events."""

    type: str
    content: str
    time: int
    metadata: Options


class Sat(NamedTuple):
    """A session as it is kept: when it was (µs since the epoch), how many events it has, and the first of them."""

    id: str
    began: int
    ended: int
    number: int
    events: Sequence[Said]


@dataclass(frozen=True)
class Session:
    """What happened in one session, and how much the user took part."""

    id: Str
    began: Time
    ended: Time
    events: U32
    seconds: Double
    topics: Strings
    """What it was about, most often mentioned first."""
    style: Pairs
    """How the user spoke: ``response_length``, ``formality``, ``technical_level``."""
    engagement: Double
    """From 0 to 1."""


def engagement(events: Sequence[Said]) -> float:
    """How much the user took part, from 0 to 1: questions, length, and feedback, as the blueprint weighs them.

    Ten questions or half an hour are the most that count. Without feedback that part is half of what it can be;
    each good word adds 0.2 to it, each bad one takes 0.1.
    """
    if not events:
        return 0.0
    questions = sum(bool(words_of_user(event.type, event.content, event.metadata)) for event in events)
    seconds = (events[-1].time - events[0].time) / 1_000_000
    lasted = min(1.0, seconds / LONG_SECONDS) if len(events) > 1 else 0.1
    liked = _liked(bool(event.metadata.get("positive")) for event in events if event.type == FEEDBACK)
    return min(1.0, questions / MANY_QUESTIONS) * 0.4 + lasted * 0.3 + liked * 0.3


def _liked(judgements: Iterable[bool]) -> float:
    score = 0.5
    for good in judgements:
        score = min(1.0, score + 0.2) if good else max(0.0, score - 0.1)
    return score
