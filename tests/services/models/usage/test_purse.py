"""Paying for requests: reserved before, settled after, whatever comes between."""

import asyncio
import sqlite3
import threading

import pytest
from support.clock import Clock
from support.private_bus import DEADLINE, until
from support.purse_work import FakeReporter

from senter.bus.signatures import Check
from senter.errors import BudgetSpent, ModelFailed, NoModel, Unavailable
from senter.models.deltas import Deltas
from senter.models.job import Job
from senter.models.providers.gate import GaveWay
from senter.models.providers.provider import providers_of
from senter.models.providers.retry import Passing
from senter.models.request import BACKGROUND, GenerateOptions, Message, Piece, ToolPart
from senter.models.usage import telling
from senter.models.usage.budget import Budget, Use, estimate
from senter.models.usage.purse import MOST_COSTS, Purse
from senter.models.usage.store import UsageStore
from senter.settings import BudgetSettings, ModelSettings

TODAY, TOMORROW = "2026-11-22", "2026-11-23"
ELSEWHERE, HERE = providers_of(["https://models.example/v1", "ollama"], "m", "")
QUESTION = "q" * 30
SENT = estimate([QUESTION])
ANSWER = 100
PRICES = ModelSettings(price_in=1_000_000.0, price_out=2_000_000.0)
FREE = ModelSettings()
LIMITS = BudgetSettings(tokens_per_day=1000, tokens_per_goal=300, cost_per_day=5.0, cost_per_goal=1.0)


@pytest.fixture
def reporter():
    """The reporter."""
    return FakeReporter()


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock(f"{TODAY} 10:00")


@pytest.fixture
async def open_purse(tmp_path, clock, reporter):
    """Opens purses on one database."""
    opened = []

    async def begin(worker="research", limits=LIMITS, prices=FREE):
        budget = Budget(limits, prices, worker, tmp_path / "config.toml")
        purse = Purse(UsageStore(tmp_path / "usage.db", worker), budget, clock, reporter, reporter.is_wanted)
        await purse.open()
        opened.append(purse)
        return purse

    yield begin
    for purse in opened:
        await purse.close()


@pytest.fixture
async def purse(open_purse):
    """The purse of the research worker."""
    return await open_purse()


def job(account="", max_tokens=ANSWER, text=QUESTION):
    """A request."""
    options = GenerateOptions(max_tokens=max_tokens, account=account, lane=BACKGROUND)
    return Job(":1.7", "1", [Message("user", text)], options, Deltas(lambda _: None), lambda *_: None)


async def pay(purse, asked, *pieces, provider=HERE, failure=None):
    """Have a request answered with these pieces, or not."""
    async with purse.paying(provider, asked):
        for piece in pieces:
            asked.take(piece)
        if failure:
            raise failure


async def settled(purse):
    """Wait until everything is written down."""
    await asyncio.wait_for(purse._settle_owed(), DEADLINE)


async def used(purse, day=TODAY):
    """What was written down for a day."""
    await settled(purse)
    return purse._store.spent(day)


def reserved(purse):
    """Tokens and costs that are reserved."""
    with purse._store.reading() as connection:
        return connection.execute("SELECT tokens, cost FROM reserved ORDER BY tokens").fetchall()


def rows(purse):
    """What was written down."""
    with purse._store.reading() as connection:
        return connection.execute("SELECT * FROM used").fetchall()


def fill_the_disk(purse, full=True):
    """Let the database grow no more, as a full disk does; or let it again."""
    store = purse._store
    store._connection.execute(f"PRAGMA query_only = {'on' if full else 'off'}")


# reserve, then settle


async def test_the_most_a_request_can_use_is_reserved_while_it_is_answered(open_purse):
    purse = await open_purse(prices=PRICES, limits=BudgetSettings(0, 0, 0.0, 0.0))
    async with purse.paying(ELSEWHERE, job()):
        assert reserved(purse) == [(SENT + ANSWER, SENT + 2.0 * ANSWER)]
    await settled(purse)
    assert reserved(purse) == []


