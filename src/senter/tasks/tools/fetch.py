"""Things fetched from the web: from public servers only, and from those that are listed.

A server's name is looked up once, here; what was checked is what is connected to, also after every redirect. This
machine is no public server, whatever address it is reached by. No cookie, no referrer and no password is sent.
Every request is noted in ``network_log``, also one that is refused.
"""

import contextlib
import http.client
import ipaddress
import queue
import socket
import threading
import time
import urllib.parse
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from senter.errors import Denied, InvalidArgument, SenterError, Unavailable
from senter.tasks.tools.addresses import PORTS, Target, is_listed, is_public, target_of, told
from senter.tasks.tools.exchange import Answer, connect, exchange
from senter.tasks.tools.network_log import REQUESTS, Request
from senter.wording import one_line, shortened

MOST_REDIRECTS = 5
_LEADING_ELSEWHERE = (301, 302, 303, 307, 308)
_ANY_PORT = 9
_HOLDING_IPV4 = (0xFFFF, 0x64_FF9B << 64)
"""The upper 96 bits of ``::ffff:0:0/96`` and ``64:ff9b::/96``."""


@dataclass(frozen=True)
class Fetched:
    """What a server answered."""

    content: bytes
    kind: str
    """The media type, such as ``text/html``; empty when it says none."""
    charset: str


def fetch_all(
    urls: Sequence[str], largest: int, seconds: float, hosts: Collection[str] = ()
) -> list[Fetched | SenterError]:
    """What is at each URL, fetched at the same time: an answer of at most ``largest`` bytes, or why there is none.

    No URL takes longer than ``seconds`` in all, however slowly its server answers. Servers whose addresses are not
    public are asked only when they are among ``hosts``: ``host:port``, or ``host`` for the usual port. A public
    server can lead to none of these, and none can lead from https to http.
    """
    answers: queue.Queue[tuple[int, Fetched | SenterError]] = queue.Queue()
    ends = time.monotonic() + seconds
    visits = [_Visit(url, largest, ends, hosts) for url in urls]

    def work(number: int, visit: _Visit) -> None:
        try:
            answers.put((number, visit.fetched()))
        except SenterError as error:
            answers.put((number, error))

    for number, visit in enumerate(visits):
        # a daemon: looking up a name cannot be ended
        threading.Thread(target=work, args=(number, visit), daemon=True).start()
    found: dict[int, Fetched | SenterError] = {}
    try:
        with contextlib.suppress(queue.Empty):
            while len(found) < len(urls):
                number, answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
                found[number] = answer
    finally:
        # also when this process is told to end
        REQUESTS.extend(request for visit in visits for request in visit.requests)
    return [found.get(number, _late(visit.host)) for number, visit in enumerate(visits)]


def fetch(url: str, largest: int, seconds: float, hosts: Collection[str] = ()) -> Fetched:
    """What is at a URL, as ``fetch_all`` fetches it.

    Raises InvalidArgument for what is not http or https, Denied for a server that may not be asked, Unavailable
    when it cannot be had.
    """
    (answer,) = fetch_all([url], largest, seconds, hosts)
    if isinstance(answer, SenterError):
        raise answer
    return answer


def host_of(url: str) -> str:
    """The server of a URL, as it is told.

    Raises InvalidArgument for what is not an http or https URL, Denied for one with a password in it.
    """
    return target_of(url).host


def require_page(url: str) -> None:
    """Raise, and note, what ``host_of`` raises for a URL."""
    try:
        host_of(url)
    except SenterError as error:
        REQUESTS.append(_begun(url, f"refused: {error}"))
        raise


