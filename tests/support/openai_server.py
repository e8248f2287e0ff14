"""An OpenAI-compatible server that says what a test wrote down for it. Also a program of its own.

In a test::

    server = OpenAIServer()
    await server.start()                      # server.url is http://127.0.0.1:PORT/v1
    server.enqueue("Hello there", Reply(status=500), Reply("never ends", stall="after"))
    server.rules = [Rule("plan", Reply('{"steps": []}'))]   # once the queue is empty; else server.default
    await server.wait_requests(1)             # server.requests[0].messages
    await server.wait_disconnects(1)          # a client left in the middle of an answer
    await server.wait_stalled(1)              # so many answers have stalled so far
    server.enqueue_vectors(Reply(status=404))   # what the coming requests for embeddings are answered
    await server.wait_native(1)               # server.native[0] is the body of a POST /api/generate (Ollama's own)
    server.tags_reply = Reply(status=404)     # what GET /api/tags is answered; else the models
    server.release()                          # lets go of everything that stalls now
    await server.stop()

As a program, ``python tests/support/openai_server.py --port-file F [--script FILE.json] [--log FILE]``: F has the
port when the server listens, the script is ``{"replies": [REPLY…], "rules": [{"match": "regex", …REPLY…}],
"default": REPLY, "models": [NAME…], "vectors": [REPLY…], "dimensions": N, "native": REPLY,
"tags": REPLY}`` where REPLY is a text or ``{"text": …, "status": …, "stall": …}`` with the fields of ``Reply``, the
log gets one line of JSON for every request (``"event": "request"``, ``model``, ``messages``, ``response_format``,
``stream``, ``key`` as it was sent),
for every request for embeddings (``"event": "embeddings"``, ``model``, ``input``) and to Ollama's own interface
(``"event": "native"``, ``path``, ``body``), for every answer that stalls (``"event": "stall"``) and for every
client that left in the middle (``"event": "disconnect"``); SIGUSR1 releases what stalls, SIGTERM ends it.
"""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import ssl
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
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
    """Where nothing comes until released: ``before`` the first byte, ``after`` the first piece, or at the ``end``
    of a stream, when it has said that it ends and not yet what it cost."""
    cut: str = ""
    """After half of the pieces: ``connection`` closes it in the middle, ``stream`` ends the answer politely."""
    events: str = ""
    """Sent instead of the events of the stream, as it is."""
    wire: str = ""
    """Sent instead of HTTP, as it is."""
    pause: float = 0.0
    """Seconds between two pieces, or two characters of the ``wire``."""
    thoughts: tuple[str, ...] = ()
    """What it thinks aloud, in pieces, before it says or does anything else."""
    thinks_in: str = "reasoning_content"
    """The field of an event that has such a piece."""
    pieces: tuple[str, ...] = ()
    """The pieces in which the text is streamed; by default its words."""
    headers: dict[str, str] = field(default_factory=dict)
    """More headers of the answer, such as ``Retry-After``."""
    body: str = ""
    """Sent as the body of the answer, as it is, called JSON; also for a status below 400."""
    lie: int = 0
    """How many bytes more (or fewer, below 0) than there are the ``Content-Length`` says; for what is sent at once:
    ``events``, a ``body``, an error."""
    endless: str = ""
    """A stream that never ends: of ``pieces`` (the text again and again), ``comments`` or empty ``events``."""
    finish: str = "stop"
    """The ``finish_reason``; empty for a stream that ends politely without one."""
    tools: tuple[tuple[str, str], ...] = ()
    """Calls of tools, each a name and its arguments as JSON; they come in two parts each, before the text."""
    cost: float | None = None
    """``usage.cost``, as OpenRouter tells it."""

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
    fields |= {name: tuple(fields.get(name, ())) for name in ("pieces", "thoughts")}
    fields["tools"] = tuple((name, arguments) for name, arguments in fields.get("tools", ()))
    return Reply(**fields)


