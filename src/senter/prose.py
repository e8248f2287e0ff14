"""Prose and Markdown: where a sentence ends, and what a line begins. Pure.

Both may be asked of a text of which more is to come; then None stands for "that depends on what comes".
"""

import re

FENCE, HEADING, RULE, ROW, BULLET, NUMBER, TEXT = "fence", "heading", "rule", "row", "bullet", "number", "text"

LOOKAHEAD = 200
"""How many characters behind a place may decide what is there."""

_CLOSING = "[\"'“”«\u2019»)\\]*_`]*"
STOPS = re.compile(rf"[.!?…]+{_CLOSING}(?=\s|$)|[。\uff01\uff1f]+[」』”]*")
"""What may be the end of a sentence, with the quotes, brackets and marks of emphasis that close behind it."""

_OPENING = "[\"'“\u2018„«(\\[¿¡*_`]*"
_STARTS_A_SENTENCE = re.compile(rf"{_OPENING}[^\W_a-zß-öø-ÿ]")
_ONLY_OPENS = re.compile(rf"{_OPENING}$")
_LETTER = re.compile(r"[^\W\d_]")
_ABBREVIATIONS = frozenset(
    """
    dr mr mrs ms prof st sr jr inc ltd co corp llc vs etc e.g i.e eg ie cf al no nr nos fig figs sec art vol pp
    ed eds dept approx est jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k a.m p.m z.b d.h u.a bzw usw ca
    abs evtl ggf hrsg inkl mio mrd str m mm mme mlle av p.ex
    """.split()  # noqa: SIM905
)
_LONGEST_NUMBER = 16

_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_BULLET = re.compile(r"\s*[-*+•‣·]\s+(?=\S)")
_NUMBER = re.compile(r"\s*(\d{1,3}(\.\d{1,3})*[.)]|[a-z][.)]|\([A-Za-z]\))\s+(?=\S)")
_KINDS = {
    FENCE: _FENCE,
    HEADING: _HEADING,
    RULE: re.compile(r"[-=*_~#+|:.\s]{3,}$"),
    ROW: re.compile(r"\s*\|.*\|\s*$"),
    BULLET: _BULLET,
    NUMBER: _NUMBER,
}
_FIRST = re.compile(r"\s*1[.)]\s")
_ANYTHING_YET = re.compile(
    r"\s*([-=*_~#+|:.\s`]*|[•‣·]\s*|\d{1,3}(\.\d{0,3})*[.)]?\s*|[a-z][.)]?\s*|\([A-Za-z]?\)?\s*|\|.*)$"
)


def is_end(text: str, start: int, stop: re.Match[str], ended: bool) -> bool | None:
    """Whether the sentence that begins at ``start`` of a text on one line ends with ``stop``, a match of STOPS.

    None when that depends on what follows the text, of which more is to come unless it has ``ended``.
    """
    at, mark = stop.end(), stop.group()[0]
    if at == len(text) and not ended:
        return None
    if mark not in ".!?…":
        return True
    if mark in ".…" and _is_abbreviation(text, start, at):
        return False
    if at - start <= _LONGEST_NUMBER and not _LETTER.search(text, start, at):
        return False
    after = text[at : at + LOOKAHEAD].lstrip()
    if not ended and len(text) < at + LOOKAHEAD and _ONLY_OPENS.match(after):
        return None
    return bool(_STARTS_A_SENTENCE.match(after)) or (mark in "!?" and not after)


def kind_of(line: str) -> str:
    """What a line is: FENCE of a block of code, HEADING, RULE, ROW of a table, BULLET, NUMBER of a list, or TEXT.

    A blank line is TEXT.
    """
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(line)), TEXT) if line.strip() else TEXT


def kind_so_far(line: str) -> str | None:
    """What a line is of which more may come; None when that depends on what comes."""
    if _FENCE.match(line) or _HEADING.match(line) or len(line) >= LOOKAHEAD or not _ANYTHING_YET.match(line):
        return kind_of(line)
    return None


def begins_anew(line: str, kind: str, in_list: bool) -> bool:
    """Whether a line of a kind is no part of the paragraph before it.

    One that continues a paragraph may begin with a number by chance; in a list (``in_list``: the paragraph is an
    item), or with a 1, it is an item (CommonMark, section 5.2).
    """
    if kind == NUMBER:
        return in_list or bool(_FIRST.match(line))
    return kind != TEXT


def without_mark(item: str) -> str:
    """A list item without its bullet or number; any other text as it is."""
    match = _BULLET.match(item) or _NUMBER.match(item)
    return item[match.end() :] if match else item


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    """Whether a full stop before ``end`` is not the end of a sentence: "Dr.", "J.", "e.g."."""
    word = (
        text[max(start, end - LOOKAHEAD) : end]
        .rsplit(maxsplit=1)[-1]
        .rstrip(".*_`")
        .lstrip("(\"'[“„*_`")
        .casefold()
    )
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or bool(re.fullmatch(r"(\w\.)+\w", word))
