"""Writing into the workspace, and elsewhere when it was approved."""

import os
import resource

import pytest
from support.swapping import swapping

from senter.errors import Denied, InvalidArgument, InvalidState, Unavailable
from senter.tasks.tools import file_write
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context

TRIES = 500


@pytest.fixture
def workspace(tmp_path):
    """The path of a workspace that is not there yet."""
    return tmp_path / "workspace"


@pytest.fixture
def papers(tmp_path):
    """A folder that is not in the workspace."""
    (tmp_path / "papers").mkdir()
    return tmp_path / "papers"


def write(workspace, path, content=None, earlier="", approved=""):
    """The findings of writing a file."""
    parameters = {"path": path} if content is None else {"path": path, "content": content}
    return file_write.run(parameters, Context("", (), str(workspace), Findings(earlier), approved=approved))


def asked(workspace, path, roots=("/",)):
    """What has to be approved before a file is written."""
    return file_write.asks({"path": path, "content": "x"}, Context("", (), str(workspace), roots=roots))


def everything(workspace):
    """The files of the workspace and what is in them."""
    files = (path for path in workspace.rglob("*") if path.is_file())
    return {str(path.relative_to(workspace)): path.read_text(encoding="utf-8") for path in files}


def test_a_file_and_its_folders_are_written(workspace):
    findings = write(workspace, "reports/cure.md", "Thirty days: grün.")
    assert everything(workspace) == {"reports/cure.md": "Thirty days: grün.\n"}
    assert findings.files == (str(workspace / "reports/cure.md"),)
    assert findings.text == f"Wrote {workspace / 'reports/cure.md'}."


def test_without_content_what_the_steps_before_wrote_is_written(workspace):
    write(workspace, "cure.md", earlier="Thirty days.")
    assert everything(workspace) == {"cure.md": "Thirty days.\n"}


def test_doing_it_again_is_done_already(workspace):
    first = write(workspace, "cure.md", "Thirty days.")
    before = (workspace / "cure.md").stat()
    assert write(workspace, "cure.md", "Thirty days.") == first
    assert (workspace / "cure.md").stat().st_ino == before.st_ino


def test_other_content_is_never_overwritten(workspace):
    write(workspace, "cure.md", "Thirty days.")
    with pytest.raises(
        InvalidState, match=r"^cure\.md is there already with other content; it was not overwritten$"
    ):
        write(workspace, "cure.md", "Ninety days.")
    assert everything(workspace) == {"cure.md": "Thirty days.\n"}


def test_a_folder_is_not_overwritten(workspace):
    (workspace / "a").mkdir(parents=True)
    with pytest.raises(InvalidState):
        write(workspace, "a", "Thirty days.")


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", "a/../b", ".", "link/a", "link-to-file"])
def test_what_leads_out_is_denied(workspace, path):
    (workspace.parent / "outside").mkdir()
    workspace.mkdir()
    (workspace / "link").symlink_to(workspace.parent / "outside")
    (workspace / "link-to-file").symlink_to(workspace.parent / "outside/b")
    with pytest.raises((Denied, InvalidArgument)):
        write(workspace, path, "Thirty days.")
    assert list((workspace.parent / "outside").iterdir()) == []
    assert everything(workspace) == {}


@pytest.mark.parametrize("path", ["", "a/", "a\0b", "a\nb", "\x1b[2J"])
def test_what_is_not_the_name_of_a_file_is_refused(workspace, path):
    with pytest.raises(InvalidArgument, match="path must be the name of a file"):
        write(workspace, path, "Thirty days.")


def test_a_path_through_a_file_cannot_be_written(workspace):
    write(workspace, "a", "Thirty days.")
    with pytest.raises(Unavailable, match=r"^a/b cannot be written: "):
        write(workspace, "a/b", "Thirty days.")


def test_a_name_that_is_too_long_is_told(workspace):
    with pytest.raises(Unavailable, match="cannot be written: File name too long"):
        write(workspace, "a" * 300, "Thirty days.")


def test_nothing_is_not_written(workspace):
    with pytest.raises(InvalidArgument, match="nothing to write"):
        write(workspace, "a", " ")


def test_too_much_is_not_written(workspace):
    with pytest.raises(InvalidArgument, match="content is larger than 5 MB"):
        write(workspace, "a", "a" * 5_000_001)


def test_without_a_workspace_nothing_is_written():
    with pytest.raises(InvalidArgument, match="no workspace"):
        write("", "a", "Thirty days.")


def test_a_full_disk_is_told_and_leaves_nothing_behind(workspace):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(Unavailable, match=r"^cure\.md cannot be written: File too large$"):
            write(workspace, "cure.md", "Thirty days, and then some more.")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert everything(workspace) == {}
    write(workspace, "cure.md", "Thirty days, and then some more.")
    assert os.listdir(workspace) == ["cure.md"]


