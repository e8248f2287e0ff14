"""Asking a language model over the OpenAI protocol."""

import asyncio
import contextlib
import functools
import json
import math
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from senter.bus.signatures import Check
from senter.errors import ModelFailed, NoModel, SenterError
from senter.models.providers import complaint, ollama, wire
from senter.models.providers.keys import OPENAI, OPENROUTER, Key, Keys, advice, service_of
from senter.models.providers.provider import OLLAMA, Provider
from senter.models.providers.retry import Passing
from senter.models.request import LARGEST_COUNT, GenerateOptions, Message, Piece, ToolPart
from senter.models.usage.budget import BYTES_A_TOKEN
from senter.wording import one_line, shortened

LONGEST_VECTOR = 65_536
MOST_CALLS = 128
"""Of tools, in one answer."""
LAST_SECONDS = 2.0
"""How long an answer that has ended is listened to for what it cost."""

# What the library raises for JSON of another shape than it expects, and for bytes that are neither JSON nor text.
_NONSENSE = (AttributeError, LookupError, TypeError, ValueError, OverflowError, RecursionError)
_TEMPERATURE = "temperature"
# DeepSeek and llama.cpp say the one, OpenRouter, Ollama and vLLM the other, and some say both
_THOUGHTS = ("reasoning_content", "reasoning")
_NO_MORE = object()


