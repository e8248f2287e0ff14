"""Asking the providers in turn."""

import asyncio
import contextlib

import pytest

from senter.bus.signatures import Check
from senter.errors import BudgetSpent, ModelFailed, NoModel, Unavailable
from senter.models.deltas import Deltas
from senter.models.job import Job
from senter.models.providers.chain import BELIEVED_SECONDS, Chain
from senter.models.providers.circuit import CLOSED, HALF_OPEN, MOST_FAILURES, OPEN, REST_SECONDS
from senter.models.providers.lanes import NOBODY, Neighbour
from senter.models.providers.provider import providers_of
from senter.models.providers.retry import Passing, Patience
from senter.models.request import BACKGROUND, INTERACTIVE, GenerateOptions, Message, Piece

DEADLINE = 5.0
HASTY = Patience(first_pause=0.0, stall=0.05)
HERE, ELSEWHERE = "ollama", "https://models.example/v1"
SILENCE = object()


class ScriptedChat:
    """Providers that do what a test has enqueued for them; then they answer."""

    def __init__(self):
        self.scripts = {}
        self.asked = []
        self.keys = []
        self.away = set()
        self.silent = asyncio.Event()
        self.clock = 0.0
        self.slow = 0.0

    def enqueue(self, provider, *answers):
        """An answer is an exception, or a list of pieces, exceptions, events that are waited for, and SILENCE."""
        self.scripts.setdefault(provider, []).extend(answers)

    async def look(self, provider):
        """There, unless it is away."""
        if provider.name in self.away:
            self.clock += self.slow
            raise NoModel(f"{provider.name} cannot be reached")

    async def check(self, providers):
        """As a test says of the keys."""
        return self.keys

    async def stream(self, provider, messages, options):
        """The next answer of a provider."""
        self.asked.append(provider.name)
        script = self.scripts.get(provider.name) or [["Hello ", "there"]]
        answer = script.pop(0)
        for step in answer if isinstance(answer, list) else [answer]:
            if isinstance(step, Exception):
                raise step
            if step is SILENCE:
                self.silent.set()
                await asyncio.Event().wait()
            if isinstance(step, asyncio.Event):
                self.silent.set()
                await step.wait()
            else:
                yield Piece(step)

    async def embed(self, provider, texts):
        """The length of each text is its vector."""
        self.asked.append(provider.name)
        for answer in self.scripts.get(provider.name, []):
            raise answer
        return [[float(len(text))] for text in texts], 7


class CountingPurse:
    """Pays for everything, and notes it."""

    def __init__(self):
        self.paid = []
        self.spent_at = set()

    @contextlib.asynccontextmanager
    async def paying(self, provider, job):
        """Refuse where a test says so."""
        if provider.name in self.spent_at:
            raise BudgetSpent("today's tokens are used up")
        try:
            yield
        finally:
            self.paid.append((provider.name, "".join(job.pieces)))


class Asked:
    """A chain, what it asks, and what a caller was told."""

    def __init__(self, providers=(HERE, ELSEWHERE), patience=HASTY):
        self.chat, self.purse = ScriptedChat(), CountingPurse()
        found = providers_of(providers, "llama3.2", "config.toml")
        self.chain = Chain(found, self.chat, self.purse, patience, clock=lambda: self.chat.clock)
        self.told = []

    def job(self, lane=INTERACTIVE, deadline_ms=5000):
        """A question."""
        options = GenerateOptions(max_tokens=100, temperature=0.0, deadline_ms=deadline_ms, lane=lane)
        return Job(":1.5", "1", [Message("user", "Hello")], options, Deltas(self.told.append), lambda *_: None)

    async def answer(self, lane=INTERACTIVE, deadline_ms=5000):
        """Have a question answered; the request."""
        job = self.job(lane, deadline_ms)
        async with asyncio.timeout(DEADLINE):
            await self.chain.answer(job)
        return job

    async def failure(self, kind, lane=INTERACTIVE):
        """The sentence with which a question fails."""
        with pytest.raises(kind) as failed:
            await self.answer(lane)
        assert type(failed.value) is kind
        return str(failed.value)


@pytest.fixture
def asked():
    return Asked()


