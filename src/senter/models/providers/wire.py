"""The line to a provider: a connection that gives up in time, and takes in no more than an answer can have.

``openai`` and ``httpx2`` are imported when a provider was reached, in a thread: they take half a second and 50 MB.
"""

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from senter.errors import ModelFailed, NoModel, SenterError
from senter.models.providers.keys import OPENAI, service_of
from senter.models.providers.provider import Provider
from senter.models.providers.retry import Passing

LOOK_SECONDS = 2.0
CONNECT_SECONDS = 5.0
"""For a connection with TLS to who was there a moment ago."""
SEND_SECONDS = 30.0
"""How long a provider may take in nothing of a question."""
SILENT_SECONDS = 60.0
"""How long a provider elsewhere may send nothing; one on this machine may think for as long as the deadline is."""

LARGEST_EVENT = 2_000_000
"""Bytes of one event of a stream, or of an error: the longest answer, however its characters are written."""
LARGEST_STREAM = 64_000_000
"""Bytes of a stream, most of which is not the answer."""
LARGEST_VECTORS = 32_000_000
"""Bytes of an answer with embeddings."""

# Nothing else is told to a provider: the library would add our operating system and what its variables say.
_HEADERS = {
    *("host", "connection", "accept", "accept-encoding", "authorization", "content-type", "content-length"),
    *("transfer-encoding", "user-agent"),
}
_OPENAI_HEADERS = {"openai-organization", "openai-project"}

Hook = Callable[[Any], Awaitable[None]]


class TooMuch(Exception):
    """A provider sends more than an answer can have."""


async def reach(provider: Provider) -> None:
    """See whether a provider listens, or the proxy on the way to it does. Raises NoModel."""
    proxy = proxy_of(provider)
    host, port = (proxy.hostname, proxy.port or 80) if proxy else (provider.host, provider.port)
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, UnicodeError) as error:
        raise NoModel(f"{'the proxy to ' if proxy else ''}{provider.name} cannot be reached") from error
    writer.transport.abort()


def proxy_of(provider: Provider) -> Any:
    """The proxy that ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY`` want for a provider elsewhere.

    A URL in parts, or None. Raises NoModel for a proxy that is neither at an http nor an https URL.
    """
    if provider.here or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]

    named = getproxies_environment()
    proxy = named.get(urlsplit(provider.url).scheme) or named.get("all", "")
    if not proxy or proxy_bypass_environment(f"{provider.host}:{provider.port}", named):
        return None
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    try:
        usable = parts.scheme in ("http", "https") and parts.hostname and (parts.port or True)
    except ValueError:
        usable = False
    if not usable:
        raise NoModel(f"{provider.name} cannot be reached: its proxy in the environment is no http or https URL")
    return parts


def client_for(provider: Provider, socket: str, key: str, silent: float = SILENT_SECONDS) -> Any:
    """A client of ``openai``, ready to be used without importing anything more; blocks, so it runs in a thread.

    ``socket`` is the UNIX socket of the embedded engine, ``key`` may be empty; ``silent`` in seconds.
    """
    import httpx2
    import openai

    for library in ("httpx2", "openai"):
        logging.getLogger(library).setLevel(logging.WARNING)
    url = provider.url or "http://engine/v1"
    proxy = proxy_of(provider)
    transport = httpx2.AsyncHTTPTransport(
        uds=socket or None,
        proxy=proxy and proxy.geturl(),
        verify=url.startswith("https:") or bool(proxy),
        # a connection that waited may be dead when it is needed, and a new one costs nothing beside a model
        limits=httpx2.Limits(max_keepalive_connections=0),
    )
    read = None if provider.here else silent
    http = httpx2.AsyncClient(
        transport=transport,
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(read, connect=CONNECT_SECONDS, write=SEND_SECONDS, pool=None),
        event_hooks={"request": [_discreet(provider, key)], "response": [_guard()]},
    )
    # the library wants a key even where there is none
    client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, http_client=http)
    assert client.chat.completions and client.embeddings
    return client


def broken(provider: Provider, error: BaseException) -> SenterError:
    """The error that a failure of the line stands for: NoModel, Passing, or ModelFailed for what is no HTTP."""
    import httpx2

    name, causes = provider.name, [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)

    def had(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if had(ssl.SSLCertVerificationError):
        return NoModel(f"{name} has a certificate that is not trusted")
    if had(httpx2.ProxyError):
        return NoModel(f"{name} cannot be reached: its proxy refuses")
    if had(httpx2.ConnectError, httpx2.ConnectTimeout):
        return NoModel(f"{name} cannot be reached")
    if had(httpx2.TimeoutException):
        return Passing(f"{name} did not answer in time")
    is_cut = any(word in str(cause) for cause in causes for word in ("disconnected", "closed connection"))
    if had(httpx2.ProtocolError, httpx2.DecodingError, httpx2.UnsupportedProtocol) and not is_cut:
        return ModelFailed(f"{name} does not speak the OpenAI protocol")
    return Passing(f"{name} broke off")


def _discreet(provider: Provider, key: str) -> Hook:
    """A hook for requests that sends our key and no other, and nothing that is not asked for."""
    kept = _HEADERS | (_OPENAI_HEADERS if service_of(provider) == OPENAI else set())

    async def tidy(request: Any) -> None:
        for name in set(request.headers) - kept:
            del request.headers[name]
        request.headers["User-Agent"] = "Senter"
        request.headers.pop("Authorization", None)
        if key:
            request.headers["Authorization"] = f"Bearer {key}"

    return tidy


def _guard() -> Hook:
    """A hook for responses that keeps a provider from filling our memory."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """A body that ends in TooMuch when an event of it, or all of it, is too large."""

        def __init__(self, body: Any, largest: int, largest_event: int) -> None:
            self._body = body
            self._largest = largest
            self._largest_event = largest_event

        async def __aiter__(self) -> AsyncIterator[bytes]:
            total, size, last = 0, 0, b""
            async for data in self._body:
                text = (last + data).replace(b"\r", b"")
                last = text[-1:]
                size = len(text.rpartition(b"\n\n")[2]) if b"\n\n" in text else size + len(data)
                total += len(data)
                if size > self._largest_event or total > self._largest:
                    raise TooMuch
                yield data

        async def aclose(self) -> None:
            await self._body.aclose()

    async def guard(response: Any) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("compressed although that was refused", request=response.request)
        largest, largest_event = LARGEST_EVENT, LARGEST_EVENT
        if response.is_success and response.request.url.path.endswith("/embeddings"):
            largest = largest_event = LARGEST_VECTORS
        elif response.is_success:
            largest = LARGEST_STREAM
        response.stream = Bounded(response.stream, largest, largest_event)

    return guard
