"""When a notice is tried again that the notification server has refused."""

from itertools import pairwise

import pytest

from senter.reporter.delivery.refusals import PAUSES, Refusals


@pytest.fixture
def refusals(clock):
    """Nothing was refused yet."""
    return Refusals(clock)


def test_what_was_not_refused_has_not_to_wait(refusals):
    assert refusals.pause("a") == 0


def test_pauses_grow():
    assert all(earlier * 2 == later for earlier, later in pairwise(PAUSES))
    assert PAUSES[0].total_seconds() == 2


def test_after_each_refusal_there_is_a_longer_pause_and_the_fifth_is_the_last(refusals, clock):
    for pause in PAUSES:
        assert refusals.note("a")
        assert refusals.pause("a") == pause.total_seconds()
        clock.forward(seconds=pause.total_seconds() - 0.5)
        assert refusals.pause("a") == 0.5
        clock.forward(seconds=0.5)
        assert refusals.pause("a") == 0
    assert not refusals.note("a")


def test_each_notice_has_its_own_pause(refusals):
    refusals.note("a")
    assert refusals.pause("b") == 0


def test_what_is_no_longer_tried_is_forgotten(refusals):
    for _ in PAUSES:
        refusals.note("a")
    refusals.keep({"b"})
    assert refusals.pause("a") == 0
    assert refusals.note("a")
    assert refusals.pause("a") == PAUSES[0].total_seconds()


def test_what_is_still_tried_is_remembered(refusals):
    refusals.note("a")
    refusals.keep({"a", "b"})
    assert refusals.pause("a") == PAUSES[0].total_seconds()


def test_a_clock_that_is_set_back_makes_no_pause_longer(refusals, clock):
    refusals.note("a")
    clock.forward(hours=-1)
    assert refusals.pause("a") == 0
