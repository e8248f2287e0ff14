"""Looking into calendars; what reads them is the real process for it."""

import os
import time

import pytest
from support.calendars import (
    BAD_ZONES,
    BOMBS,
    GOOD,
    GOOGLE,
    INSTRUCTIONS,
    NEXTCLOUD,
    OUTLOOK,
    OVERLAPPING,
    calendar_of,
    zone_of,
)

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools import calendar_check
from senter.tasks.tools.tool import Context

MONDAY = "2025-11-24T08:00:00+01:00"


@pytest.fixture(autouse=True)
def berlin(monkeypatch):
    """Be in Berlin."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def calendars(tmp_path):
    """A folder for calendars."""
    (tmp_path / "calendars").mkdir()
    return tmp_path / "calendars"


def check(*set_ones, goal=(), **parameters):
    """The findings about calendars that are set, or that a goal names."""
    context = Context("what is on", tuple(map(str, goal)), calendars=tuple(map(str, set_ones)), now=MONDAY)
    return calendar_check.run(parameters, context)


def lines(found):
    """The lines about events, with a plain dash."""
    return [each.text.replace("\u2013", "-") for each in found.passages]


def told(*set_ones, **parameters):
    """The lines about the events of calendars."""
    return lines(check(*set_ones, **parameters))


def written(folder, name, text):
    """A calendar on disk."""
    (folder / name).write_bytes(text.encode())
    return folder / name


def test_the_events_of_all_calendars_come_in_order_and_in_local_time(calendars):
    written(calendars, "google.ics", GOOGLE)
    written(calendars, "outlook.ics", OUTLOOK)
    (calendars / "old").mkdir()
    written(calendars / "old", "nextcloud.ICS", NEXTCLOUD)
    (calendars / "notes.txt").write_text("not a calendar")
    found = check(calendars)
    assert lines(found) == [
        "Mon 24 Nov 09:00-10:00 Dentist (Main St 5, Springfield)",
        "Mon 24 Nov 10:00-11:30 Budget (Room 3)",
        "Tue 25 Nov 10:00-11:30 Budget (Room 3)",
        "Tue 25 Nov 18:00-19:00 Yoga",
        "Wed 26 Nov 10:00-11:30 Budget (Room 3)",
        "Wed 26 Nov 15:00-15:30 Stand-up (moved)",
        "Thu 27 Nov - Fri 28 Nov, all day Trip",
        "Fri 28 Nov 15:00-15:45 Anruf mit Zoë über das neue Büro",
        "Sun 30 Nov 17:00-17:45 Anruf mit Zoë über das neue Büro",
    ]
    assert found.text == (
        "Found 9 events from Mon 24 Nov to Mon 1 Dec in 3 calendars. Days without events: Sat 29 Nov, Mon 1 Dec."
    )
    assert found.notes == ()


def test_each_event_says_where_it_stands(calendars):
    file = written(calendars, "work.ics", GOOGLE)
    first = check(file).passages[0]
    assert (first.source, first.place, first.title) == (str(file), "Mon 24 Nov 09:00\u201310:00", "work.ics")


def test_a_calendar_that_the_goal_names_is_read_too(calendars, tmp_path):
    written(calendars, "google.ics", GOOGLE)
    named = written(tmp_path, "named.ics", OUTLOOK)
    assert len(told(calendars, until="2025-11-24")) == 1
    assert len(told(calendars, goal=[named], until="2025-11-24")) == 2
    assert len(told(goal=[calendars], until="2025-11-24")) == 1
    assert len(told(calendars, goal=[calendars / "google.ics"], until="2025-11-24")) == 1


@pytest.mark.parametrize(
    ("days", "count"),
    [
        ({}, 3),
        ({"since": "2025-11-25"}, 3),
        ({"until": "2025-11-24"}, 1),
        ({"since": "2025-11-28", "until": "2025-11-28"}, 1),
        ({"since": "2025-11-29", "until": "2025-11-30"}, 0),
        ({"since": "2025-11-24T10:00:00+01:00", "until": "2025-11-24"}, 1),
        ({"since": "2025-09-01", "until": "2025-09-16"}, 3),
    ],
)
def test_the_days_are_those_that_are_asked_for(calendars, days, count):
    assert len(told(written(calendars, "google.ics", GOOGLE), **days)) == count


@pytest.mark.parametrize("day", ["tomorrow", "24.11.2025", "2025-13-01", "0001-01-01", "9999-12-31"])
def test_what_is_no_day_is_refused(day):
    with pytest.raises(InvalidArgument, match="since must be a day"):
        check(since=day)


def test_the_end_is_not_before_the_beginning_nor_years_later():
    for until in ("2025-11-23", "2027-11-24"):
        with pytest.raises(InvalidArgument, match="until"):
            check(since="2025-11-24", until=until)


def test_days_of_another_year_have_the_year(calendars):
    file = written(calendars, "a.ics", calendar_of("DTSTART:20260102T080000Z\nSUMMARY:Call"))
    assert told(file, since="2026-01-01") == ["Fri 2 Jan 2026 09:00 Call"]


def test_an_event_over_midnight_and_one_without_a_title(calendars):
    file = written(calendars, "a.ics", calendar_of("DTSTART:20251124T220000Z\nDTEND:20251125T010000Z"))
    assert told(file) == ["Mon 24 Nov 23:00 - Tue 25 Nov 02:00 without a title"]


def test_what_is_at_the_same_time_is_told_without_the_words_of_others(calendars):
    file = written(
        calendars,
        "a.ics",
        calendar_of(
            f"DTSTART:20251124T080000Z\nDTEND:20251124T100000Z\nSUMMARY:{INSTRUCTIONS}",
            "DTSTART:20251124T090000Z\nDTEND:20251124T093000Z\nSUMMARY:Call",
            "DTSTART:20251124T100000Z\nDTEND:20251124T103000Z\nSUMMARY:Lunch",
            "DTSTART;VALUE=DATE:20251124\nSUMMARY:Holiday",
        ),
    )
    found = check(file, until="2025-11-24")
    assert (
        found.text
        == "Found 4 events from Mon 24 Nov to Mon 24 Nov in 1 calendar. At the same time: Mon 24 Nov 10:00."
    )
    assert f"Mon 24 Nov 09:00-11:00 {INSTRUCTIONS}" in lines(found)
    assert (found.files, found.notice) == ((), ())


def test_only_events_that_mention_the_query_are_told_when_there_are_some(calendars):
    file = written(calendars, "google.ics", GOOGLE)
    assert told(file, query="when is the dentist?") == ["Mon 24 Nov 09:00-10:00 Dentist (Main St 5, Springfield)"]
    assert len(told(file, query="springfield trip")) == 2
    found = check(file, query="the football")
    assert len(found.passages) == 3
    assert found.notes == ('no event mentions any word of "the football"; all are told',)


def test_without_calendars_it_says_what_to_do():
    with pytest.raises(Unavailable, match=r"config\.toml: \[tasks\] calendars = \["):
        check()


def test_a_calendar_that_cannot_be_read_does_not_keep_the_others_from_being_read(calendars, tmp_path):
    written(calendars, "a.ics", GOOGLE)
    written(calendars, "broken.ics", "this is no calendar")
    with open(calendars / "large.ics", "wb") as file:
        file.write(b"\n" * (calendar_check.LARGEST + 1))
    os.mkfifo(calendars / "pipe.ics")
    (calendars / "link.ics").symlink_to(written(tmp_path, "secret.ics", OUTLOOK))
    found = check(calendars, tmp_path / "gone.ics")
    assert len(found.passages) == 3
    assert set(found.notes) == {
        f"{calendars}/broken.ics is a calendar that cannot be read and was not read",
        f"{calendars}/large.ics is larger than 10 MB and was not read",
        f"{calendars}/pipe.ics is not a file and was not read",
        f"{calendars}/link.ics is a link and was not read",
        f"{tmp_path}/gone.ics cannot be opened: No such file or directory and was not read",
    }


def test_when_no_calendar_can_be_read_it_says_why(calendars):
    with pytest.raises(Unavailable, match=r"broken\.ics is a calendar that cannot be read and was not read$"):
        check(written(calendars, "broken.ics", "BEGIN:VCALENDAR\n"))


def test_a_calendar_that_the_goal_names_and_that_may_not_be_read_is_refused(calendars, tmp_path):
    (calendars / ".hidden").mkdir()
    hidden = written(calendars / ".hidden", "a.ics", GOOGLE)
    with pytest.raises(Denied, match="hidden"):
        check(goal=[hidden])
    link = tmp_path / "link.ics"
    link.symlink_to(hidden)
    with pytest.raises(Denied, match="hidden"):
        check(goal=[link])
    # one that the user has set is the user's to read
    assert len(told(hidden)) == 3


DENTIST = "Mon 24 Nov 09:00-10:00 Dentist"


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_an_event_that_cannot_be_read_is_counted_and_the_rest_of_its_calendar_is_told(calendars, bomb):
    found = check(written(calendars, "work.ics", calendar_of(bomb, GOOD, bomb)))
    assert lines(found) == [DENTIST]
    assert found.notes == (f"2 entries in {calendars}/work.ics cannot be read",)
    assert found.text == "Found 1 event from Mon 24 Nov to Mon 1 Dec in 1 calendar."


def test_many_events_that_take_long_do_not_hide_the_others(calendars):
    bomb = BOMBS["30 February, looked for in every hour"]
    weekly = "DTSTART:20250106T120000Z\nRRULE:FREQ=WEEKLY;COUNT=47\nSUMMARY:Weekly"
    found = check(written(calendars, "work.ics", calendar_of(*[bomb] * 60, GOOD, weekly)))
    assert lines(found) == [DENTIST, "Mon 24 Nov 13:00 Weekly"]
    assert found.notes == (f"60 entries in {calendars}/work.ics cannot be read",)


@pytest.mark.parametrize("zone", BAD_ZONES.values(), ids=BAD_ZONES)
def test_a_time_zone_that_cannot_be_read_does_not_hide_the_calendar(calendars, zone):
    call = "DTSTART;TZID=Evil:20251125T090000\nSUMMARY:Call"
    text = calendar_of(GOOD, call).replace("BEGIN:VEVENT", f"{zone_of('Evil', *zone)}BEGIN:VEVENT", 1)
    found = check(written(calendars, "work.ics", text))
    assert lines(found) == [DENTIST, "Tue 25 Nov 09:00 Call"]
    assert found.notes == (
        f"1 time zone in {calendars}/work.ics cannot be read: the times in it are told as local ones",
    )
    assert "Days without events" not in found.text


def test_an_event_that_is_always_held_does_not_hide_the_others(calendars):
    found = check(written(calendars, "work.ics", calendar_of(OVERLAPPING, GOOD)))
    assert DENTIST in lines(found)
    assert found.notes == (f"1,748 events in {calendars}/work.ics are not told: there are too many",)


def test_days_are_not_called_free_when_a_calendar_was_not_read(calendars):
    file = written(calendars, "work.ics", calendar_of(GOOD))
    assert "Days without events: Tue 25 Nov" in check(file).text
    assert "Days without events" not in check(file, written(calendars, "broken.ics", "no calendar")).text


def test_days_with_events_are_not_called_free_because_others_were_asked_for(calendars):
    file = written(calendars, "google.ics", GOOGLE)
    assert check(file, query="dentist").text == (
        "Found 1 event from Mon 24 Nov to Mon 1 Dec in 1 calendar."
        " Days without events: Tue 25 Nov, Sat 29 Nov, Sun 30 Nov, Mon 1 Dec."
    )


def test_of_very_many_events_the_first_are_told(calendars):
    for name in ("a.ics", "b.ics", "c.ics"):
        written(calendars, name, calendar_of("DTSTART:20250801T000000Z\nRRULE:FREQ=DAILY\nSUMMARY:again"))
    found = check(calendars, since="2025-08-02", until="2026-08-31")
    assert len(found.passages) == calendar_check.MOST_EVENTS
    assert found.notes == ("only the first 1,000 of 1,185 events are told",)


def test_after_so_many_calendars_no_more_are_read(calendars, monkeypatch):
    monkeypatch.setattr(calendar_check, "MOST_CALENDARS", 2)
    for name in ("a.ics", "b.ics", "c.ics"):
        written(calendars, name, calendar_of(f"DTSTART:20251124T090000Z\nSUMMARY:{name}"))
    found = check(calendars)
    assert len(found.passages) == 2
    assert found.notes == ("only the first 2 calendars were read; more would take too long",)
