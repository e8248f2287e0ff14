"""What people type."""

import shutil
import time
from datetime import datetime

import pytest

from senter.cli import typed
from senter.cli.typed import time_to_come
from senter.errors import InvalidArgument

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")

FRIDAY_NOON = datetime(2026, 11, 27, 12, 0).astimezone()


@pytest.fixture
def on_friday(monkeypatch):
    """The time of day at which something is typed."""
    monkeypatch.setattr(typed, "local_now", lambda: FRIDAY_NOON)


@pytest.mark.parametrize(
    ("text", "day", "hour"),
    [
        ("today 18:00", 27, 18),
        ("tomorrow 9:00", 28, 9),
        ("friday 18:00", 27, 18),
        ("Saturday 18:00", 28, 18),
        (" thu  18:00 ", 3, 18),
        ("friday 12:00", 4, 12),
        ("fri 09:00", 4, 9),
        ("2026-11-27 13:00", 27, 13),
    ],
)
def test_a_day_and_a_time_are_the_next_ones(on_friday, text, day, hour):
    month = 11 if day > 20 else 12
    assert time_to_come(text) == datetime(2026, month, day, hour).astimezone().timestamp() * 1_000_000


def test_a_time_from_now_on_is_to_come():
    before = time.time_ns() // 1000
    assert before <= time_to_come("+2h") - 2 * 3_600_000_000 <= time.time_ns() // 1000


@pytest.mark.parametrize("text", ["today 11:59", "2026-11-27 12:00"])
def test_a_time_that_is_over_is_refused(on_friday, text):
    with pytest.raises(InvalidArgument, match="is over; write a time to come, such as tomorrow 18:00"):
        time_to_come(text)


@pytest.mark.parametrize("text", ["today 0:00", "yesterday", "2 hours ago"])
def test_what_was_before_now_is_over(text):
    with pytest.raises(InvalidArgument, match="is over"):
        time_to_come(text)


@pytest.mark.parametrize("text", ["", "soon", "tomorrow 25:00", "day 18:00", "fr 18:00", "--help"])
def test_what_is_no_time_to_come_is_refused_with_examples(text):
    with pytest.raises(InvalidArgument, match="is not a time; write tomorrow 18:00, friday 18:00"):
        time_to_come(text)
