"""What may be read."""

import os

import pytest

from senter.errors import Denied, InvalidArgument
from senter.tasks.tools import reading
from senter.tasks.tools.reading import CLOSED, allowed, folded, is_closed, readable, shown
from senter.tasks.tools.tool import Context


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
    assert allowed("~/a", [str(own_home)]) == str(own_home / "a")


def test_a_folder_that_has_become_a_link_is_not_where_it_leads(letters):
    named = letters.parent / "named"
    named.symlink_to(letters)
    with pytest.raises(Denied, match="not in a folder that the goal names"):
        allowed(f"{named}/a", [str(named)])
    assert allowed(f"{named}/a", [str(letters)]) == f"{letters}/a"


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
    assert allowed("~/.", [str(own_home)]) == str(own_home)
    with pytest.raises(Denied, match=rf"^~/{path} may not be read: it is hidden or part of the system$"):
        allowed(f"~/{path}", [str(own_home)])


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
    ],
)
def test_the_system_is_denied_also_when_it_is_named(path, folder):
    with pytest.raises(Denied, match=f"^{path} may not be read: it is hidden or part of the system$"):
        allowed(path, [folder])


def test_a_link_to_the_system_is_denied_also_when_the_link_is_named(tmp_path):
    innocent = tmp_path / "innocent"
    innocent.symlink_to("/etc")
    for path in (innocent, innocent / "passwd"):
        for folder in (str(innocent), "/etc", "/"):
            with pytest.raises(Denied, match="hidden or part of the system"):
                allowed(str(path), [folder])


def test_the_system_is_exactly_these_trees():
    assert all(is_closed(folder) and is_closed(f"{folder}/a") for folder in CLOSED)
    for path in ("/", "/var", "/var/library/a", "/etcetera", "/home/run/a", "/usr/share/doc"):
        assert not is_closed(path)


def test_what_is_not_below_a_root_is_denied(letters, own_home):
    assert allowed(str(letters), [str(letters)], [str(letters.parent)]) == str(letters)
    assert allowed("~/a", [str(own_home)], ["/srv", "~"]) == str(own_home / "a")
    for roots in ([], ["/srv"], [f"{letters}/a"], [str(own_home)]):
        with pytest.raises(Denied, match=f"^{letters} may not be read: it is not below \\[tasks\\] folders$"):
            allowed(str(letters), [str(letters)], roots)


def test_a_root_that_is_a_link_is_where_it_leads(letters):
    out = letters / "out"
    real = f"{letters}-of-others"
    assert allowed(str(out), [real], [str(out)]) == real
    with pytest.raises(Denied, match="not below"):
        allowed(str(out), [real], [str(letters)])


@pytest.mark.parametrize("path", ["", "a", "./a", "/a\0b"])
def test_what_is_not_an_absolute_path_is_refused(letters, path):
    with pytest.raises(InvalidArgument):
        allowed(path, [str(letters)])


@pytest.mark.parametrize("path", ["/letters/\ud800", "/letters/\udcff"])
def test_a_name_that_is_not_text_is_refused(path):
    with pytest.raises(InvalidArgument, match="has a name that is not text"):
        allowed(path, ["/letters"])


def test_a_link_to_a_name_that_is_not_text_is_refused(letters):
    os.mkdir(os.fsencode(letters) + b"/\xff")
    (letters / "link").symlink_to(os.fsdecode(os.fsencode(letters) + b"/\xff"))
    with pytest.raises(InvalidArgument, match="has a name that is not text"):
        allowed(f"{letters}/link", [str(letters)])


@pytest.mark.parametrize(
    "path", ["/proc/self/root", "/proc/self/cwd", "/dev/fd/3", "/dev/stdin", "/sys/../proc/1/root"]
)
def test_what_is_another_thing_for_each_process_is_denied_wherever_it_leads(letters, path, monkeypatch):
    monkeypatch.chdir(letters)
    for way in (path, f"{path}{letters}", f"{path}/a"):
        with pytest.raises(Denied, match="may not be used: it is part of the system"):
            allowed(way, ["/", str(letters), path])


def test_the_system_in_other_letters_is_denied_where_these_are_the_same():
    for path in ("/ETC/passwd", "/Var/Lib/a"):
        assert is_closed(path)


def test_what_the_system_is_a_link_to_is_closed_too(letters, monkeypatch):
    monkeypatch.setattr(reading, "CLOSED", (f"{letters}/out",))
    assert is_closed(f"{letters}-of-others/a")


def test_the_workspace_may_be_read_although_no_goal_names_it(letters):
    context = Context("", (), str(letters), roots=())
    assert readable(f"{letters}/a", context) == f"{letters}/a"
    with pytest.raises(Denied, match="not in a folder that the goal names"):
        readable(f"{letters}/out/a", context)
    with pytest.raises(Denied):
        readable(f"{letters}/a", Context(""))


def test_a_name_is_told_on_one_line():
    assert shown("/a\n\x1b[2J\u202eb") == "/a [2Jb"
    assert len(shown("/a" * 999)) == 120


def test_many_notes_are_folded():
    notes = [f"{number} was not read" for number in range(8)]
    assert folded(notes) == (*notes[:5], "… and 3 more were not read")
    assert folded(notes[:5]) == tuple(notes[:5])
