"""How much is shown at once, and when not: quiet hours, bursts, digests, and the text of a fold. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol, TypeVar

from senter.errors import ConfigurationError
from senter.reporter.notice import AWAY, DIGEST, FOLD, LONGEST_TITLE, URGENCIES, Notice
from senter.wording import one_line, shortened

WINDOW = timedelta(seconds=10)
ALONE_AT_ONCE = 3
"""How many notices are shown by themselves within WINDOW; when there are more they are folded into one."""

FOLD_PAUSE = timedelta(seconds=1)
"""How long a fold stays as it is before it may be replaced by one that tells more."""

TOLD_OF_A_FOLD = 5
LONGEST_TOLD = 150
OWN_TITLE = "Senter"
"""The title of a notice whose text says everything."""

_CLOCK = r"((?:[01][0-9]|2[0-3]):[0-5][0-9])"
_SPAN = re.compile(f"{_CLOCK}-{_CLOCK}")


class Waits(Protocol):
    """What waits to be shown."""

    @property
    def stands_alone(self) -> bool:
        """Whether it is shown by itself, however many others there are."""

    @property
    def type(self) -> str:
        """A word such as ``digest``, or none."""


Waiting = TypeVar("Waiting", bound=Waits)


@dataclass(frozen=True)
class QuietHours:
    """A part of every day, from ``begin`` until before ``end`` by the clock on the wall, over midnight or not."""

    begin: time
    end: time

    def ends(self, now: datetime) -> datetime | None:
        """When the quiet time ends in which ``now`` is, or None when it is in none.

        Takes a time with its zone and answers in the time of this process's zone: the first moment at which a clock
        on the wall shows a time outside. Clocks that are changed meanwhile are reckoned with.
        """
        moment = now.astimezone()
        if not self._holds(moment.time()):
            return None
        while self._holds(moment.time()):
            end = _later(moment, _until(moment.time(), self.end))
            moment = _change(moment, end) or end
        return moment

    def _holds(self, clock: time) -> bool:
        return _until(self.begin, clock) < _until(self.begin, self.end)


def quiet_hours(text: str) -> QuietHours | None:
    """Read ``22:00-07:00``; None for an empty text. Raises ConfigurationError for anything else."""
    if not text:
        return None
    found = _SPAN.fullmatch(text)
    if not found or found[1] == found[2]:
        told = f"must be two different times of day such as 22:00-07:00, not {text!r}"
        raise ConfigurationError(f"[reporter] quiet_hours {told}")
    return QuietHours(time.fromisoformat(found[1]), time.fromisoformat(found[2]))


def lately(moments: Iterable[datetime], now: datetime, span: timedelta) -> int:
    """How many moments are less than ``span`` ago; one in the future was before the clock was set back."""
    return sum(timedelta(0) <= now - moment < span for moment in moments)


def to_fold(waiting: Iterable[Waiting], shown_alone: int, fold_grows: bool) -> list[Waiting]:
    """Which of the waiting notices are folded into one; the others are shown by themselves. Order is kept.

    Takes how many that need not stand alone were shown by themselves in the past WINDOW, and whether a fold was
    shown in it: then the burst is not over, and what comes goes into the fold.
    """
    foldable = [notice for notice in waiting if not notice.stands_alone]
    room = 0 if fold_grows else ALONE_AT_ONCE - shown_alone
    return foldable if len(foldable) > room else []


def outdated(waiting: Iterable[Waiting]) -> list[tuple[Waiting, list[Waiting]]]:
    """The newest digest that waits, and the earlier ones, if there are any; likewise of what happened while away.

    Takes what waits in order of time.
    """
    by_type = ([notice for notice in waiting if notice.type == word] for word in (DIGEST, AWAY))
    return [(alike[-1], alike[:-1]) for alike in by_type if len(alike) > 1]


def with_earlier(notice: Notice, earlier: int) -> Notice:
    """A notice that tells in its title, which is never cut, how many earlier ones of its type it is shown for."""
    told = f", and {earlier} earlier"
    return replace(notice, title=shortened(notice.title, LONGEST_TITLE - len(told)) + told) if earlier else notice


def fold(fold_id: str, members: Sequence[Notice], older: int = 0, urgency: str = URGENCIES[0]) -> Notice:
    """The notice that shows others, at least one, in order of time; a single one is shown as it is.

    ``members`` may be the newest only, TOLD_OF_A_FOLD or more: then ``older`` is how many there are besides, and
    ``urgency`` the highest urgency of those.
    """
    by_time = sorted(members, key=lambda member: member.time)
    newest = by_time[-1]
    count = len(members) + older
    if count == 1:
        return Notice(fold_id, newest.time, newest.title, newest.body, newest.urgency, newest.open, type=FOLD)
    titled = any(member.title != OWN_TITLE for member in members)
    lines = [f"• {_line(member, titled)}" for member in by_time[-TOLD_OF_A_FOLD:]]
    if more := count - len(lines):
        lines.append(f"… and {more} more")
    urgency = max(urgency, *(member.urgency for member in members), key=URGENCIES.index)
    return Notice(fold_id, newest.time, f"{count} notices", "\n".join(lines), urgency, type=FOLD)


def _line(notice: Notice, titled: bool) -> str:
    """One notice on one line, with or without its title, which is all there is when it has no text."""
    title = one_line(notice.title)
    text = next(filter(None, map(one_line, notice.body.splitlines())), "")
    if not text:
        return shortened(title, LONGEST_TOLD)
    return shortened(f"{title}: {text}" if titled else text, LONGEST_TOLD)


def _until(clock: time, end: time) -> timedelta:
    """How long it is from one time on the wall until it shows ``end``; less than a day."""
    return (_since_midnight(end) - _since_midnight(clock)) % timedelta(days=1)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)


def _later(moment: datetime, span: timedelta) -> datetime:
    """The moment after a span of time, in this process's zone."""
    return (moment.astimezone(UTC) + span).astimezone()


def _change(begin: datetime, end: datetime) -> datetime | None:
    """The moment at which clocks are changed between two moments, if they are; such a moment is a whole second."""
    if begin.utcoffset() == end.utcoffset():
        return None
    second = timedelta(seconds=1)
    before, after = begin.replace(microsecond=0), end.replace(microsecond=0) + second
    while after - before > second:
        middle = _later(before, (after - before) // second // 2 * second)
        if middle.utcoffset() == begin.utcoffset():
            before = middle
        else:
            after = middle
    return _later(before, second)
