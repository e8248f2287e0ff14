"""What a model worker does, with providers that only pretend."""

import asyncio
import contextlib
import json

import pytest

from senter.bus.signatures import Check
from senter.errors import Busy, InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models.providers.chain import Chain
from senter.models.providers.provider import providers_of
from senter.models.providers.retry import Passing, Patience
from senter.models.request import LONGEST_ANSWER, MANNERS, GenerateOptions, Piece, ToolCall, ToolPart
from senter.models.service import MOST_IN_BACKGROUND, MOST_REQUESTS, ModelService

DEADLINE = 5.0
REMOTE = "https://models.example/v1"
HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = json.dumps({"type": "object"})


class FakeChat:
    """Providers that answer what a test says: pieces, errors, and events that are waited for."""

    def __init__(self):
        self.away = {}
        self.scripts = {}
        self.asked = []
        self.keys = []
        self.looked = []
        self.closed = asyncio.Event()
        self.stalled = asyncio.Event()

    async def look(self, provider):
        """There, unless the test says otherwise."""
        self.looked.append(provider.name)
        if provider.name in self.away:
            raise NoModel(self.away[provider.name])

    async def check(self, providers):
        """As a test says of the keys."""
        return self.keys

    async def stream(self, provider, messages, options):
        """Play the script of a provider."""
        self.asked.append((provider.name, provider.model, messages, options))
        try:
            for step in self.scripts.get(provider.name, ["Hello ", "there"]):
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, asyncio.Event):
                    self.stalled.set()
                    await step.wait()
                else:
                    yield step if isinstance(step, Piece) else Piece(step)
        finally:
            self.closed.set()

    async def embed(self, provider, texts):
        """The length of each text."""
        return [[float(len(text))] for text in texts], 3


class FakePurse:
    """Pays for everything."""

    def __init__(self):
        self.tokens_today = 0
        self.is_spent = False
        self.is_open = False
        self.disk_answers = True
        self.paid = []

    async def open(self):
        """Note that it is."""
        self.is_open = True

    async def close(self):
        """Note that it is."""
        self.is_open = False

    async def check(self):
        """All is well."""
        return [Check("budget", "ok", "")]

    def answers(self):
        """Whether the disk does."""
        return self.disk_answers

    @contextlib.asynccontextmanager
    async def paying(self, provider, job):
        """Note what was asked for, by whom and for how many tokens."""
        yield
        self.paid.append((provider.name, job.options.account, job.options.max_tokens, job.texts()))


class FakeWarmth:
    """Notes which models are to be in memory."""

    def __init__(self):
        self.kept = False
        self.warmed, self.used_at, self.unloaded = [], [], 0
        self.loading = None
        self.away = None

    def watch(self, unload):
        """Keep what is to be called when the user is away."""
        self.away = unload

    async def stop(self):
        """Nothing goes on."""

    def is_kept(self):
        """As a test says."""
        return self.kept

    async def warm(self, provider):
        """Load, for as long as a test wants."""
        self.warmed.append(provider.name)
        if self.loading:
            await self.loading.wait()

    def used(self, provider):
        """Note who was used."""
        self.used_at.append(provider.name)

    async def unload(self):
        """Note that it was asked for."""
        self.unloaded += 1


