"""Ollama's own API, against servers that speak as Ollama's sources say it does."""

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, until
from support.purse_work import FakeReporter

from senter.errors import ModelFailed, NoModel
from senter.host.clock import local_now
from senter.models.providers import ollama
from senter.models.providers.chain import Chain
from senter.models.providers.chat import Chat
from senter.models.providers.keys import Keys
from senter.models.providers.provider import Provider
from senter.models.providers.warmth import Warmth
from senter.models.request import manner_of
from senter.models.service import ModelService
from senter.models.usage.budget import Budget
from senter.models.usage.purse import Purse
from senter.models.usage.store import UsageStore
from senter.settings import BudgetSettings, ModelSettings

CONFIG = Path("config.toml")
PLACE = "config.toml: [models.primary]"


class Ollama:
    """A server that keeps what it is told, and answers as a test says."""

    def __init__(self):
        self.requests = []
        self.status, self.answer = 200, json.dumps({"done": True, "done_reason": "load"})
        self.wire = None
        self.stalls = self.goes_on = False
        self.left = asyncio.Event()

    async def start(self):
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.provider = Provider("ollama", "llama3.2", f"http://127.0.0.1:{self.port}/v1", "127.0.0.1", self.port)

    async def stop(self):
        self._server.close()

    async def _accept(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in head.lower().splitlines() if line.startswith("content-length"))
            body = await reader.readexactly(int(length.partition(":")[2]))
            self.requests.append((*head.split(" ", 2)[:2], json.loads(body)))
            if self.stalls:
                await reader.read()
                self.left.set()
            written = self.answer.encode()
            head = f"HTTP/1.1 {self.status} Said\r\nContent-Length: {len(written)}\r\nConnection: close\r\n\r\n"
            writer.write(self.wire if self.wire is not None else head.encode() + written)
            await writer.drain()
            if self.goes_on:
                await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server():
    started = Ollama()
    await started.start()
    yield started
    await started.stop()


async def test_a_model_is_loaded_by_a_request_without_a_prompt(server):
    await ollama.load(server.provider, 15)
    expected = {"model": "llama3.2", "keep_alive": "15m", "stream": False}
    assert server.requests == [("POST", "/api/generate", expected)]


async def test_a_model_is_taken_out_of_memory_by_keeping_it_for_no_time(server):
    await ollama.unload(server.provider)
    ((_, _, said),) = server.requests
    assert (said["model"], said["keep_alive"]) == ("llama3.2", 0)


async def test_a_model_that_ollama_does_not_have_is_none(server):
    server.status, server.answer = 404, json.dumps({"error": "model 'llama3.2' not found"})
    for ask in (ollama.load(server.provider, 15), ollama.unload(server.provider)):
        with pytest.raises(NoModel) as told:
            await ask
        assert str(told.value) == "ollama has no model llama3.2"


@pytest.mark.parametrize("status", [307, 400, 500, 503])
async def test_any_other_answer_is_a_failure_that_says_what_ollama_said(server, status):
    server.status, server.answer = status, "out\nof memory \x1b[31m"
    with pytest.raises(ModelFailed) as told:
        await ollama.load(server.provider, 15)
    assert str(told.value).startswith(f"ollama did not load llama3.2 (status {status}): ")
    assert "out of memory" in str(told.value)
    assert str(told.value).isprintable()


async def test_an_ollama_that_is_not_there_is_no_model(server):
    await server.stop()
    with pytest.raises(NoModel) as told:
        await ollama.load(server.provider, 15)
    assert str(told.value) == "ollama cannot be reached"


async def test_an_ollama_that_breaks_off_is_a_failure(server):
    server.wire = b""
    with pytest.raises(ModelFailed) as told:
        await ollama.load(server.provider, 15)
    assert str(told.value) == "ollama broke off"