async def test_what_the_provider_tells_is_what_was_used(purse):
    await pay(purse, job("7"), Piece("Hello"), Piece(model="m-2026", tokens_in=20, tokens_out=3))
    assert await used(purse) == purse._store.spent_by("7") == Use(23)
    assert rows(purse) == [(TODAY, "7", "research", "ollama", "m", 20, 3, 0.0)]


async def test_what_it_does_not_tell_is_estimated(purse):
    await pay(purse, job(), Piece("Hello "), Piece("there"))
    assert await used(purse) == Use(SENT + estimate(["Hello there"]))


async def test_the_calls_of_tools_are_a_part_of_the_answer(purse):
    await pay(purse, job(), Piece(tools=(ToolPart(0, "search", '{"words": "tea"}'),)))
    assert await used(purse) == Use(SENT + estimate(['search{"words": "tea"}']))


async def test_schema_and_tools_are_a_part_of_the_question(purse):
    asked = job()
    asked.options = GenerateOptions(max_tokens=1, json_schema="{}" * 30, tools="[]" * 30)
    await pay(purse, asked)
    assert await used(purse) == Use(SENT + 2 * estimate(["x" * 60]))


async def test_what_was_thought_aloud_is_charged_although_it_is_no_answer(purse):
    with pytest.raises(ModelFailed):
        await pay(purse, job(), Piece(thought=120), Piece(thought=80), failure=ModelFailed("too late"))
    assert await used(purse) == Use(SENT + 200)
    await pay(purse, job(), Piece("x", thought=40))
    assert await used(purse) == Use(2 * SENT + 240 + estimate(["x"]))


async def test_who_breaks_off_before_a_word_but_not_before_anything_charges_what_was_sent(purse):
    with pytest.raises(Passing):
        await pay(purse, job(), Piece(model="m"), failure=Passing("it ended in the middle"))
    assert await used(purse) == Use(SENT)


async def test_nobody_can_reserve_less_than_nothing(purse):
    async with purse.paying(HERE, job(max_tokens=-(10**15))):
        assert reserved(purse) == [(SENT, 0.0)]


async def test_vectors_have_no_answer_to_pay_for(purse):
    asked = job(max_tokens=0)
    async with purse.paying(HERE, asked):
        assert reserved(purse) == [(SENT, 0.0)]
        asked.tokens_in = 12
    assert await used(purse) == Use(12)


@pytest.mark.parametrize(
    "failure", [ModelFailed("broken"), Unavailable("no vectors"), GaveWay(), ZeroDivisionError()]
)
async def test_a_request_that_fails_is_settled_with_what_was_sent_and_received(purse, failure):
    with pytest.raises(type(failure)):
        await pay(purse, job(), Piece("half"), failure=failure)
    assert await used(purse) == Use(SENT + estimate(["half"]))
    assert reserved(purse) == []


REFUSALS = [NoModel("it is away"), Unavailable("no embeddings"), ModelFailed("status 400"), Passing("status 429")]


@pytest.mark.parametrize("failure", REFUSALS, ids=lambda failure: type(failure).__name__)
async def test_who_refuses_before_a_word_of_an_answer_charges_nothing(purse, failure):
    with pytest.raises(type(failure)):
        await pay(purse, job(), failure=failure)
    assert await used(purse) == Use()
    assert reserved(purse) == rows(purse) == []


async def test_a_request_that_is_cancelled_is_settled(purse):
    begun = asyncio.Event()
    asked = job()

    async def answer():
        async with purse.paying(HERE, asked):
            asked.take(Piece("half"))
            begun.set()
            await asyncio.Event().wait()

    answering = asyncio.create_task(answer())
    await begun.wait()
    answering.cancel()
    await asyncio.wait([answering])
    assert answering.cancelled()
    assert await used(purse) == Use(SENT + estimate(["half"]))
    assert reserved(purse) == []


