"""What ``senter.tasks.power`` holds off, with ``senter.bus.login``, at dbusmock's logind and UPower."""

import asyncio
import logging
import sys

import pytest
from support.machine import begin
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, REPORTER, open_descriptors, until

from senter.bus.connection import Connection
from senter.bus.login import Login
from senter.bus.names import MODELS, TASKS
from senter.bus.names import REPORTER as REPORTER_ROOM
from senter.errors import Unavailable
from senter.host.session import system_bus_address
from senter.settings import TasksSettings
from senter.tasks.client import TasksClient
from senter.tasks.goal import OPEN
from senter.tasks.power import wakefulness
from senter.tasks.power.wakefulness import Wakefulness

BLOCK, DELAY = ("handle-lid-switch", "block"), ("sleep", "delay")
SECOND = 1 / 3600.0


class Checkpoint:
    """Writes things down when it is let."""

    def __init__(self):
        self.begun, self.let = asyncio.Event(), asyncio.Event()
        self.done = 0

    async def __call__(self):
        self.begun.set()
        await self.let.wait()
        self.done += 1


@pytest.fixture
def checkpoint() -> Checkpoint:
    """What is done before sleep."""
    return Checkpoint()


@pytest.fixture
async def keep(checkpoint, monkeypatch):
    """Begins to keep the machine going; work that is not said to go on has ended at once."""
    monkeypatch.setattr(wakefulness, "BREATH_SECONDS", 0.0)
    begun = []

    async def start(**chosen) -> Wakefulness:
        begun.append(Wakefulness(Login(), TasksSettings(**chosen), checkpoint))
        await begun[-1].start()
        return begun[-1]

    yield start
    for one in begun:
        await one.stop()


async def test_a_closed_lid_is_held_off_while_there_is_work_and_sleep_is_always_delayed(logind, keep):
    one = await keep()
    await logind.until_held(DELAY)
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    one.working(False)
    await logind.until_held(DELAY)
    await one.stop()
    await logind.until_held()


async def test_sleep_goes_on_only_after_everything_is_written_down_and_the_next_one_is_delayed(
    logind, keep, checkpoint
):
    await keep()
    await logind.until_held(DELAY)
    await logind.sleep(True)
    async with asyncio.timeout(DEADLINE):
        await checkpoint.begun.wait()
    assert await logind.holds() == [DELAY]
    checkpoint.let.set()
    await logind.until_held()
    assert checkpoint.done == 1
    await logind.sleep(False)
    await logind.until_held(DELAY)


async def test_what_cannot_be_written_down_in_time_does_not_keep_the_machine_awake(
    logind, keep, checkpoint, monkeypatch
):
    monkeypatch.setattr(wakefulness, "CHECKPOINT_SECONDS", 0.1)
    await keep()
    await logind.until_held(DELAY)
    await logind.sleep(True)
    await logind.until_held()
    assert checkpoint.done == 0


async def test_a_closed_laptop_is_let_go_when_its_time_is_up(logind, upower, keep):
    await upower(on_battery=False)
    one = await keep(lid_hours=0.5 * SECOND)
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    await logind.move_lid(True)
    await logind.until_held(DELAY)
    await logind.move_lid(False)
    await logind.until_held(BLOCK, DELAY)


async def test_an_open_laptop_is_not_let_go_when_the_time_is_up(logind, upower, keep):
    await upower(on_battery=False)
    one = await keep(lid_hours=0.05 * SECOND)
    since = one._since
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    await until(lambda: one._since > since + 0.2)
    assert await logind.holds() == [BLOCK, DELAY]


async def test_a_battery_that_runs_low_lets_the_laptop_go_until_it_is_plugged_in(logind, upower, keep):
    power = await upower(on_battery=True)
    await power.charge(31.0)
    one = await keep(lid_battery=30)
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    await power.charge(29.0)
    await logind.until_held(DELAY)
    await power.change("OnBattery", "b", False)
    await logind.until_held(BLOCK, DELAY)


async def test_a_lid_that_logind_does_not_let_anybody_hold_off_is_one_line_in_the_log(logind, upower, keep, caplog):
    power = await upower(on_battery=True)
    await logind.refuse()
    one = await keep()
    asked = []
    inhibit = one._login.inhibit

    async def noting(what: str, *why: str, **how: bool):
        asked.append(what)
        return await inhibit(what, *why, **how)

    one._login.inhibit = noting
    for _ in range(3):
        one.working(True)
        await until(lambda: one._is_working)
        await power.charge(80.0)
        before = asked.count("handle-lid-switch")
        await logind.log_in(f"c{before}")
        await until(lambda before=before: asked.count("handle-lid-switch") > before)
        one.working(False)
        await until(lambda: not one._is_working)
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert sorted(warnings) == ["Cannot hold off handle-lid-switch: no", "Cannot hold off sleep: no"]


