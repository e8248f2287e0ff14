"""What a service tells the manager that started it (sd_notify(3)); silent where nobody listens."""

import os
import socket


def supervised() -> bool:
    """Whether a service manager started this process and listens to it."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def notify(**fields: object) -> None:
    """Send fields such as ``READY=1`` and ``STATUS="serving"`` in one datagram.

    Line breaks inside a value become spaces, so that no text can forge a field. Does nothing when nobody listens
    or the manager is gone.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    lines = [f"{name}={' '.join(str(value).splitlines())}" for name, value in fields.items()]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto("\n".join(lines).encode(errors="replace"), _socket(address))
        except OSError:
            return


def _socket(address: str) -> str:
    """The socket's name; a leading @ marks one that is not in the file system (unix(7))."""
    return "\0" + address[1:] if address.startswith("@") else address


def watchdog_seconds() -> float:
    """How often, at the least, the manager wants a sign of life; 0 when it does not watch this process."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    return int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000
