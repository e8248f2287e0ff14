"""A room that leaves when it is idle loses no call, and comes back as often as it is called."""

import asyncio
import random

import pytest
from support import session
from support.session import call, prop, systemctl, until
from support.sleeper import SLEEPER

from senter.bus.client import Peer
from senter.bus.connection import Connection

UNIT = SLEEPER.unit


@pytest.mark.timeout(180)
async def test_no_call_is_lost_around_idle_exits() -> None:
    session.install_sleeper(0.04)
    connection = Connection()
    await connection.open()
    peer = Peer(connection, SLEEPER)
    chance = random.Random(1)
    pids = set()
    for number in range(500):
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        if number % 3 == 0:
            pids.add(await peer.call("Slow", "u", 10, timeout=10))
        elif number % 3 == 1:
            assert await peer.call("Echo", "s", str(number), timeout=10) == str(number)
        else:
            answer = await connection.call(
                SLEEPER.bus_name, SLEEPER.path, SLEEPER.interface, "Echo", "s", "x", autostart=True, timeout=10
            )
            assert answer == "x"
    await connection.close()
    assert len(pids) > 20, "the calls fell around idle exits"
    until(lambda: prop(UNIT, "ActiveState") == "inactive", "the last idle exit")
    assert prop(UNIT, "Result") == "success"
    assert prop(UNIT, "NRestarts") == "0"


def test_a_call_that_is_running_keeps_the_room_up() -> None:
    session.install_sleeper(0.05)
    assert call("Sleeper", "Slow", "u", "400").returncode == 0


def test_status_wakes_no_sleeping_room() -> None:
    session.install_sleeper(0.05)
    session.drop_in("senter.target", f"[Unit]\nWants={UNIT}\n")
    systemctl("start", "senter.target")
    until(lambda: prop(UNIT, "ActiveState") == "inactive", "the room to sleep")
    started = prop(UNIT, "ExecMainStartTimestampMonotonic")
    session.senter("status")
    assert prop(UNIT, "ExecMainStartTimestampMonotonic") == started
    assert prop(UNIT, "StatusText") == "idle"


def test_a_resident_room_stays_while_the_target_is_up() -> None:
    session.install_sleeper(0.05, "resident")
    systemctl("start", "senter.target")
    pid = call("Sleeper", "Slow", "u", "0").stdout
    assert call("Sleeper", "Slow", "u", "500").stdout == pid
    assert call("Sleeper", "Slow", "u", "0").stdout == pid


def test_a_resident_room_that_a_call_starts_while_senter_is_stopped_leaves_again() -> None:
    session.install_sleeper(0.05, "resident")
    assert call("Sleeper", "Echo", "s", "hello").returncode == 0
    until(lambda: prop(UNIT, "ActiveState") == "inactive", "the room to leave")


def test_an_exception_reaches_the_caller_as_one_sentence() -> None:
    session.install_sleeper(5)
    answer = call("Sleeper", "Fail")
    assert "internal error, see the journal" in answer.stderr
    assert "secret" not in answer.stderr
    journal = session.run("journalctl", "--user", "-u", UNIT, "-o", "cat").stdout
    assert journal.count("RuntimeError: a secret of the inside") == 1
