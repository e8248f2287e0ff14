"""``Peer.call`` on a bus without systemd: rooms that sleep, are missing, fail, and die."""

import asyncio
import contextlib
import shlex

import pytest
from support.echo import ECHO
from support.private_bus import DEADLINE, Inbox
from support.private_bus import ECHO as ECHO_PROGRAM
from support.private_bus import REPORTER as REPORTER_PROGRAM

from senter.bus.client import Peer, press
from senter.bus.connection import BusError
from senter.bus.names import REPORTER, Room
from senter.bus.signals import Match
from senter.errors import Denied, InvalidArgument, NotRunning, SenterError, Unavailable
from senter.reporter.client import ReporterClient


async def failure(work) -> SenterError:
    """The one sentence with which a call fails, long before its deadline of 25 s."""
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(SenterError) as caught:
            await work
    assert "\n" not in str(caught.value)
    return caught.value


async def test_a_call_is_answered(client, echo):
    assert await Peer(client, ECHO).call("Echo", "s", "hello") == "hello"


async def test_the_class_of_an_error_comes_back_with_its_text(client, echo):
    error = await failure(Peer(client, ECHO).call("Refuse", "s", "not for you"))
    assert (type(error), str(error)) == (Denied, "not for you")


async def test_a_room_that_does_not_answer_in_time_is_named_with_where_to_look(client, echo):
    error = await failure(Peer(client, ECHO).call("Hold", timeout=0.1))
    assert type(error) is Unavailable
    assert str(error) == "the echo did not answer Hold within 0.1 s; see: senter logs echo"


async def test_a_member_that_is_not_there_is_one_sentence(client, echo):
    error = await failure(Peer(client, ECHO).call("NoSuchMember"))
    assert type(error) is Unavailable
    assert str(error).startswith("the echo could not answer NoSuchMember: ")


async def test_a_call_wakes_a_room_that_sleeps(bus, client):
    bus.install(REPORTER.bus_name, *REPORTER_PROGRAM)
    assert await client.owner(REPORTER.bus_name) == ""
    reporter = ReporterClient(client)
    await reporter.log("task_completed", "Sorted the mail")
    assert [activity.summary for activity in await reporter.activities()] == ["Sorted the mail"]
    assert await client.owner(REPORTER.bus_name)


