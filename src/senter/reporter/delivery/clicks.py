"""What a click on a notice does, and what its leaving the screen means."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from senter.database import Disk
from senter.errors import SenterError
from senter.reporter.delivery.ledger import ACTED, DISMISSED, SETTLED, SHOWN, Ledger
from senter.reporter.notice import APPROVAL, Notice

BODY = "default"
"""The action of a click that is not on a button."""

LEFT = "left"
"""What became of a notice that is no longer on the screen, and that nobody has dismissed."""

logger = logging.getLogger(__name__)

Press = Callable[[str, str, str], Awaitable[None]]
OpenTarget = Callable[[str, str], Awaitable[None]]


class Clicks:
    """Carries out clicks on notices of a ledger, each notice once.

    ``press(bus_name, member, argument)`` calls a room, ``open_target(target, token)`` opens a file or URL with the
    activation token of the click. ``again`` gets the ids of notices that must be shown again; it is shared with who
    shows them. ``chosen(id, action)`` is told of each click before it is carried out.

    What could not be noted, because the disk was full, is kept and noted by the next ``record``.
    """

    def __init__(
        self,
        ledger: Ledger,
        on_disk: Disk,
        press: Press,
        open_target: OpenTarget,
        again: set[str],
        chosen: Callable[[str, str], object],
    ) -> None:
        self.under_way: set[str] = set()
        """The notices for which something is being done."""
        self._ledger = ledger
        self._on_disk = on_disk
        self._press = press
        self._open_target = open_target
        self._again = again
        self._chosen = chosen
        self._noting = asyncio.Lock()
        self._unnoted: dict[str, str] = {}
        self._opening: set[asyncio.Future[None]] = set()

    def give_up_opening(self) -> None:
        """Wait no longer for what is being opened; such a click counts as none."""
        for opening in self._opening:
            opening.cancel()

    async def click(self, notice_id: str, action_key: str, token: str) -> str:
        """Do what a click is for; returns what went wrong, or an empty string.

        A question is answered when its button could call its room. One that was clicked otherwise, or in vain, is
        still open. Raises Unavailable when the disk cannot be used.
        """
        if notice_id in self.under_way:
            return ""
        self.under_way.add(notice_id)
        try:
            notice = await self._unsettled(notice_id)
            if notice is None or action_key not in {BODY, *(action.key for action in notice.actions)}:
                return ""
            self._chosen(notice_id, action_key)
            problem = await self._carry_out(notice, action_key, token)
            await self._note(notice, action_key, bool(problem))
            return problem
        finally:
            self.under_way.discard(notice_id)

    def left(self, notice_id: str, dismissed: bool) -> None:
        """Keep, for the next ``record``, that a notice has left the screen; one that was just clicked does so."""
        if notice_id not in self.under_way | self._again:
            self._keep(notice_id, DISMISSED if dismissed else LEFT)

    def is_over(self, notice_id: str) -> bool:
        """Whether the user has acted upon a notice, or dismissed it, and that could not be noted yet."""
        return self._unnoted.get(notice_id) in (ACTED, DISMISSED)

    async def record(self) -> None:
        """Note what was not noted yet. Raises Unavailable when the disk cannot be used."""
        async with self._noting:
            for notice_id, outcome in list(self._unnoted.items()):
                await self._on_disk(self._write, notice_id, outcome)
                if self._unnoted[notice_id] == outcome:
                    del self._unnoted[notice_id]

    def _write(self, notice_id: str, outcome: str) -> None:
        if outcome == ACTED:
            self._ledger.acted(notice_id)
        elif outcome == SHOWN:
            self._ledger.reopen(notice_id)
        else:
            self._ledger.closed(notice_id, outcome == DISMISSED)

    def _keep(self, notice_id: str, outcome: str) -> None:
        if self._unnoted.get(notice_id) != ACTED:
            self._unnoted[notice_id] = outcome

    async def _unsettled(self, notice_id: str) -> Notice | None:
        async with self._noting:
            try:
                entry = await self._on_disk(self._ledger.entry, notice_id)
            except SenterError:
                self._again.add(notice_id)
                raise
        if entry is None or entry.state in SETTLED or self._unnoted.get(notice_id) == ACTED:
            return None
        return entry.notice

    async def _carry_out(self, notice: Notice, action_key: str, token: str) -> str:
        try:
            if action_key == BODY and notice.open:
                await self._open(notice.open, token)
            for action in notice.actions:
                if action.key == action_key:
                    await self._press(action.bus_name, action.member, action.argument)
        except SenterError as error:
            logger.warning("A click could not be carried out: %s", error)
            return str(error)
        return ""

    async def _open(self, target: str, token: str) -> None:
        """Open something, unless it is given up meanwhile: a desktop may be asking the user with what."""
        opening = asyncio.ensure_future(self._open_target(target, token))
        self._opening.add(opening)
        try:
            await opening
        finally:
            self._opening.discard(opening)

    async def _note(self, notice: Notice, action_key: str, failed: bool) -> None:
        if _is_answer(notice, action_key, failed):
            self._keep(notice.id, ACTED)
        else:
            self._keep(notice.id, SHOWN)
            self._again.add(notice.id)
        await self.record()


def _is_answer(notice: Notice, action_key: str, failed: bool) -> bool:
    """Whether a click leaves nothing to be done with a notice."""
    if not notice.actions:
        return True
    pressed = any(action.key == action_key for action in notice.actions)
    opened = bool(notice.open) and notice.type != APPROVAL
    return not failed and (pressed or opened)