async def test_a_request_that_is_cancelled_while_it_is_reserved_for_keeps_nothing(purse, monkeypatch):
    reserve, gate, entered = purse._store.reserve, threading.Event(), threading.Event()

    def reserve_slowly(*arguments):
        entered.set()
        gate.wait(DEADLINE)
        return reserve(*arguments)

    monkeypatch.setattr(purse._store, "reserve", reserve_slowly)
    paying = asyncio.create_task(pay(purse, job()))
    await asyncio.to_thread(entered.wait, DEADLINE)
    paying.cancel()
    await asyncio.wait([paying])
    assert (paying.cancelled(), purse.answers()) == (True, True)
    gate.set()
    await until(lambda: not purse._given_back)
    assert await used(purse) == Use()
    assert reserved(purse) == rows(purse) == []


async def test_what_is_reserved_for_a_request_that_is_gone_is_given_back_before_the_purse_is_closed(
    open_purse, monkeypatch
):
    purse = await open_purse()
    reserve, gate, entered = purse._store.reserve, threading.Event(), threading.Event()

    def reserve_slowly(*arguments):
        entered.set()
        gate.wait(DEADLINE)
        return reserve(*arguments)

    monkeypatch.setattr(purse._store, "reserve", reserve_slowly)
    paying = asyncio.create_task(pay(purse, job()))
    await asyncio.to_thread(entered.wait, DEADLINE)
    paying.cancel()
    await asyncio.wait([paying])
    closing = asyncio.create_task(purse.close())
    gate.set()
    await closing
    again = await open_purse()
    assert (again.tokens_today, reserved(again)) == (0, [])


async def test_the_answer_does_not_wait_until_it_is_settled(purse, monkeypatch):
    gate, settle = threading.Event(), purse._store.settle
    monkeypatch.setattr(purse._store, "settle", lambda *given: gate.wait(DEADLINE) and settle(*given))
    await pay(purse, job(), Piece(tokens_in=10, tokens_out=5))
    assert purse.tokens_today == 15
    gate.set()
    assert await used(purse) == Use(15)
    assert purse.tokens_today == 15


async def test_what_was_just_used_is_settled_before_the_next_request(purse, monkeypatch):
    gate, settle, reserve, done = threading.Event(), purse._store.settle, purse._store.reserve, []

    def settle_slowly(*arguments):
        gate.wait(DEADLINE)
        done.append("settled")
        return settle(*arguments)

    monkeypatch.setattr(purse._store, "reserve", lambda *given: done.append("reserved") or reserve(*given))
    monkeypatch.setattr(purse._store, "settle", settle_slowly)
    await pay(purse, job(max_tokens=900), Piece(tokens_in=1, tokens_out=1))
    paying = asyncio.create_task(pay(purse, job(max_tokens=900), Piece(tokens_in=1, tokens_out=1)))
    # had it not waited, it would have reserved before this
    await asyncio.sleep(0)
    await asyncio.to_thread(str)
    gate.set()
    await paying
    assert await used(purse) == Use(4)
    assert done == ["reserved", "settled", "reserved", "settled"]


async def test_many_requests_at_once_are_all_settled(open_purse):
    purse = await open_purse(limits=BudgetSettings(0, 0, 0.0, 0.0))
    await asyncio.gather(*(pay(purse, job(), Piece(tokens_in=2, tokens_out=1)) for _ in range(40)))
    assert await used(purse) == Use(120)
    assert (purse.tokens_today, reserved(purse)) == (120, [])


async def test_closing_writes_down_what_is_owed(open_purse):
    purse = await open_purse()
    await pay(purse, job(), Piece(tokens_in=2, tokens_out=1))
    await purse.close()
    again = await open_purse()
    assert (again.tokens_today, reserved(again)) == (3, [])


# what it costs


async def test_tokens_are_paid_for_with_the_prices_in_the_settings(open_purse):
    purse = await open_purse(prices=ModelSettings(price_in=3000.0, price_out=15000.0))
    await pay(purse, job(), Piece(tokens_in=10, tokens_out=2), provider=ELSEWHERE)
    assert await used(purse) == Use(12, pytest.approx(0.06))


