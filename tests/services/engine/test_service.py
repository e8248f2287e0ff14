"""When a model is loaded, watched and given up, with an engine that only pretends."""

import asyncio
import time
from dataclasses import dataclass

import pytest

from senter.engine import service as module
from senter.engine.choice import INSTALL
from senter.engine.service import EngineService
from senter.errors import ConfigurationError, NoModel, Unavailable
from senter.settings import EngineSettings

DEADLINE = 5.0


@dataclass
class Seen:
    """What a look finds."""

    answers: bool = True
    worked: bool = False


class FakeEngine:
    """Loads at once, or when ``let_go`` is set; ends when ``ended`` has a reason."""

    def __init__(self):
        self.there = True
        self.loads = []
        self.refusal = None
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.asked_to_load = asyncio.Event()
        self.ended = asyncio.Queue()
        self.seen = Seen()
        self.looks = 0
        self.looked = asyncio.Event()
        self.loaded = False

    def installed(self):
        """Whether the test says so."""
        return self.there

    async def load(self, model, socket):
        """Remember, and refuse when there is a refusal."""
        self.loads.append((model.name, socket))
        self.asked_to_load.set()
        await self.let_go.wait()
        if self.refusal:
            raise self.refusal
        self.loaded = True

    async def wait_ended(self):
        """The reason, when there is one."""
        return await self.ended.get()

    async def look(self):
        """What the test has set."""
        self.looks += 1
        self.looked.set()
        return self.seen

    async def unload(self):
        """Remember."""
        self.loaded = False

    async def look_twice_more(self):
        """Return when what is set now was seen and taken in."""
        for _ in range(2):
            self.looked.clear()
            await asyncio.wait_for(self.looked.wait(), DEADLINE)


class Ground:
    """An engine room and everything around it."""

    def __init__(self, tmp_path):
        self.engine = FakeEngine()
        self.models = tmp_path / "models"
        self.models.mkdir()
        self.socket = tmp_path / "llama.sock"
        self.removed = []
        self.place_refusal = None
        self.told = []
        self.service = self.room()

    def room(self, **settings):
        """The service with other settings."""
        made = EngineService(
            self.engine, EngineSettings(**settings), self.models, self.prepare, self.removed.append
        )
        made.changed = lambda: self.told.append((made.state, made.model))
        return made

    def prepare(self):
        """Where the socket goes."""
        if self.place_refusal:
            raise self.place_refusal
        return self.socket

    def add(self, name="tiny.gguf", content=b"GGUF and more"):
        """Put a model file into the folder."""
        (self.models / name).write_bytes(content)


@pytest.fixture
async def ground(tmp_path):
    """A room with nothing in its models folder."""
    made = Ground(tmp_path)
    yield made
    await made.service.stop()


