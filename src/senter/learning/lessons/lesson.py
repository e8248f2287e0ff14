"""What one event teaches: that the user was there, what it was about, how to answer, how a goal ended. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from senter.learning.event import FEEDBACK, is_presence, words_of_user
from senter.learning.habits.goals import OUTCOMES, Ended
from senter.learning.preferences.style import Sign, signs_in, signs_of_feedback


class Read(NamedTuple):
    """One event as it is read to be learned from."""

    id: int
    time: int
    day: int
    hour: int
    type: str
    content: str
    answer: str
    """The answer that feedback is about; empty when it is not known."""
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Lesson:
    """What an event teaches; times are microseconds since the epoch, the day and the hour are local."""

    event: int
    time: int
    day: int
    hour: int
    is_present: bool
    topics: Sequence[str] = ()
    signs: Sequence[Sign] = ()
    goal: Ended | None = None


def lesson_of(event: Read, phrases: Callable[[str], list[str]]) -> Lesson:
    """What an event teaches; ``phrases`` gives the key phrases of a text."""
    said = words_of_user(event.type, event.content, event.metadata)
    if event.type == FEEDBACK:
        signs = signs_of_feedback(bool(event.metadata.get("positive")), event.content, event.answer)
    else:
        signs = signs_in(said)
    return Lesson(
        *(event.id, event.time, event.day, event.hour),
        is_presence(event.type, event.metadata),
        phrases(said) if said else (),
        signs,
        _ended(event),
    )


def _ended(event: Read) -> Ended | None:
    outcome = OUTCOMES.get(event.type)
    if outcome is None:
        return None
    seconds = event.metadata.get("seconds", 0.0)
    known = float(seconds) if isinstance(seconds, int | float) and not isinstance(seconds, bool) else 0.0
    goal = str(event.metadata.get("goal", ""))
    return Ended(goal, str(event.metadata.get("kind") or "other"), outcome, max(0.0, known))
