"""The life of a service, as the manager that started it and the callers of it see it: real processes."""

import asyncio
import random
import sqlite3

import pytest
from support.echo import ECHO
from support.private_bus import DEADLINE, Inbox, Program, until
from support.private_bus import ECHO as ECHO_PROGRAM
from support.private_bus import REPORTER as REPORTER_PROGRAM

from senter.bus.client import Peer
from senter.bus.connection import Match
from senter.bus.names import REPORTER, Room
from senter.bus.runtime import BAD_CONFIGURATION, BUS_LOST, NAME_TAKEN, START_FAILED, STOPPED, wait_wanted
from senter.errors import Unavailable

PROGRAMS = pytest.mark.parametrize(
    ("room", "command"), [(ECHO, ECHO_PROGRAM), (REPORTER, REPORTER_PROGRAM)], ids=["echo", "reporter"]
)


async def serving(client, run, room: Room, *command: str, **environment: str) -> Program:
    """The program of a room, which owns its name when this returns."""
    program = await run(*command, **environment)
    async with asyncio.timeout(DEADLINE):
        await client.wait_owned(room.bus_name)
    return program


async def call(client, member: str, signature: str = "", *arguments: object):
    return await client.call(
        ECHO.bus_name, ECHO.path, ECHO.interface, member, signature, *arguments, timeout=DEADLINE
    )


@PROGRAMS
async def test_a_service_tells_its_life_in_order(client, run, supervisor, room, command):
    program = await run(*command, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    assert await client.owner(room.bus_name)
    assert supervisor.datagrams[0][0] == "READY=1"
    assert supervisor.datagrams[0][1].startswith("STATUS=")
    program.terminate()
    assert (await program.end())[0] == STOPPED
    assert supervisor.lines.count("READY=1") == supervisor.lines.count("STOPPING=1") == 1
    assert supervisor.datagrams[-2] == ["STOPPING=1"]
    assert supervisor.datagrams[-1][0].startswith("STATUS=")


async def test_a_service_is_ready_only_when_calls_to_it_are_answered(client, run, supervisor):
    for _ in range(3):
        seen = len(supervisor.datagrams)
        program = await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address)
        async with asyncio.timeout(DEADLINE):
            while len(supervisor.datagrams) == seen:
                await asyncio.sleep(0)
        assert supervisor.datagrams[seen][0] == "READY=1"
        assert await call(client, "Echo", "s", "ready") == "ready"
        program.terminate()
        await program.end()


async def test_the_status_follows_what_the_service_does(client, run, supervisor):
    await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    assert supervisor.lines[-1] == "STATUS=0 echoes"
    await call(client, "Echo", "s", "hello")
    await supervisor.wait("STATUS=1 echoes")


async def test_a_service_works_without_a_manager(client, run):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM)
    assert await call(client, "Echo", "s", "alone") == "alone"
    program.terminate()
    assert await program.end() == (STOPPED, "")


@pytest.mark.parametrize("address", ["/nonexistent/notify", "@senter-nobody-listens"])
async def test_a_service_works_with_a_manager_that_does_not_listen(client, run, address):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM, NOTIFY_SOCKET=address)
    program.terminate()
    assert (await program.end())[0] == STOPPED


async def test_a_call_that_runs_when_the_service_is_stopped_is_answered(client, run, holding):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM)
    napping = asyncio.create_task(call(client, "Nap", "d", 0.2))
    await holding.next()
    program.terminate()
    assert await napping == "rested"
    assert await program.end() == (STOPPED, "")


async def test_a_call_that_does_not_end_does_not_keep_a_service_from_stopping(client, run, holding):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM, "--grace", "0.1")
    held = asyncio.create_task(Peer(client, ECHO).call("Hold"))
    await holding.next()
    program.terminate()
    assert (await program.end())[0] == STOPPED
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable):
            await held


async def test_a_service_that_is_stopped_gives_its_name_back_before_it_waits(client, run, supervisor, holding):
    program = await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    moved = Inbox()
    await client.watch_name(ECHO.bus_name, moved)
    napping = asyncio.create_task(call(client, "Nap", "d", 0.2))
    await holding.next()
    program.terminate()
    assert await moved.next() == ("",)
    assert not napping.done()
    assert await napping == "rested"


async def test_a_service_that_is_told_to_stop_twice_stops_once(client, run, supervisor, holding):
    program = await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    napping = asyncio.create_task(call(client, "Nap", "d", 0.2))
    await holding.next()
    program.terminate()
    await supervisor.wait("STOPPING=1")
    program.terminate()
    assert await napping == "rested"
    assert await program.end() == (STOPPED, "")