class Room:
    """A worker with everything around it."""

    def __init__(self, providers=("ollama", "embedded"), manner="primary"):
        self.chat = FakeChat()
        self.gone = asyncio.Event()
        self.leaving = {}
        self.deltas = {}
        self.ended = {}
        self.states = []
        self.purse, self.warmth = FakePurse(), FakeWarmth()
        found = providers_of(providers, "llama3.2", "config.toml")
        chain = Chain(found, self.chat, self.purse, Patience(first_pause=0.0))
        self.service = ModelService(MANNERS[manner], chain, self.purse, self.warmth, self.left)
        self.service.delta = self.delta
        self.service.finished = self.finished
        self.service.changed = self.changed
        self._news = asyncio.Event()

    async def left(self, caller):
        """Return when a test lets the caller leave."""
        await self.leaving.setdefault(caller, asyncio.Event()).wait()

    def delta(self, caller, request_id, text):
        """Keep what a caller is told."""
        self.deltas.setdefault((caller, request_id), []).append(text)
        self._news.set()

    def finished(self, caller, request_id, word, outcome):
        """Keep how a request ended."""
        assert (caller, request_id) not in self.ended
        self.ended[caller, request_id] = (word, outcome)
        self._news.set()

    def changed(self):
        """Keep the states the worker was in."""
        if self.states[-1:] != [self.service.state]:
            self.states.append(self.service.state)
        self._news.set()

    async def generate(self, request_id="1", rows=HELLO, caller=":1.5", **options):
        """Ask as a room does."""
        await self.service.generate(caller, request_id, rows, GenerateOptions(**options))

    async def until(self, condition):
        """Return when something has come true, after some news of the worker."""
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def outcome(self, request_id="1", caller=":1.5"):
        """How a request ended; waits for it."""
        await self.until(lambda: (caller, request_id) in self.ended)
        return self.ended[caller, request_id]


@pytest.fixture
async def room():
    made = Room()
    yield made
    await made.service.stop()


async def test_an_answer_comes_in_pieces_and_then_as_a_whole(room):
    room.chat.scripts["ollama"] = ["Hello ", "there", Piece(model="llama3.2:3b", tokens_in=7, tokens_out=2)]
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, outcome.text, outcome.error) == ("ok", "Hello there", "")
    assert (outcome.provider, outcome.model) == ("ollama", "llama3.2:3b")
    assert (outcome.tokens_in, outcome.tokens_out) == (7, 2)
    assert 0 < outcome.first_token_ms <= outcome.total_ms
    assert "".join(room.deltas[":1.5", "1"]) == "Hello there"


async def test_the_request_is_answered_at_once_and_the_work_goes_on(room):
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on, "late"]
    await room.generate()
    assert room.ended == {}
    go_on.set()
    assert (await room.outcome())[1].text == "late"


async def test_a_worker_asks_in_its_own_manner_unless_the_caller_has_one(room):
    await room.generate("1")
    await room.generate("2", rows=[{"role": "system", "content": "Rhyme."}, *HELLO], max_tokens=9, temperature=0.0)
    await room.outcome("1")
    await room.outcome("2")
    (_, model, plain, usual), (_, _, own, chosen) = room.chat.asked
    assert model == "llama3.2"
    assert [message.role for message in plain] == ["system", "user"]
    assert plain[0].content == MANNERS["primary"].system
    assert usual.max_tokens == 500
    assert [message.content for message in own] == ["Rhyme.", "Hello"]
    assert (chosen.max_tokens, chosen.temperature) == (9, 0.0)


async def test_the_research_worker_says_more():
    room = Room(manner="research")
    await room.generate()
    await room.outcome()
    assert room.chat.asked[0][3].max_tokens == 2000


async def test_who_cannot_be_reached_is_passed_over(room):
    room.chat.away["ollama"] = "ollama cannot be reached"
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, outcome.provider) == ("ok", "embedded")
    assert [name for name, *_ in room.chat.asked] == ["embedded"]


async def test_who_does_not_have_the_model_is_passed_over(room):
    room.chat.scripts["ollama"] = [NoModel("ollama has no model llama3.2")]
    await room.generate()
    assert (await room.outcome())[1].provider == "embedded"


async def test_when_nobody_is_there_the_error_says_why_of_each_and_what_to_do(room):
    room.chat.away["ollama"] = "ollama cannot be reached"
    room.chat.scripts["embedded"] = [NoModel("embedded has no language model in /models")]
    await room.generate()
    word, outcome = await room.outcome()
    told = (
        "there is no language model: ollama cannot be reached; embedded has no language model in /models;"
        " see: senter setup"
    )
    assert (word, outcome.error, outcome.provider, outcome.model) == ("error", told, "", "")
    assert room.service.state == "unavailable"
    assert room.service.status() == told.removeprefix("there is ")


async def test_no_provider_at_all_is_no_model():
    room = Room(providers=())
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, outcome.provider) == ("error", "")
    assert "config.toml names no provider" in outcome.error


