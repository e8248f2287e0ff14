"""How long a closed laptop may go on: the rules, one case a line."""

import pytest

from senter.settings import TasksSettings
from senter.tasks.power.lid import Situation, has_run_out, seconds_left

HOUR, MINUTE = 3600.0, 60.0
SETTINGS = TasksSettings(lid_hours=4.0, lid_battery=30)
PLUGGED = (None, None)

LEFT = {
    "at work": (Situation(True, 0, *PLUGGED), 0, 4 * HOUR),
    "at work for three hours": (Situation(True, 0, *PLUGGED), 3 * HOUR, HOUR),
    "at work for four hours": (Situation(True, 0, *PLUGGED), 4 * HOUR, 0),
    "at work for a week": (Situation(True, 0, *PLUGGED), 168 * HOUR, 0),
    "the lid was open an hour ago": (Situation(True, 9 * HOUR, *PLUGGED), 10 * HOUR, 3 * HOUR),
    "no work": (Situation(False, 0, *PLUGGED), 0, 0),
    "no work, on a full battery": (Situation(False, 0, 0, 100.0), 0, 0),
    "plugged in with an empty battery": (Situation(True, 0, None, 1.0), 0, 4 * HOUR),
    "a full battery": (Situation(True, 0, 0, 100.0), 0, 4 * HOUR),
    "a full battery for four hours": (Situation(True, 0, 0, 100.0), 4 * HOUR, 0),
    "just enough in the battery": (Situation(True, 0, 0, 30.0), HOUR, 3 * HOUR),
    "not enough in the battery": (Situation(True, 0, 0, 29.9), 0, 0),
    "nothing in the battery": (Situation(True, 0, 0, 0.0), 0, 0),
    "nobody says how full it is": (Situation(True, 0, 0, None), 0, 30 * MINUTE),
    "nobody says so for 29 minutes": (Situation(True, 0, 0, None), 29 * MINUTE, MINUTE),
    "nobody says so for 30 minutes": (Situation(True, 0, 0, None), 30 * MINUTE, 0),
    "unplugged after three hours, nobody says": (Situation(True, 0, 3 * HOUR, None), 3 * HOUR, 30 * MINUTE),
    "unplugged before four hours, nobody says": (Situation(True, 0, 3.9 * HOUR, None), 3.9 * HOUR, 0.1 * HOUR),
    "unplugged long before, nobody says": (Situation(True, 3 * HOUR, 0, None), 3 * HOUR, 30 * MINUTE),
}


@pytest.mark.parametrize(("situation", "now", "expected"), LEFT.values(), ids=LEFT.keys())
def test_a_closed_laptop_goes_on_while_there_is_work_within_time_and_battery(situation, now, expected):
    assert seconds_left(SETTINGS, situation, now) == pytest.approx(expected, abs=1e-6)


def test_with_no_hours_it_never_goes_on():
    assert seconds_left(TasksSettings(lid_hours=0.0), Situation(True, 0, *PLUGGED), 0) == 0


def test_with_no_percentage_it_goes_on_until_the_battery_is_empty():
    assert seconds_left(TasksSettings(lid_battery=0), Situation(True, 0, 0, 0.0), 0) == 4 * HOUR


def test_with_all_of_the_battery_it_goes_on_only_as_long_as_that_is_full():
    chosen = TasksSettings(lid_battery=100)
    assert seconds_left(chosen, Situation(True, 0, 0, 100.0), 0) == 4 * HOUR
    assert seconds_left(chosen, Situation(True, 0, 0, 99.0), 0) == 0


def test_it_never_goes_on_longer_than_it_may_when_it_is_looked_at_late():
    left = [seconds_left(SETTINGS, Situation(True, 0, *PLUGGED), now) for now in range(0, 100_000, 100)]
    assert left == sorted(left, reverse=True)
    assert min(left) == 0


RUN_OUT = {
    "four hours": (Situation(True, 0, *PLUGGED), 4 * HOUR, True),
    "not yet": (Situation(True, 0, *PLUGGED), 3 * HOUR, False),
    "an unknown battery": (Situation(True, 0, 0, None), 30 * MINUTE, True),
    "no work": (Situation(False, 0, *PLUGGED), 4 * HOUR, False),
    "an empty battery": (Situation(True, 0, 0, 10.0), 4 * HOUR, False),
}


@pytest.mark.parametrize(("situation", "now", "expected"), RUN_OUT.values(), ids=RUN_OUT.keys())
def test_an_open_lid_would_change_what_time_alone_has_ended(situation, now, expected):
    assert has_run_out(SETTINGS, situation, now) == expected


def test_with_no_hours_an_open_lid_changes_nothing():
    assert not has_run_out(TasksSettings(lid_hours=0.0), Situation(True, 0, *PLUGGED), HOUR)