async def test_an_ollama_that_takes_too_long_is_a_failure_and_is_left(server, monkeypatch):
    monkeypatch.setattr(ollama, "LOAD_SECONDS", 0.2)
    server.stalls = True
    with pytest.raises(ModelFailed) as told:
        await ollama.load(server.provider, 15)
    assert str(told.value) == "ollama did not load llama3.2 within 0.2 s"
    async with asyncio.timeout(DEADLINE):
        await server.left.wait()


async def test_who_does_not_want_to_wait_any_more_leaves_ollama(server):
    server.stalls = True
    loading = asyncio.create_task(ollama.load(server.provider, 15))
    await until(lambda: server.requests)
    loading.cancel()
    async with asyncio.timeout(DEADLINE):
        await server.left.wait()


async def test_of_an_answer_that_does_not_end_only_the_beginning_is_read(server):
    server.wire = b"HTTP/1.1 500 Said\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 10_000
    server.goes_on = True
    with pytest.raises(ModelFailed) as told:
        await ollama.load(server.provider, 15)
    assert len(str(told.value)) < 400


async def test_no_proxy_comes_between_here_and_this_machine(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    await ollama.load(server.provider, 15)
    assert len(server.requests) == 1


class Login:
    """A login session in which nothing happens but what the test does."""

    def __init__(self):
        self.locked = self.unlocked = self.unplugged = self.plugged = lambda: None

    async def start(self):
        return True

    async def stop(self):
        pass


class Worker:
    """The primary worker without a bus, with an Ollama at a port of the test's own."""

    def __init__(self, server, folder, **chosen):
        settings = ModelSettings(**chosen)
        self.login = Login()
        provider = Provider("ollama", settings.model, server.url, "127.0.0.1", server.port)
        budget, reporter = Budget(BudgetSettings(), settings, "primary", CONFIG), FakeReporter()
        purse = Purse(UsageStore(folder / "usage.db", "primary"), budget, local_now, reporter, reporter.is_wanted)
        chain = Chain([provider], Chat(self.nobody, self.nobody, Keys(folder / "keys.toml", {})), purse)
        warmth = Warmth(settings, PLACE, self.nobody, self.login)
        self.service = ModelService(manner_of("primary", settings, PLACE), chain, purse, warmth, self.nobody)

    async def nobody(self, *_):
        """Does not answer, and does not leave."""
        await asyncio.get_running_loop().create_future()


@pytest.fixture
async def whole():
    started = OpenAIServer(models=("llama3.2",))
    await started.start()
    yield started
    await started.stop()


@pytest.fixture
async def work(whole, tmp_path):
    """Starts the worker with settings."""
    made = []

    async def start(**chosen):
        made.append(Worker(whole, tmp_path, **chosen))
        await made[-1].service.start()
        return made[-1]

    yield start
    for worker in made:
        await worker.service.stop()


@pytest.fixture
def tagged(whole) -> Provider:
    """The server, as an Ollama with some models."""
    whole.models = ("llama3.2", "Mistral:7b", "hf.co/Org/Model:Q4_K_M")
    return Provider("ollama", "llama3.2", whole.url, "127.0.0.1", whole.port)


@pytest.mark.parametrize(
    ("model", "there"),
    [
        ("llama3.2", True),
        ("llama3.2:latest", True),
        ("Llama3.2", True),
        ("library/llama3.2", True),
        ("registry.ollama.ai/library/llama3.2:latest", True),
        ("llama3.2:3b", False),
        ("llama3", False),
        ("mistral:7B", True),
        ("mistral", False),
        ("hf.co/org/model:q4_k_m", True),
        ("model:q4_k_m", False),
        ("gpt-oss:120b-cloud", True),
        ("kimi-k2.5:cloud", True),
        ("", True),
    ],
)
async def test_a_model_is_there_by_every_name_that_ollama_takes(whole, tagged, model, there):
    assert await ollama.has_model(replace(tagged, model=model)) is there
    assert (whole.native, whole.requests) == ([], []), "it wakes no model"


async def test_an_ollama_without_a_model_has_none(whole, tagged):
    whole.tags_reply = Reply(body='{"models": []}')
    assert not await ollama.has_model(tagged)


LISTED = '{"models": [{"name": "mistral:7b"}]}'
NO_OLLAMA = {
    "another path": Reply(status=404),
    "an error": Reply(LISTED, status=500, body=LISTED),
    "no JSON": Reply(body="{nonsense"),
    "no text": Reply(body="\udcff\udcfe"),
    "no object": Reply(body="[1]"),
    "no list": Reply(body='{"models": null}'),
    "models that are none": Reply(body='{"models": [1]}'),
    "models without a name": Reply(body='{"models": [{}]}'),
    "brackets in brackets": Reply(body="[" * 100_000),
    "a list without end": Reply(body=" " * 2_000_000 + LISTED),
    "a page": Reply(body="<html>It works!</html>"),
    "no HTTP": Reply(wire="SSH-2.0-OpenSSH_9.2\r\n"),
    "nothing": Reply(wire="\r\n\r\n"),
}


@pytest.mark.parametrize("reply", NO_OLLAMA.values(), ids=NO_OLLAMA)
async def test_who_lists_no_models_is_asked_for_one(whole, tagged, reply):
    whole.tags_reply = reply
    assert await ollama.has_model(tagged)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(stall="before"),
        Reply(wire="HTTP/1.0 200 OK\r\n\r\n" + " " * 1000, pause=0.01),
        Reply(wire="HTTP/1.0 200 OK\r\nX: " + "x" * 1000, pause=0.01),
    ],
    ids=["silence", "a body byte by byte", "a head byte by byte"],
)
async def test_who_is_slow_to_list_models_keeps_nobody_waiting(whole, tagged, reply, monkeypatch):
    monkeypatch.setattr(ollama, "LOOK_SECONDS", 0.1)
    whole.tags_reply = reply
    async with asyncio.timeout(1):
        assert await ollama.has_model(tagged)


