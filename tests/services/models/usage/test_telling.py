"""What the person is told of the use of models: budgets that are spent, and what a day has cost."""

import asyncio
from datetime import date, datetime

import pytest
from support.clock import BERLIN, Clock
from support.private_bus import DEADLINE, until
from support.purse_work import AWAY, FakeReporter

from senter.errors import InvalidArgument, Unavailable
from senter.models.usage import telling as module
from senter.models.usage.budget import NOTHING, Refused, Use
from senter.models.usage.telling import DAYS_TOLD, MOST_TELLING, Telling, line_of

TODAY, YESTERDAY = "2026-11-22", "2026-11-21"


@pytest.fixture
def reporter():
    """The reporter."""
    return FakeReporter()


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock(f"{TODAY} 10:00")


class Usage:
    """What was used, by day; ``full`` is the error that reading raises instead."""

    def __init__(self):
        self.days = {}
        self.full = None

    async def __call__(self, day):
        """What both workers have used."""
        if self.full:
            raise self.full
        return self.days.get(day, NOTHING)


@pytest.fixture
def usage():
    """What was used."""
    return Usage()


@pytest.fixture
async def telling(reporter, usage, clock):
    """What a worker tells."""
    tells = Telling(reporter, usage, clock, reporter.is_wanted)
    yield tells
    reporter.away, reporter.wanted = AWAY, False
    reporter.hold().set()
    await tells.close()


@pytest.fixture
def often(monkeypatch):
    """A minute goes by at once, and so does what is waited for after a start."""
    monkeypatch.setattr(module, "APART_SECONDS", 0.005)
    monkeypatch.setattr(module, "START_SECONDS", 0.005)


def used(telling, usage, tokens, cost=0.0, day=TODAY):
    """Use so many more tokens."""
    before = usage.days.get(day, NOTHING)
    usage.days[day] = Use(before.tokens + tokens, before.cost + cost)
    telling.count([day])


def of_today(tokens):
    """What is told of so many tokens."""
    return ("costs-2026-11-22", f"Sunday 22 November: {tokens} tokens")


# budgets


def spent(key="budget-goal-7"):
    """A refusal by a budget that is spent."""
    return Refused("goal 7 has used up its 300 tokens", key)


async def test_a_budget_that_is_spent_is_told_once_in_a_sentence_that_can_be_switched_off(telling, reporter):
    for _ in range(3):
        telling.refused(spent())
    await until(lambda: reporter.told)
    telling.refused(spent())
    text = "Goal 7 has used up its 300 tokens"
    assert reporter.told == [("The budget for language models", text, "budget-goal-7")]
    assert (reporter.types, reporter.asked) == (["budget"], 1)


async def test_a_request_that_was_too_large_is_not_told(telling, reporter):
    telling.refused(spent(key=""))
    await telling.close()
    assert reporter.asked == 0


async def test_what_the_reporter_did_not_take_is_told_at_the_next_refusal(telling, reporter, caplog):
    reporter.away = AWAY
    telling.refused(spent())
    await until(lambda: "Nobody was told that a budget is spent: the reporter is away" in caplog.text)
    reporter.away = None
    telling.refused(spent())
    await until(lambda: reporter.told)
    assert reporter.asked == 2


async def test_only_so_many_budgets_are_remembered_and_the_one_that_is_asked_for_is_one_of_them(
    telling, reporter, monkeypatch
):
    monkeypatch.setattr(module, "MOST_TOLD", 3)
    for number in range(10):
        telling.refused(spent("budget-2026-11-22"))
        telling.refused(spent(f"budget-goal-{number}"))
        await until(lambda number=number: len(reporter.told) == number + 2)
    assert reporter.asked == 11
    telling.refused(spent("budget-goal-0"))
    await until(lambda: reporter.asked == 12)


async def test_a_reporter_that_hangs_is_not_told_of_any_number_of_goals(telling, reporter):
    reporter.hold()
    for number in range(2 * MOST_TELLING):
        telling.refused(spent(f"budget-goal-{number}"))
    await until(lambda: reporter.asked == MOST_TELLING)
    await asyncio.wait_for(telling.close(), DEADLINE)
    assert reporter.asked == MOST_TELLING


# what a day has cost


