"""The clocks of Berlin, which change."""

import time

import pytest


@pytest.fixture
def in_berlin(monkeypatch):
    """Put this process in the time zone of the clock."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
