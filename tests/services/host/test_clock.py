"""Times as people type them."""

import shutil
import time
from datetime import timedelta

import pytest

from senter.errors import InvalidArgument, Unavailable
from senter.host.clock import local_now, parse_time

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@needs_systemd
def test_an_instant_is_read_exactly():
    assert parse_time("2026-11-22 10:00:00 UTC") == 1_795_341_600_000_000
    assert parse_time("@5") == 5_000_000


@needs_systemd
@pytest.mark.parametrize("microsecond", [1, 123_456, 123_457, 567_891, 999_999])
def test_no_microsecond_is_lost(microsecond):
    assert parse_time(f"2026-11-22 10:00:00.{microsecond:06d} UTC") == 1_795_341_600_000_000 + microsecond


@needs_systemd
def test_a_time_ago_counts_from_now():
    before = time.time_ns() // 1000
    read = parse_time("2 hours ago")
    after = time.time_ns() // 1000
    assert before <= read + 2 * 3_600_000_000 <= after


@needs_systemd
def test_a_day_by_name_begins_at_midnight(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    assert parse_time("yesterday") % 86_400_000_000 == 0


@needs_systemd
def test_the_language_of_the_user_does_not_matter(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert parse_time("@5") == 5_000_000


@needs_systemd
@pytest.mark.parametrize("text", ["", "soon", "--help", "-h", "25:00", "1960-01-01", "yesterday\ntoday"])
def test_text_that_is_no_time_is_refused_with_examples(text):
    with pytest.raises(InvalidArgument, match="is not a time; write 09:00, yesterday, or 2 hours ago"):
        parse_time(text)


def test_without_systemd_no_time_can_be_read(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="systemd-analyze, which is not installed"):
        parse_time("yesterday")


def test_the_local_time_follows_a_user_who_moves(monkeypatch):
    for zone, offset in (("Etc/GMT-2", 2), ("Etc/GMT+5", -5)):
        monkeypatch.setenv("TZ", zone)
        assert local_now().utcoffset() == timedelta(hours=offset)
    monkeypatch.undo()
    time.tzset()
