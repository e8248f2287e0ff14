"""The model workers as other rooms see them: sentences, warming, embeddings, and what a worker does right now."""

import asyncio
import contextlib
import subprocess
import sys

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, Inbox, until

from senter.bus.names import PRIMARY, RESEARCH
from senter.bus.publish import Interface, method, private_signal, readable, sender
from senter.bus.signatures import Bool, Checks, Options, Str, Strings
from senter.errors import ModelFailed, NoModel, Unavailable
from senter.models import client as module
from senter.models import following as following_module
from senter.models.client import ACCOUNTS, ModelClient
from senter.models.interface import MessageRows, Vectors
from senter.models.providers.lanes import NOBODY, Neighbour
from senter.models.request import MANNERS, GenerateOptions

PROGRAM = (sys.executable, "-I", "-m", "senter.models")
HELLO = [{"role": "user", "content": "Hello"}]
OLLAMA = "port 11434"


class FakeWorker(Interface):
    """A primary worker that says of itself what a test says."""

    def __init__(self):
        super().__init__(PRIMARY)
        self.state, self.waited_for, self.provider = "ready", False, "ollama"
        self.rows = []
        self.reads = 0
        self.warmed = self.cancelled = 0
        self.requests, self.part, self.answer = [], "", ""
        self.before_answer = lambda: None

    @method
    async def Complete(self, prompt: Str) -> Str:
        """Never."""
        await asyncio.get_running_loop().create_future()

    @method
    async def Generate(self, request_id: Str, messages: MessageRows, options: Options) -> None:
        """Take it, and say of it what the test says."""
        self.requests.append(request_id)
        if self.part or self.answer:
            self.Delta(sender.get(), request_id, self.part or self.answer)
        if self.answer:
            self.Finished(sender.get(), request_id, "ok", {"text": self.answer})

    @private_signal
    def Delta(self, request_id: Str, text: Str) -> None:
        """A part of the answer."""

    @private_signal
    def Finished(self, request_id: Str, outcome: Str, result: Options) -> None:
        """The end of a request."""

    @method
    async def Cancel(self, request_id: Str) -> None:
        """Note it."""
        self.cancelled += 1

    @method
    async def Warm(self) -> None:
        """Note it."""
        self.warmed += 1

    @method
    async def Embed(self, texts: Strings) -> Vectors:
        """The lengths of the texts."""
        return [[float(len(text)), 0.5] for text in texts]

    @method
    async def Check(self) -> Checks:
        """What the test says."""
        return self.rows

    @readable
    def State(self) -> Str:
        """The state; reading all properties reads this one, too."""
        self.reads += 1
        self.before_answer()
        return self.state

    @readable
    def WaitedFor(self) -> Bool:
        """Whether somebody waits."""
        return self.waited_for

    @readable
    def Provider(self) -> Str:
        """Who is asked."""
        return self.provider

    def become(self, state, waited_for=False, provider="ollama"):
        """Be something else, and tell it."""
        self.state, self.waited_for, self.provider = state, waited_for, provider
        self.tell_properties("State", "WaitedFor", "Provider")


@pytest.fixture
def appear(connect):
    """Puts a fake primary worker on the bus, on a connection of its own."""

    async def start(**more):
        connection, worker = await connect(), FakeWorker()
        for name, value in more.items():
            setattr(worker, name, value)
        connection.export(PRIMARY.path, worker)
        worker.reads = 0
        assert await connection.own(PRIMARY.bus_name)
        return connection, worker

    return start


@pytest.fixture
async def followed(client):
    """What is told of the primary worker, from now on."""
    told = Inbox()
    following = asyncio.create_task(ModelClient(client, PRIMARY).following(told))
    assert await told.next() == (NOBODY,)
    yield told
    assert not following.done() or following.exception() is None
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following


# what a worker does right now


async def test_a_worker_that_is_there_is_told_at_once(appear, client):
    await appear(state="busy", waited_for=True)
    told = Inbox()
    following = asyncio.create_task(ModelClient(client, PRIMARY).following(told))
    while (now := await told.next()) == (NOBODY,):
        pass
    assert now == (Neighbour(True, True, OLLAMA),)
    following.cancel()


