"""Prose and Markdown: where a sentence ends, and what a line begins. Pure.

Both may be asked of a text of which more is to come; then None stands for "that depends on what comes".
"""

import re

FENCE, HEADING, RULE, ROW, BULLET = "fence", "heading", "rule", "row", "bullet"
NUMBER, QUOTE, TEXT = "number", "quote", "text"

LOOKAHEAD = 200
"""How many characters behind a place may decide what is there."""

_SYMBOLS = "\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\U0001f000-\U0001ffff"
_CLOSING = f"[\"'“”«\u2019»)\\]*_`\ufe0f\u200d{_SYMBOLS}]*"
_ALWAYS_STOPS = "\u0589\u061f\u06d4\u0964\u0965\u1362\u104b\u17d4"
"""The full stops of Armenian, Urdu, Hindi, Amharic, Burmese and Khmer, and the question mark of Arabic."""

STOPS = re.compile(rf"[.!?…]+{_CLOSING}(?=\s|$)|[{_ALWAYS_STOPS}]+{_CLOSING}|[。\uff01\uff1f]+[」』”]*")
"""What may be the end of a sentence, with the quotes, brackets, symbols and marks of emphasis behind it."""

_OPENING = "(?:>\\s?)*[\"'“\u2018„«(\\[¿¡*_`]*"
_STARTS_A_SENTENCE = re.compile(rf"{_OPENING}(?:[^\W_a-zß-öø-ÿ]|[{_SYMBOLS}])")
_STARTS_SMALL = re.compile(rf"{_OPENING}[^\W\d_]")
_ONLY_OPENS = re.compile(rf"{_OPENING}$")
_STOPS_PLAINLY = re.compile(r"\.|[!?]+")
_LETTER = re.compile(r"[^\W\d_]")
_LONG_WORD = re.compile(r"(?:[^\W\d_]|['\u2019]){4,}$")
_ABBREVIATIONS = frozenset(
    """
    dr mr mrs ms prof st sr jr inc ltd co corp llc vs etc e.g i.e eg ie cf ed eds dept approx est u.s u.k a.m p.m
    z.b d.h u.a bzw usw ca abs evtl ggf hrsg inkl mio mrd str m mm mme mlle av p.ex ee
    """.split()  # noqa: SIM905
)
_ABBREVIATIONS_BEFORE_DIGITS = frozenset(
    """
    no nr nos al pp sec art fig figs vol
    jan feb mar mär apr jun jul aug sep sept oct okt nov dec dez
    """.split()  # noqa: SIM905
)
_ABBREVIATIONS_BEFORE_NUMERALS = frozenset({"sec", "art", "fig", "figs", "vol"})
_DIGIT = re.compile(rf"{_OPENING}\d")
_NUMERAL = re.compile(rf"{_OPENING}([A-Z]|[IVXLC]+)(?![\w'\u2019])")
_CAPITALS_SO_FAR = re.compile(rf"{_OPENING}[A-Z]*$")
_ALSO_WORDS = frozenset({"A", "I"})
_ORDINAL = re.compile(r"\d{1,2}")
_AFTER_ORDINALS = frozenset(
    """
    Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember
    January February March May June July October December
    Jan Feb Mär Mar Apr Jun Jul Aug Sep Sept Okt Oct Nov Dez Dec
    Jahrhundert Jahrhunderts Weltkrieg Weltkriegs Platz Quartal Auflage Liga Klasse
    """.split()  # noqa: SIM905
)
_LONGEST_NUMBER = 16

_FENCE = re.compile(r"\s*(```|~~~)")
_HEADING = re.compile(r"\s{0,3}#{1,6}\s")
_QUOTED = r"\s*(?:>\s*)*"
_BULLET = re.compile(rf"{_QUOTED}[-*+•‣·]\s+(?=\S)")
_NUMBER = re.compile(rf"{_QUOTED}(\d{{1,3}}(\.\d{{1,3}})*[.)]|[a-z][.)]|\([A-Za-z]\))\s+(?=\S)")
_QUOTE = re.compile(r"\s{0,3}>[>\s]*")
_KINDS = {
    FENCE: _FENCE,
    HEADING: _HEADING,
    RULE: re.compile(r"[-=*_~#+|:.>\s]{3,}$|[>\s]+$"),
    ROW: re.compile(r"\s*\|.*\|\s*$"),
    BULLET: _BULLET,
    NUMBER: _NUMBER,
    QUOTE: _QUOTE,
}
_FIRST = re.compile(rf"{_QUOTED}1[.)]\s")
_ANYTHING_YET = re.compile(
    rf"{_QUOTED}([-=*_~#+|:.>\s`]*|[•‣·]\s*|\d{{1,3}}(\.\d{{0,3}})*[.)]?\s*|[a-z][.)]?\s*|\([A-Za-z]?\)?\s*|\|.*)$"
)


