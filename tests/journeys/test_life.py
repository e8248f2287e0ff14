"""Services live, die and come back."""

import json
import os
import signal
import subprocess

import pytest
from support import session
from support.session import call, prop, systemctl, until

from senter.bus.names import ROOMS

REPORTER = "senter-reporter.service"
TIMERS = ["senter-job@daily_digest.timer", "senter-job@profile_update.timer"]


def kill(unit: str) -> str:
    """Kill a service's process; the id it had."""
    until(lambda: prop(unit, "MainPID") != "0", f"{unit} to have a process")
    pid = prop(unit, "MainPID")
    os.kill(int(pid), signal.SIGKILL)
    return pid


def back_after(pid: str, unit: str = REPORTER) -> None:
    until(lambda: prop(unit, "MainPID") not in (pid, "0") and session.active(unit), f"{unit} to be back")


def fail_for_good() -> None:
    """Kill the reporter until systemd gives it up; asserts that this takes six failures."""
    for _ in range(5):
        back_after(kill(REPORTER))
    kill(REPORTER)
    until(lambda: prop(REPORTER, "ActiveState") == "failed", "the reporter to be given up")


def test_starting_the_target_starts_what_status_lists(started: None) -> None:
    status = json.loads(session.senter("status", "--json").stdout)
    assert status["running"]
    components = {row["component"]: row for row in status["components"]}
    assert {name: row["state"] for name, row in components.items()} == {room.title: "running" for room in ROOMS}
    for room in ROOMS:
        assert components[room.title]["pid"] == int(prop(room.unit, "MainPID"))
    assert [timer["timer"] for timer in status["timers"]] == TIMERS
    assert "reporter" in session.senter("status").stdout


def test_a_call_starts_the_reporter_when_nothing_runs() -> None:
    assert call("Reporter", "Progress").returncode == 0
    assert session.active(REPORTER)


def test_a_killed_reporter_comes_back_with_what_it_knew(started: None) -> None:
    call("Reporter", "Log", "sss", "task_completed", "Wrote the report", "normal")
    back_after(kill(REPORTER))
    assert "Wrote the report" in session.senter("progress").stdout


def test_a_hung_reporter_is_restarted_by_the_watchdog() -> None:
    session.drop_in(REPORTER, "[Service]\nWatchdogSec=1\n")
    systemctl("start", "senter.target", REPORTER)
    pid = prop(REPORTER, "MainPID")
    os.kill(int(pid), signal.SIGSTOP)
    back_after(pid)
    assert prop(REPORTER, "NRestarts") == "1"


@pytest.mark.timeout(120)
def test_everything_is_back_after_the_bus_was_killed_twenty_times() -> None:
    session.drop_in("dbus.service", "[Unit]\nStartLimitIntervalSec=0\n")
    systemctl("start", "senter.target", REPORTER)
    pid = prop(REPORTER, "MainPID")
    for _ in range(20):
        kill("dbus.service")
        until(lambda: call("Reporter", "Progress").returncode == 0, "the reporter to be on the new bus")
        assert session.active(REPORTER)
    assert prop(REPORTER, "MainPID") == pid, "the reporter came back in place, without a restart"


def test_the_sixth_failure_is_the_last_and_is_told_once(started: None) -> None:
    fail_for_good()
    until(lambda: session.active("senter-failure@senter-reporter"), "somebody to stand in")
    reason = "the reporter has failed: it failed 6 times, and at last it was killed by signal SIGKILL"
    assert reason in call("Reporter", "Progress").stderr
    assert reason in session.senter("progress").stderr
    assert "killed by signal SIGKILL" in session.senter("status").stdout
    until(lambda: session.close_notifications() or session.shown(), "a notification")
    assert [entry["summary"] for entry in session.shown()] == ["Senter needs you"]


