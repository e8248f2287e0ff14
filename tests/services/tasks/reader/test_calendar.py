"""What is in a calendar between two times."""

import json
import subprocess
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from support.calendars import (
    BAD_ZONES,
    GOOD,
    GOOGLE,
    INSTRUCTIONS,
    NEXTCLOUD,
    OUTLOOK,
    OVERLAPPING,
    calendar_of,
    zone_of,
)

from senter.tasks.reader import calendar
from senter.tasks.reader.calendar import occurrences
from senter.tasks.reader.examples import warm

BERLIN = ZoneInfo("Europe/Berlin")
NINE = "DTSTART:20251124T090000Z\nDTEND:20251124T100000Z"


@pytest.fixture(autouse=True)
def prepared():
    """All is loaded."""
    warm("calendar")


def held(text, since="2025-11-24", until="2025-12-01", missing=None):
    """What is held between two days in Berlin: start, end, summary; what is missing is added to the list."""
    missing = [] if missing is None else missing
    times = (datetime.fromisoformat(day).replace(tzinfo=BERLIN) for day in (since, until))
    content = text if isinstance(text, bytes) else text.encode()
    return [(each["start"], each["end"], each["summary"]) for each in occurrences(content, *times, missing)]


def summaries(text, **when):
    return [summary for _, _, summary in held(text, **when)]


def test_a_calendar_of_google():
    assert held(GOOGLE) == [
        ("2025-11-24T09:00:00+01:00", "2025-11-24T10:00:00+01:00", "Dentist"),
        ("2025-11-26T15:00:00+01:00", "2025-11-26T15:30:00+01:00", "Stand-up (moved)"),
        ("2025-11-27", "2025-11-29", "Trip"),
    ]


def test_a_calendar_of_outlook_with_a_time_zone_of_windows():
    assert held(OUTLOOK) == [
        (f"2025-11-{day}T10:00:00+01:00", f"2025-11-{day}T11:30:00+01:00", "Budget") for day in (24, 25, 26)
    ]


def test_a_calendar_of_nextcloud_with_more_dates_and_a_time_without_a_zone():
    assert held(NEXTCLOUD) == [
        ("2025-11-25T18:00:00", "2025-11-25T19:00:00", "Yoga"),
        ("2025-11-28T09:00:00-05:00", "2025-11-28T09:45:00-05:00", "Anruf mit Zoë über das neue Büro"),
        ("2025-11-30T11:00:00-05:00", "2025-11-30T11:45:00-05:00", "Anruf mit Zoë über das neue Büro"),
    ]


def test_all_that_is_told_of_an_event():
    since, until = (datetime(2025, 11, day, tzinfo=BERLIN) for day in (24, 25))
    assert occurrences(GOOGLE.encode(), since, until, []) == [
        {
            "start": "2025-11-24T09:00:00+01:00",
            "end": "2025-11-24T10:00:00+01:00",
            "all_day": False,
            "summary": "Dentist",
            "location": "Main St 5, Springfield",
        }
    ]


def test_a_series_keeps_its_hour_when_the_clocks_change():
    assert [start for start, _, _ in held(GOOGLE, "2025-10-21", "2025-10-29")] == [
        "2025-10-21T10:00:00+02:00",
        "2025-10-28T10:00:00+01:00",
    ]


def test_a_date_that_was_taken_out_and_one_that_was_moved_are_not_told():
    assert summaries(GOOGLE, since="2025-11-17", until="2025-11-24") == []
    assert summaries(GOOGLE, since="2025-11-25", until="2025-11-26") == []