def is_end(text: str, start: int, stop: re.Match[str], ended: bool, small: bool = False) -> bool | None:
    """Whether the sentence that begins at ``start`` of a text on one line ends with ``stop``, a match of STOPS.

    None when that depends on what follows the text, of which more is to come unless it has ``ended``. Where no
    capital was before (``small``), a sentence may begin with a small letter as well.
    """
    at, mark = stop.end(), stop.group()[0]
    if at == len(text) and not ended:
        return None
    if mark not in ".!?…":
        return True
    after = text[at : at + LOOKAHEAD].lstrip()
    more = not ended and len(text) < at + LOOKAHEAD
    word = _word_before(text, start, at)
    is_number = at - start <= _LONGEST_NUMBER and not _LETTER.search(text, start, at)
    goes_on = is_number or (mark in ".…" and _goes_on(word, after, more))
    if goes_on is not False:
        return None if goes_on is None else False
    if more and _ONLY_OPENS.match(after):
        return None
    if _STARTS_A_SENTENCE.match(after) or (mark in "!?" and not after):
        return True
    return small and _ends_small(text[start:at], stop.group(), word, after)


def kind_of(line: str) -> str:
    """What a line is: FENCE of a block of code, HEADING, RULE, ROW of a table, BULLET, NUMBER, QUOTE, or TEXT.

    A blank line is TEXT.
    """
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(line)), TEXT) if line.strip() else TEXT


def kind_so_far(line: str) -> str | None:
    """What a line is of which more may come; None when that depends on what comes."""
    if _FENCE.match(line) or _HEADING.match(line) or len(line) >= LOOKAHEAD or not _ANYTHING_YET.match(line):
        return kind_of(line)
    return None


def begins_anew(line: str, kind: str, within: str) -> bool:
    """Whether a line of a kind is no part of the paragraph before it, which began with a line of kind ``within``.

    One that continues a paragraph may begin with a number by chance; behind an item, or with a 1, it is an item
    (CommonMark, section 5.2).
    """
    if kind == NUMBER:
        return within in (BULLET, NUMBER) or bool(_FIRST.match(line))
    return kind != TEXT and not (kind == within == QUOTE)


def without_mark(item: str) -> str:
    """A list item without its bullet or number; any other text as it is."""
    match = _BULLET.match(item) or _NUMBER.match(item)
    return item[match.end() :] if match else item


def without_quote(line: str) -> str:
    """A line of a quotation without the marks of one; any other line as it is."""
    return _QUOTE.sub("", line, count=1) if _QUOTE.match(line) else line


def _word_before(text: str, start: int, end: int) -> str:
    """The word before the stop that ends at ``end``: "Dr" of "(Dr."."""
    return text[max(start, end - LOOKAHEAD) : end].rsplit(maxsplit=1)[-1].rstrip(".!?*_`").lstrip("(\"'[“„*_`>")


def _goes_on(word: str, after: str, more: bool) -> bool | None:
    """Whether a full stop between a word and what is after it ends no sentence: "Dr.", "J.", "e.g.", "no. 5".

    None when that depends on what comes (``more``).
    """
    name = word.casefold()
    if name in _ABBREVIATIONS or (len(word) == 1 and word.isalpha()) or re.fullmatch(r"(\w\.)+\w", word):
        return True
    if name in _ABBREVIATIONS_BEFORE_NUMERALS:
        if more and _CAPITALS_SO_FAR.match(after):
            return None
        numeral = _NUMERAL.match(after)
        if numeral and (word[0].isupper() or numeral[1] not in _ALSO_WORDS):
            return True
    if name in _ABBREVIATIONS_BEFORE_DIGITS:
        return bool(_DIGIT.match(after))
    return bool(_ORDINAL.fullmatch(word)) and _is_after_ordinals(after, more)


def _is_after_ordinals(after: str, more: bool) -> bool | None:
    """Whether the first word is one that has a number before it: "3. Oktober"; None as above."""
    noun = re.split(r"[\W\d_]", after, maxsplit=1)[0]
    if more and noun == after and any(each.startswith(noun) for each in _AFTER_ORDINALS):
        return None
    return noun in _AFTER_ORDINALS


def _ends_small(sentence: str, stop: str, word: str, after: str) -> bool:
    """Whether a sentence ends where one that begins with a small letter may follow it.

    A short word before a full stop may be an abbreviation.
    """
    if sentence != sentence.lower() or not _STOPS_PLAINLY.fullmatch(stop) or not _STARTS_SMALL.match(after):
        return False
    return stop != "." or (bool(_LONG_WORD.search(word)) and word not in _ABBREVIATIONS_BEFORE_DIGITS)
