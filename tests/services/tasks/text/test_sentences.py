"""Where a sentence ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.tasks.text.sentences import Sentence, sentences


def texts(text):
    """The sentences of a text without their headings."""
    return [each.text for each in sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        (
            "Dr. Mills of Acme Inc. paid 3.50 euros. He left.",
            ["Dr. Mills of Acme Inc. paid 3.50 euros.", "He left."],
        ),
        ("Use a tool, e.g. Make or i.e. Ninja. Then rest.", ["Use a tool, e.g. Make or i.e. Ninja.", "Then rest."]),
        ("J. R. Smith wrote it! Really? Yes.", ["J. R. Smith wrote it!", "Really?", "Yes."]),
        ('He said "No." She left.', ['He said "No."', "She left."]),
        ("Das gilt z.B. Montags. Ärger folgt.", ["Das gilt z.B. Montags.", "Ärger folgt."]),
        ("期限は三十日です。延長できます。", ["期限は三十日です。", "延長できます。"]),
        ("a hard-wrapped\nline goes on\nhere. New one.", ["a hard-wrapped line goes on here.", "New one."]),
        ("the first-\ntime buyer", ["the first-time buyer"]),
        ("- one item\n- another item\n  goes on\n3. third", ["one item", "another item goes on", "third"]),
        ("The (worst k) of all. Be happy. Really.", ["The (worst k) of all.", "Be happy.", "Really."]),
        ("Cure it within\n30. Then rest.", ["Cure it within 30.", "Then rest."]),
        ("See **this** [page](https://a.example/b) [12].", ["See this page."]),
        ("| a | 3 |\n|---|---|\n| b | 4 |", ["a | 3", "b | 4"]),
        ("```\ncode here\n```", ["code here"]),
        (
            "He says\n> One is\n> here. Two.\n>\n> - three\n\nEnd",
            ["He says", "One is here.", "Two.", "three", "End"],
        ),
        ("I said no. Then I left. See No. 5.", ["I said no.", "Then I left.", "See No. 5."]),
        ("Am 3. Oktober war es. Danach nicht.", ["Am 3. Oktober war es.", "Danach nicht."]),
        ("Great! \U0001f389 Let's go.", ["Great!", "\U0001f389 Let's go."]),
        ("one is there. two is here.", ["one is there. two is here."]),
        ("Bugs go to:\n\n    bugs@a.example\n\nThanks.", ["Bugs go to: bugs@a.example", "Thanks."]),
        ("\x1b[31mred\x1b[0m\u202e alert", ["[31mred[0m alert"]),
        ("", []),
        ("-----\n*****", []),
    ],
)
def test_a_text_is_divided_into_sentences(text, parts):
    assert texts(text) == parts


@pytest.mark.parametrize(
    "text", ["## Opening hours ##\n\nMonday.", "Opening hours\n---\nMonday.", "8. Opening hours\n\nMonday."]
)
def test_a_sentence_knows_the_heading_it_stands_under(text):
    (sentence,) = sentences(text)
    assert sentence.text == "Monday."
    assert "Opening hours" in sentence.heading


def test_a_text_of_headings_gives_the_headings():
    assert sentences("# Thirty days") == [Sentence("Thirty days", "Thirty days")]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("One is\nhere. Two\nis there. Three.\n\nFour.", [0, 1, 2, 4]),
        ("\n\n# Heading\nOne is.\n\n\nTwo is.", [3, 6]),
        ("* one is\n* one is\n  here. One is\n  there.", [0, 1, 2]),
        ("See **this**\n[page](https://a.example/b)\nhere [12]. And\n_this_ page.", [0, 2]),
        ("The same. The same.\nThe same.", [0, 0, 1]),
        ("Bugs go to:\n\n    bugs@a.example\n\nThanks.", [0, 4]),
        ("the first-\ntime buyer. He\npays.", [0, 1]),
        ("> One is\n> here. Two is\n> there.", [0, 1]),
        ("One is\nhere. [Two](https://a.example) is\nthere.", [0, 1]),
    ],
)
def test_a_sentence_knows_the_line_it_begins_on(text, lines):
    assert [each.line for each in sentences(text)] == lines


@given(st.text("ab. \n-*#[]()", max_size=200))
def test_the_line_of_a_sentence_is_a_line_of_the_text(text):
    lines = [each.line for each in sentences(text)]
    assert lines == sorted(lines)
    assert all(0 <= line < len(text.splitlines()) for line in lines)


@given(st.text())
def test_no_text_breaks_it_and_every_sentence_is_one_printable_line(text):
    for each in texts(text):
        assert each == " ".join(each.split())
        assert any(mark.isalnum() for mark in each)


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "text",
    [
        f"# a{' ' * 20_000}x",
        f"{' ' * 20_000}x",
        f"{'-' * 20_000}x",
        "[](" * 7_000,
        "**" * 10_000,
        f"|{'| ' * 10_000}x",
        '" a. ' * 5_000,
        f"{'> ' * 10_000}x",
        f"{'>' * 20_000}x",
    ],
)
def test_a_text_that_is_made_to_harm_takes_no_long(text):
    sentences(text)


def test_a_huge_line_is_divided_in_time_that_grows_with_it():
    assert len(texts("This is a sentence. " * 20_000)) == 20_000
