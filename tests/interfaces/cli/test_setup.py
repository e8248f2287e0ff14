"""``senter setup``: over a bus, with workers and an engine that find what the test says."""

import json

import pytest
from support.private_bus import SENTER, finish

from senter import paths
from senter.bus.names import ENGINE, PRIMARY, RESEARCH, Room
from senter.bus.publish import Interface, method, readable
from senter.bus.signatures import Check, Checks, Str

SOUND = [Check("llama.cpp", "ok", ""), Check("model file", "ok", "")]
OLLAMA = Check("ollama", "ok", "")
NO_OLLAMA = Check("ollama", "fail", "ollama cannot be reached; see: senter setup")
EMBEDDED = Check("embedded", "ok", "")


class PretendedRoom(Interface):
    """A worker or the engine."""

    def __init__(self, room: Room, checks: list[Check], model: str, provider: str) -> None:
        super().__init__(room)
        self.checks, self.model, self.provider = checks, model, provider

    @method
    async def Check(self) -> Checks:
        """What it finds."""
        return self.checks

    @readable
    def Model(self) -> Str:
        """Which model."""
        return self.model

    @readable
    def Provider(self) -> Str:
        """Who runs it."""
        return self.provider


@pytest.fixture
def put(connect):
    """Puts a room on the bus."""

    async def serve(room: Room, *checks: Check, model: str = "", provider: str = "") -> None:
        connection = await connect()
        connection.export(room.path, PretendedRoom(room, list(checks), model, provider))
        assert await connection.own(room.bus_name)

    return serve


async def senter(*arguments: str) -> tuple[int | None, str]:
    """How ``senter setup`` ends and what it says; it complains of nothing."""
    code, output, complaint = await finish(*SENTER, "setup", *arguments)
    assert complaint == ""
    return code, output


def rows(output: str) -> list[str]:
    """The lines of the table, with single spaces."""
    return [" ".join(line.split()) for line in output.partition("\n\n")[0].splitlines()]


async def test_with_a_model_it_says_which_one_answers(put):
    await put(PRIMARY, OLLAMA, model="llama3.2", provider="ollama")
    await put(RESEARCH, NO_OLLAMA._replace(verdict="warn"), EMBEDDED, provider="embedded")
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 0
    assert rows(output) == [
        "WHO WHAT STATE HOW TO MEND IT",
        "primary ollama ok",
        "research ollama warn ollama cannot be reached",
        "research embedded ok",
        "engine llama.cpp ok",
        "engine model file ok",
    ]
    assert "\n\nprimary: llama3.2 on ollama\nresearch: embedded\n\nTry it with: senter ask" in output
    assert "pull" not in output


async def test_without_a_model_it_says_how_to_get_one(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, NO_OLLAMA)
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 1
    assert "primary: no language model\nresearch: no language model\n" in output
    assert "ollama pull llama3.2" in output
    assert "2. Run: senter models pull qwen3-4b (others: senter models list),\n" in output
    assert f"   or put a .gguf file into {paths.models_folder()}\n" in output
    assert f"in {paths.config_file()}, " in output
    assert "[models.primary]" in output and "[models.research]" in output
    assert "go on by themselves" in output
    assert "see: senter setup" not in output


async def test_a_missing_llama_is_part_of_the_way(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, NO_OLLAMA)
    await put(ENGINE, Check("llama.cpp", "warn", "run: pip"))
    assert f"{paths.models_folder()}, and run: pip\n" in (await senter())[1]


async def test_a_model_of_one_worker_alone_is_not_enough(put):
    await put(PRIMARY, OLLAMA, model="llama3.2", provider="ollama")
    await put(RESEARCH, NO_OLLAMA)
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert (code, "research: no language model" in output) == (1, True)


SPENT = "today's 1,000 tokens are used up; raise tokens_per_day in [budget] of config.toml, then: senter restart"
UNKEPT = "usage.db is damaged"


@pytest.mark.parametrize(
    ("row", "why"), [(Check("budget", "fail", SPENT), SPENT), (Check("use of models", "fail", UNKEPT), UNKEPT)]
)
async def test_a_model_that_may_not_be_asked_is_told_with_why(put, row, why):
    await put(PRIMARY, OLLAMA, Check("budget", "ok", ""), model="llama3.2", provider="ollama")
    await put(RESEARCH, OLLAMA, row, model="llama3.2", provider="ollama")
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 1
    end = f"primary: llama3.2 on ollama\nresearch: no language model may be asked: {why}\n"
    assert output.partition("\n\n")[2] == end


async def test_a_budget_alone_is_no_model(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, NO_OLLAMA, Check("budget", "ok", ""), Check("use of models", "ok", ""), provider="ollama")
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 1
    assert "primary: no language model\nresearch: no language model\n" in output
    assert "ollama pull" in output and "Try it" not in output


async def test_a_budget_of_which_little_is_left_is_no_reason_to_be_silent(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, OLLAMA, Check("budget", "warn", "much is used"), model="llama3.2", provider="ollama")
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 0
    assert "Try it with: " in output


async def test_a_model_that_the_engine_could_not_load_does_not_answer(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, EMBEDDED, provider="embedded")
    await put(ENGINE, *SOUND, Check("loading the model", "fail", "tiny.gguf is incomplete"))
    code, output = await senter()
    assert (code, "primary: no language model" in output) == (1, True)
    assert "tiny.gguf is incomplete" in output


async def test_a_room_that_does_not_answer_is_a_row_of_its_own(put):
    await put(PRIMARY, OLLAMA, model="llama3.2", provider="ollama")
    await put(ENGINE, *SOUND)
    code, output = await senter()
    assert code == 1
    assert "research model@research fail the model@research is not installed on this bus" in rows(output)


async def test_no_text_of_a_room_commands_the_terminal(put):
    for worker in (PRIMARY, RESEARCH):
        await put(worker, Check("\x1b[2J", "ok", "\x1b[2J"), model="\x1b[2J", provider="[red]\x1b[2J")
    await put(ENGINE, *SOUND)
    output = (await senter())[1]
    assert "\x1b" not in output
    assert "[red]" in output


async def test_as_json_it_is_one_document(put):
    await put(PRIMARY, OLLAMA, model="llama3.2", provider="ollama")
    await put(RESEARCH, NO_OLLAMA)
    await put(ENGINE, *SOUND)
    code, output = await senter("--json")
    assert code == 1
    assert json.loads(output) == {
        "primary": {"model": "llama3.2", "provider": "ollama", "checks": [OLLAMA._asdict()]},
        "research": {"model": "", "provider": "", "checks": [NO_OLLAMA._asdict()]},
        "engine": [check._asdict() for check in SOUND],
    }
