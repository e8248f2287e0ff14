"""What a sentence is about."""

import locale

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from senter.learning.topics import phrases as module
from senter.learning.topics.naming import normal
from senter.learning.topics.phrases import LONGEST_PHRASE, MOST_PHRASES, phrases
from senter.wording import one_line


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Research postgres vacuum tuning", "postgres vacuum tuning"),
        ("hey, tell me about Kubernetes please", "Kubernetes"),
        ("espresso", "espresso"),
        ("What are the latest AI trends?", "AI trends"),
        ("Summarize the news about solar panels today", "solar panels"),
    ],
)
def test_a_question_is_about_its_key_phrase(text, topic):
    assert phrases(text)[0] == topic


@pytest.mark.parametrize(
    "text", ["", "   ", "\0", "...", "please help me", "explain it briefly, please", "thanks!", "\ud800"]
)
def test_a_text_without_a_subject_is_about_nothing(text):
    assert phrases(text) == []


def test_there_are_few_phrases_of_few_words_and_none_says_the_same_as_another():
    text = "Compare the borrow checker of Rust with garbage collection in Java and reference counting in Swift"
    found = phrases(text)
    assert 1 <= len(found) <= MOST_PHRASES
    words = [word for phrase in found for word in normal(phrase).split()]
    assert len(words) == len(set(words))
    assert all(phrase in text for phrase in found)


@pytest.fixture
def speaking(monkeypatch):
    """A function that says which language the user speaks."""

    def forget():
        for cached in vars(module).values():
            if hasattr(cached, "cache_clear"):
                cached.cache_clear()

    def speak(language):
        monkeypatch.setattr(locale, "getlocale", lambda: (language, "UTF-8"))
        forget()

    yield speak
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize(
    ("language", "text"),
    [("de_DE", "Wie ist denn das Wetter auch bei uns"), ("fr_FR", "Quel est le Wetter chez nous")],
)
def test_small_words_of_the_language_of_the_user_are_left_out(speaking, language, text):
    speaking(language)
    assert phrases(text) == ["Wetter"]
    assert phrases("What about the weather") == ["weather"]


@pytest.mark.parametrize("language", [None, "C", "xx_YY", ""])
def test_in_a_language_that_yake_does_not_know_phrases_are_found_all_the_same(speaking, language):
    speaking(language)
    assert phrases("tell me about espresso") == ["espresso"]


@settings(deadline=None, max_examples=50)
@given(
    st.text()
    | st.lists(st.sampled_from(["AI", "x", "-", "don't", "3.5", "a.b", "Zürich", '"', "\x07", "\n", "日本語"])).map(
        " ".join
    )
)
def test_any_text_has_phrases_or_none(text):
    found = phrases(text)
    assert len(found) <= MOST_PHRASES
    for phrase in found:
        assert one_line(phrase) == phrase and normal(phrase)
        assert len(phrase) <= LONGEST_PHRASE + 3


@pytest.mark.parametrize("unit", ["espresso ", "a", "\n", "AI ", "a b. ", "\0"])
def test_a_huge_text_is_looked_at_only_at_its_beginning(unit):
    assert phrases(unit * 1_000_000) == phrases(unit * 1_000_000 + " kubernetes")


def test_two_ways_to_write_a_phrase_are_one_name():
    assert normal("  Solar\n PANELS ") == normal("solar panels") == "solar panels"
    assert normal("STRASSE") == normal("straße")