@PROGRAMS
async def test_a_second_copy_says_so_and_leaves(client, run, supervisor, room, command):
    await serving(client, run, room, *command)
    owner = await client.owner(room.bus_name)
    second = await run(*command)
    assert await second.end() == (NAME_TAKEN, f"another process already serves {room.bus_name}\n")
    third = await run(*command, NOTIFY_SOCKET=supervisor.address)
    assert (await third.end())[0] == NAME_TAKEN
    assert supervisor.lines == [f"STATUS=another process already serves {room.bus_name}"]
    assert await client.owner(room.bus_name) == owner


async def test_a_service_takes_over_from_what_stands_in_for_it(connect, client, run):
    from senter.bus.library import NameFlag

    standin = await connect()
    standin.refuse_all(Unavailable("the echo has failed"))
    await standin.own(ECHO.bus_name, NameFlag.ALLOW_REPLACEMENT)
    moved = Inbox()
    await client.watch_name(ECHO.bus_name, moved)
    await run(*ECHO_PROGRAM)
    assert await moved.next() != ("",)
    assert await call(client, "Echo", "s", "me again") == "me again"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[reporter]\nnotificatons = true\n", "notificatons"),
        ("[reporter]\nnotifications = 3\n", "notifications"),
        ("[reportr]\n", "reportr"),
        ("reporter = 3\n", "reporter"),
        ("[reporter\n", "TOML"),
        ("\udcff", "UTF-8"),
    ],
)
async def test_a_broken_configuration_is_told_in_one_line(bus, home, run, supervisor, text, named):
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir()
    file.write_bytes(text.encode(errors="surrogateescape"))
    alone = await run(*REPORTER_PROGRAM)
    supervised = await run(*REPORTER_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    code, complaint = await alone.end()
    assert code == BAD_CONFIGURATION
    assert complaint.count("\n") == 1
    assert str(file) in complaint and named in complaint
    assert await supervised.end() == (BAD_CONFIGURATION, f"<3>{complaint}")
    assert supervisor.lines == [f"STATUS={complaint.strip()}"]


async def test_a_folder_that_cannot_be_used_is_told_in_one_line(bus, home, run, supervisor):
    (home / "DATA_HOME/senter").write_text("in the way")
    program = await run(*REPORTER_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    code, complaint = await program.end()
    assert code == START_FAILED
    assert complaint.count("\n") == 1 and str(home / "DATA_HOME/senter") in complaint
    assert "READY=1" not in supervisor.lines


async def test_a_service_without_any_bus_says_so_and_leaves(run):
    code, complaint = await (await run(*ECHO_PROGRAM, "--pause", "0.01", "--tries", "3")).end()
    assert code == BUS_LOST
    assert complaint.count("\n") == 1 and "no session bus" in complaint


async def test_a_service_whose_bus_never_comes_back_leaves(bus, client, run, supervisor):
    command = (*ECHO_PROGRAM, "--pause", "0.02", "--tries", "3")
    program = await run(*command, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    bus.kill()
    code, complaint = await program.end()
    assert code == BUS_LOST
    assert complaint.splitlines()[-1] == "<3>the bus did not come back"


async def test_a_service_comes_back_with_its_bus_without_a_restart(bus, connect, run):
    program = await serving(await connect(), run, ECHO, *ECHO_PROGRAM, "--pause", "0.02", "--tries", "100")
    for number in range(3):
        bus.kill()
        bus.start()
        client = await connect()
        async with asyncio.timeout(DEADLINE):
            await client.wait_owned(ECHO.bus_name)
        assert await call(client, "Echo", "s", f"round {number}") == f"round {number}"
        assert await client.ask_daemon("GetConnectionUnixProcessID", "s", ECHO.bus_name) == program.pid


async def test_a_service_that_waits_for_its_bus_can_be_stopped(bus, client, run, supervisor):
    program = await run(*ECHO_PROGRAM, "--pause", "60", NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    bus.kill()
    assert program.process.stderr is not None
    async with asyncio.timeout(DEADLINE):
        assert b"The bus went away" in await program.process.stderr.readline()
    program.terminate()
    assert (await program.end())[0] == STOPPED


async def test_a_service_that_waits_for_its_first_bus_can_be_stopped(monkeypatch, run, tmp_path):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    program = await run(*ECHO_PROGRAM, "--pause", "60")
    await until(lambda: _catches_sigterm(program.pid))
    program.terminate()
    assert (await program.end())[0] == STOPPED


def _catches_sigterm(pid: int) -> bool:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        caught = next(line for line in file if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) & 1 << 14)


async def test_a_service_nobody_calls_leaves(client, run, supervisor):
    program = await run(*ECHO_PROGRAM, "--idle", "0.3", NOTIFY_SOCKET=supervisor.address)
    assert await program.end() == (STOPPED, "")
    assert supervisor.lines == ["READY=1", "STATUS=0 echoes", "STOPPING=1", "STATUS=0 echoes"]


async def test_a_service_with_a_call_running_does_not_leave(client, run, holding):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM, "--idle", "0.1")
    assert await call(client, "Nap", "d", 0.3) == "rested"
    assert await program.end() == (STOPPED, "")


async def test_a_service_that_has_work_to_do_does_not_leave_until_it_is_done(client, run):
    program = await serving(client, run, ECHO, *ECHO_PROGRAM, "--idle", "0.05")
    await call(client, "SetBusy", "b", True)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(program.process.wait(), 0.4)
    await call(client, "SetBusy", "b", False)
    assert await program.end() == (STOPPED, "")


async def test_without_a_manager_work_is_wanted_at_once(client):
    await asyncio.wait_for(wait_wanted(client), DEADLINE)


async def test_the_reporter_stays_though_nobody_calls_it(client, run):
    program = "import runpy, senter.bus.runtime as r; r.run.__kwdefaults__['idle_exit_seconds'] = 0.05"
    program += "; runpy.run_module('senter.reporter', run_name='__main__', alter_sys=True)"
    reporter = await serving(client, run, REPORTER, REPORTER_PROGRAM[0], "-I", "-c", program)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reporter.process.wait(), 0.3)
    assert await client.owner(REPORTER.bus_name)


async def test_no_call_is_lost_while_a_service_leaves(bus, client):
    """200 calls in bursts that begin about when the idle time ends; each starts the room where it has left."""
    idle, bursts, size = 0.04, 20, 10
    bus.install(ECHO.bus_name, *ECHO_PROGRAM, "--idle", str(idle))
    moved = Inbox()
    await client.subscribe(Match("org.freedesktop.DBus", "NameOwnerChanged", arg0=ECHO.bus_name), moved)
    chance = random.Random(7)

    async def auto_start(text: str, after: float) -> str:
        await asyncio.sleep(after)
        return await client.call(
            ECHO.bus_name, ECHO.path, ECHO.interface, "Echo", "s", text, autostart=True, timeout=DEADLINE
        )

    for burst in range(bursts):
        begin = idle + chance.uniform(-0.003, 0.003)
        delays = [begin + 0.0005 * number for number in range(size)] if burst else [0.0] * size
        texts = [f"{burst}.{number}" for number in range(size)]
        assert await asyncio.gather(*map(auto_start, texts, delays)) == texts
    assert len(moved.rest()) > bursts / 2


async def test_what_was_logged_is_on_disk_when_the_reporter_is_killed(client, run, home):
    program = await serving(client, run, REPORTER, *REPORTER_PROGRAM)
    await Peer(client, REPORTER).call("Log", "sss", "task_completed", "Sorted the mail", "normal")
    await program.kill()
    with sqlite3.connect(home / "DATA_HOME/senter/activity.db") as database:
        assert database.execute("SELECT summary FROM activities").fetchall() == [("Sorted the mail",)]
    database.close()


async def test_signs_of_life_are_given_while_the_service_is_healthy_and_only_then(client, run, supervisor):
    await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address, WATCHDOG_USEC="40000")
    await supervisor.wait("WATCHDOG=1")
    await call(client, "SetHealthy", "b", False)
    asked = await call(client, "Asked")
    given = supervisor.lines.count("WATCHDOG=1")
    async with asyncio.timeout(DEADLINE):
        while await call(client, "Asked") < asked + 5:
            pass
    assert supervisor.lines.count("WATCHDOG=1") == given
    await call(client, "SetHealthy", "b", True)
    async with asyncio.timeout(DEADLINE):
        while supervisor.lines.count("WATCHDOG=1") == given:
            await call(client, "Asked")


