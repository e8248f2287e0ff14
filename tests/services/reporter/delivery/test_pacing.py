"""How much is shown at once, and when not."""

import contextlib
import os
import time as system
import unicodedata
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from senter.errors import ConfigurationError
from senter.reporter.delivery.pacing import (
    ALONE_AT_ONCE,
    LONGEST_TOLD,
    TOLD_OF_A_FOLD,
    WINDOW,
    QuietHours,
    fold,
    lately,
    outdated,
    quiet_hours,
    to_fold,
    with_earlier,
)
from senter.reporter.notice import APPROVAL, AWAY, DIGEST, FOLD, LONGEST_TITLE, Action, Notice

MINUTE = timedelta(minutes=1)
STOP = Action("stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7")

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kathmandu", "UTC")
CHANGES = (
    "2026-03-28 22:00",
    "2026-10-24 22:00",
    "2026-03-07 23:00",
    "2026-10-31 23:00",
    "2026-10-03 10:00",
    "2026-04-04 10:00",
    "2026-09-05 22:00",
)
"""Not long before clocks are changed in these zones (UTC)."""

MINUTES = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
HOURS = st.tuples(MINUTES, MINUTES).filter(lambda span: span[0] != span[1]).map(lambda span: QuietHours(*span))
NEAR_A_CHANGE = st.builds(
    lambda change, minutes: datetime.fromisoformat(change).replace(tzinfo=UTC) + minutes * MINUTE,
    st.sampled_from(CHANGES),
    st.integers(0, 30 * 60),
)
ANY_TIME = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


