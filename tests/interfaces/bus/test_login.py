"""``senter.bus.login`` against dbusmock's logind and UPower on a system bus of the test's own."""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections.abc import AsyncIterator

import pytest
from support.machine import FIRST, IDLE_SINCE, MOCK, NO_SESSION, SECOND, USER_PATH, Logind, begin
from support.private_bus import DEADLINE, Inbox, PrivateBus, Program, open_descriptors, until

from senter.bus.connection import Connection
from senter.bus.holds import LOGIND, MANAGER, ROOT
from senter.bus.library import Variant
from senter.bus.login import ANSWER_TIMEOUT, SESSION, USER, Login, _longer, boot_id
from senter.host.session import system_bus_address


@pytest.fixture
async def login():
    """What the test listens with."""
    listening = Login()
    yield listening
    await listening.stop()


@pytest.fixture
def told(login) -> Inbox:
    """Everything that is told, by name."""
    inbox = Inbox()
    login.locked = lambda: inbox("locked")
    login.unlocked = lambda: inbox("unlocked")
    login.sleeping = lambda: inbox("sleeping")
    login.woken = lambda: inbox("woken")
    login.unplugged = lambda: inbox("unplugged")
    return inbox


@pytest.fixture
def attended(login) -> Inbox:
    """What is told of the user's coming and leaving."""
    inbox = Inbox()
    login.came = lambda session: inbox("came", session)
    login.left = lambda since: inbox("left", since)
    login.woken = lambda: inbox("woken")
    return inbox


def came(session: str) -> tuple[str, str]:
    """What is told when the user is at the screen in a session."""
    return ("came", f"{boot_id()}/{session}")


LEFT = ("left", 0)


async def settled(logind: Logind, told: Inbox) -> list[tuple[str]]:
    """What was told up to now and not asked for, once everything has arrived."""
    await logind.sleep(False)
    heard = []
    while (news := await told.next()) != ("woken",):
        heard.append(news)
    return heard