class _Visit:
    """The way to what is at a URL: the ``host`` that was asked last, and all ``requests``."""

    def __init__(self, url: str, largest: int, ends: float, hosts: Collection[str]) -> None:
        self._url = url
        self.host = told(url)
        self._largest = largest
        self._ends = ends
        self._hosts = hosts
        self.requests: list[Request] = []

    def fetched(self) -> Fetched:
        """What is there; raises as ``fetch`` does."""
        target = self._begun(self._url)
        answer = self._asked(target, self._hosts)
        for _ in range(MOST_REDIRECTS):
            if answer.status not in _LEADING_ELSEWHERE:
                break
            hosts = self._hosts if is_listed(target, self._hosts) else ()
            target = self._led(target, answer.place)
            answer = self._asked(target, hosts)
        if answer.status in _LEADING_ELSEWHERE:
            raise Unavailable(f"{target.host} leads from page to page without end")
        if not 200 <= answer.status < 300:
            raise Unavailable(
                f"{target.host} answers {answer.status} {shortened(one_line(answer.reason), 60)}".rstrip()
            )
        return Fetched(answer.content, answer.kind, answer.charset)

    def _begun(self, url: str) -> Target:
        """The page of a URL, noted."""
        self.requests.append(_begun(url, ""))
        try:
            target = target_of(url)
        except SenterError as error:
            self._note(outcome=f"refused: {error}")
            raise
        self.host = target.host
        self._note(outcome=f"failed: {_late(target.host)}")
        return target

    def _led(self, before: Target, place: str) -> Target:
        """Where a server leads to instead, noted. Raises Denied for what is not asked, whoever leads there."""
        try:
            # headers are bytes that Python reads as Latin-1; those of today are UTF-8 (RFC 3987 beside RFC 9110)
            url = urllib.parse.urljoin(before.url, place.encode("latin-1").decode("utf-8", errors="replace"))
        except ValueError:
            url = place
        try:
            target = self._begun(url)
        except SenterError as error:
            raise Denied(f"{before.host} leads away from the web: {error}") from error
        if (before.scheme, target.scheme) == ("https", "http"):
            refused = Denied(f"{before.host} leads from https to http")
            self._note(outcome=f"refused: {refused}")
            raise refused
        return target

    def _asked(self, target: Target, hosts: Collection[str]) -> Answer:
        """What a server answers to one request, noted."""
        try:
            answer = self._exchanged(target, hosts)
        except SenterError as error:
            verdict = "refused" if isinstance(error, Denied | InvalidArgument) else "failed"
            self._note(outcome=f"{verdict}: {error}")
            raise
        much = f"{len(answer.content):,} bytes" if answer.status < 300 else shortened(one_line(answer.reason), 60)
        self._note(outcome=f"{answer.status}, {much}")
        return answer

    def _exchanged(self, target: Target, hosts: Collection[str]) -> Answer:
        try:
            addresses = _addresses_of(target, hosts)
            self._note(address=", ".join(addresses))
            connection, address = connect(target, addresses, self._ends, is_listed(target, hosts))
            self._note(address=address)
            with connection:
                return exchange(connection, target, self._largest, self._ends)
        except TimeoutError as error:
            raise _late(target.host) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(f"{target.host} cannot be reached: {_reason(error)}") from error

    def _note(self, **known: str) -> None:
        """Add to the last request what is known of it now."""
        self.requests[-1] = replace(self.requests[-1], **known)  # type: ignore[arg-type]


def _begun(url: str, outcome: str) -> Request:
    return Request(time.time_ns() // 1000, told(url), outcome=outcome)


def _late(host: str) -> Unavailable:
    return Unavailable(f"{host} takes too long to answer")


def _addresses_of(target: Target, hosts: Collection[str]) -> list[str]:
    """The addresses of a server that may be asked; raises Denied when there is none, OSError for no name."""
    rows = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if is_listed(target, hosts):
        return addresses
    public = [address for address in addresses if is_public(address)]
    if addresses and not public:
        raise Denied(f"{target.host} is not a public address")
    others = [address for address in public if not _is_here(address)]
    if public and not others:
        raise Denied(f"{target.host} is this machine, or in its network")
    if target.port not in PORTS:
        raise Denied(f"{target.host} is not asked at port {target.port}: pages of others are at {_listed(PORTS)}")
    return others


def _is_here(address: str) -> bool:
    """Whether a public address is one of this machine, or of its network where that is known: IPv6, the upper half.

    The kernel tells it without anything being sent. What there is no way to is not here.
    """
    asked = _plain(address)
    family = socket.AF_INET if isinstance(asked, ipaddress.IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(asked), _ANY_PORT))
            own = _plain(probe.getsockname()[0])
    except OSError:
        return False
    return own == asked or (own.version == asked.version == 6 and int(own) >> 64 == int(asked) >> 64)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An address, without its zone; the IPv4 address that an IPv6 address holds."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and int(found) >> 32 in _HOLDING_IPV4:
        return ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
    return found


def _listed(ports: Sequence[int]) -> str:
    *others, last = map(str, ports)
    return f"{', '.join(others)} or {last}"


def _reason(error: Exception) -> str:
    """Why a server cannot be reached, in a few words."""
    if isinstance(error, OSError) and error.strerror:
        return shortened(one_line(error.strerror), 100)
    return shortened(one_line(str(error)), 100) or type(error).__name__
