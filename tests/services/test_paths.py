"""Where files are."""

import sys

import pytest

from senter import paths

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have other folders")


def test_settings_are_where_the_desktop_keeps_them(own_home):
    assert paths.config_file() == own_home / ".config/senter/config.toml"


def test_databases_are_where_the_desktop_keeps_data(own_home):
    assert paths.data_folder() == own_home / ".local/share/senter"


def test_the_environment_is_read_at_every_call(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "elsewhere"))
    assert paths.data_folder() == tmp_path / "elsewhere/senter"


def test_asking_for_a_path_creates_nothing(own_home):
    assert not paths.config_file().parent.exists()
    assert not paths.data_folder().exists()
    assert [folder.name for folder in own_home.iterdir()] == ["run"]