async def test_a_user_who_logs_in_at_the_screen_is_granted_what_was_refused_before(logind, keep):
    await logind.refuse()
    one = await keep()
    one.working(True)
    await until(lambda: not one._lid.is_due and not one._sleep.is_due)
    await logind.grant()
    await logind.log_in("c1")
    await logind.until_held(BLOCK, DELAY)


async def test_without_logind_there_is_one_line_in_the_log_and_it_is_asked_when_it_comes(
    system_bus, keep, mock, caplog
):
    caplog.set_level(logging.INFO, "senter")
    one = await keep()
    await until(lambda: "org.freedesktop.login1 is not listened to" in caplog.text)
    for _ in range(3):
        one.working(True)
        await until(lambda: one._is_working)
        one.working(False)
        await until(lambda: not one._is_working)
    one.working(True)
    about_logind = [record for record in caplog.records if "UPower" not in record.getMessage()]
    assert len(about_logind) == 1
    connection = Connection(system_bus_address)
    await connection.open()
    logind = await begin(connection, mock)
    await logind.until_held(BLOCK, DELAY)
    await connection.close()


async def test_a_logind_that_was_restarted_holds_off_what_the_one_before_did(logind, keep, mock):
    one = await keep()
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    open_before = open_descriptors()
    await logind.program.kill()
    await until(lambda: not one._login.is_watching)
    connection = Connection(system_bus_address)
    await connection.open()
    again = await begin(connection, mock)
    await again.until_held(BLOCK, DELAY)
    await connection.close()
    await until(lambda: open_descriptors() <= open_before)


async def test_a_system_bus_that_was_restarted_is_asked_for_the_same(system_bus, logind, keep, mock, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    one = await keep()
    one.working(True)
    await logind.until_held(BLOCK, DELAY)
    system_bus.kill()
    system_bus.start()
    connection = Connection(system_bus_address)
    await connection.open()
    again = await begin(connection, mock)
    await again.until_held(BLOCK, DELAY)
    await connection.close()


async def test_a_disk_that_fails_before_sleep_is_told_in_the_log(logind, keep, checkpoint, caplog, monkeypatch):
    async def fail():
        raise Unavailable("the disk is full")

    one = await keep()
    one._checkpoint = fail
    await logind.until_held(DELAY)
    await logind.sleep(True)
    await logind.until_held()
    assert "Not everything is written down before the machine sleeps: the disk is full" in caplog.text


@pytest.fixture
async def model(home):
    """A language model that never finishes its first answer until it is let."""
    server = OpenAIServer()
    await server.start()
    (home / "CONFIG_HOME/senter").mkdir()
    lines = "".join(f"[models.{room.instance}]\nproviders = ['{server.url}']\n" for room in MODELS)
    (home / "CONFIG_HOME/senter/config.toml").write_text(lines)
    server.default = Reply("a poem", stall="after")
    yield server
    await server.stop()


@pytest.fixture
def rooms(bus):
    """The rooms that the tasks need, started by the bus when they are called."""
    bus.install(REPORTER_ROOM.bus_name, *REPORTER)
    for room in MODELS:
        bus.install(room.bus_name, sys.executable, "-I", "-m", "senter.models", room.instance)


async def test_the_tasks_keep_a_laptop_going_while_they_pursue_a_goal(logind, rooms, client, run, model):
    tasks = TasksClient(client)
    program = await run(sys.executable, "-I", "-m", "senter.tasks")
    await client.wait_owned(TASKS.bus_name)
    await logind.until_held(DELAY)
    goal_id = await tasks.add_goal("Write a poem about rain")
    await logind.until_held(BLOCK, DELAY)
    await model.wait_stalled(1)
    await logind.sleep(True)
    await logind.until_held(BLOCK)
    await logind.sleep(False)
    await logind.until_held(BLOCK, DELAY)
    assert (await tasks.goal(goal_id)).state in OPEN
    await program.kill()
    await logind.until_held()


async def test_the_tasks_hold_nothing_off_after_they_have_stopped(logind, rooms, client, run, model):
    program = await run(sys.executable, "-I", "-m", "senter.tasks")
    await client.wait_owned(TASKS.bus_name)
    await logind.until_held(DELAY)
    program.terminate()
    assert (await program.end())[0] == 0
    await logind.until_held()
