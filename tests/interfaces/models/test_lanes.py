"""Two workers and one engine on this machine: people go first, and what they interrupt is done later."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator

import pytest
from support.openai_server import OpenAIServer, Reply, Rule
from support.private_bus import DEADLINE

from senter.bus.client import Peer
from senter.bus.names import PRIMARY, RESEARCH
from senter.models.client import ModelClient
from senter.models.request import BACKGROUND, GenerateOptions

PROGRAM = (sys.executable, "-I", "-m", "senter.models")
STALLS = Rule("wait", Reply("Half an answer", stall="after"))


def question(text):
    """One question as a conversation."""
    return [{"role": "user", "content": text}]


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """The engine of both workers: it answers at once, and stalls in the middle of what says wait."""
    serving = OpenAIServer()
    serving.rules = [STALLS]
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture
async def workers(server, home, run, client):
    """Both workers, which share the server."""
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir(exist_ok=True)
    url = server.url.replace("127.0.0.1", "localhost")
    file.write_text(f'[models.primary]\nproviders = ["{server.url}"]\n[models.research]\nproviders = ["{url}"]\n')
    for room in (PRIMARY, RESEARCH):
        await run(*PROGRAM, room.instance)
        async with asyncio.timeout(2 * DEADLINE):
            await client.wait_owned(room.bus_name)
    yield ModelClient(client, PRIMARY), ModelClient(client, RESEARCH)
    server.release()


@pytest.fixture
async def waiting(client):
    """Returns when so many requests wait for their turn at the research worker."""

    async def wait(count: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while await Peer(client, RESEARCH).read("Queue") != count:
                pass

    return wait


def asked(server):
    """What the engine was asked, in order."""
    return [request.question for request in server.requests]


async def test_a_question_interrupts_research_which_is_done_afterwards(workers, server):
    primary, research = workers
    researching = asyncio.create_task(research.generate(question("wait for research")))
    await server.wait_stalled(1)
    asking = asyncio.create_task(primary.generate(question("wait for the question")))
    await server.wait_disconnects(1)
    await server.wait_stalled(2)
    assert asked(server) == ["wait for research", "wait for the question"]
    server.rules = []
    server.release()
    assert (await asking).text == "Half an answer"
    assert (await researching).text == "Yes."
    assert asked(server)[2:] == ["wait for research"]


async def test_research_waits_for_its_turn_while_somebody_is_answered(workers, server, waiting):
    primary, research = workers
    asking = asyncio.create_task(primary.generate(question("wait for the question")))
    await server.wait_stalled(1)
    researching = asyncio.create_task(research.generate(question("research")))
    more = asyncio.create_task(research.generate(question("more research")))
    await waiting(2)
    assert asked(server) == ["wait for the question"]
    server.release()
    await asking
    assert {(await researching).text, (await more).text} == {"Yes."}


async def test_work_on_the_primary_worker_holds_research_back_but_does_not_interrupt_it(workers, server):
    primary, research = workers
    researching = asyncio.create_task(research.generate(question("wait for research")))
    await server.wait_stalled(1)
    planning = await primary.generate(question("a plan"), GenerateOptions(lane=BACKGROUND))
    assert planning.text == "Yes."
    assert server.disconnects == 0
    server.release()
    assert (await researching).text == "Half an answer"


async def test_research_is_interrupted_twice_and_then_finished(workers, server):
    primary, research = workers
    researching = asyncio.create_task(research.generate(question("wait for research")))
    for times in (1, 2):
        await server.wait_stalled(times)
        await primary.generate(question("quick"))
        await server.wait_disconnects(times)
    await server.wait_stalled(3)
    await primary.generate(question("quick"))
    assert server.disconnects == 2
    server.release()
    assert (await researching).text == "Half an answer"


async def test_when_the_primary_worker_dies_research_goes_on(workers, server, client):
    primary, research = workers
    asking = asyncio.create_task(primary.generate(question("wait for the question")))
    await server.wait_stalled(1)
    researching = asyncio.create_task(research.generate(question("research")))
    os.kill(await client.ask_daemon("GetConnectionUnixProcessID", "s", PRIMARY.bus_name), signal.SIGKILL)
    assert (await researching).text == "Yes."
    asking.cancel()
    await asyncio.wait([asking])


async def test_a_question_to_a_busy_worker_interrupts_its_own_work(workers, server):
    primary, _ = workers
    planning = asyncio.create_task(primary.generate(question("wait for a plan"), GenerateOptions(lane=BACKGROUND)))
    await server.wait_stalled(1)
    assert (await primary.generate(question("quick"))).text == "Yes."
    assert server.disconnects == 1
    await server.wait_stalled(2)
    server.release()
    assert (await planning).text == "Half an answer"
