"""When a provider that failed is asked again."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from senter.errors import ModelFailed
from senter.models.providers.retry import Passing, Patience

PATIENCE = Patience(retries=4, first_pause=0.5, longest_pause=3.0, longest_wish=60.0)


def most():
    """The longest pause that chance may give."""
    return 1.0


def test_the_span_of_a_pause_doubles_up_to_the_longest():
    assert [PATIENCE.pause(attempt, None, most) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 3.0]


def test_a_pause_is_a_matter_of_chance():
    assert [PATIENCE.pause(3, None, lambda share=share: share) for share in (0.0, 0.25, 0.5)] == [0.0, 0.5, 1.0]


def test_after_the_last_retry_there_is_none():
    assert PATIENCE.pause(4, None, most) is not None
    assert PATIENCE.pause(5, None, most) is None
    assert Patience(retries=0).pause(1, None) is None


@pytest.mark.parametrize(("after", "pause"), [(0.0, 0.5), (0.25, 0.5), (7.0, 7.0), (60.0, 60.0), (60.1, None)])
def test_what_a_provider_asks_for_is_the_least_unless_it_is_too_long(after, pause):
    assert PATIENCE.pause(1, after, most) == pause


@given(some.integers(1, 10), some.none() | some.floats(0, 1000))
def test_a_pause_keeps_to_its_limits(attempt, after):
    pause = PATIENCE.pause(attempt, after)
    if attempt > PATIENCE.retries or (after or 0.0) > PATIENCE.longest_wish:
        assert pause is None
    else:
        assert (after or 0.0) <= pause <= max(PATIENCE.longest_pause, after or 0.0)


def test_a_passing_failure_is_a_failure_that_may_say_when_it_is_over():
    assert isinstance(Passing("busy"), ModelFailed)
    assert Passing("busy").after is None
    assert (str(Passing("busy", 3.0)), Passing("busy", 3.0).after) == ("busy", 3.0)
