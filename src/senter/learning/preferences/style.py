"""How somebody wants to be answered, told by what they say and by what they say of answers. Pure."""

import re
from typing import NamedTuple

STYLE = "style"
LENGTH, FORMALITY, LEVEL = "response_length", "formality", "technical_level"
BRIEF, DETAILED = "brief", "detailed"
FORMAL, CASUAL = "formal", "casual"
HIGH, LOW = "high", "low"

VALUES = {LENGTH: (BRIEF, DETAILED), FORMALITY: (FORMAL, CASUAL), LEVEL: (HIGH, LOW)}
"""What each preference of style may be."""

IN_PASSING, JUDGED, SAID_SO = 1.0, 1.0, 3.0
"""How much a word in a question counts, a judgement of an answer, and a word that says what was wrong with it."""

BRIEF_WORDS, DETAILED_WORDS = 60, 250
"""An answer of so many words at most is brief; of so many at least it is detailed."""

LONGEST_LOOKED_AT = 4000


class Sign(NamedTuple):
    """Something that speaks for a value of a preference, or with a weight below 0 against it."""

    type: str
    key: str
    value: str
    weight: float


def _words(*words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE)


_LOW = _words(
    *("explain like", "like i(?:'|\u2019)?m five", "eli5", "simple", "simply", "basics?", "beginners?"),
    *("in plain (?:words|english)", "layman(?:'s|\u2019s)? terms", "non-technical"),
)
_IN_QUESTIONS = (
    (
        LENGTH,
        BRIEF,
        _words("brief", "briefly", "short", "shortly", "tl;?dr", "in a nutshell", "summari[sz]e", "concise"),
    ),
    (
        LENGTH,
        DETAILED,
        _words("details?", "detailed", "explain(?! like)", "elaborate", "expand", "in depth", "thorough"),
    ),
    (FORMALITY, FORMAL, _words("please", "could you", "would you")),
    (FORMALITY, CASUAL, _words("hey", "yo", "gimme", "wanna", "gonna")),
    (LEVEL, LOW, _LOW),
    (
        LEVEL,
        HIGH,
        _words(
            *("code", "functions?", "apis?", "debug", "implement", "implementation", "compiler?", "syscalls?"),
            *("stack ?trace", "regex", "algorithms?", "complexity", "source", "internals", "benchmarks?"),
        ),
    ),
    (LEVEL, HIGH, re.compile(r"`[^`]+`|\b[a-z]+_[a-z_]+\b|\b[a-z]+[A-Z]\w*\(|\w+\(\)|[{};]\s*$", re.MULTILINE)),
)
_IN_FEEDBACK = (
    (LENGTH, BRIEF, _words("too long", "shorter", "too much", "verbose", "wordy", "brief", "briefer")),
    (LENGTH, DETAILED, _words("too short", "longer", "more details?", "too little", "elaborate", "in depth")),
    (FORMALITY, FORMAL, _words("too casual", "more formal", "more polite")),
    (FORMALITY, CASUAL, _words("too formal", "stiff", "more casual", "looser")),
    (LEVEL, LOW, _words("too technical", "simpler", "jargon", "too complicated", "plain words")),
    (
        LEVEL,
        HIGH,
        _words("too simple", "more technical", "technical depth", "dumbed down", "shallow", "superficial"),
    ),
)


def signs_in(text: str) -> list[Sign]:
    """What a question says about how to answer it, at most one value for each preference."""
    return _found(text, _IN_QUESTIONS, IN_PASSING)


def signs_of_feedback(good: bool, note: str, answer: str) -> list[Sign]:
    """What a judgement of an answer says: its words, and the length of the answer that was good or bad.

    What the words say of a preference is all that counts for it.
    """
    said = _found(note, _IN_FEEDBACK, SAID_SO)
    length = length_of(answer)
    if length and not any(sign.key == LENGTH for sign in said):
        said.append(Sign(STYLE, LENGTH, length, JUDGED if good else -JUDGED))
    return said


def length_of(answer: str) -> str:
    """``brief`` or ``detailed``; empty for an answer that is neither, or is not known."""
    words = len(answer.split())
    if not words or BRIEF_WORDS < words < DETAILED_WORDS:
        return ""
    return BRIEF if words <= BRIEF_WORDS else DETAILED


def _found(text: str, patterns: tuple[tuple[str, str, re.Pattern[str]], ...], weight: float) -> list[Sign]:
    found: dict[str, Sign] = {}
    for key, value, pattern in patterns:
        if key not in found and pattern.search(text[:LONGEST_LOOKED_AT]):
            found[key] = Sign(STYLE, key, value, weight)
    return list(found.values())
