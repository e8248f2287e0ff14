"""Looking again later."""

import asyncio

import pytest
from support.desk import soon

from senter.reporter.delivery import alarm as module
from senter.reporter.delivery.alarm import Alarm


class Bell:
    """Counts how often it rang."""

    def __init__(self):
        self.rung = 0
        self.rang = asyncio.Event()

    def __call__(self):
        self.rung += 1
        self.rang.set()


@pytest.fixture
async def bell():
    """What is rung."""
    return Bell()


@pytest.fixture
def alarm(bell):
    """An alarm that is not set."""
    return Alarm(bell)


@pytest.mark.parametrize("wishes", [(0.01, 50), (50, 0.01)], ids=str)
async def test_it_rings_once_at_the_earliest_moment(alarm, bell, wishes):
    for seconds in wishes:
        alarm.within(seconds)
    await soon(bell.rang)
    assert (bell.rung, alarm._timer) == (1, None)


async def test_it_can_be_set_again_after_it_rang(alarm, bell):
    for _ in range(2):
        bell.rang.clear()
        alarm.within(0.01)
        await soon(bell.rang)
    assert bell.rung == 2


async def test_it_sleeps_a_minute_at_most(alarm):
    before = asyncio.get_running_loop().time()
    alarm.within(9 * 3600)
    assert alarm._timer.when() - before == pytest.approx(60, abs=1)
    alarm.cancel()


async def test_who_waits_for_longer_is_called_early(alarm, bell, monkeypatch):
    monkeypatch.setattr(module, "LONGEST", 0.01)
    alarm.within(9 * 3600)
    await soon(bell.rang)


async def test_what_was_cancelled_does_not_ring(alarm, bell):
    alarm.within(0)
    alarm.cancel()
    alarm.cancel()
    other = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, other.set)
    await soon(other)
    assert bell.rung == 0
