"""Where a sentence ends, and what a line begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.prose import (
    BULLET,
    FENCE,
    HEADING,
    LOOKAHEAD,
    NUMBER,
    QUOTE,
    ROW,
    RULE,
    STOPS,
    TEXT,
    begins_anew,
    is_end,
    kind_of,
    kind_so_far,
    without_mark,
    without_quote,
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
        *(
            "I said no. Then",
            "In Jan. Then",
            "Wait a sec. Then",
            "By Smith et al. Then",
            "In vol. Then",
            "A fig. Then",
        ),
        *("Nice art. I like", "Nice art. A lot", "Vol. Violins", "Vol. I'm", "I have 3. Then", "It is 2023. Mai"),
        *(
            "Great! \U0001f389 let's",
            "It is. \u2705 Yes",
            "It is.\U0001f389 Yes",
            "It is! \u2764\ufe0f yes",
            "It is. > Yes",
        ),
        *(
            "\u092f\u0939 \u0964 \u0935\u0939",
            "\u06cc\u06c1\u06d4 \u0648\u06c1",
            "\u06c1\u06d2\u061f \u0648",
            "\u0561\u0589 \u0562",
            "Los UU. El",
        ),
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
        *(
            "See no. 5",
            "See No. 5",
            "On Jan. 5",
            "On 5 Dec. 2020",
            "Smith et al. (2020)",
            "See fig. 2",
            "See fig. B is",
        ),
        *("See art. II of", "See Art. I of", "See vol. (IV)", "See Fig. A", "In EE. UU", "see sec. D"),
        *(
            "Am 3. Oktober",
            "Am 31. M\u00e4rz war",
            "the 5. May was",
            "Im 19. Jahrhundert",
            "Am (3. Okt",
            "it is. how are you",
        ),
    ],
)
def test_a_sentence_goes_on(text):
    assert not any(verdicts(text))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "It is.",
            "It is. ",
            "It is. (",
            'It is. "**',
            "It is?",
            "It is.)",
            "期限。",
            "It is. >",
            "It is!\U0001f389",
        ),
        *("See art. I", "See vol. XI", "See fig. (", "Am 3. O", "Am 3. Mai", "\u0939\u0964"),
    ],
)
def test_what_depends_on_the_rest_is_not_told_before_it_is_there(text):
    assert verdicts(text, ended=False) == [None]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("See art. In", True),
        ("See vol. X ", False),
        ("Am 3. T", True),
        ("Am 3. Mai ", False),
        ("I said no. T", True),
    ],
)
def test_a_verdict_is_told_as_early_as_it_is_sure(text, verdict):
    assert verdicts(text, ended=False) == [verdict]


def test_what_comes_later_than_the_lookahead_decides_nothing():
    assert verdicts("It is. " + "(" * (LOOKAHEAD - 2), ended=False) == [None]
    assert verdicts("It is. " + "(" * (LOOKAHEAD - 1), ended=False) == [False]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        *(
            ("hello there. how", True),
            ("how are you? fine", True),
            ("oh no!! why", True),
            ("that's. so", True),
            ("that. so", True),
        ),
        *(
            ("it's. how", True),
            ("the. how", False),
            ("there. = how", False),
            ("Hello there. how", False),
            ("it takes approx. nine", False),
            ("in sept. we", False),
        ),
        *(
            ("well there... and", False),
            ('he asked "why?" and', False),
            ("there. 3rd", True),
            ("see a.b. then", False),
        ),
    ],
)
def test_where_no_capital_was_a_small_letter_begins_a_sentence(text, ends):
    (stop,) = list(STOPS.finditer(text))
    assert is_end(text, 0, stop, ended=False, small=True) == ends


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        *(("```", FENCE), ("~~~sh", FENCE), ("# One", HEADING), ("###### Six", HEADING), ("####### Seven", TEXT)),
        *(("---", RULE), ("* * *", RULE), ("|---|:-:|", RULE), ("| a | b |", ROW), ("| a", TEXT), ("#tag", TEXT)),
        *(("- one", BULLET), ("* one", BULLET), ("• one", BULLET), ("-one", TEXT), ("**one** two", TEXT)),
        *(("1. one", NUMBER), ("2.3) one", NUMBER), ("a) one", NUMBER), ("(B) one", NUMBER), ("A. Smith", TEXT)),
        *(("", TEXT), ("   ", TEXT), ("One.", TEXT), ("2024 was", TEXT), ("3.14 is", TEXT)),
        *(("> one", QUOTE), (">one", QUOTE), ("> > one", QUOTE), (">", RULE), ("> >", RULE), ("a > b", TEXT)),
        *(("> - one", BULLET), ("> 2. one", NUMBER)),
    ],
)
def test_a_line_is_of_a_kind(line, kind):
    assert kind_of(line) == kind


@given(st.text("-*_#|`~:.1a() >\u2022", max_size=12), st.text("-*_#|`~:.1a() >\u2022", max_size=12))
def test_the_kind_of_a_line_is_told_when_it_does_not_change_any_more(line, rest):
    assert kind_so_far(line) in (None, kind_of(line + rest))


@pytest.mark.parametrize("line", ["Y", "Yes", "- o", "1. o", "```", "## ", "12 d", "> Y"])
def test_the_kind_of_a_line_is_told_early(line):
    assert kind_so_far(line) == kind_of(f"{line}ne")


def test_a_number_begins_an_item_in_a_list_or_when_it_is_the_first():
    assert begins_anew("2. two", NUMBER, BULLET)
    assert begins_anew("1. one", NUMBER, TEXT)
    assert not begins_anew("30. Then", NUMBER, TEXT)
    assert begins_anew("- one", BULLET, TEXT)
    assert not begins_anew("one", TEXT, BULLET)


def test_a_quotation_goes_on_in_its_next_line():
    assert begins_anew("> one", QUOTE, TEXT)
    assert not begins_anew("> two", QUOTE, QUOTE)
    assert begins_anew("> - one", BULLET, QUOTE)


@pytest.mark.parametrize(("line", "text"), [("> one", "one"), (">> one", "one"), ("a > b", "a > b")])
def test_a_quotation_has_marks_before_it(line, text):
    assert without_quote(line) == text


@pytest.mark.parametrize(
    ("item", "text"), [("- one", "one"), ("  2) two", "two"), ("(a) b", "b"), ("> - one", "one"), ("one", "one")]
)
def test_an_item_has_a_mark_before_it(item, text):
    assert without_mark(item) == text
