"""What learning learns from: one thing that the user, or Senter for the user, said or did."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from senter.bus.names import PREFIX
from senter.bus.signatures import Byte, Options, Str, Time, options
from senter.errors import InvalidArgument

QUERY, VOICE, FEEDBACK = "user_query", "user_voice", "user_feedback"
RESPONSE = "response"
GOAL_CREATED, GOAL_COMPLETED, GOAL_FAILED, GOAL_CANCELLED = (
    *("goal_created", "goal_completed", "goal_failed"),
    "goal_cancelled",
)
BY_USER = "user_"
"""How the types of those events begin that show that the user is there."""

LONGEST_TYPE, LONGEST_KEY = 64, 200
LONGEST_METADATA = 16_384
LONGEST_SAID, MOST_BREAKS = 500, 3
LATEST = 9_214_646_400_000_000

_TYPE = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Event:
    """One event as it is told to learning."""

    type: str
    content: str
    metadata: dict[str, Any] = field(default_factory=dict)
    time: int = 0
    """Microseconds since the epoch; 0 for now."""
    key: str = ""
    """An event with a key that was recorded before is not recorded again."""

    @property
    def request(self) -> str:
        """The id of the question that it belongs to; empty for none."""
        return str(self.metadata.get("request_id", ""))


@dataclass(frozen=True)
class Recorded:
    """One event as it is kept."""

    id: Str
    type: Str
    content: Str
    time: Time
    hour: Byte
    """Of the local time at which it was, 0 to 23."""
    day: Byte
    """Of the week, from Monday, 0, to Sunday, 6."""
    session: Str = ""
    """The id of the session that it belongs to."""
    metadata: Options = field(default_factory=dict)


@dataclass(frozen=True)
class EventOptions:
    """What is taken from the metadata of ``Record``."""

    key: Str = ""
    timestamp: Time = 0


@dataclass(frozen=True)
class EventRow(EventOptions):
    """One event of ``RecordMany``."""

    type: Str = ""
    content: Str = ""
    metadata: Options = field(default_factory=dict)


def event_from(event_type: str, content: str, metadata: dict[str, Any]) -> Event:
    """An event of which the key and the time stand in its metadata. Raises InvalidArgument."""
    named = {name: value for name, value in metadata.items() if name in ("key", "timestamp")}
    chosen = options(EventOptions, named)
    rest = {name: value for name, value in metadata.items() if name not in named}
    return Event(event_type, content, rest, chosen.timestamp, chosen.key)


def events_from(rows: Iterable[dict[str, Any]]) -> list[Event]:
    """Events as rows of ``RecordMany``. Raises InvalidArgument."""
    chosen = [options(EventRow, row) for row in rows]
    return [Event(row.type, row.content, row.metadata, row.timestamp, row.key) for row in chosen]


def checked(event: Event) -> Event:
    """The event, if it is one. Raises InvalidArgument that names what is wrong."""
    if len(event.type) > LONGEST_TYPE or not _TYPE.fullmatch(event.type):
        raise InvalidArgument("type must be a word of small letters, digits and underscores, such as user_query")
    if not 0 <= event.time <= LATEST:
        raise InvalidArgument("timestamp must be microseconds since 1970, before the year 2262")
    if len(event.key) > LONGEST_KEY:
        raise InvalidArgument(f"key must not be longer than {LONGEST_KEY} characters")
    for name, value in event.metadata.items():
        if not isinstance(value, str | bool | int | float):
            raise InvalidArgument(f"metadata {name!r:.40} must be a text, a number, or true or false")
        if isinstance(value, float) and not math.isfinite(value):
            raise InvalidArgument(f"metadata {name!r:.40} must be a number, not {value}")
    if sum(len(name) + len(str(value)) for name, value in event.metadata.items()) > LONGEST_METADATA:
        raise InvalidArgument(f"metadata must not be longer than {LONGEST_METADATA:,} characters together")
    return event


def is_presence(event_type: str, metadata: dict[str, Any]) -> bool:
    """Whether an event shows that the user was there when it happened."""
    return event_type.startswith(BY_USER) or (event_type == GOAL_CREATED and is_users_own(metadata))


def is_users_own(metadata: dict[str, Any]) -> bool:
    """Whether a goal was taken on for the user directly, and not by another part of Senter."""
    return not str(metadata.get("origin", "")).startswith(f"{PREFIX}.")


def words_of_user(event_type: str, content: str, metadata: dict[str, Any]) -> str:
    """What the user said in an event; empty when somebody else did, or it only judges an answer.

    What is longer than people speak is taken to be pasted: it may be anybody's.
    """
    said = event_type.startswith(BY_USER) and event_type != FEEDBACK
    is_own = said or (event_type == GOAL_CREATED and is_users_own(metadata))
    return content if is_own and len(content) <= LONGEST_SAID and content.count("\n") <= MOST_BREAKS else ""


def local(time: int) -> datetime:
    """A time (µs since the epoch) as clocks showed it then, in the zone in which the user is now."""
    return datetime.fromtimestamp(time / 1_000_000, UTC).astimezone()


def sound(text: str) -> str:
    """The text without what is no character (lone surrogates), which no file can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