async def test_the_first_provider_that_is_there_answers(asked):
    job = await asked.answer()
    assert (job.text, job.provider, job.model) == ("Hello there", HERE, "llama3.2")
    assert asked.chat.asked == [HERE]
    assert asked.purse.paid == [(HERE, "Hello there")]


@pytest.mark.parametrize("failure", [NoModel("no such model"), ModelFailed("refuses"), BudgetSpent("spent")])
async def test_who_cannot_answer_is_replaced_by_the_next(asked, failure):
    asked.chat.enqueue(HERE, failure)
    job = await asked.answer()
    assert job.provider == ELSEWHERE
    assert asked.chat.asked == [HERE, ELSEWHERE]


async def test_what_passes_is_tried_again_at_the_same_provider(asked):
    asked.chat.enqueue(HERE, Passing("status 503"), Passing("status 429"))
    job = await asked.answer()
    assert job.provider == HERE
    assert asked.chat.asked == [HERE] * 3


async def test_a_provider_is_asked_five_times_and_then_the_next(asked):
    asked.chat.enqueue(HERE, *[Passing("status 503")] * 9)
    job = await asked.answer()
    assert asked.chat.asked == [HERE] * 5 + [ELSEWHERE]
    assert job.provider == ELSEWHERE


async def test_a_provider_that_wants_to_be_left_alone_for_long_is_replaced(asked):
    asked.chat.enqueue(HERE, Passing("status 429", after=3600.0))
    await asked.answer()
    assert asked.chat.asked == [HERE, ELSEWHERE]


async def test_retries_are_counted_for_the_request_not_for_the_provider(asked):
    asked.chat.enqueue(HERE, *[Passing("status 503")] * 9)
    asked.chat.enqueue(ELSEWHERE, *[Passing("status 500")] * 9)
    assert await asked.failure(ModelFailed) == "status 503; status 500"
    assert asked.chat.asked == [HERE] * 5 + [ELSEWHERE]


async def test_what_was_told_is_not_told_again_by_another(asked):
    asked.chat.enqueue(HERE, ["Hello ", Passing("ollama broke off")])
    job = asked.job()
    with pytest.raises(ModelFailed, match=r"^ollama broke off$"):
        await asked.chain.answer(job)
    assert asked.chat.asked == [HERE]
    assert job.outcome().text == "Hello "
    assert asked.told == ["Hello "]


async def test_an_answer_in_the_background_that_broke_off_is_asked_for_again(asked):
    asked.chat.enqueue(HERE, ["Hello ", Passing("ollama broke off")])
    job = await asked.answer(BACKGROUND)
    assert job.text == "Hello there"
    assert asked.told == []
    job.outcome()
    assert asked.told == ["Hello there"]
    assert asked.purse.paid == [(HERE, "Hello "), (HERE, "Hello there")]


async def test_silence_in_the_middle_is_given_up_and_what_came_is_kept(asked):
    asked.chat.enqueue(HERE, ["Hello ", SILENCE])
    job = asked.job()
    with pytest.raises(ModelFailed, match=r"^ollama said nothing more for 0\.05 s$"):
        await asked.chain.answer(job)
    assert job.text == "Hello "


async def test_who_does_not_begin_is_given_half_the_time_and_then_the_next_is_asked(asked):
    asked.chat.enqueue(HERE, [SILENCE])
    job = await asked.answer(deadline_ms=800)
    assert (job.provider, job.text) == (ELSEWHERE, "Hello there")
    assert asked.purse.paid == [(HERE, ""), (ELSEWHERE, "Hello there")]


async def test_the_last_provider_may_take_all_the_time_there_is():
    asked = Asked(providers=[HERE])
    asked.chat.enqueue(HERE, [SILENCE])
    asking = asyncio.create_task(asked.chain.answer(asked.job(deadline_ms=20)))
    await asked.chat.silent.wait()
    done, _ = await asyncio.wait([asking], timeout=0.1)
    assert not done, "the deadline is the service's"
    asking.cancel()
    await asyncio.wait([asking])


async def test_who_has_begun_may_take_longer():
    asked = Asked(patience=Patience())
    slow = asyncio.Event()
    asked.chat.enqueue(HERE, ["Once ", slow, "upon a time"])
    asking = asyncio.create_task(asked.answer(deadline_ms=800))
    await asked.chat.silent.wait()
    asyncio.get_running_loop().call_later(0.5, slow.set)
    assert (await asking).text == "Once upon a time"


