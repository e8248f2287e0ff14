"""Text of others is harmless when it is shown."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.wording import LONGEST_LINE, LONGEST_TEXT, one_line, printable, shortened

ANYTHING = st.text(st.characters())


def acts(mark):
    """Whether a terminal could do something at this character instead of showing it."""
    return unicodedata.category(mark) in ("Cc", "Cs") or unicodedata.bidirectional(mark) in (
        *("LRE", "RLE", "LRO", "RLO", "PDF"),
        *("LRI", "RLI", "FSI", "PDI"),
    )


@given(ANYTHING)
def test_nothing_that_is_printable_acts(text):
    assert not [mark for mark in printable(text) if acts(mark) and mark != "\n"]


@given(ANYTHING)
def test_nothing_on_one_line_acts(text):
    assert not [mark for mark in one_line(text) if acts(mark)]


@given(ANYTHING)
@example("one\r\x08")
def test_one_line_is_one_line_with_single_spaces(text):
    line = one_line(text)
    assert line == " ".join(line.split())
    assert len(line.splitlines()) <= 1


@given(ANYTHING)
@example("one\r\x08")
def test_what_is_harmless_is_left_alone(text):
    assert printable(printable(text)) == printable(text)
    assert one_line(one_line(text)) == one_line(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  one\n\ttwo\r\nthree ", "one two three"),
        ("Größe 📊 日本語", "Größe 📊 日本語"),
        ("\x1b[31mred\x1b[0m", "[31mred[0m"),
        ("txt\u202eexe", "txtexe"),
        ("one \0 two", "one two"),
        ("\x08", ""),
        ("", ""),
    ],
)
def test_a_text_is_put_on_one_line(text, line):
    assert one_line(text) == line


def test_line_breaks_of_a_text_stay_and_tabs_become_spaces():
    assert printable("one\n\ttwo\r\nthree\x07") == "one\n        two\nthree"


@pytest.mark.parametrize("length", [LONGEST_TEXT - 1, LONGEST_TEXT, LONGEST_TEXT + 1, 10 * LONGEST_TEXT])
def test_a_text_is_cut_at_its_longest(length):
    shown = printable("x" * length)
    assert len(shown) == min(length, LONGEST_TEXT)
    assert shown.endswith("…") is (length > LONGEST_TEXT)


@given(ANYTHING, st.integers(1, 300))
def test_a_shortened_text_has_at_most_the_length_that_was_asked_for(text, longest):
    short = shortened(text, longest)
    assert len(short) <= longest
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_a_line_is_cut_at_its_longest_unless_said_otherwise():
    assert len(shortened("x" * 1000)) == LONGEST_LINE
