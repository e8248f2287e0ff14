"""A login manager for a private session: dbusmock's logind on a system bus of its own."""

import json
import os
import subprocess

from support import session

BUS = f"unix:path={session.HOME}/system-bus"
ROOT = "/org/freedesktop/login1"
SESSION = f"{ROOT}/session/c1"
USER = f"{ROOT}/user/{os.getuid()}"
MOCK = "org.freedesktop.DBus.Mock"
PROPERTIES = "org.freedesktop.DBus.Properties"
SERVICE = "org.freedesktop.login1"


def start() -> None:
    """Start the bus and logind, with the user at the screen, and let units started from now on know of them."""
    run = ("systemd-run", "--user", "--quiet", "--collect")
    daemon = ("dbus-daemon", "--session", "--nofork", f"--address={BUS}")
    session.run(*run, "--unit=system-bus", *daemon)
    session.until(lambda: _busctl("list").returncode == 0, "the system bus")
    mock = ("/usr/bin/python3", "-m", "dbusmock", "--system", "--template", "logind")
    session.run(*run, "--unit=login-manager", f"--setenv=DBUS_SYSTEM_BUS_ADDRESS={BUS}", *mock)
    session.until(lambda: _busctl("call", SERVICE, ROOT, MOCK, "GetCalls").returncode == 0, "the login manager")
    # The template joins a text and a number here.
    _ask(
        ROOT,
        MOCK,
        "AddMethod",
        "sssss",
        f"{SERVICE}.Manager",
        "GetUser",
        "u",
        "o",
        f'ret = "{ROOT}/user/%d" % args[0]',
    )
    _ask(ROOT, MOCK, "AddUser", "usb", str(os.getuid()), "somebody", "true")
    _ask(ROOT, MOCK, "AddSession", "ssusb", "c1", "seat0", str(os.getuid()), "somebody", "true")
    _ask(USER, PROPERTIES, "Set", "ssv", f"{SERVICE}.User", "Display", "(so)", "c1", SESSION)
    session.systemctl("set-environment", f"DBUS_SYSTEM_BUS_ADDRESS={BUS}")


def stop() -> None:
    """Stop both."""
    session.systemctl("unset-environment", "DBUS_SYSTEM_BUS_ADDRESS")
    session.systemctl("stop", "login-manager", "system-bus", check=False)


def lock() -> None:
    """Lock the screen as a desktop does."""
    _ask(SESSION, f"{SERVICE}.Session", "SetLockedHint", "b", "true")


def unlock() -> None:
    """Unlock it."""
    _ask(SESSION, f"{SERVICE}.Session", "SetLockedHint", "b", "false")


def is_locked() -> bool:
    """Whether it is locked."""
    answer = _ask(SESSION, PROPERTIES, "Get", "ss", f"{SERVICE}.Session", "LockedHint")
    return bool(json.loads(answer)["data"][0]["data"])


def _ask(path: str, interface: str, member: str, *arguments: str) -> str:
    answer = _busctl("--json=short", "call", SERVICE, path, interface, member, *arguments)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _busctl(*arguments: str) -> subprocess.CompletedProcess[str]:
    return session.run("busctl", f"--address={BUS}", *arguments, check=False)
