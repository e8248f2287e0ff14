"""``make run``: from nothing to a report, on the ground where systemd is and on the one where it is not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import session

ANSWER = "prior to 30 days after your receipt of the notice"
LICENSES = Path("/usr/share/common-licenses")

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(not LICENSES.is_dir(), reason=f"needs the documents in {LICENSES}"),
]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What ``make run`` uses of the repository, where this user may write."""
    for name in ("docs", "packaging", "units"):
        shutil.copytree(session.REPOSITORY / name, tmp_path / "checkout" / name)
    for name in ("README.md", "Makefile"):
        shutil.copy(session.REPOSITORY / name, tmp_path / "checkout")
    (tmp_path / "checkout/.venv").symlink_to(session.REPOSITORY / ".venv")
    return tmp_path / "checkout"


def run(checkout: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run what ``make run`` runs once everything is installed."""
    return subprocess.run(
        [checkout / "packaging/run"],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def told(result: subprocess.CompletedProcess[str]) -> str:
    """What a run says in which everything went well; asserts that it shows all of the way."""
    assert result.returncode == 0, result.stdout + result.stderr
    output = result.stdout
    for words in (
        "$ senter goals add ",
        "Goal 1 is taken on",
        f"Search the documents in {LICENSES}",
        "1 completed",
        ANSWER,
        f"`{LICENSES}/GPL-3`",
        "The thinking: no language model: sentences were picked from the sources\n",
        "$ senter status\nCOMPONENT",
        "$ senter digest\n",
        "Goals achieved: 1",
    ):
        assert words in output, output + result.stderr
    return output


def test_on_the_systemd_of_the_user(checkout: Path) -> None:
    output = told(run(checkout))
    assert output.startswith("Ground: your own systemd")
    assert "tasks restarted" in output
    assert session.active("senter-tasks.service")
    assert session.active("senter.target")


def test_what_it_installed_can_be_taken_away_as_it_says(checkout: Path) -> None:
    output = run(checkout).stdout
    assert "make uninstall PREFIX=$HOME/.local" in output
    try:
        session.run("make", "-C", str(checkout), "uninstall", f"PREFIX={session.HOME}/.local")
        assert session.prop("senter.target", "LoadState") == "not-found"
        assert not (session.HOME / ".local/bin/senter").exists()
    finally:
        session.run(
            *(str(checkout / "packaging/install-files"), "install", "", f"{session.HOME}/.local"),
            str(session.REPOSITORY / ".venv/bin/python"),
        )
        session.systemctl("daemon-reload")


def test_on_a_bare_bus(checkout: Path, tmp_path: Path) -> None:
    refusing = tmp_path / "bin/sudo"
    refusing.parent.mkdir()
    refusing.write_text("#!/bin/sh\nexit 1\n")
    refusing.chmod(0o755)
    result = run(
        checkout,
        PATH=f"{refusing.parent}:{os.environ['PATH']}",
        XDG_RUNTIME_DIR=str(tmp_path),
        DBUS_SESSION_BUS_ADDRESS=f"unix:path={tmp_path}/nobody",
    )
    output = told(result)
    assert "Ground: a bare D-Bus daemon" in output
    assert "There is no systemd here: no restarts, no timers, no limits; rooms start on demand." in output
    reports = checkout / "build/run/home/.local/share/senter/focuses/research"
    assert [ANSWER in report.read_text() for report in reports.iterdir()] == [True]
    assert not session.active("senter-tasks.service")
