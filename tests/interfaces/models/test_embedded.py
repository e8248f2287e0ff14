"""Speaking with the embedded engine: real llama.cpp on its socket, and a model of random weights."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import pytest
from support.private_bus import DEADLINE
from support.tiny_model import write_tiny_model

from senter.bus.names import ENGINE, PRIMARY
from senter.engine.process import LlamaProcess
from senter.errors import ModelFailed, NoModel
from senter.models.client import ModelClient
from senter.models.providers.chat import Chat
from senter.models.providers.keys import Keys
from senter.models.providers.provider import Provider
from senter.models.providers.retry import Passing
from senter.models.request import GenerateOptions, Message, Piece

pytest.importorskip("xllamacpp", reason="needs llama.cpp: pip install xllamacpp")

EMBEDDED = Provider("embedded")
HELLO = [Message("user", "Hello")]
FLAG = {"type": "object", "properties": {"done": {"type": "boolean"}}, "required": ["done"]}
SCHEMA = {**FLAG, "additionalProperties": False}
ENDLESS = {"type": "array", "items": {"type": "integer"}, "minItems": 1500}
"""Keeps a model at work that would like to end."""


class Engine:
    """llama.cpp with two slots of 2,048 tokens; both are its to give."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "llama.sock"
        self.process = LlamaProcess(2048, 2)

    async def endpoint(self) -> str:
        """Where it answers."""
        return str(self.socket)

    async def page(self, path: str) -> bytes:
        """A page of the server."""
        reader, writer = await asyncio.open_unix_connection(self.socket)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: engine\r\nConnection: close\r\n\r\n".encode())
        page = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        return page

    async def working(self) -> int:
        """How many of its slots work."""
        return sum(slot["is_processing"] for slot in json.loads(await self.page("/slots")))

    async def generated(self) -> int:
        """How many tokens it has made of answers that have ended."""
        figures = dict(
            line.rsplit(" ", 1) for line in (await self.page("/metrics")).decode().splitlines() if line[:1] != "#"
        )
        return int(figures["llamacpp:tokens_predicted_total"])


@contextlib.asynccontextmanager
async def loaded(folder):
    """An engine that has loaded a model."""
    engine = Engine(folder)
    await engine.process.load(write_tiny_model(folder / "tiny.gguf"), engine.socket)
    try:
        yield engine
    finally:
        await engine.process.unload()


@pytest.fixture
async def engine(tmp_path):
    """An engine whose model is gibberish that can be printed."""
    async with loaded(tmp_path) as started:
        yield started


@pytest.fixture
async def mad(tmp_path, monkeypatch):
    """An engine whose model likes bytes that are no text."""
    monkeypatch.setattr("support.tiny_model.DISLIKE", 2.0)
    async with loaded(tmp_path) as started:
        yield started


def chat_with(engine) -> Chat:
    """Speaks with an engine."""
    model = engine.socket.with_name("tiny.gguf")
    return Chat(engine.endpoint, lambda: model, Keys(model.with_name("keys.toml"), {}))


@pytest.fixture
def chat(engine) -> Chat:
    return chat_with(engine)


def ask(chat, messages=HELLO, **options):
    """The pieces of an answer as they come; cold, so that it is the same every time."""
    return chat.stream(EMBEDDED, messages, GenerateOptions(**{"max_tokens": 20, "temperature": 0.0, **options}))


async def all_of(answer) -> list[Piece]:
    """All pieces of an answer."""
    async with contextlib.aclosing(answer) as pieces:
        return [piece async for piece in pieces]


def text_of(pieces) -> str:
    """The text of an answer."""
    return "".join(piece.text for piece in pieces)


async def at_work(engine, number):
    """Wait until so many slots work."""
    async with asyncio.timeout(DEADLINE):
        while await engine.working() != number:
            await asyncio.sleep(0.01)


async def test_a_question_wakes_the_engine_and_is_answered(bus, client, home):
    write_tiny_model(home / "DATA_HOME/senter/models/tiny.gguf")
    config = home / "CONFIG_HOME/senter/config.toml"
    config.parent.mkdir()
    config.write_text('[models.primary]\nproviders = ["embedded"]\n')
    bus.install(ENGINE.bus_name, sys.executable, "-I", "-m", "senter.engine")
    bus.install(PRIMARY.bus_name, sys.executable, "-I", "-m", "senter.models", "primary")
    model = ModelClient(client, PRIMARY)
    assert (await model.check())[0].verdict == "ok"
    assert not await client.owner(ENGINE.bus_name), "looking does not wake it"
    heard = []
    options = GenerateOptions(max_tokens=20, temperature=0.0)
    outcome = await model.generate([{"role": "user", "content": "Hello"}], options, heard.append)
    assert (outcome.provider, outcome.model) == ("embedded", "tiny.gguf")
    assert outcome.text == "".join(heard) != ""
    assert 0 < outcome.tokens_out <= 20


