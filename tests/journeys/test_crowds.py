"""Many wait for a room that has died: one failure stays one failure."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
from support import session
from support.session import prop, systemctl, until

from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import Room

SLEEPER = Room("sleeper")
CROWD = 10


@pytest.fixture
async def callers() -> AsyncIterator[list[Peer]]:
    """The room as several programs see it."""
    connections = [Connection() for _ in range(CROWD)]
    for connection in connections:
        await connection.open()
    yield [Peer(connection, SLEEPER) for connection in connections]
    for connection in connections:
        await connection.close()


async def test_a_crowd_that_calls_a_room_between_its_death_and_its_return_is_answered(callers: list[Peer]) -> None:
    session.install_sleeper(300)
    session.drop_in(SLEEPER.unit, "[Service]\nRestartSec=3s\n")
    systemctl("start", SLEEPER.unit)
    os.kill(int(prop(SLEEPER.unit, "MainPID")), signal.SIGKILL)
    until(lambda: prop(SLEEPER.unit, "SubState") == "auto-restart", "systemd to notice")
    calling = []
    for caller in callers:
        calling.append(asyncio.create_task(caller.call("Echo", "s", "hello")))
        await asyncio.to_thread(prop, SLEEPER.unit, "SubState")  # what the caller asks of systemd has been done
    assert prop(SLEEPER.unit, "SubState") == "auto-restart"
    assert await asyncio.gather(*calling) == ["hello"] * CROWD
    assert prop(SLEEPER.unit, "ActiveState") == "active"
    assert prop(SLEEPER.unit, "NRestarts") == "1"


async def test_a_crowd_is_told_at_once_of_a_room_that_is_given_up(callers: list[Peer]) -> None:
    session.install_sleeper(300)
    session.drop_in(SLEEPER.unit, "[Service]\nRestart=no\n")
    systemctl("start", SLEEPER.unit)
    os.kill(int(prop(SLEEPER.unit, "MainPID")), signal.SIGKILL)
    until(lambda: prop(SLEEPER.unit, "ActiveState") == "failed", "systemd to notice")
    async with asyncio.timeout(5):
        told = await asyncio.gather(
            *(caller.call("Echo", "s", "hello") for caller in callers), return_exceptions=True
        )
    assert {str(error) for error in told} == {"the sleeper has failed or is not installed; see: senter status"}