@pytest.mark.parametrize(
    ("use", "line"),
    [
        (Use(120_400, 1.234), "Sunday 22 November: 120,400 tokens, 1.23"),
        (Use(1), "Sunday 22 November: 1 token"),
        (Use(5, 1234.5), "Sunday 22 November: 5 tokens, 1,234.50"),
        (Use(5, 0.0001), "Sunday 22 November: 5 tokens, less than 0.01"),
    ],
)
def test_a_day_is_one_line_with_the_cost_when_there_is_one(use, line):
    assert line_of(date(2026, 11, 22), use) == line


async def test_the_first_of_a_while_is_told_at_once_and_what_follows_after_a_while(telling, usage, reporter):
    used(telling, usage, 10)
    await until(lambda: reporter.costs == [of_today(10)])
    for _ in range(3):
        used(telling, usage, 10)
        await asyncio.sleep(0)
    assert reporter.asked == 1
    await telling.close()
    assert reporter.costs == [of_today(10), of_today(40)]


async def test_while_answers_flow_the_last_state_is_told_now_and_then(telling, usage, reporter, often):
    for number in range(1, 50):
        used(telling, usage, 1)
        if number % 10 == 0:
            await until(lambda number=number: reporter.costs[-1:] == [of_today(number)])
    await until(lambda: reporter.costs[-1] == of_today(49))


async def test_it_is_never_told_twice_at_once_and_the_last_state_wins(telling, usage, reporter, often):
    answers = reporter.hold()
    used(telling, usage, 10)
    await until(lambda: reporter.asked == 1)
    for _ in range(5):
        used(telling, usage, 10)
        await asyncio.sleep(0.01)
    assert reporter.asked == 1
    answers.set()
    await until(lambda: reporter.costs == [of_today(10), of_today(60)])


async def test_nobody_wakes_up_when_all_is_told(telling, usage, reporter, often):
    used(telling, usage, 10)
    await until(lambda: reporter.costs)
    await until(lambda: not telling._telling)
    assert telling._timer is None


@pytest.mark.parametrize(
    ("day", "end"), [(TODAY, "2026-11-30"), ("2026-10-20", "2026-10-28"), ("2026-12-31", "2027-01-08")]
)
async def test_digests_tell_it_on_that_day_and_for_a_week_after_it(in_berlin, telling, usage, reporter, day, end):
    used(telling, usage, 10, day=day)
    await until(lambda: reporter.until)
    midnight = datetime.fromisoformat(end).replace(tzinfo=BERLIN)
    assert reporter.until == [midnight.timestamp() * 1_000_000]


async def test_after_a_start_the_days_that_digests_may_tell_are_told_if_something_was_used(
    telling, usage, reporter, often
):
    usage.days = {"2026-11-14": Use(1), "2026-11-15": Use(2), "2026-11-20": Use(900_000, 4.2), TODAY: Use(3)}
    telling.begin()
    await until(lambda: not telling._days)
    await telling.close()
    assert reporter.costs == [
        ("costs-2026-11-15", "Sunday 15 November: 2 tokens"),
        ("costs-2026-11-20", "Friday 20 November: 900,000 tokens, 4.20"),
        of_today(3),
    ]


async def test_what_is_told_after_a_start_has_not_run_out(in_berlin, telling, usage, reporter, clock, often):
    usage.days = {f"2026-11-{day}": Use(1) for day in range(10, 23)}
    telling.begin()
    await until(lambda: not telling._days)
    await telling.close()
    assert len(reporter.costs) == DAYS_TOLD
    assert min(reporter.until) == datetime.fromisoformat("2026-11-23").replace(tzinfo=BERLIN).timestamp() * 1e6


async def test_after_a_start_on_a_day_without_use_nothing_is_told(telling, reporter, often):
    telling.begin()
    await until(lambda: not telling._days and not telling._telling)
    assert reporter.asked == 0


async def test_what_is_told_after_a_start_does_not_delay_what_is_used_then(telling, usage, reporter, monkeypatch):
    monkeypatch.setattr(module, "START_SECONDS", 0.005)
    usage.days = {TODAY: Use(3)}
    telling.begin()
    await until(lambda: reporter.costs == [of_today(3)])
    used(telling, usage, 1)
    await until(lambda: reporter.costs == [of_today(3), of_today(4)])