async def test_many_calls_at_once_wake_a_room_once(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    texts = [str(number) for number in range(20)]
    peer = Peer(client, ECHO)
    assert await asyncio.gather(*(peer.call("Echo", "s", text, timeout=DEADLINE) for text in texts)) == texts


async def test_a_room_that_is_not_installed_is_one_sentence(client):
    error = await failure(Peer(client, REPORTER).call("Progress"))
    assert type(error) is Unavailable
    assert str(error) == "the reporter is not installed on this bus"


@pytest.mark.parametrize(
    "command",
    [("/bin/sh", "-c", "exit 78"), ("/bin/sh", "-c", "kill -9 $$"), ("/nonexistent",)],
    ids=["configuration", "killed", "missing"],
)
async def test_a_room_that_does_not_come_up_is_one_sentence_and_no_hang(bus, client, command):
    bus.install(REPORTER.bus_name, *command)
    error = await failure(Peer(client, REPORTER).call("Progress"))
    assert type(error) is Unavailable
    assert str(error).startswith("the reporter ")


async def test_a_broken_configuration_is_one_sentence_and_no_hang(bus, client, home):
    (home / "CONFIG_HOME/senter").mkdir()
    (home / "CONFIG_HOME/senter/config.toml").write_text("[reporter]\nnotifications = 3\n")
    bus.install(REPORTER.bus_name, *REPORTER_PROGRAM)
    error = await failure(ReporterClient(client).progress())
    assert type(error) is Unavailable
    assert str(error).startswith("the reporter ")


async def test_a_room_that_leaves_as_soon_as_it_has_come_answers_or_is_given_up(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM, "--idle", "0")
    async with asyncio.timeout(2 * DEADLINE):
        try:
            assert await Peer(client, ECHO).call("Echo", "s", "quick") == "quick"
        except Unavailable as error:
            assert str(error) == "the echo leaves as soon as it has come; see: senter logs echo"


async def test_a_room_that_dies_in_the_middle_of_a_call_is_one_sentence_at_once(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    error = await failure(Peer(client, ECHO).call("Die"))
    assert type(error) is Unavailable
    assert str(error).startswith("the echo could not answer Die: ")
    assert await Peer(client, ECHO).call("Echo", "s", "again") == "again"


async def test_a_bus_that_dies_in_the_middle_of_a_call_is_one_sentence_at_once(bus, client, echo, holding):
    call = asyncio.create_task(Peer(client, ECHO).call("Hold"))
    await holding.next()
    bus.kill()
    assert type(await failure(call)) in (Unavailable, NotRunning)


async def test_pressing_a_button_calls_the_member_with_its_argument(client, echo):
    await press(client, ECHO.bus_name, "Echo", "hello")
    assert echo.service.calls == 1


@pytest.mark.parametrize(
    "bus_name", ["org.example.Program", "ai.senter.Echo1.../", "org.freedesktop.DBus", ":1.0", ""]
)
async def test_a_button_can_press_rooms_only(client, echo, bus_name):
    assert type(await failure(press(client, bus_name, "Echo", "hello"))) is InvalidArgument


async def test_a_property_of_a_room_is_read(client, echo):
    await Peer(client, ECHO).call("Echo", "s", "hello")
    assert await Peer(client, ECHO).read("Calls") == 1


async def test_reading_a_property_starts_no_room(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    moved = Inbox()
    await client.watch_name(ECHO.bus_name, moved)
    assert await Peer(client, ECHO).read("Calls") is None
    assert await Peer(client, ECHO).call("Echo", "s", "awake") == "awake"
    assert await Peer(client, ECHO).read("Calls") == 1
    assert len(moved.rest()) == 1


async def test_the_signals_of_a_room_are_heard_for_the_length_of_a_block(client, echo):
    inbox = Inbox()
    async with Peer(client, ECHO).listening("Said", inbox):
        echo.Said("hello", 2)
        assert await inbox.next() == ("hello", 2)
    echo.Said("too late", 1)
    assert await Peer(client, ECHO).call("Echo", "s", "after that") == "after that"
    assert inbox.rest() == []


async def test_a_room_that_comes_later_is_heard_too(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    inbox = Inbox()
    async with Peer(client, ECHO).listening("Said", inbox):
        assert await client.owner(ECHO.bus_name) == ""
        await Peer(client, ECHO).call("Say", "su", "hello", 1)
        assert await inbox.next() == ("hello", 1)


async def test_a_room_is_lost_when_its_process_ends(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    peer = Peer(client, ECHO)
    await peer.call("Echo", "s", "awake")
    waiting = asyncio.create_task(peer.wait_lost())
    assert await peer.call("Echo", "s", "meanwhile") == "meanwhile"
    assert not waiting.done()
    await failure(peer.call("Die"))
    await asyncio.wait_for(waiting, DEADLINE)


async def test_a_room_that_nobody_serves_is_lost_already(bus, client):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    await asyncio.wait_for(Peer(client, ECHO).wait_lost(), DEADLINE)
    assert await client.owner(ECHO.bus_name) == ""


async def test_private_signals_are_heard_without_asking_the_daemon_for_them(connect, client, echo):
    room, inboxes = await connect(), [Inbox(), Inbox()]
    assert await room.own("ai.senter.Secretive1")
    secretive = Peer(client, Room("secretive"))
    address = await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    async with contextlib.AsyncExitStack() as stack:

        async def listen(inbox):
            await stack.enter_async_context(secretive.listening("Told", inbox, private=True))
            # whoever listens has heard from now on, also when somebody else has just begun to
            room._send_signal("/ai/senter/Secretive1", address, "ai.senter.Secretive1", "Told", "s", ["psst"])

        await asyncio.gather(*map(listen, inboxes))
        assert [await inbox.next() for inbox in inboxes] == [("psst",)] * 2
    rule = Match("ai.senter.Secretive1", "Told", path="/ai/senter/Secretive1", sender="ai.senter.Secretive1").rule()
    with pytest.raises(BusError, match="match rule"):
        await client.ask_daemon("RemoveMatch", "s", rule)


async def test_callers_of_one_program_share_the_start_of_a_room(bus, client, monkeypatch):
    bus.install(ECHO.bus_name, *ECHO_PROGRAM)
    asked, ask = [], client.ask_daemon

    async def ask_daemon(member, *arguments, **more):
        asked.append(member)
        return await ask(member, *arguments, **more)

    monkeypatch.setattr(client, "ask_daemon", ask_daemon)
    calls = (Peer(client, ECHO).call("Echo", "s", "hello", timeout=DEADLINE) for _ in range(20))
    assert await asyncio.gather(*calls) == ["hello"] * 20
    assert asked.count("StartServiceByName") == 1


async def test_who_gives_up_waiting_for_a_room_does_not_end_the_waiting_of_others(bus, client):
    bus.install(ECHO.bus_name, "/bin/sh", "-c", f"sleep 0.5; exec {shlex.join(ECHO_PROGRAM)}")
    patient = asyncio.create_task(Peer(client, ECHO).call("Echo", "s", "hello", timeout=DEADLINE))
    hasty = await failure(Peer(client, ECHO).call("Echo", "s", "hello", timeout=0.05))
    assert "did not answer Echo within" in str(hasty)
    assert await patient == "hello"


async def test_after_everybody_gave_up_waiting_a_room_can_be_called_again(bus, client):
    bus.install(ECHO.bus_name, "/bin/sh", "-c", f"sleep 0.5; exec {shlex.join(ECHO_PROGRAM)}")
    await failure(Peer(client, ECHO).call("Echo", "s", "hello", timeout=0.05))
    assert await Peer(client, ECHO).call("Echo", "s", "hello", timeout=DEADLINE) == "hello"
