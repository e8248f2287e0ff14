"""The machine a test runs on, as it seems: logind and UPower by dbusmock, on a system bus of the test's own."""

import asyncio
import os
from collections.abc import Awaitable, Callable

from senter.bus.battery import DEVICE, DISPLAY_DEVICE, PROPERTIES, UPOWER, UPOWER_PATH
from senter.bus.connection import Connection
from senter.bus.holds import LOGIND, MANAGER, ROOT
from senter.bus.library import Variant
from senter.bus.login import SESSION, USER
from support.private_bus import DEADLINE, Program

MOCK = "org.freedesktop.DBus.Mock"
USER_PATH = f"{ROOT}/user/{os.getuid()}"
FIRST, SECOND = f"{ROOT}/session/c1", f"{ROOT}/session/c2"
NO_SESSION = ["", "/"]
IDLE_SINCE = 1_795_345_200_000_000

Mock = Callable[..., Awaitable[Program]]


class Logind:
    """What a test makes the mock do."""

    def __init__(self, connection: Connection, program: Program) -> None:
        self._connection = connection
        self.program = program

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

    async def set(self, path: str, interface: str, **properties: Variant) -> None:
        """Set properties, of which logind tells in one signal."""
        await self.ask(path, MOCK, "UpdateProperties", "sa{sv}", interface, properties)

    async def idle(self, since: int, path: str = FIRST) -> None:
        """Do as a desktop does whose user has done nothing for a while."""
        await self.set(path, SESSION, IdleHint=Variant("b", True), IdleSinceHint=Variant("t", since))

    async def active(self, path: str = FIRST) -> None:
        """Do as a desktop does whose user does something again."""
        await self.set(path, SESSION, IdleHint=Variant("b", False), IdleSinceHint=Variant("t", IDLE_SINCE + 1))

    async def sleep(self, begins: bool) -> None:
        """Say that the machine goes to sleep, or is awake again."""
        await self.ask(ROOT, MOCK, "EmitSignal", "sssav", MANAGER, "PrepareForSleep", "b", [Variant("b", begins)])

    async def move_lid(self, is_closed: bool) -> None:
        """Close or open the lid."""
        await self.set(ROOT, MANAGER, LidClosed=Variant("b", is_closed))

    async def holds(self) -> list[tuple[str, str]]:
        """What is held off, and how."""
        return sorted((what, mode) for what, _, _, mode, *_ in await self.ask(ROOT, MANAGER, "ListInhibitors"))

    async def until_held(self, *expected: tuple[str, str]) -> None:
        """Return when this is held off and nothing else."""
        async with asyncio.timeout(DEADLINE):
            while await self.holds() != sorted(expected):
                pass

    async def refuse(self) -> None:
        """Let nothing be held off any more."""
        await self._answer_inhibit(
            "raise dbus.exceptions.DBusException('no', name='org.freedesktop.DBus.Error.AccessDenied')"
        )

    async def grant(self) -> None:
        """Let everything be held off again."""
        await self._answer_inhibit("from dbusmock.templates import logind; ret = logind.Inhibit(self, *args)")

    async def _answer_inhibit(self, code: str) -> None:
        await self.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "Inhibit", "ssss", "h", code)


class Power:
    """What a test makes the mock of UPower do."""

    def __init__(self, connection: Connection, program: Program) -> None:
        self._connection = connection
        self.program = program

    async def change(self, name: str, signature: str, value: object) -> None:
        """Set a property, of which UPower tells."""
        await self._change(UPOWER_PATH, UPOWER, **{name: Variant(signature, value)})

    async def charge(self, percent: float, *, is_present: bool = True) -> None:
        """Have so much in the battery, or none at all."""
        charge = {"Percentage": Variant("d", percent), "IsPresent": Variant("b", is_present)}
        await self._change(DISPLAY_DEVICE, DEVICE, **charge)

    async def remove_display_device(self) -> None:
        """Be as old as a UPower that has none."""
        await self._connection.call(
            UPOWER, UPOWER_PATH, MOCK, "RemoveObject", "s", DISPLAY_DEVICE, timeout=DEADLINE
        )

    async def _change(self, path: str, interface: str, **properties: Variant) -> None:
        change = (path, MOCK, "UpdateProperties", "sa{sv}", interface, properties)
        await self._connection.call(UPOWER, *change, timeout=DEADLINE)


async def begin(connection: Connection, mock) -> Logind:
    """Start logind, with the user known and nobody at the screen."""
    program = await mock(connection, LOGIND, "logind")
    peer = Logind(connection, program)
    # The template joins a text and a number here.
    code = f'ret = "{ROOT}/user/%d" % args[0]'
    await peer.ask(ROOT, MOCK, "AddMethod", "sssss", MANAGER, "GetUser", "u", "o", code)
    await peer.ask(ROOT, MOCK, "AddUser", "usb", os.getuid(), "somebody", True)
    await peer.ask(ROOT, MOCK, "AddProperty", "ssv", MANAGER, "LidClosed", Variant("b", False))
    await peer.show(NO_SESSION)
    return peer
