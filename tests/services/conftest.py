"""Every test of this ring has a home of its own, and neither bus nor service manager."""

import os
import time

import pytest

HOMES = {
    "HOME": "",
    "XDG_CONFIG_HOME": ".config",
    "XDG_DATA_HOME": ".local/share",
    "XDG_STATE_HOME": ".local/state",
    "XDG_CACHE_HOME": ".cache",
    "XDG_RUNTIME_DIR": "run",
}
OF_THE_SESSION = ("DBUS_", "WATCHDOG_", "NOTIFY_SOCKET", "XDG_")


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    """Point the environment at a new, empty home; the folder."""
    for name in list(os.environ):
        if name.startswith(OF_THE_SESSION):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    for name, folder in HOMES.items():
        monkeypatch.setenv(name, str(home / folder))
    (home / "run").mkdir(parents=True)
    return home


@pytest.fixture
def in_berlin(monkeypatch):
    """Put this process in the time zone of the clock of tests, where clocks change twice a year."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
