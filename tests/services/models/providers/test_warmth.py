"""Which models are loaded, kept and given back, with an Ollama and a login session written by hand."""

import asyncio

import pytest

from senter.errors import ConfigurationError, ModelFailed, NoModel, Unavailable
from senter.models.providers.provider import providers_of
from senter.models.providers.warmth import Warmth
from senter.settings import ModelSettings

DEADLINE = 5.0
PLACE = "config.toml: [models.primary]"
OLLAMA, OTHER_MODEL, EMBEDDED, VLLM, AT_A_URL = providers_of(
    ["ollama", "ollama qwen3", "embedded", "vllm", "http://localhost:11434/v1"], "llama3.2", PLACE
)


class Keeper:
    """An Ollama that does what it is told, when it is let."""

    def __init__(self):
        self.told = []
        self.failure = None
        self.begun = asyncio.Queue()
        self.free = asyncio.Event()
        self.free.set()

    async def load(self, provider, minutes):
        await self._do("load", provider, minutes)

    async def unload(self, provider):
        await self._do("unload", provider)

    async def _do(self, *told):
        self.begun.put_nowait(told)
        await self.free.wait()
        if self.failure:
            raise self.failure
        self.told.append(told)


class Login:
    """A login session in which nothing happens but what the test does."""

    def __init__(self):
        self.listens = False
        self.locked = self.unlocked = self.unplugged = self.plugged = lambda: None
        self.started = asyncio.Event()

    async def start(self):
        self.listens = True
        self.started.set()
        return True

    async def stop(self):
        self.listens = False


class World:
    """A worker's warmth with everything around it."""

    def __init__(self, **chosen):
        self.now = 1000.0
        self.keeper, self.login = Keeper(), Login()
        self.engine_loads = 0
        self.warmth = Warmth(
            ModelSettings(**chosen), PLACE, self.endpoint, self.login, self.keeper, lambda: self.now
        )

    async def endpoint(self):
        self.engine_loads += 1
        return "/run/socket"

    async def next(self):
        """What Ollama is told next, when it is told."""
        async with asyncio.timeout(DEADLINE):
            return await self.keeper.begun.get()

    async def idle(self):
        """Return when there is nothing more to tell."""
        async with asyncio.timeout(DEADLINE):
            while self.warmth._telling and not self.warmth._telling.done():
                await asyncio.wait([self.warmth._telling])


@pytest.fixture
async def world():
    made = []

    def make(**chosen):
        made.append(World(**chosen))
        return made[-1]

    yield make
    for one in made:
        one.keeper.free.set()
        await one.warmth.stop()


async def test_the_engine_is_asked_where_it_answers_which_loads_its_model(world):
    one = world()
    await one.warmth.warm(EMBEDDED)
    assert (one.engine_loads, one.keeper.told) == (1, [])


async def test_ollama_is_told_to_load_the_model_and_for_how_long(world):
    one = world(keep_loaded_minutes=7)
    await one.warmth.warm(OTHER_MODEL)
    assert one.keeper.told == [("load", OTHER_MODEL, 7)]
    assert one.engine_loads == 0


@pytest.mark.parametrize("provider", [VLLM, AT_A_URL], ids=["vllm", "url"])
async def test_nobody_else_is_told_anything(world, provider):
    one = world(unload_when=("locked",))
    await one.warmth.warm(provider)
    one.warmth.used(provider)
    await one.warmth.unload()
    await one.idle()
    assert (one.keeper.told, one.engine_loads, one.warmth.is_kept()) == ([], 0, False)


async def test_who_wants_nothing_kept_has_nothing_loaded_ahead(world):
    one = world(keep_loaded_minutes=0)
    await one.warmth.warm(OLLAMA)
    assert one.keeper.told == []


@pytest.mark.parametrize("failure", [NoModel("ollama cannot be reached"), ModelFailed("ollama broke off")])
async def test_a_model_that_cannot_be_loaded_is_told_to_who_wanted_it(world, failure):
    one = world()
    one.keeper.failure = failure
    with pytest.raises(type(failure), match=str(failure)):
        await one.warmth.warm(OLLAMA)


async def test_an_engine_that_cannot_load_is_told_to_who_wanted_it():
    async def endpoint():
        raise Unavailable("llama.cpp is not installed")

    with pytest.raises(Unavailable):
        await Warmth(ModelSettings(), PLACE, endpoint, Login(), Keeper()).warm(EMBEDDED)


