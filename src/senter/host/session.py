"""Where the user's session is: the runtime folder and the session bus; and where the system bus is."""

import os
from pathlib import Path

SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket"


def runtime_folder() -> Path:
    """``$XDG_RUNTIME_DIR``, or where systemd puts it when the variable is missing (cron, ``su``)."""
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}")


def bus_address() -> str:
    """The D-Bus address of the session bus, or an empty string when there is no sign of one.

    ``DBUS_SESSION_BUS_ADDRESS``, else the socket launchd publishes on macOS, else ``bus`` in the runtime folder
    (the user bus of systemd, which cron jobs and ssh shells have without being told).
    """
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    if launchd_socket := os.environ.get("DBUS_LAUNCHD_SESSION_BUS_SOCKET"):
        return f"unix:path={launchd_socket}"
    socket = runtime_folder() / "bus"
    return f"unix:path={socket}" if socket.exists() else ""


def system_bus_address() -> str:
    """``DBUS_SYSTEM_BUS_ADDRESS``, or where the system bus is by specification."""
    return os.environ.get("DBUS_SYSTEM_BUS_ADDRESS", SYSTEM_BUS)