async def test_a_cost_that_the_provider_tells_is_the_cost(open_purse):
    purse = await open_purse(prices=ModelSettings(price_in=3.0))
    await pay(purse, job(), Piece(tokens_in=10, cost=0.5), provider=ELSEWHERE)
    assert (await used(purse)).cost == 0.5


async def test_this_machine_costs_nothing(open_purse):
    purse = await open_purse(prices=PRICES)
    await pay(purse, job(), Piece(tokens_in=10, tokens_out=2), provider=HERE)
    assert (await used(purse)).cost == 0.0


async def test_who_may_not_be_paid_any_more_is_not_asked_and_this_machine_is(open_purse):
    purse = await open_purse(prices=ModelSettings(price_in=0.001))
    await pay(purse, job(), Piece("x", cost=6.0), provider=ELSEWHERE)
    with pytest.raises(BudgetSpent, match=r"today's 5\.00 for language models are used up"):
        await pay(purse, job(), provider=ELSEWHERE)
    await pay(purse, job(), provider=HERE)


async def test_a_server_on_this_machine_that_tells_a_cost_is_limited_too(purse):
    await pay(purse, job(), Piece("x", cost=6.0), provider=HERE)
    with pytest.raises(BudgetSpent, match=r"5\.00"):
        await pay(purse, job(), provider=HERE)


@pytest.mark.parametrize(
    "lie",
    [
        Piece("x", tokens_in=-5, tokens_out=-5, cost=-1.0),
        Piece("x", cost=float("nan")),
        Piece("x", tokens_in=10**30, tokens_out=10**30, cost=float("inf")),
        Piece("x", model="\ud800\x00" + "m" * 10_000),
    ],
)
async def test_what_a_provider_lies_about_is_written_down_all_the_same(purse, lie):
    await pay(purse, job(), lie)
    assert (await used(purse)).tokens >= SENT
    assert reserved(purse) == []
    assert [row[4] for row in rows(purse)] == ["m"]


async def test_a_provider_that_calls_its_model_another_name_each_time_fills_nothing(purse):
    for number in range(5):
        await pay(purse, job(max_tokens=1), Piece("x", model=f"m-{number}"))
    await settled(purse)
    assert len(rows(purse)) == 1


async def test_who_tells_what_it_costs_is_reserved_the_most_it_told_lately(purse, clock):
    for cost in (0.2, 1.5, 0.3):
        await pay(purse, job(max_tokens=1), Piece("x", cost=cost), provider=ELSEWHERE)
    async with purse.paying(ELSEWHERE, job()), purse.paying(HERE, job()):
        assert sorted(reserved(purse)) == [(SENT + ANSWER, 0.0), (SENT + ANSWER, 1.5)]
        # 2.00 were told, and 1.50 may be by each that is asked
        with pytest.raises(
            BudgetSpent, match=r"^this request may need 1\.50 of today's 5\.00 .*, and 0\.00 are free"
        ):
            async with purse.paying(ELSEWHERE, job(max_tokens=1)), purse.paying(ELSEWHERE, job(max_tokens=1)):
                pass
    clock.set(f"{TODAY} 11:00")
    async with purse.paying(ELSEWHERE, job()):
        assert reserved(purse) == [(SENT + ANSWER, 0.0)]


async def test_costs_are_remembered_for_some_requests_only(open_purse):
    purse = await open_purse(limits=BudgetSettings(0, 0, 0.0, 0.0))
    for cost in (9.0, *[0.1] * MOST_COSTS):
        await pay(purse, job(), Piece("x", cost=cost), provider=ELSEWHERE)
    async with purse.paying(ELSEWHERE, job()):
        assert reserved(purse)[-1] == (SENT + ANSWER, 0.1)


# whom the limits bind


async def test_the_research_worker_is_refused_when_the_day_is_spent(purse):
    await pay(purse, job(), Piece(tokens_in=1000, tokens_out=1))
    with pytest.raises(BudgetSpent, match=r"^today's 1,000 tokens are used up; raise tokens_per_day") as refused:
        await pay(purse, job())
    assert type(refused.value) is BudgetSpent