@pytest.fixture
def quick(monkeypatch):
    """Looks often, and is patient for a moment only."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.001)


async def test_nothing_is_loaded_at_start(ground):
    ground.add()
    await ground.service.start()
    assert ground.engine.loads == []
    assert (ground.service.state, ground.service.model) == ("off", "")
    assert ground.service.status() == "off; no model loaded"
    assert not ground.service.is_busy()
    assert ground.service.is_healthy()


async def test_the_first_call_loads_and_is_answered_when_the_model_is_there(ground):
    ground.add()
    ground.engine.let_go.clear()
    asking = asyncio.create_task(ground.service.endpoint())
    await ground.engine.asked_to_load.wait()
    assert (ground.service.state, ground.service.status()) == ("loading", "loading tiny.gguf")
    assert ground.service.is_busy()
    assert not asking.done()
    ground.engine.let_go.set()
    assert await asking == str(ground.socket)
    assert (ground.service.state, ground.service.model) == ("ready", "tiny.gguf")
    assert ground.service.status() == "tiny.gguf is loaded, 2 slots"


async def test_many_callers_share_one_loading(ground):
    ground.add()
    answers = await asyncio.gather(*[ground.service.endpoint() for _ in range(20)])
    assert set(answers) == {str(ground.socket)}
    assert await ground.service.endpoint() == str(ground.socket)
    assert len(ground.engine.loads) == 1


async def test_many_callers_share_one_failure(ground):
    ground.add()
    ground.engine.refusal = Unavailable("tiny.gguf cannot be loaded: no")
    answers = await asyncio.gather(*[ground.service.endpoint() for _ in range(20)], return_exceptions=True)
    assert {str(answer) for answer in answers} == {"tiny.gguf cannot be loaded: no"}
    assert len(ground.engine.loads) == 1


async def test_of_several_models_the_settings_choose(ground):
    ground.add("a.gguf")
    ground.add("b.gguf")
    await ground.service.endpoint()
    chosen = ground.room(model="b.gguf")
    await chosen.endpoint()
    assert [name for name, _ in ground.engine.loads] == ["a.gguf", "b.gguf"]
    await chosen.stop()


async def test_without_a_model_the_folder_is_named_and_nothing_is_started(ground):
    with pytest.raises(NoModel, match=str(ground.models)):
        await ground.service.endpoint()
    assert ground.engine.loads == []
    assert ground.service.state == "off"
    assert ground.service.status() == "off; no model loaded"


async def test_a_model_that_is_put_there_later_is_found(ground):
    with pytest.raises(NoModel):
        await ground.service.endpoint()
    ground.add()
    assert await ground.service.endpoint() == str(ground.socket)


async def test_a_file_that_is_no_model_is_not_given_to_llama(ground):
    ground.add(content=b"<html>not found</html>")
    with pytest.raises(Unavailable, match=r"tiny\.gguf is not a language model in the GGUF format"):
        await ground.service.endpoint()
    assert ground.engine.loads == []
    assert ground.service.state == "failed"


async def test_what_could_not_be_loaded_is_tried_again(ground):
    ground.add()
    ground.engine.refusal = Unavailable("tiny.gguf cannot be loaded: it is incomplete")
    with pytest.raises(Unavailable, match="incomplete"):
        await ground.service.endpoint()
    assert ground.service.status() == "failed: tiny.gguf cannot be loaded: it is incomplete"
    assert ground.service.is_healthy()
    assert not ground.service.is_busy()
    ground.engine.refusal = None
    assert await ground.service.endpoint() == str(ground.socket)
    assert ground.service.state == "ready"


async def test_a_place_where_no_socket_can_be_is_told(ground):
    ground.add()
    ground.place_refusal = Unavailable("/run/senter belongs to another user")
    with pytest.raises(Unavailable, match="another user"):
        await ground.service.endpoint()
    assert ground.engine.loads == []


async def test_stopping_gives_the_memory_back_and_takes_the_socket_away(ground):
    ground.add()
    await ground.service.endpoint()
    await ground.service.stop()
    assert not ground.engine.loaded
    assert ground.removed == [ground.socket]
    assert ground.service.status() == "off; no model loaded"


async def test_stopping_while_it_loads_tells_everybody_who_waits(ground):
    ground.add()
    ground.engine.let_go.clear()
    asking = [asyncio.create_task(ground.service.endpoint()) for _ in range(3)]
    await ground.engine.asked_to_load.wait()
    await ground.service.stop()
    for answer in await asyncio.gather(*asking, return_exceptions=True):
        assert isinstance(answer, Unavailable)
        assert str(answer) == "the engine was stopped while it loaded a model"
    assert ground.service.state == "off"
    assert ground.removed == [ground.socket]


async def test_a_failure_is_the_last_word(ground):
    ground.add()
    ground.engine.refusal = Unavailable("tiny.gguf cannot be loaded: it is incomplete")
    with pytest.raises(Unavailable):
        await ground.service.endpoint()
    await ground.service.stop()
    assert ground.service.status().startswith("failed: ")


async def test_a_model_that_works_on_requests_keeps_the_room(ground, quick):
    ground.add()
    ground.engine.seen = Seen(worked=True)
    await ground.service.endpoint()
    await ground.engine.look_twice_more()
    assert ground.service.is_busy()


async def test_a_model_that_rests_lets_the_room_go(ground, quick, monkeypatch):
    ground.add()
    ground.engine.seen = Seen(worked=True)
    await ground.service.endpoint()
    await ground.engine.look_twice_more()
    ground.engine.seen = Seen(worked=False)
    await ground.engine.look_twice_more()
    assert ground.service.is_busy(), "it has just worked"
    monkeypatch.setattr(module, "QUIET_SECONDS", 0.0)
    assert not ground.service.is_busy()


async def test_a_model_that_answers_no_more_is_unhealthy_after_a_while(ground, quick, monkeypatch):
    ground.add()
    await ground.service.endpoint()
    ground.engine.seen = Seen(answers=False)
    await ground.engine.look_twice_more()
    assert ground.service.is_healthy(), "one missed answer is no reason"
    monkeypatch.setattr(module, "DEAF_SECONDS", 0.0)
    assert not ground.service.is_healthy()


async def test_a_model_that_answers_stays_healthy(ground, quick, monkeypatch):
    ground.add()
    await ground.service.endpoint()
    monkeypatch.setattr(module, "DEAF_SECONDS", 0.2)
    end = time.monotonic() + 0.25
    while time.monotonic() < end:
        await ground.engine.look_twice_more()
    assert ground.service.is_healthy()


async def test_a_model_whose_process_ends_is_told_and_loaded_again(ground):
    ground.add()
    await ground.service.endpoint()
    await ground.engine.ended.put("llama.cpp was ended by SIGKILL")
    async with asyncio.timeout(DEADLINE):
        while ground.service.state == "ready":
            await asyncio.sleep(0)
    assert ground.service.status() == "failed: llama.cpp was ended by SIGKILL while it ran tiny.gguf"
    assert ground.service.is_healthy()
    assert not ground.service.is_busy()
    assert await ground.service.endpoint() == str(ground.socket)
    assert len(ground.engine.loads) == 2


async def test_every_change_is_told_when_it_comes(ground):
    ground.add()
    await ground.service.endpoint()
    assert ground.told == [("loading", ""), ("loading", "tiny.gguf"), ("ready", "tiny.gguf")]
    await ground.service.endpoint()
    assert len(ground.told) == 3
    await ground.engine.ended.put("llama.cpp was ended by SIGKILL")
    async with asyncio.timeout(DEADLINE):
        while len(ground.told) == 3:
            await asyncio.sleep(0)
    assert ground.told[3:] == [("failed", "tiny.gguf")]


async def test_a_loading_that_comes_to_nothing_is_told(ground):
    with pytest.raises(NoModel):
        await ground.service.endpoint()
    assert ground.told == [("loading", ""), ("off", "")]
    ground.add()
    ground.engine.refusal = Unavailable("tiny.gguf cannot be loaded: no")
    with pytest.raises(Unavailable):
        await ground.service.endpoint()
    assert ground.told[-1] == ("failed", "tiny.gguf")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [({"model": "../x.gguf"}, "model must be"), ({"context_tokens": 0}, "context_tokens must be at least 512")],
)
async def test_settings_that_cannot_be_meant_are_told_at_start(ground, settings, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        await ground.room(**settings).start()


async def test_a_sound_engine_finds_nothing_wrong(ground):
    ground.add()
    assert {check.verdict for check in await ground.service.check()} == {"ok"}
    assert ground.engine.loads == []


async def test_what_is_missing_is_told_with_its_cure(ground):
    ground.engine.there = False
    llama, model = await ground.service.check()
    assert (llama.verdict, llama.fix) == ("warn", INSTALL)
    assert model.verdict == "warn"
    assert str(ground.models) in model.fix


async def test_a_model_that_could_not_be_loaded_is_told_by_the_check(ground):
    ground.add()
    ground.engine.refusal = Unavailable("tiny.gguf cannot be loaded: no")
    with pytest.raises(Unavailable):
        await ground.service.endpoint()
    assert ("loading the model", "fail", "tiny.gguf cannot be loaded: no") in await ground.service.check()