async def test_who_is_too_long_in_coming_to_its_turn_is_replaced(asked):
    asked.chat.enqueue(HERE, [SILENCE])
    first = asyncio.create_task(asked.answer())
    await asked.chat.silent.wait()
    assert (await asked.answer(deadline_ms=100)).provider == ELSEWHERE
    first.cancel()
    await asyncio.wait([first])


async def test_no_pause_is_longer_than_what_the_next_provider_should_have(asked):
    asked.chat.enqueue(HERE, Passing("status 429", after=3.0))
    assert (await asked.answer(deadline_ms=5000)).provider == ELSEWHERE


async def test_two_that_say_the_same_are_told_once(asked):
    asked.chat.enqueue(HERE, ModelFailed("too long"))
    asked.chat.enqueue(ELSEWHERE, ModelFailed("too long"))
    assert await asked.failure(ModelFailed) == "too long"


async def test_when_nobody_is_there_each_is_named(asked):
    asked.chat.away = {HERE, ELSEWHERE}
    told = await asked.failure(NoModel)
    assert told == (
        f"there is no language model: {HERE} cannot be reached; {ELSEWHERE} cannot be reached; see: senter setup"
    )


async def test_a_failure_is_told_before_an_absence(asked):
    asked.chat.away = {HERE}
    asked.chat.enqueue(ELSEWHERE, ModelFailed("the question is too long"))
    assert await asked.failure(ModelFailed) == f"the question is too long; {HERE} cannot be reached"


async def test_a_spent_budget_is_told_as_such(asked):
    asked.purse.spent_at = {HERE, ELSEWHERE}
    assert "used up" in await asked.failure(BudgetSpent)
    assert asked.chat.asked == []


async def test_who_costs_nothing_answers_when_the_other_may_not_be_paid(asked):
    asked.purse.spent_at = {HERE}
    assert (await asked.answer()).provider == ELSEWHERE


async def test_who_has_just_refused_is_not_called_ready(asked):
    asked.chat.enqueue(HERE, NoModel("ollama refuses the key"))
    await asked.answer()
    (first, second) = await asked.chain.check()
    assert first == Check(HERE, "warn", "ollama refuses the key; see: senter setup")
    assert second.verdict == "ok"
    assert (await asked.chain.look())[0].name == ELSEWHERE
    assert (await asked.answer()).provider == HERE, "whoever asks finds out anew"
    assert [check.verdict for check in await asked.chain.check()] == ["ok", "ok"]


async def test_a_refusal_is_believed_for_a_while_only(asked):
    asked.chat.enqueue(HERE, NoModel("ollama refuses the key"))
    await asked.answer()
    asked.chat.clock += BELIEVED_SECONDS
    assert [check.verdict for check in await asked.chain.check()] == ["ok", "ok"]


