"""The D-Bus library: dbus-next, or dbus-fast where dbus-next cannot be imported (Python 3.15 and later).

This is the one place that imports either. What the two do differently is evened out here.
"""

import asyncio
from typing import Any

try:
    from dbus_next import (
        DBusError,
        Message,
        MessageFlag,
        MessageType,
        NameFlag,
        PropertyAccess,
        RequestNameReply,
        SignatureBodyMismatchError,
        SignatureTree,
        Variant,
    )
    from dbus_next.aio import MessageBus
    from dbus_next.errors import AuthError, InvalidAddressError
    from dbus_next.service import ServiceInterface, dbus_property, method, signal

    multiple: Any = list
except ImportError:
    from dbus_fast import (
        DBusError,
        Message,
        MessageFlag,
        MessageType,
        NameFlag,
        PropertyAccess,
        RequestNameReply,
        SignatureBodyMismatchError,
        SignatureTree,
        Variant,
    )
    from dbus_fast.aio import MessageBus
    from dbus_fast.errors import AuthError, InvalidAddressError
    from dbus_fast.service import (
        ServiceInterface,
        dbus_property,
    )
    from dbus_fast.service import dbus_method as method
    from dbus_fast.service import dbus_signal as signal

    multiple = tuple

__all__ = [
    "AuthError",
    "Bus",
    "DBusError",
    "InvalidAddressError",
    "Message",
    "MessageFlag",
    "MessageType",
    "NameFlag",
    "PropertyAccess",
    "RequestNameReply",
    "ServiceInterface",
    "SignatureBodyMismatchError",
    "SignatureTree",
    "Variant",
    "dbus_property",
    "method",
    "multiple",
    "signal",
]

CONNECT_TIMEOUT = 5.0


class _PatientSocket:
    """A socket that is full sends nothing; dbus-next would take the full buffer for the end of the connection."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    def send(self, data: Any) -> int:
        """Send what fits; how much that was."""
        try:
            return int(self._socket.send(data))
        except BlockingIOError:
            return 0

    def sendmsg(self, buffers: Any, ancillary: Any) -> int:
        """Send what fits, with file descriptors; how much that was."""
        return int(self._socket.sendmsg(buffers, ancillary))


class Bus(MessageBus):  # type: ignore[misc]
    """A message bus that never hangs while connecting, ends when it is busy, or leaves its socket behind."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if getattr(self, "_writer", None) is not None:
            self._writer.sock = _PatientSocket(self._sock)

    async def _auth_readline(self) -> str:
        """Read one line of the handshake; dbus-next would spin for ever when the daemon dies meanwhile."""
        line = b""
        while not line.endswith(b"\r\n"):
            byte = await self._loop.sock_recv(self._sock, 1)
            if not byte:
                raise EOFError("the bus closed the connection during the handshake")
            line += byte
        return line[:-2].decode()

    async def connect(self) -> Any:
        """Connect within CONNECT_TIMEOUT seconds or raise TimeoutError, OSError, EOFError or AuthError."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                return await super().connect()
        except AttributeError as error:
            # dbus-next takes the reply to its first call for granted
            self.close()
            raise EOFError("the bus closed the connection instead of welcoming us") from error
        except BaseException:
            self.close()
            raise

    async def wait_lost(self) -> None:
        """Return when the connection has ended, for whatever reason."""
        await asyncio.wait({self._disconnect_future})

    def close(self) -> None:
        """Take back what was exported and close the socket, whatever state the connection is in."""
        if self._sock is None or self._sock.fileno() < 0:
            return
        self._finalize()
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)
        if not self._disconnect_future.cancelled():
            self._disconnect_future.exception()
        self._stream.close()
        self._sock.close()
