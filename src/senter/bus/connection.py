"""One connection to a bus that survives the bus: what was exported, owned and subscribed comes back with it."""

import asyncio
import contextlib
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from senter.bus import library
from senter.bus.library import Bus, Message, MessageFlag, MessageType, NameFlag, RequestNameReply
from senter.bus.names import PREFIX, error_class, error_name
from senter.bus.publish import Interface, caller, sender
from senter.bus.signals import DAEMON, DAEMON_PATH, Handler, Match, Subscriptions, name_changes
from senter.bus.signatures import pack, unpack
from senter.errors import InvalidArgument, NotRunning, SenterError, Unavailable
from senter.host import session

logger = logging.getLogger(__name__)

RECONNECT_PAUSE = 0.5
RECONNECT_TRIES = 10

_NOBODY = {f"{DAEMON}.Error.NameHasNoOwner", f"{DAEMON}.Error.ServiceUnknown"}
_CONNECTION_ERRORS = (OSError, EOFError, TimeoutError, ValueError, library.AuthError, library.InvalidAddressError)


class NobodyThere(SenterError):
    """A call without auto-start went to a name that nobody owns."""


class BusError(SenterError):
    """An error that some other program answered; ``name`` is its D-Bus error name."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class Connection:
    """A connection to the session bus, or to the bus at ``address``."""

    def __init__(self, address: Callable[[], str] = session.bus_address, *, pass_descriptors: bool = False) -> None:
        self._address = address
        self._pass_descriptors = pass_descriptors
        self._bus: Any = None
        self._subscriptions = Subscriptions()
        self._exports: list[tuple[str, Interface]] = []
        self._names: dict[str, NameFlag] = {}
        self._rooms: dict[str, str] = {}
        self._refusal: SenterError | None = None
        self._on_reopened: list[Callable[[], Awaitable[None]]] = []
        self._learning = asyncio.Lock()

    async def open(self) -> str:
        """Connect; our unique name on the bus. Raises NotRunning when there is no bus or it does not let us in."""
        address = self._address()
        if not address:
            raise NotRunning("there is no session bus here; log in to a desktop or start one with dbus-run-session")
        try:
            self._bus = Bus(bus_address=address, negotiate_unix_fd=self._pass_descriptors)
            await self._bus.connect()
        except _CONNECTION_ERRORS as error:
            raise NotRunning(f"the bus at {address} cannot be reached: {error or type(error).__name__}") from error
        self._bus.add_message_handler(self._receive)
        for path, interface in self._exports:
            self._bus.export(path, interface)
        self._subscriptions.owners.clear()
        for match, _ in self._subscriptions.entries:
            await self._add_match(match)
        return str(self._bus.unique_name)

    async def open_patiently(self) -> None:
        """Connect, with the patience of ``reopen``. Raises NotRunning when that did not help."""
        try:
            await self.open()
        except NotRunning as reason:
            try:
                await self.reopen()
            except NotRunning:
                raise reason from None

    async def wait_lost(self) -> None:
        """Return when the bus has gone away."""
        await self._bus.wait_lost()

    async def reopen(self, tries: int = RECONNECT_TRIES) -> bool:
        """Come back after the bus was lost: connect, export, subscribe and own as before.

        Waits 0.5 s before every try, because a unit that changes its state while systemd itself has lost
        the bus can stall the manager. Returns False when a name is somebody else's now. Raises NotRunning when
        every try failed.
        """
        for _ in range(tries):
            if self._bus is not None:
                self._bus.close()
            await asyncio.sleep(RECONNECT_PAUSE)
            try:
                await self.open()
                owned = [await self.own(name, flags) for name, flags in self._names.items()]
                for tell in self._on_reopened:
                    await tell()
            except SenterError as error:
                logger.debug("The bus is not back yet: %s", error)
                continue
            return all(owned)
        raise NotRunning("the bus did not come back")

    def on_reopened(self, tell: Callable[[], Awaitable[None]]) -> None:
        """Call this after every return of the bus; signals sent meanwhile were missed."""
        self._on_reopened.append(tell)

    async def close(self) -> None:
        """Leave the bus once everything that was sent has left; a bus that is already gone is fine."""
        await self.answers()
        if self._bus is not None:
            self._bus.close()

    async def answers(self) -> bool:
        """Whether the bus is still there; all that was sent before has left when it is."""
        try:
            await self.ask_daemon("GetId", timeout=1.0)
        except SenterError:
            return False
        return True

    def export(self, path: str, interface: Interface) -> None:
        """Serve an interface at a path."""
        self._exports.append((path, interface))
        interface.send_signal = functools.partial(self._send_signal, path)
        self._bus.export(path, interface)

    def refuse_all(self, error: SenterError) -> None:
        """Answer every method call that arrives with an error, whatever it asks for."""
        self._refusal = error

    async def own(self, name: str, flags: NameFlag = NameFlag.REPLACE_EXISTING) -> bool:
        """Take a bus name at once or not at all; True when it is ours."""
        reply = await self.ask_daemon("RequestName", "su", name, int(flags | NameFlag.DO_NOT_QUEUE))
        owned = reply in (RequestNameReply.PRIMARY_OWNER.value, RequestNameReply.ALREADY_OWNER.value)
        if owned:
            self._names[name] = flags
        return owned

    async def release(self, name: str) -> None:
        """Give a bus name back; when this returns, no further call will be routed here."""
        self._names.pop(name, None)
        await self.ask_daemon("ReleaseName", "s", name)

    def wake(self, name: str) -> None:
        """Have the bus start whoever serves a bus name, without waiting for it."""
        if self._bus.connected:
            start = Message(DAEMON, DAEMON_PATH, DAEMON, "StartServiceByName", signature="su", body=[name, 0])
            self._bus.send(start)

    async def owner(self, name: str) -> str:
        """The unique name behind a bus name, or an empty string."""
        try:
            return str(await self.ask_daemon("GetNameOwner", "s", name))
        except NobodyThere:
            return ""

    async def subscribe(self, match: Match, handler: Handler) -> None:
        """Call ``handler(*body)`` for every matching signal, also after the bus came back."""
        self._subscriptions.entries.append((match, handler))
        await self._add_match(match)

    @contextlib.asynccontextmanager
    async def subscribed(self, match: Match, handler: Handler) -> AsyncIterator[None]:
        """Subscribe for the length of a block."""
        try:
            await self.subscribe(match, handler)
            yield
        finally:
            self._subscriptions.entries.remove((match, handler))
            if match.needs_rule:
                with contextlib.suppress(SenterError):
                    await self.ask_daemon("RemoveMatch", "s", match.rule())

    async def wait_owned(self, name: str) -> None:
        """Return when somebody owns a bus name."""
        came = asyncio.Event()
        async with self.subscribed(name_changes(name), lambda _name, _old, new: came.set() if new else None):
            if not await self.owner(name):
                await came.wait()

    async def wait_left(self, unique_name: str) -> None:
        """Return when another connection has left the bus; when the bus goes away, all have."""
        left = asyncio.Event()
        lost = asyncio.ensure_future(self.wait_lost())
        lost.add_done_callback(lambda _: left.set())
        try:
            async with self.subscribed(name_changes(unique_name), lambda *_: left.set()):
                if await self.owner(unique_name):
                    await left.wait()
        except SenterError:
            if self._bus.connected:
                raise
        finally:
            lost.cancel()

    async def watch_name(self, name: str, handler: Callable[[str], None]) -> None:
        """Call ``handler(owner)`` whenever a bus name changes hands; an empty owner means it is free."""
        await self.subscribe(name_changes(name), lambda _name, _old, new: handler(new))

    async def follow_rooms(self) -> None:
        """Keep track of which connection is which room, so that ``caller`` can name it."""
        await self.subscribe(name_changes(namespace=PREFIX), self._room_moved)
        self.on_reopened(self._list_rooms)
        await self._list_rooms()

    async def ask_daemon(self, member: str, signature: str = "", *arguments: Any, timeout: float = 5.0) -> Any:
        """Call a method of the bus daemon itself."""
        return await self.call(DAEMON, DAEMON_PATH, DAEMON, member, signature, *arguments, timeout=timeout)

    async def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: Any,
        autostart: bool = False,
        timeout: float = 25.0,
        descriptors: Sequence[int] = (),
    ) -> Any:
        """Call a method and return its result without variants (None, one value, or a list of several).

        An argument ``h`` is an index into ``descriptors``. Raises the SenterError that a room answered, NobodyThere
        without auto-start, BusError for any other error answer, InvalidArgument for values that do not fit,
        Unavailable after ``timeout`` seconds or when the bus goes away, NotRunning when it has gone before.
        """
        values = {"signature": signature, "body": list(arguments), "unix_fds": list(descriptors)}
        flags = MessageFlag.NONE if autostart else MessageFlag.NO_AUTOSTART
        message = Message(destination, path, interface, member, flags=flags, **values)
        if self._bus is None or not self._bus.connected:
            raise NotRunning("there is no connection to the bus")
        try:
            async with asyncio.timeout(timeout):
                reply = await self._bus.call(message)
        except TimeoutError:
            raise Unavailable(f"{destination} did not answer {member} within {timeout:g} s") from None
        except (OSError, EOFError) as error:
            raise Unavailable(f"the bus went away during {member}") from error
        except library.SignatureBodyMismatchError as error:
            raise InvalidArgument(f"{member} does not take these values: {error}") from error
        if reply is None:
            raise Unavailable(f"the bus went away during {member}")
        if reply.message_type is MessageType.ERROR:
            raise _error_of(reply)
        body = [reply.unix_fds[reply.body[0]]] if reply.signature == "h" else unpack(reply.body)
        return body[0] if len(body) == 1 else body or None

    def _send_signal(self, path: str, destination: str, *signal: Any) -> None:
        """Send a signal to one connection; one that has left, or a bus that has gone, is nobody to tell."""
        if self._bus.connected:
            message = Message.new_signal(path, *signal)
            message.destination = destination
            self._bus.send(message)

    async def _add_match(self, match: Match) -> None:
        if match.sender and match.sender != DAEMON:
            async with self._learning:
                if match.sender not in self._subscriptions.owners:
                    await self._add_match(name_changes(match.sender))
                    await self._subscriptions.learn_owner(match.sender, self.owner)
        if match.needs_rule:
            await self.ask_daemon("AddMatch", "s", match.rule())

    def _receive(self, message: Any) -> Any:
        if message.message_type is MessageType.METHOD_CALL:
            sender.set(message.sender or "")
            caller.set(self._rooms.get(message.sender, message.sender or ""))
            if self._refusal is not None:
                return Message.new_error(message, error_name(self._refusal), pack(str(self._refusal)))
        elif message.message_type is MessageType.SIGNAL:
            self._subscriptions.deliver(message)
        return None

    async def _list_rooms(self) -> None:
        self._rooms.clear()
        for name in await self.ask_daemon("ListNames"):
            if name.startswith(f"{PREFIX}."):
                self._room_moved(name, "", await self.owner(name))

    def _room_moved(self, name: str, old: str, new: str) -> None:
        self._rooms.pop(old, None)
        if new:
            self._rooms[new] = name


def _error_of(reply: Any) -> SenterError:
    text = str(reply.body[0]) if reply.body else reply.error_name
    if reply.error_name in _NOBODY:
        return NobodyThere(text)
    ours = error_class(reply.error_name)
    return ours(text) if ours else BusError(reply.error_name, text)
