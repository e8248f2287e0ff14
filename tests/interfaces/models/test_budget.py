"""What both workers may use together: the real programs and reporter on a bus, and a provider with a script."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE
from support.private_bus import REPORTER as REPORTER_PROGRAM

from senter.bus.client import Peer
from senter.bus.names import PRIMARY, REPORTER, RESEARCH
from senter.errors import BudgetSpent, Unavailable
from senter.models.client import ModelClient
from senter.models.request import GenerateOptions
from senter.reporter.client import ReporterClient
from senter.reporter.notice import Notice

PROGRAM = (sys.executable, "-I", "-m", "senter.models")
HELLO = [{"role": "user", "content": "Hello"}]
ROOMS = {"primary": PRIMARY, "research": RESEARCH}
WORDS = 1000
LONG = Reply("word " * WORDS)


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """The provider of both workers."""
    serving = OpenAIServer()
    await serving.start()
    yield serving
    await serving.stop()


@pytest.fixture
def reporter(bus, client) -> ReporterClient:
    """The real reporter; without a notification server its notices wait."""
    bus.install(REPORTER.bus_name, *REPORTER_PROGRAM)
    return ReporterClient(client)


async def notices(reporter: ReporterClient) -> list[Notice]:
    """The notices of the reporter, once there are any."""
    async with asyncio.timeout(2 * DEADLINE):
        while not (pending := await reporter.pending()):
            await asyncio.sleep(0.02)
    return pending


async def digest_with(text: str, reporter: ReporterClient) -> str:
    """What the digest says, once it says this."""
    async with asyncio.timeout(2 * DEADLINE):
        while text not in (digest := await reporter.digest()):
            await asyncio.sleep(0.02)
    return digest


@pytest.fixture
def start(home, server, run, client):
    """Starts a worker with this budget."""

    async def begin(worker="research", **budget):
        file = home / "CONFIG_HOME/senter/config.toml"
        file.parent.mkdir(exist_ok=True)
        lines = [f"{key} = {str(value).lower()}" for key, value in budget.items()]
        models = [f'[models.{name}]\nproviders = ["{server.url}"]' for name in ROOMS]
        file.write_text("\n".join(["[budget]", *lines, *models, ""]))
        begin.programs.append(await run(*PROGRAM, worker))
        async with asyncio.timeout(2 * DEADLINE):
            await client.wait_owned(ROOMS[worker].bus_name)
        return ModelClient(client, ROOMS[worker])

    begin.programs = []
    return begin


async def tokens_today(client, room):
    """What a worker says both have used."""
    return await Peer(client, room).read("TokensToday")


async def test_a_day_that_is_spent_ends_research_and_is_told_once(start, server, reporter):
    research = await start(tokens_per_day=5000)
    server.enqueue(Reply("word " * 4000))
    assert (await research.generate(HELLO)).tokens_out == 4000
    for _ in range(2):
        with pytest.raises(BudgetSpent, match=r"^today [\d,]+ of 5,000 tokens are left, and this request may need"):
            await research.generate(HELLO)
    assert len(server.requests) == 1
    await notices(reporter)
    with pytest.raises(BudgetSpent):
        await research.generate(HELLO)
    (notice,) = await notices(reporter)
    assert (notice.title, notice.type) == ("The budget for language models", "budget")
    assert (
        "raise tokens_per_day in [budget] of config.toml, then: senter restart; or wait until tomorrow"
        in notice.body
    )


async def test_people_are_answered_when_the_day_is_spent_and_goals_are_not(start, server):
    primary = await start("primary", tokens_per_day=1000)
    server.enqueue(LONG)
    await primary.generate(HELLO)
    assert (await primary.generate(HELLO)).text == "Yes."
    assert await primary.complete("Hello") == "Yes."
    with pytest.raises(BudgetSpent, match=r"^today's 1,000 tokens are used up"):
        await primary.generate(HELLO, GenerateOptions(account="7"))
    assert len(server.requests) == 3


async def test_people_are_refused_when_the_setting_says_so(start, server):
    primary = await start("primary", tokens_per_day=1000, primary_pauses=True)
    server.enqueue(LONG)
    await primary.generate(HELLO)
    with pytest.raises(BudgetSpent, match=r"^today's 1,000 tokens are used up"):
        await primary.complete("Hello")
    assert len(server.requests) == 1


async def test_what_one_worker_uses_binds_the_other(start, server, client, reporter):
    primary = await start("primary", tokens_per_goal=3000)
    research = await start("research", tokens_per_goal=3000)
    server.enqueue(LONG)
    await primary.generate(HELLO, GenerateOptions(account="7"))
    # what was used is written down when this is answered
    await primary.check()
    with pytest.raises(BudgetSpent, match=r"^goal 7 has 1,\d+ of its 3,000 tokens left"):
        await research.generate(HELLO, GenerateOptions(account="7"))
    await research.generate(HELLO, GenerateOptions(account="8"))
    told = (await notices(reporter))[0].body
    assert "tokens_per_goal in [budget] of config.toml, then: senter restart" in told
    await research.check()
    used = await tokens_today(client, RESEARCH)
    assert used > WORDS
    assert await tokens_today(client, PRIMARY) <= used


async def test_money_that_the_provider_tells_is_limited(start, server, reporter):
    server.default = Reply("Yes.", cost=0.6)
    research = await start(cost_per_day=1.0)
    await research.generate(HELLO)
    # as much may be needed again, and that is more than is left
    with pytest.raises(BudgetSpent, match=r"^today 0\.40 of 1\.00 for language models are left"):
        await research.generate(HELLO)
    await notices(reporter)


async def test_a_request_that_is_too_large_is_refused_and_nobody_is_told(start, server, reporter):
    research = await start(tokens_per_day=10_000)
    with pytest.raises(
        BudgetSpent, match=r"^this request may need [\d,]+ of today's 10,000 tokens, and 10,000 are"
    ):
        await research.generate(HELLO, GenerateOptions(max_tokens=20_000))
    assert (await research.generate(HELLO)).text == "Yes."
    assert await reporter.pending() == []


async def test_what_a_day_has_cost_is_in_the_digest(start, server, reporter):
    server.default = Reply("Yes.", cost=1.25)
    primary, research = await start("primary"), await start("research")
    outcomes = [await worker.generate(HELLO) for worker in (primary, research)]
    used = sum(outcome.tokens_in + outcome.tokens_out for outcome in outcomes)
    today = datetime.now().astimezone()
    assert f"{today:%A} {today.day} {today:%B}: {used} tokens, 2.50" in await digest_with("2.50", reporter)


async def test_what_was_used_last_is_in_the_digest_when_a_worker_has_left(start, server, reporter):
    server.default = Reply("Yes.", cost=1.25)
    research = await start()
    for _ in range(2):
        await research.generate(HELLO)
    start.programs[0].terminate()
    assert await start.programs[0].end() == (0, "")
    assert ", 2.50" in await reporter.digest()


async def test_tokens_of_today_are_there_after_a_restart(start, server, client, reporter):
    research = await start()
    assert await tokens_today(client, RESEARCH) == 0
    server.enqueue(LONG)
    outcome = await research.generate(HELLO)
    used = outcome.tokens_in + outcome.tokens_out
    assert await tokens_today(client, RESEARCH) == used > WORDS
    start.programs[0].terminate()
    assert await start.programs[0].end() == (0, "")
    await start()
    assert await tokens_today(client, RESEARCH) == used


async def test_what_a_killed_worker_had_reserved_counts_as_used(start, server, client):
    research = await start(tokens_per_day=5000)
    server.enqueue(Reply("Hello there", stall="after"))
    asking = asyncio.create_task(research.generate(HELLO))
    await server.wait_stalled(1)
    await start.programs[0].kill()
    with pytest.raises(Unavailable):
        await asking
    server.release()
    again = await start(tokens_per_day=5000)
    assert 2000 < await tokens_today(client, RESEARCH) < 2500
    await again.generate(HELLO)


async def test_what_is_left_is_a_part_of_the_check(start, server):
    research = await start(tokens_per_day=3000)
    assert [(check.what, check.verdict) for check in (await research.check())[1:]] == [
        ("budget", "ok"),
        ("use of models", "ok"),
    ]
    server.enqueue(Reply("word " * 3000))
    await research.generate(HELLO)
    spent = (await research.check())[1]
    assert (spent.verdict, spent.fix[:33]) == ("fail", "today's 3,000 tokens are used up;")
    assert not await research.can_answer()


async def test_a_limit_that_cannot_be_meant_is_told(start, run, home):
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir(exist_ok=True)
    file.write_text("[budget]\ncost_per_day = -1.0\n")
    program = await run(*PROGRAM, "primary")
    code, told = await program.end()
    assert (code, "[budget] cost_per_day must be 0 to 1e+15, not -1.0" in told) == (78, True)