async def test_people_are_answered_when_the_day_is_spent_and_it_is_counted(open_purse):
    primary = await open_purse("primary")
    for _ in range(2):
        await pay(primary, job(), Piece(tokens_in=1000, tokens_out=1))
    assert await used(primary) == Use(2002)


async def test_a_goal_is_refused_by_the_primary_worker_when_the_day_is_spent(open_purse):
    primary = await open_purse("primary")
    await pay(primary, job(), Piece(tokens_in=1000, tokens_out=1))
    with pytest.raises(BudgetSpent, match="today's"):
        await pay(primary, job("7"))


async def test_people_are_refused_when_the_setting_says_so(open_purse):
    primary = await open_purse("primary", BudgetSettings(tokens_per_day=1000, primary_pauses=True))
    await pay(primary, job(), Piece(tokens_in=1000, tokens_out=1))
    with pytest.raises(BudgetSpent, match="today's"):
        await pay(primary, job())


async def test_what_one_worker_has_used_binds_the_other(open_purse, purse):
    primary = await open_purse("primary")
    await pay(primary, job("7"), Piece(tokens_in=290, tokens_out=1))
    await settled(primary)
    with pytest.raises(BudgetSpent, match="goal 7 has 9 of its 300 tokens left"):
        await pay(purse, job("7"))


async def test_the_next_day_begins_with_a_whole_budget(purse, clock):
    await pay(purse, job(), Piece(tokens_in=1000, tokens_out=1))
    with pytest.raises(BudgetSpent):
        await pay(purse, job())
    clock.set(f"{TOMORROW} 00:01")
    await pay(purse, job(), Piece(tokens_in=5, tokens_out=1))
    assert await used(purse, TOMORROW) == Use(6)


async def test_what_was_reserved_before_midnight_belongs_to_the_day_before(purse, clock):
    asked = job()
    async with purse.paying(HERE, asked):
        clock.set(f"{TOMORROW} 00:01")
        asked.take(Piece(tokens_in=5, tokens_out=1))
    assert (await used(purse), await used(purse, TOMORROW)) == (Use(6), Use())
    assert purse.tokens_today == 0


# what is told


async def test_a_day_that_is_spent_is_told_once(purse, reporter):
    await pay(purse, job(), Piece(tokens_in=1000, tokens_out=1))
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            await pay(purse, job())
    await until(lambda: reporter.told)
    ((title, text, key),) = reporter.told
    assert (title, key) == ("The budget for language models", "budget-2026-11-22")
    assert text.startswith("Today's 1,000 tokens are used up; raise tokens_per_day in [budget] of config.toml")


async def test_the_next_day_is_told_again(purse, reporter, clock):
    for day in (TODAY, TOMORROW):
        clock.set(f"{day} 10:00")
        await pay(purse, job(), Piece(tokens_in=1000, tokens_out=1))
        with pytest.raises(BudgetSpent):
            await pay(purse, job())
    await until(lambda: len(reporter.told) == 2)
    assert [key for *_, key in reporter.told] == ["budget-2026-11-22", "budget-2026-11-23"]


async def test_every_goal_that_has_spent_its_budget_is_told(purse, reporter):
    for account in ("7", "8", "7", "8"):
        with pytest.raises(BudgetSpent):
            await pay(purse, job(account, max_tokens=400))
    await until(lambda: len(reporter.told) == 2)
    assert sorted(key for *_, key in reporter.told) == ["budget-goal-7", "budget-goal-8"]


async def test_a_request_that_is_too_large_is_not_told_and_ends_nobody_elses_day(open_purse, reporter):
    purse = await open_purse(limits=BudgetSettings())
    with pytest.raises(BudgetSpent, match=r"may need 4,000,000,014 of today's 2,000,000 tokens, and 2,000,000 are"):
        await pay(purse, job(max_tokens=4 * 10**9))
    assert (purse.is_spent, reporter.told) == (False, [])
    await pay(purse, job(), Piece("x"))


