"""Peers from python-dbusmock, run by the python of the system."""

import json
import subprocess
from collections.abc import Awaitable, Callable

import pytest
from support.private_bus import DEADLINE, Program

from senter.bus.connection import Connection

SYSTEM_PYTHON = "/usr/bin/python3"
MOCK = "org.freedesktop.DBus.Mock"

Mock = Callable[..., Awaitable[Program]]


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
