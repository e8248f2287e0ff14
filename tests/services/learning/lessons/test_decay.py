"""Sums that decay are what they would be if every part were weighed anew."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.learning_work import DAY

from senter.learning.lessons.decay import NOTHING, Decay, plus

NOW = 1_795_334_400_000_000
PARTS = st.lists(st.tuples(st.integers(0, 600 * DAY), st.floats(0.01, 100)), min_size=1, max_size=30)


def direct(decay, parts):
    """The sum, each part weighed by its age."""
    return math.fsum(weight * 2 ** (-age / (decay.days * DAY)) for age, weight in parts)


def summed(decay, parts):
    """The score of the sum of parts, added one after the other."""
    score = NOTHING
    for age, weight in parts:
        score = plus(score, decay.scored(NOW - age, weight))
    return score


def test_a_part_weighs_half_after_every_half_life():
    decay = Decay(30.0)
    score = decay.scored(NOW, 8)
    assert [decay.weight(score, NOW + days * DAY) for days in (0, 30, 60, 90)] == pytest.approx([8, 4, 2, 1])


@given(PARTS, st.sampled_from([28.0, 30.0, 60.0]))
def test_a_sum_is_what_it_is_when_it_is_computed_directly(parts, days):
    decay = Decay(days)
    assert decay.weight(summed(decay, parts), NOW) == pytest.approx(direct(decay, parts), rel=1e-6)


@given(PARTS, st.randoms(use_true_random=False))
def test_the_order_of_adding_does_not_matter(parts, chance: random.Random):
    decay, other = Decay(30.0), list(parts)
    chance.shuffle(other)
    assert summed(decay, parts) == pytest.approx(summed(decay, other), abs=1e-9)


@given(PARTS, PARTS, st.integers(0, 400))
def test_which_of_two_sums_is_the_greater_does_not_change_while_time_goes_by(one, other, days):
    decay = Decay(30.0)
    first, second = summed(decay, one), summed(decay, other)
    later = NOW + days * DAY
    assert (first > second) == (decay.weight(first, later) > decay.weight(second, later)) or first == pytest.approx(
        second, abs=1e-9
    )


def test_nothing_adds_nothing_and_weighs_nothing():
    score = Decay(30.0).scored(NOW)
    assert plus(NOTHING, score) == plus(score, NOTHING) == score
    assert Decay(30.0).weight(NOTHING, NOW) == 0.0


@pytest.mark.parametrize("time", [1, NOW, 9_214_646_400_000_000])
@pytest.mark.parametrize("now", [0, NOW, 2**63 - 1])
def test_no_time_is_too_far_away(time, now):
    decay = Decay(30.0)
    score = decay.scored(time)
    assert math.isfinite(score)
    assert math.isfinite(decay.weight(plus(score, decay.scored(NOW)), now))
