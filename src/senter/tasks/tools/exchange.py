"""One request to one server: at the addresses that were checked, with limits on silence, time in all and size.

Nobody looks the server's name up again. A proxy of the environment is told an address, not a name, so it cannot
choose another one; what has no address here is not asked through it.
"""

import base64
import http.client
import io
import re
import socket
import ssl
import time
import urllib.parse
import urllib.request
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from senter.errors import Unavailable
from senter.tasks.tools.addresses import USUAL_PORT, Target

AGENT = "Mozilla/5.0 (compatible; Senter)"
BLOCK = 65_536
LONGEST_SILENCE = 10.0
"""Seconds without a byte after which a server is given up."""
LARGEST_HEAD = 200_000
"""Bytes of status and headers."""

_HEADERS = (
    ("User-Agent", AGENT),
    ("Accept", "text/html, text/*, */*;q=0.5"),
    ("Accept-Encoding", "identity"),
    ("Connection", "close"),
)
_KIND = re.compile(r"\s*([\w.+-]{1,100}/[\w.+-]{1,100})\s*(?:;|$)", re.ASCII)
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([\w.:-]{1,40})""", re.ASCII | re.IGNORECASE)
_PACKINGS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""How zlib is told what to unpack; "deflate" is answered in two forms (RFC 9110, 8.4.1.2)."""


@dataclass(frozen=True)
class Answer:
    """What a server answers; only success has content."""

    status: int
    reason: str
    place: str
    """Where it says that the page is instead."""
    kind: str
    charset: str
    content: bytes


def connect(target: Target, addresses: Sequence[str], ends: float, direct: bool) -> tuple[socket.socket, str]:
    """A connection to the first of the addresses that can be reached, and which that is.

    With TLS for https, for the name of the server. ``direct`` leaves proxies out; ``ends`` is a time of
    ``time.monotonic``. Raises OSError when no address can be reached.
    """
    proxy = "" if direct else _proxy_for(target)
    reason = OSError("it has no address")
    for address in addresses:
        try:
            opened = _tunnel(proxy, address, target.port, ends) if proxy else _opened(address, target.port, ends)
            return _secured(opened, target, ends), address
        except OSError as error:
            reason = error
    raise reason


def exchange(connection: socket.socket, target: Target, largest: int, ends: float) -> Answer:
    """What the server answers: content of at most ``largest`` bytes, as sent and unpacked.

    Raises Unavailable for an answer that is larger, cut or packed otherwise; OSError or HTTPException for one that
    is broken.
    """
    stream = _Stream(connection, ends)
    lines = [f"GET {target.path} HTTP/1.1", f"Host: {target.authority}"]
    lines += [f"{name}: {value}" for name, value in _HEADERS]
    connection.settimeout(_seconds_to(ends))
    connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii"))
    with http.client.HTTPResponse(stream, method="GET") as response:  # type: ignore[arg-type]
        try:
            response.begin()
        except (ValueError, TypeError, LookupError) as error:
            # what Python's parser of mail meets in headers that are made to harm
            raise Unavailable(f"{target.host} answers with headers that cannot be read") from error
        content = b""
        if 200 <= response.status < 300:
            stream.left = 2 * largest + LARGEST_HEAD
            content = _content(response, target.host, largest)
        said = response.getheader("Content-Type") or ""
        kind, charset = _KIND.match(said), _CHARSET.search(said)
        return Answer(
            response.status,
            response.reason,
            response.getheader("Location") or "",
            kind[1].lower() if kind else "",
            charset[1] if charset else "",
            content,
        )


class _Stream(io.RawIOBase):
    """The bytes that a server sends, as many as are ``left`` and until the time is over."""

    def __init__(self, connection: socket.socket, ends: float) -> None:
        super().__init__()
        self._connection = connection
        self._ends = ends
        self.left = LARGEST_HEAD

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """The next bytes. Raises TimeoutError when they are late, OSError when there are too many."""
        if self.left <= 0:
            raise OSError("its answer has too much around what it says")
        self._connection.settimeout(_seconds_to(self._ends))
        count = self._connection.recv_into(buffer)
        self.left -= count
        return count

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What HTTPResponse asks of a socket."""
        return io.BufferedReader(self)


def _content(response: http.client.HTTPResponse, host: str, largest: int) -> bytes:
    """The whole content of an answer."""
    if (response.getheader("Transfer-Encoding") or "chunked").strip().lower() != "chunked":
        raise Unavailable(f"the answer of {host} is packed in a way that was not asked for")
    too_large = Unavailable(f"the answer of {host} is larger than {largest // 1_000_000} MB")
    if response.length is not None and response.length > largest:
        raise too_large
    content = bytearray()
    while block := response.read1(BLOCK):
        content += block
        if len(content) > largest:
            raise too_large
    if response.length:
        raise Unavailable(f"the answer of {host} was cut")
    packing = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if packing == "identity" or not content:
        return bytes(content)
    unpacked = _unpacked(content, packing, largest)
    if unpacked is None:
        raise Unavailable(f"the answer of {host} is packed in a way that was not asked for")
    if len(unpacked) > largest:
        raise too_large
    return unpacked


def _unpacked(content: bytearray, packing: str, largest: int) -> bytes | None:
    """The content unpacked, up to one byte more than ``largest``; nothing when it is not packed so, or cut."""
    for form in _PACKINGS.get(packing, ()):
        unpacking = zlib.decompressobj(form)
        try:
            unpacked = unpacking.decompress(content, largest + 1)
        except zlib.error:
            continue
        if unpacking.eof or len(unpacked) > largest:
            return unpacked
    return None


def _opened(host: str, port: int, ends: float) -> socket.socket:
    return socket.create_connection((host, port), timeout=_seconds_to(ends))


def _secured(connection: socket.socket, target: Target, ends: float) -> socket.socket:
    """The connection, with TLS when the target asks for it; closed when that cannot be had."""
    if target.scheme == "http":
        return connection
    try:
        connection.settimeout(_seconds_to(ends))
        return ssl.create_default_context().wrap_socket(connection, server_hostname=target.host)
    except (OSError, ValueError):
        connection.close()
        raise


def _proxy_for(target: Target) -> str:
    """The address of the proxy that the environment names for a server, or nothing."""
    if urllib.request.proxy_bypass(target.authority):
        return ""
    return urllib.request.getproxies().get(target.scheme, "")


def _tunnel(proxy: str, address: str, port: int, ends: float) -> socket.socket:
    """A connection to an address by way of a proxy. Raises OSError when the proxy does not make one."""
    try:
        parts = urllib.parse.urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        host, its_port = parts.hostname, parts.port or USUAL_PORT[parts.scheme]
    except (ValueError, KeyError):
        host, its_port = None, 0
    if not host or parts.scheme != "http":
        raise OSError("the proxy of the environment is not one for HTTP")
    connection = _opened(host, its_port, ends)
    there = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
    lines = [f"CONNECT {there} HTTP/1.1", f"Host: {there}"]
    if parts.username:
        word = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(word.encode()).decode()}")
    try:
        connection.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii"))
        response = http.client.HTTPResponse(_Stream(connection, ends), method="CONNECT")  # type: ignore[arg-type]
        response.begin()
        if response.status != 200:
            raise OSError(f"the proxy answers {response.status}")
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise OSError(f"the proxy does not lead there: {error}") from error
    return connection


def _seconds_to(end: float) -> float:
    """How long may be waited for something now. Raises TimeoutError when the time is over."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(LONGEST_SILENCE, left)
