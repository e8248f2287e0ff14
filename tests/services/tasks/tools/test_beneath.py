"""What is opened is what was decided on, whatever stands in its place meanwhile."""

import os
import shutil
import socket
import subprocess
from itertools import islice

import pytest
from support.swapping import swapping

from senter.errors import Denied, Unavailable
from senter.tasks.tools import beneath
from senter.tasks.tools.beneath import content_of, entries_below, entries_in, folder_at

TRIES = 2_000


@pytest.fixture
def folder(tmp_path):
    """A folder with a file, beside a secret one with the same name."""
    for name, text in (("letters", "letter"), ("secrets", "SECRET")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_text(text)
    return tmp_path / "letters"


def below(folder):
    """The paths that a walk finds, and what it notes."""
    notes = []
    return [entry.path for entry in entries_below(str(folder), notes.append)], notes


def opened():
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))


def test_the_content_of_a_file_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"word " * 9999)
    assert content_of(str(tmp_path / "a"), "a") == b"word " * 9999
    with folder_at(str(tmp_path)) as holder:
        assert content_of("a", "a", holder) == b"word " * 9999


def test_a_large_file_is_not_read(tmp_path):
    with open(tmp_path / "big", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Unavailable, match=r"^big is larger than 20 MB$"):
        content_of(str(tmp_path / "big"), "big")


def test_of_a_file_that_grows_no_more_is_read_than_of_any(tmp_path, monkeypatch):
    monkeypatch.setattr(beneath, "LARGEST", 10_000)
    (tmp_path / "a").write_bytes(b"a" * 10_000)
    with open(tmp_path / "a", "ab") as file:
        grown = os.stat(tmp_path / "a")
        file.write(b"a" * 50_000)
        file.flush()
        monkeypatch.setattr(beneath.os, "fstat", lambda descriptor: grown)
        monkeypatch.setattr(beneath.os, "stat", lambda *_, **__: grown)
        assert len(content_of(str(tmp_path / "a"), "a")) == 10_001


def test_what_is_not_text_is_not_read(tmp_path):
    (tmp_path / "a").write_bytes(b"\0\1")
    with pytest.raises(Unavailable, match=r"^a is not text$"):
        content_of(str(tmp_path / "a"), "a")


