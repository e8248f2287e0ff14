"""Making few notices of many: a burst becomes one fold, and of digests that wait only the newest is shown."""

import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from senter.database import Disk
from senter.reporter.delivery import pacing
from senter.reporter.delivery.ledger import PENDING, SHOWN, Ledger, Ticket
from senter.reporter.delivery.showing import Screen, Showing
from senter.reporter.notice import FOLD, URGENCIES


class Folding:
    """Folds notices of a ledger, and remembers what was shown lately; ``now`` is the local time with its zone.

    ``look_again(seconds)`` is called when something may be folded only later.
    """

    def __init__(
        self,
        ledger: Ledger,
        screen: Screen,
        showing: Showing,
        on_disk: Disk,
        now: Callable[[], datetime],
        look_again: Callable[[float], object],
    ) -> None:
        self._ledger = ledger
        self._screen = screen
        self._showing = showing
        self._on_disk = on_disk
        self._now = now
        self._look_again = look_again
        self._alone_at: deque[datetime] = deque(maxlen=pacing.ALONE_AT_ONCE)
        self._fold_at: deque[datetime] = deque(maxlen=1)

    async def fold(self, tickets: Sequence[Ticket]) -> tuple[list[Ticket], int]:
        """What is shown of some notices now: each by itself, or many as one; and how many wait for a later look.

        Raises Unavailable when the disk cannot be used.
        """
        tickets = await self._newest_digests(tickets)
        now = self._now()
        waiting = [ticket for ticket in tickets if ticket.state == PENDING]
        shown_alone = pacing.lately(self._alone_at, now, pacing.WINDOW)
        fold_grows = bool(pacing.lately(self._fold_at, now, pacing.WINDOW))
        members = pacing.to_fold(waiting, shown_alone, fold_grows)
        alone = _without(tickets, members)
        if not members:
            return alone, 0
        if pacing.lately(self._fold_at, now, pacing.FOLD_PAUSE):
            self._look_again((self._fold_at[0] + pacing.FOLD_PAUSE - now).total_seconds())
            return alone, len(members)
        fold = await self._fold(members)
        return [ticket for ticket in alone if ticket.id != fold.id] + [fold], 0

    def remember(self, ticket: Ticket) -> None:
        """Remember when something was shown that counts for how much is shown at once."""
        if ticket.type == FOLD:
            self._fold_at.append(self._now())
        elif ticket.state == PENDING and not ticket.stands_alone:
            self._alone_at.append(self._now())

    async def _newest_digests(self, tickets: Sequence[Ticket]) -> list[Ticket]:
        """The notices without the digests that wait behind a newer one, which tells how many there are."""
        left = list(tickets)
        for newest, earlier in pacing.outdated([ticket for ticket in tickets if ticket.state == PENDING]):
            await self._on_disk(self._ledger.supersede, [ticket.id for ticket in earlier], newest.id)
            self._drop(earlier)
            left = _without(left, earlier)
        return left

    async def _fold(self, members: Sequence[Ticket]) -> Ticket:
        """Put notices into the fold that waits or is on the screen, or into a new one."""
        current = await self._on_disk(self._ledger.current_fold)
        if current and current.state == SHOWN and not await self._screen.holds(current.place):
            current = None
        fold_id, place, urgency = uuid.uuid4().hex, "", URGENCIES[0]
        if current:
            fold_id, place, urgency = current.notice.id, current.place, current.notice.urgency
        joining = [member.id for member in members]
        newest = await self._on_disk(self._ledger.members, fold_id, joining, pacing.TOLD_OF_A_FOLD)
        older = await self._on_disk(self._ledger.size, fold_id) + len(members) - len(newest)
        urgency = max(urgency, *(member.urgency for member in members), key=URGENCIES.index)
        fold = pacing.fold(fold_id, newest, older, urgency)
        await self._on_disk(self._ledger.fold, joining, fold)
        self._drop(members)
        return Ticket(fold.id, fold.time, fold.urgency, fold.type, fold.stands_alone, PENDING, place)

    def _drop(self, members: Sequence[Ticket]) -> None:
        """Have nobody show what another notice shows now."""
        for member in members:
            self._showing.drop(member.id)


def _without(tickets: Sequence[Ticket], others: Sequence[Ticket]) -> list[Ticket]:
    ids = {other.id for other in others}
    return [ticket for ticket in tickets if ticket.id not in ids]