async def test_every_change_is_told_and_nothing_twice(followed, appear):
    _, worker = await appear()
    assert await followed.next() == (Neighbour(engine=OLLAMA),)
    worker.become("busy")
    worker.become("busy", waited_for=True)
    worker.become("busy", waited_for=True)
    worker.become("busy", provider="embedded")
    worker.become("ready", provider="https://api.example/v1")
    worker.become("unavailable", provider="")
    worker.become("ready")
    assert [(await followed.next())[0] for _ in range(5)] == [
        Neighbour(True, False, OLLAMA),
        Neighbour(True, True, OLLAMA),
        Neighbour(True, False, "embedded"),
        NOBODY,
        Neighbour(engine=OLLAMA),
    ]
    assert followed.rest() == []
    assert worker.reads == 1 + 7, "it was read once, and told itself seven times"


async def test_following_wakes_nobody(followed, bus, client):
    bus.install(PRIMARY.bus_name, "/bin/false")
    await client.answers()
    assert followed.rest() == []
    assert not await client.owner(PRIMARY.bus_name)


async def test_what_is_told_while_the_worker_is_read_is_neither_lost_nor_undone(followed, connect):
    """The answer to the reading is older than the signal here, and comes after it."""
    connection, worker = await connect(), FakeWorker()

    def interrupt():
        worker.before_answer = lambda: None
        worker.become("busy", waited_for=True)
        worker.state, worker.waited_for = "ready", False

    connection.export(PRIMARY.path, worker)
    worker.before_answer = interrupt
    assert await connection.own(PRIMARY.bus_name)
    assert await followed.next() == (Neighbour(True, True, OLLAMA),)
    worker.become("busy", provider="embedded")
    assert await followed.next() == (Neighbour(True, False, "embedded"),)


async def test_a_worker_that_leaves_is_nobody_and_the_next_one_is_read_anew(followed, appear):
    connection, _ = await appear(state="busy")
    assert await followed.next() == (Neighbour(True, False, OLLAMA),)
    await connection.close()
    assert await followed.next() == (NOBODY,)
    await appear(provider="embedded")
    assert await followed.next() == (Neighbour(engine="embedded"),)


async def test_what_a_worker_said_of_itself_is_forgotten_when_it_has_left_meanwhile(
    followed, appear, client, monkeypatch
):
    read, slow = client.call, asyncio.Event()
    late = []

    async def call(*arguments, **more):
        answer = await read(*arguments, **more)
        if "GetAll" in arguments:
            late.append(answer)
            await slow.wait()
        return answer

    monkeypatch.setattr(client, "call", call)
    connection, _ = await appear(state="busy")
    await until(lambda: late)
    await connection.close()
    await until(lambda: client._subscriptions.owners[PRIMARY.bus_name] == "")
    slow.set()
    await client.answers()
    assert followed.rest() == []


async def test_nobody_else_speaks_for_the_worker(followed, appear, connect):
    await appear()
    await followed.next()
    stranger, false = await connect(), FakeWorker()
    stranger.export(PRIMARY.path, false)
    false.become("busy", waited_for=True)
    await stranger.answers()
    assert followed.rest() == []


async def test_a_worker_that_cannot_be_read_is_nobody_until_it_says_something(followed, connect):
    connection = await connect()
    assert await connection.own(PRIMARY.bus_name)
    await connection.answers()
    assert followed.rest() == []
    worker = FakeWorker()
    connection.export(PRIMARY.path, worker)
    worker.become("busy")
    assert await followed.next() == (Neighbour(True, False, OLLAMA),)


async def test_without_a_bus_it_is_nobody_and_when_the_bus_is_back_it_is_read_anew(followed, appear, bus, client):
    for state in ("busy", "ready"):
        await appear(state=state, waited_for=True)
        assert await followed.next() == (Neighbour(state == "busy", True, OLLAMA),)
        bus.kill()
        assert await followed.next() == (NOBODY,)
        bus.start()
        assert await client.reopen()


async def test_a_worker_that_was_there_before_the_bus_was_back_is_told(followed, appear, bus, client):
    bus.kill()
    bus.start()
    await appear(state="busy")
    assert followed.rest() == []
    assert await client.reopen()
    assert await followed.next() == (Neighbour(True, False, OLLAMA),)


async def test_following_may_begin_while_there_is_no_bus(client, bus, appear):
    bus.kill()
    await client.wait_lost()
    told = Inbox()
    following = asyncio.create_task(ModelClient(client, PRIMARY).following(told))
    assert await told.next() == (NOBODY,)
    bus.start()
    await appear(state="busy")
    assert await client.reopen()
    assert await told.next() == (Neighbour(True, False, OLLAMA),)
    following.cancel()