async def test_who_was_reached_and_fails_is_not_replaced_by_another(room):
    room.chat.scripts["ollama"] = ["half of", ModelFailed("ollama broke off")]
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, outcome.text, outcome.error) == ("error", "half of", "ollama broke off")
    assert outcome.provider == "ollama"
    assert len(room.chat.asked) == 1


async def test_a_bug_is_logged_and_the_caller_is_told_where_to_look(room, caplog):
    room.chat.scripts["ollama"] = [RuntimeError("the password is swordfish")]
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, outcome.error) == ("error", "internal error, see the journal: senter logs")
    assert "swordfish" in caplog.text


async def test_a_provider_that_stalls_is_given_up_at_the_deadline(room):
    room.chat.scripts["ollama"] = ["half", asyncio.Event()]
    await room.generate(deadline_ms=50)
    word, outcome = await room.outcome()
    assert (word, outcome.text, outcome.provider) == ("error", "half", "ollama")
    assert outcome.error == "ollama did not finish within 0.05 s"
    assert room.chat.closed.is_set()


async def test_an_answer_that_does_not_end_is_cut(room):
    room.chat.scripts["ollama"] = ["x" * 300_000] * 5
    await room.generate()
    word, outcome = await room.outcome()
    assert (word, len(outcome.text)) == ("ok", LONGEST_ANSWER)
    assert sum(map(len, room.deltas[":1.5", "1"])) == LONGEST_ANSWER
    assert room.chat.closed.is_set()


@pytest.mark.parametrize("answer", ["Sure! {}", '{"half": ', ""])
async def test_an_answer_that_had_to_be_json_and_is_not_is_a_failure(room, answer):
    room.chat.scripts["ollama"] = [answer]
    await room.generate(json_schema=SCHEMA)
    word, outcome = await room.outcome()
    assert (word, outcome.text) == ("error", answer)
    assert outcome.error == "ollama did not answer with the JSON it was asked for"


async def test_an_answer_in_json_is_passed_on(room):
    room.chat.scripts["ollama"] = ['{"a":', "1}"]
    await room.generate(json_schema=SCHEMA)
    assert (await room.outcome())[1].text == '{"a":1}'
    assert room.chat.asked[0][3].json_schema == SCHEMA


async def test_cancelling_ends_the_work_and_tells_what_there_was(room):
    room.chat.scripts["ollama"] = ["half", asyncio.Event()]
    await room.generate()
    await room.chat.stalled.wait()
    await room.service.cancel(":1.5", "1")
    word, outcome = await room.outcome()
    assert (word, outcome.text, outcome.error) == ("cancelled", "half", "")
    assert room.chat.closed.is_set()


async def test_only_the_own_requests_can_be_cancelled_and_only_once(room):
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on, "done"]
    await room.generate()
    await room.chat.stalled.wait()
    await room.service.cancel(":1.6", "1")
    await room.service.cancel(":1.5", "2")
    go_on.set()
    assert (await room.outcome())[0] == "ok"
    await room.service.cancel(":1.5", "1")


async def test_a_request_that_is_cancelled_before_it_began_ends_as_cancelled(room):
    await room.generate()
    await room.service.cancel(":1.5", "1")
    assert (await room.outcome())[0] == "cancelled"
    assert room.chat.asked == []


async def test_when_the_caller_leaves_its_work_ends_and_that_of_others_goes_on(room):
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on, "done"]
    await room.generate("1", caller=":1.5")
    await room.generate("1", caller=":1.6")
    await room.chat.stalled.wait()
    room.leaving[":1.5"].set()
    word, outcome = await room.outcome("1", ":1.5")
    assert (word, outcome.failure) == ("cancelled", "")
    go_on.set()
    assert (await room.outcome("1", ":1.6"))[0] == "ok"


async def test_callers_with_the_same_id_get_their_own_answers(room):
    for caller in (":1.5", ":1.6"):
        await room.generate("1", caller=caller, rows=[{"role": "user", "content": caller}])
    for caller in (":1.5", ":1.6"):
        assert (await room.outcome("1", caller))[0] == "ok"
        assert "".join(room.deltas[caller, "1"]) == "Hello there"


