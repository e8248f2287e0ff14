"""What is in a calendar between two times: iCalendar (RFC 5545). No disk and no network, once it is prepared."""

import re
import time as clock
import warnings
import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]
from icalendar.timezone import tzp
from icalendar.timezone.zoneinfo import ZONEINFO

from senter.tasks.reader.watch import TooLong, Watch
from senter.wording import one_line, shortened

MOST_OCCURRENCES = 1_000
LONGEST_SERIES = 410
"""Occurrences of one series: a daily one in the longest time that is looked at fits in."""
LONGEST_TEXT = 200
"""Characters of a summary or a place."""

LONGEST_TRIES = (0.05, 3.0)
"""Seconds of computing that every series may take, and then those that were not ready by then."""
LONGEST_WASTE = 3.0
"""Seconds of computing for what is then given up, after which every other series has the shortest try only."""
SHORTEST_TRY = 0.01

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

_ENDLESS = ("SECONDLY", "MINUTELY")
"""How often nothing is held: to count such a series out takes as long as somebody likes."""
_ZONE_BEGINS, _ZONE_ENDS = "BEGIN:VTIMEZONE", "END:VTIMEZONE"
_ZONE_NAME = re.compile(r"^TZID[^:\r\n]*:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)
_NO_ZONE_RULE = re.compile(
    r"^RRULE[;:](?:(?!.*FREQ=YEARLY)|.*(?:FREQ=(?!YEARLY)|BYHOUR|BYMINUTE|BYSECOND|INTERVAL=(?![1-9])))",
    re.MULTILINE | re.IGNORECASE,
)
"""Clocks change in some years and once a day: to look up a time must not take long, since it is not given up."""
_SENSELESS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError)
"""What icalendar, recurring_ical_events and dateutil raise for what makes no sense."""

_zones: dict[str, tzinfo] = {}
watch = Watch()
"""Gives up the series that take too long, from when it is begun."""