class TestCircuit:
    async def test_who_fails_again_and_again_is_left_alone_for_a_while(self, asked):
        asked.chat.enqueue(HERE, *[Passing("status 503")] * MOST_FAILURES)
        await asked.answer()
        assert asked.chain.circuit() == OPEN
        asked.chat.asked.clear()
        await asked.answer()
        assert asked.chat.asked == [ELSEWHERE]
        (first, second) = await asked.chain.check()
        assert (first.verdict, second.verdict) == ("warn", "ok")
        assert first.fix == "ollama failed too often and is left alone for 30 s"

    async def test_after_the_rest_one_request_finds_out(self):
        asked = Asked(providers=[ELSEWHERE, HERE])
        asked.chat.enqueue(ELSEWHERE, *[Passing("status 503")] * MOST_FAILURES, [SILENCE])
        await asked.answer()
        asked.chat.asked.clear()
        asked.chat.clock += REST_SECONDS
        assert asked.chain.circuit() == HALF_OPEN
        trying = asyncio.create_task(asked.chain.answer(asked.job()))
        await asked.chat.silent.wait()
        assert (await asked.answer()).provider == HERE
        trying.cancel()
        await asyncio.wait([trying])
        assert (await asked.answer()).provider == ELSEWHERE
        assert asked.chain.circuit() == CLOSED

    async def test_who_answers_slowly_that_it_is_away_is_left_alone_too(self, asked):
        asked.chat.away, asked.chat.slow = {HERE}, 2.0
        for _ in range(MOST_FAILURES):
            await asked.answer()
        assert asked.chain.circuit() == OPEN

    async def test_who_is_just_not_there_may_come_at_any_time(self, asked):
        asked.chat.away = {HERE}
        for _ in range(2 * MOST_FAILURES):
            await asked.answer()
        assert asked.chain.circuit() == CLOSED
        asked.chat.away = set()
        assert (await asked.answer()).provider == HERE

    async def test_when_all_are_left_alone_the_error_says_for_how_long(self):
        asked = Asked(providers=[HERE])
        asked.chat.enqueue(HERE, *[Passing("status 503")] * MOST_FAILURES)
        await asked.failure(ModelFailed)
        assert await asked.failure(Unavailable) == "ollama failed too often and is left alone for 30 s"

    async def test_who_never_begins_is_left_alone_in_the_end(self):
        asked = Asked(providers=[ELSEWHERE, HERE])
        asked.chat.enqueue(ELSEWHERE, *[[SILENCE]] * MOST_FAILURES)
        answers = [asked.answer(deadline_ms=800) for _ in range(MOST_FAILURES)]
        assert {job.provider for job in await asyncio.gather(*answers)} == {HERE}
        assert asked.chain.circuit() == OPEN

    async def test_who_is_cancelled_is_not_blamed_on_the_provider(self):
        asked = Asked(providers=[ELSEWHERE])
        asked.chat.enqueue(ELSEWHERE, *[[SILENCE]] * MOST_FAILURES)
        asking = [asyncio.create_task(asked.answer()) for _ in range(MOST_FAILURES)]
        await asked.chat.silent.wait()
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
        assert asked.chain.circuit() == CLOSED


class TestGivingWay:
    async def test_work_begins_anew_when_it_is_its_turn_again(self, asked):
        asked.chat.enqueue(HERE, ["Half an ", SILENCE])
        working = asyncio.create_task(asked.answer(BACKGROUND))
        await asked.chat.silent.wait()
        question = await asked.answer()
        job = await working
        assert question.text == job.text == "Hello there"
        assert asked.chat.asked == [HERE] * 3
        assert job.retries == 0

    async def test_work_that_gave_way_twice_is_finished_before_a_question(self, asked):
        asked.chat.enqueue(HERE, [SILENCE])
        working = asyncio.create_task(asked.answer(BACKGROUND))
        for _ in range(2):
            await asked.chat.silent.wait()
            asked.chat.silent.clear()
            asked.chat.enqueue(HERE, ["To the question"], [SILENCE])
            assert (await asked.answer()).text == "To the question"
        await asked.chat.silent.wait()
        late = asyncio.create_task(asked.answer())
        done, _ = await asyncio.wait([late], timeout=0.1)
        assert not done
        working.cancel()
        assert (await late).text == "Hello there"

    async def test_the_other_worker_goes_first_at_the_same_engine(self, asked):
        asked.chat.enqueue(HERE, [SILENCE])
        working = asyncio.create_task(asked.answer(BACKGROUND))
        await asked.chat.silent.wait()
        asked.chain.gate.meet(Neighbour(busy=True, waited_for=True, engine="port 11434"))
        done, _ = await asyncio.wait([working], timeout=0.1)
        assert not done
        assert asked.chat.asked == [HERE]
        asked.chain.gate.meet(NOBODY)
        assert (await working).text == "Hello there"


async def test_texts_become_vectors(asked):
    assert await asked.chain.embed(asked.job(), ["a", "abc"]) == [[1.0], [3.0]]


async def test_vectors_come_from_whoever_has_them(asked):
    asked.chat.enqueue(HERE, Unavailable("ollama has no embeddings"))
    assert await asked.chain.embed(asked.job(), ["a"]) == [[1.0]]
    asked.chat.enqueue(ELSEWHERE, Unavailable("nor have I"))
    with pytest.raises(Unavailable, match="ollama has no embeddings; nor have I"):
        await asked.chain.embed(asked.job(), ["a"])


async def test_what_is_wrong_with_the_keys_is_told_with_the_providers(asked):
    asked.chat.keys = [Check("keys", "warn", "run: chmod 600 keys.toml")]
    assert [check.what for check in await asked.chain.check()] == [HERE, ELSEWHERE, "keys"]
