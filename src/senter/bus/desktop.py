"""The notification server of the desktop, through desktop-notifier.

Its Linux backend logs what it cannot send, and keeps a dead server's address. Here a notice that was not shown is
an error, and a server that comes back is found again.
"""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from desktop_notifier.backends.dbus import DBusDesktopNotifier, DBusError  # type: ignore[attr-defined]
from desktop_notifier.common import Button, Notification, Urgency

from senter.bus.connection import Connection
from senter.errors import Denied, SenterError, Unavailable
from senter.wording import printable

SERVER = "org.freedesktop.Notifications"
APPLICATION = "Senter"

START_TIMEOUT = 5.0
SHOW_TIMEOUT = 5.0

URGENCIES = {"low": Urgency.Low, "normal": Urgency.Normal, "critical": Urgency.Critical}


class Desktop:
    """Shows notices, and tells what the user does with them.

    ``appeared`` is called when a server comes to the bus, ``chosen(notice, action)`` on a click: the action is
    the key of a button, or ``default`` for the body. Set them before ``start``.
    """

    def __init__(self, connection: Connection) -> None:
        self.appeared: Callable[[], Awaitable[None]] = _nothing
        self.chosen: Callable[[str, str], Awaitable[None]] = _ignore
        self._connection = connection
        self._backend = _Backend(APPLICATION)
        self._backend.on_clicked = lambda notice: self._spawn(self.chosen(notice, "default"))
        self._backend.on_button_pressed = lambda notice, key: self._spawn(self.chosen(notice, key))
        self._sending: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    async def start(self) -> None:
        """Begin to watch for the server."""
        await self._connection.watch_name(SERVER, self._server_moved)
        self._connection.on_reopened(self._bus_came_back)

    async def present(self) -> bool:
        """Whether a server is running or the bus can start one, which it then does."""
        try:
            await self._require_server()
        except SenterError:
            return False
        return True

    async def show(self, notice: str, title: str, body: str, urgency: str, buttons: dict[str, str]) -> None:
        """Show a notice; markup in its text means itself, control characters are left out.

        Takes an id, and ``buttons`` as action key → label. Raises Denied when the server refuses this notice, and
        Unavailable when no server is there or it has not answered within five seconds. A notice that a server has
        not answered for is not sent again: ``appeared`` is called when the answer comes, and the next ``show`` of
        this notice returns it. Nothing is sent before a server owns its name: what waits in the bus for a server
        to start could be shown after we had given it up.
        """
        await self._require_server()
        sending = self._sending.get(notice)
        if sending is None:
            await self._prepare()
            notification = Notification(
                title=printable(title),
                message=printable(body),
                urgency=URGENCIES[urgency],
                buttons=tuple(Button(title=printable(label), identifier=key) for key, label in buttons.items()),
                identifier=notice,
            )
            sending = self._sending[notice] = asyncio.ensure_future(self._backend.deliver(notification))
        await asyncio.wait({sending}, timeout=SHOW_TIMEOUT)
        if not sending.done():
            sending.add_done_callback(self._late_answer)
            raise Unavailable("the notification server has not answered yet")
        self._sending.pop(notice, None)
        try:
            sending.result()
        except DBusError as error:
            raise Denied(f"the notification server refused the notice: {error}") from error
        except (OSError, EOFError, asyncio.CancelledError) as error:
            raise Unavailable("the notification server went away") from error

    async def _prepare(self) -> None:
        """Get to know the server. Nothing was shown when this fails, so it may be tried again."""
        try:
            async with asyncio.timeout(SHOW_TIMEOUT):
                await self._backend.prepare()
        except (OSError, EOFError, DBusError) as error:
            self._backend.forget_server()
            raise Unavailable("the notification server has not answered yet") from error

    def _late_answer(self, sending: asyncio.Future[None]) -> None:
        if not sending.cancelled():
            self._spawn(self.appeared())

    async def _require_server(self) -> None:
        if await self._connection.owner(SERVER):
            return
        try:
            await self._connection.ask_daemon("StartServiceByName", "su", SERVER, 0, timeout=START_TIMEOUT)
        except SenterError as error:
            raise Unavailable(f"there is no notification server: {error}") from error

    async def _bus_came_back(self) -> None:
        self._server_moved(await self._connection.owner(SERVER))

    def _server_moved(self, owner: str) -> None:
        for sending in self._sending.values():
            sending.cancel()
        self._sending.clear()
        self._backend.forget_server()
        if owner:
            self._spawn(self.appeared())

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Backend(DBusDesktopNotifier):
    """The Linux backend, able to let go of a server that is gone."""

    renders_markup = False

    async def prepare(self) -> None:
        """Connect to the server and ask what it can do, unless that is known."""
        if self.interface is None:
            self.interface = await self._init_dbus()
            self.renders_markup = "body-markup" in await self.interface.call_get_capabilities()
        await self.get_capabilities()

    async def deliver(self, notification: Notification) -> None:
        """Send a notice to a server that is known and remember it for clicks; raise what went wrong."""
        self._platform_to_interface_notification_identifier.inverse.pop(notification.identifier, None)
        if self.renders_markup:
            notification = dataclasses.replace(notification, message=_escaped(notification.message))
        await self._send(notification)
        self._notification_cache[notification.identifier] = notification

    async def _init_dbus(self) -> Any:
        try:
            return await super()._init_dbus()
        except BaseException:
            with contextlib.suppress(AttributeError, OSError):
                self.bus.disconnect()
            raise

    def forget_server(self) -> None:
        """Drop what is known of the server; the next notice connects anew."""
        if self.interface is not None:
            with contextlib.suppress(OSError):
                self.bus.disconnect()
        self.interface = None
        self._capabilities = None
        self._platform_to_interface_notification_identifier.clear()
        self._notification_cache.clear()


def _escaped(text: str) -> str:
    """Make text mean itself for a server that renders markup (Desktop Notifications Specification, "Markup")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


async def _nothing() -> None:
    """Nobody wants to know that a server appeared."""


async def _ignore(_notice: str, _action: str) -> None:
    """Nobody wants to know of clicks."""
