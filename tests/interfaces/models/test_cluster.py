"""The settings for a cluster, as the document of models has them, with two servers in the place of two clusters."""

import asyncio
import re
import sys

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, REPOSITORY

from senter.bus.names import MODELS, PRIMARY, RESEARCH
from senter.errors import NoModel
from senter.models.client import ModelClient

DOCUMENT = REPOSITORY / "docs/models.md"
HELLO = [{"role": "user", "content": "Hello"}]
PATIENCE = 30.0
"""Seconds; who answers 503 is asked again for a while."""


def settings():
    """The settings that the document shows for clusters."""
    _, _, chapter = DOCUMENT.read_text(encoding="utf-8").partition("## Where one machine is not enough")
    return re.search(r"```toml\n(.*?)```", chapter, re.DOTALL)[1]


@pytest.fixture
async def clusters():
    """Two servers that speak the protocol."""
    servers = [OpenAIServer(models=("assistant",)) for _ in range(2)]
    for number, server in enumerate(servers, start=1):
        server.default = Reply(f"From server {number}.")
        await server.start()
    yield servers
    for server in servers:
        await server.stop()


@pytest.fixture(params=MODELS, ids=lambda room: room.instance)
async def model(request, bus, client, home, run, clusters) -> ModelClient:
    """One of the workers, with the settings of the document; only where the servers are is another place."""
    urls = list(dict.fromkeys(re.findall(r'"(https?:[^"]*)"', settings())))
    assert len(urls) == len(clusters)
    text = settings()
    for url, server in zip(urls, clusters, strict=True):
        text = text.replace(url, server.url)
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir()
    file.write_text(text)
    room = request.param
    await run(sys.executable, "-I", "-m", "senter.models", room.instance)
    async with asyncio.timeout(2 * DEADLINE):
        await client.wait_owned(room.bus_name)
    return ModelClient(client, room)


async def ask(model):
    async with asyncio.timeout(PATIENCE):
        return await model.generate(HELLO)


def test_the_document_has_the_same_list_for_both_workers():
    for room in (PRIMARY, RESEARCH):
        assert f"[models.{room.instance}]" in settings()
    lists = re.findall(r"providers = (.*)", settings())
    assert len(lists) == 2 and len(set(lists)) == 1


async def test_the_first_server_answers(model, clusters):
    first, second = clusters
    outcome = await ask(model)
    assert (outcome.text, outcome.provider, outcome.model) == ("From server 1.", first.url, "assistant")
    assert second.requests == []


async def test_when_the_first_server_is_down_the_second_answers(model, clusters):
    first, second = clusters
    await first.stop()
    outcome = await ask(model)
    assert (outcome.text, outcome.provider) == ("From server 2.", second.url)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "3600"}], ids=["for a while", "for an hour"])
async def test_when_the_first_server_has_no_machine_left_the_second_answers(model, clusters, headers):
    first, second = clusters
    first.default = Reply("no machine is free", status=503, headers=headers)
    outcome = await ask(model)
    assert (outcome.text, outcome.provider) == ("From server 2.", second.url)
    assert first.requests


async def test_when_the_first_server_is_back_it_answers_again(model, clusters):
    first, second = clusters
    port = first.port
    await first.stop()
    assert (await ask(model)).provider == second.url
    await first.start(port)
    assert (await ask(model)).text == "From server 1."


async def test_when_both_are_down_the_error_says_so_of_both(model, clusters):
    for server in clusters:
        await server.stop()
    with pytest.raises(NoModel, match="cannot be reached") as told:
        await ask(model)
    assert all(server.url in str(told.value) for server in clusters)