async def test_no_signs_of_life_are_given_to_a_manager_that_watches_another_process(client, run, supervisor):
    environment = {"NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}
    program = await run(*ECHO_PROGRAM, "--idle", "0.1", **environment)
    await program.end()
    assert "READY=1" in supervisor.lines
    assert "WATCHDOG=1" not in supervisor.lines


async def test_a_failure_inside_a_method_is_in_the_journal_line_by_line(client, run, supervisor):
    program = await run(*ECHO_PROGRAM, NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait("READY=1")
    for member in ("Crash", "Refuse"):
        arguments = ("s", "no") if member == "Refuse" else ()
        with pytest.raises(Exception, match=r"internal error|no"):
            await call(client, member, *arguments)
    program.terminate()
    code, complaint = await program.end()
    assert code == STOPPED
    assert all(line.startswith("<3>") for line in complaint.splitlines())
    assert complaint.count("Traceback") == 1
    assert complaint.count("swordfish") == 1


async def test_a_room_whose_last_call_brought_work_is_started_again(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM, "--idle", "0.1", "--late-work")
    owners = Inbox()
    await client.watch_name(ECHO.bus_name, owners)
    await Peer(client, ECHO).call("Echo", "s", "hello")
    (first,), (nobody,), (second,) = [await owners.next() for _ in range(3)]
    assert first and not nobody and second not in ("", first)
