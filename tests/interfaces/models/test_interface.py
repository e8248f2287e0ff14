"""``ai.senter.Model1`` end to end over a bus: the real program, its client, and providers with a script."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, REPOSITORY, Inbox, finish

from senter.bus.connection import Match
from senter.bus.library import Variant
from senter.bus.names import ENGINE, PRIMARY, RESEARCH
from senter.bus.publish import Interface, method
from senter.bus.signatures import Str
from senter.errors import InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models.client import ModelClient
from senter.models.request import GenerateOptions

XML = REPOSITORY / "units/interfaces/ai.senter.Model1.xml"
PROGRAM = (sys.executable, "-I", "-m", "senter.models")

HELLO = [{"role": "user", "content": "Hello"}]
NOBODY = "http://127.0.0.1:9/v1"
NOT_TOLD = "What was used is told later: the reporter is not installed on this bus"


@pytest.fixture
async def serve() -> AsyncIterator[object]:
    """Starts providers."""
    started = []

    async def start(socket: Path | None = None) -> OpenAIServer:
        started.append(OpenAIServer())
        await started[-1].start(socket=socket)
        return started[-1]

    yield start
    for server in started:
        await server.stop()


@pytest.fixture
async def server(serve) -> OpenAIServer:
    """The first provider of the primary worker."""
    return await serve()


@pytest.fixture
def configure(home):
    """Writes down which providers the workers have."""

    def write(*providers: str, worker: str = "primary", model: str = "llama3.2") -> None:
        file = home / "CONFIG_HOME/senter/config.toml"
        file.parent.mkdir(exist_ok=True)
        with file.open("a") as config:
            config.write(f"[models.{worker}]\nmodel = {json.dumps(model)}\nproviders = {json.dumps(providers)}\n")

    return write


@pytest.fixture
def launch(run, client):
    """Starts the primary worker; it serves when this returns."""

    async def start(**environment: str):
        program = await run(*PROGRAM, "primary", **environment)
        async with asyncio.timeout(2 * DEADLINE):
            await client.wait_owned(PRIMARY.bus_name)
        return program

    return start


@pytest.fixture
async def worker(configure, server, launch):
    """The primary worker, with the server as its only provider."""
    configure(server.url)
    return await launch()


@pytest.fixture
async def model(client, bus) -> ModelClient:
    """The primary worker as a program sees it that is no room."""
    return ModelClient(client, PRIMARY)


async def generate(connection, request_id, messages=HELLO, **options):
    """Ask without the client of the room."""
    rows = [{key: Variant("s", text) for key, text in row.items()} for row in messages]
    await connection.call(
        PRIMARY.bus_name, PRIMARY.path, PRIMARY.interface, "Generate", "saa{sv}a{sv}", request_id, rows, options
    )


async def listen(connection, member):
    """What a connection hears of the worker."""
    inbox = Inbox()
    await connection.subscribe(Match(PRIMARY.interface, member), inbox)
    return inbox


async def test_an_answer_comes_in_pieces_and_then_as_a_whole(worker, model, server):
    server.enqueue(Reply("One two three", pause=0.06))
    heard = []
    outcome = await model.generate(HELLO, on_text=heard.append)
    assert heard == ["One", " two", " three"]
    assert (outcome.text, outcome.error) == ("One two three", "")
    assert (outcome.model, outcome.provider) == ("llama3.2", server.url)
    assert outcome.tokens_out == 3
    assert 0 < outcome.first_token_ms < outcome.total_ms


async def test_a_fast_answer_comes_in_at_most_twenty_pieces_a_second(worker, model, server):
    server.enqueue("word " * 5000)
    heard = []
    outcome = await model.generate(HELLO, on_text=heard.append)
    assert "".join(heard) == outcome.text == "word " * 5000
    assert len(heard) <= 2 + outcome.total_ms / 50


async def test_every_caller_hears_of_its_own_requests_and_nobody_else_of_any(worker, connect, server):
    server.choose = lambda request: Reply(f"for {request.question}", pause=0.02)
    stranger = await connect()
    overheard = [await listen(stranger, member) for member in ("Delta", "Finished")]
    callers = [await connect() for _ in range(5)]
    clients = [ModelClient(caller, PRIMARY) for caller in callers]
    heard = [[] for _ in clients]
    asked = [
        client.generate([{"role": "user", "content": str(number)}], on_text=heard[number].append)
        for number, client in enumerate(clients)
    ]
    outcomes = await asyncio.gather(*asked)
    assert [outcome.text for outcome in outcomes] == [f"for {number}" for number in range(5)]
    assert ["".join(texts) for texts in heard] == [f"for {number}" for number in range(5)]
    assert await stranger.answers()
    assert [inbox.rest() for inbox in overheard] == [[], []]


async def test_requests_of_one_caller_are_kept_apart(worker, model, server):
    server.choose = lambda request: f"for {request.question}"
    asked = [model.generate([{"role": "user", "content": str(number)}]) for number in range(20)]
    assert [outcome.text for outcome in await asyncio.gather(*asked)] == [f"for {number}" for number in range(20)]


async def test_what_is_asked_reaches_the_provider(worker, model, server):
    server.enqueue("{}")
    await model.generate(HELLO, GenerateOptions(max_tokens=9, temperature=0.0, json_schema='{"type": "object"}'))
    (request,) = server.requests
    assert [message["role"] for message in request.messages] == ["system", "user"]
    assert (request.body["max_tokens"], request.body["temperature"]) == (9, 0.0)
    assert request.response_format["json_schema"]["schema"] == {"type": "object"}


async def test_an_answer_that_should_be_json_and_is_not_is_a_failure(worker, model, server):
    server.enqueue("Sure!")
    with pytest.raises(ModelFailed, match="did not answer with the JSON"):
        await model.generate(HELLO, GenerateOptions(json_schema="{}"))


async def test_ending_the_wait_ends_the_work(worker, model, server):
    server.enqueue(Reply("Hello there", stall="after"))
    heard = asyncio.Event()
    asking = asyncio.create_task(model.generate(HELLO, on_text=lambda _: heard.set()))
    await heard.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await server.wait_disconnects(1)
    assert (await model.generate(HELLO)).text == "Yes."


async def test_a_handler_that_fails_ends_the_work(worker, model, server):
    server.enqueue(Reply("Hello there", stall="after"))

    def fail(_: str) -> None:
        raise LookupError("nowhere to put it")

    with pytest.raises(LookupError):
        await model.generate(HELLO, on_text=fail)
    await server.wait_disconnects(1)


async def test_a_request_can_be_cancelled_by_its_caller_alone(worker, client, connect, server):
    server.enqueue(Reply("Hello there", stall="after"))
    deltas, finished = await listen(client, "Delta"), await listen(client, "Finished")
    await generate(client, "mine")
    assert await deltas.next() == ("mine", "Hello")
    for connection in (await connect(), client):
        await connection.call(PRIMARY.bus_name, PRIMARY.path, PRIMARY.interface, "Cancel", "s", "mine")
        assert server.disconnects == 0 or connection is client
    request_id, word, result = await finished.next()
    assert (request_id, word, result["text"], result["error"]) == ("mine", "cancelled", "Hello", "")
    await server.wait_disconnects(1)


async def test_when_the_caller_leaves_the_provider_stops(worker, model, connect, server):
    server.enqueue(Reply("Hello there", stall="after"))
    caller = await connect()
    await generate(caller, "1")
    await generate(caller, "2")
    await server.wait_stalled(1)
    await caller.close()
    await server.wait_disconnects(1)
    assert (await model.generate(HELLO)).text == "Yes."
    assert len(server.requests) == 2, "the one that waited for its turn was never asked"


async def test_a_provider_that_stalls_is_given_up_at_the_deadline(worker, model, server):
    await model.generate(HELLO)
    server.enqueue(Reply("Hello there", stall="after"), Reply("Hello there", stall="before"))
    for number in (1, 2):
        with pytest.raises(ModelFailed, match=r"did not finish within 0.3 s$"):
            await model.generate(HELLO, GenerateOptions(deadline_ms=300))
        await server.wait_disconnects(number)


async def test_a_provider_without_the_model_is_passed_over(configure, serve, launch, model):
    first, second = await serve(), await serve()
    first.models = ("mistral",)
    configure(NOBODY, first.url, second.url)
    await launch()
    outcome = await model.generate(HELLO)
    assert (outcome.text, outcome.provider) == ("Yes.", second.url)
    assert (len(first.requests), len(second.requests)) == (1, 1)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_provider_that_refuses_the_key_is_passed_over(configure, serve, launch, model, status):
    first, second = await serve(), await serve()
    first.enqueue(Reply("no", status=status))
    configure(first.url, second.url)
    await launch(OPENAI_API_KEY="sk-swordfish")
    assert (await model.generate(HELLO)).provider == second.url


@pytest.mark.parametrize("kind", ["folder", "fifo", "loop", "page"])
async def test_what_only_looks_like_a_model_file_is_none(configure, launch, model, home, kind):
    (home / "DATA_HOME/senter/models").mkdir(parents=True)
    file = home / "DATA_HOME/senter/models/tiny.gguf"
    make = {"folder": file.mkdir, "fifo": lambda: os.mkfifo(file), "loop": lambda: file.symlink_to(file.name)}
    make.get(kind, lambda: file.write_bytes(b"<html>"))()
    configure("embedded")
    await launch()
    assert (await model.check())[0].verdict == "fail"
    assert not await model.can_answer()
    assert await model.answering() == ("", "")


async def test_without_any_provider_there_is_one_sentence(configure, launch, model, home):
    configure(NOBODY, "embedded")
    await launch()
    with pytest.raises(NoModel) as missing:
        await model.generate(HELLO)
    folder = home / "DATA_HOME/senter/models"
    assert str(missing.value) == (
        f"there is no language model: {NOBODY} cannot be reached; embedded has no language model in {folder};"
        " see: senter setup"
    )
    with pytest.raises(NoModel, match="see: senter setup"):
        await model.complete("Hello")
    assert await model.state() == "unavailable"
    assert [check.verdict for check in await model.check()] == ["fail", "fail", "ok", "ok"]
    assert not await model.can_answer()


@pytest.mark.parametrize(
    "reply",
    [
        Reply("one two three four", cut="connection"),
        Reply("one two three four", cut="stream"),
        Reply("the question is too long", status=400),
        Reply(events="data: [[[[\n\n"),
        Reply(wire="\x00\x01garbage"),
    ],
    ids=["connection cut", "stream cut", "error", "no event", "no HTTP"],
)
async def test_a_provider_that_fails_fails_one_request_and_nothing_else(worker, model, server, reply):
    server.enqueue(reply)
    with pytest.raises(ModelFailed):
        await model.generate(HELLO)
    assert (await model.generate(HELLO)).text == "Yes."
    assert worker.process.returncode is None


async def test_what_there_was_of_an_answer_is_told_with_the_error(worker, client, server):
    server.enqueue(Reply("one two three four", cut="connection"))
    finished = await listen(client, "Finished")
    await generate(client, "1")
    request_id, word, result = await finished.next()
    assert (request_id, word, result["text"]) == ("1", "error", "one two")
    assert result["error"] == f"{server.url} broke off"
    assert set(result) == {
        *("text", "error", "model", "provider", "tokens_in", "tokens_out", "first_token_ms", "total_ms"),
        *("cut", "tool_calls", "failure"),
    }


@pytest.mark.parametrize(
    ("request_id", "messages", "options", "told"),
    [
        ("", HELLO, {}, "request_id must"),
        ("1", [], {}, "messages must"),
        ("1", [{"role": "root", "content": "x"}], {}, "the role of message 1"),
        ("1", [{"role": "user"}], {}, "message 1 must"),
        ("1", HELLO, {"json_schema": Variant("s", "[]")}, '"json_schema"'),
        ("1", HELLO, {"max_tokens": Variant("s", "many")}, '"max_tokens" must be of type u'),
        ("1", HELLO, {"tools": Variant("s", "all")}, '"tools" must be a JSON list'),
        ("1", HELLO, {"lane": Variant("s", "fast")}, '"lane" must be one of interactive, background'),
        ("1", HELLO, {"hurry": Variant("b", True)}, 'no option "hurry"'),
        ("1", [{"role": "user", "content": "x" * 262_145}], {}, "longer than 256 KiB"),
    ],
)
async def test_what_is_not_well_formed_is_refused(worker, client, server, request_id, messages, options, told):
    with pytest.raises(InvalidArgument, match=told):
        await generate(client, request_id, messages, **options)
    assert server.requests == []


async def test_an_id_that_is_in_use_is_refused(worker, client, connect, server):
    server.enqueue(Reply("a", stall="before"), Reply("b", stall="before"))
    await generate(client, "1")
    with pytest.raises(InvalidArgument, match="already being worked on"):
        await generate(client, "1")
    other = await connect()
    finished = await listen(other, "Finished")
    await generate(other, "1")
    await server.wait_stalled(1)
    server.release()
    await server.wait_stalled(2)
    server.release()
    assert (await finished.next())[1] == "ok"


async def test_one_question_gets_one_answer(worker, model, server):
    server.enqueue("Hello there")
    assert await model.complete("Hello") == "Hello there"
    assert server.requests[0].question == "Hello"


async def test_a_worker_that_is_killed_is_an_error_at_once(worker, model, server):
    server.enqueue(Reply("Hello there", stall="after"))
    heard = asyncio.Event()
    asking = asyncio.create_task(model.generate(HELLO, on_text=lambda _: heard.set()))
    await heard.wait()
    await worker.kill()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match="the model@primary went away before it had answered"):
            await asking


async def test_a_worker_that_is_told_to_stop_ends_its_work_and_leaves(worker, model, server):
    server.enqueue(Reply("Hello there", stall="after"))
    heard = asyncio.Event()
    asking = asyncio.create_task(model.generate(HELLO, on_text=lambda _: heard.set()))
    await heard.wait()
    worker.terminate()
    with pytest.raises(Unavailable):
        await asking
    code, complaint = await worker.end()
    assert (code, set(complaint.splitlines())) == (0, {NOT_TOLD})
    await server.wait_disconnects(1)


async def test_a_worker_that_is_replaced_while_it_is_asked_is_asked_once_more(worker, model, launch, server):
    """Whoever leaves before the first word, idle or killed, takes the request along."""
    begin = model._peer.call

    async def replaced(*arguments, **more):
        model._peer.call = begin
        answer = await begin(*arguments, **more)
        await worker.kill()
        await model._peer.wait_lost()
        await launch()
        return answer

    model._peer.call = replaced
    async with asyncio.timeout(2 * DEADLINE):
        assert (await model.generate(HELLO)).text == "Yes."
    assert len(server.requests) == 1


async def test_a_bus_that_dies_is_an_error_and_the_worker_survives(worker, model, bus, connect, client, server):
    server.enqueue(Reply("Hello there", stall="after"))
    heard = asyncio.Event()
    asking = asyncio.create_task(model.generate(HELLO, on_text=lambda _: heard.set()))
    await heard.wait()
    bus.kill()
    with pytest.raises(Unavailable):
        await asking
    await server.wait_disconnects(1)
    bus.start()
    again = await connect()
    async with asyncio.timeout(DEADLINE):
        await again.wait_owned(PRIMARY.bus_name)
    assert (await ModelClient(again, PRIMARY).generate(HELLO)).text == "Yes."


async def test_a_sleeping_worker_is_started_by_a_question_and_not_by_a_look(configure, server, bus, model):
    configure(server.url, worker="research")
    for room in (PRIMARY, RESEARCH):
        bus.install(room.bus_name, *PROGRAM, room.instance)
    research = ModelClient(model._connection, RESEARCH)
    assert await research.state() == ""
    assert (await research.generate(HELLO)).text == "Yes."
    assert server.requests[0].body["max_tokens"] == 2000
    assert await research.state() == "ready"
    assert await model.state() == "", "the other worker sleeps on"


async def test_the_state_is_told_to_whoever_listens(worker, client, model, server):
    await until_ready(model)
    changes = Inbox()
    properties = "org.freedesktop.DBus.Properties"
    await client.subscribe(Match(properties, "PropertiesChanged", path=PRIMARY.path), changes)
    await model.generate(HELLO)
    states = []
    while states[-2:] != ["busy", "ready"]:
        interface, values, _ = await changes.next()
        assert interface == PRIMARY.interface
        states.append(values["State"])
    assert (values["Model"], values["Provider"]) == ("llama3.2", server.url)
    assert values["RequestsProcessed"] == 1


async def test_a_worker_says_what_it_does(configure, server, launch, model, supervisor):
    configure(server.url)
    await launch(NOTIFY_SOCKET=supervisor.address)
    await supervisor.wait(f"STATUS=idle; llama3.2 on {server.url}")
    server.enqueue(Reply("Hello there", stall="after"))
    asking = asyncio.create_task(model.generate(HELLO))
    await supervisor.wait("STATUS=thinking for 1 caller")
    await server.wait_stalled(1)
    server.release()
    await asking
    await supervisor.wait(f"STATUS=idle; llama3.2 on {server.url}, 22 tokens today")


async def until_ready(model):
    """Return when the worker has looked for its providers."""
    async with asyncio.timeout(DEADLINE):
        while await model.state() == "loading":
            await asyncio.sleep(0.01)


async def test_a_worker_that_has_not_been_asked_is_small(worker, model):
    def loaded() -> str:
        return Path(f"/proc/{worker.pid}/maps").read_text()

    await until_ready(model)
    await model.check()
    assert "pydantic" not in loaded()
    await model.generate(HELLO)
    assert "pydantic" in loaded(), "what the test looks for is there when openai is"


async def test_a_key_is_sent_and_never_told(configure, server, launch, model):
    configure(server.url)
    worker = await launch(SENTER_KEY_127_0_0_1="sk-swordfish")
    server.enqueue("Hello", Reply("no such key: sk-swordfish", status=400))
    await model.generate(HELLO)
    assert server.requests[0].headers["authorization"] == "Bearer sk-swordfish"
    with pytest.raises(ModelFailed) as failed:
        await model.generate(HELLO)
    assert "swordfish" not in str(failed.value)
    worker.terminate()
    code, complaint = await worker.end()
    assert (code, set(complaint.splitlines())) == (0, {NOT_TOLD})


@pytest.mark.parametrize("provider", ["chatgpt", "localhost:11434"])
async def test_a_provider_that_is_none_is_a_mistake_in_the_configuration(configure, bus, home, provider):
    configure(provider)
    code, _, complaint = await finish(*PROGRAM, "primary")
    assert code == 78
    place = f"{home}/CONFIG_HOME/senter/config.toml: [models.primary]"
    presets = "ollama, llama.cpp, lmstudio, vllm, openai, openrouter, embedded"
    told = f"{place} providers must be {presets} or http and https URLs, not {provider!r}\n"
    assert complaint == told


async def test_a_worker_is_one_of_two(bus):
    for arguments in ((), ("third",), ("primary", "research")):
        code, _, complaint = await finish(*PROGRAM, *arguments)
        assert code == 1
        assert "``primary`` or ``research``" in complaint


class FakeEngine(Interface):
    """An engine whose socket the test has made, or that has no model."""

    def __init__(self, socket: str) -> None:
        super().__init__(ENGINE)
        self.socket = socket

    @method
    async def Endpoint(self) -> Str:
        """The socket."""
        if not self.socket:
            raise NoModel("there is no language model in the folder")
        return self.socket


@pytest.fixture
def engine(connect, home):
    """Puts an engine on the bus, and a model file into its folder."""

    async def start(socket: str) -> None:
        connection = await connect()
        connection.export(ENGINE.path, FakeEngine(socket))
        assert await connection.own(ENGINE.bus_name)
        folder = home / "DATA_HOME/senter/models"
        folder.mkdir(parents=True)
        (folder / "tiny.gguf").write_bytes(b"GGUF")

    return start


async def test_the_embedded_engine_is_asked_when_nobody_else_is_there(
    configure, launch, model, engine, serve, tmp_path
):
    socket = tmp_path / "engine.sock"
    server = await serve(socket)
    await engine(str(socket))
    configure(NOBODY, "embedded")
    await launch()
    await until_ready(model)
    assert server.probes == 0, "no model is woken by looking"
    outcome = await model.generate(HELLO)
    assert (outcome.text, outcome.provider) == ("Yes.", "embedded")


async def test_an_engine_without_model_is_passed_over(configure, launch, model, engine, server):
    await engine("")
    configure("embedded", server.url)
    await launch()
    assert (await model.generate(HELLO)).provider == server.url


def members(interface):
    """What an interface has, without its texts."""
    found = {}
    for member in interface:
        if member.tag != "annotation":
            arguments = [
                (argument.get("name"), argument.get("type"), argument.get("direction"))
                for argument in member.findall("arg")
            ]
            found[member.tag, member.get("name")] = (arguments, member.get("type"), member.get("access"))
    return found


async def test_live_introspection_is_the_documented_contract(worker, client):
    xml = await client.call(PRIMARY.bus_name, PRIMARY.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    live = ElementTree.fromstring(xml).find(f"interface[@name='{PRIMARY.interface}']")
    documented = ElementTree.parse(XML).find(f"interface[@name='{PRIMARY.interface}']")
    assert members(live) == members(documented)
    assert len(members(live)) == 17