def test_what_is_missing_is_told(tmp_path):
    for path in ("a", "a/b"):
        with pytest.raises(Unavailable, match=r"^it cannot be opened: No such file or directory$"):
            content_of(str(tmp_path / path), "it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_what_may_not_be_read_is_told(folder):
    (folder / "a").chmod(0)
    with pytest.raises(Unavailable, match="Permission denied"):
        content_of(str(folder / "a"), "a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="folders on the way have to be readable here")
def test_a_folder_on_the_way_need_not_be_readable(folder):
    folder.parent.chmod(0o100)
    try:
        assert content_of(str(folder / "a"), "a") == b"letter"
    finally:
        folder.parent.chmod(0o700)


def test_a_pipe_without_writer_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unavailable, match=r"^pipe is not a file$"):
        content_of(str(tmp_path / "pipe"), "pipe")


def test_a_folder_a_socket_and_a_link_are_not_files(folder):
    (folder / "link").symlink_to("a")
    (folder / "inner").mkdir()
    with socket.socket(socket.AF_UNIX) as listening, folder_at(str(folder)) as holder:
        listening.bind(f"/proc/self/fd/{holder}/socket")
        for name in ("link", "inner", "socket"):
            with pytest.raises(Unavailable, match=rf"^{name} is not a file$"):
                content_of(str(folder / name), name)
            with pytest.raises(Unavailable, match=rf"^{name} is not a file$"):
                content_of(name, name, holder)


@pytest.mark.parametrize(
    "put",
    [
        lambda path: os.symlink("../secrets/a", path),
        lambda path: os.link("../secrets/a", path),
        os.mkfifo,
        os.mkdir,
    ],
    ids=["link", "hard link", "pipe", "folder"],
)
def test_what_is_put_in_the_place_of_a_file_after_it_was_looked_at_is_not_read(folder, monkeypatch, put):
    harmless = os.stat(folder / "a")
    monkeypatch.setattr(beneath.os, "stat", lambda *_, **__: harmless)
    monkeypatch.chdir(folder)
    os.unlink("a")
    put("a")
    before = opened()
    with pytest.raises(Unavailable):
        content_of(str(folder / "a"), "a")
    assert opened() == before


def test_devices_and_the_files_of_the_kernel_are_not_read():
    for path in ("/dev/zero", f"/proc/{os.getpid()}/environ", "/sys/kernel/uevent_seqnum"):
        with pytest.raises(Denied, match=r"is part of the system$"):
            content_of(path, "it")


def test_a_file_with_a_second_name_is_not_read(folder):
    os.link(folder.parent / "secrets/a", folder / "b")
    with pytest.raises(Unavailable, match=r"^b has another name somewhere else \(a hard link\)$"):
        content_of(str(folder / "b"), "b")


def test_no_link_is_followed_on_the_way(folder):
    (folder / "link").symlink_to("../secrets")
    for path in (f"{folder}/link/a", f"{folder.parent}/letters/../letters/link/a"):
        with pytest.raises(Unavailable, match="cannot be opened"):
            content_of(path, "a")
    with pytest.raises(NotADirectoryError), folder_at(str(folder / "link")):
        pass


@pytest.mark.parametrize("swapped", ["a", "."])
def test_a_link_that_is_put_in_the_place_of_a_file_or_its_folder_is_never_followed(folder, swapped):
    place = folder / swapped
    target = folder.parent / "secrets" / swapped
    read = set()
    with swapping(place, target):
        for _ in range(TRIES):
            try:
                read.add(content_of(str(folder / "a"), "a"))
            except Unavailable:
                read.add(b"")
    assert read <= {b"letter", b""}


def test_a_walk_through_a_folder_that_is_swapped_never_leaves_it(folder):
    inner = folder / "inner"
    inner.mkdir()
    (inner / "a").write_text("letter")
    read = set()
    with swapping(inner, folder.parent / "secrets"):
        for _ in range(TRIES):
            for entry in entries_below(str(folder), lambda note: None):
                try:
                    read.add(content_of(entry.name, entry.path, entry.holder))
                except Unavailable:
                    read.add(b"")
    assert b"letter" in read
    assert b"SECRET" not in read


def test_a_walk_goes_through_folders_in_order_and_leaves_out_what_is_hidden(folder):
    for path in ("b/2", "b/1", "b/c/1", "B/1", "z", ".h", ".hidden/1", "b/.git/1"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()
    assert below(folder) == (["a", "z", "B/1", "b/1", "b/2", "b/c/1"], [])


def test_a_walk_names_links_and_pipes_but_enters_no_link(folder):
    (folder / "link").symlink_to("../secrets")
    os.mkfifo(folder / "pipe")
    assert below(folder) == (["a", "link", "pipe"], [])
    assert [entry.is_link for entry in entries_below(str(folder), print)] == [False, True, False]


def test_a_name_that_is_not_text_is_noted(folder):
    for name in (b"\xff", b"\xfe"):
        os.mkdir(os.fsencode(folder) + b"/" + name)
    with open(os.fsencode(folder) + b"/\xfd", "wb"):
        pass
    assert below(folder) == (["a"], ["? has a name that is not text and was not read"] * 3)


def test_a_walk_ends_however_deep_the_folders_are(folder):
    descriptor = os.open(folder, beneath.FOLDER)
    for _ in range(1_100):
        os.mkdir("down", dir_fd=descriptor)
        inner = os.open("down", beneath.FOLDER, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    before = opened()
    found, (note,) = below(folder)
    assert found == ["a"]
    assert note.endswith("/down is more than 40 folders deep and was not read")
    assert opened() == before
    # what shutil.rmtree, and so pytest, could not
    subprocess.run(["rm", "-r", folder / "down"], check=True)


def test_a_walk_ends_however_many_names_there_are(folder, monkeypatch):
    monkeypatch.setattr(beneath, "MOST_NAMES", 5)
    for number in range(9):
        (folder / str(number)).touch()
    found, notes = below(folder)
    assert len(found) == 5
    assert notes == [f"only the first 5 names in {folder} were looked at"]


def test_a_folder_that_went_away_during_a_walk_is_noted(folder):
    (folder / "b").mkdir()
    notes = []
    walk = entries_below(str(folder), notes.append)
    assert next(walk).path == "a"
    shutil.rmtree(folder / "b")
    assert list(walk) == []
    assert notes == ["b cannot be opened: No such file or directory and was not read"]


def test_the_folders_of_the_system_are_not_entered():
    walk = islice(entries_below("/", lambda note: None), 2_000)
    entered = {entry.path.split("/")[0] for entry in walk}
    assert entered.isdisjoint({"dev", "etc", "proc", "run", "sys"})
    with folder_at("/") as root:
        proc = os.open("proc", beneath.FOLDER, dir_fd=root)
        assert entries_in(proc) == []
        os.close(proc)


def test_nothing_stays_open(folder):
    before = opened()
    for path in ("/proc/self", str(folder / "a"), str(folder / "b/c")):
        with pytest.raises((OSError, Denied)), folder_at(path):
            pass
    below(folder)
    assert opened() == before
