"""Why a unit failed, in words."""

import os
import signal

import pytest

from senter.host.units import Unit


def failed(result, **fields):
    """A unit that failed."""
    return Unit("senter-reporter.service", loaded=True, active="failed", since=0, result=result, **fields)


@pytest.mark.parametrize("active", ["active", "activating", "deactivating", "inactive", "reloading"])
def test_a_unit_that_has_not_failed_has_no_reason(active):
    assert Unit("u.service", True, active, 0, result="exit-code", exit_status=1).reason == ""


@pytest.mark.parametrize(
    ("unit", "reason"),
    [
        (failed("exit-code", exit_status=78), "it ended with exit status 78"),
        (failed("signal", exit_status=signal.SIGKILL), "it was killed by signal SIGKILL"),
        (failed("core-dump", exit_status=signal.SIGSEGV), "it was killed by signal SIGSEGV"),
        (failed("watchdog", exit_status=6), "it gave no sign of life and the watchdog ended it"),
        (failed("timeout"), "it did not start or stop in time"),
        (failed("protocol"), "it ended before it was ready"),
        (failed("resources"), "the system lacked the resources to start it"),
        (failed("oom-kill", exit_status=9), "it was killed because memory ran out"),
        (failed("from-the-future"), "from-the-future"),
        (failed("signal", exit_status=200), "it was killed by signal 200"),
    ],
    ids=lambda value: value.result if isinstance(value, Unit) else "",
)
def test_every_way_to_fail_has_words(unit, reason):
    assert unit.reason == reason


def test_the_last_word_of_the_service_explains_its_exit_status():
    unit = failed("exit-code", exit_status=78, doing="[reporter] has no key x")
    assert unit.reason == "it ended with exit status 78 ([reporter] has no key x)"


def test_the_last_word_of_a_service_that_was_killed_explains_nothing():
    assert "serving" not in failed("signal", exit_status=9, doing="serving").reason


def test_the_start_limit_is_told_as_what_led_to_it():
    ended = failed("start-limit-hit", exit_code=os.CLD_EXITED, exit_status=1, restarts=5)
    assert ended.reason == "it failed 5 times, and at last it ended with exit status 1"
    killed = failed("start-limit-hit", exit_code=os.CLD_KILLED, exit_status=9, restarts=5)
    assert killed.reason == "it failed 5 times, and at last it was killed by signal SIGKILL"


def test_one_restart_is_told_in_the_singular():
    assert "1 times" not in failed("exit-code", exit_status=1, restarts=1).reason
