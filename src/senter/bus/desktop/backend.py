"""Speaking with one notification server, through desktop-notifier.

Source of names and meanings: the Desktop Notifications Specification. desktop-notifier's Linux backend logs what it
cannot send, keeps a dead server's address, and never replaces a notice. Here what was not shown is an error, a
server that is gone can be let go of, and every call goes to the one server that was asked what it can do.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

from desktop_notifier.backends.dbus import (  # type: ignore[attr-defined]
    DBusDesktopNotifier,
    DBusError,
    MessageBus,
    ProxyInterface,
    Variant,
    get_hints_signature,
)
from desktop_notifier.common import Button, Capability, Notification, Urgency

from senter.bus.names import APPLICATION_ID

__all__ = ["NAME", "SERVER", "Backend", "Button", "DBusError", "Notification", "Urgency"]

SERVER = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
NAME = "Senter"

MOST_REMEMBERED = 1000
"""How many notices on the screen have clicks; a server that never tells what it closed would let them grow."""

_NEEDED = {"Notify", "CloseNotification", "GetCapabilities", "GetServerInformation"}
_BODY = "default"
_CLOSED_BY_THE_USER = 2
_ENTITY = re.compile(r"&(?=#?[A-Za-z0-9]+;)")
_LOOK_ALIKE = str.maketrans("<>", "\u2039\u203a")


class Backend(DBusDesktopNotifier):
    """The server that is there now, whose notices are whose, and what the user does with them.

    ``chosen(notice, key, token)`` is called on a click: ``key`` is that of a button, or ``default`` for the body;
    ``token`` is the activation token of the click, or empty. ``closed(notice, dismissed)`` is called when a notice
    has left the screen: because the user sent it away, or for another reason.
    """

    def __init__(self, chosen: Callable[[str, str, str], None], closed: Callable[[str, bool], None]) -> None:
        super().__init__(NAME)
        self._chosen, self._closed = chosen, closed
        self._server = ""
        self._renders_markup = False
        self._notices: dict[int, str] = {}
        self._tokens: dict[int, str] = {}

    async def prepare(self, server: str) -> None:
        """Connect to the server with this unique name and ask what it can do, unless that is known.

        Raises OSError, EOFError, or DBusError, also for a program that is no notification server.
        """
        if self._server == server and self.bus.connected:
            return
        self.forget_server()
        try:
            # to the server, not to its name: the bus keeps what is sent to a name until another server is there
            self.interface = await self._connect(server)
            self._renders_markup = "body-markup" in await _call(self.interface.call_get_capabilities())
            self._capabilities = await _call(self._get_capabilities())
        except BaseException:
            self.forget_server()
            raise
        self._server = server

    async def deliver(self, notification: Notification, replaces: int = 0) -> int:
        """Send a notice to the server that is known, in the place of another; its id there.

        Raises as ``prepare`` does.
        """
        interface: Any = self.interface
        body = (_escaped if self._renders_markup else _harmless)(notification.message)
        what = (NAME, replaces, "", notification.title, body)
        how = (self._actions(notification), self._hints(notification), notification.timeout)
        number = int(await _call(interface.call_notify(*what, *how)))
        self._forget(number)
        self._notices[number] = notification.identifier
        while len(self._notices) > MOST_REMEMBERED:
            self._forget(next(iter(self._notices)))
        return number

    async def close(self, number: int) -> None:
        """Take a notice off the screen; that is not told. Raises as ``prepare`` does."""
        interface: Any = self.interface
        self._forget(number)
        with contextlib.suppress(DBusError):
            await _call(interface.call_close_notification(number))

    def forget_server(self) -> None:
        """Drop what is known of the server; the next notice connects anew."""
        with contextlib.suppress(AttributeError, OSError):
            self.bus.disconnect()
        self._server = ""
        self.interface = self._capabilities = None
        self._notices.clear()
        self._tokens.clear()

    async def _connect(self, server: str) -> ProxyInterface:
        self.bus = await MessageBus().connect()
        introspection = await self.bus.introspect(server, PATH)
        members = [interface.methods for interface in introspection.interfaces if interface.name == SERVER]
        if not members or _NEEDED - {method.name for method in members[0]}:
            raise DBusError("org.freedesktop.DBus.Error.UnknownInterface", "it is no notification server")
        interface = self.bus.get_proxy_object(server, PATH, introspection).get_interface(SERVER)
        signals = {
            "on_activation_token": self._on_token,
            "on_action_invoked": self._on_action,
            "on_notification_closed": self._on_closed,
        }
        for name, handler in signals.items():
            if listen := getattr(interface, name, None):
                listen(handler)
        return interface

    def _actions(self, notification: Notification) -> list[str]:
        """Keys and labels in turn, for a server that has buttons; one that has none may show a dialog for them."""
        can = self._capabilities or frozenset()
        if Capability.BUTTONS not in can:
            return []
        body = [_BODY, ""] if Capability.ON_CLICKED in can else []
        return body + [text for button in notification.buttons for text in (button.identifier, button.title)]

    def _hints(self, notification: Notification) -> dict[str, Any]:
        urgency = self.to_native_urgency[notification.urgency]
        hints = {"urgency": urgency, "desktop-entry": Variant("s", APPLICATION_ID)}
        signature = get_hints_signature(self.interface)
        if signature == "a{ss}":
            return {name: str(hint.value) for name, hint in hints.items()}
        return hints if signature == "a{sv}" else {}

    # A signal is looked at one turn later, when the answer to Notify that came before it has been read.

    def _on_token(self, number: int, token: str) -> None:
        asyncio.get_running_loop().call_soon(self._token_came, number, token)

    def _on_action(self, nid: int, action_key: str) -> None:
        asyncio.get_running_loop().call_soon(self._was_chosen, nid, action_key)

    def _on_closed(self, nid: int, reason: int) -> None:
        asyncio.get_running_loop().call_soon(self._was_closed, nid, reason == _CLOSED_BY_THE_USER)

    def _token_came(self, number: int, token: str) -> None:
        if number in self._notices:
            self._tokens[number] = token

    def _was_chosen(self, number: int, key: str) -> None:
        notice, token = self._forget(number)
        if notice:
            self._chosen(notice, key, token)

    def _was_closed(self, number: int, dismissed: bool) -> None:
        notice, _ = self._forget(number)
        if notice:
            self._closed(notice, dismissed)

    def _forget(self, number: int) -> tuple[str, str]:
        """The notice with an id of the server, which is nobody's from now on, and its token."""
        return self._notices.pop(number, ""), self._tokens.pop(number, "")


async def _call(call: Awaitable[Any]) -> Any:
    """The answer to a call; dbus-fast stumbles over an error answer without text, which the specification has."""
    try:
        return await call
    except IndexError as error:
        raise DBusError("org.freedesktop.DBus.Error.Failed", "it gives no reason") from error


def _escaped(text: str) -> str:
    """Make text mean itself for a server that renders markup (specification, "Markup")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _harmless(text: str) -> str:
    """Make text mean itself for a server that says it renders no markup; dunst without a setting for it does so.

    Marks of markup are replaced by others that look alike, and what would be an entity is broken up.
    """
    return _ENTITY.sub("&\N{ZERO WIDTH SPACE}", text).translate(_LOOK_ALIKE)