async def test_an_ollama_that_went_away_is_found_missing_by_who_asks_it():
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    assert await ollama.has_model(Provider("ollama", "llama3.2", f"http://127.0.0.1:{port}/v1", "127.0.0.1", port))


async def test_a_worker_that_is_warmed_has_the_model_loaded(work, whole):
    worker = await work(keep_loaded_minutes=30)
    await worker.service.warm()
    assert whole.loaded == {"llama3.2": "30m"}
    assert whole.requests == [], "no question is asked for that"


async def test_after_an_answer_the_model_stays_for_as_long_as_the_settings_say(work, whole):
    worker = await work(keep_loaded_minutes=30)
    assert await worker.service.complete(":1.1", "Hello") == "Yes."
    await whole.wait_native(1)
    assert whole.loaded == {"llama3.2": "30m"}
    assert not worker.service.is_busy(), "nothing has to be taken out of memory"


async def test_a_worker_at_rest_asks_ollama_for_nothing(work, whole):
    worker = await work(unload_when=("locked",))
    worker.login.locked()
    worker.login.unlocked()
    await worker.service.check()
    assert (whole.native, whole.requests) == ([], [])


async def test_when_the_screen_is_locked_the_model_is_given_back(work, whole):
    worker = await work(unload_when=("locked",))
    await worker.service.complete(":1.1", "Hello")
    await whole.wait_native(1)
    assert worker.service.is_busy(), "the model is still to be taken out of memory"
    worker.login.locked()
    await whole.wait_native(2)
    assert whole.loaded == {}
    await until(lambda: not worker.service.is_busy())


async def test_a_request_that_is_worked_on_when_the_screen_is_locked_is_finished_first(work, whole):
    worker = await work(unload_when=("locked",))
    whole.enqueue(Reply("Hello there", stall="after"))
    asking = asyncio.create_task(worker.service.complete(":1.1", "Hello"))
    await whole.wait_stalled(1)
    worker.login.locked()
    await worker.service.check()
    assert whole.native == []
    whole.release()
    assert await asking == "Hello there"
    await until(lambda: whole.native and whole.native[-1]["keep_alive"] == 0)
    assert whole.loaded == {}
    assert await worker.service.complete(":1.1", "Hello") == "Yes."
