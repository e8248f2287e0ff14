"""Which topics are one and the same."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.learning.topics.likeness import ALIKE, alike, packed

NUMBERS = st.floats(-1e3, 1e3, width=32).map(lambda number: number if abs(number) > 1e-3 else 0.0)
VECTORS = st.lists(NUMBERS, min_size=3, max_size=3)


def turned(cosine):
    """A vector whose cosine with (1, 0) is this."""
    return packed([cosine, math.sqrt(1 - cosine**2)])


def cosine(one, other):
    """The cosine of two vectors."""
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


def test_vectors_of_nearly_the_same_direction_are_alike_and_others_are_not():
    one = packed([1, 0])
    assert alike(one, [turned(ALIKE + 0.001)]) == 0
    assert alike(one, [turned(ALIKE - 0.001), packed([0, 1]), packed([-1, 0])]) is None


def test_the_length_of_a_vector_does_not_matter():
    assert alike(packed([1, 1]), [packed([1000, 1000])]) == 0


def test_the_most_alike_is_chosen():
    others = [packed([0, 1]), turned(0.95), turned(0.99), turned(0.97)]
    assert alike(packed([1, 0]), others) == 2


def test_among_none_none_is_alike():
    assert alike(packed([1, 0]), []) is None


def test_vectors_of_another_model_are_like_none_and_keep_their_places():
    others = [packed([1, 0, 0]), packed([1]), packed([1, 0])]
    assert alike(packed([1, 0]), others) == 2
    assert alike(packed([1, 0]), others[:2]) is None


@pytest.mark.parametrize("broken", [[0, 0], [math.nan, 1], [math.inf, 1], [math.inf, -math.inf]])
def test_a_vector_without_a_direction_is_like_none(broken):
    assert alike(packed(broken), [packed([1, 0])]) is None
    assert alike(packed([1, 0]), [packed(broken), packed([1, 0])]) == 1
    assert alike(packed(broken), [packed(broken)]) is None


def test_vectors_without_anything_in_them_are_like_none():
    assert alike(packed([]), [packed([]), packed([1])]) is None


@given(VECTORS.filter(lambda vector: math.hypot(*vector) > 1), st.lists(VECTORS, min_size=1, max_size=8))
def test_what_is_alike_has_the_greatest_cosine(vector, others):
    found = alike(packed(vector), [packed(other) for other in others])
    cosines = [cosine(vector, other) if math.hypot(*other) > 1e-6 else 0.0 for other in others]
    if found is None:
        assert max(cosines) < ALIKE + 1e-4
    else:
        assert cosines[found] == pytest.approx(max(cosines), abs=1e-4)
        assert cosines[found] > ALIKE - 1e-4
