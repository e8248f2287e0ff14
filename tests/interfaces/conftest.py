"""What every test over a real bus stands on: a home of its own and, where it asks for one, a bus of its own."""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.echo import ECHO, EchoInterface, EchoService
from support.private_bus import Inbox, PrivateBus, Program, Supervisor, launch

from senter.bus.connection import Connection, Match

Connect = Callable[[], Awaitable[Connection]]
Launch = Callable[..., Awaitable[Program]]


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
