"""Bringing a notice to the screen, noting that it is there, and finding those that no longer are."""

import logging
from collections.abc import Callable
from typing import Protocol

from senter.database import Disk
from senter.errors import Denied, SenterError, Unavailable
from senter.reporter.delivery.ledger import PENDING, REFUSED, SHOWN, WITHDRAWN, Entry, Ledger, Ticket
from senter.reporter.delivery.pacing import with_earlier
from senter.reporter.delivery.refusals import Refusals
from senter.reporter.notice import AWAY, DIGEST, Notice

logger = logging.getLogger(__name__)


class Screen(Protocol):
    """Where notices are shown."""

    async def start(self) -> None:
        """Begin to watch for somebody to show them."""

    async def present(self) -> bool:
        """Whether notices can be shown."""

    async def show(
        self,
        notice: str,
        title: str,
        body: str,
        urgency: str,
        buttons: dict[str, str],
        *,
        sticky: bool = False,
        replaces: str = "",
    ) -> str:
        """Show a notice, in the place of what is there; returns its place.

        Raises Denied when it is refused, Unavailable when nobody shows notices now.
        """

    async def holds(self, place: str) -> bool:
        """Whether the server that a place names is the one that is there now."""

    async def close(self, notice: str, place: str) -> None:
        """Take a notice off the screen if it is there."""

    def forget(self, notice: str) -> None:
        """Nobody wants this notice any more: when its outstanding answer comes it is closed."""


class NobodyShows(Unavailable):
    """There is no notification server, or it does not answer: when that changes, the screen tells."""


class Showing:
    """Shows notices of a ledger.

    ``again`` has the ids of notices that were shown and are to be shown again; it is shared with who fills it.
    ``refusals`` knows which were refused and are tried again. ``announced(id, text)`` is told what was shown for
    the first time.
    """

    def __init__(
        self,
        ledger: Ledger,
        screen: Screen,
        on_disk: Disk,
        again: set[str],
        refusals: Refusals,
        announced: Callable[[str, str], object],
    ) -> None:
        self._ledger = ledger
        self._screen = screen
        self._on_disk = on_disk
        self._again = again
        self._refusals = refusals
        self._announced = announced
        self._unrecorded: dict[str, tuple[str, str]] = {}
        self._tried: dict[str, Notice] = {}

    async def show(self, ticket: Ticket) -> str:
        """Show a notice and note its place; returns SHOWN, or PENDING when it was refused and is tried again.

        Any other state says that it is not shown: REFUSED, which is noted, too, or what became of it meanwhile. One
        that was shown while the disk was full is noted by the next ``record`` and not shown again. Raises
        NobodyShows, or Unavailable when the disk cannot be used.
        """
        entry = await self._on_disk(self._ledger.entry, ticket.id)
        if entry is None or entry.state not in (PENDING, SHOWN):
            return entry.state if entry else WITHDRAWN
        notice = await self._told(entry.notice)
        try:
            place = await self._put(notice, entry.place)
        except Denied as error:
            return await self._refuse(notice.id, error)
        except NobodyShows:
            await self._drop_unwanted(notice.id)
            raise
        text = f"{notice.title}\n{notice.body}" if entry.state == PENDING else ""
        self._unrecorded[notice.id] = place, text
        self._again.discard(notice.id)
        await self.record()
        return SHOWN

    async def _told(self, notice: Notice) -> Notice:
        """A notice as it is shown; a digest is shown for earlier ones, too."""
        if notice.type not in (DIGEST, AWAY):
            return notice
        return with_earlier(notice, await self._on_disk(self._ledger.size, notice.id))

    async def _put(self, notice: Notice, replaces: str) -> str:
        buttons = {action.key: action.label for action in notice.actions}
        told = (notice.id, notice.title, notice.body, notice.urgency, buttons)
        tried = self._tried.pop(notice.id, notice)
        try:
            place = await self._screen.show(*told, sticky=notice.is_sticky, replaces=replaces)
            if tried != notice:
                # the answer may be to the earlier try, when it said less
                tried = notice
                place = await self._screen.show(*told, sticky=notice.is_sticky, replaces=place)
        except Unavailable as error:
            self._tried[notice.id] = tried
            raise NobodyShows(str(error)) from error
        return place

    async def _refuse(self, notice_id: str, reason: Denied) -> str:
        """Note that a notice was refused; returns its state."""
        if self._refusals.note(notice_id):
            logger.info("A notice is tried again: %s", reason)
            return PENDING
        logger.warning("A notice cannot be shown: %s", reason)
        await self._on_disk(self._ledger.move, REFUSED, notice_id)
        return REFUSED

    async def _drop_unwanted(self, notice_id: str) -> None:
        """Drop a notice that was taken back, or seen to, while the server did not answer."""
        ticket = await self._on_disk(self._ledger.ticket, notice_id)
        if ticket is None or ticket.state not in (PENDING, SHOWN):
            self.drop(notice_id)

    async def record(self) -> None:
        """Note what is on the screen and was not noted yet. Raises Unavailable."""
        for notice_id, (place, text) in list(self._unrecorded.items()):
            state = await self._on_disk(self._ledger.shown, notice_id, place)
            if not self._unrecorded.pop(notice_id, None):
                continue
            if text and state != WITHDRAWN:
                self._announced(notice_id, text)
            if state != SHOWN:
                await self.close(notice_id, place)

    async def take_back(self, entry: Entry) -> None:
        """See to it that a notice that was withdrawn leaves the screen, and does not come to it."""
        self.drop(entry.notice.id)
        if entry.place:
            await self.close(entry.notice.id, entry.place)

    def drop(self, notice_id: str) -> None:
        """Have a notice closed that comes to the screen only now, because the server was slow."""
        self._tried.pop(notice_id, None)
        self._screen.forget(notice_id)

    async def close(self, notice_id: str, place: str) -> None:
        """Take a notice off the screen if it is there; where nobody shows it, it is not."""
        try:
            await self._screen.close(notice_id, place)
        except SenterError as error:
            logger.info("A notice could not be taken off the screen: %s", error)

    async def gone(self) -> list[Ticket]:
        """What was shown and can still be acted upon, but not where the user sees it. Raises Unavailable.

        A question is, when it is to be shown again or another server runs than the one that showed it. What only
        opens something is, when its server still shows it and its clicks would go to a process that is no more.
        """
        questions = {ticket.id: ticket for ticket in await self._on_disk(self._ledger.unanswered)}
        for notice_id in self._again - questions.keys():
            ticket = await self._on_disk(self._ledger.ticket, notice_id)
            if ticket and ticket.state == SHOWN and await self._screen.holds(ticket.place):
                questions[notice_id] = ticket
            else:
                self._again.discard(notice_id)
        return [
            ticket
            for notice_id, ticket in questions.items()
            if notice_id in self._again or not await self._screen.holds(ticket.place)
        ]
