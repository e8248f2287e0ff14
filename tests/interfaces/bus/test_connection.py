"""``senter.bus.connection`` with buses that are missing, broken, killed and back again."""

import asyncio
import contextlib
import logging
import os
import time
from pathlib import Path

import pytest
from support.echo import ECHO, EchoInterface, EchoService
from support.private_bus import DEADLINE, Inbox, finish, open_descriptors

from senter.bus.connection import BusError, Connection, Match, NobodyThere
from senter.bus.library import NameFlag
from senter.errors import Busy, Denied, NotRunning, Unavailable

SAID = Match(ECHO.interface, "Said")
FROM_ECHO = Match(ECHO.interface, "Said", path=ECHO.path, sender=ECHO.bus_name)


def is_one_sentence(error: Exception) -> bool:
    return bool(str(error)) and "\n" not in str(error) and "Traceback" not in str(error)


async def refused() -> NotRunning:
    """What opening a connection raises, at once."""
    connection = Connection()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(NotRunning) as caught:
            await connection.open()
    assert is_one_sentence(caught.value)
    return caught.value


async def echoed(client: Connection, text: str) -> str:
    return await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Echo", "s", text, timeout=DEADLINE)


@contextlib.asynccontextmanager
async def impostor(folder: Path, monkeypatch, *answers: bytes, stay: bool):
    """Listens where a bus should be; answers line by line, then stays silent or hangs up."""

    async def serve(reader, writer):
        await reader.readexactly(1)
        for answer in answers:
            await reader.readuntil(b"\r\n")
            writer.write(answer)
        if stay:
            await reader.read()
        writer.close()

    server = await asyncio.start_unix_server(serve, folder / "impostor")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={folder}/impostor")
    async with server:
        yield


async def test_without_any_sign_of_a_bus_one_sentence_says_what_to_do():
    error = await refused()
    assert "no session bus" in str(error)
    assert "dbus-run-session" in str(error)


@pytest.mark.parametrize(
    "address",
    ["unix:path=/nonexistent/bus", "unix:abstract=senter-nobody", "nonsense", "unix:", "unix:runtime=yes"],
)
async def test_a_bus_that_cannot_be_reached_is_named(monkeypatch, address):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert address in str(await refused())


@pytest.mark.parametrize(
    "answers", [(), (b"OK 0123456789abcdef0123456789abcdef\r\n",), (b"OK 01",), (b"REJECTED\r\n",)]
)
async def test_a_bus_that_dies_during_the_handshake_is_noticed_at_once(tmp_path, monkeypatch, answers):
    async with impostor(tmp_path, monkeypatch, *answers, stay=False):
        await refused()


async def test_a_bus_that_answers_nonsense_is_noticed_at_once(tmp_path, monkeypatch):
    async with impostor(tmp_path, monkeypatch, b"\xff\xfe what?\r\n", stay=False):
        await refused()


@pytest.mark.parametrize("answers", [(), (b"OK 0123456789abcdef0123456789abcdef\r\n",)])
async def test_a_bus_that_never_answers_is_given_up_without_using_the_processor(tmp_path, monkeypatch, answers):
    monkeypatch.setattr("senter.bus.library.CONNECT_TIMEOUT", 0.15)
    async with impostor(tmp_path, monkeypatch, *answers, stay=True):
        before = time.process_time()
        await refused()
        assert time.process_time() - before < 0.1


async def test_failed_attempts_leave_no_descriptors(tmp_path, monkeypatch):
    monkeypatch.setattr("senter.bus.library.CONNECT_TIMEOUT", 0.01)
    async with impostor(tmp_path, monkeypatch, stay=True):
        await refused()
        before = open_descriptors()
        for _ in range(10):
            await refused()
        assert open_descriptors() <= before + 1


async def test_a_call_before_the_connection_was_opened_says_so():
    with pytest.raises(NotRunning):
        await Connection().ask_daemon("GetId")


async def test_a_closed_connection_refuses_calls_and_can_be_closed_again(connect):
    connection = await connect()
    await connection.close()
    with pytest.raises(NotRunning):
        await connection.ask_daemon("GetId")
    await connection.close()


async def test_what_was_sent_before_closing_arrives(bus, connect, client):
    inbox = Inbox()
    await client.subscribe(SAID, inbox)
    for number in range(20):
        sender = await connect()
        interface = EchoInterface(EchoService())
        sender.export("/sender", interface)
        interface.Said("last words", number)
        await sender.close()
        assert await inbox.next() == ("last words", number)


