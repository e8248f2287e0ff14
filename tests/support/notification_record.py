"""Every notification of a private session, as it went over the bus."""

import json
from dataclasses import dataclass
from typing import Any

from support import session

FILE = session.HOME / "notifications"
UNIT = "notification-record"
SERVER = "org.freedesktop.Notifications"
CALLS = f"type='method_call',interface='{SERVER}',member='Notify'"
ANSWERS = f"type='method_return',sender='{SERVER}'"


@dataclass(frozen=True)
class Sent:
    """One notification."""

    title: str
    body: str
    actions: tuple[str, ...]
    """Keys and labels in turn."""
    replaces: int
    """The server's id of the one that it takes the place of; 0 for none."""
    place: str
    """The server and its id of it, which one that takes its place has as well; empty before it has answered."""


def start() -> None:
    """Begin to write them down."""
    monitor = ("busctl", "--user", "--json=short", "monitor", f"--match={CALLS}", f"--match={ANSWERS}")
    output = f"--property=StandardOutput=truncate:{FILE}"
    session.run("systemd-run", "--user", "--quiet", "--collect", f"--unit={UNIT}", output, *monitor)
    session.until(lambda: FILE.exists() and FILE.read_text(encoding="utf-8"), "the record to begin")


def stop() -> None:
    """Write no more."""
    session.systemctl("stop", UNIT)
    FILE.unlink()


def sent() -> list[Sent]:
    """All of them so far, oldest first."""
    messages = _messages(FILE.read_bytes())
    answers = {
        (message["destination"], message["reply_cookie"]): message
        for message in messages
        if message["type"] == "method_return"
    }
    return [_sent(message, answers) for message in messages if message["type"] == "method_call"]


def _messages(record: bytes) -> list[dict[str, Any]]:
    """What was written so far, without a last line that is being written."""
    lines = record[: record.rfind(b"\n") + 1].decode().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _sent(call: dict[str, Any], answers: dict[tuple[str, int], dict[str, Any]]) -> Sent:
    body, answer = call["payload"]["data"], answers.get((call["sender"], call["cookie"]))
    place = f"{answer['sender']} {answer['payload']['data'][0]}" if answer else ""
    return Sent(body[3], body[4], tuple(body[5]), body[1], place)