class Chat:
    """Speaks with providers; one for all requests.

    ``endpoint`` answers the UNIX socket of the embedded engine once its model is loaded; ``model_file`` blocks and
    answers which file that would be, or raises a SenterError. ``embedding_model`` is asked for vectors, by default
    the provider's model. A provider elsewhere that is ``silent`` for so many seconds is given up.
    """

    def __init__(
        self,
        endpoint: Callable[[], Awaitable[str]],
        model_file: Callable[[], Path],
        keys: Keys,
        embedding_model: str = "",
        silent: float = wire.SILENT_SECONDS,
    ) -> None:
        self._endpoint = endpoint
        self._model_file = model_file
        self._keys = keys
        self._embedding_model = embedding_model
        self._silent = silent
        self._clients: dict[str, tuple[tuple[str, str, str], Any]] = {}
        self._set_in_their_ways: set[Provider] = set()

    async def look(self, provider: Provider) -> None:
        """See whether a provider is there, and Ollama has the model, without waking it.

        Raises NoModel: ``ollama cannot be reached``.
        """
        if not provider.embedded:
            if service_of(provider) and not (key := await asyncio.to_thread(self._keys.find, provider)).value:
                raise NoModel(f"{provider.name} wants a key: {advice(provider, key)}")
            await wire.reach(provider)
            if provider.name == OLLAMA and not await ollama.has_model(provider):
                raise NoModel(f"ollama has no model {provider.model} (ollama pull {provider.model})")
            return
        try:
            await asyncio.to_thread(self._model_file)
        except SenterError as reason:
            raise _unusable(provider, reason) from reason

    async def check(self, providers: Sequence[Provider]) -> list[Check]:
        """What is wrong with the keys for these providers, a line each; nothing when all is well."""
        return await asyncio.to_thread(self._keys.check, providers)

    async def stream(
        self, provider: Provider, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncIterator[Piece]:
        """Ask, and give the answer piece by piece; a stream that is closed ends the work of the provider.

        The first piece comes with the first event, and may be empty; a piece of thinking aloud has its tokens only.
        ``options`` have to be complete. Raises NoModel before the first piece when the provider went away, does not
        have the model, refuses the key or wants to be paid; Passing when asking again may help; ModelFailed when it
        does not answer as it should.
        """
        client, key = await self._client(provider)
        with _translated(provider, key):
            answer = await self._ask(client, provider, _question(provider, messages, options))
            try:
                async with contextlib.aclosing(_until_the_end(provider, answer)) as chunks:
                    begun = False
                    async for chunk in chunks:
                        piece = _piece(provider, chunk)
                        if not begun or not piece.empty:
                            begun = True
                            yield piece
            finally:
                await answer.close()

    async def embed(self, provider: Provider, texts: Sequence[str]) -> tuple[list[list[float]], int]:
        """A vector for each text, and how many tokens they had.

        Raises Unavailable for a provider without embeddings, else as ``stream`` does.
        """
        client, key = await self._client(provider)
        asked = provider if provider.embedded else replace(provider, model=self._embedding_model or provider.model)
        with _translated(asked, key, embedding=True):
            answer = await client.embeddings.create(model=asked.model, input=list(texts), encoding_format="float")
            tokens = _count(answer.usage.prompt_tokens) if answer.usage else 0
            return _vectors(answer.data, len(texts)), tokens

    async def _client(self, provider: Provider) -> tuple[Any, Key]:
        """A client, made anew when the socket or the key is another one, and the key it sends."""
        socket = await self._socket(provider) if provider.embedded else ""
        key = await asyncio.to_thread(self._keys.find, provider)
        wanted = (provider.url, socket, key.value)
        made, client = self._clients.get(provider.name, (None, None))
        if made != wanted:
            client = await asyncio.to_thread(wire.client_for, provider, socket, key.value, self._silent)
            self._clients[provider.name] = wanted, client
        return client, key

    async def _socket(self, provider: Provider) -> str:
        try:
            return await self._endpoint()
        except SenterError as reason:
            raise _unusable(provider, reason) from reason

    async def _ask(self, client: Any, provider: Provider, question: dict[str, Any]) -> Any:
        """The stream of an answer. Some models have one temperature, and refuse to be told another."""
        import openai

        if provider in self._set_in_their_ways:
            del question[_TEMPERATURE]
        try:
            answer = await client.chat.completions.create(**question)
        except openai.BadRequestError as error:
            if error.param != _TEMPERATURE or _TEMPERATURE not in question:
                raise
            self._set_in_their_ways.add(provider)
            return await self._ask(client, provider, question)
        if answer.response.status_code != 200 or "json" in answer.response.headers.get("content-type", ""):
            await answer.close()
            raise ValueError("no stream")
        return answer


async def _until_the_end(provider: Provider, answer: Any) -> AsyncGenerator[Any, None]:
    """The events of an answer. Raises Passing when it ends before it says so.

    What comes afterwards only tells what it cost: that may be missing, or never come.
    """
    import openai

    events = aiter(answer)
    ended = False
    while True:
        try:
            async with asyncio.timeout(LAST_SECONDS if ended else None):
                chunk: Any = await anext(events, _NO_MORE)
        except (TimeoutError, openai.APIConnectionError):
            if ended:
                return
            raise
        if chunk is _NO_MORE and not ended:
            raise Passing(f"{provider.name} ended in the middle of its answer")
        if chunk is _NO_MORE:
            return
        ended = ended or any(choice.finish_reason for choice in chunk.choices)
        yield chunk


@contextlib.contextmanager
def _translated(provider: Provider, key: Key, *, embedding: bool = False) -> Iterator[None]:
    """What goes wrong between here and a provider, as an error of ours with one sentence."""
    import httpx2
    import openai

    name = provider.name
    try:
        yield
    except wire.TooMuch:
        raise ModelFailed(f"{name} sends more than an answer can have") from None
    except openai.APIStatusError as error:
        told = complaint.of_embedding if embedding else complaint.of_status
        raise told(provider, error.status_code, error.body, error.response.headers, key) from None
    except openai.APIConnectionError as error:
        raise wire.broken(provider, error) from error
    except openai.APIError as error:
        raise complaint.of_event(provider, error.body, error.message, key) from None
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        raise wire.broken(provider, error) from error
    except (openai.OpenAIError, *_NONSENSE) as error:
        raise ModelFailed(f"{name} does not speak the OpenAI protocol") from error


def _unusable(provider: Provider, reason: SenterError) -> NoModel:
    """Why a provider cannot be asked, without the advice after it: that is given for all of them at once."""
    what = str(reason).partition("; ")[0]
    if isinstance(reason, NoModel):
        return NoModel(f"{provider.name} has {what.removeprefix('there is ')}")
    return NoModel(f"{provider.name} cannot be used ({what})")


def _question(provider: Provider, messages: Sequence[Message], options: GenerateOptions) -> dict[str, Any]:
    service = service_of(provider)
    limit = "max_completion_tokens" if service == OPENAI else "max_tokens"
    question: dict[str, Any] = {
        "model": provider.model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        limit: options.max_tokens,
        _TEMPERATURE: options.temperature,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if options.json_schema:
        schema = {"name": "answer", "schema": json.loads(options.json_schema)}
        question["response_format"] = {"type": "json_schema", "json_schema": schema}
    if options.tools:
        question["tools"] = json.loads(options.tools)
    if service == OPENROUTER:
        question["extra_body"] = {"usage": {"include": True}}
    return question


def _piece(provider: Provider, chunk: Any) -> Piece:
    """What one event of a stream tells. Raises one of ``_NONSENSE`` for what is no such event."""
    choices = chunk.choices[:1]
    deltas = [choice.delta for choice in choices if getattr(choice, "delta", None) is not None]
    usage = chunk.usage
    return Piece(
        text="".join(delta.content for delta in deltas if delta.content is not None),
        model=_model_name(chunk.model or "", provider.embedded),
        tokens_in=_count(usage.prompt_tokens) if usage else 0,
        tokens_out=_count(usage.completion_tokens) if usage else 0,
        cost=_cost(getattr(usage, "cost", None)),
        cut=any(choice.finish_reason == "length" for choice in choices),
        tools=tuple(_part(place, call) for delta in deltas for place, call in enumerate(delta.tool_calls or ())),
        thought=sum(_thought(delta.model_extra) for delta in deltas if delta.model_extra),
    )


def _thought(extra: dict[str, Any]) -> int:
    """About how many tokens of thinking aloud there are, which the protocol does not know."""
    texts = (extra.get(name) for name in _THOUGHTS)
    said = next((text for text in texts if isinstance(text, str) and text), "")
    return math.ceil(len(said.encode(errors="replace")) / BYTES_A_TOKEN)


@functools.lru_cache(maxsize=16)
def _model_name(told: str, embedded: bool) -> str:
    """The name of the model that answers, which every event tells anew; the engine tells the path of a file."""
    return shortened(one_line(Path(told).name if embedded else told))


def _part(place: int, call: Any) -> ToolPart:
    """A part of a call; a provider that does not count its calls is taken to send each as a whole."""
    index = place if call.index is None else call.index
    if not isinstance(index, int) or not 0 <= index < MOST_CALLS:
        raise ValueError("no number of a call")
    if call.function is None:
        return ToolPart(index)
    name, arguments = call.function.name or "", call.function.arguments or ""
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise TypeError("no call")
    return ToolPart(index, name, arguments)


def _vectors(rows: Any, number: int) -> list[list[float]]:
    """One vector for each text, in the order of the texts. Raises one of ``_NONSENSE`` for what is none."""
    ordered = sorted(rows, key=lambda row: row.index)
    vectors = [[_finite(value) for value in row.embedding] for row in ordered]
    lengths = {len(vector) for vector in vectors}
    if len(vectors) != number or len(lengths) != 1 or not 0 < max(lengths) <= LONGEST_VECTOR:
        raise ValueError("not a vector for each text")
    return vectors


def _finite(value: Any) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("no number")
    return float(value)


def _count(number: Any) -> int:
    return min(max(int(number or 0), 0), LARGEST_COUNT)


def _cost(told: Any) -> float:
    """What an answer cost, 0 when that is not told or cannot be."""
    is_cost = isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told) and told > 0
    return float(told) if is_cost else 0.0