async def test_a_running_call_fails_at_once_when_the_bus_is_killed(bus, client, echo, holding):
    call = asyncio.create_task(client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Hold"))
    await holding.next()
    bus.kill()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable) as caught:
            await call
    assert str(caught.value) == "the bus went away during Hold"


async def test_a_call_after_the_bus_was_killed_fails_at_once(bus, client):
    bus.kill()
    await client.wait_lost()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(NotRunning):
            await client.ask_daemon("GetId")


async def test_a_call_in_the_moment_of_the_death_fails_at_once(bus, client):
    bus.kill()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises((Unavailable, NotRunning)):
            await client.ask_daemon("GetId")


async def test_everything_comes_back_with_the_bus_time_and_again(bus, connect, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    server, client = await connect(), await connect()
    interface = EchoInterface(EchoService())
    await server.follow_rooms()
    server.export(ECHO.path, interface)
    assert await server.own(ECHO.bus_name)
    heard, returned = Inbox(), Inbox()
    await client.subscribe(SAID, heard)

    async def tell() -> None:
        assert await server.owner(ECHO.bus_name)
        returned()

    server.on_reopened(tell)
    await client.own("ai.senter.Probe1")
    descriptors = []
    for number in range(10):
        bus.kill()
        await asyncio.gather(server.wait_lost(), client.wait_lost())
        bus.start()
        assert await client.reopen()
        assert await server.reopen()
        assert await returned.next() == ()
        assert await echoed(client, f"round {number}") == f"round {number}"
        interface.Said("again", number)
        assert await heard.next() == ("again", number)
        who = await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
        assert who == "ai.senter.Probe1"
        descriptors.append(open_descriptors())
    assert len(set(descriptors)) == 1
    assert (heard.rest(), returned.rest()) == ([], [])


async def test_coming_back_waits_for_a_bus_that_takes_its_time(bus, client, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.05)
    bus.kill()
    await client.wait_lost()
    coming_back = asyncio.create_task(client.reopen())
    asyncio.get_running_loop().call_later(0.12, bus.start)
    async with asyncio.timeout(DEADLINE):
        assert await coming_back


async def test_coming_back_is_given_up_when_every_try_failed(bus, client, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    bus.kill()
    await client.wait_lost()
    with pytest.raises(NotRunning, match="did not come back"):
        await client.reopen()


async def test_coming_back_fails_when_the_name_is_somebody_elses_now(bus, connect, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    loser = await connect()
    await loser.own(ECHO.bus_name)
    bus.kill()
    await loser.wait_lost()
    bus.start()
    winner = await connect()
    await winner.own(ECHO.bus_name)
    assert not await loser.reopen()


async def test_a_name_that_was_given_back_is_not_taken_again(bus, client, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    await client.own(ECHO.bus_name)
    await client.release(ECHO.bus_name)
    bus.kill()
    await client.wait_lost()
    bus.start()
    assert await client.reopen()
    assert await client.owner(ECHO.bus_name) == ""


async def test_opening_patiently_waits_for_a_bus_to_come(bus, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    bus.kill()
    connection = Connection()
    opening = asyncio.create_task(connection.open_patiently())
    asyncio.get_running_loop().call_later(0.03, bus.start)
    async with asyncio.timeout(DEADLINE):
        await opening
    assert await connection.ask_daemon("GetId")
    await connection.close()


async def test_opening_patiently_tells_why_it_was_in_vain(bus, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    bus.kill()
    with pytest.raises(NotRunning) as caught:
        await Connection().open_patiently()
    assert bus.address in str(caught.value)


async def test_a_name_is_refused_while_somebody_else_owns_it(connect):
    first, second = await connect(), await connect()
    assert await first.own(ECHO.bus_name)
    assert await first.own(ECHO.bus_name)
    assert not await second.own(ECHO.bus_name)
    await first.release(ECHO.bus_name)
    assert await second.owner(ECHO.bus_name) == ""
    assert await second.own(ECHO.bus_name)


async def test_a_name_is_taken_over_from_an_owner_that_allows_it(connect):
    standin, room = await connect(), await connect()
    assert await standin.own(ECHO.bus_name, NameFlag.ALLOW_REPLACEMENT)
    before = await room.owner(ECHO.bus_name)
    assert await room.own(ECHO.bus_name)
    assert await room.owner(ECHO.bus_name) not in ("", before)
    assert not await standin.own(ECHO.bus_name, NameFlag.ALLOW_REPLACEMENT)


async def test_refusing_all_answers_whatever_is_asked(connect, client):
    standin = await connect()
    standin.refuse_all(Unavailable("the echo has failed: it is tired"))
    await standin.own(ECHO.bus_name)
    for path, interface, member in (
        (ECHO.path, ECHO.interface, "Echo"),
        ("/", "org.freedesktop.DBus.Peer", "Ping"),
        (ECHO.path, "org.freedesktop.DBus.Introspectable", "Introspect"),
    ):
        with pytest.raises(Unavailable) as caught:
            await client.call(ECHO.bus_name, path, interface, member, timeout=DEADLINE)
        assert str(caught.value) == "the echo has failed: it is tired"


async def test_waiting_for_an_owner_ends_when_one_comes(connect, client):
    waiting = asyncio.create_task(client.wait_owned(ECHO.bus_name))
    other, owner = await connect(), await connect()
    await other.own("ai.senter.Other1")
    assert not waiting.done()
    await owner.own(ECHO.bus_name)
    async with asyncio.timeout(DEADLINE):
        await waiting


async def test_waiting_for_an_owner_who_is_there_ends_at_once(echo, client):
    async with asyncio.timeout(DEADLINE):
        await client.wait_owned(ECHO.bus_name)


async def test_a_watched_name_tells_every_change_of_its_owner(connect, client):
    moved = Inbox()
    await client.watch_name(ECHO.bus_name, moved)
    owner = await connect()
    await owner.own(ECHO.bus_name)
    assert await moved.next() == (await client.owner(ECHO.bus_name),)
    await owner.close()
    assert await moved.next() == ("",)


async def test_a_subscription_for_a_block_ends_with_it_also_at_the_daemon(client, echo):
    heard = Inbox()
    async with client.subscribed(SAID, heard):
        echo.Said("inside", 1)
        assert await heard.next() == ("inside", 1)
    echo.Said("outside", 2)
    await client.ask_daemon("GetId")
    assert heard.rest() == []
    with pytest.raises(BusError) as caught:
        await client.ask_daemon("RemoveMatch", "s", SAID.rule())
    assert caught.value.name == "org.freedesktop.DBus.Error.MatchRuleNotFound"


async def test_two_subscriptions_to_one_signal_do_not_depend_on_each_other(client, echo):
    first, second = Inbox(), Inbox()
    await client.subscribe(SAID, first)
    async with client.subscribed(SAID, second):
        echo.Said("both", 1)
        assert (await first.next(), await second.next()) == (("both", 1), ("both", 1))
    echo.Said("one", 2)
    assert await first.next() == ("one", 2)
    assert second.rest() == []


async def test_a_block_whose_bus_dies_ends_without_another_failure(bus, client):
    async with client.subscribed(SAID, Inbox()):
        bus.kill()
        await client.wait_lost()


async def test_a_subscription_to_one_sender_does_not_hear_another(connect, client, echo):
    """The daemon compares senders rule by rule, but delivers what any rule of a connection lets in."""
    stranger = await connect()
    await stranger.own("ai.senter.Stranger1")
    picky, open_to_all = Inbox(), Inbox()
    await client.subscribe(Match(ECHO.interface, "Said", sender="ai.senter.Stranger1"), picky)
    await client.subscribe(SAID, open_to_all)
    echo.Said("hello", 1)
    assert await open_to_all.next() == ("hello", 1)
    assert picky.rest() == []


async def test_a_room_that_comes_while_its_owner_is_asked_for_is_heard(connect, client, monkeypatch):
    room, interface = await connect(), EchoInterface(EchoService())
    room.export(ECHO.path, interface)
    came, ask = Inbox(), client.owner
    await client.watch_name(ECHO.bus_name, came)

    async def owner(name):
        answer = await ask(name)
        if name == ECHO.bus_name:
            await room.own(ECHO.bus_name)
            await came.next()
        return answer

    monkeypatch.setattr(client, "owner", owner)
    inbox = Inbox()
    await client.subscribe(FROM_ECHO, inbox)
    interface.Said("I came late", 1)
    assert await inbox.next() == ("I came late", 1)


async def test_who_is_asked_for_is_asked_for_again_when_that_was_given_up(client, echo, monkeypatch):
    ask, asked = client.owner, asyncio.Event()

    async def owner(name):
        asked.set()
        return await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(client, "owner", owner)
    inbox = Inbox()
    given_up = asyncio.create_task(client.subscribe(FROM_ECHO, inbox))
    await asked.wait()
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    monkeypatch.setattr(client, "owner", ask)
    await client.subscribe(FROM_ECHO, inbox)
    echo.Said("still heard", 1)
    assert await inbox.next() == ("still heard", 1)


async def test_a_forged_signal_of_the_daemon_is_not_believed(connect, client, echo):
    """A signal that is sent to one connection reaches it whatever its match rules say."""
    moved = Inbox()
    await client.watch_name(ECHO.bus_name, moved)
    address = await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    forgery = ["org.freedesktop.DBus", "NameOwnerChanged", "sss", ECHO.bus_name, ":1.0", ":1.99"]
    command = ["busctl", "--user", f"--destination={address}", "emit", "/org/freedesktop/DBus", *forgery]
    assert (await finish(*command))[0] == 0
    await client.ask_daemon("GetId")
    assert moved.rest() == []


async def test_a_call_to_nobody_says_so_and_starts_nobody(bus, client):
    bus.install(ECHO.bus_name, "/bin/false")
    with pytest.raises(NobodyThere):
        await echoed(client, "hello")


async def test_a_call_that_takes_too_long_names_the_destination_and_the_time(client, echo):
    with pytest.raises(Unavailable) as caught:
        await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Hold", timeout=0.05)
    assert str(caught.value) == "ai.senter.Echo1 did not answer Hold within 0.05 s"


async def test_an_answer_that_comes_too_late_disturbs_nobody(client, echo, holding, caplog):
    with pytest.raises(Unavailable):
        await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Hold", timeout=0.05)
    await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Release")
    assert await echoed(client, "still here") == "still here"
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("kind", [Busy, Denied, Unavailable])
async def test_an_error_of_ours_comes_back_as_its_class(client, echo, monkeypatch, kind):
    monkeypatch.setattr("support.echo.Denied", kind)
    with pytest.raises(kind) as caught:
        await client.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Refuse", "s", "no")
    assert type(caught.value) is kind


async def test_an_error_of_another_program_keeps_its_name(client):
    with pytest.raises(BusError) as caught:
        await client.ask_daemon("NoSuchMethod")
    assert caught.value.name == "org.freedesktop.DBus.Error.UnknownMethod"
    assert is_one_sentence(caught.value)


async def test_the_bus_of_the_runtime_folder_is_found_without_the_variable(bus, monkeypatch):
    socket = Path(os.environ["XDG_RUNTIME_DIR"]) / "bus"
    socket.symlink_to(bus.address.removeprefix("unix:path="))
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS")
    connection = Connection()
    await connection.open()
    await connection.close()


async def test_waiting_for_somebody_to_leave_ends_when_they_do(connect, client, echo):
    leaving = await connect()
    name = await leaving.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    waiting = asyncio.create_task(client.wait_left(name))
    assert await echoed(client, "meanwhile") == "meanwhile"
    assert not waiting.done()
    await leaving.close()
    await asyncio.wait_for(waiting, DEADLINE)


async def test_waiting_for_somebody_who_has_left_ends_at_once(connect, client, echo):
    leaving = await connect()
    name = await leaving.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    await leaving.close()
    await asyncio.wait_for(client.wait_left(name), DEADLINE)


async def test_everybody_has_left_when_the_bus_dies(bus, connect, client, echo):
    staying = await connect()
    name = await staying.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    waiting = asyncio.create_task(client.wait_left(name))
    assert await echoed(client, "meanwhile") == "meanwhile"
    bus.kill()
    await asyncio.wait_for(waiting, DEADLINE)


async def test_waiting_for_somebody_to_leave_can_be_given_up(connect, client, echo):
    staying = await connect()
    name = await staying.call(ECHO.bus_name, ECHO.path, ECHO.interface, "Caller")
    waiting = asyncio.create_task(client.wait_left(name))
    assert await echoed(client, "meanwhile") == "meanwhile"
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await staying.close()
    assert await echoed(client, "still here") == "still here"
