"""An answer as the sentences that a voice can begin to speak while the rest is still to come. Pure."""

import re

from senter import prose
from senter.prose import FENCE, HEADING, ROW, RULE, TEXT

LONGEST = 400
"""Characters after which a text without a stop is cut, so that nobody waits for its end."""

_ENDS = re.compile(rf"\n|{prose.STOPS.pattern}")
_PAUSES = re.compile(r"[,;:\u2013—](?=\s)|[、\uff0c\uff1a\uff1b]")
_TOKENS = re.compile(r"\s+|\S+")
_LINE_BREAK = re.compile(r"\n(?:> ?)*")
_FENCE_LENGTH = 3
_NO_FENCE = "code"


class Sentences:
    """Takes an answer in pieces, however it is cut, and gives its sentences, each as soon as it is complete.

    A heading, a list item, a row of a table and a paragraph end with a sentence. What is longer than LONGEST is
    cut, at a comma or between two words if it has any. Blocks of code are left out: nobody wants them spoken.
    Marks of Markdown stay; white space in a sentence is single, and what has no letter and no digit is none.
    """

    def __init__(self) -> None:
        self._complete: list[str] = []
        self._text = ""
        """From the beginning of a sentence: words, and between them one space or line break each."""
        self._seen = 0
        """Up to where no end of a sentence is in the text."""
        self._small = True
        """Whether no sentence so far has a capital."""
        self._gap = ""
        self._code: str | None = None
        """Inside a block of code, of the line so far what tells whether it ends the block."""
        self._fence = ""
        """The character of which the line is that ends the block."""
        self._opened = False
        """Whether the line that opens the block of code is over."""
        self._begin_paragraph()

    def feed(self, piece: str) -> list[str]:
        """Take the next piece; the sentences that are complete now, in order."""
        for start in range(0, len(piece), LONGEST):
            self._feed(piece[start : start + LONGEST])
        return self._taken()

    def end(self) -> list[str]:
        """The answer is over: what is left of it. What is fed after that is another answer."""
        self._cut(ended=True)
        self._code, self._small = None, True
        self._begin_paragraph()
        return self._taken()

    def _feed(self, piece: str) -> None:
        for token in _TOKENS.findall(piece):
            if token.isspace():
                self._space(token)
            elif self._code is not None:
                line = (self._code + token).lstrip()
                self._code = _NO_FENCE if line.strip(self._fence) else line[:_FENCE_LENGTH]
            else:
                self._text += self._gap + token
                self._gap = ""
        self._cut()

    def _begin_paragraph(self) -> None:
        self._gap = ""
        self._new_line = self._new_paragraph = True
        self._within = TEXT

    def _taken(self) -> list[str]:
        taken, self._complete = self._complete, []
        return taken

    def _space(self, space: str) -> None:
        breaks = space.count("\n")
        if breaks:
            self._cut()
        if self._code is not None:
            self._go_on_in_code(breaks)
        elif breaks > 1 or (breaks and self._gap == "\n"):
            self._cut(ended=True)
            self._begin_paragraph()
        else:
            self._gap = "\n" if breaks or self._gap == "\n" else " "

    def _go_on_in_code(self, breaks: int) -> None:
        assert self._code is not None
        if not breaks:
            self._code += " "
        elif self._opened and self._code.strip() == self._fence * _FENCE_LENGTH:
            self._code, self._opened = None, False
            self._begin_paragraph()
        else:
            self._code, self._opened = "", True

    def _cut(self, ended: bool = False) -> None:
        """Cut off the sentences that are complete."""
        text, start = self._text, 0
        while start < len(text):
            if text[start].isspace():
                self._new_line = self._new_line or text[start] == "\n"
                start += 1
                continue
            if self._new_line and not self._look_at_line(text, start, ended):
                break
            if self._code is not None:
                start = len(text)
                break
            end = self._end_of(text, start, ended)
            if end is None:
                break
            sentence = _LINE_BREAK.sub(" ", text[start:end]).strip()
            self._small = self._small and sentence == sentence.lower()
            if any(mark.isalnum() for mark in sentence):
                self._complete.append(sentence)
            start, self._seen = end, end
        self._text = text[start:]
        self._seen = max(0, self._seen - start)

    def _look_at_line(self, text: str, start: int, ended: bool) -> bool:
        """See what the line that begins here is; False when it cannot be told yet."""
        line, kind = _line(text, start, ended)
        if kind is None:
            return False
        self._new_line = False
        if self._new_paragraph or self._is_line() or prose.begins_anew(line, kind, self._within):
            self._within = kind
        self._new_paragraph = False
        if kind == FENCE:
            self._code, self._opened, self._fence = "", False, line[0]
        return True

    def _end_of(self, text: str, start: int, ended: bool) -> int | None:
        """Where the sentence that begins here ends; None when that cannot be told yet."""
        undecided: int | None = None
        for match in _ENDS.finditer(text, max(start, self._seen)):
            is_break = match.group() == "\n"
            end = match.start() if is_break else match.end()
            if end - start > LONGEST or undecided not in (None, end):
                break
            is_end = (
                self._is_end_of_line(text, end, ended)
                if is_break
                else prose.is_end(text, start, match, ended, self._small)
            )
            if is_end:
                return end
            if undecided is None:
                self._seen = match.start() if is_end is None else match.end()
            if is_end is None:
                undecided = end
        if undecided is not None:
            return None
        if len(text) - start > LONGEST:
            return start + _pause_in(text[start : start + LONGEST])
        return len(text) if ended else None

    def _is_end_of_line(self, text: str, at: int, ended: bool) -> bool | None:
        """Whether what is before a line break is no part of what is behind it."""
        if self._is_line():
            return True
        line, kind = _line(text, at + 1, ended)
        return None if kind is None else prose.begins_anew(line, kind, self._within)

    def _is_line(self) -> bool:
        """Whether the paragraph is a single line by what it is."""
        return self._within in (HEADING, ROW, RULE)


def _line(text: str, start: int, ended: bool) -> tuple[str, str | None]:
    """The line that begins here, as much of it as matters, and its kind; None when that cannot be told yet."""
    line, line_break, _ = text[start : start + prose.LOOKAHEAD].partition("\n")
    return line, prose.kind_of(line) if line_break or ended else prose.kind_so_far(line)


def _pause_in(text: str) -> int:
    """Where a text that is too long is cut: behind its last comma, else its last word, else at its end."""
    pauses = [match.end() for match in _PAUSES.finditer(text)]
    between_words = max(text.rfind(" "), text.rfind("\n"))
    return pauses[-1] if pauses else between_words if between_words > 0 else len(text)
