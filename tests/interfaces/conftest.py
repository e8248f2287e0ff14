"""What every test over a real bus stands on: a home of its own and, where it asks for them, buses of its own.

Peers from python-dbusmock are run by the python of the system.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.echo import ECHO, EchoInterface, EchoService
from support.machine import Logind, Mock, Power, begin
from support.private_bus import DEADLINE, Inbox, PrivateBus, Program, Supervisor, launch

from senter.bus.battery import UPOWER
from senter.bus.connection import Connection, Match
from senter.host.session import system_bus_address

Connect = Callable[[], Awaitable[Connection]]
Launch = Callable[..., Awaitable[Program]]

SYSTEM_PYTHON = "/usr/bin/python3"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with nothing in it, and no trace of the session the tests run in."""
    for variable in os.environ:
        if variable.startswith(("XDG_", "DBUS_", "NOTIFY_SOCKET", "WATCHDOG_")):
            monkeypatch.delenv(variable)
    folder = tmp_path / "home"
    for name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME"):
        (folder / name).mkdir(parents=True, mode=0o700)
        monkeypatch.setenv(f"XDG_{name}", str(folder / name))
    monkeypatch.setenv("HOME", str(folder))
    # apart, because the name of a socket has 107 bytes at most (unix(7))
    with tempfile.TemporaryDirectory(prefix="senter-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        yield folder


@pytest.fixture
def bus(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """The session bus, empty and without systemd."""
    private = PrivateBus(tmp_path / "session")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", private.address)
    private.start()
    yield private
    private.stop()


@pytest.fixture
async def connect(bus: PrivateBus) -> AsyncIterator[Connect]:
    """Makes connections to the session bus."""
    made = []

    async def connection() -> Connection:
        made.append(Connection())
        await made[-1].open()
        return made[-1]

    yield connection
    for opened in made:
        await opened.close()


@pytest.fixture
async def client(connect: Connect) -> Connection:
    """A connection of a program that is no room."""
    return await connect()


@pytest.fixture
async def echo(connect: Connect) -> EchoInterface:
    """The echo room, in this process, on a connection of its own."""
    connection = await connect()
    interface = EchoInterface(EchoService())
    await connection.follow_rooms()
    connection.export(ECHO.path, interface)
    assert await connection.own(ECHO.bus_name)
    return interface


@pytest.fixture
async def holding(client: Connection) -> Inbox:
    """Hears of every call that the echo room holds."""
    inbox = Inbox()
    await client.subscribe(Match(ECHO.interface, "Holding"), inbox)
    return inbox


@pytest.fixture
async def run() -> AsyncIterator[Launch]:
    """Starts programs, which have ended when the test has."""
    started = []

    async def start(*command: str, **environment: str) -> Program:
        started.append(await launch(*command, **environment))
        return started[-1]

    yield start
    for program in started:
        await program.kill()


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    """Listens as a service manager does."""
    listening = Supervisor(tmp_path)
    yield listening
    listening.close()


@pytest.fixture(scope="session")
def dbusmock() -> None:
    """Skips without dbusmock."""
    try:
        subprocess.run([SYSTEM_PYTHON, "-c", "import dbusmock"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(f"needs Debian's python3-dbusmock: {SYSTEM_PYTHON} cannot import dbusmock")


@pytest.fixture
async def mock(dbusmock, run) -> Mock:
    """Starts a mock from a template and waits until it is set up."""

    async def start(client: Connection, name: str, template: str, **parameters: object) -> Program:
        options = ["--template", template, "--parameters", json.dumps(parameters)]
        before = await client.owner(name)
        program = await run(SYSTEM_PYTHON, "-m", "dbusmock", *options)
        assert not before
        await client.wait_owned(name)
        # The mock takes its name before it loads the template, and answers only after that.
        await client.call(name, "/", "org.freedesktop.DBus.Peer", "Ping", timeout=DEADLINE)
        return program

    return start


@pytest.fixture
def system_bus(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    """A system bus without logind."""
    private = PrivateBus(tmp_path / "system")
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", private.address)
    private.start()
    yield private
    private.stop()


@pytest.fixture
async def logind(system_bus: PrivateBus, mock: Mock) -> AsyncIterator[Logind]:
    """logind, with the user known and nobody at the screen."""
    connection = Connection(system_bus_address)
    await connection.open()
    yield await begin(connection, mock)
    await connection.close()


@pytest.fixture
async def upower(system_bus: PrivateBus, mock: Mock) -> AsyncIterator[Callable[..., Awaitable[Power]]]:
    """Starts UPower on a machine that runs on battery or not."""
    connection = Connection(system_bus_address)
    await connection.open()

    async def start(on_battery: bool) -> Power:
        return Power(connection, await mock(connection, UPOWER, "upower", OnBattery=on_battery))

    yield start
    await connection.close()
