"""The screen: notices on the notification server of the desktop, whichever is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from senter.bus.connection import Connection
from senter.bus.desktop.backend import SERVER, Backend, Button, DBusError, Notification, Urgency
from senter.errors import Denied, SenterError, Unavailable
from senter.wording import printable

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)

SHOW_TIMEOUT = 5.0

LONGEST_BODY = 1000
LONGEST_TITLE = 200
LONGEST_LABEL = 100
READ_AHEAD = 5
"""How many times as much of a text is looked at, some of which may be unprintable."""

STAYS, AS_USUAL = 0, -1

URGENCIES = {"low": Urgency.Low, "normal": Urgency.Normal, "critical": Urgency.Critical}

_ERROR = "org.freedesktop.DBus.Error."
_LEAVING = {f"{_ERROR}{name}" for name in ("ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected")}

_GONE = "the notification server went away"


class Screen:
    """Shows notices, and tells what the user does with them.

    ``appeared()`` is called when a server comes to the bus, ``chosen(notice, action, token)`` on a click: the
    action is the key of a button, or ``default`` for the body; the token, if any, lets a window come to the front.
    ``closed(notice, dismissed)`` is called when a notice has left the screen, dismissed by the user or not. Set
    them before ``start``.
    """

    def __init__(self, connection: Connection) -> None:
        self.appeared: Callable[[], Awaitable[None]] = _nothing
        self.chosen: Callable[[str, str, str], Awaitable[None]] = _ignore_click
        self.closed: Callable[[str, bool], Awaitable[None]] = _ignore_end
        self._connection = connection
        self._backend = Backend(
            chosen=lambda *click: self._spawn(self.chosen(*click)),
            closed=lambda *end: self._spawn(self.closed(*end)),
        )
        self._preparing: asyncio.Future[None] | None = None
        self._sending: dict[str, asyncio.Future[str]] = {}
        self._wanted: set[str] = set()
        self._unwanted: set[asyncio.Future[str]] = set()
        self._tasks: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        """Begin to watch for the server."""
        await self._connection.watch_name(SERVER, self._server_moved)
        self._connection.on_reopened(self._bus_came_back)

    async def present(self) -> bool:
        """Whether a server is running or the bus can start one, which it then does."""
        try:
            await self._require_server(_deadline())
        except Unavailable:
            return False
        return True

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
        """Show a notice; markup in its text means itself, control characters are left out, long text is cut.

        Takes an id, and ``buttons`` as action key → label. A sticky one stays until the user has seen it. What is
        at the place ``replaces`` is replaced while that server still runs, else the notice is shown anew. Returns
        its place: the bus, the server process and the server's id of it.

        Raises Denied when the server refuses this notice, and Unavailable when no server is there or it has not
        answered within five seconds. A notice that a server has not answered for is not sent again: ``appeared``
        is called when the answer comes, and the next ``show`` of this notice returns it. Nothing is sent before a
        server owns its name: what waits in the bus for one to start could be shown after we had given it up.
        """
        deadline = _deadline()
        notification = Notification(
            title=_bounded(title, LONGEST_TITLE),
            message=_bounded(body, LONGEST_BODY),
            urgency=URGENCIES[urgency],
            buttons=tuple(Button(_bounded(label, LONGEST_LABEL), identifier=key) for key, label in buttons.items()),
            timeout=STAYS if sticky else AS_USUAL,
            identifier=notice,
        )
        self._wanted.add(notice)
        try:
            return await self._shown(notification, replaces, deadline)
        finally:
            if notice in self._wanted:
                self._wanted.discard(notice)
            else:
                self.forget(notice)

    def forget(self, notice: str) -> None:
        """Note that nobody wants a notice any more.

        Where the server has not answered for it, it is taken off the screen as soon as the answer comes. What was
        shown stays there for ``close``, also when that happens at this moment: then its ``show`` returns a place.
        """
        if notice in self._wanted:
            self._wanted.discard(notice)
        elif sending := self._sending.pop(notice, None):
            self._unwanted.add(sending)
            self._spawn(self._close_unwanted(notice, sending))

    async def holds(self, place: str) -> bool:
        """Whether the server that a place names is the one that is there now."""
        try:
            owner = await self._connection.owner(SERVER)
            return bool(owner) and _number(place, await self._process(owner)) != 0
        except SenterError:
            return False

    async def close(self, notice: str, place: str) -> None:
        """Take a notice off the screen, if it is at this place; what is closed so is not told.

        A server that does not answer keeps it.
        """
        if not await self.holds(place):
            return
        deadline = _deadline()
        try:
            await self._prepare(await self._connection.owner(SERVER), deadline)
            async with asyncio.timeout_at(deadline):
                await self._backend.close(int(place.rpartition(" ")[2]))
        except (OSError, EOFError, SenterError) as error:
            logger.info("Notice %s stays on the screen: %s", notice, error)

    async def _shown(self, notification: Notification, replaces: str, deadline: float) -> str:
        """Have a notice sent and answered; its place."""
        notice = notification.identifier
        server = await self._require_server(deadline)
        if notice not in self._sending:
            await self._prepare(server, deadline)
            self._sending[notice] = _begun(self._send(notification, server, replaces))
        sending = self._sending[notice]
        await self._answer(sending, deadline)
        self._sending.pop(notice, None)
        try:
            return sending.result()
        except DBusError as error:
            if error.type in _LEAVING:
                raise Unavailable(_GONE) from error
            raise Denied(f"the notification server refused the notice: {error}") from error
        except (OSError, EOFError, asyncio.CancelledError) as error:
            raise Unavailable(_GONE) from error

    async def _close_unwanted(self, notice: str, sending: asyncio.Future[str]) -> None:
        await asyncio.wait({sending})
        self._unwanted.discard(sending)
        if not (sending.cancelled() or sending.exception()):
            await self.close(notice, sending.result())

    async def _send(self, notification: Notification, server: str, replaces: str) -> str:
        process = await self._process(server)
        number = await self._backend.deliver(notification, _number(replaces, process))
        return f"{process} {number}"

    async def _process(self, server: str) -> str:
        """What names a server process among all that ever were: unique names begin anew with every bus."""
        return f"{await self._connection.ask_daemon('GetId')} {server}"

    async def _prepare(self, server: str, deadline: float) -> None:
        """Get to know the server. Nothing was shown when this fails, so it may be tried again."""
        preparing = self._preparing = self._preparing or _begun(self._backend.prepare(server))
        await self._answer(preparing, deadline)
        if self._preparing is preparing:
            self._preparing = None
        try:
            preparing.result()
        except DBusError as error:
            raise Unavailable(f"the notification server cannot be used: {error}") from error
        except (OSError, EOFError, asyncio.CancelledError) as error:
            raise Unavailable(_GONE) from error

    async def _answer(self, asked: asyncio.Future[Any], deadline: float) -> None:
        """Wait for an answer of the server; one that comes too late is told as its appearing."""
        await asyncio.wait({asked}, timeout=_left(deadline))
        if not asked.done():
            asked.remove_done_callback(self._late_answer)
            asked.add_done_callback(self._late_answer)
            raise Unavailable("the notification server has not answered yet")

    def _late_answer(self, asked: asyncio.Future[Any]) -> None:
        if not asked.cancelled():
            self._spawn(self.appeared())

    async def _require_server(self, deadline: float) -> str:
        """The unique name of the server, which is started when there is none."""
        try:
            if owner := await self._connection.owner(SERVER):
                return owner
            await self._connection.ask_daemon("StartServiceByName", "su", SERVER, 0, timeout=_left(deadline))
            owner = await self._connection.owner(SERVER)
        except SenterError as error:
            raise Unavailable(f"there is no notification server: {error}") from error
        if not owner:
            raise Unavailable("there is no notification server: it leaves as soon as it has come")
        return owner

    async def _bus_came_back(self) -> None:
        self._server_moved(await self._connection.owner(SERVER))

    def _server_moved(self, owner: str) -> None:
        for asked in (*self._sending.values(), *self._unwanted, self._preparing):
            if asked is not None:
                asked.cancel()
        self._sending.clear()
        self._preparing = None
        self._backend.forget_server()
        if owner:
            self._spawn(self.appeared())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _deadline() -> float:
    return asyncio.get_running_loop().time() + SHOW_TIMEOUT


def _left(deadline: float) -> float:
    """How many seconds are left; never none, for what is answered at once."""
    return max(0.01, deadline - asyncio.get_running_loop().time())


def _begun(work: Coroutine[Any, Any, Answer]) -> asyncio.Future[Answer]:
    """Work that has begun; its failure is not logged when nobody asks for it any more."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


def _number(place: str, process: str) -> int:
    """The server's id in a place; 0, which no notice has, for a place at another server or none."""
    before, _, number = place.rpartition(" ")
    return int(number) if before == process and number.isdecimal() else 0


def _bounded(text: str, longest: int) -> str:
    return printable(text[: READ_AHEAD * longest], longest)


async def _nothing() -> None:
    """Nobody wants to know that a server appeared."""


async def _ignore_click(_notice: str, _action: str, _token: str) -> None:
    """Nobody wants to know of clicks."""


async def _ignore_end(_notice: str, _dismissed: bool) -> None:
    """Nobody wants to know what left the screen."""
