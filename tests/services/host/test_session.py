"""Where the session is."""

import os
from pathlib import Path

from senter.host import session


def test_the_runtime_folder_is_the_one_the_environment_names(own_home):
    assert session.runtime_folder() == own_home / "run"


def test_without_the_variable_the_runtime_folder_is_where_systemd_puts_it(monkeypatch):
    expected = Path(f"/run/user/{os.getuid()}")
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    assert session.runtime_folder() == expected
    monkeypatch.setenv("XDG_RUNTIME_DIR", "")
    assert session.runtime_folder() == expected


def test_the_address_in_the_environment_comes_first(monkeypatch, own_home):
    (own_home / "run/bus").touch()
    monkeypatch.setenv("DBUS_LAUNCHD_SESSION_BUS_SOCKET", "/launchd")
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/mine")
    assert session.bus_address() == "unix:path=/mine"


def test_launchd_comes_before_the_runtime_folder(monkeypatch, own_home):
    (own_home / "run/bus").touch()
    monkeypatch.setenv("DBUS_LAUNCHD_SESSION_BUS_SOCKET", "/launchd")
    assert session.bus_address() == "unix:path=/launchd"


def test_a_shell_that_was_told_nothing_finds_the_user_bus(own_home):
    (own_home / "run/bus").touch()
    assert session.bus_address() == f"unix:path={own_home}/run/bus"


def test_without_any_sign_of_a_bus_there_is_no_address():
    assert session.bus_address() == ""
