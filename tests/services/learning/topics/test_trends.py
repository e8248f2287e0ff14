"""Which topics come up more often than before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.learning.topics.trends import Mentioned, trends

COUNTS = st.integers(0, 10_000)


def change(lately, before):
    """How a topic changes."""
    return trends([Mentioned("x", lately, before)], 10)[0][1]


def test_what_is_new_rises_and_what_is_gone_falls():
    assert change(1000, 0) == pytest.approx(1, abs=0.01)
    assert change(0, 1000) == pytest.approx(-1, abs=0.01)
    assert change(7, 7) == 0


def test_a_single_mention_is_less_of_a_trend_than_many():
    assert 0 < change(1, 0) < change(2, 0) < change(20, 0) < 1
    assert change(1, 0) == pytest.approx(1 / 3)


@given(COUNTS, COUNTS)
def test_a_change_lies_between_gone_and_new(lately, before):
    assert -1 < change(lately, before) < 1
    assert change(lately, before) == -change(before, lately)


def test_the_strongest_rise_comes_first():
    rows = [Mentioned("same", 3, 3), Mentioned("gone", 0, 5), Mentioned("new", 5, 0), Mentioned("more", 4, 2)]
    assert [topic for topic, _ in trends(rows, 10)] == ["new", "more", "same", "gone"]
    assert trends([], 10) == []