def test_a_failure_nobody_could_be_told_of_is_told_when_a_server_appears_and_survives_the_bus(
    started: None,
) -> None:
    systemctl("mask", "dunst.service")
    fail_for_good()
    until(lambda: session.active("senter-failure@senter-reporter"), "somebody to stand in")
    kill("dbus.service")
    until(lambda: "the reporter has failed" in call("Reporter", "Progress").stderr, "the reason on the new bus")
    systemctl("unmask", "dunst.service")
    systemctl("start", "dunst.service")
    until(lambda: session.close_notifications() or session.shown(), "a notification")
    assert [entry["summary"] for entry in session.shown()] == ["Senter needs you"]


def test_what_failed_can_be_started_again_and_the_stand_in_leaves(started: None) -> None:
    fail_for_good()
    until(lambda: session.active("senter-failure@senter-reporter"), "somebody to stand in")
    assert session.senter("start").returncode == 0
    assert call("Reporter", "Progress").returncode == 0
    until(lambda: not session.active("senter-failure@senter-reporter"), "the stand-in to leave")
    assert call("Reporter", "Progress").returncode == 0


def test_a_second_copy_refuses(started: None) -> None:
    copy = session.run(str(session.REPOSITORY / ".venv/bin/python"), "-I", "-m", "senter.reporter", check=False)
    assert copy.returncode == 3
    assert copy.stderr == "another process already serves ai.senter.Reporter1\n"


def test_a_broken_configuration_is_one_line_and_no_restart_storm() -> None:
    folder = session.HOME / ".config/senter"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[reporter]\nnotifications = 'yes'\n")
    started = session.senter("start")
    complaint = f"{folder}/config.toml: [reporter] notifications must be true or false, not 'yes'"
    assert started.returncode == 1
    assert complaint in started.stderr
    assert prop(REPORTER, "NRestarts") == "0"
    lines = session.run("journalctl", "--user", "-u", REPORTER, "-o", "cat", "-n", "50").stdout.splitlines()
    assert lines.count(complaint) == 1
    assert complaint in json.loads(session.senter("status", "--json").stdout)["components"][0]["doing"]
    assert complaint in call("Reporter", "Progress").stderr
    (folder / "config.toml").unlink()
    assert session.senter("start").returncode == 0


def test_stop_waits_until_everything_is_gone(started: None) -> None:
    assert session.senter("stop").returncode == 0
    assert {prop(room.unit, "ActiveState") for room in ROOMS} == {"inactive"}
    status = session.senter("status")
    assert status.returncode == 3
    assert "Senter is stopped" in status.stdout


def test_logs_shows_the_journal_of_a_room(started: None) -> None:
    assert "Started senter-reporter.service" in session.senter("logs", "reporter").stdout


def test_status_and_a_wrong_room_wake_nobody() -> None:
    session.senter("status")
    subprocess.run([session.HOME / ".local/bin/senter", "status", "--json"], check=False, capture_output=True)
    assert session.senter("logs", "kitchen").returncode == 2
    assert prop(REPORTER, "ActiveState") == "inactive"
    assert prop(REPORTER, "ExecMainStartTimestampMonotonic") == "0"


def test_what_systemd_refuses_is_one_sentence() -> None:
    session.drop_in(REPORTER, "[Unit]\nRefuseManualStart=yes\n")
    refused = session.senter("start", "reporter")
    assert refused.returncode == 1
    assert "systemd answered" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_failed_is_answered_for_although_senter_is_stopped(started: None) -> None:
    fail_for_good()
    until(lambda: session.active("senter-failure@senter-reporter"), "somebody to stand in")
    systemctl("stop", "senter.target")
    assert "the reporter has failed" in call("Reporter", "Progress").stderr
    assert session.senter("start").returncode == 0
    assert call("Reporter", "Progress").returncode == 0


def test_starting_and_stopping_often_loses_no_timer() -> None:
    for _ in range(12):
        systemctl("start", "senter.target")
        systemctl("stop", "senter.target")
    assert session.senter("start").returncode == 0
    status = json.loads(session.senter("status", "--json").stdout)
    assert {timer["timer"]: timer["state"] for timer in status["timers"]} == dict.fromkeys(TIMERS, "running")
