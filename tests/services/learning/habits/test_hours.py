"""When the user is there."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clock import BERLIN, Clock

from senter.learning.habits.hours import (
    USUAL_PEAKS,
    Active,
    by_day,
    by_hour,
    first_hour,
    next_active,
    peak_hours,
    weekday,
)

SUNDAY = date(2026, 11, 22).toordinal()


def daily(hour, until=SUNDAY, days=28, every=1, events=1):
    """Something happened in an hour of each of the days before one."""
    return [Active(until - ago, hour, events) for ago in range(every, days + 1, every)]


@pytest.mark.parametrize("ago", range(14))
def test_the_day_of_the_week_is_the_one_of_the_calendar(ago):
    assert weekday(SUNDAY - ago) == date.fromordinal(SUNDAY - ago).weekday()


def test_a_day_counts_half_as_much_four_weeks_later():
    hours = [Active(SUNDAY, 9, 3), Active(SUNDAY - 28, 9, 4), Active(SUNDAY - 56, 9, 4), Active(SUNDAY - 28, 23, 1)]
    assert by_hour(hours, SUNDAY) == pytest.approx({"9": 3 + 2 + 1, "23": 0.5})
    assert by_day(hours, SUNDAY) == pytest.approx({"6": 6.5})


def test_a_day_is_counted_by_its_name():
    hours = [Active(SUNDAY, 9, 1), Active(SUNDAY - 6, 9, 1), Active(SUNDAY - 6, 10, 1)]
    found = by_day(hours, SUNDAY)
    assert sorted(found) == ["0", "6"]
    assert found["6"] == 1.0
    assert found["0"] == pytest.approx(2 * 2 ** (-6 / 28))


def test_the_peak_hours_are_the_usual_ones_until_something_is_known():
    assert peak_hours([], SUNDAY) == [9, 10, 14, 15] == list(USUAL_PEAKS)
    two_days = [Active(SUNDAY, 22, 100), Active(SUNDAY - 1, 22, 100)]
    assert peak_hours(two_days, SUNDAY) == [9, 10, 14, 15]


def test_the_peak_hours_are_the_four_in_which_most_happens_in_their_order():
    hours = daily(22, events=5) + daily(7, events=4) + daily(13, events=3) + daily(1, events=2) + daily(2)
    assert peak_hours(hours, SUNDAY) == [1, 7, 13, 22]


def test_new_habits_win_over_old_ones():
    old = [hour for number in (6, 7, 8, 9) for hour in daily(number, SUNDAY - 150, 30)]
    new = [hour for number in (18, 19, 20, 21) for hour in daily(number, SUNDAY, 10)]
    assert peak_hours(old + new, SUNDAY) == [18, 19, 20, 21]


def test_nothing_is_next_while_nothing_is_known():
    assert next_active([], Clock("2026-11-22 10:00")()) is None


def test_the_next_time_is_the_next_hour_of_the_week_that_is_likely():
    workdays = [Active(day, 9, 1) for day in range(SUNDAY - 56, SUNDAY) if weekday(day) < 5]
    moment, chance = next_active(workdays, Clock("2026-11-22 10:00")())
    assert moment == datetime(2026, 11, 23, 9, tzinfo=BERLIN)
    assert 0.5 <= chance < 1
    assert next_active(workdays, Clock("2026-11-27 09:30")())[0] == datetime(2026, 11, 30, 9, tzinfo=BERLIN)


def test_what_happened_once_is_not_sure():
    moment, chance = next_active([Active(SUNDAY - 1, 20, 50)], Clock("2026-11-22 10:00")())
    assert moment == datetime(2026, 11, 28, 20, tzinfo=BERLIN)
    assert 0 < chance < 0.5


def test_the_longer_a_habit_is_known_the_surer_it_is():
    now = Clock("2026-11-22 10:00")()
    chances = [next_active(daily(9, days=7 * weeks), now)[1] for weeks in (1, 2, 4, 8)]
    assert chances == sorted(chances) and chances[0] < chances[-1] < 1


def test_the_hour_that_has_begun_is_not_the_next_one():
    assert next_active(daily(10), Clock("2026-11-22 10:00")())[0] == datetime(2026, 11, 23, 10, tzinfo=BERLIN)
    assert next_active(daily(10), Clock("2026-11-22 09:59")())[0] == datetime(2026, 11, 22, 10, tzinfo=BERLIN)


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"])
def test_over_a_change_of_the_clocks_the_next_time_is_the_one_on_the_wall(in_berlin, change):
    sunday = date.fromisoformat(change)
    evening = Clock(f"{sunday - timedelta(days=1)} 20:00")()
    expected = datetime(sunday.year, sunday.month, sunday.day, 9, tzinfo=BERLIN)
    moment, _ = next_active(daily(9, sunday.toordinal()), evening)
    assert moment.astimezone(BERLIN) == expected
    weekly = daily(9, sunday.toordinal() - 6, days=56, every=7)
    moment, _ = next_active([active for active in weekly if weekday(active.day) == 0], evening)
    assert moment.astimezone(BERLIN).hour == 9


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"])
@pytest.mark.parametrize("hour", [1, 2, 3])
def test_an_hour_that_a_change_of_the_clocks_takes_away_or_doubles_does_no_harm(in_berlin, change, hour):
    sunday = date.fromisoformat(change)
    evening = Clock(f"{sunday - timedelta(days=1)} 23:30")()
    moment, chance = next_active(daily(hour, sunday.toordinal()), evening)
    assert evening < moment <= evening + timedelta(hours=28)
    assert moment.astimezone(BERLIN).hour in (hour, 3)
    assert 0.5 <= chance < 1


ACTIVE = st.builds(Active, st.integers(SUNDAY - 366, SUNDAY), st.integers(0, 23), st.integers(1, 1000))


@settings(deadline=None, max_examples=50)
@given(st.lists(ACTIVE, min_size=1, max_size=20))
def test_the_next_time_is_a_full_hour_within_a_week_and_never_certain(hours):
    now = Clock("2026-11-22 10:30")()
    moment, chance = next_active(hours, now)
    assert now < moment <= now + timedelta(days=7)
    assert (moment.minute, moment.second, moment.microsecond) == (0, 0, 0)
    assert 0 < chance < 1
    assert any((weekday(active.day), active.hour) == (moment.weekday(), moment.hour) for active in hours)


@given(st.lists(ACTIVE, max_size=40))
def test_the_sums_by_hour_and_by_day_are_the_same_together(hours):
    assert sum(by_hour(hours, SUNDAY).values()) == pytest.approx(sum(by_day(hours, SUNDAY).values()))
    peaks = peak_hours(hours, SUNDAY)
    assert peaks == sorted(set(peaks)) and len(peaks) <= 4


def test_the_day_begins_at_the_hour_at_which_it_mostly_begins():
    hours = daily(8, days=9) + daily(20, days=9) + [Active(SUNDAY - 10, 13, 1), Active(SUNDAY - 11, 4, 1)]
    assert first_hour(hours, SUNDAY) == 8


def test_who_is_still_up_at_three_has_not_begun_the_day():
    assert first_hour(daily(3) + daily(11), SUNDAY) == 11
    assert first_hour(daily(3), SUNDAY) is None


def test_when_the_day_begins_is_not_known_after_four_days():
    assert first_hour(daily(8, days=4), SUNDAY) is None
    assert first_hour(daily(8, days=5), SUNDAY) == 8


def test_the_nearer_the_hour_the_same_is_told():
    mondays = [Active(SUNDAY - 6, 9, 1), Active(SUNDAY - 13, 9, 1)]
    moments = [next_active(mondays, Clock(f"2026-11-{now}")()) for now in ("22 08:00", "23 08:00")]
    assert [moment.hour for moment, _ in moments] == [9, 9]
    assert moments[0][1] == pytest.approx(moments[1][1], abs=0.02)