class OpenAIServer:
    """Answers ``POST …/chat/completions``, ``POST …/embeddings``, ``GET …/models``, and Ollama's own ``POST
    /api/generate`` without a prompt, ``GET /api/ps`` and ``GET /api/tags``; knows who asked what, and who left."""

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
        self.embedded: list[Request] = []
        """The requests for embeddings; their texts are ``body["input"]``."""
        self.dimensions = 3
        """How long a vector is; 0 for a server without embeddings (status 404)."""
        self.native: list[dict[str, Any]] = []
        """The bodies of the requests to Ollama's own ``/api/generate``."""
        self.native_reply: Reply | None = None
        """What those are answered; None for what Ollama says."""
        self.tags_reply: Reply | None = None
        """What ``GET /api/tags`` is answered; None for what Ollama says, or an error while every model is known."""
        self.loaded: dict[str, Any] = {}
        """The models that Ollama would have in memory now, each with the ``keep_alive`` it was loaded with."""
        self.log: Path | None = None
        self.port = 0
        self._queue: deque[Reply] = deque()
        self._vectors: deque[Reply] = deque()
        self._changed = asyncio.Condition()
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tls: ssl.SSLContext | None = None
        self._clients: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    async def start(self, port: int = 0, socket: Path | None = None, tls: ssl.SSLContext | None = None) -> None:
        """Listen on a port of the loopback (0: any free one), with TLS or without, or on a UNIX socket."""
        self._tls = tls
        if socket:
            self._server = await asyncio.start_unix_server(self._accept, socket)
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, ssl=tls)
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

    def enqueue_vectors(self, *replies: Reply) -> None:
        """Say what the coming requests for embeddings are answered, in order; a ``body`` or a ``status``."""
        self._vectors.extend(replies)

    def load(self, script: dict[str, Any]) -> None:
        """Take replies, rules and the default from a script."""
        self.models = tuple(script.get("models", self.models))
        self.dimensions = script.get("dimensions", self.dimensions)
        self.enqueue_vectors(*(reply_of(written) for written in script.get("vectors", ())))
        if "native" in script:
            self.native_reply = reply_of(script["native"])
        if "tags" in script:
            self.tags_reply = reply_of(script["tags"])
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

    async def wait_native(self, number: int) -> None:
        """Return when so many requests to Ollama's own interface have come in."""
        await self._wait(lambda: len(self.native) >= number)

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
        elif verb == "GET" and path == "/api/ps":
            loaded = [{"name": name, "model": name} for name in self.loaded]
            await _send_json(writer, 200, {"models": loaded})
        elif verb == "GET" and path == "/api/tags" and (self.models or self.tags_reply):
            await self._answer_tags(writer)
        elif verb == "POST" and path == "/api/generate":
            await self._answer_native(json.loads(body), writer)
        elif verb == "POST" and path.endswith(("/chat/completions", "/embeddings")):
            await self._complete(path, json.loads(body), headers, reader, writer)
        else:
            await _send_json(writer, 404, {"error": {"message": f"there is no {path}"}})

    async def _answer_tags(self, writer: asyncio.StreamWriter) -> None:
        """As Ollama does, for which every model has a tag."""
        if self.tags_reply is not None:
            return await self._reply_native(Request("", []), self.tags_reply, writer)
        names = [name if ":" in name else f"{name}:latest" for name in self.models]
        await _send_json(writer, 200, {"models": [{"name": name, "model": name} for name in names]})

    async def _answer_native(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        """As Ollama does when there is no prompt: load the model for ``keep_alive``, or forget it for 0."""
        name = body.get("model", "")
        self.native.append(body)
        await self._note("native", path="/api/generate", body=body)
        if self.native_reply is not None:
            await self._reply_native(Request(name, []), self.native_reply, writer)
        elif self.models and name not in self.models:
            await _send_json(writer, 404, {"error": f"model '{name}' not found"})
        else:
            kept = body.get("keep_alive", "5m") not in (0, "0", "0s")
            if kept:
                self.loaded[name] = body.get("keep_alive", "5m")
            else:
                self.loaded.pop(name, None)
            done = {"response": "", "done": True, "done_reason": "load" if kept else "unload"}
            await _send_json(writer, 200, {"model": name, "created_at": "2026-11-22T12:00:00Z", **done})

    async def _reply_native(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> None:
        if reply.stall:
            await self._stall(request)
        if reply.wire:
            await _send_wire(writer, reply)
        elif reply.body:
            await _send_body(writer, reply, reply.body)
        else:
            await _send_json(writer, reply.status, {"error": reply.text}, reply)

    async def _complete(
        self,
        path: str,
        body: dict[str, Any],
        headers: dict[str, str],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        request = Request(
            body["model"],
            body.get("messages", []),
            body.get("response_format"),
            body.get("stream", False),
            body,
            headers,
        )
        if path.endswith("/embeddings"):
            self.embedded.append(request)
            await self._note("embeddings", model=request.model, input=body.get("input"))
            answer = self._embed(request, writer)
        else:
            self.requests.append(request)
            told = ("model", "messages", "response_format", "stream")
            asked = {name: getattr(request, name) for name in told}
            await self._note("request", key=headers.get("authorization", ""), **asked)
            answer = self._answer(request, writer)
        answering = asyncio.ensure_future(answer)
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
        if await self._is_odd(request, reply, writer):
            return
        if request.stream:
            await self._stream(request, reply, writer)
        else:
            calls = [_call(position, *call) for position, call in enumerate(reply.tools)]
            message = {"role": "assistant", "content": reply.text, **({"tool_calls": calls} if calls else {})}
            choice = {"index": 0, "message": message, "finish_reason": reply.finish or None}
            usage = _usage(request, reply)
            await _send_json(writer, 200, {**_envelope(request, ""), "choices": [choice], "usage": usage}, reply)

    async def _embed(self, request: Request, writer: asyncio.StreamWriter) -> None:
        reply = self._vectors.popleft() if self._vectors else Reply(status=200 if self.dimensions else 404)
        if await self._is_odd(request, reply, writer):
            return
        asked = request.body["input"]
        texts = [asked] if isinstance(asked, str) else asked
        rows = [
            {"object": "embedding", "index": index, "embedding": self._vector(text)}
            for index, text in enumerate(texts)
        ]
        words = sum(len(text.split()) for text in texts)
        usage = {"prompt_tokens": words, "total_tokens": words}
        content = {"object": "list", "model": request.model, "data": rows, "usage": usage}
        await _send_json(writer, 200, content, reply)

    def _vector(self, text: str) -> list[float]:
        """The same vector for the same text: its length, and then how often it has each of the first letters."""
        letters = "abcdefghijklmnopqrstuvwxyz"
        counts = [text.lower().count(letters[place % len(letters)]) for place in range(self.dimensions - 1)]
        return [len(text) / 100, *(count / 10 for count in counts)]

    async def _is_odd(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        """Stall first where the reply does; send it when it is an error or no HTTP."""
        if reply.stall == "before":
            await self._stall(request)
        if reply.wire:
            await _send_wire(writer, reply)
        elif reply.body:
            await _send_body(writer, reply, reply.body)
        elif reply.status != 200:
            error = {"error": {"message": reply.text, "type": "error"}}
            await _send_json(writer, reply.status, error if reply.status >= 400 else None, reply)
        else:
            return False
        return True

    async def _stream(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> None:
        size = len(reply.events.encode("utf-8", "surrogateescape")) + reply.lie
        framing = f"Content-Length: {size}" if reply.lie else "Transfer-Encoding: chunked"
        head = ["HTTP/1.1 200 OK", "Content-Type: text/event-stream", framing, "Connection: close"]
        await _send(writer, "\r\n".join([*head, *_lines(reply.headers), "", ""]))
        if reply.lie:
            return await _send(writer, reply.events)
        if reply.events:
            await _send_chunk(writer, reply.events)
            return await _send_chunk(writer, "")
        if reply.endless:
            await self._go_on(request, reply, writer)
        thoughts = ({"role": "assistant", "content": "", reply.thinks_in: piece} for piece in reply.thoughts)
        for delta in (*thoughts, *_tool_deltas(reply.tools)):
            await _send_event(writer, request, [{"index": 0, "delta": delta, "finish_reason": None}])
        pieces = reply.streamed()
        for position, piece in enumerate(pieces):
            if reply.cut and position >= len(pieces) / 2:
                return await _send_chunk(writer, "" if reply.cut == "stream" else None)
            await _send_piece(writer, request, piece)
            if reply.stall == "after" and position == 0:
                await self._stall(request)
            await asyncio.sleep(reply.pause)
        if reply.finish:
            await _send_event(writer, request, [{"index": 0, "delta": {}, "finish_reason": reply.finish}])
        if reply.stall == "end":
            await self._stall(request)
        if request.body.get("stream_options", {}).get("include_usage"):
            await _send_event(writer, request, [], usage=_usage(request, reply))
        await _send_chunk(writer, "data: [DONE]\n\n")
        await _send_chunk(writer, "")

    async def _go_on(self, request: Request, reply: Reply, writer: asyncio.StreamWriter) -> None:
        """Until the client leaves."""
        while True:
            if reply.endless == "pieces":
                await _send_piece(writer, request, reply.text)
            elif reply.endless == "events":
                await _send_event(writer, request, [{"index": 0, "delta": {}, "finish_reason": None}])
            else:
                await _send_chunk(writer, ": PROCESSING\n\n")
            await asyncio.sleep(reply.pause)


async def _gone(reader: asyncio.StreamReader) -> None:
    """Return when the client has closed its end."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(1024):
            pass


def _envelope(request: Request, suffix: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": f"chat.completion{suffix}", "created": 1, "model": request.model}


def _usage(request: Request, reply: Reply) -> dict[str, Any]:
    asked = sum(len(str(message.get("content", "")).split()) for message in request.messages)
    said = len(reply.streamed())
    cost = {} if reply.cost is None else {"cost": reply.cost}
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said, **cost}


def _call(position: int, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"index": position, "id": f"call_{position}", "type": "function", "function": function}


def _tool_deltas(tools: tuple[tuple[str, str], ...]) -> Iterator[dict[str, Any]]:
    """Every call in two parts, the second of which has the second half of the arguments and no name."""
    for position, (name, arguments) in enumerate(tools):
        half = len(arguments) // 2
        yield {"role": "assistant", "content": None, "tool_calls": [_call(position, name, arguments[:half])]}
        yield {"tool_calls": [{"index": position, "function": {"arguments": arguments[half:]}}]}


async def _send_piece(writer: asyncio.StreamWriter, request: Request, piece: str) -> None:
    delta = {"role": "assistant", "content": piece}
    await _send_event(writer, request, [{"index": 0, "delta": delta, "finish_reason": None}])


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


async def _send(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(text.encode("utf-8", "surrogateescape"))
    await writer.drain()


async def _send_wire(writer: asyncio.StreamWriter, reply: Reply) -> None:
    for text in reply.wire if reply.pause else (reply.wire,):
        await _send(writer, text)
        await asyncio.sleep(reply.pause)


def _lines(headers: dict[str, str]) -> list[str]:
    return [f"{name}: {value}" for name, value in headers.items()]


async def _send_json(writer: asyncio.StreamWriter, status: int, content: Any, reply: Reply = Reply()) -> None:
    """A JSON body, none for None; with the headers of the reply, and its lie about the length."""
    await _send_body(writer, replace(reply, status=status), "" if content is None else json.dumps(content))


async def _send_body(writer: asyncio.StreamWriter, reply: Reply, text: str) -> None:
    size = len(text.encode("utf-8", "surrogateescape")) + reply.lie
    head = [f"HTTP/1.1 {reply.status} Said", "Content-Type: application/json", "Connection: close"]
    length = [] if reply.status == 204 else [f"Content-Length: {size}"]
    await _send(writer, "\r\n".join([*head, *length, *_lines(reply.headers), "", text]))


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
