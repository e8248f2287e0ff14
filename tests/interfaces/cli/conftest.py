"""The rooms that the command line talks to, played by the tests."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support.pretended import PretendedModel, PretendedTasks
from support.private_bus import DEADLINE, SENTER, Program

Start = Callable[..., Awaitable["Reader"]]


class Reader:
    """A command that runs, read line by line."""

    def __init__(self, program: Program) -> None:
        self.program = program

    async def line(self) -> str:
        """The next line it says on stdout; waits for it. Empty when it has said its last."""
        assert self.program.process.stdout is not None
        async with asyncio.timeout(DEADLINE):
            return (await self.program.process.stdout.readline()).decode().rstrip("\n")

    async def lines(self, number: int) -> list[str]:
        """The next lines."""
        return [await self.line() for _ in range(number)]

    async def end(self) -> tuple[int | None, str, str]:
        """Wait for its end: exit code, the rest of stdout, stderr."""
        async with asyncio.timeout(DEADLINE):
            output, complaint = await self.program.process.communicate()
        return self.program.process.returncode, output.decode(), complaint.decode()


@pytest.fixture
async def tasks(connect) -> PretendedTasks:
    """The tasks."""
    room = PretendedTasks()
    await room.serve(await connect())
    return room


@pytest.fixture
async def model(connect) -> PretendedModel:
    """The primary model."""
    room = PretendedModel()
    await room.serve(await connect())
    return room


@pytest.fixture
def start(run) -> Start:
    """Starts a command."""

    async def started(*arguments: str, **environment: str) -> Reader:
        return Reader(await run(*SENTER, *arguments, **environment))

    return started