async def test_a_failure_of_ours_while_following_is_survived(client, appear, monkeypatch):
    monkeypatch.setattr(following_module, "AGAIN_SECONDS", 0.01)
    await appear(state="busy")
    told, failures = Inbox(), [Unavailable("not now")]

    def tell(now):
        told(now)
        if now.busy and failures:
            raise failures.pop()

    following = asyncio.create_task(ModelClient(client, PRIMARY).following(tell))
    busy = Neighbour(True, False, OLLAMA)
    assert [(await told.next())[0] for _ in range(3)] == [busy, NOBODY, busy]
    assert not following.done()
    following.cancel()


async def test_a_mistake_while_following_is_not_hidden(client, appear):
    await appear(state="busy")

    def tell(now):
        if now.busy:
            raise KeyError("a mistake")

    async with asyncio.timeout(DEADLINE):
        with pytest.raises(KeyError, match="a mistake"):
            await ModelClient(client, PRIMARY).following(tell)


# what is asked of it


async def test_a_request_of_which_nothing_was_heard_is_asked_anew_on_the_next_bus(appear, client, bus, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    _, worker = await appear()
    crowd = [asyncio.create_task(ModelClient(client, PRIMARY).generate(HELLO)) for _ in range(2)]
    one_client = ModelClient(client, PRIMARY)
    crowd += [asyncio.create_task(one_client.generate(HELLO)) for _ in range(3)]
    await until(lambda: len(worker.requests) == len(crowd))
    bus.kill()
    await client.wait_lost()
    bus.start()
    _, next_worker = await appear(answer="Yes.")
    assert await client.reopen()
    async with asyncio.timeout(DEADLINE):
        assert [outcome.text for outcome in await asyncio.gather(*crowd)] == ["Yes."] * len(crowd)
    assert len({*worker.requests, *next_worker.requests}) == 2 * len(crowd), "every request has an id of its own"


async def test_a_request_that_comes_while_there_is_no_bus_waits_for_the_next(appear, client, bus, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.01)
    bus.kill()
    await client.wait_lost()
    asking = asyncio.create_task(ModelClient(client, PRIMARY).generate(HELLO))
    bus.start()
    await appear(answer="Yes.")
    assert not asking.done()
    assert await client.reopen()
    assert (await asyncio.wait_for(asking, DEADLINE)).text == "Yes."


async def test_a_request_of_which_a_part_was_heard_ends_with_its_bus(appear, client, bus):
    await appear(part="Half an ")
    heard = asyncio.Event()
    asking = asyncio.create_task(ModelClient(client, PRIMARY).generate(HELLO, on_text=lambda _: heard.set()))
    await asyncio.wait_for(heard.wait(), DEADLINE)
    bus.kill()
    with pytest.raises(Unavailable, match="went away before it had answered"):
        await asyncio.wait_for(asking, DEADLINE)


async def test_a_bus_that_nobody_opens_again_is_waited_for_only_so_long(client, bus, monkeypatch):
    monkeypatch.setattr(module, "BUS_PATIENCE", 0.05)
    bus.kill()
    await client.wait_lost()
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match="cannot be asked: there is no connection to the bus"):
            await ModelClient(client, PRIMARY).generate(HELLO)


async def test_warming_and_vectors_are_asked_for(appear, client):
    _, worker = await appear()
    model = ModelClient(client, PRIMARY)
    await model.warm()
    assert worker.warmed == 1
    assert await model.embed(["one", "three"]) == [[3.0, 0.5], [5.0, 0.5]]


@pytest.mark.parametrize(
    ("rows", "can"),
    [
        ([], False),
        ([("ollama", "ok")], True),
        ([("ollama", "warn"), ("embedded", "ok"), ("budget", "ok")], True),
        ([("ollama", "fail"), ("budget", "ok"), ("use of models", "ok")], False),
        ([("ollama", "warn"), ("budget", "ok")], False),
        ([("ollama", "ok"), ("budget", "warn")], True),
        ([("ollama", "ok"), ("budget", "fail")], False),
        ([("ollama", "ok"), ("use of models", "fail")], False),
        ([("ollama", "ok"), ("damaged use of models", "warn")], True),
    ],
)
async def test_a_worker_can_answer_when_a_provider_is_there_and_may_be_asked(appear, client, rows, can):
    await appear(rows=[(what, verdict, "") for what, verdict in rows])
    assert await ModelClient(client, PRIMARY).can_answer() is can


async def test_an_answer_is_waited_for_as_long_as_its_worker_may_take(appear, client, monkeypatch):
    await appear()
    monkeypatch.setattr(module, "GRACE", -MANNERS["primary"].deadline_ms / 1000 + 0.05)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match=r"did not answer Complete within 0\.05"):
            await ModelClient(client, PRIMARY).complete("Hello")