class _KnownZones(ZONEINFO):
    """The time zones that were loaded before; it never looks for others on disk."""

    def timezone(self, name: str) -> tzinfo | None:
        return _zones.get(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return tzid in _zones


def prepare() -> None:
    """Load the time zones: afterwards none is looked for any more."""
    if not _zones:
        _zones.update((name, zoneinfo.ZoneInfo(name)) for name in sorted(zoneinfo.available_timezones()))
        _zones.setdefault("UTC", UTC)


def occurrences(
    content: bytes, since: datetime, until: datetime, notes: list[tuple[str, int]]
) -> list[dict[str, Any]]:
    """The events of a calendar that are held between two times, in order, of very many the first of each series.

    The times are local times with their zones; a day in the calendar, or a time without a zone, is a local one.
    Gives for each ``start`` and ``end`` (ISO 8601: a date for days, of which the end is the day after the last;
    with an offset from UTC, or without one for a time without a zone), ``all_day``, ``summary`` and ``location``.
    What was cancelled is left out. To ``notes`` comes what is missing, as a word of ``text.MISSING`` and how often.
    Raises ValueError for what is not a calendar.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text, dropped = _with_good_zones(_lines(content), since)
        # what one calendar calls a time zone is nothing to the next
        tzp.use(_KnownZones())
        parsed = icalendar.Calendar.from_ical(text, multiple=True)
        calendars = [each for each in parsed if each.name == "VCALENDAR"]
        if not calendars:
            raise ValueError("there is no calendar in this")
        unknown = sum(tzp.timezone(name) is None for name in dropped)
        found, skipped = _told([one for each in calendars for one in _series(each)], since, until)
    kept = _fairly_cut(found)
    cut = sum(map(len, found)) - len(kept)
    notes += [(word, count) for word, count in (("zones", unknown), ("skipped", skipped), ("cut", cut)) if count]
    return [fields for _, fields in kept]


def _series(calendar: Any) -> Iterator[Any]:
    """Every series of a calendar, and every event that stands alone, as a calendar of its own."""
    if str(calendar.get("METHOD", "")).upper() in _NOT_HELD:
        return
    if str(calendar.get(_ZONE_OF_ALL, "UTC")) not in _zones:
        calendar.pop(_ZONE_OF_ALL)
    series: dict[str, list[Any]] = {}
    for event in calendar.walk("VEVENT"):
        series.setdefault(str(event.get("UID", id(event))), []).append(event)
    for events in series.values():
        one = calendar.copy()
        one.subcomponents = events
        yield one


_Found = list[tuple[timedelta, dict[str, Any]]]
"""Events, each with the time from the beginning of what is looked at to its start."""


def _told(series: list[Any], since: datetime, until: datetime) -> tuple[list[_Found], int]:
    """What is told of every series, and how many there are that cannot be read."""
    found: list[_Found] = []
    skipped = 0
    wasted = 0.0
    rest = series
    for seconds in LONGEST_TRIES:
        if wasted > LONGEST_WASTE:
            break
        tried, rest = rest, []
        for one in tried:
            began = clock.process_time()
            try:
                with watch.at_most(max(SHORTEST_TRY, min(seconds, LONGEST_WASTE - wasted))):
                    found.append(_held(one, since, until))
            except TooLong:
                rest.append(one)
                wasted += clock.process_time() - began
            except _SENSELESS:
                skipped += 1
    return found, skipped + len(rest)


def _held(one: Any, since: datetime, until: datetime) -> _Found:
    """The events of one series that touch the time between, in order."""
    if any(_is_endless(rule) for event in one.subcomponents for rule in _rules(event)):
        raise ValueError("a rule without sense")
    begin = since.astimezone(UTC)
    held = recurring_ical_events.of(one).between(begin - _DAY, until.astimezone(UTC) + _DAY)
    events = [
        (_instant(event["DTSTART"].dt, since) - begin, _fields(event))
        for event in held
        if str(event.get("STATUS", "")).upper() != "CANCELLED" and _touches(event, since, until)
    ]
    return sorted(events, key=lambda event: event[0])


def _rules(event: Any) -> Sequence[Any]:
    rules = event.get("RRULE", [])
    return rules if isinstance(rules, list) else [rules]


def _is_endless(rule: Any) -> bool:
    """Whether a rule says every second or minute, or does not go on from where it is."""
    often = [str(each).upper() for each in rule.get("FREQ", [])]
    return any(each in _ENDLESS for each in often) or any(int(each) < 1 for each in rule.get("INTERVAL", []))


def _fairly_cut(found: list[_Found]) -> _Found:
    """Of very many events the first of each series, so that no series hides the others."""
    most = LONGEST_SERIES
    while most > 1 and sum(min(len(events), most) for events in found) > MOST_OCCURRENCES:
        most = most * 3 // 4
    kept = [event for events in found for event in events[:most]]
    return sorted(kept, key=lambda event: event[0])[:MOST_OCCURRENCES]


def _with_good_zones(lines: list[str], since: datetime) -> tuple[str, list[str]]:
    """The text of a calendar without the time zones that nothing can be made of, and the names of these."""
    kept: list[str] = []
    good: dict[str, bool] = {}
    begin: int | None = None
    for line in lines:
        kept.append(line)
        if line.upper() == _ZONE_BEGINS:
            begin = len(kept) - 1
        elif line.upper() == _ZONE_ENDS and begin is not None:
            zone = "\r\n".join(kept[begin:])
            if zone not in good:
                good[zone] = _is_good_zone(zone, since)
            if not good[zone]:
                del kept[begin:]
            begin = None
    dropped = [name.group(1) for zone, is_good in good.items() if not is_good and (name := _ZONE_NAME.search(zone))]
    return "\r\n".join(kept), list(dict.fromkeys(dropped))


def _is_good_zone(zone: str, since: datetime) -> bool:
    """Whether the description of a time zone tells what is the time in it."""
    if _NO_ZONE_RULE.search(zone):
        return False
    tzp.use(_KnownZones())
    try:
        (parsed,) = icalendar.Timezone.from_ical(zone, multiple=True)
        if not isinstance(parsed, icalendar.Timezone):
            return False
        parsed.to_tz(tzp).utcoffset(since.replace(tzinfo=None))
    except _SENSELESS:
        return False
    return True


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


def _lines(content: bytes) -> list[str]:
    """The lines of a calendar that matter here: to parse the others would take most of the time.

    They are in UTF-8, as they have to be, else in what Windows used to write. A fold may be within a character.
    """
    unfolded = _FOLD.sub(b"", content)
    try:
        text = unfolded.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = unfolded.decode("cp1252", errors="replace")
    return _NEEDED.findall(text)
