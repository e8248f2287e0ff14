"""An HTTP server of files that behaves as a test says: it breaks off, stalls, lies, redirects.

In a test::

    with FileServer() as server:
        server.files["model.gguf"] = content    # at server.url("model.gguf"), with Range, ETag and If-Range
        server.enqueue(Answer(cut=1000), Answer(status=503))   # the coming requests; afterwards all is well
        server.requests[0].headers["range"]
        server.release()                        # lets go of everything that stalls
"""

import hashlib
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

DEADLINE = 10.0


@dataclass(frozen=True)
class Answer:
    """How one request is answered."""

    status: int = 0
    """Instead of the file; 0 for the file."""
    location: str = ""
    """Where a redirect leads."""
    retry_after: str = ""
    """When to come back."""
    cut: int = -1
    """After so many bytes the connection is closed in the middle."""
    stall: int = -1
    """After so many bytes nothing comes until released; then the rest."""
    length: int = -1
    """What is said to be the length, instead of the truth."""
    unbounded: bool = False
    """No length is said; the end of the connection is the end of the file."""
    more: bytes = b""
    """Sent after the file, which is then unbounded."""
    ignores_range: bool = False
    """The whole file comes, whatever was asked for."""
    nameless: bool = False
    """No ETag is sent, and If-Range means nothing."""
    says_range: str = ""
    """Content-Range, instead of the truth."""
    encoding: str = ""
    """Content-Encoding."""


@dataclass(frozen=True)
class Request:
    """One request, as it came."""

    path: str
    headers: Mapping[str, str]


class FileServer:
    """Serves files on loopback while the block lasts."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self._answers: deque[Answer] = deque()
        self._released = threading.Event()
        self._closing = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def url(self, name: str) -> str:
        """The address of a file."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def enqueue(self, *answers: Answer) -> None:
        """Say how the coming requests are answered."""
        self._answers.extend(answers)

    def release(self) -> None:
        """Let what stalls go on, and stall no more."""
        self._released.set()

    def ranges(self) -> list[str]:
        """What part of the file each request asked for; empty for all of it."""
        return [request.headers.get("range", "") for request in self.requests]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Answer as the test says."""
                headers = {name.lower(): value for name, value in self.headers.items()}
                server.requests.append(Request(self.path, headers))
                server._answer(self, headers, server._answers.popleft() if server._answers else Answer())

            def do_CONNECT(self) -> None:
                """Be no proxy."""
                server.requests.append(Request(self.path, {}))
                self.send_error(403)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler, headers: Mapping[str, str], answer: Answer) -> None:
        content = self.files.get(handler.path.lstrip("/"))
        if answer.status or content is None:
            handler.send_response(answer.status or 404)
            if answer.location:
                handler.send_header("Location", answer.location)
            if answer.retry_after:
                handler.send_header("Retry-After", answer.retry_after)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        start = self._start(headers, answer, etag)
        if start >= len(content) > 0:
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = content[start:] + answer.more
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header(
                "Content-Range", answer.says_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
            )
        if not answer.nameless:
            handler.send_header("ETag", etag)
        if answer.encoding:
            handler.send_header("Content-Encoding", answer.encoding)
        if not answer.unbounded and not answer.more:
            handler.send_header("Content-Length", str(len(body) if answer.length < 0 else answer.length))
        handler.end_headers()
        self._send(handler, body, answer)

    def _start(self, headers: Mapping[str, str], answer: Answer, etag: str) -> int:
        """From which byte on the file is sent."""
        asked = headers.get("range", "")
        changed = not answer.nameless and headers.get("if-range", etag) != etag
        if not asked or answer.ignores_range or changed:
            return 0
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes, answer: Answer) -> None:
        handler.close_connection = True
        if answer.cut >= 0:
            handler.wfile.write(body[: answer.cut])
        elif answer.stall >= 0:
            handler.wfile.write(body[: answer.stall])
            handler.wfile.flush()
            if self._released.wait(DEADLINE) and not self._closing:
                handler.wfile.write(body[answer.stall :])
        else:
            handler.wfile.write(body)
