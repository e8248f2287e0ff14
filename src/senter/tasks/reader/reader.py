"""Has documents of others read by a process that can do nothing else, each by one of its own.

The standard library's forkserver would do this, too: but it leaves a folder behind when the process that uses it is
killed, needs a second process beside it, and has no deadline for what is sent to a child.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Self

from senter.errors import Unavailable
from senter.tasks.reader import answer, documents
from senter.tasks.reader.answer import NOT_SHUT_OFF, SHUT_OFF, NoAnswer
from senter.tasks.reader.text import LARGEST, LONGEST_NAME, REASONS, Calendar, Event, Text, Unreadable

__all__ = ["Calendar", "Event", "Reader", "Text"]

LONGEST_READING = 20.0
"""Seconds that one document may take."""
LONGEST_START = 60.0
LONGEST_END = 5.0
PIECE = 1 << 20
PROGRAM = (sys.executable, "-I", "-m", "senter.tasks.reader")


class Reader:
    """Reads documents, as a context manager; what reads them is started when a document first needs it.

    ``program`` is that process (``child.py``), and ``seconds`` the time that one document may take.
    """

    def __init__(self, seconds: float = LONGEST_READING, program: tuple[str, ...] = PROGRAM) -> None:
        self._seconds = seconds
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; a later document starts another one."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LONGEST_END)
            self._process.kill()
            self._process.wait()
            self._process = None

    def read(self, content: bytes, name: str, kind: str = "", charset: str = "") -> Text:
        """The text of a document.

        Takes its content, the name it is told and known by, and what a server says of it: its media type
        (``text/html``) and character set. Raises Unavailable that says in a sentence about ``name`` why it cannot
        be read.
        """
        with _sentences_about(name):
            found = documents.kind_of(content, name, kind)
            if found == "text":
                return Text("", tuple(documents.read(content, name, kind, charset).passages))
            known = {"name": name[-LONGEST_NAME:], "media_type": kind, "charset": charset[:LONGEST_NAME]}
            return answer.text_in(self._answer({"operation": "read", "kind": found, **known}, content), name)

    def events(self, content: bytes, name: str, since: datetime, until: datetime) -> Calendar:
        """What is in a calendar (iCalendar, RFC 5545) between two times with zones.

        Raises Unavailable that says in a sentence about ``name`` why it cannot be read.
        """
        known = {"since": since.isoformat(), "until": until.isoformat()}
        with _sentences_about(name):
            written = self._answer({"operation": "events", "kind": "calendar", **known}, content)
            return answer.events_in(written, name)

    def _answer(self, request: dict[str, str], content: bytes) -> bytes:
        """What a child writes about a document. Raises Unreadable, and Unavailable when there is no child."""
        if len(content) > LARGEST:
            raise Unreadable("large")
        is_settled = False
        try:
            with self._child(request) as child:
                written = _exchanged(child, content, time.monotonic() + self._seconds)
            status = self._ended()
            is_settled = True
        except TimeoutError as error:
            raise Unreadable("time") from error
        finally:
            # whatever interrupts this: what is said to one child must not be heard by the next
            if not is_settled:
                self.close()
        if status == -signal.SIGXCPU:
            raise Unreadable("time")
        return written

    def _child(self, request: dict[str, str]) -> socket.socket:
        """Our end of the socket of a child that has shut itself off."""
        ours, theirs = socket.socketpair()
        # what was to take it may be gone: then so is the other end
        with theirs, suppress(OSError):
            socket.send_fds(self._started(), [json.dumps(request).encode(), b"\n"], [theirs.fileno()])
        ours.settimeout(LONGEST_START)
        try:
            mark = ours.recv(1)
        except OSError:
            mark = b""
        if mark == SHUT_OFF:
            return ours
        ours.close()
        if mark == NOT_SHUT_OFF:
            raise Unreadable("open")
        raise Unavailable("the reader of documents does not start")

    def _started(self) -> socket.socket:
        """The socket of the process that forks itself, which is started when there is none."""
        if self._control is None:
            self._control, theirs = socket.socketpair()
            self._control.settimeout(LONGEST_START)
            with theirs:
                self._process = subprocess.Popen(
                    self._program,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    cwd="/",
                    env={"PATH": os.environ.get("PATH", os.defpath)},
                    start_new_session=True,
                )
        return self._control

    def _ended(self) -> int:
        """Have the child ended, if it has not ended; its exit status, negative for a signal. Raises NoAnswer."""
        assert self._control is not None
        try:
            self._control.sendall(b"\n")
            return int(self._control.recv(16))
        except (OSError, ValueError) as error:
            raise NoAnswer from error


@contextmanager
def _sentences_about(name: str) -> Iterator[None]:
    """Say in a sentence about a document why it cannot be read."""
    try:
        yield
    except Unreadable as error:
        raise Unavailable(f"{name} {error}") from error
    except NoAnswer as error:
        raise Unavailable(f"{name} {REASONS['broken']}") from error


def _exchanged(child: socket.socket, content: bytes, deadline: float) -> bytes:
    """What a child writes that is sent this content; raises TimeoutError, NoAnswer when it writes too much."""
    written: list[bytes] = []
    size = 0
    try:
        child.settimeout(max(0.001, deadline - time.monotonic()))
        child.sendall(content)
        child.shutdown(socket.SHUT_WR)
        while True:
            child.settimeout(max(0.001, deadline - time.monotonic()))
            piece = child.recv(PIECE)
            size += len(piece)
            if size > answer.MOST_BYTES:
                raise NoAnswer
            if not piece:
                return b"".join(written)
            written.append(piece)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise NoAnswer from error
