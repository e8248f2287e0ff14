"""How somebody wants to be answered, told by words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.learning.preferences.style import (
    BRIEF,
    CASUAL,
    DETAILED,
    FORMAL,
    FORMALITY,
    HIGH,
    LENGTH,
    LEVEL,
    LOW,
    length_of,
    signs_in,
    signs_of_feedback,
)

BLUEPRINT = [
    (LENGTH, BRIEF, ["brief", "short", "tldr", "summarize"]),
    (LENGTH, DETAILED, ["detail", "explain", "elaborate", "expand"]),
    (FORMALITY, FORMAL, ["please", "could you", "would you"]),
    (FORMALITY, CASUAL, ["hey", "yo", "gimme", "wanna"]),
    (LEVEL, HIGH, ["code", "function", "api", "debug", "implement"]),
    (LEVEL, LOW, ["explain like", "simple", "basic", "beginner"]),
]


def style(text):
    """What a question says of how to answer it."""
    return {sign.key: sign.value for sign in signs_in(text)}


def judged(good, note, answer=""):
    """What feedback says: key, value and weight."""
    return [(sign.key, sign.value, sign.weight) for sign in signs_of_feedback(good, note, answer)]


@pytest.mark.parametrize(
    ("key", "value", "word"), [(key, value, word) for key, value, words in BLUEPRINT for word in words]
)
def test_every_word_of_the_blueprint_is_a_sign(key, value, word):
    assert style(f"the moon, {word}?")[key] == value
    assert style(word.upper())[key] == value


@pytest.mark.parametrize(
    "text",
    ["they told your capital", "a therapist decoded it", "a shorthand for basically nobody", "the youth", "", "¿?"],
)
def test_a_word_inside_another_one_is_no_sign(text):
    assert style(text) == {}


def test_brief_goes_before_detailed_and_formal_before_casual_as_in_the_blueprint():
    assert style("explain it in short") == {LENGTH: BRIEF}
    assert style("hey, could you") == {FORMALITY: FORMAL}


def test_to_explain_like_to_a_child_is_to_ask_for_simple_words_and_not_for_details():
    assert style("Explain like I'm five how a compiler works") == {LEVEL: LOW}
    assert style("Explain like I\u2019m five how rain comes about") == {LEVEL: LOW}


@pytest.mark.parametrize("text", ["what does `ls -l` do", "why does read_file fail", "is open() slow", "x = 1;"])
def test_who_writes_code_is_technically_versed(text):
    assert style(text) == {LEVEL: HIGH}


def test_a_sign_weighs_one_and_there_is_one_for_each_preference():
    signs = signs_in("please, please be brief and short with the code of the api")
    assert sorted((sign.type, sign.key, sign.weight) for sign in signs) == [
        ("style", FORMALITY, 1.0),
        ("style", LENGTH, 1.0),
        ("style", LEVEL, 1.0),
    ]


@pytest.mark.parametrize(
    ("note", "key", "value"),
    [
        ("too long", LENGTH, BRIEF),
        ("Shorter!", LENGTH, BRIEF),
        ("too short", LENGTH, DETAILED),
        ("more details", LENGTH, DETAILED),
        ("too casual", FORMALITY, FORMAL),
        ("too formal", FORMALITY, CASUAL),
        ("too technical", LEVEL, LOW),
        ("too simple", LEVEL, HIGH),
    ],
)
def test_what_was_wrong_with_an_answer_counts_three_times(note, key, value):
    assert judged(False, note) == [(key, value, 3.0)]


def test_what_feedback_says_of_the_length_counts_instead_of_the_length_of_the_answer():
    assert judged(False, "too long", "word " * 10) == [(LENGTH, BRIEF, 3.0)]
    assert judged(False, "too formal", "word " * 10) == [(FORMALITY, CASUAL, 3.0), (LENGTH, BRIEF, -1.0)]


def test_a_good_answer_speaks_for_its_length_and_a_bad_one_against_it():
    assert judged(True, "", "word " * 300) == [(LENGTH, DETAILED, 1.0)]
    assert judged(False, "", "word " * 300) == [(LENGTH, DETAILED, -1.0)]
    assert judged(True, "", "word " * 100) == judged(True, "", "") == []


@pytest.mark.parametrize(
    ("words", "length"),
    [(0, ""), (1, BRIEF), (60, BRIEF), (61, ""), (249, ""), (250, DETAILED), (10_000, DETAILED)],
)
def test_an_answer_is_brief_or_detailed_or_neither(words, length):
    assert length_of("word " * words) == length


@given(st.text() | st.text(alphabet="aA_(){};` \n\ud800\0"))
def test_any_text_can_be_looked_at(text):
    for signs in (signs_in(text), signs_of_feedback(True, text, text)):
        assert len({sign.key for sign in signs}) == len(signs)


@pytest.mark.parametrize("unit", ["a", "aA", "a_", "_", "A(", "`", "explain ", "\n", "é"])
def test_a_huge_text_is_looked_at_only_at_its_beginning(unit):
    assert signs_in("please " + unit * 1_000_000)
    assert FORMALITY not in style(unit * 4000 + " please")
