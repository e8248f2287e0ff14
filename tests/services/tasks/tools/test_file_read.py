"""Reading one document."""

import pytest

from senter.errors import Denied, Unavailable
from senter.tasks.tools import file_read
from senter.tasks.tools.tool import Context


def read(path, folder):
    """The findings of reading a file with one folder allowed."""
    return file_read.run({"path": str(path)}, Context("", (str(folder),), str(folder / "workspace")))


def test_a_document_is_given_in_order(tmp_path):
    (tmp_path / "a.txt").write_text(f"{'One. ' * 150}\n\n{'Two. ' * 150}")
    findings = read(tmp_path / "a.txt", tmp_path)
    assert [(each.source, each.place, each.text[:4]) for each in findings.passages] == [
        (str(tmp_path / "a.txt"), "line 1", "One."),
        (str(tmp_path / "a.txt"), "line 3", "Two."),
    ]
    assert findings.notes == ()


def test_a_long_document_is_cut_and_says_so(tmp_path):
    (tmp_path / "a.txt").write_text("A sentence. " * 10_000)
    findings = read(tmp_path / "a.txt", tmp_path)
    length = sum(len(each.text) for each in findings.passages)
    assert 39_000 < length <= 40_000
    assert findings.notes == (f"only the first {length:,} characters of {tmp_path / 'a.txt'} were read",)


def test_the_workspace_may_be_read(tmp_path):
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace/a").write_text("One.")
    context = Context("", (), str(tmp_path / "workspace"))
    assert file_read.run({"path": str(tmp_path / "workspace/a")}, context).passages


def test_the_workspace_may_be_read_although_it_is_hidden(tmp_path):
    workspace = tmp_path / ".local/share/workspace"
    workspace.mkdir(parents=True)
    (workspace / "a").write_text("One.")
    (tmp_path / ".local/secret").write_text("One.")
    (workspace / "link").symlink_to(tmp_path / ".local/secret")
    context = Context("", (str(tmp_path),), str(workspace), roots=())
    assert file_read.run({"path": str(workspace / "a")}, context).passages
    for path in (workspace / "link", workspace.parent / "b"):
        with pytest.raises(Denied, match="hidden or part of the system"):
            file_read.run({"path": str(path)}, context)


def test_what_is_not_below_a_root_is_denied(tmp_path):
    (tmp_path / "a").write_text("One.")
    context = Context("", (str(tmp_path),), roots=("/srv",))
    with pytest.raises(Denied, match="not below"):
        file_read.run({"path": str(tmp_path / "a")}, context)


def test_what_leads_out_is_denied(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_text("One.")
    (tmp_path / "in/link").symlink_to("../secret")
    for path in ("../secret", "link", "/etc/passwd"):
        with pytest.raises(Denied):
            read(tmp_path / "in" / path, tmp_path / "in")


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "is empty"), (b"\0", "is not text"), (None, "No such file or directory")]
)
def test_what_cannot_be_read_says_why(tmp_path, content, told):
    if content is not None:
        (tmp_path / "a").write_bytes(content)
    with pytest.raises(Unavailable, match=told):
        read(tmp_path / "a", tmp_path)
