"""The tool that looks into calendars."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.tasks.reader.reader import Reader
from senter.tasks.reader.text import Event
from senter.tasks.text.words import beginning, content_words, has_beginning
from senter.tasks.tools.beneath import content_of, entries_below
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import allowed, folded, real_path, shown
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, shortened

LARGEST = 10_000_000
"""Bytes of one calendar."""
MOST_BYTES = 100_000_000
"""Of all calendars together."""
MOST_CALENDARS = 5_000
MOST_EVENTS = 1_000
LONGEST_READING = 100.0
"""Seconds in which calendars are read."""
DAYS = 7
"""How far is looked ahead when nothing is said."""
MOST_DAYS = 400
DAYS_TOLD = 7

NO_CALENDARS = 'there is no calendar to look into; name yours in config.toml: [tasks] calendars = ["~/work.ics"]'
_DAY = timedelta(days=1)
_TO = "\u2013"
"""Between the beginning and the end."""


@dataclass(frozen=True)
class Meeting:
    """An event of a calendar in local time."""

    start: datetime
    end: datetime
    all_day: bool
    text: str
    """What it is, and where."""
    path: str
    """The calendar it is in."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The events from ``since`` to ``until`` (days such as 2026-11-24; today, and seven days on), in order.

    Of those that mention a word of ``query``, if there are any; a note says when there are none. Days are called
    free only when nothing was left out. Raises
    InvalidArgument for what is no day, Denied for a calendar that the goal names and that may not be read,
    Unavailable when there is no calendar that can be read.
    """
    now = datetime.fromisoformat(context.now) if context.now else datetime.now().astimezone()
    first, last = _days(parameters, now.date())
    notes: list[str] = []
    meetings, calendars = _read(_calendars(context, notes.append), _begin(first), _begin(last + _DAY), notes)
    if not calendars:
        raise Unavailable("; ".join(folded(notes)) or NO_CALENDARS)
    free = [] if notes or not meetings else _free_days(meetings, first, last, now.year)
    meetings, told = _fitting(meetings, parameters.get("query", ""))
    if len(meetings) > MOST_EVENTS:
        told.append(f"only the first {MOST_EVENTS:,} of {len(meetings):,} events are told")
    passages = tuple(_passage(meeting, now.year) for meeting in meetings[:MOST_EVENTS])
    summary = _summary(meetings, first, last, calendars, now.year)
    summary += f" Days without events: {_listed(free)}." if free else ""
    return Findings(summary, passages, (*folded(notes), *told))


def _days(parameters: Mapping[str, Any], today: date) -> tuple[date, date]:
    """The first and the last day to look at."""
    since = _day("since", parameters["since"]) if parameters.get("since") else today
    until = _day("until", parameters["until"]) if parameters.get("until") else max(since, today) + timedelta(DAYS)
    if not since <= until <= since + timedelta(MOST_DAYS):
        raise InvalidArgument(f"the parameter until of calendar_check must be 0 to {MOST_DAYS} days after since")
    return since, until


def _day(name: str, text: str) -> date:
    try:
        found = datetime.fromisoformat(text).date()
    except ValueError as error:
        told = shortened(one_line(text), 40)
        raise InvalidArgument(f'{name} must be a day such as 2026-11-24, not "{told}"') from error
    if not 1970 <= found.year <= 2200:
        raise InvalidArgument(f"{name} must be a day between 1970 and 2200")
    return found


def _begin(day: date) -> datetime:
    """When a day begins here."""
    return datetime.combine(day, time_of_day.min).astimezone()


def _read(
    calendars: Iterator[tuple[str, bytes]], since: datetime, until: datetime, notes: list[str]
) -> tuple[list[Meeting], int]:
    """The events of all calendars in order, and how many calendars could be read."""
    meetings: list[Meeting] = []
    count = size = 0
    end = time.monotonic() + LONGEST_READING
    with Reader() as reader:
        for path, content in calendars:
            size += len(content)
            if count >= MOST_CALENDARS or size > MOST_BYTES or time.monotonic() > end:
                notes.append(f"only the first {count:,} calendars were read; more would take too long")
                break
            try:
                found = reader.events(content, shown(path), since, until)
            except SenterError as error:
                notes.append(f"{error} and was not read")
            else:
                count += 1
                meetings += (_meeting(event, path) for event in found.events)
                notes += found.notes
    return sorted(meetings, key=lambda meeting: (meeting.start, not meeting.all_day)), count


def _calendars(context: Context, note: Callable[[str], None]) -> Iterator[tuple[str, bytes]]:
    """Every calendar that is set or that the goal names, once: its real path and its content.

    Raises Denied for one that the goal names and that may not be read.
    """
    named = [allowed(path, context.folders, context.roots) for path in context.folders if _may_hold(path)]
    seen = set()
    for place in dict.fromkeys([*map(real_path, context.calendars), *named]):
        for path, name, folder in _files(place, note):
            if path in seen:
                continue
            seen.add(path)
            try:
                content = content_of(name, shown(path), folder)
            except SenterError as error:
                note(f"{error} and was not read")
                continue
            if len(content) > LARGEST:
                note(f"{shown(path)} is larger than {LARGEST // 1_000_000} MB and was not read")
            else:
                yield path, content


def _may_hold(path: str) -> bool:
    """Whether something that a goal names is a calendar or may hold some."""
    return _is_calendar(path) or os.path.isdir(path)


def _is_calendar(path: str) -> bool:
    return path.casefold().endswith(".ics")


def _files(place: str, note: Callable[[str], None]) -> Iterator[tuple[str, str, int | None]]:
    """The calendars at a real path: the path of each, its name, and the descriptor of the folder it is in."""
    if not os.path.isdir(place):
        yield place, place, None
        return
    try:
        for entry in entries_below(place, note):
            path = os.path.join(place, entry.path)
            if entry.is_link and _is_calendar(path):
                note(f"{shown(path)} is a link and was not read")
            elif _is_calendar(path):
                yield path, entry.name, entry.holder
    except OSError as error:
        note(f"{shown(place)} cannot be opened: {error.strerror} and was not read")


def _meeting(event: Event, path: str) -> Meeting:
    """An event in local time; one without a zone is in local time already."""
    start, end = (datetime.fromisoformat(text).astimezone() for text in (event.start, event.end))
    where = f" ({event.location})" if event.location else ""
    return Meeting(start, end, event.all_day, f"{event.summary or 'without a title'}{where}", path)


def _fitting(meetings: list[Meeting], query: str) -> tuple[list[Meeting], list[str]]:
    """The events that mention a word of the query; all, and a note, when none does."""
    starts = [beginning(word) or word for word in content_words(query)] if query.strip() else []
    found = [meeting for meeting in meetings if any(has_beginning(meeting.text, start) for start in starts)]
    if found or not starts or not meetings:
        return found or meetings, []
    return meetings, [f'no event mentions any word of "{shortened(one_line(query), 100)}"; all are told']


def _passage(meeting: Meeting, year: int) -> Passage:
    when = _when(meeting, year)
    return Passage(meeting.path, when, shown(os.path.basename(meeting.path)), f"{when} {meeting.text}")


def _summary(meetings: list[Meeting], first: date, last: date, calendars: int, year: int) -> str:
    """What was found, in numbers and times: what others wrote into their events is not in it."""
    events = f"{len(meetings):,} event{'' if len(meetings) == 1 else 's'}"
    several = f"{calendars:,} calendar{'' if calendars == 1 else 's'}"
    told = [f"Found {events} from {_told(first, year)} to {_told(last, year)} in {several}."]
    if clashes := _clashes(meetings, year):
        told.append(f"At the same time: {_listed(clashes)}.")
    return " ".join(told)


def _clashes(meetings: list[Meeting], year: int) -> list[str]:
    """When an event begins before the one before it has ended."""
    found = []
    busy: datetime | None = None
    for meeting in meetings:
        if meeting.all_day:
            continue
        if busy and meeting.start < busy:
            found.append(f"{_told(meeting.start, year)} {meeting.start:%H:%M}")
        busy = max(busy or meeting.end, meeting.end)
    return list(dict.fromkeys(found))


def _free_days(meetings: list[Meeting], first: date, last: date, year: int) -> list[str]:
    days = {first + timedelta(number) for number in range((last - first).days + 1)}
    for meeting in meetings:
        day = max(meeting.start.date(), first)
        while day <= min(_last_day(meeting), last):
            days.discard(day)
            day += _DAY
    return [_told(day, year) for day in sorted(days)]


def _last_day(meeting: Meeting) -> date:
    """The last day on which an event is held; one that ends at midnight is not held on the next day."""
    return max(meeting.start, meeting.end - timedelta(microseconds=1)).date()


def _listed(words: list[str]) -> str:
    more = len(words) - DAYS_TOLD
    return ", ".join(words[:DAYS_TOLD]) + (f" and {more} more" if more > 0 else "")


def _when(meeting: Meeting, year: int) -> str:
    """``Mon 24 Nov 09:00 to 10:00`` with a dash, ``Mon 24 Nov, all day``."""
    start, end = meeting.start, meeting.end
    first, last = _told(start, year), _told(_last_day(meeting), year)
    if meeting.all_day:
        return f"{first}, all day" if first == last else f"{first} {_TO} {last}, all day"
    if start == end:
        return f"{first} {start:%H:%M}"
    if start.date() == end.date():
        return f"{first} {start:%H:%M}{_TO}{end:%H:%M}"
    return f"{first} {start:%H:%M} {_TO} {_told(end, year)} {end:%H:%M}"


def _told(day: date, year: int) -> str:
    """``Mon 24 Nov``, with the year when it is another one."""
    return f"{day:%a} {day.day} {day:%b}" + ("" if day.year == year else f" {day.year}")


TOOL = Tool(
    "calendar_check",
    "Looks into the user's calendars and gives the events from since to until (days such as 2026-11-24; without"
    " them, of the next seven days), of those that mention the query if there is one.",
    schema(since={"type": "string"}, until={"type": "string"}, query={"type": "string"}),
    run,
    "read",
    seconds=180.0,
)
