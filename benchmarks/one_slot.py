"""An OpenAI-compatible engine that takes a fixed time: one request after the other, as a small machine does.

Run as ``python one_slot.py PORT_FILE FIRST GAP PIECES``: PORT_FILE gets the port, FIRST is the time to the first
piece and GAP that between two, in seconds. A client that leaves frees the slot at once, as with llama.cpp.
"""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


class OneSlot:
    """Streams ``pieces`` words to one client at a time; the others wait in the order in which they came."""

    def __init__(self, first: float, gap: float, pieces: int) -> None:
        self._first = first
        self._gap = gap
        self._pieces = pieces
        self._slot = asyncio.Lock()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            await reader.readexactly(int(head.partition("content-length:")[2].split("\r\n")[0] or 0))
            answering = asyncio.ensure_future(self._answer(writer))
            leaving = asyncio.ensure_future(reader.read(1))
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        async with self._slot:
            writer.write(HEAD)
            for number in range(self._pieces):
                await asyncio.sleep(self._gap if number else self._first)
                writer.write(_event({"content": "word "}, None))
                await writer.drain()
            writer.write(_event({}, "stop") + b"data: [DONE]\n\n")
            await writer.drain()


def _event(delta: dict[str, str], reason: str | None) -> bytes:
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "one-slot", "choices": choices}
    return f"data: {json.dumps(chunk)}\n\n".encode()


async def main(port_file: Path, first: float, gap: float, pieces: int) -> None:
    """Serve until this is killed."""
    server = await asyncio.start_server(OneSlot(first, gap, pieces).serve, "127.0.0.1", 0)
    partly = port_file.with_suffix(".part")
    partly.write_text(str(server.sockets[0].getsockname()[1]))
    partly.rename(port_file)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *map(float, sys.argv[2:4]), int(sys.argv[4])))
