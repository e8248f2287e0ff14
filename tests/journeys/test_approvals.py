"""What a goal may not do by itself is asked on the desktop, and a click answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import goals, notification_record, session
from support.goals import ScriptedModel, add, await_end, await_state, rule, step
from support.notification_record import sent
from support.session import prop, systemctl, until

from senter.bus.names import TARGET, TASKS

SERVER = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
TEMPLATE = session.REPOSITORY / "tests/interfaces/bus/desktop/notification_server.py"
UNIT = "notification-server"
CAN = '{"capabilities": "body body-markup actions"}'
ASKED = "Senter asks for your approval"


@pytest.fixture(autouse=True)
def server() -> Iterator[None]:
    """A notification server whose buttons a test can press."""
    systemctl("mask", "--now", "dunst.service")
    mock = ("/usr/bin/python3", "-m", "dbusmock", "--session", "--template", str(TEMPLATE), "--parameters", CAN)
    session.run("systemd-run", "--user", "--quiet", "--collect", f"--unit={UNIT}", *mock)
    until(lambda: session.run("busctl", "--user", "status", SERVER, check=False).returncode == 0, "the server")
    notification_record.start()
    yield
    notification_record.stop()
    systemctl("stop", UNIT)


@pytest.fixture
def wanted(tmp_path: Path) -> Path:
    """A file outside of the workspace."""
    tmp_path.chmod(0o777)
    return tmp_path / "kettle.md"


@pytest.fixture(autouse=True)
def model(tmp_path: Path, wanted: Path) -> Iterator[ScriptedModel]:
    """A model that plans to write that file, and answers the rest."""
    plan = [step("Think"), step("Keep it", "organize", "file_write", 1, path=str(wanted))]
    started = ScriptedModel(
        tmp_path,
        rule("^Goal: Write", plan),
        rule("^The goal: Write", "Nine litres."),
        rule("^Goal:", [step("Think")]),
        rule("^The goal:", "A poem."),
    )
    goals.use_providers(started.url)
    yield started
    started.stop()


def question() -> notification_record.Sent:
    """The notification that asks, once it is there."""
    until(lambda: any(one.title == ASKED for one in sent()), "the question")
    return next(one for one in sent() if one.title == ASKED)


def press(key: str) -> None:
    """Press a button of the first question."""
    number = [one.title for one in sent()].index(ASKED) + 1
    emit = ("EmitSignal", "sssav", SERVER, "ActionInvoked", "us", "2", "u", str(number), "s", key)
    session.run("busctl", "--user", "call", SERVER, PATH, "org.freedesktop.DBus.Mock", *emit)


def test_a_click_on_approve_lets_the_goal_go_on_and_other_work_does_not_wait(wanted: Path) -> None:
    systemctl("start", TARGET)
    goal_id = add(f"Write into {wanted} how much a kettle holds")
    assert question().actions == ("default", "", "approve", "Approve", "deny", "Deny")
    assert f"write {wanted}" in question().body
    await_state(goal_id, "waiting")
    (other,) = await_end(add("Think about rain"))
    assert other["state"] == "completed"
    assert "Waiting for your approval: 1" in session.senter("digest").stdout
    assert not wanted.exists()
    press("approve")
    (ended,) = await_end(goal_id)
    assert (ended["state"], wanted.read_text()) == ("completed", "Nine litres.\n")
    until(lambda: "Waiting for your approval" not in session.senter("digest").stdout, "the question to be settled")


def test_a_click_on_deny_ends_it_and_the_digest_says_so(wanted: Path) -> None:
    systemctl("start", TARGET)
    goal_id = add(f"Write into {wanted} how much a kettle holds")
    question()
    press("deny")
    (ended,) = await_end(goal_id)
    assert (ended["state"], ended["error"]) == ("failed", f"it was denied to write {wanted}")
    assert not wanted.exists()
    until(lambda: "it was denied to write" in session.senter("digest").stdout, "the digest to say so")
    assert [one.title for one in sent()].count(ASKED) == 1


def test_a_question_outlives_the_process_and_is_answered_on_the_command_line(wanted: Path) -> None:
    systemctl("start", TARGET)
    goal_id = add(f"Write into {wanted} how much a kettle holds")
    question()
    systemctl("kill", "--signal=KILL", TASKS.unit)
    until(lambda: prop(TASKS.unit, "NRestarts") == "1", "the tasks to be back")
    assert f"{goal_id}.2" in session.senter("goals", "approve").stdout
    assert session.senter("goals", "approve", f"{goal_id}.2").returncode == 0
    (ended,) = await_end(goal_id)
    assert ended["state"] == "completed"
    assert [one.title for one in sent()].count(ASKED) == 1, "nothing is asked twice"


def test_a_program_that_may_have_done_its_work_is_run_again_only_when_the_user_says_so(
    tmp_path: Path, model: ScriptedModel
) -> None:
    plan = [step("Count", "custom", "run_command", command=["sleep", "30"])]
    runs = ScriptedModel(tmp_path, rule("^Goal: Count", plan))
    goals.use_providers(runs.url)
    goals.CONFIG.write_text(goals.CONFIG.read_text() + "[tasks]\ncommands = true\n")
    systemctl("start", TARGET)
    goal_id = add("Count the seconds")
    assert "run: sleep 30" in question().body
    press("approve")
    unit = f"senter-command-{goal_id}-1-1.service"
    until(lambda: session.active(unit), "the program to run")
    systemctl("kill", "--signal=KILL", "--kill-whom=main", TASKS.unit)
    until(lambda: any(one.title == "Senter was interrupted" for one in sent()), "the question")
    asked = next(one for one in sent() if one.title == "Senter was interrupted")
    assert asked.actions == ("default", "", "approve", "Do it once more", "deny", "Leave it")
    assert f"(attempt {goal_id}.1.1)" in asked.body
    assert await_state(goal_id, "waiting")["error"].startswith("waits for your answer")
    assert not session.active(unit), "the program went with its service"
    assert session.senter("goals", "deny", f"{goal_id}.1").returncode == 0
    (ended,) = await_end(goal_id)
    assert ended["error"] == "it was interrupted, may have been done, and was not done once more"
    assert goals.rows("tasks.db", "SELECT id, outcome FROM attempts") == [(f"{goal_id}.1.1", "interrupted")]
    runs.stop()