async def test_after_an_answer_ollama_is_told_to_keep_the_model(world):
    one = world(keep_loaded_minutes=20)
    one.warmth.used(OLLAMA)
    assert one.keeper.told == [], "the answer does not wait for that"
    assert await one.next() == ("load", OLLAMA, 20)


async def test_many_answers_at_once_make_one_request_at_a_time_and_few_of_them(world):
    one = world()
    one.keeper.free.clear()
    one.warmth.used(OLLAMA)
    await one.next()
    for _ in range(50):
        one.warmth.used(OLLAMA)
    assert one.keeper.begun.empty()
    one.keeper.free.set()
    await one.idle()
    assert one.keeper.told == [("load", OLLAMA, 15)] * 2


async def test_of_two_models_at_ollama_both_are_kept(world):
    one = world()
    one.warmth.used(OLLAMA)
    one.warmth.used(OTHER_MODEL)
    await one.idle()
    assert sorted(provider.model for _, provider, _ in one.keeper.told) == ["llama3.2", "qwen3"]


async def test_who_wants_nothing_kept_has_it_given_back_after_each_answer(world):
    one = world(keep_loaded_minutes=0, unload_when=("locked",))
    for _ in range(2):
        one.warmth.used(OLLAMA)
        assert one.warmth.is_kept(), "until Ollama has been told"
        await one.idle()
        assert not one.warmth.is_kept()
    assert one.keeper.told == [("unload", OLLAMA)] * 2


async def test_an_ollama_that_does_not_want_to_keep_it_is_only_noted(world, caplog):
    one = world()
    one.keeper.failure = ModelFailed("ollama broke off")
    with caplog.at_level("INFO"):
        one.warmth.used(OLLAMA)
        await one.idle()
    assert "The model is not kept in memory: ollama broke off" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO"]
    one.keeper.failure = None
    one.warmth.used(OLLAMA)
    await one.idle()
    assert one.keeper.told == [("load", OLLAMA, 15)]


async def test_a_worker_stays_as_long_as_the_model_may_have_to_be_given_back(world):
    one = world(keep_loaded_minutes=10, unload_when=("battery",))
    assert not one.warmth.is_kept()
    await one.warmth.warm(OLLAMA)
    one.now += 599
    assert one.warmth.is_kept()
    one.warmth.used(OLLAMA)
    await one.idle()
    one.now += 599
    assert one.warmth.is_kept()
    one.now += 1
    assert not one.warmth.is_kept()


async def test_a_worker_need_not_stay_when_nothing_would_be_given_back(world):
    one = world()
    await one.warmth.warm(OLLAMA)
    one.warmth.used(OLLAMA)
    assert not one.warmth.is_kept()


async def test_a_model_that_is_not_there_keeps_nobody(world):
    one = world(unload_when=("locked",))
    one.keeper.failure = NoModel("ollama cannot be reached")
    with pytest.raises(NoModel):
        await one.warmth.warm(OLLAMA)
    assert not one.warmth.is_kept()


async def test_a_model_whose_loading_was_given_up_may_be_in_memory_all_the_same(world):
    one = world(unload_when=("locked",))
    one.keeper.failure = ModelFailed("ollama did not load llama3.2 within 300 s")
    with pytest.raises(ModelFailed):
        await one.warmth.warm(OLLAMA)
    assert one.warmth.is_kept()


async def test_all_that_was_loaded_or_used_is_given_back_and_once(world):
    one = world(unload_when=("locked",))
    await one.warmth.warm(OLLAMA)
    one.warmth.used(OTHER_MODEL)
    await one.idle()
    one.keeper.told.clear()
    await one.warmth.unload()
    assert set(one.keeper.told) == {("unload", OLLAMA), ("unload", OTHER_MODEL)}
    assert not one.warmth.is_kept()
    await one.warmth.unload()
    assert len(one.keeper.told) == 2


async def test_a_model_that_is_being_loaded_is_given_back_when_it_is_loaded(world):
    one = world(unload_when=("locked",))
    one.keeper.free.clear()
    warming = asyncio.create_task(one.warmth.warm(OLLAMA))
    await one.next()
    giving_back = asyncio.create_task(one.warmth.unload())
    one.keeper.free.set()
    await asyncio.gather(warming, giving_back)
    assert [what for what, *_ in one.keeper.told] == ["load", "unload"]


async def test_what_was_just_used_is_not_loaded_again_by_giving_it_back(world):
    one = world(unload_when=("locked",))
    one.warmth.used(OLLAMA)
    await one.warmth.unload()
    await one.idle()
    assert one.keeper.told == [("unload", OLLAMA)]


