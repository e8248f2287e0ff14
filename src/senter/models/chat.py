"""Asking a language model over the OpenAI protocol: the one place that imports ``openai`` and ``httpx2``.

Both are imported when a provider was reached, in a thread: they take half a second and 50 MB.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from senter.errors import ModelFailed, NoModel, SenterError
from senter.models.providers import Provider
from senter.models.request import GenerateOptions, Message, Piece
from senter.wording import one_line, shortened

CONNECT_TIMEOUT = 2.0
LONGEST_EVENT = 8_000_000
"""Bytes of one event of a stream, or of an answer that is no stream, before a provider is given up."""
LARGEST_COUNT = 2**32 - 1

# What the library raises for JSON of another shape than it expects, and for bytes that are neither JSON nor text.
_NONSENSE = (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError)


class Chat:
    """Speaks with providers; one for all requests.

    ``endpoint`` answers the UNIX socket of the embedded engine once its model is loaded; ``model_file`` blocks and
    answers which file that would be, or raises a SenterError; ``key`` is sent where nobody else can read it.
    """

    def __init__(
        self, endpoint: Callable[[], Awaitable[str]], model_file: Callable[[], Path], key: str = ""
    ) -> None:
        self._endpoint = endpoint
        self._model_file = model_file
        self._key = key
        self._clients: dict[tuple[str, str], Any] = {}

    async def look(self, provider: Provider) -> None:
        """See whether a provider is there, without waking a model. Raises NoModel: ``ollama cannot be reached``."""
        if not provider.embedded:
            return await _reach(provider)
        try:
            await asyncio.to_thread(self._model_file)
        except SenterError as reason:
            raise _unusable(provider, reason) from reason

    async def stream(
        self, provider: Provider, model: str, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncIterator[Piece]:
        """Ask, and give the answer piece by piece; a stream that is closed ends the work of the provider.

        ``options.max_tokens`` has to be set. Raises NoModel before the first piece when the provider went away or
        does not have the model or refuses the key, ModelFailed whenever it does not answer as it should.
        """
        client = await self._client(provider)
        finished = False
        with self._translated(provider, model):
            answer = await client.chat.completions.create(**_question(model, messages, options))
            try:
                async for chunk in answer:
                    finished = finished or any(choice.finish_reason for choice in chunk.choices)
                    yield _piece(provider, chunk)
            finally:
                await answer.close()
        if not finished:
            raise ModelFailed(f"{provider.name} ended in the middle of its answer")

    async def _client(self, provider: Provider) -> Any:
        socket = await self._socket(provider) if provider.embedded else ""
        key = self._key_for(provider)
        if (provider.name, socket) not in self._clients:
            made = await asyncio.to_thread(_client, provider.url or "http://engine/v1", socket, key)
            self._clients[provider.name, socket] = made
        return self._clients[provider.name, socket]

    async def _socket(self, provider: Provider) -> str:
        try:
            return await self._endpoint()
        except SenterError as reason:
            raise _unusable(provider, reason) from reason

    def _key_for(self, provider: Provider) -> str:
        """The key, if there is one and this provider is to have it."""
        return self._key if not provider.embedded and provider.name == provider.url and provider.private else ""

    @contextlib.contextmanager
    def _translated(self, provider: Provider, model: str) -> Iterator[None]:
        """What goes wrong between here and a provider, as NoModel or ModelFailed with one sentence."""
        import httpx2
        import openai

        name = provider.name
        try:
            yield
        except openai.NotFoundError as error:
            raise NoModel(f"{name} has no model {model}") from error
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            refusal = "refuses the key in OPENAI_API_KEY" if self._key_for(provider) else "wants a key"
            raise NoModel(f"{name} {refusal} (status {error.status_code})") from error
        except openai.APIStatusError as error:
            complaint = f"{name} answered with status {error.status_code}"
            raise ModelFailed(self._quoted(complaint, _said(error.body))) from error
        except openai.APIConnectionError as error:
            if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout):
                raise NoModel(f"{name} cannot be reached") from error
            raise ModelFailed(f"{name} broke off") from error
        except openai.OpenAIError as error:
            raise ModelFailed(self._quoted(f"{name} failed", str(error))) from error
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            raise ModelFailed(f"{name} broke off") from error
        except _NONSENSE as error:
            raise ModelFailed(f"{name} does not speak the OpenAI protocol") from error

    def _quoted(self, complaint: str, said: str) -> str:
        """A complaint with what the provider said of it, on one line and without our key."""
        said = said.replace(self._key, "…") if self._key else said
        return f"{complaint}: {shortened(one_line(said))}" if said else complaint


async def _reach(provider: Provider) -> None:
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT):
            _, writer = await asyncio.open_connection(provider.host, provider.port)
    except (OSError, UnicodeError) as error:
        raise NoModel(f"{provider.name} cannot be reached") from error
    writer.transport.abort()


def _unusable(provider: Provider, reason: SenterError) -> NoModel:
    """Why a provider cannot be asked, without the advice after it: that is given for all of them at once."""
    what = str(reason).partition("; ")[0]
    if isinstance(reason, NoModel):
        return NoModel(f"{provider.name} has {what.removeprefix('there is ')}")
    return NoModel(f"{provider.name} cannot be used ({what})")


def _question(model: str, messages: Sequence[Message], options: GenerateOptions) -> dict[str, Any]:
    question: dict[str, Any] = {
        "model": model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if options.json_schema:
        schema = {"name": "answer", "schema": json.loads(options.json_schema)}
        question["response_format"] = {"type": "json_schema", "json_schema": schema}
    return question


def _piece(provider: Provider, chunk: Any) -> Piece:
    """What one event of a stream tells. Raises one of ``_NONSENSE`` for what is no such event."""
    contents = [choice.delta.content for choice in chunk.choices[:1]]
    usage = chunk.usage
    model = Path(chunk.model or "").name if provider.embedded else chunk.model or ""
    return Piece(
        text="".join(content for content in contents if content is not None),
        model=shortened(one_line(model)),
        tokens_in=_count(usage.prompt_tokens) if usage else 0,
        tokens_out=_count(usage.completion_tokens) if usage else 0,
    )


def _said(body: Any) -> str:
    """The message in the body of an error, whatever that is."""
    message = body.get("message") if isinstance(body, dict) else body
    return message if isinstance(message, str) else ""


def _count(number: Any) -> int:
    return min(max(int(number or 0), 0), LARGEST_COUNT)


def _client(url: str, socket: str, key: str) -> Any:
    """A client for one provider, ready to be used without importing anything more; runs in a thread."""
    import httpx2
    import openai

    logging.getLogger("httpx2").setLevel(logging.WARNING)
    transport = httpx2.AsyncHTTPTransport(
        uds=socket or None,
        verify=url.startswith("https:"),
        # a connection that waited may be dead when it is needed, and a new one costs nothing beside a model
        limits=httpx2.Limits(max_keepalive_connections=0),
    )
    http = httpx2.AsyncClient(
        transport=transport,
        headers={"Accept-Encoding": "identity"},
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT),
        event_hooks={"response": [_guard()]},
    )
    # the library wants a key even where there is none
    client = openai.AsyncOpenAI(base_url=url, api_key=key or "none", max_retries=0, http_client=http)
    assert client.chat.completions
    return client


def _guard() -> Callable[[Any], Awaitable[None]]:
    """A hook for responses that keeps a provider from filling our memory."""
    import httpx2

    class Bounded(httpx2.AsyncByteStream):
        """A body that ends in an error when it goes on and on without the end of an event."""

        def __init__(self, body: Any, has_events: bool) -> None:
            self._body = body
            self._has_events = has_events

        async def __aiter__(self) -> AsyncIterator[bytes]:
            size, last = 0, b""
            async for data in self._body:
                text = (last + data).replace(b"\r", b"")
                last = text[-1:]
                ended = self._has_events and b"\n\n" in text
                size = len(text.rpartition(b"\n\n")[2]) if ended else size + len(data)
                if size > LONGEST_EVENT:
                    raise httpx2.RemoteProtocolError("an event that does not end")
                yield data

        async def aclose(self) -> None:
            await self._body.aclose()

    async def guard(response: Any) -> None:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("compressed although that was refused", request=response.request)
        response.stream = Bounded(response.stream, has_events=response.is_success)

    return guard