@pytest.mark.parametrize("deadline", [0, 30_000])
async def test_a_conversation_is_waited_for_until_its_deadline_has_long_passed(
    appear, client, monkeypatch, deadline
):
    _, worker = await appear()
    monkeypatch.setattr(module, "GRACE", -(deadline or MANNERS["primary"].deadline_ms) / 1000 + 0.2)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match=r"^the model@primary did not finish within 0\.2"):
            await ModelClient(client, PRIMARY).generate(HELLO, GenerateOptions(deadline_ms=deadline))
    assert worker.cancelled == 1


# with the real worker


@pytest.fixture
async def server(home):
    """The only provider of both workers."""
    started = OpenAIServer()
    await started.start()
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir()
    file.write_text("".join(f'[models.{name}]\nproviders = ["{started.url}"]\n' for name in MANNERS))
    yield started
    await started.stop()


@pytest.fixture
async def model(server, bus, client):
    """The primary worker, which a call starts."""
    bus.install(PRIMARY.bus_name, *PROGRAM, "primary")
    return ModelClient(client, PRIMARY)


async def test_a_worker_tells_of_its_providers_and_of_what_may_be_used(model, server):
    assert [row.what for row in await model.check()] == [server.url, *ACCOUNTS]
    assert await model.can_answer()


async def test_sentences_are_told_while_the_answer_comes(model, server):
    server.enqueue(
        Reply("Dr. Mills is here. She waits", pieces=("Dr. Mi", "lls is here. S", "he waits"), pause=0.08)
    )
    heard = []

    def hear(kind):
        return lambda text: heard.append((kind, text))

    outcome = await model.generate(HELLO, None, hear("text"), hear("sentence"))
    assert outcome.text == "Dr. Mills is here. She waits"
    assert heard == [
        ("text", "Dr. Mi"),
        ("text", "lls is here. S"),
        ("sentence", "Dr. Mills is here."),
        ("text", "he waits"),
        ("sentence", "She waits"),
    ]


async def test_what_was_no_whole_sentence_when_the_answer_broke_off_is_not_spoken(model, server):
    server.enqueue(
        Reply("One is here. Two is", pieces=("One is here. T", "wo is", " not", " told"), cut="connection")
    )
    sentences = []
    with pytest.raises(ModelFailed):
        await model.generate(HELLO, on_sentence=sentences.append)
    assert sentences == ["One is here."]


async def test_an_answer_in_the_background_has_sentences_too(model, server):
    server.enqueue("One is here. Two")
    sentences = []
    await model.generate(HELLO, GenerateOptions(lane="background"), on_sentence=sentences.append)
    assert sentences == ["One is here.", "Two"]


async def test_a_real_worker_is_followed(model, server, followed):
    server.enqueue(Reply("Hello there", stall="before"))
    asking = asyncio.create_task(model.generate(HELLO))
    engine = f"port {server.port}"
    seen = []
    while seen[-1:] != [Neighbour(True, True, engine)]:
        seen += await followed.next()
    await server.wait_stalled(1)
    server.release()
    await asking
    while seen[-1:] != [Neighbour(engine=engine)]:
        seen += await followed.next()
    assert all(not now.waited_for or now.busy for now in seen)


async def test_a_worker_without_provider_cannot_answer_and_is_not_warm(bus, client, home):
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir()
    file.write_text('[models.research]\nproviders = ["http://127.0.0.1:9/v1"]\n')
    bus.install(RESEARCH.bus_name, *PROGRAM, "research")
    research = ModelClient(client, RESEARCH)
    assert not await research.can_answer()
    with pytest.raises(NoModel):
        await research.warm()


def test_the_client_is_cheap_to_import():
    names = ("openai", "httpx2", "pydantic", "sqlite3", "xllamacpp")
    code = f"import sys, senter.models.client; print([name for name in {names} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


async def test_the_research_worker_gives_way_when_the_primary_is_asked(model, server, bus, client):
    """One engine on this machine: what is worked on in the background begins anew."""
    bus.install(RESEARCH.bus_name, *PROGRAM, "research")
    server.enqueue(Reply("Never said", stall="before"), "For people", "For the goal")
    research = asyncio.create_task(ModelClient(client, RESEARCH).generate(HELLO))
    await server.wait_stalled(1)
    assert (await model.generate(HELLO)).text == "For people"
    await server.wait_disconnects(1)
    assert (await research).text == "For the goal"
    await until(lambda: len(server.requests) == 3)
