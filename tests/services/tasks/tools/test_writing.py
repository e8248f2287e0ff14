"""Files that are there as a whole or not at all, and never in the place of others."""

import errno
import os
import resource
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from senter.errors import InvalidState
from senter.tasks.tools import writing
from senter.tasks.tools.beneath import folder_at
from senter.tasks.tools.writing import folder_made, replace, start_of, write_atomically, write_once

nameless = writing._nameless


@pytest.fixture
def place(tmp_path):
    """An empty folder."""
    (tmp_path / "place").mkdir()
    return tmp_path / "place"


@pytest.fixture(params=["with files without a name", "without files without a name"])
def folder(request, place, monkeypatch):
    """A descriptor of that folder, as on each kind of file system."""
    if request.param.startswith("without "):
        monkeypatch.setattr(writing, "_nameless", lambda folder: None)
    with folder_at(str(place)) as descriptor:
        if request.param.startswith("with ") and nameless(descriptor) is None:
            pytest.skip("this file system has no files without a name")
        yield descriptor


@contextmanager
def room_for(size):
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_written(folder, place):
    write_once(folder, "a", b"one", "a")
    assert (place / "a").read_bytes() == b"one"
    assert os.listdir(place) == ["a"]
    assert (place / "a").stat().st_mode & 0o777 == 0o644
    assert (place / "a").stat().st_nlink == 1


def test_what_is_there_already_is_left_alone(folder, place):
    write_once(folder, "a", b"one", "a")
    before = (place / "a").stat()
    write_once(folder, "a", b"one", "a")
    assert (place / "a").stat() == before


@pytest.mark.parametrize("content", [b"two", b"", b"one and two"])
def test_other_content_is_never_overwritten(folder, place, content):
    write_once(folder, "a", b"one", "a")
    with pytest.raises(
        InvalidState, match=r"^the note is there already with other content; it was not overwritten$"
    ):
        write_once(folder, "a", content, "the note")
    assert (place / "a").read_bytes() == b"one"


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink("b", path)])
def test_what_is_no_file_is_never_overwritten_and_no_link_is_followed(folder, place, make):
    (place / "b").write_bytes(b"one")
    make(place / "a")
    with pytest.raises(InvalidState):
        write_once(folder, "a", b"one", "a")
    assert sorted(os.listdir(place)) == ["a", "b"]


@pytest.mark.parametrize("target", ["b", "outside"])
def test_a_link_that_leads_nowhere_is_not_written_through(folder, place, target):
    (place / "a").symlink_to(target)
    with pytest.raises(InvalidState):
        write_once(folder, "a", b"one", "a")
    assert os.listdir(place) == ["a"]


def test_of_many_writers_one_wins_and_the_others_are_told(folder, place):
    outcomes, gate = [], threading.Barrier(8)

    def write(number):
        gate.wait(10)
        try:
            write_once(folder, "a", bytes([number]) * 100_000, "a")
            outcomes.append(number)
        except InvalidState:
            outcomes.append(None)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    (winner,) = [number for number in outcomes if number is not None]
    assert (place / "a").read_bytes() == bytes([winner]) * 100_000
    assert os.listdir(place) == ["a"]


def test_a_full_disk_leaves_nothing_behind(folder, place):
    with room_for(10):
        for write in (lambda: write_once(folder, "a", b"a" * 11, "a"), lambda: replace(folder, "a", b"a" * 11)):
            with pytest.raises(OSError, match="File too large"):
                write()
    assert os.listdir(place) == []


def test_who_is_ended_leaves_nothing_behind(folder, place, monkeypatch):
    def end(descriptor):
        raise SystemExit(1)

    monkeypatch.setattr(writing.os, "fsync", end)
    with pytest.raises(SystemExit):
        write_once(folder, "a", b"one", "a")
    assert os.listdir(place) == []


def test_a_file_is_replaced_but_a_link_is_not_followed(place):
    (place / "other").write_bytes(b"other")
    (place / "a").symlink_to("other")
    with folder_at(str(place)) as folder:
        replace(folder, "a", b"one")
        replace(folder, "a", b"two")
    assert (place / "a").read_bytes() == b"two"
    assert (place / "other").read_bytes() == b"other"
    assert sorted(os.listdir(place)) == ["a", "other"]


def test_a_disk_that_fails_to_make_a_file_is_told(place, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with folder_at(str(place)) as folder:
        monkeypatch.setattr(writing.os, "open", fail)
        with pytest.raises(OSError, match="No space left"):
            write_once(folder, "a", b"one", "a")


def test_a_folder_is_made_and_folders_in_it(place):
    for _ in range(2):
        with folder_made(f"{place}/new/workspace", ("a", "b")) as folder:
            assert os.path.samestat(os.fstat(folder), (place / "new/workspace/a/b").stat())


def test_a_folder_that_is_made_is_reached_by_no_link(place):
    (place / "outside").mkdir()
    (place / "workspace").mkdir()
    (place / "workspace/a").symlink_to("../outside")
    with pytest.raises(NotADirectoryError), folder_made(f"{place}/workspace", ("a", "b")):
        pass
    assert os.listdir(place / "outside") == []


def test_the_start_of_a_file_is_that_of_a_plain_file_only(place):
    (place / "a").write_bytes(b"a" * 100_000)
    (place / "link").symlink_to("a")
    os.mkfifo(place / "pipe")
    with folder_at(str(place)) as folder:
        assert [len(start_of(folder, name)) for name in ("a", "link", "pipe")] == [65_536, 0, 0]


def test_nothing_stays_open(folder, place):
    before = os.listdir("/proc/self/fd")
    write_once(folder, "a", b"one", "a")
    replace(folder, "a", b"two")
    with folder_made(str(place), ("b",)):
        pass
    assert os.listdir("/proc/self/fd") == before
    assert Path(place / "b").is_dir()


def test_a_report_replaces_an_older_one(tmp_path):
    for content in (b"one", b"two"):
        write_atomically(tmp_path / "reports/new/a.md", content)
        assert (tmp_path / "reports/new/a.md").read_bytes() == content
    assert os.listdir(tmp_path / "reports/new") == ["a.md"]
