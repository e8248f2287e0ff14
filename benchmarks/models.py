"""Figures of the model workers, each beside the same engine asked directly with ``openai`` in the same run.

``packaging/private-session python benchmarks/models.py`` measures these alone.
"""

import asyncio
import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from session import REFERENCE, REPOSITORY, install, pid_of, pss, systemctl, tell

from senter import paths
from senter.bus.connection import Connection
from senter.bus.names import MODELS, PRIMARY, RESEARCH
from senter.engine.client import EngineClient
from senter.models.client import ModelClient
from senter.models.request import GenerateOptions

SHORT_ROUNDS, SHORT_TOKENS = 60, 8
LONG_ROUNDS, LONG_TOKENS = 11, 1600
CONVERSATION = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Tell me a story."}]
UNLIMITED = "[budget]\ntokens_per_day = 0\ntokens_per_goal = 0\n"

FLOOD = 50
FIRST_SECONDS, GAP_SECONDS, PIECES = 0.2, 0.02, 11
QUESTIONS = 30
PAUSE_SECONDS = 0.25
"""Between the end of an answer and the next question."""

Times = tuple[float, float]
"""Milliseconds to the first piece, and to the end."""
Asked = Callable[[int], Awaitable[Times]]


def main() -> None:
    """Measure and print, in a session where Senter is installed and runs."""
    configure("embedded")
    write_endless_model()
    for room in MODELS:
        tell(f"{room.title} before use (PSS)", pss(pid_of(room.unit)), "MB", pss(pid_of(REFERENCE)))
    asyncio.run(beside_the_engine())
    asyncio.run(in_a_flood())


def configure(provider: str) -> None:
    """Have both workers ask one provider."""
    file = paths.config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    workers = "".join(f'[models.{room.instance}]\nproviders = ["{provider}"]\n' for room in MODELS)
    file.write_text(workers + UNLIMITED)
    systemctl("restart", *(room.unit for room in MODELS))


def write_endless_model() -> None:
    """Give the engine a model that talks for as long as it may."""
    sys.path.append(str(REPOSITORY / "tests"))
    from support import tiny_model

    tiny_model.LIKINGS = {"</s>": tiny_model.DISLIKE}
    tiny_model.write_tiny_model(paths.models_folder() / "tiny.gguf")


def over_the_bus(model: ModelClient) -> Asked:
    """Asks through a worker."""

    async def ask(tokens: int) -> Times:
        first: list[float] = []
        begun = time.perf_counter()
        options = GenerateOptions(max_tokens=tokens, temperature=0.0)
        outcome = await model.generate(CONVERSATION, options, lambda _: first.append(time.perf_counter()))
        assert tokens in (0, outcome.tokens_out), outcome
        return (first[0] - begun) * 1000, (time.perf_counter() - begun) * 1000

    return ask


def directly(client: Any) -> Asked:
    """Asks the engine itself."""

    async def ask(tokens: int) -> Times:
        first: list[float] = []
        begun = time.perf_counter()
        stream = await client.chat.completions.create(
            model="",
            messages=CONVERSATION,
            max_tokens=tokens,
            temperature=0.0,
            stream=True,
            stream_options={"include_usage": True},
        )
        async for chunk in stream:
            if not first and chunk.choices and chunk.choices[0].delta.content:
                first.append(time.perf_counter())
            assert not chunk.usage or chunk.usage.completion_tokens == tokens
        return (first[0] - begun) * 1000, (time.perf_counter() - begun) * 1000

    return ask


async def side_by_side(ways: tuple[Asked, Asked], rounds: int, tokens: int) -> tuple[list[Times], list[Times]]:
    """The times of both, asked in turn, the other one first in every second round; one round more is for warmth."""
    times: tuple[list[Times], list[Times]] = ([], [])
    for number in range(rounds + 1):
        for place in (0, 1) if number % 2 else (1, 0):
            taken = await ways[place](tokens)
            if number:
                times[place].append(taken)
    return times


async def beside_the_engine() -> None:
    """What asking over the bus costs beside asking llama.cpp on its socket."""
    import httpx2
    import openai

    async with connected() as connection:
        socket = await EngineClient(connection).endpoint()
        transport = httpx2.AsyncHTTPTransport(uds=socket)
        http = httpx2.AsyncClient(transport=transport, timeout=None)
        async with openai.AsyncOpenAI(base_url="http://engine/v1", api_key="none", http_client=http) as client:
            ways = over_the_bus(ModelClient(connection, PRIMARY)), directly(client)
            bus, engine = await side_by_side(ways, SHORT_ROUNDS, SHORT_TOKENS)
            first = [statistics.median(time for time, _ in times) for times in (bus, engine)]
            tell("first token over the bus", first[0], "ms", first[1])
            tell("what the bus adds to it", first[0] - first[1], "ms", first[1])
            bus, engine = await side_by_side(ways, LONG_ROUNDS, LONG_TOKENS)
            speeds = [LONG_TOKENS / statistics.median(time for _, time in times) * 1000 for times in (bus, engine)]
            tell("tokens a second over the bus", speeds[0], "", speeds[1])


async def in_a_flood() -> None:
    """The primary's first token while the research worker has fifty requests for the same engine."""
    with one_slot() as url:
        configure(url)
        async with connected() as connection:
            research = ModelClient(connection, RESEARCH)
            ask = over_the_bus(ModelClient(connection, PRIMARY))
            idle = await first_tokens(ask)
            flood = [asyncio.create_task(research.generate(CONVERSATION)) for _ in range(FLOOD)]
            crowded = await first_tokens(ask)
            left = sum(not request.done() for request in flood)
            for request in flood:
                request.cancel()
            await asyncio.gather(*flood, return_exceptions=True)
    assert left, "the flood was over before the questions were"
    tell("first token in a flood", statistics.median(crowded), "ms", statistics.median(idle))


async def first_tokens(ask: Asked) -> list[float]:
    """How long some questions wait for their first token, milliseconds."""
    await ask(0)
    times = []
    for _ in range(QUESTIONS):
        await asyncio.sleep(PAUSE_SECONDS)
        times.append((await ask(0))[0])
    return times


@contextlib.contextmanager
def one_slot() -> Any:
    """An engine of fixed speed; its URL."""
    port_file = Path.home() / "one-slot.port"
    numbers = map(str, (FIRST_SECONDS, GAP_SECONDS, PIECES))
    program = Path(__file__).with_name("one_slot.py")
    engine = subprocess.Popen([sys.executable, program, port_file, *numbers])
    try:
        while not port_file.exists():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port_file.read_text()}/v1"
    finally:
        engine.kill()
        engine.wait()


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    """A connection to the session bus."""
    connection = Connection()
    await connection.open()
    yield connection
    await connection.close()


if __name__ == "__main__":
    install()
    main()
