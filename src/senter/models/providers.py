"""Where a language model can be asked: what ``providers`` in ``config.toml`` means. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from senter.errors import ConfigurationError

OLLAMA, EMBEDDED = "ollama", "embedded"
OLLAMA_URL = "http://localhost:11434/v1"

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Provider:
    """One place that speaks the OpenAI protocol."""

    name: str
    """As in ``config.toml``: ``ollama``, ``embedded`` or the URL."""
    url: str = ""
    """The base URL, such as ``http://localhost:11434/v1``; empty for the embedded engine."""
    host: str = ""
    port: int = 0

    @property
    def embedded(self) -> bool:
        """Whether this is Senter's own engine."""
        return self.name == EMBEDDED

    @property
    def private(self) -> bool:
        """Whether nobody else can read what is sent there: TLS, or this machine."""
        return self.url.startswith("https:") or self.host in ("localhost", "127.0.0.1", "::1")


def providers_of(names: Iterable[str], place: str) -> tuple[Provider, ...]:
    """The providers that a list of names stands for, in its order.

    ``place`` says where the list was read. Raises ConfigurationError for a name that is neither ``ollama``,
    ``embedded`` nor an http or https URL, or for a URL with a password or a query, which everybody would see.
    """
    return tuple(_provider(name, place) for name in names)


def _provider(name: str, place: str) -> Provider:
    if name == EMBEDDED:
        return Provider(EMBEDDED)
    url = OLLAMA_URL if name == OLLAMA else name
    complaint = f'{place} providers must be "ollama", "embedded" or http and https URLs, not {name!r}'
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(complaint) from error
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{place} providers must be URLs without user name, password and query")
    if parts.scheme not in _PORTS or not parts.hostname or any(mark <= " " for mark in url):
        raise ConfigurationError(complaint)
    return Provider(name, url.rstrip("/"), parts.hostname, port or _PORTS[parts.scheme])