@pytest.mark.parametrize("path", ["cure.md", "reports/cure.md", "{workspace}/cure.md", "{workspace}/new/cure.md"])
def test_nobody_is_asked_about_what_is_in_the_workspace(workspace, path):
    path = path.format(workspace=workspace)
    assert asked(workspace, path) == ""
    assert write(workspace, path, "Thirty days.").files[0].startswith(f"{workspace}/")


def test_elsewhere_is_asked_about_by_the_real_path(workspace, papers, own_home):
    assert asked(workspace, f"{papers}/cure.md") == f"write {papers}/cure.md"
    (papers.parent / "link").symlink_to("papers")
    assert asked(workspace, f"{papers.parent}/link/./cure.md") == f"write {papers}/cure.md"
    assert asked(workspace, "~/cure.md") == f"write {own_home}/cure.md"


def test_elsewhere_is_written_when_it_is_approved(workspace, papers):
    path = f"{papers}/cure.md"
    for approved in ("", "write", f"write {papers}/cure", f"write {workspace}/cure.md"):
        with pytest.raises(Denied, match=f"^nobody has approved to write {path}$"):
            write(workspace, path, "Thirty days.", approved=approved)
    assert everything(papers) == {}
    for _ in range(2):
        assert write(workspace, path, "Thirty days.", approved=f"write {path}").files == (path,)
    assert everything(papers) == {"cure.md": "Thirty days.\n"}
    with pytest.raises(InvalidState, match="was not overwritten"):
        write(workspace, path, "Ninety days.", approved=f"write {path}")


def test_what_leads_elsewhere_than_when_it_was_approved_is_not_written(workspace, papers):
    (papers.parent / "link").symlink_to("papers")
    path = f"{papers.parent}/link/cure.md"
    approved = asked(workspace, path)
    (papers.parent / "secrets").mkdir()
    (papers.parent / "link").unlink()
    (papers.parent / "link").symlink_to("secrets")
    with pytest.raises(Denied, match=f"^nobody has approved to write {papers.parent}/secrets/cure.md$"):
        write(workspace, path, "Thirty days.", approved=approved)
    assert os.listdir(papers.parent / "secrets") == []


@pytest.mark.parametrize("swapped", ["papers", "workspace/reports"])
def test_a_link_put_in_the_place_of_a_folder_is_never_written_through(workspace, papers, swapped):
    (papers.parent / "secrets").mkdir()
    (workspace / "reports").mkdir(parents=True)
    place = papers.parent / swapped
    written = 0
    with swapping(place, papers.parent / "secrets"):
        for number in range(TRIES):
            path = f"{place}/{number}"
            try:
                write(workspace, path, "Thirty days.", approved=f"write {path}")
                written += 1
            except (Denied, Unavailable, InvalidArgument):
                pass
    assert os.listdir(papers.parent / "secrets") == []
    assert written > 0


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/cron.d/a", "/proc/self/cwd/a", "/proc/self/root/tmp/a", "/dev/shm/a", "/run/user/0/a", "/ETC/a"),
        *(
            "~/.bashrc",
            "~/.config/autostart/a.desktop",
            "~/docs/../.profile",
            "~/link-to-hidden/a",
            "~/link-to-file",
        ),
    ],
)
def test_nobody_can_approve_what_is_hidden_or_part_of_the_system(workspace, own_home, path):
    before = set(os.listdir(own_home))
    (own_home / ".hidden").mkdir()
    (own_home / "link-to-hidden").symlink_to(".hidden")
    (own_home / "link-to-file").symlink_to(".bashrc")
    for attempt in (lambda: asked(workspace, path), lambda: write(workspace, path, "x", approved=f"write {path}")):
        with pytest.raises(Denied):
            attempt()
    assert set(os.listdir(own_home)) - before == {".hidden", "link-to-file", "link-to-hidden"}
    assert os.listdir(own_home / ".hidden") == []


def test_what_is_not_below_a_root_cannot_be_approved(workspace, papers):
    with pytest.raises(Denied, match=r"may not be written: it is not below \[tasks\] folders$"):
        asked(workspace, f"{papers}/a", roots=("/srv",))
    assert asked(workspace, f"{papers}/a", roots=(str(papers),))
    assert asked(workspace, f"{workspace}/a", roots=()) == ""


def test_elsewhere_no_folder_is_made(workspace, papers):
    with pytest.raises(InvalidArgument, match=rf"cannot be written: there is no folder {papers}/new$"):
        asked(workspace, f"{papers}/new/cure.md")
    assert os.listdir(papers) == []


def test_a_folder_whose_name_does_something_cannot_be_approved(workspace, papers):
    (papers / "\u202etxt").mkdir()
    (papers / "link").symlink_to("\u202etxt")
    with pytest.raises(InvalidArgument, match="in a folder whose name cannot be shown"):
        asked(workspace, f"{papers}/link/a")
