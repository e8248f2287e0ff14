"""What may be opened."""

import os

import pytest

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools.reading import CLOSED, allowed, content_of, folded, is_closed, shown


@pytest.fixture
def letters(tmp_path):
    """A folder that is allowed, beside one that is not."""
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters-of-others").mkdir()
    (tmp_path / "letters/out").symlink_to(tmp_path / "letters-of-others")
    return tmp_path / "letters"


def test_a_folder_and_what_is_below_it_are_allowed(letters):
    assert allowed(str(letters), [str(letters)]) == str(letters)
    assert allowed(f"{letters}/a/../b", [str(letters)]) == f"{letters}/b"


def test_the_home_may_be_written_as_a_tilde(own_home):
    assert allowed("~/a", ["~"]) == str(own_home / "a")


@pytest.mark.parametrize("path", ["..", "../letters-of-others", "out", "out/a", "../letters/../../.."])
def test_what_leads_out_is_denied(letters, path):
    with pytest.raises(Denied, match="not in a folder that the goal names"):
        allowed(f"{letters}/{path}", [str(letters), ""])


def test_nothing_is_allowed_by_no_folder(letters):
    with pytest.raises(Denied):
        allowed(str(letters), [])


@pytest.mark.parametrize("path", [".ssh/id_rsa", "docs/.hidden/pw.txt", ".profile", "link/pw.txt"])
def test_what_is_hidden_is_denied_in_a_folder_that_is_named(own_home, path):
    (own_home / "link").symlink_to(".hidden")
    assert allowed("~/.", ["~"]) == str(own_home)
    with pytest.raises(Denied, match=rf"^~/{path} may not be read: it is hidden or part of the system$"):
        allowed(f"~/{path}", ["~"])


def test_a_folder_below_a_hidden_one_is_denied_also_when_it_is_named(letters):
    (letters / ".hidden/papers").mkdir(parents=True)
    with pytest.raises(Denied, match="hidden or part of the system"):
        allowed(f"{letters}/.hidden/papers", [f"{letters}/.hidden/papers"])


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/var/lib/dpkg/status", "/var"),
        ("/var/lib", "/var/lib"),
        ("/etc/passwd", "/"),
        ("/run/user/1000/bus", "/run/user"),
        ("/usr/../proc/self/environ", "/"),
    ],
)
def test_the_system_is_denied_also_when_it_is_named(path, folder):
    with pytest.raises(Denied, match=f"^{path} may not be read: it is hidden or part of the system$"):
        allowed(path, [folder])


def test_a_link_to_the_system_is_denied_also_when_the_link_is_named(tmp_path):
    innocent = tmp_path / "innocent"
    innocent.symlink_to("/etc")
    for path in (innocent, innocent / "passwd"):
        with pytest.raises(Denied, match="hidden or part of the system"):
            allowed(str(path), [str(innocent)])


def test_the_system_is_exactly_these_trees():
    assert all(is_closed(folder) and is_closed(f"{folder}/a") for folder in CLOSED)
    for path in ("/", "/var", "/var/library/a", "/etcetera", "/home/run/a", "/usr/share/doc"):
        assert not is_closed(path)


def test_what_is_not_below_a_root_is_denied(letters, own_home):
    assert allowed(str(letters), [str(letters)], [str(letters.parent)]) == str(letters)
    assert allowed("~/a", ["~"], ["/srv", "~"]) == str(own_home / "a")
    for roots in ([], ["/srv"], [f"{letters}/a"], [str(own_home)]):
        with pytest.raises(Denied, match=f"^{letters} may not be read: it is not below \\[tasks\\] folders$"):
            allowed(str(letters), [str(letters)], roots)


def test_a_root_that_is_a_link_is_where_it_leads(letters):
    out = letters / "out"
    assert allowed(str(out), [str(out)], [str(out)]) == f"{letters}-of-others"
    with pytest.raises(Denied, match="not below"):
        allowed(str(out), [str(out)], [str(letters)])


@pytest.mark.parametrize("path", ["", "a", "./a", "/a\0b"])
def test_what_is_not_an_absolute_path_is_refused(letters, path):
    with pytest.raises(InvalidArgument):
        allowed(path, [str(letters)])


def test_the_content_of_a_file_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"word " * 9999)
    assert content_of(str(tmp_path / "a"), "a") == b"word " * 9999


def test_a_large_file_is_not_read(tmp_path):
    with open(tmp_path / "big", "wb") as file:
        file.truncate(200_000_000)
    with pytest.raises(Unavailable, match=r"^big is larger than 20 MB$"):
        content_of(str(tmp_path / "big"), "big")


def test_a_pipe_without_writer_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Unavailable, match=r"^pipe is not a file$"):
        content_of(str(tmp_path / "pipe"), "pipe")


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(Unavailable, match=r"^link cannot be opened: Too many levels"):
        content_of(str(tmp_path / "link"), "link")


def test_a_device_and_a_folder_are_not_files(tmp_path):
    for path in ("/dev/zero", str(tmp_path)):
        with pytest.raises(Unavailable, match="is not a file"):
            content_of(path, "it")


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(Unavailable, match=r"^a cannot be opened: No such file or directory$"):
        content_of(str(tmp_path / "a"), "a")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_what_may_not_be_read_is_told(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "a").chmod(0)
    with pytest.raises(Unavailable, match="Permission denied"):
        content_of(str(tmp_path / "a"), "a")


def test_a_name_is_told_on_one_line():
    assert shown("/a\n\x1b[2J\u202eb") == "/a [2Jb"
    assert len(shown("/a" * 999)) == 120


def test_many_notes_are_folded():
    notes = [f"{number} was not read" for number in range(8)]
    assert folded(notes) == (*notes[:5], "… and 3 more were not read")
    assert folded(notes[:5]) == tuple(notes[:5])
