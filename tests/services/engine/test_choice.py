"""Which model file it is, and what is said when there is none."""

import os

import pytest

from senter.engine.choice import SUGGESTED, check_file, check_name, choose
from senter.errors import ConfigurationError, NoModel, Unavailable


@pytest.fixture
def folder(tmp_path):
    """A models folder with two models and something else."""
    for name in ("b.gguf", "a.gguf", "0-notes.txt"):
        (tmp_path / name).write_bytes(b"GGUF")
    (tmp_path / "0-folder.gguf").mkdir()
    return tmp_path


def test_without_a_name_it_is_the_first_model_of_the_folder(folder):
    assert choose(folder, "") == folder / "a.gguf"


def test_a_name_chooses_any_file_of_the_folder(folder):
    assert choose(folder, "b.gguf") == folder / "b.gguf"


def test_a_link_to_a_model_elsewhere_is_a_model(folder, tmp_path):
    (folder / "0-link.gguf").symlink_to(folder / "b.gguf")
    assert choose(folder, "").name == "0-link.gguf"


def test_what_is_named_like_a_model_and_is_no_file_is_none(tmp_path):
    os.mkfifo(tmp_path / "fifo.gguf")
    (tmp_path / "loop.gguf").symlink_to("loop.gguf")
    (tmp_path / "folder.gguf").mkdir()
    for name in ("", "fifo.gguf", "loop.gguf", "folder.gguf"):
        with pytest.raises(NoModel):
            choose(tmp_path, name)


def test_a_name_without_a_file_is_told_with_the_folder(folder):
    told = f"^there is no c.gguf in {folder}; put it there, or choose another with: senter models use NAME$"
    with pytest.raises(NoModel, match=told):
        choose(folder, "c.gguf")


def test_a_name_without_a_file_where_there_is_no_other_is_told_where_it_stands(tmp_path):
    with pytest.raises(NoModel, match=r"put it there, or mend \[engine\] model in config\.toml$"):
        choose(tmp_path, "c.gguf")


@pytest.mark.parametrize("there", [True, False], ids=["an empty folder", "no folder"])
def test_no_model_at_all_is_told_with_the_folder_and_what_to_do(tmp_path, there):
    folder = tmp_path / "models"
    if there:
        folder.mkdir()
    with pytest.raises(
        NoModel, match=rf"no language model in {folder}; run: senter models pull {SUGGESTED}, or put"
    ):
        choose(folder, "")


@pytest.mark.parametrize("name", ["", "a.gguf"])
def test_a_folder_that_is_a_file_is_told(tmp_path, name):
    (tmp_path / "models").write_text("")
    with pytest.raises(Unavailable, match="cannot be read: Not a directory"):
        choose(tmp_path / "models", name)


@pytest.mark.parametrize("name", ["../a.gguf", "/etc/passwd", "folder/a.gguf", "..", ".", "a\0.gguf"])
def test_a_name_that_leads_out_of_the_folder_is_a_mistake_in_the_settings(name):
    with pytest.raises(ConfigurationError, match=r"\[engine\] model must be the name of a file"):
        check_name(name)


@pytest.mark.parametrize("name", ["", "a.gguf", "..a.gguf", "with spaces.gguf"])
def test_any_other_name_is_fine(name):
    check_name(name)


@pytest.mark.parametrize("content", [b"", b"GGU", b"<html>not found</html>", b"PK\x03\x04"])
def test_a_file_that_is_no_gguf_is_named(tmp_path, content):
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(Unavailable, match=r"a\.gguf is not a language model in the GGUF format"):
        check_file(tmp_path / "a.gguf")


def test_a_file_that_begins_like_a_gguf_is_left_to_llama(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF and then anything")
    check_file(tmp_path / "a.gguf")


def test_a_file_that_went_away_is_named(tmp_path):
    with pytest.raises(Unavailable, match=r"a\.gguf cannot be read: No such file"):
        check_file(tmp_path / "a.gguf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read_is_named(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    (tmp_path / "a.gguf").chmod(0)
    with pytest.raises(Unavailable, match=r"a\.gguf cannot be read: Permission denied"):
        check_file(tmp_path / "a.gguf")