def test_a_zone_that_only_the_calendar_knows():
    zone = (
        "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        "TZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    event = calendar_of("DTSTART;TZID=Customized Time Zone:20251124T090000\nSUMMARY:Call")
    assert held(event.replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT"))[0][0] == "2025-11-24T09:00:00+05:30"
    # and what it calls a zone is not known to the next one
    assert held(event)[0][0] == "2025-11-24T09:00:00"


@pytest.mark.parametrize("name", ["Nowhere/City", "../../etc/passwd", "/dev/tty", ""])
def test_a_zone_that_nobody_knows_is_the_own(name):
    text = calendar_of(f"DTSTART;TZID={name}:20251124T090000\nSUMMARY:Call")
    assert held(text.replace("VERSION", f"X-WR-TIMEZONE:{name}\nVERSION", 1)) == [
        ("2025-11-24T09:00:00", "2025-11-24T09:00:00", "Call")
    ]


def test_what_touches_the_time_is_told_and_what_only_borders_on_it_is_not():
    text = calendar_of(
        "DTSTART:20251123T220000Z\nDTEND:20251123T230000Z\nSUMMARY:ends as it begins",
        "DTSTART:20251123T220000Z\nDTEND:20251123T230100Z\nSUMMARY:reaches into it",
        "DTSTART:20251124T230000Z\nDTEND:20251124T233000Z\nSUMMARY:begins as it ends",
        "DTSTART;VALUE=DATE:20251123\nSUMMARY:the day before",
        "DTSTART;VALUE=DATE:20251101\nDTEND;VALUE=DATE:20251225\nSUMMARY:long",
    )
    assert summaries(text, until="2025-11-25") == ["long", "reaches into it"]


def test_a_day_without_an_end_ends_with_the_day():
    assert held(calendar_of("DTSTART;VALUE=DATE:20251124\nSUMMARY:Day")) == [("2025-11-24", "2025-11-25", "Day")]


def test_a_cancelled_occurrence_of_a_series_is_left_out():
    text = calendar_of(f"{NINE}\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Daily").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\nUID:0\nRECURRENCE-ID:20251125T090000Z\nDTSTART:20251125T090000Z\nSTATUS:CANCELLED\n"
        "SUMMARY:Daily\nEND:VEVENT\nEND:VCALENDAR",
    )
    assert [start[:10] for start, _, _ in held(text)] == ["2025-11-24", "2025-11-26"]


@pytest.mark.parametrize("method", ["CANCEL", "REPLY", "cancel"])
def test_a_letter_about_an_event_is_no_event(method):
    text = calendar_of(f"{NINE}\nSUMMARY:Dinner")
    assert summaries(text.replace("VERSION", f"METHOD:{method}\nVERSION")) == []
    assert summaries(text.replace("VERSION", "METHOD:REQUEST\nVERSION")) == ["Dinner"]


def test_a_file_with_several_calendars():
    assert summaries(GOOGLE + OUTLOOK + NEXTCLOUD, until="2025-11-25") == ["Dentist", "Budget"]


@pytest.mark.parametrize("content", [b"", b"hello", b"BEGIN:VEVENT\nEND:VEVENT\n", b"BEGIN:VCALENDAR\n", b"\0\1\2"])
def test_what_is_not_a_calendar_is_an_error(content):
    with pytest.raises(ValueError, match=r"."):
        held(content)


def test_a_mark_at_the_beginning_and_another_character_set_are_read():
    text = calendar_of(f"{NINE}\nSUMMARY:Müll")
    assert summaries(b"\xef\xbb\xbf" + text.encode()) == summaries(text.encode("cp1252")) == ["Müll"]


def test_a_line_that_is_folded_within_a_character_is_one_line():
    text = calendar_of(f"{NINE}\nSUMMARY:Müll").encode()
    assert summaries(text.replace("ü".encode(), b"\xc3\r\n \xbc")) == ["Müll"]


# Each of these is in calendars that people have; none keeps the rest from being told.
BROKEN = {
    "no start": "SUMMARY:x",
    "a start that is no time": "DTSTART:tomorrow\nSUMMARY:x",
    "an end before the start": "DTSTART:20251124T090000Z\nDTEND:20251123T090000Z\nSUMMARY:x",
    "a day and a time": "DTSTART;VALUE=DATE:20251124\nDTEND:20251124T090000Z\nRRULE:FREQ=DAILY\nSUMMARY:x",
    "a rule that is none": f"{NINE}\nRRULE:FREQ=SOMETIMES\nSUMMARY:x",
    "a rule of nothing": f"{NINE}\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31\nSUMMARY:x",
    "an end that never comes": f"{NINE}\nRRULE:FREQ=DAILY;UNTIL=99999999T999999Z\nSUMMARY:x",
    "a line that is none": f"{NINE}\nthis is no line\nSUMMARY:x",
    "a length without measure": "DTSTART:20251124T090000Z\nDURATION:P99999999999999D\nSUMMARY:x",
    "the end of time": "DTSTART:99991231T235959Z\nDURATION:P2D\nRRULE:FREQ=DAILY\nSUMMARY:x",
    "the beginning of time": "DTSTART:00010101T000000Z\nDTEND:00010101T000001Z\nSUMMARY:x",
    "a date that was replaced and is no time": f"{NINE}\nRECURRENCE-ID:never\nSUMMARY:x",
    "two summaries": f"{NINE}\nSUMMARY:x\nSUMMARY:y",
}


@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_an_event_that_makes_no_sense_does_not_hide_the_others(lines):
    told = summaries(calendar_of(lines, "DTSTART:20251125T090000Z\nSUMMARY:Dentist"))
    assert "Dentist" in told
    assert set(told) <= {"Dentist", "x"}


def test_a_long_text_is_cut_and_what_acts_is_taken_out():
    text = calendar_of(f"{NINE}\nSUMMARY:{'x' * 1_000_000}", f"{NINE}\nSUMMARY:a\x1b[2J\u202eb\\nc\nLOCATION:\x07")
    assert summaries(text) == [f"{'x' * 199}…", "a[2Jb c"]


def test_instructions_are_a_summary_like_any_other():
    text = calendar_of(f"{NINE}\nSUMMARY:{INSTRUCTIONS}\nDESCRIPTION:{INSTRUCTIONS} at once")
    since, until = (datetime(2025, 11, day, tzinfo=BERLIN) for day in (24, 25))
    (event,) = occurrences(text.encode(), since, until, [])
    assert event["summary"] == INSTRUCTIONS
    assert "at once" not in json.dumps(event)


EVERY_FIVE_MINUTES = (
    f"RRULE:FREQ=DAILY;BYHOUR={','.join(map(str, range(24)))};BYMINUTE={','.join(map(str, range(0, 60, 5)))}"
)


def test_of_very_many_the_first_of_a_series_are_told_and_how_many_are_missing():
    missing = []
    found = held(
        calendar_of(f"DTSTART:20251101T000000Z\n{EVERY_FIVE_MINUTES}\nSUMMARY:again"),
        missing=missing,
    )
    assert len(found) == calendar.LONGEST_SERIES
    assert (found[0][0], found[1][0]) == ("2025-11-23T23:00:00+00:00", "2025-11-23T23:05:00+00:00")
    assert missing == [("cut", 7 * 24 * 12 - calendar.LONGEST_SERIES)]


def test_a_daily_series_is_told_for_as_long_as_is_looked_at():
    missing = []
    text = calendar_of(f"{NINE}\nRRULE:FREQ=DAILY\nSUMMARY:Daily")
    assert len(held(text, "2025-11-24", "2026-12-29", missing)) == 400
    assert missing == []


@pytest.mark.parametrize("count", [1, 9, 50])
def test_series_of_very_many_do_not_hide_the_others(count):
    missing = []
    found = held(calendar_of(*[OVERLAPPING] * count, GOOD), missing=missing)
    assert "Dentist" in {summary for _, _, summary in found}
    assert len(found) <= calendar.MOST_OCCURRENCES
    assert [word for word, _ in missing] == ["cut"]


@pytest.mark.parametrize("lines", BAD_ZONES.values(), ids=BAD_ZONES)
@pytest.mark.parametrize(
    ("name", "start", "missing"),
    [
        ("Evil", "2025-11-25T09:00:00", [("zones", 1)]),
        ("Pacific Standard Time", "2025-11-25T09:00:00-08:00", []),
        ("/example.org/Asia/Tokyo", "2025-11-25T09:00:00+09:00", []),
    ],
)
def test_a_description_of_a_zone_that_makes_no_sense_is_passed_over(lines, name, start, missing):
    text = calendar_of(GOOD, f"DTSTART;TZID={name}:20251125T090000\nSUMMARY:Call")
    found = []
    told = held(text.replace("BEGIN:VEVENT", f"{zone_of(name, *lines)}BEGIN:VEVENT", 1), missing=found)
    assert [(begin, summary) for begin, _, summary in told][1:] == [(start, "Call")]
    assert (told[0][2], found) == ("Dentist", missing)


def test_descriptions_of_zones_that_do_not_end_are_no_work():
    with pytest.raises(ValueError, match=r"."):
        held("BEGIN:VCALENDAR\n" + "BEGIN:VTIMEZONE\n" * 100_000 + "END:VCALENDAR\n")


def test_a_time_that_its_zone_does_not_have_does_not_hide_the_others():
    missing = []
    text = calendar_of("DTSTART:00010101T000000Z\nSUMMARY:bomb", GOOD)
    zone = "X-WR-TIMEZONE:America/New_York\nVERSION"
    assert [summary for _, _, summary in held(text.replace("VERSION", zone, 1), missing=missing)] == ["Dentist"]
    assert missing == [("skipped", 1)]


SHUT_OFF = """
import json, os, sys
from datetime import datetime
from senter.tasks.reader import calendar
from senter.tasks.reader.examples import warm
from senter.tasks.reader.lockdown import lock_down
content = sys.stdin.buffer.read()
warm("calendar")
lock_down(1)
times = map(datetime.fromisoformat, ("2025-11-24T00:00:00+01:00", "2025-12-01T00:00:00+01:00"))
os.write(1, json.dumps([each["summary"] for each in calendar.occurrences(content, *times, [])]).encode())
os._exit(0)
"""


def test_once_prepared_it_needs_nothing_from_the_system():
    pytest.importorskip("pyseccomp")
    unknown = calendar_of("DTSTART;TZID=Nowhere/City:20251130T090000\nSUMMARY:Call")
    known = calendar_of("DTSTART;TZID=Asia/Kathmandu:20251130T190000\nSUMMARY:Hike")
    text = GOOGLE + OUTLOOK + NEXTCLOUD + unknown.replace("VERSION", "X-WR-TIMEZONE:Nowhere\nVERSION") + known
    done = subprocess.run(
        [sys.executable, "-c", SHUT_OFF], input=text.encode(), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert {"Dentist", "Budget", "Yoga", "Call", "Hike"} <= set(json.loads(done.stdout))
