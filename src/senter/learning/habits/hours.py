"""When the user is there: by hour, by day of the week, and when next. Pure.

What is known is in which hours of which days something happened. A day counts half as much four weeks later.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

Name = TypeVar("Name")

HALF_LIFE_DAYS = 28.0
KEPT_DAYS = 366
"""Older days weigh less than 1/8,000 of today."""

USUAL_PEAKS = (9, 10, 14, 15)
PEAKS = 4
FEWEST_DAYS, FEWEST_MORNINGS = 3, 5
"""On how many days something must have happened before that says when the user is there; or when the day begins."""
LIKELY = 0.5
DAY_BEGINS = 4
"""Who is up before this hour has not slept yet."""


class Active(NamedTuple):
    """One hour in which something happened."""

    day: int
    """The local date (``date.toordinal``)."""
    hour: int
    events: int


def by_hour(hours: Iterable[Active], today: int) -> dict[str, float]:
    """The weight of each hour of the day that has any, ``0`` to ``23``."""
    return _sums((str(active.hour), active.events * _weight(active.day, today)) for active in hours)


def by_day(hours: Iterable[Active], today: int) -> dict[str, float]:
    """The weight of each day of the week that has any, from Monday, ``0``, to Sunday, ``6``."""
    return _sums((str(weekday(active.day)), active.events * _weight(active.day, today)) for active in hours)


def is_known(hours: Iterable[Active]) -> bool:
    """Whether enough happened to say when the user is there."""
    return len({active.day for active in hours}) >= FEWEST_DAYS


def peak_hours(hours: Sequence[Active], today: int) -> list[int]:
    """The up to four hours of the day in which most happens, in order; the usual ones while little is known."""
    if not is_known(hours):
        return list(USUAL_PEAKS)
    weights = by_hour(hours, today)
    return sorted(sorted((int(hour) for hour in weights), key=lambda hour: -weights[str(hour)])[:PEAKS])


def next_active(hours: Sequence[Active], now: datetime) -> tuple[datetime, float] | None:
    """The next full hour in which the user is likely to be there, and how likely that is; None if nothing is known.

    How likely an hour of a day of the week is: on how many of those days something happened in it, of all since the
    first that is known and one more, so that nothing is certain after a single week. Without any likely hour within
    a week it is the likeliest one.
    """
    today = now.toordinal()
    if not hours:
        return None
    first = min(active.day for active in hours)
    seen = _sums(((weekday(day)), _weight(day, today)) for day in range(first, today + 1))
    there = _sums(((weekday(day), hour), _weight(day, today)) for day, hour, events in hours if events)
    begins = now.replace(minute=0, second=0, microsecond=0, tzinfo=None)
    coming = [begins + timedelta(hours=number) for number in range(1, 7 * 24 + 1)]
    # of today it is not known yet whether the user is there in an hour to come: it is the one that is added
    days = [seen.get(moment.weekday(), 0.0) + (moment.toordinal() != today) for moment in coming]
    chances = [
        there.get((moment.weekday(), moment.hour), 0.0) / max(1.0, days[place])
        for place, moment in enumerate(coming)
    ]
    likely = next((place for place, chance in enumerate(chances) if chance >= LIKELY), None)
    place = chances.index(max(chances)) if likely is None else likely
    # an hour that a change of the clocks leaves out is the one after it
    return coming[place].replace(fold=1).astimezone(), chances[place]


def first_hour(hours: Iterable[Active], today: int) -> int | None:
    """The hour at which the user's day usually begins: the middle one by weight; None while little is known."""
    firsts: dict[int, int] = {}
    for active in hours:
        if active.hour >= DAY_BEGINS:
            firsts[active.day] = min(active.hour, firsts.get(active.day, 24))
    if len(firsts) < FEWEST_MORNINGS:
        return None
    half, so_far = sum(_weight(day, today) for day in firsts) / 2, 0.0
    for day, hour in sorted(firsts.items(), key=lambda first: first[1]):
        so_far += _weight(day, today)
        if so_far >= half:
            return hour
    raise AssertionError


def weekday(day: int) -> int:
    """The day of the week of a date (``date.toordinal``), from Monday, 0, to Sunday, 6."""
    return (day - 1) % 7


def _weight(day: int, today: int) -> float:
    return float(2.0 ** -(max(0, today - day) / HALF_LIFE_DAYS))


def _sums(parts: Iterable[tuple[Name, float]]) -> dict[Name, float]:
    sums: dict[Name, float] = {}
    for name, weight in parts:
        sums[name] = sums.get(name, 0.0) + weight
    return sums
