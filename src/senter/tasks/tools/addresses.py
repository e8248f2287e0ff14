"""Which addresses on the web may be asked. Pure: nothing is looked up here, nothing is sent.

A URL is taken apart here only, so that what is checked is what is asked.
"""

import ipaddress
import re
import unicodedata
import urllib.parse
from collections.abc import Collection
from dataclasses import dataclass

from senter.errors import Denied, InvalidArgument, SenterError
from senter.wording import one_line, shortened

USUAL_PORT = {"http": 80, "https": 443}
PORTS = (80, 443, 8080, 8443)
"""Where web pages of public servers are; whoever lists a server says its port."""
LONGEST_URL = 8_000
LONGEST_TOLD = 2_000

_SERVER = re.compile(r"(?:\[(?P<six>[0-9a-f:.]{2,45})\]|(?P<name>[^\[\]:@%\\]{1,253}))(?::(?P<port>[0-9]{0,5}))?")
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_AT = re.compile(r"@|%40", re.IGNORECASE)
_SAFE = "%/:@!$&'()*+,;=~?[]"

# What is not on the internet for everybody: RFC 6890 and the registries of IANA that it founded. The table is ours,
# because what Python says of some of these has changed from version to version (CVE-2024-4032).
_CLOSED = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # what a virtual machine on Azure asks about itself
        ),
    )
)
_UNICAST = ipaddress.IPv6Network("2000::/3")
# Protocols, Teredo among them; documentation, twice; 6to4, which leads to any IPv4 address.
_CLOSED_UNICAST = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16")))
_HOLDING_IPV4 = tuple(map(ipaddress.IPv6Network, ("::ffff:0:0/96", "64:ff9b::/96")))
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)


@dataclass(frozen=True)
class Target:
    """A page of a server, as it is asked for."""

    scheme: str
    """``http`` or ``https``."""
    host: str
    """A name in ASCII and small letters, or an IP address without brackets."""
    port: int
    path: str
    """With the query, and with everything escaped that has to be."""

    @property
    def authority(self) -> str:
        """The host, and the port unless it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == USUAL_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target_of(url: str) -> Target:
    """The page that a URL means; its fragment is left out.

    Raises InvalidArgument for what is not an http or https URL or could be read in two ways, Denied for one with a
    name or a password in it.
    """
    try:
        if len(url) > LONGEST_URL or not url.isprintable() or re.search(r"[\s\\]", url):
            raise ValueError
        parts = urllib.parse.urlsplit(url)
        default = USUAL_PORT[parts.scheme]
        if "@" in parts.netloc:
            raise Denied("a web address with a name or a password in it is not asked")
        server = _SERVER.fullmatch(parts.netloc.lower())
        port = int(server["port"] or default) if server else 0
        if not server or not 0 < port < 65_536:
            raise ValueError
        host = str(ipaddress.IPv6Address(server["six"])) if server["six"] else _name(server["name"])
        query = f"?{parts.query}" if parts.query else ""
        return Target(parts.scheme, host, port, urllib.parse.quote((parts.path or "/") + query, safe=_SAFE))
    except (ValueError, KeyError) as error:
        raise InvalidArgument(f'"{shortened(_veiled(url), 100)}" is not the address of a web page') from error


def is_page(url: str) -> bool:
    """Whether a URL is one that ``target_of`` takes."""
    try:
        return bool(target_of(url))
    except SenterError:
        return False


def told(url: str) -> str:
    """A URL as it is told and noted: on one line, without credentials and fragment, at most 2,000 characters."""
    try:
        return shortened(target_of(url).url, LONGEST_TOLD)
    except SenterError:
        return shortened(_veiled(url), LONGEST_TOLD)


def is_listed(target: Target, hosts: Collection[str]) -> bool:
    """Whether the server of a page is among ``hosts``: ``host:port``, or ``host`` for the usual port."""
    return any((target.host, target.port) == _listed(host, target.scheme) for host in hosts)


def is_public(address: str) -> bool:
    """Whether an IP address is one of a single server that everybody can reach.

    An IPv6 address that holds an IPv4 address is what that one is. Raises ValueError for what is no address.
    """
    if "%" in address:
        return False
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if any(found in network for network in _HOLDING_IPV4):
            return _is_public(inner)
        if int(found) >> 32 & 0xFFFF_FFFF in _ISATAP and not _is_public(inner):
            return False
        return found in _UNICAST and not any(found in network for network in _CLOSED_UNICAST)
    return _is_public(found)


def _is_public(address: ipaddress.IPv4Address) -> bool:
    return not any(address in network for network in _CLOSED)


def _name(name: str) -> str:
    """The name of a server in ASCII, as a resolver is asked for it. Raises ValueError for what is none."""
    if not name.isascii():
        import idna

        name = idna.encode(name, uts46=True).decode("ascii")
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a server")
    return name


def _veiled(url: str) -> str:
    """What is no clear URL, without what may be credentials: where they end is not clear either."""
    line = unicodedata.normalize("NFKC", one_line(url[:LONGEST_URL]))
    if _AT.search(line):
        scheme, mark, _ = line.partition("//")
        line = f"{scheme if mark else ''}{mark}…@{_AT.split(line)[-1]}"
    return line.partition("#")[0]


def _listed(host: str, scheme: str) -> tuple[str, int] | None:
    """The host and port of an entry of a list; nothing for an entry that is none."""
    try:
        target = target_of(f"{scheme}://{host}")
    except SenterError:
        return None
    return target.host, target.port