async def test_what_a_person_may_use_does_not_spend_the_day_of_research(open_purse, reporter):
    primary, purse = await open_purse("primary", BudgetSettings()), await open_purse(limits=BudgetSettings())
    async with primary.paying(HERE, job(max_tokens=4 * 10**9)):
        with pytest.raises(BudgetSpent, match="ask again when other requests are answered"):
            await pay(purse, job("7"))
    assert (purse.is_spent, reporter.told) == (False, [])
    await settled(primary)
    await pay(purse, job("7"), Piece("x"))


async def test_a_day_is_spent_until_midnight(purse, clock):
    await pay(purse, job(), Piece(tokens_in=1000, tokens_out=1))
    with pytest.raises(BudgetSpent):
        await pay(purse, job())
    assert purse.is_spent
    clock.set(f"{TOMORROW} 00:01")
    assert not purse.is_spent


async def test_a_goal_that_is_spent_is_not_the_day(purse, reporter):
    with pytest.raises(BudgetSpent):
        await pay(purse, job("7", max_tokens=400))
    await until(lambda: reporter.told)
    assert not purse.is_spent


async def test_money_is_spent_when_the_cheapest_request_lately_cost_more_than_is_left(open_purse, reporter):
    purse = await open_purse(limits=BudgetSettings(cost_per_day=1.0))
    await pay(purse, job(), Piece("x", cost=0.6), provider=ELSEWHERE)
    with pytest.raises(BudgetSpent, match=r"today 0\.40 of 1\.00 for language models are left"):
        await pay(purse, job(), provider=ELSEWHERE)
    await until(lambda: reporter.told)
    assert purse.is_spent


# what a day has cost


async def test_what_both_workers_have_used_today_is_told_after_an_answer(open_purse, purse, reporter):
    primary = await open_purse("primary")
    await pay(primary, job(), Piece(tokens_in=20, tokens_out=5))
    await settled(primary)
    await pay(purse, job(), Piece(tokens_in=1, tokens_out=1, cost=1.5))
    await until(lambda: reporter.costs[-1:] == [("costs-2026-11-22", "Sunday 22 November: 27 tokens, 1.50")])


async def test_a_request_that_charged_nothing_is_not_told(purse, reporter):
    await pay(purse, job(), Piece(tokens_in=2, tokens_out=1))
    await until(lambda: reporter.costs and not purse._telling._telling)
    with pytest.raises(NoModel):
        await pay(purse, job(), failure=NoModel("it is away"))
    await settled(purse)
    await purse.close()
    assert len(reporter.costs) == 1


async def test_what_was_reserved_before_midnight_is_told_of_the_day_before(purse, clock, reporter):
    purse._telling._days.clear()
    asked = job()
    async with purse.paying(HERE, asked):
        clock.set(f"{TOMORROW} 00:01")
        asked.take(Piece(tokens_in=5, tokens_out=1))
    await until(lambda: reporter.costs == [("costs-2026-11-22", "Sunday 22 November: 6 tokens")])


async def test_closing_tells_what_it_wrote_down_last(purse, reporter):
    await pay(purse, job(), Piece(tokens_in=2, tokens_out=1))
    await purse.close()
    assert reporter.costs == [("costs-2026-11-22", "Sunday 22 November: 3 tokens")]


async def test_what_a_process_that_was_killed_had_used_is_told_after_the_next_start(
    open_purse, tmp_path, reporter, monkeypatch
):
    monkeypatch.setattr(telling, "START_SECONDS", 0.0)
    store = UsageStore(tmp_path / "usage.db", "research")
    store.open()
    for day in ("2026-11-14", "2026-11-15", TODAY):
        store.reserve(day, "", Use(70), BudgetSettings())
    store.close()
    await open_purse()
    await until(lambda: len(reporter.costs) == 2)
    assert reporter.costs == [
        ("costs-2026-11-15", "Sunday 15 November: 70 tokens"),
        ("costs-2026-11-22", "Sunday 22 November: 70 tokens"),
    ]


async def test_no_answer_waits_for_the_reporter(purse, reporter):
    reporter.hold()
    for _ in range(3):
        await asyncio.wait_for(pay(purse, job(), Piece(tokens_in=20, tokens_out=5)), DEADLINE)
    assert await used(purse) == Use(75)
    await until(lambda: reporter.asked == 1)


