"""What is read of a document: text in short pieces, and why there is none. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from senter.wording import one_line

LARGEST = 20_000_000
"""Bytes of a document, packed and unpacked."""
MOST_UNPACKED = 2 * LARGEST
"""Bytes of all documents of an archive together, with what is passed over on the way to them."""
MOST_MEMBERS = 100
"""Documents that are read of one archive."""
MOST_PAGES = 200
LONGEST_PASSAGE = 900
LONGEST_NAME = 120
SHORT = 200
"""Characters below which a passage takes in what follows, be it under a new heading."""

REASONS = {
    "text": "is not text",
    "large": f"is larger than {LARGEST // 1_000_000} MB",
    "large_unpacked": f"is larger than {LARGEST // 1_000_000} MB when unpacked",
    "pack": "cannot be unpacked",
    "empty": "has no documents in it",
    "nested": "is an archive in an archive",
    "office": "is an office document or a program",
    "locked": "is protected by a password",
    "cipher": "is encrypted in a way that cannot be read",
    "pdf": "is a PDF that cannot be read",
    "scan": "is a PDF without text, perhaps a scan",
    "page": "is a page that cannot be read",
    "mail": "is a mail that cannot be read",
    "calendar": "is a calendar that cannot be read",
    "memory": "needs more memory than the reading of a document may take",
    "time": "takes too long to read",
    "broken": "cannot be read: it breaks its reader",
    "open": "cannot be read safely here: the reader of documents cannot be shut off; see: senter status",
}
"""Everything that can be said of a document that is not read, by the word it is known by.

A process that reads a document answers such a word, never a sentence, which the document could have written.
"""

CUTS = {
    "bytes": f"has more than {MOST_UNPACKED // 1_000_000} MB when unpacked",
    "members": f"has more than {MOST_MEMBERS} documents",
    "pages": f"has more than {MOST_PAGES} pages",
    "slow": "takes long to read",
}
"""Why the rest of a document is not read, in the same way."""

MISSING = {
    "skipped": ("1 entry in {name} cannot be read", "{count:,} entries in {name} cannot be read"),
    "cut": (
        "1 event in {name} is not told: there are too many",
        "{count:,} events in {name} are not told: there are too many",
    ),
    "zones": (
        "1 time zone in {name} cannot be read: the times in it are told as local ones",
        "{count:,} time zones in {name} cannot be read: the times in them are told as local ones",
    ),
}
"""What is missing of a calendar, in the same way: of one, and of several."""

UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u180e\u200b\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e0fff\u034f\u115f\u1160\u2800\u3164\uffa0\ufe00-\ufe0f]"
)
"""What acts instead of being seen, hides text from people that a model reads (the tags at U+E0000), or is a letter
that looks like nothing."""
_BREAKS = re.compile(r"[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What Python takes for the end of a line and others do not."""
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+|[。\uff01\uff1f]")
_SPACE = re.compile(r"\s+")
_NEW_PART = re.compile(r"\s{0,3}#{1,6}\s")


@dataclass(frozen=True)
class Text:
    """A document as text."""

    title: str
    """What it calls itself, on one line, or nothing."""
    passages: tuple[tuple[str, str], ...]
    """In order: the place ("line 12", "page 3", "inner/name.txt, line 3", or nothing) and the text."""
    notes: tuple[str, ...] = ()
    """One sentence each about what of it was not read, and why."""


@dataclass(frozen=True)
class Event:
    """Something in a calendar."""

    start: str
    """ISO 8601, local time with the offset from UTC; the date alone when it is all day."""
    end: str
    all_day: bool
    summary: str
    location: str


@dataclass(frozen=True)
class Calendar:
    """What is in a calendar between two times."""

    events: tuple[Event, ...]
    """In order."""
    notes: tuple[str, ...] = ()
    """One sentence each about what of it is missing, and why."""


@dataclass
class Found:
    """What is read of a document, as far as that has come."""

    title: str = ""
    passages: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    """A document inside of this one, or nothing for this one itself, and a word of ``REASONS`` or ``CUTS``."""


class Unreadable(Exception):
    """A document cannot be read; ``reason`` is a word of ``REASONS``."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason


def told_name(name: str) -> str:
    """A name inside of a document as it is told: on one line, nothing unseen, the end kept when it is long."""
    line = one_line(UNSEEN.sub("", name))
    return line if len(line) <= LONGEST_NAME else f"…{line[1 - LONGEST_NAME :]}"


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """A text in pieces of whole paragraphs where these are short enough, each with the number of its first line.

    A piece has the lines of the text, so that those in it can be counted.
    """
    gathered: list[str] = []
    length, first, last = 0, 1, 1
    for line, paragraph in _paragraphs(text):
        new_part = length >= SHORT and _NEW_PART.match(paragraph)
        between = "\n" * (line - last) or " "
        if gathered and (new_part or length + len(between) + len(paragraph) > LONGEST_PASSAGE):
            yield first, "".join(gathered)
            gathered, length = [], 0
        if gathered:
            gathered.append(between)
            length += len(between)
        else:
            first = line
        gathered.append(paragraph)
        length += len(paragraph)
        last = line + paragraph.count("\n")
    if gathered:
        yield first, "".join(gathered)


def of_lines(text: str) -> Iterable[tuple[str, str]]:
    """The passages of a text whose lines a reader can count."""
    return ((f"line {line}", piece) for line, piece in pieces(text))


def at(place: str, text: str) -> Iterable[tuple[str, str]]:
    """The passages of a text that are all at one place."""
    return ((place, piece) for _, piece in pieces(text))


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs of a text with the numbers of their first lines; one that is too long comes in parts."""
    gathered: list[str] = []
    first = 1
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, raw in enumerate([*lines, ""], 1):
        line = UNSEEN.sub("", _BREAKS.sub(" ", raw.expandtabs(4))).rstrip()
        if gathered and (not line or _NEW_PART.match(line)):
            yield from _parts(first, "\n".join(gathered))
            gathered = []
        if line:
            first = first if gathered else number
            gathered.append(line)


def _parts(line: int, paragraph: str) -> Iterator[tuple[int, str]]:
    """A paragraph in parts that are short enough, cut behind a sentence, else at a space, else anywhere."""
    start = 0
    while len(paragraph) - start > LONGEST_PASSAGE:
        window = paragraph[start : start + LONGEST_PASSAGE]
        ends = [match.end() for match in _SENTENCE_END.finditer(window) if match.end() > SHORT]
        spaces = [match.end() for match in _SPACE.finditer(window) if match.end() > SHORT]
        cut = (ends or spaces or [LONGEST_PASSAGE])[-1]
        yield line + _leading(window), window[:cut].strip("\n")
        line += window.count("\n", 0, cut)
        start += cut
    if paragraph[start:].strip():
        yield line + _leading(paragraph[start:]), paragraph[start:].strip("\n")


def _leading(text: str) -> int:
    """How many lines end before the text begins."""
    return len(text) - len(text.lstrip("\n"))
