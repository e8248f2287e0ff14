"""The profile of the user as a prompt gets it: only what is sure enough, the weakest first to go. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from senter.learning.preferences.belief import Preference
from senter.learning.preferences.style import (
    BRIEF,
    CASUAL,
    DETAILED,
    FORMAL,
    FORMALITY,
    HIGH,
    LENGTH,
    LEVEL,
    LOW,
    STYLE,
)
from senter.wording import one_line, shortened

HEADING = "What is known of the user:"
MOST_TOPICS = 8
FEWEST_MENTIONS = 1.5
"""The weight from which on a topic is an interest, and not something that came up once."""
LONGEST_SETTING = 80

_STYLE = {
    (LENGTH, BRIEF): "Wants brief answers: the point first, no padding.",
    (LENGTH, DETAILED): "Wants detailed answers.",
    (FORMALITY, FORMAL): "Prefers a formal tone.",
    (FORMALITY, CASUAL): "Prefers a casual tone.",
    (LEVEL, HIGH): "Is technically versed: give technical depth, skip the basics.",
    (LEVEL, LOW): "Prefers simple words without jargon.",
}


class Interest(NamedTuple):
    """A topic, and its weight now."""

    topic: str
    weight: float


class _Fact(NamedTuple):
    strength: float
    sentence: str
    topic: str = ""


def insight(preference: Preference) -> str:
    """A preference in a sentence."""
    if preference.type == STYLE and (preference.key, preference.value) in _STYLE:
        return _STYLE[preference.key, preference.value]
    name = f"{preference.type} {preference.key}".replace("_", " ")
    return f"Prefers for {shortened(one_line(name), LONGEST_SETTING)}: {one_line(preference.value)}."


def profile_text(
    preferences: Sequence[Preference], interests: Sequence[Interest], peaks: Sequence[int], max_chars: int
) -> str:
    """The profile in lines; empty when nothing is sure enough, or nothing of it has room.

    ``peaks`` are the hours of the day in which the user is mostly there; none while that is not known.
    """
    facts = [_Fact(preference.confidence, insight(preference)) for preference in preferences if preference.counts]
    heaviest = max((interest.weight for interest in interests), default=0.0)
    facts += [
        _Fact(0.8 * interest.weight / heaviest, "", interest.topic)
        for interest in interests[:MOST_TOPICS]
        if interest.weight >= FEWEST_MENTIONS
    ]
    if peaks:
        facts.append(_Fact(0.5, f"Is mostly there at these hours: {', '.join(f'{hour}:00' for hour in peaks)}."))
    facts.sort(key=lambda fact: -fact.strength)
    while facts and len(_text(facts)) > max_chars:
        facts.pop()
    return _text(facts) if facts else ""


def _text(facts: Sequence[_Fact]) -> str:
    lines = [fact.sentence for fact in facts if not fact.topic]
    topics = [fact.topic for fact in facts if fact.topic]
    lines += [f"Often asks about: {', '.join(topics)}."] if topics else []
    return "\n".join([HEADING, *(f"- {line}" for line in lines)])
