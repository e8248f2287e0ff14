"""How sure it is that the user prefers something."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.learning_work import DAY

from senter.learning.lessons.decay import NOTHING
from senter.learning.preferences.belief import DECAY, Evidence, Preference, confidence, preferences

NOW = 1_795_334_400_000_000


def evidence(value, pro=0.0, contra=0.0, key="response_length", age=0):
    """What speaks for and against a value, all of one age."""
    scores = [DECAY.scored(NOW - age, weight) if weight else NOTHING for weight in (pro, contra)]
    return Evidence("style", key, value, *scores, int(pro + contra))


def believed(*rows, chosen=(), now=NOW):
    """The value and the confidence of what is believed."""
    return [(each.value, pytest.approx(each.confidence)) for each in preferences(rows, dict(chosen), now)]


def test_without_evidence_everything_is_as_likely_as_its_opposite():
    assert confidence(0, 0) == 0.5
    assert preferences([], {}, NOW) == []


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_the_confidence_is_the_mean_of_a_beta_distribution(pro, contra):
    alpha, beta = 2 + pro, 2 + contra
    assert confidence(pro, contra) == pytest.approx(alpha / (alpha + beta))
    assert confidence(pro, contra) + confidence(contra, pro) == pytest.approx(1)


def test_a_single_remark_does_not_count_and_two_do():
    one, two = (preferences([evidence("brief", weight)], {}, NOW)[0] for weight in (1, 2))
    assert (one.confidence, one.counts) == (pytest.approx(0.6), False)
    assert (two.confidence, two.counts) == (pytest.approx(4 / 6), True)


def test_only_what_is_above_the_limit_counts():
    assert not Preference("style", "formality", "formal", 0.6, 1).counts
    assert Preference("style", "formality", "formal", 0.6000001, 1).counts


def test_what_speaks_for_one_value_speaks_against_the_others():
    (found,) = preferences([evidence("brief", 3), evidence("detailed", 1)], {}, NOW)
    assert (found.value, found.confidence, found.evidence) == ("brief", pytest.approx(5 / 8), 4)
    assert believed(evidence("brief", 2), evidence("detailed", 2)) == [("brief", 0.5)]


def test_a_bad_word_speaks_against_a_value_and_for_no_other():
    assert believed(evidence("brief", 0, 3)) == [("brief", 2 / 7)]
    assert believed(evidence("brief", 2, 2), evidence("detailed", 1)) == [("brief", 4 / 9)]


def test_evidence_weighs_half_after_sixty_days():
    assert believed(evidence("brief", 4, age=60 * DAY)) == believed(evidence("brief", 2))
    assert believed(evidence("brief", 1000), now=NOW + 6000 * DAY) == [("brief", 0.5)]


def test_what_once_counted_does_not_count_for_ever():
    rows = [evidence("brief", 3)]
    assert preferences(rows, {}, NOW)[0].counts
    assert not preferences(rows, {}, NOW + 120 * DAY)[0].counts


def test_newer_evidence_wins_over_as_much_that_is_older():
    assert believed(evidence("brief", 4, age=120 * DAY), evidence("detailed", 4)) == [("detailed", 6 / 9)]


def test_what_the_user_has_set_wins_over_whatever_was_learned():
    chosen = {("style", "response_length"): "detailed"}
    (found,) = preferences([evidence("brief", 1000)], chosen, NOW)
    assert (found.value, found.confidence, found.set_by_user, found.counts) == ("detailed", 1.0, True, True)
    assert found.evidence == 0


def test_the_surest_comes_first():
    rows = [
        evidence("formal", 2, key="formality"),
        evidence("brief", 5),
        evidence("high", 3, key="technical_level"),
    ]
    chosen = {("schedule", "digest_hour"): "7"}
    assert [each.value for each in preferences(rows, chosen, NOW)] == ["7", "brief", "high", "formal"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.1, 1e9), st.floats(0, 1e9)), max_size=5))
def test_every_confidence_is_between_none_and_certain(rows):
    for each in preferences([evidence(*row) for row in rows], {}, NOW):
        assert 0 < each.confidence < 1
