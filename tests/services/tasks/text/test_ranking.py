"""Which passages fit."""

from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.tasks.text.ranking import Ranking
from senter.tasks.tools.findings import Passage


def ranking_of(*texts):
    """A ranking of passages with these texts, each of a source of its own."""
    ranking = Ranking()
    for number, text in enumerate(texts):
        ranking.add(Passage(f"/{number}", "", "", text))
    return closing(ranking)


def test_a_word_is_found_in_other_forms_of_it():
    with ranking_of("violations happen", "das Gewicht der Verletzungen", "an internal matter") as found:
        ranking = found
        assert ranking.with_word("violator") == {0}
        assert ranking.with_word("Verletzung") == {1}
        assert ranking.with_word("internet") == frozenset()


def test_the_best_are_given_in_the_order_they_were_added():
    with ranking_of("cure", "nothing", "a day to cure", "day") as ranking:
        assert [each.text for each in ranking.best(("day", "cure"), 2)] == ["cure", "a day to cure"]


def test_every_word_that_is_anywhere_is_among_the_best():
    others = [f"licence fee copy {number}" for number in range(20)]
    with ranking_of(*others, f"tea {'and much else ' * 300}") as ranking:
        found = ranking.best(("licence", "fee", "copy", "tea"), 3)
        assert [each.text[:3] for each in found] == ["lic", "lic", "tea"]


def test_the_same_text_counts_once():
    with ranking_of("a day  to cure", "a day to\ncure", "day") as ranking:
        assert len(ranking.best(("day",), 5)) == 2


def test_the_title_counts():
    with closing(Ranking()) as ranking:
        for title in ("GFDL", "GPL", "MPL"):
            ranking.add(Passage(f"/{title}", "", title, f"a day to cure, says {title[0]}"))
        assert [each.title for each in ranking.best(("day", "GPL"), 1)] == ["GPL"]


def test_a_helping_word_changes_the_order_only():
    with ranking_of("report", "bug", "report a bug") as ranking:
        assert [each.text for each in ranking.best(("bug",), 1, ("report",))] == ["report a bug"]


def test_without_words_the_beginning_of_every_source_comes_first():
    with closing(Ranking()) as ranking:
        for source, text in (("/a", "one"), ("/a", "two"), ("/b", "three"), ("/b", "four")):
            ranking.add(Passage(source, "", "", text))
        assert [each.text for each in ranking.best((), 3)] == ["one", "two", "three"]


@pytest.mark.parametrize("word", ['"', 'a" OR text:"b', "NEAR(a b)", "a*", "-a", "title:", "\0", "許可", "", "^x"])
def test_syntax_of_the_index_is_text_like_any_other(word):
    with ranking_of("許可 is given", "b") as ranking:
        assert ranking.with_word(word) == (frozenset({0}) if word == "許可" else frozenset())


@given(st.text(), st.text(min_size=1))
def test_no_word_and_no_text_breaks_it(text, word):
    with ranking_of(text) as ranking:
        assert len(ranking.best((word,), 3)) <= 1
