"""Speaking with providers over the OpenAI protocol, the well-behaved ones and the others."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, Reply

from senter.errors import ConfigurationError, ModelFailed, NoModel, Unavailable
from senter.models.chat import Chat
from senter.models.providers import Provider, providers_of
from senter.models.request import GenerateOptions, Message

HELLO = [Message("user", "Hello")]
KEY = "sk-swordfish"

EVENT = "data: {}\n\n"
NO_EVENTS = {
    "no JSON": EVENT.format("{nonsense"),
    "a number": EVENT.format("42"),
    "nothing": EVENT.format("null"),
    "a list": EVENT.format("[1]"),
    "choices that are none": EVENT.format('{"choices": 7}'),
    "a choice that is none": EVENT.format('{"choices": [null]}'),
    "a delta that is none": EVENT.format('{"choices": [{"delta": "x"}]}'),
    "a content that is no text": EVENT.format('{"choices": [{"delta": {"content": [1, 2]}}]}'),
    "counts that are none": EVENT.format('{"choices": [], "usage": {"prompt_tokens": "x"}}'),
    "counts without end": EVENT.format('{"choices": [], "usage": {"prompt_tokens": Infinity}}'),
    "brackets in brackets": EVENT.format("[" * 100_000),
    "bytes that are no text": "data: \udcff\udcfe\n\n",
}


@pytest.fixture
async def server():
    """A provider at a port of this machine."""
    serving = OpenAIServer()
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture
def provider(server) -> Provider:
    """The server, as config.toml would name it."""
    return providers_of([server.url], "config.toml")[0]


@pytest.fixture
def chat() -> Chat:
    return Chat(no_engine, no_file)


def no_file() -> Path:
    """A models folder without a model."""
    raise NoModel("there is no language model in /models; put a file *.gguf there")


async def no_engine() -> str:
    """An engine that cannot start."""
    raise Unavailable("the engine has failed")


async def pieces(chat, provider, model="llama3.2", **options) -> list[str]:
    """The texts of an answer to one question."""
    chosen = GenerateOptions(**{"max_tokens": 100, **options})
    async with contextlib.aclosing(chat.stream(provider, model, HELLO, chosen)) as answer:
        return [piece.text async for piece in answer if piece.text]


async def failure(chat, provider) -> str:
    """The sentence with which a question fails."""
    with pytest.raises(ModelFailed) as failed:
        await pieces(chat, provider)
    return str(failed.value).replace(provider.name, "it")


async def refusal(chat, provider) -> str:
    """The sentence with which a provider passes a question on to the next."""
    with pytest.raises(NoModel) as refused:
        await pieces(chat, provider)
    return str(refused.value).replace(provider.name, "it")


async def test_an_answer_comes_word_by_word_with_what_it_cost(chat, provider, server):
    server.enqueue("Hello there")
    answer = [piece async for piece in chat.stream(provider, "llama3.2", HELLO, GenerateOptions(max_tokens=5))]
    assert [piece.text for piece in answer if piece.text] == ["Hello", " there"]
    assert {piece.model for piece in answer} == {"llama3.2"}
    assert (answer[-1].tokens_in, answer[-1].tokens_out) == (1, 2)


async def test_what_is_asked_is_what_the_provider_gets(chat, provider, server):
    await pieces(chat, provider, max_tokens=7, temperature=0.25, json_schema='{"type": "object"}')
    (request,) = server.requests
    assert request.messages == [{"role": "user", "content": "Hello"}]
    assert (request.model, request.stream) == ("llama3.2", True)
    assert (request.body["max_tokens"], request.body["temperature"]) == (7, 0.25)
    assert request.body["stream_options"] == {"include_usage": True}
    schema = {"name": "answer", "schema": {"type": "object"}}
    assert request.response_format == {"type": "json_schema", "json_schema": schema}


async def test_a_provider_that_listens_is_found_and_not_asked_anything(chat, provider, server):
    await chat.look(provider)
    assert server.requests == []


async def test_a_provider_that_does_not_listen_cannot_be_reached(chat, provider, server):
    await server.stop()
    with pytest.raises(NoModel, match="cannot be reached"):
        await chat.look(provider)
    with pytest.raises(NoModel, match="cannot be reached"):
        await pieces(chat, provider)


@pytest.mark.parametrize("url", ["http://nowhere.invalid/v1", f"http://{'x' * 70}.example/v1", "http://[::2]:1/v1"])
async def test_a_provider_that_is_nowhere_cannot_be_reached(chat, url):
    with pytest.raises(NoModel, match="cannot be reached"):
        await chat.look(providers_of([url], "config.toml")[0])


async def test_a_model_that_a_provider_does_not_have_is_another_providers_business(chat, provider, server):
    server.models = ("llama3.2",)
    with pytest.raises(NoModel) as missing:
        await pieces(chat, provider, model="mistral")
    assert str(missing.value) == f"{provider.name} has no model mistral"
    assert await pieces(chat, provider) == ["Yes."]


async def test_an_error_is_told_with_what_the_provider_says_of_it(chat, provider, server):
    server.enqueue(Reply("the disk\nis full", status=500), Reply(status=503), Reply("slow down", status=429))
    assert await failure(chat, provider) == "it answered with status 500: the disk is full"
    assert await failure(chat, provider) == "it answered with status 503"
    assert await failure(chat, provider) == "it answered with status 429: slow down"
    assert len(server.requests) == 3, "nothing is tried again by itself"


async def test_an_error_in_the_middle_of_an_answer_is_told(chat, provider, server):
    server.enqueue(Reply(events=EVENT.format('{"error": {"message": "the schema cannot be kept"}}')))
    assert await failure(chat, provider) == "it failed: the schema cannot be kept"


@pytest.mark.parametrize(
    ("cut", "told"), [("connection", "it broke off"), ("stream", "it ended in the middle of its answer")]
)
async def test_half_an_answer_is_a_failure_after_its_pieces(chat, provider, server, cut, told):
    server.enqueue(Reply("one two three four", cut=cut))
    got = []
    with pytest.raises(ModelFailed) as failed:
        async for piece in chat.stream(provider, "llama3.2", HELLO, GenerateOptions(max_tokens=5)):
            got.append(piece.text)
    assert "".join(got) == "one two"
    assert str(failed.value) == told.replace("it", provider.name, 1)


@pytest.mark.parametrize("events", NO_EVENTS.values(), ids=NO_EVENTS)
async def test_an_event_that_is_none_is_a_failure(chat, provider, server, events):
    server.enqueue(Reply(events=events), "Hello")
    assert await failure(chat, provider) == "it does not speak the OpenAI protocol"
    assert await pieces(chat, provider) == ["Hello"]


@pytest.mark.parametrize(
    "wire",
    [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\n\r\n<html>It works!</html>",
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 two hundred\r\n\r\n",
    ],
)
async def test_a_server_of_something_else_is_a_failure(chat, provider, server, wire):
    server.enqueue(Reply(wire=wire), "Hello")
    assert (await failure(chat, provider)).startswith("it ")
    assert await pieces(chat, provider) == ["Hello"]


@pytest.mark.parametrize("reply", [Reply(events="x" * 9_000_000), Reply("x" * 9_000_000, status=500)])
async def test_what_does_not_end_is_broken_off_before_it_fills_the_memory(chat, provider, server, reply):
    server.enqueue(reply)
    assert await failure(chat, provider) == "it broke off"


async def test_a_long_answer_of_many_events_is_no_event_without_end(chat, provider, server):
    server.enqueue(Reply(pieces=("x" * 1_000_000,) * 10))
    assert sum(map(len, await pieces(chat, provider))) == 10_000_000


async def test_closing_an_answer_ends_it_at_the_provider(chat, provider, server):
    server.enqueue(Reply("Hello there", stall="after"))
    answer = chat.stream(provider, "llama3.2", HELLO, GenerateOptions(max_tokens=5))
    assert (await anext(answer)).text == "Hello"
    await answer.aclose()
    await server.wait_disconnects(1)


@pytest.mark.parametrize("stall", ["before", "after"])
async def test_cancelling_a_question_ends_it_at_the_provider(chat, provider, server, stall):
    server.enqueue(Reply("Hello there", stall=stall))
    asking = asyncio.create_task(pieces(chat, provider))
    await server.wait_requests(1)
    asking.cancel()
    await server.wait_disconnects(1)
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_key_is_sent_where_it_was_meant_to_go_and_never_told(provider, server):
    chat = Chat(no_engine, no_file, KEY)
    server.enqueue("Hello", Reply(f"wrong key {KEY}", status=500))
    assert await pieces(chat, provider) == ["Hello"]
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert await failure(chat, provider) == "it answered with status 500: wrong key …"


async def test_a_key_does_not_travel_in_the_open_nor_to_ollama(provider, server):
    chat = Chat(no_engine, no_file, KEY)
    open_way = Provider(provider.name, provider.url, "elsewhere.example", provider.port)
    ollama = Provider("ollama", provider.url, provider.host, provider.port)
    for other in (open_way, ollama):
        await pieces(chat, other)
        assert KEY not in str(server.requests[-1].headers)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_provider_that_refuses_the_key_or_wants_one_is_no_model(chat, provider, server, status):
    with_key = Chat(no_engine, no_file, KEY)
    open_way = Provider(provider.name, provider.url, "elsewhere.example", provider.port)
    server.enqueue(*[Reply(f"who is {KEY}?", status=status)] * 3)
    assert await refusal(with_key, provider) == f"it refuses the key in OPENAI_API_KEY (status {status})"
    assert await refusal(with_key, open_way) == f"it wants a key (status {status})", "it was not given any"
    assert await refusal(chat, provider) == f"it wants a key (status {status})"


async def test_the_embedded_engine_is_spoken_with_over_its_socket(tmp_path):
    server = OpenAIServer()
    await server.start(socket=tmp_path / "engine.sock")

    async def endpoint() -> str:
        return str(tmp_path / "engine.sock")

    (embedded,) = providers_of(["embedded"], "config.toml")
    assert await pieces(Chat(endpoint, no_file), embedded) == ["Yes."]
    await server.stop()
    with pytest.raises(NoModel, match="embedded cannot be reached"):
        await pieces(Chat(endpoint, no_file), embedded)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (NoModel("there is no language model in /models; put one there"), "has no language model in /models"),
        (NoModel("there is no b.gguf in /models; put it there"), "has no b.gguf in /models"),
        (Unavailable("llama.cpp is not installed; run: pip"), "cannot be used (llama.cpp is not installed)"),
        (ConfigurationError("[engine] is wrong"), "cannot be used ([engine] is wrong)"),
    ],
)
async def test_an_engine_that_cannot_load_a_model_is_no_model(reason, told):
    def refuse() -> Path:
        raise reason

    async def fail() -> str:
        raise reason

    chat = Chat(fail, refuse)
    (embedded,) = providers_of(["embedded"], "config.toml")
    for asking in (chat.look(embedded), pieces(chat, embedded)):
        with pytest.raises(NoModel) as missing:
            await asking
        assert str(missing.value) == f"embedded {told}"


async def test_the_embedded_engine_is_there_when_it_has_a_model_file():
    await Chat(no_engine, lambda: Path("/models/tiny.gguf")).look(Provider("embedded"))
