"""The private session seen from a test: units, the bus, the command line, the notification server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = Path.home()
UNITS = HOME / ".config/systemd/user"
ACTIVATIONS = HOME / ".local/share/dbus-1/services"

DEADLINE = 20.0
DUNST_LEVELS = ("displayed", "history")


def run(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it printed."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=check)


def systemctl(*arguments: str, check: bool = True) -> str:
    """Run ``systemctl --user``; its output."""
    return run("systemctl", "--user", *arguments, check=check).stdout.strip()


def senter(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command."""
    return run(str(HOME / ".local/bin/senter"), *arguments, check=False)


def prop(unit: str, name: str) -> str:
    """One property of a unit."""
    return systemctl("show", "--property", name, "--value", unit)


def call(room: str, member: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call a member of a room with plain busctl, which lets the bus start it."""
    name = f"ai.senter.{room}1"
    path = "/" + name.replace(".", "/")
    return run("busctl", "--user", "call", name, path, name, member, *arguments, check=False)


def until(condition: Callable[[], object], what: str, deadline: float = DEADLINE) -> None:
    """Wait for a condition, or fail with ``what`` was waited for."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline:g} s in vain: {what}")
        time.sleep(0.02)


def active(unit: str) -> bool:
    """Whether a unit is up."""
    return prop(unit, "ActiveState") == "active"


def drop_in(unit: str, text: str) -> None:
    """Change a unit for one test."""
    folder = UNITS / f"{unit}.d"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test.conf").write_text(text)
    systemctl("daemon-reload")


def install_sleeper(idle_seconds: float, *options: str) -> None:
    """Install the unit and the activation file of the room for tests."""
    program = f"{sys.executable} {REPOSITORY}/tests/support/sleeper.py {idle_seconds} {' '.join(options)}"
    UNITS.mkdir(parents=True, exist_ok=True)
    (UNITS / "senter-sleeper.service").write_text(
        "[Unit]\nPartOf=senter.target\nStartLimitIntervalSec=300\nStartLimitBurst=5\n"
        f"[Service]\nType=notify\nBusName=ai.senter.Sleeper1\nExecStart={program}\n"
        "Restart=on-failure\nRestartSec=100ms\nRestartPreventExitStatus=3 78\nWatchdogSec=30\n"
    )
    ACTIVATIONS.mkdir(parents=True, exist_ok=True)
    (ACTIVATIONS / "ai.senter.Sleeper1.service").write_text(
        f"[D-BUS Service]\nName=ai.senter.Sleeper1\nExec={program}\nSystemdService=senter-sleeper.service\n"
    )
    systemctl("daemon-reload")
    reload_bus()


def reload_bus() -> None:
    """Make the bus daemon read its activation files."""
    daemon = "org.freedesktop.DBus"
    run("busctl", "--user", "call", daemon, "/org/freedesktop/DBus", daemon, "ReloadConfig")


def shown() -> list[dict[str, str]]:
    """What dunst has shown so far, newest first: title (``summary``), text (``body``)."""
    history = json.loads(run("dunstctl", "history").stdout)["data"][0]
    return [{"summary": entry["summary"]["data"], "body": entry["body"]["data"]} for entry in history]


def close_notifications() -> None:
    """Move what dunst displays into its history."""
    run("dunstctl", "close-all")


def in_private_session() -> bool:
    """Whether this process runs below packaging/private-session."""
    return os.environ.get("SENTER_PRIVATE_SESSION") == "1"
