"""The reporter is told what was found out, each once."""

import asyncio

import pytest
from support.learning_work import AWAY, FakeReporter, teach

from senter.database import Disk
from senter.errors import Busy
from senter.learning.event import Event
from senter.learning.lessons.learned import Learned
from senter.learning.telling import Telling

BRIEFLY, FORMALLY = "Wants brief answers: the point first, no padding.", "Prefers a formal tone."


class Ground:
    """Telling, and what it stands on."""

    def __init__(self, store):
        self.reporter = FakeReporter()
        self.wanted = True
        self.learned = Learned(store)
        self.telling = Telling(self.learned, self.reporter, Disk(), self.is_wanted)

    async def is_wanted(self):
        """Whether Senter is to do anything by itself."""
        return self.wanted

    @property
    def insights(self):
        """What the reporter was told."""
        return [insight for _, _, insight in self.reporter.told]


@pytest.fixture
def ground(store, clock):
    """Two things were found out."""
    teach(store, clock, *[Event("user_query", "briefly, please")] * 2)
    return Ground(store)


async def test_what_was_found_out_is_told_as_something_that_was_learned(ground):
    await ground.telling.tell()
    assert ground.reporter.told == [("learning_update", "", text) for text in (FORMALLY, BRIEFLY)]
    assert ground.learned.letters() == []


async def test_it_is_told_once(ground):
    for _ in range(3):
        await ground.telling.tell()
    assert len(ground.reporter.keys) == 2


@pytest.mark.parametrize("error", [AWAY, Busy("later")])
async def test_while_the_reporter_is_away_it_waits(ground, error):
    ground.reporter.away = error
    await ground.telling.tell()
    assert (ground.reporter.told, len(ground.learned.letters())) == ([], 2)
    ground.reporter.away = None
    await ground.telling.tell()
    assert sorted(ground.insights) == sorted([BRIEFLY, FORMALLY])
    assert ground.learned.letters() == []


async def test_what_was_told_and_not_confirmed_is_told_again_with_the_same_key(ground):
    ground.reporter.loses = True
    await ground.telling.tell()
    await ground.telling.tell()
    assert len(ground.learned.letters()) == 2
    ground.reporter.loses = False
    await ground.telling.tell()
    assert sorted(ground.insights) == sorted([BRIEFLY, FORMALLY])


async def test_when_two_tell_at_the_same_time_each_is_told_once(ground):
    await asyncio.gather(*(ground.telling.tell() for _ in range(5)))
    assert sorted(ground.insights) == sorted([BRIEFLY, FORMALLY])
    assert ground.learned.letters() == []


async def test_where_senter_is_not_wanted_the_reporter_is_not_woken(ground):
    ground.wanted = False
    await ground.telling.tell()
    assert (ground.reporter.told, len(ground.learned.letters())) == ([], 2)


async def test_where_nothing_was_found_out_nobody_is_asked(store):
    ground = Ground(store)

    async def is_wanted():
        raise AssertionError

    ground.telling = Telling(ground.learned, ground.reporter, Disk(), is_wanted)
    await ground.telling.tell()


async def test_a_disk_that_fails_meanwhile_is_no_failure(ground, store):
    store.close()
    await ground.telling.tell()
    assert ground.reporter.told == []
    store.open()
