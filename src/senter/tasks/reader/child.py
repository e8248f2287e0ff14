"""The process that reads documents: it loads the parsers once, and forks itself for every document.

The one that is forked (the child) shuts itself off, and only then is given the bytes. What a document may do to it
ends with it: the process it comes from has seen nothing of the document, nor will the child of the next one.

On the socket ``control`` comes a line of JSON with the descriptor that the child is to use; when a mark says that
the child is not needed any more, the answer is how it ended. The child says first that it is shut off, then what it
has read.
"""

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from senter.errors import Unavailable
from senter.tasks.reader import answer, documents
from senter.tasks.reader.examples import warm
from senter.tasks.reader.lockdown import lock_down, prepare
from senter.tasks.reader.text import Event, Unreadable

LONGEST_REQUEST = 100_000
PIECE = 1 << 20

# What icalendar raises for what is broken or made to harm.
_NO_CALENDAR = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


def serve(control: socket.socket) -> None:
    """Answer one request after the other until the other end is closed."""
    # what libraries say of documents is for nobody
    logging.disable()
    # where this cannot be loaded, every child finds out for itself, and is given nothing
    with suppress(Unavailable):
        prepare()
    while asked := _asked(control):
        request, descriptor = asked
        warm(request["kind"])
        own = os.getpid()
        child = os.fork()
        if not child:
            _be_child(request, descriptor, own)
        os.close(descriptor)
        is_ended = control.recv(1)
        # until it has been waited for, its number is nobody else's
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if not is_ended:
            return
        control.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))


def read(content: bytes, request: Mapping[str, Any]) -> bytes:
    """The answer that a document is its text."""
    return answer.of_text(documents.read(content, request["name"], request["media_type"], request["charset"]))


def events(content: bytes, request: Mapping[str, Any]) -> bytes:
    """The answer that a calendar has these events between two times."""
    from senter.tasks.reader.calendar import occurrences

    since, until = datetime.fromisoformat(request["since"]), datetime.fromisoformat(request["until"])
    try:
        missing: list[tuple[str, int]] = []
        found = occurrences(content, since, until, missing)
        return answer.of_events((Event(**fields) for fields in found), missing)
    except _NO_CALENDAR as error:
        raise Unreadable("calendar") from error


OPERATIONS: dict[str, Callable[[bytes, Mapping[str, Any]], bytes]] = {"read": read, "events": events}


def _asked(control: socket.socket) -> tuple[dict[str, Any], int] | None:
    """The next request and the descriptor that came with it, or None at the end."""
    line, descriptors = b"", list[int]()
    while not line.endswith(b"\n"):
        data, more, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 1)
        if not data:
            return None
        line, descriptors = line + data, descriptors + more
    return json.loads(line), descriptors[0]


def _be_child(request: Mapping[str, Any], descriptor: int, parent: int) -> None:
    """Answer one request and end. What is not expected ends without an answer."""
    try:
        # there is nowhere to write to any more
        sys.stdout = sys.stderr = None
        if request["kind"] == "calendar":
            from senter.tasks.reader.calendar import watch

            watch.begin()
        try:
            lock_down(descriptor, parent)
        except Unavailable:
            _write(descriptor, answer.NOT_SHUT_OFF)
        else:
            _write(descriptor, answer.SHUT_OFF)
            _write(descriptor, _answered(_read(descriptor), request))
    finally:
        os._exit(0)


def _answered(content: bytes, request: Mapping[str, Any]) -> bytes:
    try:
        return OPERATIONS[request["operation"]](content, request)
    except Unreadable as error:
        return answer.of_reason(error.reason)
    except MemoryError:
        return answer.of_reason("memory")


def _read(descriptor: int) -> bytes:
    """All that comes."""
    pieces = []
    while piece := os.read(descriptor, PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
