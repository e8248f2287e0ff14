"""A text as sentences: plain, hard-wrapped or Markdown. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from senter.prose import (
    FENCE,
    HEADING,
    ROW,
    RULE,
    STOPS,
    TEXT,
    begins_anew,
    is_end,
    kind_of,
    without_mark,
    without_quote,
)
from senter.wording import one_line

LONGEST_HEADING = 80
MOST_WORDS_OF_HEADING = 8
LONGEST_ANNOUNCEMENT = 200
FIRST_WORDS = 6
"""By which the line of a sentence is found."""

_UNDERLINE = re.compile(r"\s{0,3}(=+|-+|~+)\s*$")
_IMAGE_OR_LINK = re.compile(r"!?\[([^\]]{0,300})\]\([^)]{0,500}\)")
_EMPHASIS = re.compile(r"(\*\*|__|`+)(?=\S)(.{1,300}?)(?<=\S)\1")
_CITATION = re.compile(r"\s*\[\d{1,4}\]")


@dataclass(frozen=True)
class Sentence:
    """One sentence of a text, on one line, and the heading it stands under."""

    text: str
    heading: str
    line: int = field(default=0, compare=False)
    """The line of the text it begins on; the first is 0."""


@dataclass(frozen=True)
class _Unit:
    """A paragraph, list item or heading: on one line, as its lines are in the text, and the number of the first."""

    text: str
    is_heading: bool
    lines: Sequence[str]
    first: int


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text in order, without its headings; a text that is nothing but headings gives those."""
    found: list[Sentence] = []
    headings: list[Sentence] = []
    heading = ""
    for unit in _units(text):
        plain = _plain(unit.text)
        if unit.is_heading:
            heading = plain
            headings.append(Sentence(plain, plain, unit.first))
        else:
            texts = list(_split(plain))
            lines = _lines_of(texts, unit)
            parts = [Sentence(each, heading, line) for each, line in zip(texts, lines, strict=True)]
            if found and parts and found[-1].text.endswith(":") and len(found[-1].text) <= LONGEST_ANNOUNCEMENT:
                # "Send reports to:" says nothing without what it announces
                found[-1] = replace(found[-1], text=f"{found[-1].text} {parts.pop(0).text}")
            found += parts
    return [each for each in found or headings if any(mark.isalnum() for mark in each.text)]


def _units(text: str) -> Iterator[_Unit]:
    """The paragraphs, list items and headings of a text."""
    lines: list[str] = []
    after_blank = True
    for number, line in enumerate([*text.splitlines(), ""]):
        kind = kind_of(line)
        if _UNDERLINE.match(line) and len(lines) == 1:
            yield _Unit(lines.pop(), True, (), number - 1)
        elif kind == HEADING:
            yield from _paragraph(lines, number)
            yield _Unit(line.strip().lstrip("#").strip("# \t"), True, (), number)
        elif not line.strip() or kind in (RULE, FENCE):
            yield from _paragraph(lines, number, alone=after_blank)
            after_blank = True
        elif begins_anew(line, kind, kind_of(lines[0]) if lines else TEXT):
            after_blank = after_blank and not lines
            yield from _paragraph(lines, number)
            lines.append(line)
        else:
            lines.append(line)


def _paragraph(lines: list[str], number: int, alone: bool = False) -> Iterator[_Unit]:
    """The lines before the one with this number as one paragraph, unless there are none; they leave the list."""
    if not lines:
        return
    joined, *others = [without_quote(line).strip() for line in lines]
    for line in others:
        joined += line if re.search(r"\w-$", joined) else f" {line}"
    alone = alone and len(lines) == 1
    unit = _Unit(joined, alone and _looks_like_heading(joined), tuple(lines), number - len(lines))
    lines.clear()
    yield unit


def _lines_of(texts: Sequence[str], unit: _Unit) -> Iterator[int]:
    """The line that each sentence of a unit begins on: where its first words are, behind those of the last one."""
    whole = "\n".join(unit.lines)
    start = 0
    for text in texts:
        words = re.findall(r"\w+", text[:LONGEST_HEADING])[:FIRST_WORDS]
        match = re.compile(r"[\W_]+".join(map(re.escape, words))).search(whole, start)
        if words and match:
            yield unit.first + whole.count("\n", 0, match.start())
            start = match.end()
        else:
            yield unit.first + whole.count("\n", 0, start)


def _looks_like_heading(line: str) -> bool:
    """Whether a line that stands alone is a heading: "8. Termination.", "WHAT IS NEW"."""
    if len(line) > LONGEST_HEADING or len(line.split()) > MOST_WORDS_OF_HEADING:
        return False
    numbered = re.match(r"\d+(\.\d+)*\.?\s+[^\W\d_]", line)
    return bool(numbered) or (line.isupper() and not line.endswith((".", "!", "?")))


def _plain(unit: str) -> str:
    """A paragraph or heading on one line without Markdown's marks, list bullets and numbers of citations."""
    text = without_mark(unit)
    if kind_of(text) == ROW:
        text = text.strip().strip("|").replace("|", " | ")
    text = _IMAGE_OR_LINK.sub(r"\1", one_line(text))
    return one_line(_CITATION.sub("", _EMPHASIS.sub(r"\2", text)))


def _split(paragraph: str) -> Iterator[str]:
    """The sentences of a paragraph that is on one line."""
    start = 0
    for stop in STOPS.finditer(paragraph):
        if is_end(paragraph, start, stop, ended=True):
            yield paragraph[start : stop.end()].strip()
            start = stop.end()
    if rest := paragraph[start:].strip():
        yield rest
