"""Writing into the workspace."""

import os
import resource
from contextlib import contextmanager

import pytest

from senter.errors import Denied, InvalidArgument, InvalidState, Unavailable
from senter.tasks.tools import file_write
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context


@pytest.fixture
def workspace(tmp_path):
    """The path of a workspace that is not there yet."""
    return tmp_path / "workspace"


def write(workspace, path, content=None, earlier=""):
    """The findings of writing a file."""
    parameters = {"path": path} if content is None else {"path": path, "content": content}
    return file_write.run(parameters, Context("", (), str(workspace), Findings(earlier)))


def everything(workspace):
    """The files of the workspace and what is in them."""
    files = (path for path in workspace.rglob("*") if path.is_file())
    return {str(path.relative_to(workspace)): path.read_text(encoding="utf-8") for path in files}


@contextmanager
def room_for(size):
    """No file may grow beyond so many bytes, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


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


def test_a_full_disk_leaves_nothing_behind(workspace):
    with room_for(10), pytest.raises(Unavailable, match=r"^cure\.md cannot be written: File too large$"):
        write(workspace, "cure.md", "Thirty days, and then some more.")
    assert everything(workspace) == {}
    write(workspace, "cure.md", "Thirty days, and then some more.")
    assert os.listdir(workspace) == ["cure.md"]
