"""When a daily digest is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import Clock

from senter.reporter.digest.slot import DAILY_AT, Slot, daily_slot, daily_title

MOMENTS = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def local(moment):
    """A moment as the reporter's clock tells it in Berlin."""
    clock = Clock("2026-01-01 00:00")
    clock.forward(seconds=moment.timestamp() - clock().timestamp())
    return clock()


def test_the_slot_of_a_moment_is_the_nine_o_clock_before_it():
    now = Clock("2026-11-22 10:30")()
    assert daily_slot(now) == Slot(due=now.replace(hour=9, minute=0), late=True)


def test_before_nine_the_slot_is_that_of_the_day_before():
    slot = daily_slot(Clock("2026-11-22 08:59:59.999999")())
    assert f"{slot.due:%Y-%m-%d %H:%M}" == "2026-11-21 09:00"


@given(MOMENTS)
def test_a_slot_is_never_in_the_future_and_less_than_a_day_and_an_hour_ago(moment):
    now = local(moment)
    due = daily_slot(now).due
    assert timedelta(0) <= now - due < timedelta(hours=25)
    assert due.time() == DAILY_AT


@given(MOMENTS, st.integers(0, 86_399))
def test_two_moments_between_nine_and_nine_share_a_slot(moment, later):
    first = daily_slot(local(moment))
    second = daily_slot(local(moment + timedelta(seconds=later)))
    assert second.due.date() - first.due.date() in (timedelta(0), timedelta(days=1))
    if local(moment + timedelta(seconds=later)).date() == local(moment).date() and local(moment).hour >= 9:
        assert second.due.date() == first.due.date()


@given(MOMENTS)
def test_a_digest_is_late_five_minutes_after_its_time(moment):
    slot = daily_slot(local(moment))
    assert slot.late is (local(moment) - slot.due > timedelta(minutes=5))


@pytest.mark.parametrize(
    ("time", "title"),
    [
        ("2026-11-22 09:00", "Daily digest"),
        ("2026-11-22 09:05", "Daily digest"),
        ("2026-11-22 09:05:00.000001", "Daily digest (late, was due Sun 09:00)"),
        ("2026-11-22 08:00", "Daily digest (late, was due Sat 09:00)"),
    ],
)
def test_a_late_digest_says_when_it_was_due(time, title):
    assert daily_title(daily_slot(Clock(time)())) == title


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_on_the_day_the_clocks_change_nine_o_clock_is_on_time(day):
    assert not daily_slot(Clock(f"{day} 09:00")()).late
