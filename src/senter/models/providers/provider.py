"""Where a language model can be asked: what ``providers`` in ``config.toml`` means. Pure."""

import functools
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from senter.errors import ConfigurationError

OLLAMA, EMBEDDED = "ollama", "embedded"

PRESETS = {
    OLLAMA: "http://localhost:11434/v1",
    "llama.cpp": "http://localhost:8080/v1",
    "lmstudio": "http://localhost:1234/v1",
    "vllm": "http://localhost:8000/v1",
    "openai": "https://api.openai.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
}
"""The base URLs by name; each is where that program listens, or that service answers, by its own documentation."""

# what is always this machine by RFC 6761, and what Debian's and Fedora's /etc/hosts call it
_LOCALHOST = ("localhost", "ip6-localhost", "ip6-loopback", "localhost.localdomain")
_PORTS = {"http": 80, "https": 443}

# How many requests at once: what runs on this machine shares one processor, but vLLM was made for crowds.
_SLOTS_HERE, _SLOTS_ELSEWHERE = 1, 8
_SLOTS = {"vllm": 8}


@dataclass(frozen=True)
class Provider:
    """One place that speaks the OpenAI protocol, and the model to ask for there."""

    name: str
    """As in ``config.toml``: the name of a preset, ``embedded`` or the URL."""
    model: str = ""
    """The name of the model there; empty for the embedded engine, which has one."""
    url: str = ""
    """The base URL, such as ``http://localhost:11434/v1``; empty for the embedded engine."""
    host: str = ""
    port: int = 0

    @property
    def embedded(self) -> bool:
        """Whether this is Senter's own engine."""
        return self.name == EMBEDDED

    @property
    def here(self) -> bool:
        """Whether it runs on this machine."""
        return self.embedded or _is_here(self.host)

    @property
    def engine(self) -> str:
        """What does the work if that is on this machine, the same for every way to name it; else empty."""
        if not self.here:
            return ""
        return EMBEDDED if self.embedded else f"port {self.port}"

    @property
    def private(self) -> bool:
        """Whether nobody else can read what is sent there: TLS, or this machine."""
        return self.url.startswith("https:") or self.here

    @property
    def slots(self) -> int:
        """How many requests it is sent at once."""
        return _SLOTS.get(self.name, _SLOTS_HERE if self.here else _SLOTS_ELSEWHERE)


def providers_of(entries: Iterable[str], model: str, place: str) -> tuple[Provider, ...]:
    """The providers that a list of ``NAME`` or ``NAME MODEL`` stands for, in its order.

    ``model`` is asked for where an entry names none; ``place`` says where the list was read. Raises
    ConfigurationError for a name that is neither a preset, ``embedded`` nor an http or https URL, for a URL with a
    password or a query, which everybody would see, and for a provider that is named twice.
    """
    found = tuple(_provider(entry, model, place) for entry in entries)
    for position, provider in enumerate(found):
        if provider in found[:position]:
            raise ConfigurationError(f"{place} providers has {provider.name} twice")
    return found


def engine_of(name: str) -> str:
    """The ``engine`` of the provider with this name; empty for a name that stands for none."""
    try:
        return _provider(name, "", "").engine
    except ConfigurationError:
        return ""


@functools.lru_cache(maxsize=64)
def _is_here(host: str) -> bool:
    """Whether a host is this machine, by its name or address alone."""
    name = host.lower().removesuffix(".")
    if name in _LOCALHOST or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def _provider(entry: str, model: str, place: str) -> Provider:
    name, _, own_model = entry.strip().partition(" ")
    model = own_model.strip() or model
    if name == EMBEDDED and own_model.strip():
        raise ConfigurationError(f"{place} providers: the model of embedded is chosen with: senter models use NAME")
    if name == EMBEDDED:
        return Provider(EMBEDDED)
    url = PRESETS.get(name, name)
    known = ", ".join((*PRESETS, EMBEDDED))
    complaint = f"{place} providers must be {known} or http and https URLs, not {name!r}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigurationError(complaint) from error
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ConfigurationError(f"{place} providers must be URLs without user name, password and query")
    if parts.scheme not in _PORTS or not parts.hostname or any(mark <= " " for mark in url):
        raise ConfigurationError(complaint)
    return Provider(name, model, url.rstrip("/"), parts.hostname, port or _PORTS[parts.scheme])
