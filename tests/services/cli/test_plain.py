"""Text that arrives in pieces, made harmless for a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.cli.plain import PlainText

HOSTILE = st.text(st.sampled_from("a[]0;m\x1b\x07\x9b\x9c\x9d\x90P\\ \n\u202e\u00e9"), max_size=60)


def seen(*pieces):
    plain = PlainText()
    return "".join(plain.feed(piece) for piece in pieces)


def test_plain_text_is_seen_as_it_is():
    assert seen("Ein Käse\n", "für 3 € [siehe unten]; 1\\2") == "Ein Käse\nfür 3 € [siehe unten]; 1\\2"


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[31m",
        "\x1b[2J",
        "\x1b[?1049h",
        "\x9b1;2H",
        "\x1b]0;a title\x07",
        "\x1b]8;;http://example.org\x1b\\",
        "\x9d0;a title\x9c",
        "\x1bPq#0\x1b\\",
        "\x1b_a string\x9c",
        "\x1bc",
        "\x1b(B",
        "\x1b[12\x1b[0m",
        "\x08",
        "\x00",
        "\x07",
        "\u202e",
    ],
    ids=ascii,
)
def test_what_commands_a_terminal_is_not_seen_wherever_it_is_cut(sequence):
    text = f"one {sequence}two"
    for cut in range(len(text)):
        assert seen(text[:cut], text[cut:]) == "one two", cut
    assert seen(*text) == "one two"


@pytest.mark.parametrize("begun", ["\x1b", "\x1b[", "\x1b]0;title", "\x1bP", "\x9b3"], ids=ascii)
def test_a_sequence_that_does_not_end_takes_no_more_than_its_line(begun):
    assert seen(f"one{begun}\ntwo") == "one\ntwo"


def test_line_ends_of_other_systems_become_ours():
    assert seen("one\r\ntwo\r", "\n") == "one\ntwo\n"


@given(HOSTILE, st.integers(0, 60))
def test_nothing_but_text_comes_through_and_pieces_make_no_difference(text, cut):
    shown = seen(text)
    assert all(mark == "\n" or unicodedata.category(mark) not in ("Cc", "Cf", "Cs") for mark in shown)
    assert seen(text[:cut], text[cut:]) == shown
