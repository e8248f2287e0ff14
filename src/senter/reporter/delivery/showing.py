"""Bringing a notice to the screen, noting that it is there, and finding those that no longer are."""

import logging
from collections.abc import Callable
from typing import Protocol

from senter.database import Disk
from senter.errors import Denied, SenterError, Unavailable
from senter.reporter.delivery.ledger import PENDING, REFUSED, SHOWN, WITHDRAWN, Ledger, Ticket
from senter.reporter.notice import Notice

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

        Raises Denied when nobody will ever show it, Unavailable when nobody does now.
        """

    async def holds(self, place: str) -> bool:
        """Whether the server that a place names is the one that is there now."""

    async def close(self, notice: str, place: str) -> None:
        """Take a notice off the screen if it is there."""


class Showing:
    """Shows notices of a ledger.

    ``again`` has the ids of notices that were shown and are to be shown again; it is shared with who fills it.
    ``announced(id, text)`` is told what was shown for the first time.
    """

    def __init__(
        self,
        ledger: Ledger,
        screen: Screen,
        on_disk: Disk,
        again: set[str],
        announced: Callable[[str, str], object],
    ) -> None:
        self._ledger = ledger
        self._screen = screen
        self._on_disk = on_disk
        self._again = again
        self._announced = announced
        self._unrecorded: dict[str, tuple[str, str]] = {}
        self._tried: dict[str, Notice] = {}

    async def show(self, ticket: Ticket) -> bool:
        """Show a notice and note its place; False when it was refused, which is noted, too, or needs no showing.

        One that was shown while the disk was full is noted by the next ``record`` and not shown again. Raises
        Unavailable.
        """
        entry = await self._on_disk(self._ledger.entry, ticket.id)
        if entry is None or entry.state not in (PENDING, SHOWN):
            return False
        notice = entry.notice
        try:
            place = await self._put(notice, entry.place)
        except Denied as error:
            logger.warning("A notice cannot be shown: %s", error)
            await self._on_disk(self._ledger.move, notice.id, REFUSED)
            return False
        text = f"{notice.title}\n{notice.body}" if entry.state == PENDING else ""
        self._unrecorded[notice.id] = place, text
        self._again.discard(notice.id)
        await self.record()
        return True

    async def _put(self, notice: Notice, replaces: str) -> str:
        buttons = {action.key: action.label for action in notice.actions}
        told = (notice.id, notice.title, notice.body, notice.urgency, buttons)
        try:
            place = await self._screen.show(*told, sticky=notice.is_sticky, replaces=replaces)
            if self._tried.pop(notice.id, notice) != notice:
                # the answer may be to the earlier try, when it said less
                place = await self._screen.show(*told, sticky=notice.is_sticky, replaces=place)
        except Unavailable:
            self._tried.setdefault(notice.id, notice)
            raise
        return place

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