async def test_an_ollama_that_does_not_give_it_back_is_told_so_again_the_next_time(world, caplog):
    one = world(unload_when=("locked",))
    await one.warmth.warm(OLLAMA)
    one.keeper.failure = ModelFailed("ollama broke off")
    with caplog.at_level("INFO"):
        await one.warmth.unload()
    assert "not taken out of memory: ollama broke off" in caplog.text
    assert one.warmth.is_kept()
    one.keeper.failure = None
    await one.warmth.unload()
    assert not one.warmth.is_kept()


async def test_an_ollama_that_is_gone_has_given_it_back(world):
    one = world(unload_when=("locked",))
    await one.warmth.warm(OLLAMA)
    one.keeper.failure = NoModel("ollama cannot be reached")
    await one.warmth.unload()
    assert not one.warmth.is_kept()


class Unload:
    """What a service does when it is asked to give memory back; it waits until it is let."""

    def __init__(self):
        self.asked = asyncio.Queue()
        self.done = 0
        self.quiet = asyncio.Event()

    async def __call__(self):
        self.asked.put_nowait("asked")
        await self.quiet.wait()
        self.done += 1

    async def was_asked(self):
        async with asyncio.timeout(DEADLINE):
            await self.asked.get()


async def test_nobody_listens_to_the_session_when_nothing_hangs_on_it(world):
    one, other = world(), world(unload_when=("locked",))
    one.warmth.watch(Unload())
    other.warmth.watch(Unload())
    await other.login.started.wait()
    assert not one.login.started.is_set()


@pytest.mark.parametrize(("reason", "event"), [("locked", "locked"), ("battery", "unplugged")])
async def test_memory_is_given_back_when_the_settings_say_so_and_not_otherwise(world, reason, event):
    one, unload = world(unload_when=(reason,)), Unload()
    one.warmth.watch(unload)
    await one.login.started.wait()
    for other in {"locked", "unplugged"} - {event}:
        getattr(one.login, other)()
    await asyncio.sleep(0)
    assert unload.asked.empty()
    getattr(one.login, event)()
    await unload.was_asked()


@pytest.mark.parametrize(
    ("reason", "leaves", "returns"), [("locked", "locked", "unlocked"), ("battery", "unplugged", "plugged")]
)
async def test_who_is_back_before_it_is_quiet_finds_the_model_where_it_was(world, reason, leaves, returns):
    one, unload = world(unload_when=(reason,)), Unload()
    one.warmth.watch(unload)
    getattr(one.login, leaves)()
    await unload.was_asked()
    getattr(one.login, returns)()
    unload.quiet.set()
    getattr(one.login, leaves)()
    await unload.was_asked()
    async with asyncio.timeout(DEADLINE):
        await asyncio.wait([one.warmth._leaving])
    assert unload.done == 1, "the first one was called off"


async def test_who_has_unlocked_the_screen_but_runs_on_battery_is_still_away(world):
    one, unload = world(unload_when=("locked", "battery")), Unload()
    one.warmth.watch(unload)
    one.login.locked()
    one.login.unplugged()
    await unload.was_asked()
    one.login.unlocked()
    unload.quiet.set()
    async with asyncio.timeout(DEADLINE):
        await asyncio.wait([one.warmth._leaving])
    assert (unload.done, unload.asked.empty()) == (1, True)


async def test_stopping_ends_everything(world):
    one, unload = world(unload_when=("locked",)), Unload()
    one.warmth.watch(unload)
    await one.login.started.wait()
    one.login.locked()
    await unload.was_asked()
    one.keeper.free.clear()
    one.warmth.used(OLLAMA)
    await one.next()
    await one.warmth.stop()
    assert not one.login.listens
    assert (unload.done, one.keeper.told) == (0, [])


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"keep_loaded_minutes": -1}, "keep_loaded_minutes must be 0 to 1440, not -1"),
        ({"keep_loaded_minutes": 1441}, "keep_loaded_minutes must be 0 to 1440, not 1441"),
        ({"unload_when": ("locked", "asleep")}, 'unload_when must name "locked" or "battery", not \'asleep\''),
    ],
)
def test_settings_that_cannot_be_meant_are_named(chosen, told):
    with pytest.raises(ConfigurationError) as refused:
        World(**chosen)
    assert str(refused.value) == f"{PLACE} {told}"


@pytest.mark.parametrize("chosen", [{"keep_loaded_minutes": 0}, {"keep_loaded_minutes": 1440}])
def test_the_limits_themselves_can_be_meant(chosen):
    World(**chosen)
