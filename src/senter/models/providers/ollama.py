"""Ollama's own API: which model is in its memory, and for how long.

What is said here of Ollama is from its sources (github.com/ollama/ollama); it was not tried on a real Ollama.

* ``POST /api/generate`` without a prompt loads a model; ``keep_alive`` says for how long it stays after its last
  request, and 0 takes it out at once, or when the request that runs has ended (docs/api.md; ``GenerateHandler`` in
  server/routes.go, ``expireRunner`` in server/sched.go). A model that is loaded by a request that does not say,
  stays for five minutes, or ``OLLAMA_KEEP_ALIVE`` (``load`` in server/sched.go).
* ``GET /api/tags`` names the models that are there, without ``registry.ollama.ai/library/`` and always with a tag
  (``DisplayShortest`` in types/model/name.go), whose default is ``latest``; small and capital letters are the same.
  Models of Ollama's cloud need not be there (pull request 14574 of March 2026).
* The OpenAI endpoint does not know ``keep_alive``: ``ChatCompletionRequest`` in openai/openai.go has no such field,
  and issues 3645 and 11458 report that it is ignored. A request there leaves what was set for a model that is
  loaded (``useLoadedRunner`` in server/sched.go; before pull request 5447 of July 2024 it set the usual time), and
  loads any other one for the usual time.

So how long a model stays has to be said after a request there, too.
"""

import asyncio
import importlib
import json
import logging
from typing import Any

from senter.errors import ModelFailed, NoModel
from senter.models.providers.provider import Provider
from senter.models.providers.wire import CONNECT_SECONDS, LOOK_SECONDS, broken
from senter.wording import one_line, shortened

LOAD_SECONDS = 300.0
"""How long loading may take."""
UNLOAD_SECONDS = 10.0
LARGEST_LIST = 1_000_000
"""Bytes of the list of models that are read; a model has less than a thousand."""
LONGEST_COMPLAINT = 4096
"""Bytes of an error that are read."""

_OF_THE_CLOUD = (":cloud", "-cloud")


async def load(provider: Provider, minutes: int) -> None:
    """Load the provider's model, unless it is in memory; it stays for ``minutes`` (1 or more) after it was used.

    Raises NoModel when Ollama cannot be reached or does not have the model, ModelFailed when it does not load it
    within LOAD_SECONDS.
    """
    await _generate(provider, f"{minutes}m", LOAD_SECONDS, "load")


async def unload(provider: Provider) -> None:
    """Take the provider's model out of memory, once Ollama has ended what it does with it.

    Raises NoModel when Ollama cannot be reached or does not have the model, ModelFailed when it does not do so
    within UNLOAD_SECONDS.
    """
    await _generate(provider, 0, UNLOAD_SECONDS, "unload")


async def has_model(provider: Provider) -> bool:
    """Whether Ollama has the provider's model, loaded or not; wakes nothing and takes LOOK_SECONDS at most.

    True also where that cannot be found out: then asking for the model will tell.
    """
    wanted = provider.model.casefold().removeprefix("registry.ollama.ai/").removeprefix("library/")
    if not wanted or wanted.endswith(_OF_THE_CLOUD):
        return True
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            page = await _page(provider, "/api/tags")
        names = {str(model["name"]).casefold() for model in json.loads(page)["models"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return True
    return wanted in names or f"{wanted}:latest" in names


async def _page(provider: Provider, path: str) -> bytes:
    """A page, up to LARGEST_LIST; empty for an error. Raises OSError."""
    # this is asked at every start, and httpx2 would take 15 MB
    reader, writer = await asyncio.open_connection(provider.host, provider.port)
    try:
        # with HTTP/1.0 a page ends where the connection does, and has no chunks
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {provider.host}\r\nUser-Agent: Senter\r\n\r\n".encode())
        answer = bytearray()
        while len(answer) < LARGEST_LIST and (more := await reader.read(LARGEST_LIST)):
            answer += more
    finally:
        writer.transport.abort()
    head, _, page = bytes(answer).partition(b"\r\n\r\n")
    return page if head.split()[1:2] == [b"200"] else b""


async def _generate(provider: Provider, keep_alive: str | int, seconds: float, what: str) -> None:
    question = {"model": provider.model, "keep_alive": keep_alive, "stream": False}
    try:
        # importing takes a while, and would hold up everything else
        await asyncio.to_thread(importlib.import_module, "httpx2")
        async with asyncio.timeout(seconds):
            status, said = await _post(provider, "/api/generate", question)
    except TimeoutError:
        raise ModelFailed(f"{provider.name} did not {what} {provider.model} within {seconds:g} s") from None
    if status == 404:
        raise NoModel(f"{provider.name} has no model {provider.model}")
    if not 200 <= status < 300:
        raise ModelFailed(f"{provider.name} did not {what} {provider.model} (status {status}): {said}")


async def _post(provider: Provider, path: str, content: dict[str, Any]) -> tuple[int, str]:
    """The status of an answer, and the beginning of what it says."""
    import httpx2

    said = b""
    url = provider.url.removesuffix("/v1") + path
    try:
        async with _client(url) as client, client.stream("POST", url, json=content) as answer:
            async for piece in answer.aiter_bytes():
                said += piece[: LONGEST_COMPLAINT - len(said)]
                if len(said) == LONGEST_COMPLAINT:
                    break
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise broken(provider, error) from error
    return answer.status_code, shortened(one_line(said.decode(errors="replace")))


def _client(url: str) -> Any:
    import httpx2

    logging.getLogger("httpx2").setLevel(logging.WARNING)
    # with a transport of its own it looks for no proxy: Ollama is on this machine
    transport = httpx2.AsyncHTTPTransport(verify=url.startswith("https:"))
    timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
    return httpx2.AsyncClient(transport=transport, timeout=timeout, headers={"User-Agent": "Senter"})