@contextlib.contextmanager
def process_in(zone):
    """Put this process into a time zone."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    system.tzset()
    try:
        yield
    finally:
        del os.environ["TZ"]
        if before is not None:
            os.environ["TZ"] = before
        system.tzset()


def ends(text, now, zone="Europe/Berlin"):
    """When quiet hours end, both as the clock on the wall shows them, with the offset of the end."""
    moment = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone))
    with process_in(zone):
        found = quiet_hours(text).ends(moment.astimezone(UTC).astimezone())
    return found and f"{found:%Y-%m-%d %H:%M:%S %z}"


def is_quiet(hours, moment, zone):
    """Whether the clock on the wall shows a time of quiet hours."""
    clock = moment.astimezone(ZoneInfo(zone)).time()
    if hours.begin < hours.end:
        return hours.begin <= clock < hours.end
    return clock >= hours.begin or clock < hours.end


def notice(number, title="Title", body="", **fields):
    """A notice."""
    return Notice(str(number), number, title, body, **fields)


def body_of(*members):
    """The lines of a fold."""
    return fold("f", members).body.splitlines()


# quiet hours


def test_quiet_hours_are_two_times_of_day():
    assert quiet_hours("22:00-07:30") == QuietHours(time(22), time(7, 30))


def test_without_quiet_hours_there_are_none():
    assert quiet_hours("") is None


@pytest.mark.parametrize(
    "text",
    [
        *("22-7", "22:00", "22:00-", "22:00-7:00", "24:00-07:00", "22:60-07:00", "22:00 - 07:00", "22:00-07:00\n"),
        *(" ", "22:00\u201307:00", "22:00-07:00-08:00", "\u0662\u0662:00-07:00", "22:00:00-07:00", "08:00-08:00"),
    ],
)
def test_anything_else_is_a_mistake_in_the_settings(text):
    with pytest.raises(ConfigurationError) as caught:
        quiet_hours(text)
    assert str(caught.value) == (
        f"[reporter] quiet_hours must be two different times of day such as 22:00-07:00, not {text!r}"
    )


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-22 22:00", "2026-11-23 07:00:00 +0100"),
        ("2026-11-22 23:59:59.999999", "2026-11-23 07:00:00 +0100"),
        ("2026-11-23 00:00", "2026-11-23 07:00:00 +0100"),
        ("2026-11-23 06:59:59.5", "2026-11-23 07:00:00 +0100"),
        ("2026-11-23 07:00", None),
        ("2026-11-22 21:59:59.999999", None),
    ],
)
def test_a_quiet_night_ends_in_the_morning(now, end):
    assert ends("22:00-07:00", now) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-22 12:59", None),
        ("2026-11-22 13:00", "2026-11-22 14:30:00 +0100"),
        ("2026-11-22 14:29:59", "2026-11-22 14:30:00 +0100"),
        ("2026-11-22 14:30", None),
    ],
)
def test_a_quiet_noon_ends_on_the_same_day(now, end):
    assert ends("13:00-14:30", now) == end


def test_in_the_night_in_which_clocks_are_put_forward_it_is_quiet_an_hour_less():
    assert ends("22:00-07:00", "2026-03-28 22:00") == "2026-03-29 07:00:00 +0200"


def test_in_the_night_in_which_clocks_are_put_back_it_is_quiet_an_hour_more():
    assert ends("22:00-07:00", "2026-10-24 22:00") == "2026-10-25 07:00:00 +0100"


def test_an_end_that_clocks_leap_over_is_when_they_do():
    assert ends("22:00-02:30", "2026-03-28 22:00") == "2026-03-29 03:00:00 +0200"


def test_an_end_that_clocks_show_twice_is_the_first():
    assert ends("22:00-02:30", "2026-10-24 22:00") == "2026-10-25 02:30:00 +0200"


def test_an_end_that_was_not_reached_when_clocks_were_put_back_is_an_hour_later():
    assert ends("22:00-03:00", "2026-10-24 22:00") == "2026-10-25 03:00:00 +0100"


@given(HOURS, st.one_of(NEAR_A_CHANGE, ANY_TIME), st.sampled_from(ZONES))
@example(QuietHours(time(2, 30), time(3, 30)), datetime(2026, 10, 25, 0, 50, tzinfo=UTC), "Europe/Berlin")
@example(QuietHours(time(1, 45), time(1, 40)), datetime(2026, 4, 4, 15, 0, tzinfo=UTC), "Australia/Lord_Howe")
def test_quiet_hours_end_at_the_first_minute_that_is_none_of_them(hours, now, zone):
    with process_in(zone):
        end = hours.ends(now.astimezone())
    if not is_quiet(hours, now, zone):
        assert end is None
        return
    minute = now.replace(second=0)
    while is_quiet(hours, minute, zone):
        minute += MINUTE
    assert end == minute


# bursts


def test_what_happened_lately_is_counted():
    now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    moments = [now, now - WINDOW + timedelta(microseconds=1), now - WINDOW, now + timedelta(seconds=1)]
    assert lately(moments, now, WINDOW) == 2
    assert lately([], now, WINDOW) == 0


def test_a_few_are_shown_by_themselves():
    assert to_fold([notice(number) for number in range(ALONE_AT_ONCE)], 0, False) == []


def test_when_there_is_one_too_many_all_are_folded():
    waiting = [notice(number) for number in range(ALONE_AT_ONCE + 1)]
    assert to_fold(waiting, 0, False) == waiting


@pytest.mark.parametrize(("shown_alone", "folded"), [(0, 0), (1, 0), (2, 2), (3, 2)])
def test_those_that_were_just_shown_count(shown_alone, folded):
    waiting = [notice(number) for number in range(2)]
    assert to_fold(waiting, shown_alone, False) == waiting[:folded]


def test_while_a_fold_grows_everything_goes_into_it():
    assert to_fold([notice(1)], 0, True) == [notice(1)]
    assert to_fold([], 0, True) == []


@pytest.mark.parametrize(
    "alone",
    [{"urgency": "critical"}, {"actions": [STOP]}, *({"type": word} for word in (DIGEST, AWAY, APPROVAL, FOLD))],
    ids=str,
)
def test_what_stands_alone_is_never_folded_and_takes_nobodys_room(alone):
    waiting = [notice(number, **alone) for number in range(10)]
    plain = [notice(number) for number in range(10, 10 + ALONE_AT_ONCE)]
    assert to_fold(waiting + plain, 0, False) == []
    assert to_fold(waiting + plain, 0, True) == plain


# digests


def test_of_digests_that_wait_the_newest_is_shown_for_the_earlier_ones():
    digests = [notice(number, type=DIGEST) for number in range(3)]
    away = [notice(number, type=AWAY) for number in range(3, 5)]
    others = [notice(5), notice(6), notice(7, type=FOLD), notice(8, type=FOLD)]
    waiting = [digests[0], away[0], *others, *digests[1:], away[1]]
    assert outdated(waiting) == [(digests[2], digests[:2]), (away[1], away[:1])]


def test_a_digest_that_waits_alone_is_shown_for_itself():
    assert outdated([notice(1, type=DIGEST), notice(2, type=AWAY), notice(3), notice(4)]) == []


def test_a_digest_tells_for_how_many_earlier_ones_it_is_shown():
    told = with_earlier(notice(1, "Daily digest", "text", type=DIGEST), 59)
    assert (told.title, told.body) == ("Daily digest, and 59 earlier", "text")
    assert with_earlier(notice(1), 0) == notice(1)


def test_however_long_its_title_is_a_digest_tells_of_earlier_ones():
    title = with_earlier(notice(1, "T" * LONGEST_TITLE), 7).title
    assert len(title) == LONGEST_TITLE
    assert title.endswith("…, and 7 earlier")


# folds


def test_a_fold_tells_how_many_there_are_and_each_on_a_line():
    told = fold(
        "f", [notice(1, "Backup", "It is done.\nIn an hour."), notice(2, "Budget", "\n\nSpent."), notice(3)]
    )
    assert (told.id, told.time, told.title, told.type) == ("f", 3, "3 notices", FOLD)
    assert told.body.splitlines() == ["• Backup: It is done.", "• Budget: Spent.", "• Title"]
    assert (told.open, told.actions) == ("", [])


def test_a_fold_tells_the_newest_five_in_order_of_time_and_counts_the_others():
    lines = body_of(*(notice(number, body=str(number)) for number in (3, 1, 2, 7, 6, 5, 4)))
    assert lines == [f"• Title: {number}" for number in (3, 4, 5, 6, 7)] + ["… and 2 more"]


def test_a_fold_of_five_leaves_nothing_out():
    assert len(body_of(*(notice(number) for number in range(TOLD_OF_A_FOLD)))) == TOLD_OF_A_FOLD


def test_when_every_title_is_the_usual_one_only_texts_are_told():
    assert body_of(notice(1, "Senter", "one"), notice(2, "Senter", "two")) == ["• one", "• two"]
    assert body_of(notice(1, "Senter", "one"), notice(2, "Backup", "two")) == ["• Senter: one", "• Backup: two"]
    assert body_of(notice(1, "Senter", " "), notice(2, "Senter", "two")) == ["• Senter", "• two"]


def test_a_fold_of_one_is_that_one():
    told = fold("f", [notice(1, "Backup", "one\ntwo", urgency="low", open="/report.md")])
    assert told == Notice("f", 1, "Backup", "one\ntwo", "low", "/report.md", type=FOLD)


@pytest.mark.parametrize(
    ("urgencies", "highest"),
    [(("low", "low"), "low"), (("normal", "low"), "normal"), (("low", "normal"), "normal")],
)
def test_a_fold_is_as_urgent_as_its_most_urgent_member(urgencies, highest):
    members = [notice(number, urgency=urgency) for number, urgency in enumerate(urgencies)]
    assert fold("f", members).urgency == highest


def test_a_fold_stays_short_whatever_was_written():
    told = fold("f", [notice(number, "T" * 200, "x" * 1_000_000) for number in range(100)])
    assert len(told.body) < (LONGEST_TOLD + 10) * (TOLD_OF_A_FOLD + 1)


def test_a_fold_of_which_only_the_newest_are_known_counts_the_others_too():
    newest = [notice(number, body=str(number)) for number in range(TOLD_OF_A_FOLD)]
    told = fold("f", newest, 1000, "low")
    assert told.title == "1005 notices"
    assert told.body.splitlines()[::TOLD_OF_A_FOLD] == ["• Title: 0", "… and 1000 more"]
    assert fold("f", newest[-1:], 1).title == "2 notices"


@pytest.mark.parametrize(("urgency", "of_the_others"), [("low", "normal"), ("normal", "low")])
def test_a_fold_is_as_urgent_as_the_most_urgent_of_those_that_are_not_known(urgency, of_the_others):
    assert fold("f", [notice(1, urgency=urgency)] * 5, 1, of_the_others).urgency == "normal"


def harmless(text):
    """Whether nothing in a text acts on its reader's screen."""
    return not any(unicodedata.category(mark) in ("Cc", "Cs") or mark in "\u202e\u2066" for mark in text)


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=8))
@example([("\x1b[31m", "a\x00b"), ("\u202egpj.exe", "\u2066x\n• y"), ("a\rb", "\n\x85\u2028c")])
@example([("t", "… and 3 more\n… and 3 more"), ("\ud800", "\ud800")])
def test_no_text_can_make_a_fold_say_more_than_its_lines(texts):
    lines = fold("f", [notice(number, *text) for number, text in enumerate(texts)]).body.split("\n")
    told = lines[:TOLD_OF_A_FOLD]
    assert len(told) == min(len(texts), TOLD_OF_A_FOLD)
    assert all(line.startswith("• ") for line in told)
    assert lines[TOLD_OF_A_FOLD:] == ([f"… and {len(texts) - TOLD_OF_A_FOLD} more"] if len(texts) > 5 else [])
    assert all(len(line.splitlines()) == 1 and harmless(line) for line in lines)
