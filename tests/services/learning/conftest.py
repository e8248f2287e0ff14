"""The ground of the tests of learning: a clock, and a database on a real disk."""

import pytest
from support.clock import Clock
from support.learning_work import Learning, at_work

from senter.learning.store import Store


@pytest.fixture(autouse=True)
def where_the_clock_is(in_berlin):
    """Hours and days are told as clocks there show them."""


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock("2026-11-22 10:00")


@pytest.fixture
def file(tmp_path):
    """Where the database will be."""
    return tmp_path / "data/learning.db"


@pytest.fixture
def store(file):
    """An open, empty store."""
    opened = Store(file)
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
async def learning(file, clock):
    """Learning at work."""
    async with at_work(Learning(Store(file), clock)) as started:
        yield started
