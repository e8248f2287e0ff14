"""Where the socket is: in a folder of the user's own, or nowhere."""

import os
import socket
import stat

import pytest

from senter.engine import address
from senter.errors import Unavailable


def test_the_folder_is_made_for_the_user_alone(tmp_path):
    path = address.prepare(tmp_path / "run" / "senter")
    assert path == tmp_path / "run/senter/llama.sock"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert not path.exists()


def test_a_folder_that_is_open_to_others_is_closed(tmp_path):
    (tmp_path / "senter").mkdir()
    (tmp_path / "senter").chmod(0o755)
    path = address.prepare(tmp_path / "senter")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_socket_that_was_left_behind_is_removed(tmp_path):
    path = address.prepare(tmp_path)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert path.exists()
    assert address.prepare(tmp_path) == path
    assert not path.exists()


def test_a_link_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "senter").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="is not a folder but a link"):
        address.prepare(tmp_path / "senter")


def test_a_file_instead_of_a_folder_is_refused(tmp_path):
    (tmp_path / "senter").write_text("")
    with pytest.raises(Unavailable, match=f"{tmp_path}/senter cannot be used for sockets: File exists"):
        address.prepare(tmp_path / "senter")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
@pytest.mark.parametrize("whose", ["senter", "."], ids=["the folder", "the folder above"])
def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch, whose):
    run = tmp_path / "run"
    (run / "senter").mkdir(parents=True)
    os.chown(run, 1000, 1000)
    os.chown(run / "senter", 1000, 1000)
    os.chown(run / whose, 4321, 4321)
    monkeypatch.setattr(address.os, "geteuid", lambda: 1000)
    with pytest.raises(Unavailable, match="belongs to another user"):
        address.prepare(run / "senter")


def test_a_path_that_is_too_long_for_a_socket_is_told_before_anything_is_made(tmp_path):
    folder = tmp_path / ("f" * 100)
    with pytest.raises(Unavailable, match="too long for the name of a socket"):
        address.prepare(folder)
    assert not folder.exists()


def test_removing_what_is_not_there_is_fine(tmp_path):
    address.remove(tmp_path / "llama.sock")
