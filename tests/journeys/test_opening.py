"""A click opens things in the user's own program for them, which lives on by itself."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import session
from support.session import call, shown, systemctl, until

PORTAL = "xdg-desktop-portal.service"
ACTIVATION = Path("/usr/share/dbus-1/services/org.freedesktop.portal.Desktop.service")

APPLICATIONS = session.HOME / ".local/share/applications"
DEFAULTS = session.HOME / ".config/mimeapps.list"
OPENER = session.HOME / ".local/bin/xdg-open"
VIEWER = session.HOME / "viewer"
SEEN = session.HOME / "seen"

TYPES = ("text/html", "x-scheme-handler/https")

needs_portal = pytest.mark.skipif(
    not ACTIVATION.exists(), reason="needs Debian's xdg-desktop-portal and xdg-desktop-portal-gtk"
)


def program(file: Path, text: str) -> None:
    """Have a program."""
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)


@pytest.fixture(autouse=True)
def viewer() -> Iterator[None]:
    """The user's program for pages: it writes down what it was given and where it lives, and stays."""
    program(
        VIEWER, f'echo "$1" >{SEEN}.part\ncat /proc/self/cgroup >>{SEEN}.part\nmv {SEEN}.part {SEEN}\nsleep 600'
    )
    APPLICATIONS.mkdir(parents=True, exist_ok=True)
    entry = f"[Desktop Entry]\nType=Application\nName=Viewer\nExec={VIEWER} %u\n"
    (APPLICATIONS / "viewer.desktop").write_text(entry)
    lines = [f"{kind}=viewer.desktop" for kind in TYPES]
    DEFAULTS.parent.mkdir(exist_ok=True)
    DEFAULTS.write_text("\n".join(["[Default Applications]", *lines, "[Added Associations]", *lines, ""]))
    yield
    systemctl("stop", PORTAL, check=False)
    systemctl("unmask", PORTAL)
    shutil.rmtree(APPLICATIONS)
    for file in (DEFAULTS, OPENER, VIEWER, SEEN):
        file.unlink(missing_ok=True)


def no_portal() -> None:
    """Have a desktop without a portal, and a program of the system that starts the viewer and ends."""
    systemctl("mask", PORTAL)
    systemctl("set-environment", f"PATH={OPENER.parent}:/usr/bin:/bin")
    program(OPENER, f'setsid {VIEWER} "$1" &')


def click(target: str) -> None:
    """Be shown a notice that opens something, and click on it."""
    call("Reporter", "NotifyWith", "ssa{sv}", "Report", "It is ready.", "1", "open", "s", target)
    until(lambda: session.run("dunstctl", "count", "displayed").stdout.strip() == "1", "the notice")
    session.run("dunstctl", "action")


def told() -> list[str]:
    """What was shown so far; it is taken off the screen."""
    session.close_notifications()
    return [entry["body"] for entry in shown()]


def seen() -> tuple[str, str]:
    """What the viewer was given, and the control group it lives in."""
    until(SEEN.exists, "the viewer")
    target, *groups = SEEN.read_text().splitlines()
    return target, groups[-1].partition("::")[2]


def processes(group: str) -> list[str]:
    """What lives in a control group."""
    file = Path("/sys/fs/cgroup") / group.lstrip("/") / "cgroup.procs"
    return file.read_text().split() if file.exists() else []


@needs_portal
@pytest.mark.parametrize("target", ["file", "page"])
def test_the_portal_opens_what_was_clicked_in_the_program_for_it(
    started: None, tmp_path: Path, target: str
) -> None:
    report = tmp_path / "the report.html"
    report.write_text("<p>It is ready.")
    wanted = str(report) if target == "file" else "https://example.org/a?b=1"
    click(wanted)
    given, group = seen()
    assert given == wanted
    assert group.endswith(f"/{PORTAL}")


def test_without_a_portal_it_lives_on_in_a_unit_of_its_own(tmp_path: Path) -> None:
    no_portal()
    systemctl("start", "senter.target")
    report = tmp_path / "report.html"
    report.touch()
    click(str(report))
    given, group = seen()
    assert given == str(report)
    assert "senter" not in group.rpartition("/")[2]
    systemctl("restart", "senter-reporter")
    assert processes(group)
    systemctl("stop", group.rpartition("/")[2])


@pytest.mark.parametrize("target", ["file", "page"])
def test_without_a_portal_nothing_of_the_environment_gets_into_what_is_opened(tmp_path: Path, target: str) -> None:
    no_portal()
    systemctl("set-environment", "SECRET=sk-123")
    systemctl("start", "senter.target")
    report = tmp_path / "$SECRET ${SECRET} $$ 100%h.html"
    report.touch()
    wanted = str(report) if target == "file" else "https://example.org/?a=${SECRET}&b=$SECRET&c=$$&d=%h"
    click(wanted)
    given, group = seen()
    systemctl("unset-environment", "SECRET")
    systemctl("stop", group.rpartition("/")[2])
    assert given == wanted


def test_a_file_that_is_gone_is_told(started: None, tmp_path: Path) -> None:
    click(str(tmp_path / "gone.html"))
    until(lambda: f"there is no file {tmp_path}/gone.html" in told(), "the notice that says so")
