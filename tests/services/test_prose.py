"""Where a sentence ends, and what a line begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.prose import (
    BULLET,
    FENCE,
    HEADING,
    NUMBER,
    ROW,
    RULE,
    STOPS,
    TEXT,
    begins_anew,
    is_end,
    kind_of,
    kind_so_far,
    without_mark,
)


def verdicts(text, ended=True):
    """Whether the sentence from the beginning of the text ends at each of its stops."""
    return [is_end(text, 0, stop, ended) for stop in STOPS.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        *("It is. Yes", "It is! Yes", "Is it? Yes", "It is... Yes", "It is… Yes", "It is?! Yes", "It is. 30 days"),
        *("(It is.) Yes", 'He said "no." She', "»Nein.« Ja", "**It is.** Yes", "It is. **Yes**", "It is. ¿Yes?"),
        *("期限は三十日です。延", "何\uff1f延", "It is!", "See a.example/b. Yes"),
    ],
)
def test_a_sentence_ends(text):
    assert verdicts(text)[-1] or verdicts(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Dr. Mills",
            "e.g. Make",
            "z.B. Montags",
            "J. Smith",
            "(cf. Smith",
            "**Dr.** Mills",
            "Mr. and Mrs. Smith",
        ),
        *("3.14 is", "It is approx. nine", "1. Boil", "### 1. Boil", "**2.** Boil", "- 3. Boil", "a.example is"),
        *("It waits... and waits", "Is it? she asked", "It is. (no", "U.S. Army", "... And"),
    ],
)
def test_a_sentence_goes_on(text):
    assert not any(verdicts(text))


@pytest.mark.parametrize("text", ["It is.", "It is. ", "It is. (", 'It is. "**', "It is?", "It is.)", "期限。"])
def test_what_depends_on_the_rest_is_not_told_before_it_is_there(text):
    assert verdicts(text, ended=False) == [None]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        *(("```", FENCE), ("~~~sh", FENCE), ("# One", HEADING), ("###### Six", HEADING), ("####### Seven", TEXT)),
        *(("---", RULE), ("* * *", RULE), ("|---|:-:|", RULE), ("| a | b |", ROW), ("| a", TEXT), ("#tag", TEXT)),
        *(("- one", BULLET), ("* one", BULLET), ("• one", BULLET), ("-one", TEXT), ("**one** two", TEXT)),
        *(("1. one", NUMBER), ("2.3) one", NUMBER), ("a) one", NUMBER), ("(B) one", NUMBER), ("A. Smith", TEXT)),
        *(("", TEXT), ("   ", TEXT), ("One.", TEXT), ("2024 was", TEXT), ("3.14 is", TEXT)),
    ],
)
def test_a_line_is_of_a_kind(line, kind):
    assert kind_of(line) == kind


@given(st.text("-*_#|`~:.1a() \u2022", max_size=12), st.text("-*_#|`~:.1a() \u2022", max_size=12))
def test_the_kind_of_a_line_is_told_when_it_does_not_change_any_more(line, rest):
    assert kind_so_far(line) in (None, kind_of(line + rest))


@pytest.mark.parametrize("line", ["Y", "Yes", "- o", "1. o", "```", "## ", "12 d"])
def test_the_kind_of_a_line_is_told_early(line):
    assert kind_so_far(line) == kind_of(f"{line}ne")


def test_a_number_begins_an_item_in_a_list_or_when_it_is_the_first():
    assert begins_anew("2. two", NUMBER, in_list=True)
    assert begins_anew("1. one", NUMBER, in_list=False)
    assert not begins_anew("30. Then", NUMBER, in_list=False)
    assert begins_anew("- one", BULLET, in_list=False)
    assert not begins_anew("one", TEXT, in_list=True)


@pytest.mark.parametrize(("item", "text"), [("- one", "one"), ("  2) two", "two"), ("(a) b", "b"), ("one", "one")])
def test_an_item_has_a_mark_before_it(item, text):
    assert without_mark(item) == text
