"""Who fails again and again is left alone for a while."""

import pytest

from senter.models.providers.circuit import (
    CLOSED,
    HALF_OPEN,
    MOST_FAILURES,
    OPEN,
    REST_SECONDS,
    WINDOW_SECONDS,
    Circuit,
    Entry,
)


@pytest.fixture
def broken() -> Circuit:
    """One that opened at 0."""
    circuit = Circuit()
    for _ in range(MOST_FAILURES):
        circuit.failed(Entry(), 0.0)
    return circuit


def test_a_provider_that_has_not_failed_is_asked_by_everybody():
    circuit = Circuit()
    assert (circuit.state(0.0), circuit.rest(0.0)) == (CLOSED, 0.0)
    assert all(circuit.enter(0.0) for _ in range(10))


def test_it_opens_at_the_fifth_failure_in_a_minute():
    circuit = Circuit()
    for number in range(MOST_FAILURES - 1):
        circuit.failed(Entry(), float(number))
        assert circuit.state(float(number)) == CLOSED
    circuit.failed(Entry(), WINDOW_SECONDS)
    assert circuit.state(WINDOW_SECONDS) == OPEN
    assert circuit.rest(WINDOW_SECONDS + 10.0) == REST_SECONDS - 10.0
    assert not circuit.enter(WINDOW_SECONDS + 10.0)


def test_failures_that_are_far_apart_do_not_open_it():
    circuit = Circuit()
    for number in range(100):
        circuit.failed(Entry(), number * (WINDOW_SECONDS / (MOST_FAILURES - 1) + 0.1))
    assert circuit.state(100 * WINDOW_SECONDS) == CLOSED


def test_answers_in_between_do_not_hide_that_it_fails_again_and_again():
    circuit = Circuit()
    for number in range(MOST_FAILURES):
        circuit.succeeded(Entry())
        circuit.failed(Entry(), float(number))
    assert circuit.state(float(MOST_FAILURES)) == OPEN


def test_after_its_rest_one_request_finds_out(broken):
    assert not broken.enter(REST_SECONDS - 0.1)
    assert (broken.state(REST_SECONDS), broken.rest(REST_SECONDS)) == (HALF_OPEN, 0.0)
    assert [bool(broken.enter(REST_SECONDS)) for _ in range(3)] == [True, False, False]


def test_it_closes_when_that_one_is_answered_and_what_was_is_forgotten(broken):
    broken.succeeded(broken.enter(REST_SECONDS))
    assert broken.state(REST_SECONDS) == CLOSED
    broken.failed(Entry(), REST_SECONDS)
    assert broken.state(REST_SECONDS) == CLOSED
    assert broken.enter(REST_SECONDS)


def test_it_opens_again_when_that_one_fails(broken):
    broken.failed(broken.enter(REST_SECONDS), REST_SECONDS + 5.0)
    assert broken.state(REST_SECONDS + 5.0) == OPEN
    assert broken.rest(REST_SECONDS + 5.0) == REST_SECONDS
    assert broken.enter(2 * REST_SECONDS + 5.0)


def test_when_that_one_leaves_another_may_find_out(broken):
    broken.left(broken.enter(REST_SECONDS))
    assert broken.state(REST_SECONDS) == HALF_OPEN
    assert broken.enter(REST_SECONDS)


def test_who_was_let_through_before_it_opened_decides_nothing(broken):
    straggler = Entry()
    broken.succeeded(straggler)
    assert broken.state(0.0) == OPEN
    broken.failed(straggler, 20.0)
    assert broken.rest(20.0) == REST_SECONDS - 20.0
    assert broken.enter(REST_SECONDS)
    broken.left(straggler)
    assert not broken.enter(REST_SECONDS), "one is finding out"
