"""What learning gives out: from its pipe into a file, all of it or nothing."""

import asyncio
import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from senter.errors import InvalidArgument, Unavailable
from senter.learning.knowing.summary import END

PATIENCE_SECONDS = 60.0
"""How long nothing may come through the pipe."""
AT_ONCE = 65_536

_BROKEN = "the export ended before its end and was thrown away; see: senter logs learning"


class Received:
    """Lines as they come in pieces; all but the last one are written to ``out``."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._rest = b""
        self._last: bytes | None = None
        self._lines = 0

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            if self._last is not None:
                self._out.write(self._last + b"\n")
                self._lines += 1
            self._last = line

    def end(self) -> int:
        """How many lines were written. Raises Unavailable when the last line does not say the same."""
        try:
            told = json.loads(self._last or b"null")
        except ValueError:
            told = None
        if self._rest or told != {"kind": END, "lines": self._lines}:
            raise Unavailable(_BROKEN)
        return self._lines


async def receive(descriptor: int, out: BinaryIO, patience: float = PATIENCE_SECONDS) -> int:
    """Write what comes through a pipe to ``out``, without the line that ends it; how many lines. Closes the pipe.

    Raises Unavailable when it ends early, or when nothing comes for so many seconds.
    """
    received, reader = Received(out), asyncio.StreamReader()
    with io.FileIO(descriptor) as pipe:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), pipe
        )
        try:
            while piece := await asyncio.wait_for(reader.read(AT_ONCE), patience):
                received.take(piece)
        except TimeoutError:
            raise Unavailable(f"the export stood still for {patience:g} s and was thrown away") from None
        finally:
            transport.close()
    return received.end()


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[BinaryIO]:
    """Something to write to that takes the place of a file when all went well, and is gone when it did not.

    Only its owner can read it. Raises InvalidArgument for what is no file, and OSError.
    """
    place = Path(os.path.realpath(file))
    if place.exists() and not place.is_file():
        raise InvalidArgument(f"{file} is not a file")
    descriptor, new = tempfile.mkstemp(prefix=".senter-export-", dir=place.parent)
    try:
        with open(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        os.replace(new, place)
    except BaseException:
        os.unlink(new)
        raise
