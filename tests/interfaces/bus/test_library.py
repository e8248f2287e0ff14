"""Both D-Bus libraries: the rooms serve the same with dbus-fast where dbus-next cannot be imported."""

import asyncio
import sys

import pytest
from support.echo import ECHO
from support.private_bus import DEADLINE, Inbox
from support.private_bus import ECHO as ECHO_PROGRAM

from senter.bus.client import Peer
from senter.bus.connection import BusError, Match
from senter.bus.library import Variant
from senter.bus.names import REPORTER
from senter.errors import Denied, Internal, InvalidArgument, Unavailable
from senter.reporter.activity import LogOptions
from senter.reporter.client import ReporterClient

_WITHOUT = "import runpy, sys; sys.modules['dbus_next'] = None; sys.argv = sys.argv[1:]; "


def without_dbus_next(how: str, *arguments: str) -> tuple[str, ...]:
    return sys.executable, "-I", "-c", f"{_WITHOUT}{how}", *arguments


@pytest.fixture
async def echo(bus, client, run):
    """The echo room on dbus-fast, in a process of its own."""
    script = ECHO_PROGRAM[-1]
    how = f"runpy.run_path({script!r}, run_name='__main__')"
    program = await run(*without_dbus_next(how, "echo", "--pause", "0.02"))
    async with asyncio.timeout(DEADLINE):
        await client.wait_owned(ECHO.bus_name)
    return program


@pytest.fixture
def peer(echo, client):
    return Peer(client, ECHO)


async def test_the_room_really_runs_on_dbus_fast(echo):
    with open(f"/proc/{echo.pid}/maps", encoding="utf-8") as file:
        assert "dbus_fast" in file.read()


async def test_a_text_comes_back(peer):
    assert await peer.call("Echo", "s", "grüße 🎯") == "grüße 🎯"


async def test_the_barrier_holds(peer):
    for member in ("Crash", "TextAsNumber", "NumberTooLarge", "NothingAsText", "ShortRow", "Unpackable"):
        with pytest.raises(Internal) as caught:
            await peer.call(member, timeout=DEADLINE)
        assert str(caught.value) == "internal error, see the journal: senter logs"


async def test_a_failure_for_people_arrives_under_its_own_name_and_is_not_logged(peer, echo):
    with pytest.raises(Denied) as caught:
        await peer.call("Refuse", "s", "not for you")
    assert str(caught.value) == "not for you"
    echo.terminate()
    assert await echo.end() == (0, "")


async def test_text_that_the_bus_cannot_carry_is_replaced(peer):
    assert await peer.call("LoneSurrogate") == "a\ufffdz"
    assert await peer.call("Nul") == "a\ufffdz"
    assert await peer.call("HiddenNul") == {"k\ufffdy": [{"deep": "a\ufffd\ufffdz"}]}


async def test_the_guards_hold(peer):
    for arguments in (("Echo", "s", "x" * (256 * 1024 + 1)), ("Count", "as", ["x"] * 1001)):
        with pytest.raises(InvalidArgument):
            await peer.call(*arguments)
    with pytest.raises(InvalidArgument):
        await peer.call("Choose", "a{sv}", {"number": Variant("s", "1")})
    with pytest.raises(BusError):
        await peer._connection.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Echo", "u", 1)


async def test_options_and_callers_arrive(peer, client):
    assert await peer.call("Choose", "a{sv}", {"number": Variant("u", 7)}) == {
        "word": "plain",
        "number": 7,
        "loud": False,
    }
    await client.own("ai.senter.Probe1")
    assert await peer.call("Caller") == "ai.senter.Probe1"


async def test_signals_arrive_with_their_arguments_and_names(peer, client):
    inbox = Inbox()
    await client.subscribe(Match(ECHO.interface, "Said"), inbox)
    await peer.call("Say", "su", "hello", 3)
    assert await inbox.next() == ("hello", 3)
    xml = await client.call(ECHO.bus_name, ECHO.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    for name in ("text", "times"):
        assert f'<arg name="{name}"' in xml or f'name="{name}"' in xml


async def test_many_slow_calls_are_all_answered(peer, client, holding):
    calls = [asyncio.create_task(peer.call("Hold", timeout=DEADLINE)) for _ in range(200)]
    for _ in calls:
        await holding.next()
    assert await peer.call("Release") == 200
    await asyncio.gather(*calls)


async def test_a_room_comes_back_with_its_bus(bus, connect, echo):
    bus.kill()
    bus.start()
    client = await connect()
    async with asyncio.timeout(DEADLINE):
        await client.wait_owned(ECHO.bus_name)
    assert await Peer(client, ECHO).call("Echo", "s", "back") == "back"


async def test_a_bus_that_never_comes_back_ends_the_room(bus, client, run):
    script = ECHO_PROGRAM[-1]
    how = f"runpy.run_path({script!r}, run_name='__main__')"
    program = await run(*without_dbus_next(how, "echo", "--pause", "0.02", "--tries", "2"))
    async with asyncio.timeout(DEADLINE):
        await client.wait_owned(ECHO.bus_name)
    bus.kill()
    code, complaint = await program.end()
    assert code == 4
    assert complaint.splitlines() == ["The bus went away", "the bus did not come back"]


async def test_a_second_copy_leaves(echo, run):
    second = await run(*without_dbus_next(f"runpy.run_path({ECHO_PROGRAM[-1]!r}, run_name='__main__')", "echo"))
    assert await second.end() == (3, "another process already serves ai.senter.Echo1\n")


async def test_the_reporter_answers(bus, client):
    how = "runpy.run_module('senter.reporter', run_name='__main__', alter_sys=True)"
    bus.install(REPORTER.bus_name, *without_dbus_next(how, "reporter"))
    reporter = ReporterClient(client)
    await reporter.log("task_completed", options=LogOptions(details={"description": "the mail"}))
    (activity,) = await reporter.activities()
    assert activity.summary == "Completed: the mail"
    assert "While you were away" in await reporter.progress()
    assert await reporter.notify("Title", "body")
    assert [notice.title for notice in await reporter.pending()] == ["Title"]
    assert [check.verdict for check in await reporter.check()] == ["ok", "warn", "warn"]
    with pytest.raises(InvalidArgument):
        await reporter.log("Not a word")


async def test_a_client_on_dbus_fast_gets_answers_and_sentences(bus, echo):
    script = """
import asyncio
from support.echo import ECHO
from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.errors import SenterError

async def main():
    connection = Connection()
    await connection.open()
    print(await Peer(connection, ECHO).call("Echo", "s", "hello"))
    for call in (("Refuse", "s", "no"), ("Crash",), ("Nothing",), ("Die",)):
        try:
            await Peer(connection, ECHO).call(*call)
        except SenterError as error:
            print(type(error).__name__, error)
    await connection.close()

asyncio.run(main())
"""
    from support.private_bus import REPOSITORY, finish

    path = f"sys.path.insert(0, {str(REPOSITORY / 'tests')!r}); exec({script!r})"
    code, output, complaint = await finish(*without_dbus_next(path, "client"))
    assert (code, complaint) == (0, "")
    lines = output.splitlines()
    assert lines[:3] == ["hello", "Denied no", "Internal internal error, see the journal: senter logs"]
    assert lines[3].startswith(f"{Unavailable.__name__} the echo could not answer Nothing: ")
    assert lines[4].startswith(f"{Unavailable.__name__} the echo could not answer Die: ")