async def test_an_id_that_is_in_use_is_refused_and_may_be_used_again_later(room):
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on]
    await room.generate()
    with pytest.raises(InvalidArgument, match="request_id '1' is already being worked on"):
        await room.generate()
    go_on.set()
    await room.outcome()
    room.ended.clear()
    await room.generate()
    assert (await room.outcome())[0] == "ok"


@pytest.mark.parametrize(
    ("request_id", "rows", "options"),
    [
        ("", HELLO, {}),
        ("1", [], {}),
        ("1", [{"role": "root", "content": "x"}], {}),
        ("1", HELLO, {"json_schema": "[]"}),
        ("1", HELLO, {"temperature": 3.0}),
    ],
)
async def test_what_is_not_well_formed_is_refused_before_any_work(room, request_id, rows, options):
    with pytest.raises(InvalidArgument):
        await room.generate(request_id, rows, **options)
    assert not room.service.is_busy()
    assert (room.chat.looked, room.chat.asked) == ([], [])


async def test_one_question_gets_one_answer(room):
    assert await room.service.complete(":1.5", "Hello") == "Hello there"
    assert room.deltas == room.ended == {}
    assert room.service.requests_processed == 1


@pytest.mark.parametrize("error", [NoModel, ModelFailed])
async def test_one_question_without_answer_is_an_error(room, error):
    room.chat.away["embedded"] = "embedded has no language model"
    room.chat.scripts["ollama"] = [error("ollama is out of order")]
    with pytest.raises(error, match="ollama is out of order"):
        await room.service.complete(":1.5", "Hello")


async def test_one_question_whose_caller_leaves_is_given_up(room):
    room.chat.scripts["ollama"] = [asyncio.Event()]
    asking = asyncio.create_task(room.service.complete(":1.5", "Hello"))
    await room.chat.stalled.wait()
    room.leaving[":1.5"].set()
    with pytest.raises(Unavailable, match="cancelled"):
        await asking
    assert room.chat.closed.is_set()


async def test_stopping_cancels_everything_and_tells_everybody(room):
    room.chat.scripts["ollama"] = [asyncio.Event()]
    await room.generate("1", caller=":1.5")
    await room.generate("2", caller=":1.6")
    await room.chat.stalled.wait()
    await room.service.stop()
    assert {key: word for key, (word, _) in room.ended.items()} == {
        (":1.5", "1"): "cancelled",
        (":1.6", "2"): "cancelled",
    }


async def test_a_worker_looks_for_a_provider_when_it_starts_and_asks_it_nothing(room):
    assert room.service.state == "loading"
    assert room.service.status() == "looking for a language model"
    await room.service.start()
    await room.until(lambda: room.service.state == "ready")
    assert (room.service.provider, room.service.model) == ("ollama", "llama3.2")
    assert room.service.status() == "idle; llama3.2 on ollama"
    assert room.chat.asked == []


async def test_a_worker_that_finds_nobody_says_so(room):
    room.chat.away = {"ollama": "ollama cannot be reached", "embedded": "embedded has no language model in /models"}
    await room.service.start()
    await room.until(lambda: room.service.state == "unavailable")
    assert (room.service.provider, room.service.model) == ("", "")
    assert room.service.status().startswith("no language model: ollama cannot be reached; ")


async def test_the_embedded_engine_has_a_name_when_it_has_answered(room):
    room.chat.away["ollama"] = "ollama cannot be reached"
    room.chat.scripts["embedded"] = [Piece("Hi", model="tiny.gguf")]
    await room.service.start()
    await room.until(lambda: room.service.state == "ready")
    assert room.service.status() == "idle; embedded"
    await room.generate()
    await room.outcome()
    room.purse.tokens_today = 1200
    assert room.service.status() == "idle; tiny.gguf on embedded, 1,200 tokens today"
    room.purse.is_spent = True
    assert room.service.status() == "idle; tiny.gguf on embedded, 1,200 tokens today, the budget is spent"