async def test_what_is_used_while_the_days_before_are_told_is_told_at_once_after_it(
    telling, usage, reporter, monkeypatch
):
    monkeypatch.setattr(module, "START_SECONDS", 0.0)
    usage.days = {TODAY: Use(3)}
    answers = reporter.hold()
    telling.begin()
    await until(lambda: reporter.asked == 1)
    used(telling, usage, 1)
    answers.set()
    await until(lambda: reporter.costs == [of_today(3), of_today(4)])


async def test_a_first_answer_does_not_wait_for_what_is_told_after_a_start(telling, usage, reporter, monkeypatch):
    monkeypatch.setattr(module, "START_SECONDS", 10 * DEADLINE)
    telling.begin()
    used(telling, usage, 4)
    await until(lambda: reporter.costs == [of_today(4)])


# when it cannot be told


@pytest.mark.parametrize("failing", ["the reporter", "the disk"])
async def test_what_cannot_be_told_is_told_later(telling, usage, reporter, often, caplog, failing):
    caplog.set_level("INFO")
    if failing == "the disk":
        usage.full = Unavailable("the disk is full")
    else:
        reporter.away = AWAY
    used(telling, usage, 10)
    await until(lambda: caplog.text.count("What was used is told later") > 1)
    assert reporter.costs == []
    usage.full = reporter.away = None
    await until(lambda: reporter.costs == [of_today(10)])


async def test_only_what_was_not_told_is_told_again(telling, usage, reporter, often, monkeypatch):
    usage.days = {YESTERDAY: Use(2), TODAY: Use(3)}
    tell = reporter.tell

    async def tell_and_go_away(*told):
        await tell(*told)
        reporter.away = AWAY

    monkeypatch.setattr(reporter, "tell", tell_and_go_away)
    telling.begin()
    await until(lambda: reporter.asked == 2)
    monkeypatch.setattr(reporter, "tell", tell)
    reporter.away = None
    await until(lambda: reporter.costs[1:] == [of_today(3)])


async def test_what_the_reporter_refuses_is_logged_and_not_told_again(telling, usage, reporter, often, caplog):
    reporter.away = InvalidArgument("section must be coming")
    used(telling, usage, 10)
    await until(lambda: "section must be coming" in caplog.text)
    await telling.close()
    assert reporter.asked == 1


async def test_while_everything_is_stopped_the_reporter_is_not_woken(telling, usage, reporter, often):
    reporter.wanted = False
    used(telling, usage, 10)
    await until(lambda: telling._earliest)
    await telling.close()
    assert reporter.asked == 0


async def test_it_is_told_when_senter_is_started_again(telling, usage, reporter, often):
    reporter.wanted = False
    used(telling, usage, 10)
    await until(lambda: telling._earliest)
    reporter.wanted = True
    await until(lambda: reporter.costs == [of_today(10)])


# the end


async def test_who_leaves_in_the_middle_of_telling_finishes_it_first(telling, usage, reporter):
    answers = reporter.hold()
    used(telling, usage, 10)
    await until(lambda: reporter.asked == 1)
    used(telling, usage, 10)
    closing = asyncio.create_task(telling.close())
    await asyncio.sleep(0)
    answers.set()
    await closing
    assert reporter.costs == [of_today(10), of_today(20)]


async def test_a_reporter_that_hangs_does_not_keep_a_worker_from_leaving(
    telling, usage, reporter, monkeypatch, caplog
):
    caplog.set_level("INFO")
    monkeypatch.setattr(module, "LAST_SECONDS", 0.01)
    reporter.hold()
    used(telling, usage, 10)
    await until(lambda: reporter.asked == 1)
    await asyncio.wait_for(telling.close(), DEADLINE)
    assert "What was used is told after the next start" in caplog.text
    assert (telling._timer, telling._telling) == (None, None)


async def test_who_has_left_tries_no_more_to_tell_a_reporter_that_is_away(telling, usage, reporter):
    reporter.away, answers = AWAY, reporter.hold()
    used(telling, usage, 10)
    await until(lambda: reporter.asked == 1)
    closing = asyncio.create_task(telling.close())
    await asyncio.sleep(0)
    answers.set()
    await asyncio.wait_for(closing, DEADLINE)
    assert (reporter.asked, telling._timer) == (2, None)


async def test_who_has_told_everything_asks_nobody_at_the_end(telling, usage, reporter):
    used(telling, usage, 10)
    await until(lambda: reporter.costs)
    await telling.close()
    assert reporter.asked == 1