# tokens of today


async def test_tokens_of_today_begin_with_what_was_used_before(open_purse):
    purse = await open_purse()
    assert purse.tokens_today == 0
    await pay(purse, job(), Piece(tokens_in=20, tokens_out=5))
    await purse.close()
    assert (await open_purse("primary")).tokens_today == 25


async def test_tokens_of_today_include_the_other_workers(open_purse, purse):
    primary = await open_purse("primary")
    await pay(primary, job(), Piece(tokens_in=20, tokens_out=5))
    await settled(primary)
    await pay(purse, job(), Piece(tokens_in=1, tokens_out=1))
    await settled(purse)
    assert (purse.tokens_today, primary.tokens_today) == (27, 25)
    await primary.check()
    assert primary.tokens_today == 27


async def test_tokens_of_today_begin_anew_at_midnight(purse, clock):
    await pay(purse, job(), Piece(tokens_in=20, tokens_out=5))
    await settled(purse)
    assert purse.tokens_today == 25
    clock.set(f"{TOMORROW} 00:00")
    assert purse.tokens_today == 0


# disks


async def test_a_database_that_cannot_be_used_is_told_to_the_caller(purse):
    fill_the_disk(purse)
    with pytest.raises(Unavailable, match=r"usage\.db cannot be used"):
        await pay(purse, job())
    fill_the_disk(purse, full=False)
    await pay(purse, job(), Piece(tokens_in=1, tokens_out=1))
    assert await used(purse) == Use(2)


async def test_what_cannot_be_written_down_is_written_down_with_the_next_request(purse, caplog):
    asked = job("7")
    async with purse.paying(HERE, asked):
        fill_the_disk(purse)
        asked.take(Piece("an answer", tokens_in=20, tokens_out=5))
    await settled(purse)
    assert asked.text == "an answer"
    assert (await used(purse), purse.tokens_today, len(reserved(purse))) == (Use(), 25, 1)
    assert "is written down later" in caplog.text
    fill_the_disk(purse, full=False)
    await pay(purse, job("7"), Piece(tokens_in=1, tokens_out=1))
    assert (await used(purse), purse.tokens_today, reserved(purse)) == (Use(27), 27, [])


async def test_people_are_answered_on_a_full_disk_and_it_is_counted_when_there_is_room(open_purse, caplog):
    primary = await open_purse("primary")
    fill_the_disk(primary)
    for _ in range(3):
        await pay(primary, job(), Piece("an answer", tokens_in=20, tokens_out=5))
    with pytest.raises(Unavailable, match=r"usage\.db cannot be used"):
        await pay(primary, job("7"))
    await settled(primary)
    assert (await used(primary), primary.tokens_today) == (Use(), 75)
    assert "Nothing is reserved for a request that no limit binds: " in caplog.text
    fill_the_disk(primary, full=False)
    await pay(primary, job(), Piece(tokens_in=1, tokens_out=1))
    assert (await used(primary), primary.tokens_today, reserved(primary)) == (Use(77), 77, [])


async def test_people_are_answered_when_the_database_cannot_be_opened_and_it_is_tried_again(
    open_purse, tmp_path, caplog
):
    (tmp_path / "usage.db").mkdir()
    primary = await open_purse("primary")
    assert "usage.db cannot be opened" in caplog.text
    await pay(primary, job(), Piece(tokens_in=20, tokens_out=5))
    with pytest.raises(Unavailable):
        await pay(primary, job("7"))
    assert primary.tokens_today == 25
    (tmp_path / "usage.db").rmdir()
    await pay(primary, job("7"), Piece(tokens_in=1, tokens_out=1))
    assert (await used(primary), reserved(primary)) == (Use(27), [])


async def test_people_who_are_to_pause_are_refused_on_a_full_disk(open_purse):
    primary = await open_purse("primary", BudgetSettings(primary_pauses=True))
    fill_the_disk(primary)
    with pytest.raises(Unavailable, match=r"usage\.db cannot be used"):
        await pay(primary, job())
    fill_the_disk(primary, full=False)


