"""Things fetched from the web, with limits on size, time and where a redirect may lead: to public servers only."""

import http.client
import ipaddress
import queue
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from senter.errors import Denied, InvalidArgument, SenterError, Unavailable
from senter.wording import one_line, shortened

AGENT = "Mozilla/5.0 (compatible; Senter)"
BLOCK = 65_536
SCHEMES = ("http", "https")
LONGEST_SILENCE = 10.0
"""Seconds without a byte after which a server is given up."""
PORTS = {"http": 80, "https": 443}

_UNICAST = ipaddress.ip_network("2000::/3")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Fetched:
    """What a server answered."""

    content: bytes
    kind: str
    """The media type, such as ``text/html``."""
    charset: str


def fetch_all(
    urls: Sequence[str], largest: int, seconds: float, hosts: Collection[str] = ()
) -> list[Fetched | SenterError]:
    """What is at each URL, fetched at the same time: an answer of at most ``largest`` bytes, or why there is none.

    No URL takes longer than ``seconds`` in all, however slowly its server answers. Servers whose addresses are not
    public are asked only when they are among ``hosts``: ``host:port``, or ``host`` for the usual port.
    """
    answers: queue.Queue[tuple[int, Fetched | SenterError]] = queue.Queue()
    ends = time.monotonic() + seconds

    def work(number: int, url: str) -> None:
        try:
            answers.put((number, _fetch(url, largest, ends, hosts)))
        except SenterError as error:
            answers.put((number, error))

    for number, url in enumerate(urls):
        # a daemon: a server that never ends its answer is left behind
        threading.Thread(target=work, args=(number, url), daemon=True).start()
    found: list[Fetched | SenterError] = [Unavailable(f"{host_of(url)} takes too long to answer") for url in urls]
    for _ in urls:
        try:
            number, answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        found[number] = answer
    return found


def fetch(url: str, largest: int, seconds: float, hosts: Collection[str] = ()) -> Fetched:
    """What is at a URL, as ``fetch_all`` fetches it.

    Raises InvalidArgument for what is not http or https, Denied for a server that is not public, Unavailable when
    it cannot be had.
    """
    (answer,) = fetch_all([url], largest, seconds, hosts)
    if isinstance(answer, SenterError):
        raise answer
    return answer


def host_of(url: str) -> str:
    """The server of a URL, as it is told; the URL itself when that has none.

    Raises InvalidArgument for what is not an http or https URL.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and url.isprintable() and " " not in url:
            return one_line(parts.hostname)
    except ValueError:
        pass
    raise InvalidArgument(f'"{shortened(one_line(url), 100)}" is not the address of a web page')


def is_public(address: str) -> bool:
    """Whether an IP address is one of a single server that everybody can reach."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is None:
            return found.is_global and found in _UNICAST
        found = inner
    return found.is_global and not found.is_multicast


class _Checked(http.client.HTTPConnection):
    """A connection to one of the addresses that were checked, whatever the host's name leads to by now."""

    addresses: Sequence[str] = ()

    def connect(self) -> None:
        """Connect to the first address that can be reached; raises OSError when none can."""
        name, reason = self.host, OSError("it has no address")
        for address in self.addresses:
            self.host = address
            try:
                return super().connect()
            except OSError as error:
                reason = error
            finally:
                self.host = name
        raise reason


class _CheckedSecurely(http.client.HTTPSConnection, _Checked):
    """The same with TLS, for the name of the host."""


class _OnlyPublic(urllib.request.HTTPSHandler):
    """Opens one URL, and where it is redirected to, at servers that are public or among ``hosts``."""

    def __init__(self, hosts: Collection[str]) -> None:
        super().__init__()
        self._hosts = frozenset(host.rpartition("@")[2].casefold() for host in hosts)
        self._target = ""
        self._addresses: list[str] = []

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """As the base class; raises Denied for a server that is not public."""
        self._target, self._addresses = request.host, self._checked(request.full_url)
        return self.do_request_(request)

    https_request = http_request

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """The answer of the server, or of the proxy that is to ask it."""
        return self.do_open(self._connection(req, _Checked, http.client.HTTPConnection), req)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        """The same with TLS."""
        return self.do_open(self._connection(req, _CheckedSecurely, http.client.HTTPSConnection), req)

    def _connection(
        self, req: urllib.request.Request, checked: type[_Checked], proxied: type[http.client.HTTPConnection]
    ) -> Callable[..., http.client.HTTPConnection]:
        """What connects for a request; its host is another by now when a proxy is to be asked."""
        if req.host != self._target:
            return proxied

        def connection(host: str, **options: Any) -> http.client.HTTPConnection:
            made = checked(host, **options)
            made.addresses = self._addresses
            return made

        return connection

    def _checked(self, url: str) -> list[str]:
        """The addresses of a server that may be asked; none when only a proxy knows them."""
        parts = urllib.parse.urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            if parts.scheme in urllib.request.getproxies():
                return []
            raise
        addresses = list(dict.fromkeys(str(row[4][0]) for row in rows))
        named = f"[{host}]" if ":" in host else host
        if f"{named}:{port}" in self._hosts or (port == PORTS[parts.scheme] and named in self._hosts):
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise Denied(f"{one_line(host)} is not a public address")
        return public


class _OnlyTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http and https only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """As the base class; a redirect elsewhere is an HTTPError."""
        if urllib.parse.urlsplit(newurl).scheme not in SCHEMES:
            raise urllib.error.HTTPError(req.full_url, code, "it leads away from the web", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(hosts: Collection[str]) -> urllib.request.OpenerDirector:
    """An opener that knows neither files nor FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _OnlyPublic(hosts),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _OnlyTheWeb(),
    ):
        opener.add_handler(handler)
    return opener


def _fetch(url: str, largest: int, ends: float, hosts: Collection[str]) -> Fetched:
    host = host_of(url)
    quoted = urllib.parse.quote(url, safe="%/:?#[]@!$&'()*+,;=~")
    request = urllib.request.Request(
        quoted, headers={"User-Agent": AGENT, "Accept": "text/html, text/*, */*;q=0.5"}
    )
    try:
        with _opener(hosts).open(request, timeout=LONGEST_SILENCE) as response:
            content = bytearray()
            while block := response.read1(BLOCK):
                content += block
                if len(content) > largest:
                    raise Unavailable(f"the answer of {host} is larger than {largest // 1_000_000} MB")
                if time.monotonic() > ends:
                    raise Unavailable(f"{host} takes too long to answer")
            headers = response.headers
            return Fetched(bytes(content), headers.get_content_type(), headers.get_content_charset() or "")
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable(f"{host} answers {error.code} {shortened(one_line(error.msg), 60)}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"{host} cannot be reached: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why a server cannot be reached, in a few words."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, OSError) and reason.strerror:
        return shortened(one_line(reason.strerror), 100)
    return shortened(one_line(str(reason)), 100) or type(error).__name__
