"""An OpenAI-compatible server that says what a test wrote down for it. Also a program of its own.

In a test::

    server = OpenAIServer()
    await server.start()                      # server.url is http://127.0.0.1:PORT/v1
    server.enqueue("Hello there", Reply(status=500), Reply("never ends", stall="after"))
    server.rules = [Rule("plan", Reply('{"steps": []}'))]   # once the queue is empty; else server.default
    await server.wait_requests(1)             # server.requests[0].messages
    await server.wait_disconnects(1)          # a client left in the middle of an answer
    await server.wait_stalled(1)              # so many answers have stalled so far
    server.release()                          # lets go of everything that stalls now
    await server.stop()

As a program, ``python tests/support/openai_server.py --port-file F [--script FILE.json] [--log FILE]``: F has the
port when the server listens, the script is ``{"replies": [REPLY…], "rules": [{"match": "regex", …REPLY…}],
"default": REPLY}`` where REPLY is a text or ``{"text": …, "status": …, "stall": …}`` with the fields of ``Reply``,
the log gets one line of JSON for every request (``"event": "request"``, ``model``, ``messages``,
``response_format``, ``stream``), for every answer that stalls (``"event": "stall"``) and for every client that left
in the middle (``"event": "disconnect"``); SIGUSR1 releases what stalls, SIGTERM ends it.
"""

import argparse
import asyncio
import contextlib
import json
import re
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEADLINE = 5.0


@dataclass(frozen=True)
class Reply:
    """What the server does with one request."""

    text: str = ""
    status: int = 200
    """An HTTP status; from 400 on the text is the message of the error."""
    stall: str = ""
    """``before``: no byte until released; ``after``: the first piece, then nothing until released."""
    cut: str = ""
    """After half of the pieces: ``connection`` closes it in the middle, ``stream`` ends the answer politely."""
    events: str = ""
    """Sent instead of the events of the stream, as it is."""
    wire: str = ""
    """Sent instead of HTTP, as it is."""
    pause: float = 0.0
    """Seconds between two pieces."""
    pieces: tuple[str, ...] = ()
    """The pieces in which the text is streamed; by default its words."""

    def streamed(self) -> list[str]:
        """The pieces of the answer."""
        return list(self.pieces) or re.findall(r"\s*\S+\s*$|\s*\S+|\s+", self.text)


@dataclass(frozen=True)
class Rule:
    """A reply for the requests whose last user message contains a match of a regular expression."""

    match: str
    reply: Reply


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    model: str
    messages: list[dict[str, Any]]
    response_format: dict[str, Any] | None = None
    stream: bool = False
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def question(self) -> str:
        """The last message of the user."""
        asked = [message["content"] for message in self.messages if message.get("role") == "user"]
        return str(asked[-1]) if asked else ""


def reply_of(written: Any) -> Reply:
    """A reply as a script writes it: a text, or the fields of ``Reply``."""
    if isinstance(written, str | Reply):
        return Reply(written) if isinstance(written, str) else written
    fields = dict(written)
    fields["pieces"] = tuple(fields.get("pieces", ()))
    return Reply(**fields)


