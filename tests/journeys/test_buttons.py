"""A button of a notice calls the room that asked, on a notification server whose buttons a test can press."""

from collections.abc import Iterator

import pytest
from support import notification_record, session
from support.notification_record import sent
from support.session import call, systemctl, until

SERVER = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
TEMPLATE = session.REPOSITORY / "tests/interfaces/bus/desktop/notification_server.py"
UNIT = "notification-server"
CAN = '{"capabilities": "body body-markup actions"}'

QUESTION = ("NotifyWith", "ssa{sv}", "May I?", "It is ready.", "2")
BUTTONS = ("actions", "a(sssss)", "2", "go", "Go on", "ai.senter.Sleeper1", "Echo", "7")
NO = ("no", "No", "ai.senter.Sleeper1", "Fail", "")


@pytest.fixture(autouse=True)
def server(started: None) -> Iterator[None]:
    """A notification server without a screen, and a room that sleeps."""
    systemctl("mask", "--now", "dunst.service")
    mock = ("/usr/bin/python3", "-m", "dbusmock", "--session", "--template", str(TEMPLATE), "--parameters", CAN)
    session.run("systemd-run", "--user", "--quiet", "--collect", f"--unit={UNIT}", *mock)
    until(lambda: session.run("busctl", "--user", "status", SERVER, check=False).returncode == 0, "the server")
    session.install_sleeper(0.5)
    notification_record.start()
    yield
    notification_record.stop()
    systemctl("stop", UNIT)


def ask() -> None:
    """Have a room ask something."""
    call("Reporter", *QUESTION, "type", "s", "approval", *BUTTONS, *NO)


def press(number: int, key: str) -> None:
    """Press a button of the notification with this id of the server."""
    emit = ("EmitSignal", "sssav", SERVER, "ActionInvoked", "us", "2", "u", str(number), "s", key)
    session.run("busctl", "--user", "call", SERVER, PATH, "org.freedesktop.DBus.Mock", *emit)


def sleeper_starts() -> str:
    """What changes with every start of the room."""
    return session.prop("senter-sleeper", "InvocationID")


def test_a_button_wakes_the_room_that_asked() -> None:
    assert not session.active("senter-sleeper")
    ask()
    until(lambda: len(sent()) == 1, "the question")
    assert sent()[0].actions == ("default", "", "go", "Go on", "no", "No")
    press(1, "go")
    until(sleeper_starts, "the room to be started")
    until(lambda: "approval" not in session.senter("digest").stdout, "the question to be answered")


def test_a_question_is_asked_again_with_working_buttons_after_the_reporter_was_killed() -> None:
    ask()
    until(lambda: len(sent()) == 1, "the question")
    until(lambda: call("Reporter", "Pending").stdout.strip() == "aa{sv} 0", "it to be noted as shown")
    systemctl("kill", "--signal=KILL", "senter-reporter")
    until(lambda: len(sent()) == 2, "the question, again")
    assert sent()[1].replaces == 1, "in its place"
    press(1, "go")
    until(sleeper_starts, "the room to be started")
    systemctl("restart", "senter-reporter")
    call("Reporter", "Notify", "sss", "Later", "", "normal")
    until(lambda: sent()[-1].title == "Later", "a later notice")
    assert [notification.title for notification in sent()] == ["May I?", "May I?", "Later"]


def test_a_question_whose_room_fails_is_asked_again() -> None:
    ask()
    until(lambda: len(sent()) == 1, "the question")
    press(1, "no")
    until(lambda: "That click could not be carried out" in [one.title for one in sent()], "the reason")
    until(lambda: [one.title for one in sent()].count("May I?") == 2, "the question, again")
    assert "Waiting for your approval: 1" in session.senter("digest").stdout
