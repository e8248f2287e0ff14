"""What was done is told, on a real notification server, exactly once."""

import contextlib
import os
import time
from pathlib import Path

from support import session
from support.session import call, senter, shown, systemctl, until

STAMP = session.HOME / ".local/share/systemd/timers/stamp-senter-job@daily_digest.timer"
DAY = 24 * 3600
CORNER = "500x400+780+0"
"""Where notifications are shown."""


def pending() -> str:
    return call("Reporter", "Pending").stdout.strip()


def displayed() -> list[str]:
    """The titles of everything that was shown, oldest first."""
    session.close_notifications()
    return [entry["summary"] for entry in shown()][::-1]


def no_server() -> None:
    systemctl("mask", "dunst.service")
    systemctl("stop", "dunst.service")


def a_server() -> None:
    systemctl("unmask", "dunst.service")
    systemctl("start", "dunst.service")


def test_a_notice_is_shown_with_its_text_as_it_is(started: None) -> None:
    call("Reporter", "Notify", "sss", "Done", "1 < 2 & <b>bold</b>", "normal")
    until(lambda: pending() == "aa{sv} 0", "the notice to be shown")
    session.close_notifications()
    assert [entry["summary"] for entry in shown()] == ["Done"]
    assert shown()[0]["body"] == "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;"


def test_without_a_server_nothing_is_lost_and_nothing_blocks() -> None:
    no_server()
    systemctl("start", "senter.target")
    for number in range(3):
        call("Reporter", "Log", "sss", "task_completed", f"Task {number}", "high")
    assert pending().startswith("aa{sv} 3")
    assert "3 completed" in senter_digest()
    a_server()
    until(lambda: pending() == "aa{sv} 0", "all to be shown when a server appears")
    assert displayed() == ["Senter"] * 3
    systemctl("restart", "senter-reporter")
    call("Reporter", "Notify", "sss", "Later", "", "normal")
    until(lambda: displayed()[-1] == "Later", "a later notice")
    assert displayed() == ["Senter"] * 3 + ["Later"]


def test_many_at_once_are_folded_into_one() -> None:
    no_server()
    systemctl("start", "senter.target")
    for number in range(7):
        call("Reporter", "Log", "sss", "task_completed", f"Task {number}", "high")
    a_server()
    until(lambda: pending() == "aa{sv} 0", "all to be shown when a server appears")
    assert displayed() == ["7 notices"]
    assert shown()[0]["body"].splitlines() == [*(f"• Task {number}" for number in range(2, 7)), "… and 2 more"]


def senter_digest() -> str:
    return senter("digest").stdout


def test_a_missed_digest_is_sent_once_and_labelled_late() -> None:
    systemctl("start", "senter.target")
    call("Reporter", "Log", "sss", "research_complete", "Researched: AI trends", "normal")
    systemctl("stop", "senter.target")
    os.utime(STAMP, (time.time() - 2 * DAY,) * 2)
    systemctl("start", "senter.target")
    until(lambda: len(displayed()) == 1, "the missed digest")
    assert displayed()[0].startswith("Daily digest (late, was due ")
    assert "Research completed: 1 topic" in shown()[0]["body"]
    os.utime(STAMP, (time.time() - 2 * DAY,) * 2)
    systemctl("restart", "senter.target")
    until(lambda: session.prop("senter-job@daily_digest.service", "ExecMainCode") == "1", "the job to end")
    call("Reporter", "Notify", "sss", "Later", "", "normal")
    until(lambda: displayed()[-1] == "Later", "a later notice")
    assert len(displayed()) == 2


def test_a_server_that_restarts_is_found_again(started: None) -> None:
    call("Reporter", "Notify", "sss", "Before", "", "normal")
    until(lambda: displayed() == ["Before"], "the first notice")
    systemctl("restart", "dunst.service")
    call("Reporter", "Notify", "sss", "After", "", "normal")
    until(lambda: displayed() == ["After"], "a notice on the new server")


def test_a_click_on_the_body_opens_the_report_outside_the_reporters_unit() -> None:
    systemctl("mask", "xdg-desktop-portal.service")
    systemctl("set-environment", f"PATH={os.environ['PATH']}")
    systemctl("start", "senter.target")
    opened = session.HOME / "opened"
    opener = session.HOME / ".local/bin/xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >{opened}\ncat /proc/self/cgroup >>{opened}\n')
    opener.chmod(0o755)
    report = session.HOME / "report.md"
    report.touch()
    call("Reporter", "NotifyWith", "ssa{sv}", "Report", "It is ready.", "1", "open", "s", str(report))
    until(lambda: pending() == "aa{sv} 0", "the notice to be shown")
    session.run("dunstctl", "action")
    until(lambda: opened.exists() and opened.read_text().count("\n") > 1, "the report to be opened")
    assert opened.read_text().startswith(f"{report}\n")
    assert "senter-reporter" not in opened.read_text()


def test_a_full_disk_is_one_sentence_and_the_service_goes_on(started: None) -> None:
    call("Reporter", "Log", "sss", "task_completed", "Before", "normal")
    filler = session.HOME / ".local/share/senter/filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    answers = [call("Reporter", "Log", "sss", "task_completed", "x" * 50_000, "normal") for _ in range(3)]
    assert "disk is full" in answers[-1].stderr
    assert "Before" in senter("progress").stdout
    filler.unlink()
    assert call("Reporter", "Log", "sss", "task_completed", "After", "normal").returncode == 0
    assert "After" in senter("progress").stdout


def brightness(region: str) -> float:
    """How bright a part of the screen is, from 0 to 1."""
    picture = session.HOME / "screen.png"
    session.run("import", "-window", "root", "-crop", region, str(picture))
    return float(session.run("identify", "-format", "%[fx:mean]", str(picture)).stdout)


def test_the_digest_is_seen_on_the_screen_and_a_click_opens_its_page() -> None:
    systemctl("mask", "xdg-desktop-portal.service")
    systemctl("set-environment", f"PATH={os.environ['PATH']}")
    systemctl("start", "senter.target")
    opened = session.HOME / "opened"
    opener = session.HOME / ".local/bin/xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >{opened}.part\nmv {opened}.part {opened}\n')
    opener.chmod(0o755)
    opened.unlink(missing_ok=True)
    call("Reporter", "Log", "sss", "goal_completed", "Goal achieved: <b>know bees</b>", "normal")
    assert brightness(CORNER) == 0
    assert "know bees" in senter("digest", "--send").stdout
    until(lambda: brightness(CORNER) > 0.02, "the digest to be seen")
    session.run("dunstctl", "action")
    until(opened.exists, "the page to be opened")
    page = Path(opened.read_text().strip())
    assert page.parent == session.HOME / ".local/share/senter/digests"
    assert "Goal achieved: &lt;b&gt;know bees&lt;/b&gt;" in page.read_text(encoding="utf-8")
