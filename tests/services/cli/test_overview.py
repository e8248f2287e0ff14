"""What ``senter status`` shows, as data."""

import json
import os
from dataclasses import asdict

import pytest

from senter.bus.names import REPORTER, TARGET
from senter.cli.overview import FAILED, IDLE, MISSING, RUNNING, STARTING, STOPPED, STOPPING, Timer, overview
from senter.host.units import Unit

UP = Unit(TARGET, loaded=True, active="active", since=1)
DOWN = Unit(TARGET, loaded=True, active="inactive", since=1)


def component(target=UP, loaded=True, active="active", **fields):
    """The row of the reporter in this state."""
    unit = Unit(REPORTER.unit, loaded=loaded, active=active, since=5, **fields)
    (row,) = overview(target, [(REPORTER, unit)], []).components
    return row


@pytest.mark.parametrize(
    ("target", "active", "state"),
    [
        (UP, "active", RUNNING),
        (UP, "activating", STARTING),
        (UP, "deactivating", STOPPING),
        (UP, "failed", FAILED),
        (DOWN, "failed", FAILED),
        (UP, "inactive", IDLE),
        (DOWN, "inactive", STOPPED),
        (DOWN, "active", RUNNING),
    ],
)
def test_a_state_is_told_in_words(target, active, state):
    assert component(target, active=active).state == state


def test_a_unit_that_systemd_does_not_know_is_not_installed():
    assert component(loaded=False, active="inactive").state == MISSING


def test_a_running_room_has_its_figures():
    row = component(pid=92, memory=37_000_000, restarts=2, doing="serving")
    assert (row.component, row.unit) == ("reporter", "senter-reporter.service")
    assert (row.pid, row.memory, row.restarts, row.since, row.doing) == (92, 37_000_000, 2, 5, "serving")


def test_a_room_that_left_uses_no_memory_and_its_last_word_stays():
    row = component(active="inactive", memory=5, doing="idle; 3 activities logged today")
    assert (row.pid, row.memory, row.doing) == (0, 0, "idle; 3 activities logged today")


def test_a_failed_room_says_why():
    row = component(active="failed", result="exit-code", exit_code=os.CLD_EXITED, exit_status=1, doing="bad disk")
    assert row.doing == "it ended with exit status 1 (bad disk)"


def test_what_a_room_says_cannot_move_the_cursor():
    assert component(doing="\x1b[2Jserving\nsomething").doing == "[2Jserving something"


@pytest.mark.parametrize(("target", "running"), [(UP, True), (DOWN, False)])
def test_senter_runs_when_its_target_is_up(target, running):
    assert overview(target, [], []).running is running


def test_timers_have_their_last_and_next_run():
    units = [
        Unit("senter-job@daily_digest.timer", True, "active", 0, last=3, next=7),
        Unit("senter-job@weekly.timer", True, "inactive", 0),
    ]
    assert overview(UP, [], units).timers == [
        Timer("senter-job@daily_digest.timer", "running", 3, 7),
        Timer("senter-job@weekly.timer", "stopped", 0, 0),
    ]


def test_the_overview_is_a_json_document():
    unit = Unit(REPORTER.unit, True, "active", 5)
    assert json.loads(json.dumps(asdict(overview(UP, [(REPORTER, unit)], []))))["running"] is True
