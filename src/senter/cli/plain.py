"""Text that arrives in pieces, made harmless for a terminal. Pure."""

from senter.wording import printable

ESCAPE, BELL = "\x1b", "\x07"
CONTROL_SEQUENCE, STRING_END = "\x9b", "\x9c"
STRINGS = "\x90\x98\x9d\x9e\x9f"
"""What begins a string for the terminal that ends with STRING_END: a title, a palette, a link (ECMA-48)."""

_SHORT = {"[": CONTROL_SEQUENCE, "P": "\x90", "X": "\x98", "]": "\x9d", "^": "\x9e", "_": "\x9f"}
"""The same controls in seven bits: what follows an escape."""


class PlainText:
    """Takes escape sequences and control characters out of a text, also where they are cut in two."""

    def __init__(self) -> None:
        self._inside = ""
        """Which kind of sequence is being read: ESCAPE, CONTROL_SEQUENCE, a member of STRINGS, or none."""
        self._escaped = False
        """Whether an escape was the last character of a string; a backslash then ends it."""

    def feed(self, piece: str) -> str:
        """What is to be seen of the next piece; line breaks stay."""
        return "".join(printable(mark) for mark in piece if self._is_seen(mark))

    def _is_seen(self, mark: str) -> bool:
        if mark in "\n\r":
            self._inside = ""
        elif self._inside == ESCAPE:
            self._inside = _SHORT.get(mark, ESCAPE if " " <= mark <= "/" else "")
            return False
        elif self._inside == CONTROL_SEQUENCE and " " <= mark <= "?":
            return False
        elif self._inside == CONTROL_SEQUENCE and "@" <= mark <= "~":
            self._inside = ""
            return False
        elif self._inside and self._inside in STRINGS:
            ends = mark in (BELL, STRING_END) or (mark == "\\" and self._escaped)
            self._escaped = mark == ESCAPE
            if ends:
                self._inside = ""
            return False
        else:
            self._inside = mark if mark in (ESCAPE, CONTROL_SEQUENCE, *STRINGS) else ""
        return True
