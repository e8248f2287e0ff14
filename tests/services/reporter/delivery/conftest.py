"""What every test of the delivery of notices stands on."""

import pytest
from support.clock import Clock
from support.desk import Desk, working


@pytest.fixture(autouse=True)
def local_time(in_berlin):
    """Quiet hours are those of this process's zone."""


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock("2026-11-22 10:00")


@pytest.fixture
def file(tmp_path):
    """Where the ledger is."""
    return tmp_path / "activity.db"


@pytest.fixture
async def desk(file, clock):
    """A desk at work."""
    async with working(Desk(file, clock)) as started:
        yield started
