"""Journeys: the installed bundle in a private session, with the real systemd, bus, journal and dunst."""

import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest
from support import session

REASON = "needs a private session; run packaging/run-journeys as root or with sudo"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, saying why, where there is no private session to change."""
    if not session.in_private_session():
        for item in items:
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture(scope="session")
def bundle() -> None:
    """The units, activation files and the command, installed for the session's user."""
    subprocess.run(
        [
            session.REPOSITORY / "packaging/install-files",
            "install",
            "",
            str(session.HOME / ".local"),
            sys.executable,
        ],
        check=True,
    )
    session.systemctl("daemon-reload")
    session.reload_bus()


@pytest.fixture(autouse=True)
def clean(bundle: None) -> Iterator[None]:
    """Begin every journey with nothing running, nothing remembered and nothing shown."""
    yield
    session.systemctl("stop", "senter.target", "senter-*.service", check=False)
    session.systemctl("unmask", "dunst.service", "dbus.service", "xdg-desktop-portal.service")
    session.systemctl("stop", "dunst.service", check=False)
    session.systemctl("unset-environment", "PATH")
    session.systemctl("reset-failed")
    shutil.rmtree(session.UNITS, ignore_errors=True)
    shutil.rmtree(session.HOME / ".config/senter", ignore_errors=True)
    shutil.rmtree(session.HOME / ".local/share/systemd/timers", ignore_errors=True)
    for path in (session.HOME / ".local/share/senter").glob("*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    session.systemctl("daemon-reload")


@pytest.fixture
def started() -> None:
    """Senter, started."""
    session.systemctl("start", "senter.target")
    session.until(lambda: session.active("senter-reporter"), "the reporter to be up")
