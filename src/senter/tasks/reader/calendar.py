"""What is in a calendar between two times: iCalendar (RFC 5545). No disk and no network, once it is prepared."""

import re
import warnings
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]
from icalendar.timezone import tzp
from icalendar.timezone.zoneinfo import ZONEINFO

from senter.wording import one_line, shortened

MOST_OCCURRENCES = 1_000
LONGEST_TEXT = 200
"""Characters of a summary or a place."""

_DAY = timedelta(days=1)
_NOT_HELD = ("CANCEL", "REPLY", "REFUSE", "COUNTER", "DECLINECOUNTER")
"""Methods (RFC 5546) of calendars that are letters about events, not events."""
_ZONE_OF_ALL = "X-WR-TIMEZONE"

_FOLD = re.compile(rb"\r?\n[ \t]")
_NEEDED = re.compile(
    r"^(?:BEGIN|END|METHOD|CALSCALE|X-WR-TIMEZONE|TZID|TZOFFSETFROM|TZOFFSETTO|DTSTART|DTEND|DURATION|RRULE|RDATE"
    r"|EXDATE|RECURRENCE-ID|UID|SEQUENCE|STATUS|SUMMARY|LOCATION)[;:][^\r\n]*",
    re.MULTILINE | re.IGNORECASE,
)

_zones: dict[str, tzinfo] = {}


class _KnownZones(ZONEINFO):
    """The time zones that were loaded before; it never looks for others on disk."""

    def timezone(self, name: str) -> tzinfo | None:
        return _zones.get(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return tzid in _zones


class _Series(recurring_ical_events.CalendarQuery):  # type: ignore[misc]
    """The series of a calendar; one that makes no sense does not keep the others from being told."""

    suppressed_errors = [  # noqa: RUF012 - the library's name and type
        *recurring_ical_events.CalendarQuery.suppressed_errors,
        *(ValueError, TypeError, AttributeError, LookupError, ArithmeticError),
    ]


def prepare() -> None:
    """Load all that is needed: afterwards nothing is opened any more."""
    if not _zones:
        _zones.update((name, zoneinfo.ZoneInfo(name)) for name in sorted(zoneinfo.available_timezones()))
        _zones.setdefault("UTC", UTC)
    occurrences(_WARMING, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def occurrences(content: bytes, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """The events of a calendar that are held between two times, in order, of very many the first.

    The times are local times with their zones; a day in the calendar, or a time without a zone, is a local one.
    Gives for each ``start`` and ``end`` (ISO 8601: a date for days, of which the end is the day after the last;
    with an offset from UTC, or without one for a time without a zone), ``all_day``, ``summary`` and ``location``.
    What was cancelled is left out. Raises ValueError for what is not a calendar.
    """
    # what one calendar calls a time zone is nothing to the next
    tzp.use(_KnownZones())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parsed = icalendar.Calendar.from_ical(_lines(content), multiple=True)
        calendars = [each for each in parsed if each.name == "VCALENDAR"]
        if not calendars:
            raise ValueError("there is no calendar in this")
        found = [event for each in calendars for event in _held(each, since, until)]
    found.sort(key=lambda event: _instant(event["DTSTART"].dt, since))
    return [_fields(event) for event in found[:MOST_OCCURRENCES]]


def _held(calendar: Any, since: datetime, until: datetime) -> Iterator[Any]:
    """The events of a calendar that touch the time between."""
    if str(calendar.get("METHOD", "")).upper() in _NOT_HELD:
        return
    if str(calendar.get(_ZONE_OF_ALL, "UTC")) not in _zones:
        calendar.pop(_ZONE_OF_ALL)
    query = recurring_ical_events.of(calendar, skip_bad_series=True, calendar_query=_Series)
    for event in query.between(since.astimezone(UTC) - _DAY, until.astimezone(UTC) + _DAY):
        if str(event.get("STATUS", "")).upper() != "CANCELLED" and _touches(event, since, until):
            yield event


def _touches(event: Any, since: datetime, until: datetime) -> bool:
    """Whether an event is held between two times, not only next to them."""
    start, end = event["DTSTART"].dt, _end(event)
    if not all(isinstance(moment, datetime) and moment.tzinfo for moment in (start, end)):
        start, end, since, until = (_on_the_wall(moment) for moment in (start, end, since, until))
    return bool(start < until and (end > since or start >= since))


def _end(event: Any) -> date:
    """When an event ends, or the day after its last one."""
    start: date = event["DTSTART"].dt
    end: date = event["DTEND"].dt if "DTEND" in event else start
    return end if end != start or isinstance(start, datetime) else start + _DAY


def _instant(moment: date, since: datetime) -> datetime:
    """A time or the beginning of a day, in the zone of ``since`` where it has none."""
    if isinstance(moment, datetime) and moment.tzinfo:
        return moment
    return _on_the_wall(moment).replace(tzinfo=since.tzinfo)


def _on_the_wall(moment: date) -> datetime:
    """What a clock shows at a time, or as a day begins."""
    return (moment if isinstance(moment, datetime) else datetime.combine(moment, time.min)).replace(tzinfo=None)


def _fields(event: Any) -> dict[str, Any]:
    start = event["DTSTART"].dt
    return {
        "start": start.isoformat(),
        "end": _end(event).isoformat(),
        "all_day": not isinstance(start, datetime),
        "summary": _line(event, "SUMMARY"),
        "location": _line(event, "LOCATION"),
    }


def _line(event: Any, name: str) -> str:
    """A text of an event on one line; of several the first."""
    value = event.get(name, "")
    text = str(value[0] if isinstance(value, list) else value)
    return shortened(one_line(text[: 10 * LONGEST_TEXT]), LONGEST_TEXT)


def _lines(content: bytes) -> str:
    """The lines of a calendar that matter here: to parse the others would take most of the time.

    They are in UTF-8, as they have to be, else in what Windows used to write. A fold may be within a character.
    """
    unfolded = _FOLD.sub(b"", content)
    try:
        text = unfolded.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = unfolded.decode("cp1252", errors="replace")
    return "\r\n".join(_NEEDED.findall(text))


_WARMING = b"""BEGIN:VCALENDAR
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Somewhere
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
SUMMARY:Warming
DTSTART;TZID=Somewhere:20260101T090000
RRULE:FREQ=DAILY;UNTIL=20260105T000000Z
EXDATE;TZID=Somewhere:20260102T090000
END:VEVENT
END:VCALENDAR
"""
"""A calendar that needs what the others need."""
