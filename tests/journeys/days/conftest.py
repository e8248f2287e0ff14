"""Journeys through days: in a private session whose clock can be moved."""

import pytest
from support import wall_clock

REASON = "needs a session whose clock can be moved; packaging/run-journeys starts one"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, saying why, where the clock stays as it is."""
    if not wall_clock.FILE:
        for item in items:
            if "journeys/days" in item.path.as_posix():
                item.add_marker(pytest.mark.skip(reason=REASON))