async def test_the_state_follows_the_work(room):
    await room.service.start()
    await room.until(lambda: room.service.state == "ready")
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on]
    assert not room.service.is_busy()
    await room.generate("1", caller=":1.5")
    assert room.service.is_busy()
    assert room.service.status() == "thinking for 1 caller"
    await room.generate("2", caller=":1.5")
    await room.generate("1", caller=":1.6")
    assert room.service.status() == "thinking for 2 callers"
    go_on.set()
    await room.until(lambda: len(room.ended) == 3)
    assert room.states == ["ready", "busy", "ready"]
    assert room.service.requests_processed == 3


async def test_a_worker_without_model_finds_one_with_the_next_request(room):
    room.chat.away = {"ollama": "ollama cannot be reached", "embedded": "embedded has no language model in /models"}
    await room.service.start()
    await room.until(lambda: room.service.state == "unavailable")
    room.chat.away.clear()
    await room.generate()
    assert (await room.outcome())[0] == "ok"
    assert room.service.state == "ready"


async def test_a_check_names_every_provider_and_notices_changes(room):
    room.chat.away["ollama"] = "ollama cannot be reached"
    mend = "ollama cannot be reached; see: senter setup"
    (ollama, embedded, budget) = await room.service.check()
    assert (ollama, embedded) == (Check("ollama", "warn", mend), Check("embedded", "ok", ""))
    assert budget.what == "budget"
    assert room.service.provider == "embedded"
    room.chat.away["embedded"] = "embedded has no language model in /models"
    assert [check.verdict for check in await room.service.check()] == ["fail", "fail", "ok"]
    assert room.service.state == "unavailable"


async def test_a_check_without_providers_says_what_is_missing():
    check, _budget = await Room(providers=()).service.check()
    assert check.verdict == "fail"
    assert "config.toml names none" in check.fix


async def test_a_worker_is_healthy_while_the_disk_answers(room):
    assert room.service.is_healthy()
    room.purse.disk_answers = False
    assert not room.service.is_healthy()


async def test_account_is_kept_from_the_start_to_the_end(room):
    await room.service.start()
    assert room.purse.is_open
    await room.service.stop()
    assert not room.purse.is_open


async def test_the_account_that_pays_is_the_one_the_caller_names(room):
    await room.generate(account="7")
    await room.outcome()
    (provider, account, tokens, texts) = room.purse.paid[0]
    assert (provider, account, tokens) == ("ollama", "7", 500)
    assert "Hello" in texts


async def test_an_answer_in_the_background_comes_as_a_whole(room):
    await room.generate(lane="background")
    await room.outcome()
    assert room.deltas[":1.5", "1"] == ["Hello there"]


async def test_somebody_waits_while_a_question_is_worked_on_and_nobody_for_work(room):
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on]
    await room.generate("1", lane="background")
    assert not room.service.waited_for
    await room.generate("2")
    assert room.service.waited_for
    go_on.set()
    await room.outcome("2")
    assert not room.service.waited_for


async def test_what_is_one_too_many_is_refused(room):
    room.chat.scripts["ollama"] = [asyncio.Event()]
    for number in range(MOST_REQUESTS):
        await room.generate(str(number))
    with pytest.raises(Busy, match="200 requests are being worked on or wait"):
        await room.generate("one more")
    await room.service.cancel(":1.5", "7")
    await room.outcome("7")
    await room.generate("one more")


async def test_work_in_the_background_leaves_room_for_people(room):
    room.chat.scripts["ollama"] = [asyncio.Event()]
    for number in range(MOST_IN_BACKGROUND):
        await room.generate(str(number), lane="background")
    with pytest.raises(Busy):
        await room.generate("more", lane="background")
    await room.generate("a person")


async def test_a_listener_that_fails_takes_no_request_with_it(room):
    def fails():
        raise OverflowError("a property cannot be told")

    room.service.changed = fails
    assert await room.service.complete(":1.5", "Hello") == "Hello there"
    assert not room.service.is_busy()


async def test_whose_turn_never_comes_is_told_so():
    room = Room(providers=["ollama"])
    room.chat.scripts["ollama"] = [asyncio.Event()]
    await room.generate("1")
    await room.generate("2", deadline_ms=50)
    word, outcome = await room.outcome("2")
    assert (word, outcome.error) == ("error", "others were first, and no turn came within 0.05 s")
    assert outcome.failure == "Unavailable", "who asked may ask again"
    await room.service.stop()


