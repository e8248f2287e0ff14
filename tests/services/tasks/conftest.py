"""The ground of the tests of tasks: a clock, and a disk that is asked again at once."""

import pytest
from support.clock import Clock
from support.goal_work import Work, at_work

from senter.tasks import service
from senter.tasks.pursuing import missing
from senter.tasks.telling import telling


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock("2026-11-22 10:00")


@pytest.fixture
def impatient(monkeypatch):
    """Look again at once for what was not there."""
    monkeypatch.setattr(service, "PAUSE_SECONDS", 0.005)
    for name in ("SHORTEST_BACK_OFF", "LONGEST_BACK_OFF"):
        monkeypatch.setattr(missing, name, 0.005)
    for name in ("PAUSE_SECONDS", "APART_SECONDS"):
        monkeypatch.setattr(telling, name, 0.005)


@pytest.fixture
async def work(tmp_path, clock, impatient):
    """The tasks at work."""
    async with at_work(Work(tmp_path, clock)) as working:
        yield working
