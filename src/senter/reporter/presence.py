"""When the user was there, and since when there is news. No clock, no disk, no bus.

A presence is held by the login session in which the user is at the screen, and lasts until logind tells otherwise.
Where logind tells nothing, signs of life make one that nobody holds: it lasts until the last of them is 30 minutes
old. Only the newest presence can still go on. All times are microseconds since the epoch; the clock may be set back
between any two of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

GAP = 30 * 60 * 1_000_000
"""After so long without a sign of life the user is away, and a return is worth telling."""


@dataclass(frozen=True)
class Presence:
    """A time in which the user was there."""

    id: int
    """0 until the store has given it one."""
    began: int
    ended: int
    """When the user was last known to be there; never before ``began``."""
    session: str = ""
    """The login session that holds it; empty when none does."""
    over: bool = False
    """Whether it has ended for good. Nobody holds it then."""

    def goes_on(self, now: int) -> bool:
        """Whether the user still counts as there."""
        return not self.over and (self.session != "" or now - self.ended < GAP)


@dataclass(frozen=True)
class Change:
    """What is to be written: one presence changed, one added, in one transaction. Empty when nothing changes."""

    update: Presence | None = None
    insert: Presence | None = None


@dataclass(frozen=True)
class Span:
    """A time in which the user was here or away."""

    began: int
    ended: int
    here: bool


def came(last: Presence | None, session: str, now: int) -> Change:
    """What changes when the user has logged in, unlocked or come back from idleness in a login session.

    ``last`` is the newest presence, ``session`` an id that is unique over boots. A presence that this session holds
    goes on as it is, so that a restart of the reporter is no return. One that signs of life have begun becomes the
    session's.
    """
    if last is not None and last.goes_on(now):
        if last.session == session:
            return Change()
        if not last.session:
            return Change(update=replace(last, session=session, ended=max(last.ended, now)))
    return _begin(last, session, now)


def left(last: Presence | None, since: int, now: int) -> Change:
    """What changes when the user has locked, logged out or put the machine to sleep, or is idle ``since`` (0: now).

    A presence that nobody holds and that has had no sign of life for 30 minutes has ended back then.
    """
    if last is None or last.over:
        return Change()
    ended = max(last.ended, min(since or now, now)) if last.goes_on(now) else last.ended
    return Change(update=_closed(replace(last, ended=ended)))


def sign(last: Presence | None, now: int) -> Change:
    """What changes with a sign of life: the presence lasts, or one that nobody holds begins."""
    if last is None or not last.goes_on(now):
        return _begin(last, "", now)
    return _lasting(last, now)


def still_there(last: Presence | None, now: int) -> Change:
    """What changes when somebody looks and the user has not left: a held presence lasts, and none begins.

    To be written before the reporter ends: nobody tells it afterwards that the machine was switched off.
    """
    if last is None or not last.session:
        return Change()
    return _lasting(last, now)


def end_of_previous(rows: Sequence[Presence], now: int) -> int | None:
    """The mark since when there is news for the user: the end of the previous presence; None before the first end.

    ``rows`` are the last two presences, newest first. While the user is away the newest is the previous one.
    """
    previous = rows[1:2] if rows and rows[0].goes_on(now) else rows[:1]
    return min(previous[0].ended, now) if previous else None


def away_for(previous: Presence | None, came_at: int) -> int:
    """How many microseconds the user was away between a presence and the beginning of the next; 0 without one."""
    return max(0, came_at - previous.ended) if previous else 0


def is_return(previous: Presence | None, came_at: int) -> bool:
    """Whether the user was away for so long that what happened meanwhile is worth telling."""
    return away_for(previous, came_at) >= GAP


def spans(rows: Sequence[Presence], now: int) -> list[Span]:
    """The times here and away in turns, newest first and without gaps, until ``now``; ``rows`` are newest first."""
    found: list[Span] = []
    edge = now
    for row in rows:
        ended = edge if row.goes_on(now) else min(row.ended, edge)
        began = min(row.began, ended)
        if found and ended == edge:
            found[-1] = replace(found[-1], began=began)
        else:
            if ended < edge:
                found.append(Span(ended, edge, here=False))
            found.append(Span(began, ended, here=True))
        edge = began
    return found


def _begin(last: Presence | None, session: str, now: int) -> Change:
    ended = _closed(last) if last is not None and not last.over else None
    return Change(update=ended, insert=Presence(0, now, now, session))


def _closed(presence: Presence) -> Presence:
    return replace(presence, session="", over=True)


def _lasting(presence: Presence, now: int) -> Change:
    return Change(update=replace(presence, ended=now)) if now > presence.ended else Change()
