"""A small room for tests: one method for every trait of ``senter.bus.publish``. Also a program of its own."""

import argparse
import asyncio
import gc
import os
import weakref
from dataclasses import dataclass
from typing import Annotated, Any

from senter.bus import connection, runtime, signatures
from senter.bus.connection import Connection
from senter.bus.names import Room
from senter.bus.publish import Interface, caller, method, private_signal, readable, sender, signal
from senter.bus.signatures import U32, Bool, Byte, Double, Options, Str, Strings
from senter.errors import Denied

ECHO = Room("echo")

SECRET = "the password is swordfish"


@dataclass(frozen=True)
class EchoOptions:
    """Options of ``Choose``."""

    word: Str = "plain"
    number: U32 = 5
    loud: Bool = False


class EchoService:
    """Is as healthy and as busy as it is told to be, and counts how often somebody wants to know."""

    def __init__(self) -> None:
        self.healthy = True
        self.busy = False
        self.work_comes_late = False
        self.asked = 0
        self.calls = 0

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    def is_healthy(self) -> bool:
        """What ``SetHealthy`` said last."""
        self.asked += 1
        return self.healthy

    def is_busy(self) -> bool:
        """What ``SetBusy`` said last; with work that comes late, busy from the second question on."""
        was_busy, self.busy = self.busy, self.busy or self.work_comes_late
        return was_busy

    def status(self) -> str:
        """``3 echoes``."""
        return f"{self.calls} echoes"


class EchoInterface(Interface):
    """Says back what it is told, in several ways."""

    def __init__(self, service: EchoService) -> None:
        super().__init__(ECHO)
        self.service = service
        self.held: weakref.WeakSet[asyncio.Future[None]] = weakref.WeakSet()

    @method
    async def Echo(self, text: Str) -> Str:
        """The same text."""
        self.service.calls += 1
        return text

    @method
    async def Count(self, texts: Strings) -> U32:
        """How many texts there are."""
        return len(texts)

    @method
    async def Choose(self, options: Options) -> Options:
        """The options that hold."""
        return vars(signatures.options(EchoOptions, options))

    @method
    async def Size(self, values: Options) -> U32:
        """How many values there are."""
        return len(values)

    @method
    async def Caller(self) -> Str:
        """Who asks."""
        return caller.get()

    @method
    async def Crash(self) -> None:
        """Fail in a way that nobody expected."""
        raise RuntimeError(SECRET)

    @method
    async def Refuse(self, text: Str) -> None:
        """Fail with a sentence."""
        raise Denied(text)

    @method
    async def TextAsNumber(self) -> U32:
        """A result of the wrong type."""
        return SECRET  # type: ignore[return-value]

    @method
    async def NumberTooLarge(self) -> Byte:
        """A result that is out of range."""
        return 300

    @method
    async def NothingAsText(self) -> Str:
        """A result that is missing."""
        return None  # type: ignore[return-value]

    @method
    async def ShortRow(self) -> Annotated[list[tuple[str, str]], "a(ss)"]:
        """A row with a column too few."""
        return [("one",)]  # type: ignore[list-item]

    @method
    async def Unpackable(self) -> Options:
        """A value that has no D-Bus type."""
        return {"what": object()}

    @method
    async def LoneSurrogate(self) -> Str:
        """Text that UTF-8 cannot carry."""
        return "a\ud800z"

    @method
    async def Nul(self) -> Str:
        """Text that D-Bus cannot carry."""
        return "a\0z"

    @method
    async def HiddenNul(self) -> Options:
        """Such text deep in a result, as key and as value."""
        return {"k\0y": [{"deep": "a\0\udfffz"}]}

    @method
    async def Hold(self) -> None:
        """Wait for ``Release``. Nothing but the barrier keeps this call from being garbage collected."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.held.add(future)
        self.Holding(len(self.held))
        await future

    @method
    async def Release(self) -> U32:
        """Let the calls go that ``Hold`` holds; how many there were."""
        gc.collect()
        held = list(self.held)
        for future in held:
            future.set_result(None)
        return len(held)

    @method
    async def Nap(self, seconds: Double) -> Str:
        """Answer after a while."""
        self.Holding(1)
        await asyncio.sleep(seconds)
        return "rested"

    @method
    async def Die(self) -> None:
        """End the process at once."""
        os._exit(1)

    @method
    async def SetHealthy(self, healthy: Bool) -> None:
        """Be healthy, or not."""
        self.service.healthy = healthy

    @method
    async def SetBusy(self, busy: Bool) -> None:
        """Have work to do, or not."""
        self.service.busy = busy

    @method
    async def Asked(self) -> U32:
        """How often somebody wanted to know whether this room is healthy."""
        return self.service.asked

    @method
    async def Say(self, text: Str, times: U32) -> None:
        """Emit the signal ``Said``."""
        self.Said(text, times)

    @method
    async def Whisper(self, text: Str, times: U32) -> None:
        """Emit the signal ``Whispered`` for the caller alone."""
        self.Whispered(sender.get(), text, times)

    @readable
    def Calls(self) -> U32:
        """How often something was echoed."""
        return self.service.calls

    @readable
    def Nonsense(self) -> Str:
        """Text that D-Bus cannot carry."""
        return "a\0\ud800z"

    @readable
    def Fragile(self) -> Str:
        """Fails in a way that nobody expected, once the room is not healthy."""
        if not self.service.healthy:
            raise RuntimeError(SECRET)
        return "whole"

    @signal
    def Said(self, text: Str, times: U32) -> None:
        """Somebody had this said."""

    @private_signal
    def Whispered(self, text: Str, times: U32) -> None:
        """The caller had this said, and nobody else hears it."""

    @signal
    def Holding(self, calls: U32) -> None:
        """A call waits."""


def main() -> None:
    """Be the program of the room; the options make its life short enough for a test."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--idle", type=float, default=60.0)
    parser.add_argument("--pause", type=float, default=connection.RECONNECT_PAUSE)
    parser.add_argument("--tries", type=int, default=connection.RECONNECT_TRIES)
    parser.add_argument("--grace", type=float, default=runtime.STOP_GRACE)
    parser.add_argument("--late-work", action="store_true", help="be busy only after having been asked once")
    chosen = parser.parse_args()
    connection.RECONNECT_PAUSE, connection.RECONNECT_TRIES = chosen.pause, chosen.tries
    runtime.STOP_GRACE = chosen.grace

    def build(_: Connection) -> tuple[Any, Interface]:
        service = EchoService()
        service.work_comes_late = chosen.late_work
        return service, EchoInterface(service)

    runtime.run(ECHO, build, idle_exit_seconds=chosen.idle)


if __name__ == "__main__":
    main()
