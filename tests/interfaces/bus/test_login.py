"""``senter.bus.login`` against dbusmock's logind and UPower on a system bus of the test's own."""

import asyncio
import os

import pytest
from support.private_bus import DEADLINE, Inbox, PrivateBus

from senter.bus.connection import Connection
from senter.bus.library import Variant
from senter.bus.login import (
    LOGIND,
    MANAGER,
    PROPERTIES,
    ROOT,
    SESSION,
    UPOWER,
    UPOWER_PATH,
    USER,
    Login,
    system_bus_address,
)

MOCK = "org.freedesktop.DBus.Mock"
USER_PATH = f"{ROOT}/user/{os.getuid()}"
FIRST, SECOND = f"{ROOT}/session/c1", f"{ROOT}/session/c2"
NO_SESSION = ["", "/"]


class Logind:
    """What a test makes the mock do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ask(self, path: str, interface: str, member: str, signature: str = "", *arguments):
        return await self._connection.call(LOGIND, path, interface, member, signature, *arguments, timeout=DEADLINE)

    async def log_in(self, session: str) -> None:
        """Add a session and make it the one at the screen."""
        await self.ask(ROOT, MOCK, "AddSession", "ssusb", session, "seat0", os.getuid(), "somebody", True)
        await self.show([session, f"{ROOT}/session/{session}"])

    async def show(self, display: list[str]) -> None:
        """Set the user's session at the screen."""
        await self.ask(USER_PATH, PROPERTIES, "Set", "ssv", USER, "Display", Variant("(so)", display))

    async def hint(self, locked: bool, path: str = FIRST) -> None:
        """Do as a desktop does that has locked or unlocked the screen."""
        await self.ask(path, SESSION, "SetLockedHint", "b", locked)

    async def request(self, member: str, path: str = FIRST) -> None:
        """Do as ``loginctl lock-session`` does."""
        await self.ask(path, SESSION, member)

    async def sleep(self, begins: bool) -> None:
        """Say that the machine goes to sleep, or is awake again."""
        await self.ask(ROOT, MOCK, "EmitSignal", "sssav", MANAGER, "PrepareForSleep", "b", [Variant("b", begins)])


@pytest.fixture
def system_bus(home, tmp_path, monkeypatch):
    """A system bus without logind."""
    private = PrivateBus(tmp_path / "system")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
    private.start()
    yield private
    private.stop()


@pytest.fixture
async def logind(system_bus, mock):
    """logind, with the user known and nobody at the screen."""
    connection = Connection(system_bus_address)
    await connection.open()
    await mock(connection, LOGIND, "logind")
    peer = Logind(connection)
    # The template joins a text and a number here.
    code = f'ret = "{ROOT}/user/%d" % args[0]'
    await peer.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", code)
    await peer.ask(ROOT, MOCK, "AddUser", "usb", os.getuid(), "somebody", True)
    await peer.show(NO_SESSION)
    yield peer
    await connection.close()


class Power:
    """What a test makes the mock of UPower do."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def change(self, name: str, signature: str, value: object) -> None:
        """Set a property, of which UPower tells."""
        await self._connection.call(
            UPOWER,
            UPOWER_PATH,
            MOCK,
            "UpdateProperties",
            "sa{sv}",
            UPOWER,
            {name: Variant(signature, value)},
            timeout=DEADLINE,
        )


@pytest.fixture
async def upower(system_bus, mock):
    """Starts UPower on a machine that runs on battery or not."""
    connection = Connection(system_bus_address)
    await connection.open()

    async def start(on_battery: bool) -> Power:
        await mock(connection, UPOWER, "upower", OnBattery=on_battery)
        return Power(connection)

    yield start
    await connection.close()


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
    login.plugged = lambda: inbox("plugged")
    return inbox


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


async def test_being_unplugged_and_plugged_in_again_is_told(logind, upower, login, told):
    power = await upower(on_battery=False)
    assert await login.start()
    await power.change("OnBattery", "b", True)
    assert await told.next() == ("unplugged",)
    await power.change("OnBattery", "b", False)
    assert await told.next() == ("plugged",)


async def test_a_machine_that_runs_on_battery_from_the_start_is_told_as_unplugged(upower, login, told):
    await upower(on_battery=True)
    assert await login.start()
    assert told.rest() == [("unplugged",)]


async def test_other_news_of_the_machine_are_no_news_of_the_battery(upower, login, told):
    power = await upower(on_battery=False)
    assert await login.start()
    await power.change("LidIsClosed", "b", True)
    await power.change("OnBattery", "b", False)
    await power.change("OnBattery", "b", True)
    assert await told.next() == ("unplugged",)


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


async def test_a_hold_that_is_refused_is_none(logind, login):
    assert await login.start()
    code = "raise dbus.exceptions.DBusException('no', name='org.freedesktop.DBus.Error.AccessDenied')"
    await logind.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "Inhibit", "ssss", "h", code)
    assert await login.inhibit("handle-lid-switch", "because") is None


async def test_listening_goes_on_after_the_system_bus_was_restarted(
    system_bus, logind, login, told, mock, monkeypatch
):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    assert await login.start()
    system_bus.kill()
    system_bus.start()
    connection = Connection(system_bus_address)
    await connection.open()
    await mock(connection, LOGIND, "logind")
    again = Logind(connection)
    async with asyncio.timeout(DEADLINE):
        while not told.rest():
            await again.sleep(True)
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


async def test_stopping_what_was_not_started_is_fine(login):
    await login.stop()