class OpenAIServer:
    """Answers ``POST …/chat/completions`` and ``GET …/models``; knows who asked what, and who left."""

    def __init__(self, *, models: tuple[str, ...] = ()) -> None:
        self.models = models
        """The models it knows; an empty tuple stands for every model."""
        self.requests: list[Request] = []
        self.probes = 0
        """How often somebody connected."""
        self.disconnects = 0
        self.stalled = 0
        self.choose: Callable[[Request], Reply | str | None] | None = None
        """Asked for a reply when the queue is empty; None lets the rules decide."""
        self.rules: list[Rule] = []
        self.default = Reply("Yes.")
        self.log: Path | None = None
        self.port = 0
        self._queue: deque[Reply] = deque()
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def start(self, port: int = 0, socket: Path | None = None) -> None:
        """Listen on a port of the loopback (0: any free one), or on a UNIX socket."""
        if socket:
            self._server = await asyncio.start_unix_server(self._accept, socket)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def enqueue(self, *replies: Reply | str) -> None:
        """Say what the coming requests are answered, in order."""
        self._queue.extend(reply_of(reply) for reply in replies)

    def load(self, script: dict[str, Any]) -> None:
        """Take replies, rules and the default from a script."""
        self.enqueue(*(reply_of(written) for written in script.get("replies", ())))
        for written in script.get("rules", ()):
            fields = dict(written)
            self.rules.append(Rule(fields.pop("match"), reply_of(fields)))
        self.default = reply_of(script.get("default", self.default))

    def release(self) -> None:
        """Let go of every request that stalls now."""
        self._released.set()
        self._released = asyncio.Event()

    async def wait_requests(self, number: int) -> None:
        """Return when so many requests have come in."""
        await self._wait(lambda: len(self.requests) >= number)

    async def wait_disconnects(self, number: int) -> None:
        """Return when so many clients have left in the middle of an answer."""
        await self._wait(lambda: self.disconnects >= number)

    async def wait_stalled(self, number: int) -> None:
        """Return when so many answers have come to where they stall."""
        await self._wait(lambda: self.stalled >= number)

    async def _wait(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE), self._changed:
            await self._changed.wait_for(condition)

    async def _note(self, event: str, **more: Any) -> None:
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": event, **more}) + "\n")
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        self.probes += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._serve(reader, writer)
        finally:
            self._clients.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        verb, path, _ = head[0].split(" ", 2)
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if verb == "GET" and path.endswith("/models"):
            known = [{"id": name, "object": "model"} for name in self.models]
            await _send_json(writer, 200, {"object": "list", "data": known})
        elif verb == "POST" and path.endswith("/chat/completions"):
            await self._complete(json.loads(body), headers, reader, writer)
        else:
            await _send_json(writer, 404, {"error": {"message": f"there is no {path}"}})

    async def _complete(
        self,
        body: dict[str, Any],
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        request = Request(
            body["model"], body["messages"], body.get("response_format"), body.get("stream", False), body, headers
        )
        self.requests.append(request)
        told = ("model", "messages", "response_format", "stream")
        await self._note("request", **{name: getattr(request, name) for name in told})
        answering = asyncio.ensure_future(self._answer(request, writer))
        leaving = asyncio.ensure_future(_gone(reader))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done() or isinstance(answering.exception(), ConnectionError):
                self.disconnects += 1
                await self._note("disconnect", model=request.model)
        finally:
            for task in (answering, leaving):
                task.cancel()
            await asyncio.gather(answering, leaving, return_exceptions=True)

    async def _stall(self, request: Request) -> None:
        released = self._released
        self.stalled += 1
        await self._note("stall", model=request.model)
        await released.wait()

    def _reply(self, request: Request) -> Reply:
        if self.models and request.model not in self.models:
            return Reply(f"model '{request.model}' not found", status=404)
        if self._queue:
            return self._queue.popleft()
        chosen = self.choose(request) if self.choose else None
        if chosen is not None:
            return reply_of(chosen)
        matching = (rule.reply for rule in self.rules if re.search(rule.match, request.question, re.DOTALL))
        return next(matching, self.default)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        reply = self._reply(request)
        if reply.stall == "before":
            await self._stall(request)
        if reply.wire:
            writer.write(reply.wire.encode("utf-8", "surrogateescape"))
            await writer.drain()
        elif reply.status >= 400:
            await _send_json(writer, reply.status, {"error": {"message": reply.text, "type": "error"}})
        elif request.stream:
            await self._stream(request, reply, writer)
        else:
            message = {"role": "assistant", "content": reply.text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = _usage(request, reply.streamed())
            await _send_json(writer, 200, {**_envelope(request, ""), "choices": [choice], "usage": usage})

    async def _stream(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
            b"Connection: close\r\n\r\n"
        )
        if reply.events:
            await _send_chunk(writer, reply.events)
            await _send_chunk(writer, "")
            return
        pieces = reply.streamed()
        for position, piece in enumerate(pieces):
            if reply.cut and position >= len(pieces) / 2:
                await _send_chunk(writer, "" if reply.cut == "stream" else None)
                return
            delta = {"role": "assistant", "content": piece}
            await _send_event(writer, request, [{"index": 0, "delta": delta, "finish_reason": None}])
            if reply.stall == "after" and position == 0:
                await self._stall(request)
            await asyncio.sleep(reply.pause)
        await _send_event(writer, request, [{"index": 0, "delta": {}, "finish_reason": "stop"}])
        if request.body.get("stream_options", {}).get("include_usage"):
            await _send_event(writer, request, [], usage=_usage(request, pieces))
        await _send_chunk(writer, "data: [DONE]\n\n")
        await _send_chunk(writer, "")


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return when the client has closed its end."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(1024):
            pass


def _envelope(request: Request, suffix: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": f"chat.completion{suffix}", "created": 1, "model": request.model}


def _usage(request: Request, pieces: list[str]) -> dict[str, int]:
    asked = sum(len(str(message.get("content", "")).split()) for message in request.messages)
    return {"prompt_tokens": asked, "completion_tokens": len(pieces), "total_tokens": asked + len(pieces)}


async def _send_event(
    writer: asyncio.StreamWriter, request: Request, choices: list[dict[str, Any]], **more: Any
) -> None:
    await _send_chunk(
        writer, f"data: {json.dumps({**_envelope(request, '.chunk'), 'choices': choices, **more})}\n\n"
    )


async def _send_chunk(writer: asyncio.StreamWriter, text: str | None) -> None:
    """One chunk of the body; an empty text ends it, None breaks it off in the middle of a chunk."""
    data = b"data: {" if text is None else text.encode("utf-8", "surrogateescape")
    writer.write(f"{len(data) + 100 * (text is None):x}\r\n".encode() + data)
    if text is not None:
        writer.write(b"\r\n")
    await writer.drain()


async def _send_json(writer: asyncio.StreamWriter, status: int, content: dict[str, Any]) -> None:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()


async def _serve_until_told() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port-file", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--script", type=Path)
    parser.add_argument("--log", type=Path)
    chosen = parser.parse_args()
    server = OpenAIServer()
    server.log = chosen.log
    if chosen.script:
        server.load(json.loads(chosen.script.read_text(encoding="utf-8")))
    await server.start(chosen.port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, server.release)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    partly = chosen.port_file.with_suffix(".part")
    partly.write_text(f"{server.port}\n")
    partly.rename(chosen.port_file)
    await stop.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(_serve_until_told())