async def test_people_do_not_wait_for_a_disk_that_others_keep_busy(open_purse, tmp_path, monkeypatch):
    monkeypatch.setattr("senter.models.usage.purse.SHORT_SECONDS", 0.01)
    primary = await open_purse("primary")
    await pay(primary, job(), Piece(tokens_in=2, tokens_out=1))
    await settled(primary)
    other = sqlite3.connect(tmp_path / "usage.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        await pay(primary, job(), Piece(tokens_in=20, tokens_out=5))
        (late,) = primary._given_back
        reserving = primary._on_disk._since
        await pay(primary, job(), Piece(tokens_in=20, tokens_out=5))
        assert primary._given_back == {late}
        # the reservation that is late, and the settling that waits behind it: requests do not pile up
        assert len(reserving) <= 2
        assert primary.tokens_today == 53
    finally:
        other.rollback()
        other.close()
    await until(lambda: not primary._given_back)
    assert (await used(primary), reserved(primary)) == (Use(53), [])


async def test_what_could_never_be_written_down_counts_as_reserved_after_the_next_start(open_purse):
    purse = await open_purse()
    async with purse.paying(HERE, job()):
        fill_the_disk(purse)
    await purse.close()
    assert (await open_purse()).tokens_today == SENT + ANSWER


async def test_a_disk_that_does_not_answer_is_noticed(purse, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(purse._store, "settle", lambda *_: gate.wait(DEADLINE) and Use())
    monkeypatch.setattr("senter.database.DISK_PATIENCE", 0.0)
    assert purse.answers()
    await pay(purse, job())
    await until(lambda: not purse.answers())
    gate.set()
    await until(purse.answers)


async def test_a_database_that_cannot_be_opened_is_told(open_purse, tmp_path):
    (tmp_path / "usage.db").mkdir()
    with pytest.raises(Unavailable, match=r"usage\.db cannot be opened"):
        await open_purse()


# checks


async def test_a_day_that_has_hardly_begun_is_fine(purse):
    assert await purse.check() == [Check("budget", "ok", ""), Check("use of models", "ok", "")]


async def test_how_much_of_the_day_is_used_is_told(purse):
    await pay(purse, job(), Piece(tokens_in=850, tokens_out=0))
    assert (await purse.check())[0] == Check("budget", "warn", "850 of today's 1,000 tokens are used")
    await pay(purse, job(max_tokens=10), Piece(tokens_in=150, tokens_out=0))
    verdict, sentence = (await purse.check())[0][1:]
    assert (verdict, sentence[:36]) == ("fail", "today's 1,000 tokens are used up; ra")


async def test_a_provider_that_limits_on_costs_do_not_bind_is_told_until_it_tells_a_cost(open_purse):
    purse = await open_purse("primary", prices=ModelSettings(model="m", providers=("https://models.example/v1",)))
    (check,) = (await purse.check())[2:]
    assert (check.what, check.verdict) == ("price of https://models.example/v1", "warn")
    assert check.fix == (
        "https://models.example/v1 has no price: cost_per_day and cost_per_goal in [budget] do not bind it;"
        " set price_in and price_out in [models.primary]"
    )
    await pay(purse, job(), Piece("x", cost=0.1), provider=ELSEWHERE)
    assert (await purse.check())[2:] == []


async def test_a_database_that_cannot_be_written_is_told(purse):
    fill_the_disk(purse)
    (check,) = await purse.check()
    assert (check.what, check.verdict, "readonly" in check.fix) == ("use of models", "fail", True)
    fill_the_disk(purse, full=False)


async def test_what_was_set_aside_is_told(open_purse, tmp_path):
    (tmp_path / "usage.db").write_bytes(b"no database" * 100)
    purse = await open_purse()
    assert (await purse.check())[-1] == Check(
        "damaged use of models", "warn", f"look into {tmp_path}/usage.db.damaged-1, or delete it"
    )
