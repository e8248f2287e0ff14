"""What a question is about."""

import pytest

from senter.tasks.text.words import beginning, content_words, folded, has_beginning, helping_words, spaced


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("how many days a violator has to cure it", ("days", "violator", "cure")),
        ("Days and DAYS and day", ("Days", "day")),
        ("How high is the Brocken", ("Brocken",)),
        ("how  large is a high dose", ("high", "dose")),
        ("how high", ("how",)),
        ("how highways are built", ("highways", "built")),
        ("Wie lange ist die Kündigungsfrist?", ("Kündigungsfrist",)),
        ("Combien de jours pour l'appel ?", ("jours", "appel")),
        ("what do the documents say about warranty", ("warranty",)),
        ("Summarise the documents", ()),
        ("Who is who?", ("Who", "is")),
        ("What is 7 * 6", ("7", "6")),
        ("许可证期限", ("许可", "可证", "证期", "期限")),
        ("?!", ()),
        ("", ()),
    ],
)
def test_the_content_words_are_those_an_answer_has_to_mention(question, words):
    assert content_words(question) == words


def test_a_word_that_may_be_an_instruction_helps():
    assert helping_words("how do I report a bug") == ("report",)


def test_a_flood_of_words_is_bounded():
    assert len(content_words(" ".join(f"word{number}" for number in range(1000)))) == 32


def test_words_are_compared_without_case_and_accents():
    assert folded("ÉTÉ Straße") == "ete strasse"


@pytest.mark.parametrize(
    ("word", "start"), [("Verletzung", "Verletzu"), ("internet", "interne"), ("budget", "budge"), ("cure", "")]
)
def test_a_word_is_known_by_four_fifths_of_it_and_five_letters(word, start):
    assert beginning(word) == start


def test_a_word_begins_so_or_not():
    assert has_beginning("Zwei Verletzungen", "verletzu")
    assert not has_beginning("an internal matter", "interne")


def test_only_scripts_without_spaces_are_spaced():
    assert spaced("a 許可 b").split() == ["a", "許", "可", "b"]
    assert spaced("plain text") == "plain text"
