"""What was done for one goal, or while the user was there or away, in one line."""

from dataclasses import dataclass

from senter.bus.signatures import U32, Str, Time
from senter.errors import InvalidArgument

GOAL, SESSION = "goal", "session"
KINDS = (GOAL, SESSION)

HERE, GONE = "here", "away"


@dataclass(frozen=True)
class Summary:
    """The activities of one goal, or of one time in which the user was there or away."""

    id: Str
    """The goal's id; of a session, when it began (µs)."""
    title: Str
    """The goal as people call it; of a session ``here`` or ``away``."""
    text: Str
    """``9 tasks completed, 1 failed``."""
    began: Time
    ended: Time
    """The last activity for a goal; the end of a session, or now."""
    activities: U32


def check_kind(kind: str) -> None:
    """Raise InvalidArgument for a word that is no kind of summary."""
    if kind not in KINDS:
        raise InvalidArgument(f"kind must be {' or '.join(KINDS)}, not {kind!r}")