async def test_an_answer_comes_in_pieces_with_what_it_cost(chat):
    told = await all_of(ask(chat))
    assert len([piece for piece in told if piece.text]) > 1
    assert {piece.model for piece in told} == {"tiny.gguf"}
    (usage,) = [piece for piece in told if piece.tokens_out]
    assert usage.tokens_out <= 20
    assert usage.tokens_in > len("Hello")
    assert usage.cost == 0.0


async def test_an_answer_that_is_as_long_as_it_may_be_says_so(chat):
    told = await all_of(ask(chat, max_tokens=3, json_schema=json.dumps(ENDLESS)))
    assert [piece.cut for piece in told].count(True) == 1
    assert max(piece.tokens_out for piece in told) == 3
    whole = await all_of(ask(chat, max_tokens=200, json_schema=json.dumps(SCHEMA)))
    assert not any(piece.cut for piece in whole)


async def test_an_answer_keeps_to_its_schema(chat):
    for temperature in (0.0, 1.0, 2.0):
        told = await all_of(ask(chat, max_tokens=200, json_schema=json.dumps(SCHEMA), temperature=temperature))
        assert isinstance(json.loads(text_of(told))["done"], bool)


async def test_closing_an_answer_frees_the_slot_of_the_engine(chat, engine):
    answer = ask(chat, max_tokens=2000, json_schema=json.dumps(ENDLESS))
    await anext(answer)
    await at_work(engine, 1)
    await answer.aclose()
    await at_work(engine, 0)
    assert await engine.generated() < 2000


async def test_cancelling_a_question_frees_the_slot_of_the_engine(chat, engine):
    asking = asyncio.create_task(all_of(ask(chat, max_tokens=2000, json_schema=json.dumps(ENDLESS))))
    await at_work(engine, 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await at_work(engine, 0)


async def test_a_cancelled_question_does_not_disturb_the_one_beside_it(chat, engine):
    alone = text_of(await all_of(ask(chat, max_tokens=100)))
    disturbing = asyncio.create_task(all_of(ask(chat, max_tokens=2000, json_schema=json.dumps(ENDLESS))))
    await at_work(engine, 1)
    beside = asyncio.create_task(all_of(ask(chat, max_tokens=100)))
    disturbing.cancel()
    assert text_of(await beside) == alone
    await at_work(engine, 0)


async def test_a_question_that_is_longer_than_the_model_can_hold_is_a_failure(chat):
    with pytest.raises(ModelFailed) as failed:
        await all_of(ask(chat, [Message("user", "x" * 5000)]))
    assert type(failed.value) is ModelFailed
    assert str(failed.value).startswith("embedded answered with status 400: ")
    assert "context" in str(failed.value)


async def test_a_schema_that_cannot_be_kept_is_a_failure(chat):
    with pytest.raises(ModelFailed) as failed:
        await all_of(ask(chat, json_schema=json.dumps({"type": "object", "$ref": "#/nowhere"})))
    assert str(failed.value).startswith("embedded answered with status ")
    assert text_of(await all_of(ask(chat)))


async def test_gibberish_that_breaks_its_schema_is_a_failure_that_may_be_over_the_next_time(mad):
    schema = json.dumps({"type": "object", "properties": {"said": {"type": "string", "minLength": 5}}})
    chat, told = chat_with(mad), []
    # chance decides, so it is asked until it happens
    while not told:
        try:
            await all_of(ask(chat, max_tokens=40, temperature=2.0, json_schema=schema))
        except Passing as failed:
            told.append(str(failed))
    assert told == ["embedded failed: The model produced output that does not match the expected peg-native format"]
    await at_work(mad, 0)


async def test_an_engine_that_dies_in_the_middle_of_an_answer_has_broken_off(chat, engine):
    answer = ask(chat, max_tokens=2000, json_schema=json.dumps(ENDLESS))
    await anext(answer)
    await engine.process.unload()
    with pytest.raises(Passing, match=r"^embedded broke off$"):
        await all_of(answer)
    with pytest.raises(NoModel, match=r"^embedded cannot be reached$"):
        await all_of(ask(chat))


async def test_a_text_becomes_a_vector_beside_an_answer(chat, engine):
    alone = text_of(await all_of(ask(chat, max_tokens=100)))
    beside = asyncio.create_task(all_of(ask(chat, max_tokens=100)))
    vectors, tokens = await chat.embed(EMBEDDED, ["Hello", "Good night", "Hello"])
    assert text_of(await beside) == alone
    assert [len(vector) for vector in vectors] == [64, 64, 64]
    assert tokens > len("Hello")
    near, far = (sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in (vectors[2], vectors[1]))
    assert near == pytest.approx(1.0, abs=1e-3)
    assert far < near
    await at_work(engine, 0)


async def test_a_text_that_is_too_long_for_a_vector_is_a_failure_that_stays(chat):
    with pytest.raises(ModelFailed, match="too large") as failed:
        await chat.embed(EMBEDDED, ["x" * 600])
    assert type(failed.value) is ModelFailed
