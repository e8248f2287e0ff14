"""The units: systemd understands every line of them, and they say what the architecture says."""

import os
import shutil
import subprocess

import pytest
from files.source import REPOSITORY, install, read_unit

from senter.bus.names import ROOMS, TARGET
from senter.reporter.digest.slot import DAILY_AT

UNITS = REPOSITORY / "units"
SERVICES = sorted(UNITS.glob("*.service.in"))
DROP_INS = sorted(UNITS.glob("*.d/*.in"))
TIMERS = sorted(UNITS.glob("*.timer.in"))

ON_REQUEST = {"gaze", "audio"}
"""Rooms with a camera or a microphone, which the target does not start by itself."""

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed: nobody can verify units"
)


def verify(folder, runtime):
    """What ``systemd-analyze verify`` says of all units in a folder; it returns 0 for keys it does not know.

    A unit with a drop-in may be one of a template; it is found beside its folder.
    """
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(runtime),
        "XDG_RUNTIME_DIR": str(runtime),
        "SYSTEMD_UNIT_PATH": f"{folder}:",
    }
    units = {path.with_suffix("") if path.suffix == ".d" else path for path in folder.iterdir()}
    command = ["systemd-analyze", "--user", "verify", *sorted(units)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@needs_systemd
@pytest.mark.parametrize("prefix", ["local", "a folder with spaces"])
def test_systemd_understands_every_line(tmp_path, prefix):
    install("install", "", tmp_path / prefix)
    result = verify(tmp_path / prefix / "lib/systemd/user", tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@needs_systemd
def test_a_line_that_systemd_does_not_understand_would_be_noticed(tmp_path):
    install("install", "", tmp_path / "local")
    folder = tmp_path / "local/lib/systemd/user"
    added = ["senter-reporter.service", *(f"{path.parent.name}/{path.stem}" for path in DROP_INS)]
    for number, name in enumerate(added):
        with (folder / name).open("a") as unit:
            unit.write(f"RestartSecs{number}=1\n")
    complaints = verify(folder, tmp_path).stderr
    assert [number for number, _ in enumerate(added) if f"RestartSecs{number}" not in complaints] == []


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_every_service_is_a_part_of_senter(path):
    unit = read_unit(path)
    stands_in = path.name.startswith("senter-failure@")
    assert unit.get("Unit.PartOf", []) == ([] if stands_in else [TARGET])
    assert unit["Service.Slice"] == ["app-senter.slice"]
    assert unit["Unit.Documentation"] == ["file:@docdir@/README.md"]
    assert [key for key in unit if key.startswith("Install.")] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.title)
def test_a_room_restarts_until_it_is_given_up(room):
    name = room.unit.replace(f"@{room.instance}", "@") if room.instance else room.unit
    unit = read_unit(UNITS / f"{name}.in")
    assert unit["Unit.StartLimitIntervalSec"] == ["300"]
    assert unit["Unit.StartLimitBurst"] == ["5"]
    assert unit["Unit.OnFailure"] == ["senter-failure@%N.service"]
    assert unit["Service.Restart"] == ["on-failure"]
    assert unit["Service.RestartPreventExitStatus"] == ["3 78"]
    assert unit["Service.WatchdogSec"] == ["30"]


def test_a_job_of_every_minute_is_never_given_up():
    unit = read_unit(UNITS / "senter-job@.service.in")
    assert unit["Unit.StartLimitIntervalSec"] == ["0"]
    assert unit["Service.Type"] == ["oneshot"]


def test_what_stands_in_for_a_failed_unit_is_itself_not_watched_by_another_one():
    assert "Unit.OnFailure" not in read_unit(UNITS / "senter-failure@.service.in")


def test_the_target_wants_every_room_and_every_timer():
    expected = {room.unit for room in ROOMS if room.word not in ON_REQUEST}
    expected |= {path.name.removesuffix(".in") for path in TIMERS}
    unit = read_unit(UNITS / f"{TARGET}.in")
    wanted = [name for value in unit["Unit.Wants"] for name in value.split()]
    assert sorted(wanted) == sorted(expected)
    assert unit["Install.WantedBy"] == ["default.target"]


@pytest.mark.parametrize("path", TIMERS, ids=lambda path: path.name)
def test_every_timer_stops_with_senter_and_makes_up_for_what_it_missed(path):
    unit = read_unit(path)
    assert unit["Unit.PartOf"] == [TARGET]
    assert unit["Timer.Persistent"] == ["true"]
    assert unit["Timer.AccuracySec"] == ["1s"]
    assert [key for key in unit if key.startswith("Install.")] == []
    assert (UNITS / f"{path.name.partition('@')[0]}@.service.in").is_file()


def test_the_timer_of_the_digest_fires_when_the_digest_is_due():
    unit = read_unit(UNITS / "senter-job@daily_digest.timer.in")
    assert unit["Timer.OnCalendar"] == [f"*-*-* {DAILY_AT:%H:%M:%S}"]


@pytest.mark.parametrize("path", DROP_INS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_drop_in_is_of_a_unit_of_ours_and_has_the_name_of_a_drop_in(path):
    name = path.parent.name.removesuffix(".d")
    jobs = {timer.name.replace(".timer.in", ".service") for timer in TIMERS}
    assert name in {room.unit for room in ROOMS} | jobs
    assert path.name.endswith(".conf.in")


def test_research_leaves_processor_and_disk_to_who_is_waited_for():
    primary = read_unit(UNITS / "senter-model@.service.in")
    research = primary | read_unit(UNITS / "senter-model@research.service.d/10-background.conf.in")
    assert int(*research["Service.CPUWeight"]) < int(*primary["Service.CPUWeight"])
    assert research["Service.Nice"] == ["10"]
    assert research["Service.IOSchedulingClass"] == ["idle"]
    assert "Service.Nice" not in primary


def test_the_slice_is_the_one_the_services_are_in():
    unit = read_unit(UNITS / "app-senter.slice.in")
    assert {"Slice.MemoryHigh", "Slice.MemoryMax", "Slice.TasksMax", "Slice.CPUWeight"} <= set(unit)
