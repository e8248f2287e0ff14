"""Every notification of a private session, as it went over the bus."""

import json
from dataclasses import dataclass

from support import session

FILE = session.HOME / "notifications"
UNIT = "notification-record"
MATCH = "type='method_call',interface='org.freedesktop.Notifications',member='Notify'"


@dataclass(frozen=True)
class Sent:
    """One notification."""

    title: str
    body: str
    actions: tuple[str, ...]
    """Keys and labels in turn."""
    replaces: int
    """The server's id of the one that it takes the place of; 0 for none."""


def start() -> None:
    """Begin to write them down."""
    monitor = ("busctl", "--user", "--json=short", "monitor", f"--match={MATCH}")
    output = f"--property=StandardOutput=truncate:{FILE}"
    session.run("systemd-run", "--user", "--quiet", "--collect", f"--unit={UNIT}", output, *monitor)
    session.until(lambda: FILE.exists() and FILE.read_text(encoding="utf-8"), "the record to begin")


def stop() -> None:
    """Write no more."""
    session.systemctl("stop", UNIT)
    FILE.unlink()


def sent() -> list[Sent]:
    """All of them so far, oldest first."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    bodies = [json.loads(line)["payload"]["data"] for line in lines if line.startswith("{")]
    return [Sent(body[3], body[4], tuple(body[5]), body[1]) for body in bodies]
