"""A room for tests that leaves when it is idle; its program, its interface and its service in one file.

Settings come as arguments: the idle time in seconds, and whether it stays while the target is up.
"""

import asyncio
import os
import sys

from senter.bus.names import Room
from senter.bus.publish import Interface, method
from senter.bus.runtime import run
from senter.bus.signatures import U32, Str

SLEEPER = Room("sleeper")


class Sleeper(Interface):
    """Answers after a while, fails, or dies, as it is asked to."""

    def __init__(self) -> None:
        super().__init__(SLEEPER)

    @method
    async def Echo(self, text: Str) -> Str:
        """Answer the text."""
        return text

    @method
    async def Slow(self, milliseconds: U32) -> U32:
        """Answer the process id after some time."""
        await asyncio.sleep(milliseconds / 1000)
        return os.getpid()

    @method
    async def Fail(self) -> None:
        """Raise what no service should raise."""
        raise RuntimeError("a secret of the inside")


class Nothing:
    """A service without work."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    def is_healthy(self) -> bool:
        return True

    def is_busy(self) -> bool:
        """Never."""
        return False

    def status(self) -> str:
        return "idle"


if __name__ == "__main__":
    run(
        SLEEPER,
        lambda connection: (Nothing(), Sleeper()),
        idle_exit_seconds=float(sys.argv[1]),
        resident=sys.argv[2:] == ["resident"],
    )