async def test_locking_by_the_desktop_is_told(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.hint(True)
    assert await told.next() == ("locked",)
    await logind.hint(False)
    assert await told.next() == ("unlocked",)


async def test_locking_by_request_is_told(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.request("Lock")
    assert await told.next() == ("locked",)
    await logind.request("Unlock")
    assert await told.next() == ("unlocked",)


async def test_a_request_that_the_desktop_then_follows_is_told_once(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    for request, hint in (("Lock", True), ("Unlock", False)):
        await logind.request(request)
        await logind.hint(hint)
        await logind.request(request)
    assert await settled(logind, told) == [("locked",), ("unlocked",)]


async def test_an_unlocking_of_a_screen_that_was_locked_before_the_start_is_told(logind, login, told):
    await logind.log_in("c1")
    await logind.hint(True)
    assert await login.start()
    await logind.hint(False)
    assert ("unlocked",) in await settled(logind, told)


async def test_other_properties_of_the_session_are_no_news(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.ask(FIRST, MOCK, "UpdateProperties", "sa{sv}", SESSION, {"Active": Variant("b", False)})
    await logind.ask(USER_PATH, MOCK, "UpdateProperties", "sa{sv}", USER, {"State": Variant("s", "online")})
    assert await settled(logind, told) == []


async def test_sleep_and_waking_are_told(logind, login, told):
    assert await login.start()
    await logind.sleep(True)
    assert await told.next() == ("sleeping",)
    await logind.sleep(False)
    assert await told.next() == ("woken",)


async def test_a_session_that_appears_later_is_followed(logind, login, told):
    assert await login.start()
    await logind.log_in("c1")
    async with asyncio.timeout(DEADLINE):
        while not await _locking_is_heard(logind, told, FIRST):
            pass


async def test_the_session_of_the_next_login_is_followed(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.show(NO_SESSION)
    await logind.log_in("c2")
    async with asyncio.timeout(DEADLINE):
        while not await _locking_is_heard(logind, told, SECOND):
            pass


async def test_logging_in_again_after_leaving_the_screen_locked_is_an_unlocking(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.hint(True)
    assert await told.next() == ("locked",)
    await logind.show(NO_SESSION)
    await logind.log_in("c2")
    assert await told.next() == ("unlocked",)


async def _locking_is_heard(logind: Logind, told: Inbox, path: str) -> bool:
    """Lock and unlock; whether both was told. (When a new session is followed cannot be seen from outside.)"""
    await logind.hint(True, path)
    await logind.hint(False, path)
    return (await settled(logind, told))[-2:] == [("locked",), ("unlocked",)]


async def test_who_is_there_at_the_start_comes_in_a_session_that_no_other_boot_has(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    (there,) = attended.rest()
    assert there == came("c1")
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        assert there[1] == f"{file.read().strip()}/c1"


async def test_whoever_begins_to_listen_later_is_told_the_same(logind, login, attended):
    await logind.log_in("c1")
    for _ in range(2):
        later = Login()
        later.came = login.came
        assert await later.start()
        await later.stop()
    assert attended.rest() == [came("c1"), came("c1")]


async def test_a_kernel_that_does_not_say_which_boot_it_is_does_no_harm(
    logind, login, attended, tmp_path, monkeypatch
):
    monkeypatch.setattr("senter.bus.login.BOOT_ID", tmp_path / "nothing")
    await logind.log_in("c1")
    assert await login.start()
    assert attended.rest() == [("came", "/c1")]


async def test_nobody_at_the_screen_at_the_start_has_left_and_comes_by_logging_in(logind, login, attended):
    assert await login.start()
    assert attended.rest() == [LEFT]
    await logind.log_in("c1")
    assert await attended.next() == came("c1")


async def test_whose_screen_is_locked_at_the_start_has_left_and_comes_by_unlocking(logind, login, attended):
    await logind.log_in("c1")
    await logind.hint(True)
    assert await login.start()
    assert attended.rest() == [LEFT]
    await logind.hint(False)
    assert await attended.next() == came("c1")


async def test_who_is_idle_at_the_start_has_left_when_that_began(logind, login, attended):
    await logind.log_in("c1")
    await logind.idle(IDLE_SINCE)
    assert await login.start()
    assert attended.rest() == [("left", IDLE_SINCE)]
    await logind.active()
    assert await attended.next() == came("c1")


async def test_whose_machine_goes_to_sleep_at_the_start_has_left_and_comes_by_waking_it(logind, login, attended):
    await logind.log_in("c1")
    await logind.set(ROOT, MANAGER, PreparingForSleep=Variant("b", True))
    assert await login.start()
    assert attended.rest() == [LEFT]
    await logind.sleep(False)
    assert [await attended.next(), await attended.next()] == [("woken",), came("c1")]


async def test_a_text_login_is_not_idle_because_no_signal_would_tell_its_end(logind, login, attended):
    await logind.log_in("c1")
    await logind.set(FIRST, SESSION, Type=Variant("s", "tty"))
    await logind.idle(IDLE_SINCE)
    assert await login.start()
    assert attended.rest() == [came("c1")]


async def test_locking_by_the_desktop_is_leaving_and_unlocking_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.hint(True)
    await logind.hint(False)
    assert await settled(logind, attended) == [came("c1"), LEFT, came("c1")]


async def test_locking_by_request_is_leaving_and_unlocking_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.request("Lock")
    await logind.request("Unlock")
    assert await settled(logind, attended) == [came("c1"), LEFT, came("c1")]


async def test_a_request_and_the_desktop_that_follows_it_are_one_leaving_and_one_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    for request, hint in (("Lock", True), ("Unlock", False)):
        await logind.request(request)
        await logind.hint(hint)
        await logind.request(request)
    assert await settled(logind, attended) == [came("c1"), LEFT, came("c1")]


async def test_idleness_is_leaving_when_it_began_and_its_end_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.idle(IDLE_SINCE)
    await logind.active()
    assert await settled(logind, attended) == [came("c1"), ("left", IDLE_SINCE), came("c1")]


async def test_who_moves_behind_a_locked_screen_has_not_come(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.idle(IDLE_SINCE)
    await logind.hint(True)
    await logind.active()
    assert await settled(logind, attended) == [came("c1"), ("left", IDLE_SINCE)]
    await logind.hint(False)
    assert await attended.next() == came("c1")


async def test_with_a_locker_that_never_tells_the_unlocking_the_end_of_idleness_is_a_coming(
    logind, login, attended, told
):
    login.came, login.left = lambda session: attended("came", session), lambda since: attended("left", since)
    await logind.log_in("c1")
    assert await login.start()
    await logind.request("Lock")
    await logind.idle(IDLE_SINCE)
    await logind.active()
    await logind.request("Lock")
    assert await settled(logind, told) == [("locked",)]
    assert attended.rest() == [came("c1"), LEFT, came("c1"), LEFT]


async def test_sleep_is_leaving_and_waking_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.sleep(True)
    await logind.sleep(False)
    heard = [await attended.next() for _ in range(4)]
    assert heard == [came("c1"), LEFT, ("woken",), came("c1")]


async def test_waking_to_a_locked_screen_is_not_yet_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.hint(True)
    await logind.sleep(True)
    assert await settled(logind, attended) == [came("c1"), LEFT]
    await logind.hint(False)
    assert await attended.next() == came("c1")


async def test_logging_out_is_leaving_and_logging_in_coming_in_another_session(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.show(NO_SESSION)
    assert [await attended.next(), await attended.next()] == [came("c1"), LEFT]
    await logind.log_in("c2")
    assert await attended.next() == came("c2")


async def test_another_session_at_the_screen_is_leaving_the_one_before(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.log_in("c2")
    assert [await attended.next() for _ in range(3)] == [came("c1"), LEFT, came("c2")]
    await logind.hint(True, FIRST)
    await logind.idle(IDLE_SINCE, FIRST)
    assert await settled(logind, attended) == []


async def test_coming_back_to_a_session_is_coming(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    await logind.show(NO_SESSION)
    assert [await attended.next(), await attended.next()] == [came("c1"), LEFT]
    await logind.show(["c1", FIRST])
    assert await attended.next() == came("c1")
    await logind.hint(True)
    assert await settled(logind, attended) == [LEFT]


async def test_a_session_that_begins_locked_is_no_coming(logind, login, attended):
    await logind.log_in("c2")
    await logind.hint(True, SECOND)
    await logind.show(NO_SESSION)
    assert await login.start()
    await logind.show(["c2", SECOND])
    await logind.hint(False, SECOND)
    assert [await attended.next(), await attended.next()] == [LEFT, came("c2")]


async def test_news_that_come_before_the_answer_to_an_older_question_count(logind, login, attended, monkeypatch):
    see = login._see

    async def slowly(session: str, path: str):
        sight = await see(session, path)
        await logind.hint(True)
        assert await login._connection.answers()
        return sight

    monkeypatch.setattr(login, "_see", slowly)
    await logind.log_in("c1")
    assert await login.start()
    assert attended.rest() == [came("c1"), LEFT]


async def test_a_session_that_is_at_the_screen_again_is_listened_to_once(logind, login, attended):
    await logind.log_in("c1")
    assert await login.start()
    listening = len(login._connection._subscriptions.entries)
    await logind.show(NO_SESSION)
    assert [await attended.next(), await attended.next()] == [came("c1"), LEFT]
    await logind.show(["c1", FIRST])
    assert await attended.next() == came("c1")
    assert len(login._connection._subscriptions.entries) == listening


async def test_without_logind_the_battery_is_noticed_all_the_same(upower, login, told):
    power = await upower(on_battery=False)
    assert await login.start()
    await power.change("OnBattery", "b", True)
    assert await told.next() == ("unplugged",)


async def test_without_upower_the_session_is_noticed_all_the_same(logind, login, told):
    await logind.log_in("c1")
    assert await login.start()
    await logind.hint(True)
    assert await settled(logind, told) == [("locked",)]


async def test_a_hold_lasts_until_its_descriptor_is_closed(logind, login):
    assert await login.start()
    held = await login.inhibit("sleep:idle", "Research is running")
    assert held is not None
    os.fstat(held)
    (inhibitor,) = await logind.ask(ROOT, MANAGER, "ListInhibitors")
    assert inhibitor[:4] == ["sleep:idle", "Senter", "Research is running", "block"]
    os.close(held)
    async with asyncio.timeout(DEADLINE):
        while await logind.ask(ROOT, MANAGER, "ListInhibitors"):
            pass


async def test_a_delay_is_asked_for_as_such_and_outlives_the_listening(logind, login):
    assert await login.start()
    held = await login.inhibit("sleep", "Writing things down", delay=True)
    assert held is not None
    await login.stop()
    (inhibitor,) = await logind.ask(ROOT, MANAGER, "ListInhibitors")
    assert inhibitor[:4] == ["sleep", "Senter", "Writing things down", "delay"]
    os.close(held)


async def test_a_hold_that_is_refused_is_none_and_warned_of_once(logind, login, caplog):
    assert await login.start()
    await logind.refuse()
    for _ in range(3):
        assert await login.inhibit("handle-lid-switch", "because") is None
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert warnings == ["Cannot hold off handle-lid-switch: no"]


async def test_a_hold_that_is_refused_after_it_was_granted_is_warned_of_again(logind, login, caplog):
    assert await login.start()
    for refused in (True, False, True):
        await logind.refuse() if refused else await logind.grant()
        held = await login.inhibit("sleep", "because")
        assert (held is None) == refused
        if held is not None:
            os.close(held)
    assert caplog.text.count("Cannot hold off sleep: no") == 2


async def test_no_program_that_is_started_here_keeps_a_hold(logind, login):
    assert await login.start()
    held = await login.inhibit("sleep", "because")
    assert held is not None
    assert not os.get_inheritable(held)
    os.close(held)


async def test_a_hold_that_is_granted_when_nobody_waits_any_more_is_given_back(logind, login, impatient):
    assert await login.start()
    before = open_descriptors()
    with hanging(logind.program):
        assert await login.inhibit("sleep", "because") is None
        asking = asyncio.create_task(login.inhibit("handle-lid-switch", "because"))
        await asyncio.sleep(0)
        asking.cancel()
    await logind.until_held()
    await until(lambda: not login._holds._asking)
    assert open_descriptors() == before
    assert asking.cancelled()


async def test_a_logind_that_did_not_answer_when_asked_for_a_hold_is_found_when_it_goes_on(
    logind, login, impatient
):
    found = Inbox()
    login.found = found
    assert await login.start()
    assert found.rest() == [()]
    with hanging(logind.program):
        assert await login.inhibit("sleep", "because") is None
        assert not login.is_watching
    assert await found.next() == ()
    assert login.is_watching


async def test_a_logind_that_was_restarted_is_found_again_and_nothing_else_is_a_finding(
    logind, login, attended, mock
):
    found = Inbox()
    login.found = found
    assert await login.start()
    attended.rest()
    await logind.log_in("c1")
    assert await attended.next() == came("c1")
    await logind.program.kill()
    await until(lambda: not login.is_watching)
    assert found.rest() == [()]
    connection = Connection(system_bus_address)
    await connection.open()
    await begin(connection, mock)
    assert await found.next() == ()
    await connection.close()


async def test_the_lid_is_told_when_it_moves_and_when_that_is_asked(logind, login):
    moved = Inbox()
    login.lid = moved
    assert await login.start()
    assert await login.lid_is_closed() is False
    await logind.move_lid(True)
    assert await moved.next() == (True,)
    assert await login.lid_is_closed() is True
    await logind.set(ROOT, MANAGER, IdleHint=Variant("b", True))
    await logind.move_lid(False)
    assert await moved.next() == (False,)


async def test_without_logind_nobody_knows_of_the_lid(system_bus, login):
    assert not await login.start()
    assert await login.lid_is_closed() is None


async def test_listening_goes_on_after_the_system_bus_was_restarted(
    system_bus, logind, login, told, mock, monkeypatch
):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    assert await login.start()
    system_bus.kill()
    system_bus.start()
    connection = Connection(system_bus_address)
    await connection.open()
    again = Logind(connection, await mock(connection, LOGIND, "logind"))
    async with asyncio.timeout(DEADLINE):
        while not told.rest():
            await again.sleep(True)
    await connection.close()


@pytest.fixture
async def another_bus(system_bus, login, mock, monkeypatch):
    """Has the system bus die and come back with another logind, which is found when all is prepared."""
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    monkeypatch.setattr("senter.bus.login.RECONNECT_TRIES", 1000)
    opened = []

    @contextlib.asynccontextmanager
    async def restart() -> AsyncIterator[Logind]:
        monkeypatch.setattr(login._connection, "_address", lambda: "unix:path=/nowhere")
        system_bus.kill()
        system_bus.start()
        connection = Connection(system_bus_address)
        await connection.open()
        opened.append(connection)
        yield await begin(connection, mock)
        monkeypatch.setattr(login._connection, "_address", system_bus_address)

    yield restart
    for connection in opened:
        await connection.close()


async def test_what_happened_while_the_system_bus_was_gone_is_told_when_it_is_back(
    logind, login, attended, told, another_bus
):
    login.came, login.left = lambda session: attended("came", session), lambda since: attended("left", since)
    await logind.log_in("c1")
    assert await login.start()
    async with another_bus() as again:
        await again.log_in("c1")
        await again.hint(True)
    assert await told.next() == ("locked",)
    assert [await attended.next(), await attended.next()] == [came("c1"), LEFT]
    await again.hint(False)
    assert [await told.next(), await attended.next()] == [("unlocked",), came("c1")]


async def test_another_session_after_the_system_bus_is_back_is_told_as_one(logind, login, attended, another_bus):
    await logind.log_in("c1")
    assert await login.start()
    async with another_bus() as again:
        await again.log_in("c2")
    assert [await attended.next() for _ in range(3)] == [came("c1"), LEFT, came("c2")]


async def test_what_is_as_before_when_the_system_bus_is_back_is_not_told_again(
    logind, login, attended, another_bus
):
    await logind.log_in("c1")
    assert await login.start()
    assert attended.rest() == [came("c1")]
    async with another_bus() as again:
        await again.log_in("c1")
    async with asyncio.timeout(DEADLINE):
        while not (heard := attended.rest()):
            await again.sleep(False)
    await again.hint(True)
    while (news := await attended.next()) == ("woken",):
        heard.append(news)
    assert (set(heard), news) == ({("woken",)}, LEFT)


async def test_a_logind_that_was_restarted_is_asked_anew(system_bus, logind, login, attended, mock):
    await logind.log_in("c1")
    assert await login.start()
    connection = Connection(system_bus_address)
    await connection.open()
    unique_name = await connection.owner(LOGIND)
    await logind.program.kill()
    await connection.wait_left(unique_name)
    again = await begin(connection, mock)
    await again.log_in("c2")
    assert [await attended.next() for _ in range(3)] == [came("c1"), LEFT, came("c2")]
    await connection.close()


async def test_without_a_system_bus_nothing_is_told_and_nothing_raised(login, told, tmp_path, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert not await login.start()
    assert await login.inhibit("sleep", "because") is None
    await login.stop()
    assert told.rest() == []


async def test_without_logind_nothing_is_told_and_nothing_raised(system_bus, login, told):
    assert not await login.start()
    assert await login.inhibit("sleep", "because") is None
    await login.stop()
    assert told.rest() == []


async def test_a_user_without_a_session_is_not_known_to_logind(logind, login):
    code = "raise dbus.exceptions.DBusException('who?', name='org.freedesktop.login1.NoSuchUser')"
    await logind.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", code)
    assert not await login.start()


@pytest.fixture
def eager(monkeypatch):
    """What is missing is looked for again soon."""
    monkeypatch.setattr("senter.bus.login.FIRST_PAUSE", 0.05)
    monkeypatch.setattr("senter.bus.login.LONGEST_PAUSE", 0.1)
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    monkeypatch.setattr("senter.bus.connection.RECONNECT_TRIES", 1)


@pytest.fixture
def impatient(eager, monkeypatch):
    """Answers are not waited for long."""
    monkeypatch.setattr("senter.bus.login.ANSWER_TIMEOUT", 0.5)


@contextlib.contextmanager
def hanging(program: Program):
    """Have a program hang."""
    os.kill(program.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(program.pid, signal.SIGCONT)


async def started(login: Login) -> bool:
    """Start to listen, which must not take longer than a service may take for all of its start."""
    async with asyncio.timeout(DEADLINE):
        return await login.start()


async def test_no_answer_is_waited_for_longer_than_five_seconds(logind, login, monkeypatch):
    limits = []
    call = login._connection.call

    async def noting(*asked: object, timeout: float = 25.0, **options: object):
        limits.append(timeout)
        return await call(*asked, timeout=timeout, **options)

    monkeypatch.setattr(login._connection, "call", noting)
    await logind.log_in("c1")
    assert await login.start()
    assert await login.lid_is_closed() is False
    assert limits
    assert max(limits) <= ANSWER_TIMEOUT == 5


async def test_a_logind_that_hangs_holds_nothing_up_and_is_listened_to_when_it_goes_on(
    logind, login, attended, impatient
):
    await logind.log_in("c1")
    with hanging(logind.program):
        assert not await started(login)
        assert not login.is_watching
        assert await login.inhibit("sleep", "because") is None
        assert attended.rest() == []
    assert await attended.next() == came("c1")
    await until(lambda: login.is_watching)
    await logind.hint(True)
    assert await attended.next() == LEFT


async def test_a_upower_that_hangs_holds_nothing_up_and_is_listened_to_when_it_goes_on(
    logind, upower, login, attended, told, impatient
):
    login.came = lambda session: attended("came", session)
    power = await upower(on_battery=True)
    await logind.log_in("c1")
    with hanging(power.program):
        assert await started(login)
        assert login.is_watching
        assert attended.rest() == [came("c1")]
    assert await told.next() == ("unplugged",)


async def test_a_logind_that_hangs_does_not_keep_the_battery_from_being_noticed(
    logind, upower, login, told, impatient
):
    await upower(on_battery=True)
    with hanging(logind.program):
        assert await started(login)
        assert told.rest() == [("unplugged",)]
        assert not login.is_watching


async def test_a_session_that_was_asked_for_in_vain_is_asked_for_again(logind, login, attended, impatient):
    assert await login.start()
    assert attended.rest() == [LEFT]
    with hanging(logind.program):
        login._user_changed(USER, {"Display": ["c1", FIRST]}, [])
        await until(lambda: not login.is_watching)
    await until(lambda: login.is_watching)
    assert attended.rest() == []


async def test_a_user_whom_logind_learns_of_later_is_followed(logind, login, attended, eager):
    code = "raise dbus.exceptions.DBusException('who?', name='org.freedesktop.login1.NoSuchUser')"
    await logind.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", code)
    assert not await login.start()
    await logind.log_in("c1")
    code = f'ret = "{ROOT}/user/%d" % args[0]'
    await logind.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", code)
    assert await attended.next() == came("c1")


async def test_a_system_bus_that_stays_away_for_long_is_found_when_it_is_back(
    system_bus, logind, login, attended, mock, eager, caplog
):
    await logind.log_in("c1")
    assert await login.start()
    assert attended.rest() == [came("c1")]
    with caplog.at_level(logging.DEBUG, "senter.bus.login"):
        system_bus.kill()
        await until(lambda: caplog.text.count("is looked for again in") > 3)
    assert not login.is_watching
    system_bus.start()
    connection = Connection(system_bus_address)
    await connection.open()
    again = await begin(connection, mock)
    await again.log_in("c2")
    heard = [await attended.next(), await attended.next()]
    assert heard == [LEFT, came("c2")]
    await until(lambda: login.is_watching)
    await again.hint(True, SECOND)
    assert await attended.next() == LEFT
    await connection.close()


async def test_the_bus_is_looked_for_less_and_less_often(login, eager, monkeypatch, caplog, tmp_path):
    monkeypatch.setattr("senter.bus.login.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("senter.bus.login.LONGEST_PAUSE", 0.03)
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    with caplog.at_level(logging.DEBUG, "senter.bus.login"):
        assert not await login.start()
        await until(lambda: caplog.text.count("is looked for again in") > 3)
    pauses = [record.args[0] for record in caplog.records if "looked for again" in record.msg]
    assert pauses[:4] == [0.01, 0.02, 0.03, 0.03]
    assert sum(record.levelno > logging.DEBUG for record in caplog.records) == 1


def test_what_is_missing_is_looked_for_every_five_minutes_at_least():
    pauses = [0.0]
    for _ in range(2000):
        pauses.append(_longer(pauses[-1]))
    assert pauses[1:4] == [1, 2, 4]
    assert max(pauses) == pauses[-1] == 300


async def test_a_system_bus_that_comes_after_the_start_is_found(
    login, attended, mock, eager, home, tmp_path, monkeypatch
):
    private = PrivateBus(tmp_path / "system")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
    assert not await login.start()
    private.start()
    connection = Connection(system_bus_address)
    await connection.open()
    again = await begin(connection, mock)
    await again.log_in("c1")
    while (news := await attended.next()) == LEFT:
        pass
    assert news == came("c1")
    await again.hint(True)
    assert await attended.next() == LEFT
    await connection.close()
    private.stop()


async def test_a_system_bus_that_hangs_holds_nothing_up(system_bus, login, eager, monkeypatch):
    monkeypatch.setattr("senter.bus.library.CONNECT_TIMEOUT", 0.2)
    os.kill(system_bus._daemon.pid, signal.SIGSTOP)
    try:
        assert not await started(login)
    finally:
        os.kill(system_bus._daemon.pid, signal.SIGCONT)


async def test_a_stop_ends_the_looking(login, eager, caplog, tmp_path, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", f"unix:path={tmp_path}/nobody")
    assert not await login.start()
    await login.stop()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stop_while_logind_hangs_is_quick_and_ends_the_asking(logind, login, impatient):
    with hanging(logind.program):
        assert not await started(login)
        before = time.monotonic()
        await login.stop()
        assert time.monotonic() - before < 1
        assert not any(not timer.cancelled() for timer in login._again.values())


async def test_a_start_in_the_background_can_be_given_up(logind, login):
    with hanging(logind.program):
        starting = asyncio.create_task(login.start())
        await until(login._looking.locked)
        starting.cancel()
        await asyncio.wait({starting})
        await login.stop()
    assert starting.cancelled()


async def test_without_logind_nobody_is_watched_though_the_battery_is(upower, login):
    assert not login.is_watching
    await upower(on_battery=False)
    assert await login.start()
    assert not login.is_watching


async def test_the_user_is_watched_while_logind_is_there(system_bus, logind, login, mock, eager):
    assert not login.is_watching
    assert await login.start()
    assert login.is_watching
    await logind.program.kill()
    await until(lambda: not login.is_watching)
    connection = Connection(system_bus_address)
    await connection.open()
    await begin(connection, mock)
    await until(lambda: login.is_watching)
    system_bus.kill()
    await until(lambda: not login.is_watching)
    await connection.close()


async def test_stopping_what_was_not_started_is_fine(login):
    await login.stop()