async def test_an_answer_that_was_cut_says_so(room):
    room.chat.scripts["ollama"] = ["Once upon a", Piece(cut=True)]
    await room.generate()
    assert (await room.outcome())[1].cut


async def test_tools_that_the_model_wants_called_are_told_with_the_end(room):
    parts = [ToolPart(0, "add_goal", '{"text": '), ToolPart(1, "progress"), ToolPart(0, "", '"Rest"}')]
    room.chat.scripts["ollama"] = [Piece(tools=(part,)) for part in parts]
    await room.generate(tools='[{"type": "function", "function": {"name": "add_goal"}}]')
    _, outcome = await room.outcome()
    assert outcome.tool_calls == [ToolCall("add_goal", '{"text": "Rest"}'), ToolCall("progress", "")]


async def test_texts_become_vectors(room):
    assert await room.service.embed(":1.5", ["a", "abc"]) == [[1.0], [3.0]]
    (provider, _, tokens, texts) = room.purse.paid[0]
    assert (provider, tokens) == ("ollama", 0)
    assert [text for text in texts if text] == ["a", "abc"]


@pytest.mark.parametrize("texts", [[], [""], ["a"] * 65], ids=["none", "empty", "too many"])
async def test_texts_that_cannot_become_vectors_are_refused(room, texts):
    with pytest.raises(InvalidArgument, match="texts must be 1 to 64"):
        await room.service.embed(":1.5", texts)


async def test_warming_loads_the_model_of_whoever_is_there(room):
    room.chat.away["ollama"] = "ollama cannot be reached"
    room.warmth.loading = asyncio.Event()
    warming = asyncio.create_task(room.service.warm())
    await room.until(lambda: room.warmth.warmed)
    assert room.warmth.warmed == ["embedded"]
    assert (room.service.state, room.service.is_busy()) == ("loading", True)
    room.warmth.loading.set()
    await warming
    assert (room.service.state, room.service.is_busy()) == ("ready", False)
    assert room.chat.asked == []


async def test_warming_nobody_is_no_model(room):
    room.chat.away = {"ollama": "ollama cannot be reached", "embedded": "embedded has no language model"}
    with pytest.raises(NoModel, match="see: senter setup"):
        await room.service.warm()


async def test_the_model_that_answered_is_noted_as_used(room):
    await room.generate()
    await room.outcome()
    assert room.warmth.used_at == ["ollama"]


async def test_a_worker_stays_while_it_may_have_to_unload_a_model(room):
    assert not room.service.is_busy()
    room.warmth.kept = True
    assert room.service.is_busy()


async def test_a_model_that_is_being_used_is_unloaded_when_that_is_over(room):
    await room.service.start()
    go_on = asyncio.Event()
    room.chat.scripts["ollama"] = [go_on, "done"]
    await room.generate()
    await room.chat.stalled.wait()
    unloading = asyncio.create_task(room.warmth.away())
    assert (await asyncio.wait([unloading], timeout=0.05))[0] == set()
    assert room.warmth.unloaded == 0
    await room.generate("2")
    go_on.set()
    await room.outcome("1")
    assert room.warmth.unloaded == 0
    await room.outcome("2")
    await unloading
    assert room.warmth.unloaded == 1


async def test_the_mean_latency_is_that_of_the_answers(room):
    assert room.service.mean_milliseconds == 0.0
    await room.generate("1")
    _, first = await room.outcome("1")
    room.chat.scripts["ollama"] = [ModelFailed("out of order")]
    room.chat.away["embedded"] = "embedded has no language model"
    await room.generate("2")
    await room.outcome("2")
    assert room.service.mean_milliseconds == pytest.approx(first.total_ms, abs=5.0)


async def test_the_name_of_a_failure_is_told(room):
    room.chat.away["embedded"] = "embedded has no language model"
    room.chat.scripts["ollama"] = [Passing("ollama answered with status 503", after=3600.0)]
    await room.generate()
    _, outcome = await room.outcome()
    assert outcome.failure == "ModelFailed"
