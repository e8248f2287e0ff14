"""Text of others, made harmless for a terminal and a notification. Pure."""

import unicodedata

LONGEST_LINE = 200
LONGEST_TEXT = 4000

# Marks that reverse the order of what follows them (Unicode Standard Annex 9): "exe.txt" may be "txt.exe".
_REORDERING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def printable(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text without control characters and reordering marks; line breaks stay, the length is bounded."""
    kept = "".join(mark for mark in text.expandtabs() if mark == "\n" or not _acts(mark))
    return shortened(kept, longest)


def one_line(text: str) -> str:
    """The text on one line, printable, with single spaces."""
    # nearly every text is printable, and finding that out is much faster than looking at each mark
    if not text.isprintable():
        text = "".join(mark for mark in text if mark.isspace() or not _acts(mark))
    return " ".join(text.split())


def shortened(text: str, longest: int = LONGEST_LINE) -> str:
    """The text, cut with an ellipsis when it is longer than ``longest`` characters."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _acts(mark: str) -> bool:
    """Whether a character does something instead of being seen (Unicode categories Cc, Cs; reordering)."""
    return unicodedata.category(mark) in ("Cc", "Cs") or mark in _REORDERING
