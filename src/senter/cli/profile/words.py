"""What is known of the user in words and bars, safe for a terminal whatever its texts are. Pure."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from senter.learning.habits.goals import GoalPattern
from senter.learning.knowing.summary import Profile, Statistics
from senter.learning.preferences.belief import Preference
from senter.wording import one_line

NOTHING_KNOWN = "Nothing is known of you yet; begin with: senter ask, senter goals add, or senter profile set"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

TITLE_WIDTH = 14
LONGEST_BAR = 24
LEFT_HALF = 40
"""How wide the first twelve hours of the day are; with the others beside them it is a terminal of 80 columns."""

KEPT_TOGETHER = "\u00a0"
"""Stands for a space at which no line is to end."""

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Known:
    """All that is told of the user at once."""

    profile: Profile = field(default_factory=Profile)
    statistics: Statistics = field(default_factory=Statistics)
    preferences: Sequence[Preference] = ()
    """Also those that do not count."""
    hours: Mapping[str, float] = field(default_factory=dict)
    """How much happens in each hour of the day."""

    @property
    def is_anything(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.statistics.total_events or self.preferences)


def summary(known: Known, now: datetime, width: int) -> str:
    """The profile for a person, with lines of at most ``width`` characters where its words let it."""
    if not known.is_anything:
        return NOTHING_KNOWN
    profile, peaks = known.profile, peak_hours(known.profile.peak_hours, known.hours)
    facts = [("Preferences", [preference(each) for each in known.preferences if each.counts])]
    facts += [
        ("Interests", [", ".join(one_line(topic).replace(" ", KEPT_TOGETHER) for topic in profile.top_topics)])
    ]
    facts += [("Mostly there", [f"at {clock_hours(peaks)}" if peaks else ""])]
    next_time = f"{when(profile.next_active, now)}, {percent(profile.next_active_confidence)} sure"
    facts += [("Next time", [next_time if profile.next_active else ""])]
    facts += [("Digest suits", [f"at {profile.digest_hour}:00"])]
    facts += [("Goals", [goals(each) for each in profile.goals]), ("Kept", [kept(known.statistics)])]
    return "\n".join(line for title, values in facts for line in _told(title, filter(None, values), width))


def preference(belief: Preference) -> str:
    """``style response_length: brief (set by you)``."""
    sure = "set by you" if belief.set_by_user else f"{percent(belief.confidence)} sure"
    return f"{one_line(belief.type)} {one_line(belief.key)}: {one_line(belief.value)} ({sure})"


def goals(kind: GoalPattern) -> str:
    """``research: 4 of 5 reached (80 %), usually in 12 min``."""
    told = f"{one_line(kind.kind)}: {kind.completed} of {kind.goals} reached ({percent(kind.completion_rate)})"
    return f"{told}, usually in {duration(kind.usual_seconds)}" if kind.usual_seconds else told


def kept(statistics: Statistics) -> str:
    """``1,204 events, 37 topics, 1 session``."""
    counts = (("event", statistics.total_events), ("topic", statistics.unique_topics))
    return ", ".join(counted(number, word) for word, number in (*counts, ("session", statistics.sessions)))


def counted(number: int, word: str) -> str:
    """``1 event``, ``1,204 events``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def peak_hours(told: Sequence[int], hours: Mapping[str, float]) -> list[int]:
    """The hours in which most happens; none while learning tells the usual ones because it knows too little.

    ``hours`` is how much happens in each hour of the day.
    """
    least = min((hours.get(str(hour), 0.0) for hour in told), default=0.0)
    others = max((weight for hour, weight in hours.items() if int(hour) not in told), default=0.0)
    return list(told) if least > 0 and least >= others else []


def hours_chart(hours: Mapping[str, float], days: Mapping[str, float], peaks: Sequence[int]) -> str:
    """How much happens in each hour of the day and on each day of the week, in bars, and the peak hours."""
    by_hour = _bars([str(hour) for hour in range(24)], hours)
    halves = zip(by_hour[:12], by_hour[12:], strict=True)
    lines = ["By hour of the day", *(f"{left:<{LEFT_HALF}}{right}".rstrip() for left, right in halves), ""]
    by_day = {name: days.get(str(number), 0.0) for number, name in enumerate(DAYS)}
    lines += ["By day of the week", *_bars(DAYS, by_day)]
    if known := peak_hours(peaks, hours):
        lines += ["", f"Most happens at {clock_hours(known)}."]
    return "\n".join(lines)


def clock_hours(hours: Iterable[int]) -> str:
    """``9:00, 14:00``."""
    return ", ".join(f"{hour}:00" for hour in hours)


def trend(change: float | None) -> str:
    """``more often (+0.60)``; a dash for a topic that was not mentioned in the time that is compared."""
    if change is None:
        return "-"
    if not change:
        return "as often as before"
    return f"{'more' if change > 0 else 'less'} often ({change:+.2f})"


def percent(share: float) -> str:
    """``67 %``, of a share from 0 to 1."""
    return f"{100 * share:.0f} %"


def duration(seconds: float) -> str:
    """``45 s``, ``12 min``, ``1 h 50 min``, ``2 d 3 h``."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    large, small, length, part = ("d", "h", _DAY, _HOUR) if whole >= _DAY else ("h", "min", _HOUR, _MINUTE)
    rest = whole % length // part
    return f"{whole // length} {large}" + (f" {rest} {small}" if rest else "")


def when(microseconds: int, now: datetime) -> str:
    """A time (µs since the epoch) as local time with the day; with the year when that is not this one."""
    then = datetime.fromtimestamp(microseconds / 1_000_000).astimezone()
    return f"{then:%a %d %b %H:%M}" if then.year == now.year else f"{then:%d %b %Y %H:%M}"


def forgotten(kind: str, count: int) -> str:
    """How much was forgotten; ``kind`` is topic, before, since, preference or everything."""
    if kind == "everything":
        return "Everything is forgotten."
    if not count:
        return "There was nothing to forget."
    what = counted(count, "sign" if kind == "preference" else "event")
    return f"{what} {'is' if count == 1 else 'are'} forgotten."


def _told(title: str, values: Iterable[str], width: int) -> list[str]:
    """The lines of a fact, each value on lines of its own; none without a value."""
    wrapper = textwrap.TextWrapper(max(20, width - TITLE_WIDTH), break_on_hyphens=False)
    lines = [line.replace(KEPT_TOGETHER, " ") for value in values for line in wrapper.wrap(value)]
    return [f"{title + ':' if not number else '':<{TITLE_WIDTH}}{line}" for number, line in enumerate(lines)]


def _bars(names: Sequence[str], weights: Mapping[str, float]) -> list[str]:
    """One line for each name: a bar as long as its part of the greatest weight, and its share of all."""
    most, total = max(weights.values(), default=0.0), sum(weights.values())
    lines = []
    for name in names:
        weight = weights.get(name, 0.0)
        # what there is at all can be seen
        bar = "█" * max(1, round(LONGEST_BAR * weight / most)) if weight else ""
        lines.append(f"{name:>4}  {bar} {percent(weight / total)}" if weight else f"{name:>4}")
    return lines
