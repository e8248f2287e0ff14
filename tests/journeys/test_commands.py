"""The commands about goals and models, against the real rooms."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import session
from support.session import senter, until

TASKS = "senter-tasks.service"
FACT = "The kettle of the harbour office was bought in 1974 and has a capacity of nine litres."
POEM = "Write a poem about the sea"


class Watch:
    """``senter goals watch``, running."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.file = folder / "watched"
        with self.file.open("w") as output:
            command = [session.HOME / ".local/bin/senter", "goals", "watch", *arguments]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, text=True)

    def await_line(self, line: str) -> None:
        until(lambda: line in self.file.read_text().splitlines(), f"{line!r} to be said")

    def end(self) -> tuple[int, str]:
        _, complaint = self.process.communicate(timeout=session.DEADLINE)
        return self.process.returncode, complaint


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Watches goal 1, which is a poem and waits for a language model."""
    assert senter("goals", "add", POEM).returncode == 0
    watching = Watch(tmp_path, "1")
    yield watching
    watching.process.kill()


def state(goal_id: str) -> str:
    return str(json.loads(senter("goals", "show", goal_id, "--json").stdout)["state"])


def test_a_goal_is_worked_on_and_told_from_its_plan_to_its_report(started: None, tmp_path: Path) -> None:
    (tmp_path / "harbour.txt").write_text(f"About the office.\n\n{FACT}\n\nIt is open on Mondays.\n")
    result = senter(
        "goals", "add", "--wait", f"Research the capacity of the kettle from the documents in {tmp_path}"
    )
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0] == "Goal 1 is taken on."
    assert "1 completed" in lines
    report = Path(lines[-1].removeprefix("Report: "))
    assert FACT in report.read_text()
    row = senter("goals", "list", "--state", "completed").stdout.splitlines()[1]
    assert row.split()[:2] == ["1", "completed"]
    assert str(report) in senter("goals", "show", "1").stdout
    assert "Goals achieved: 1" in senter("digest").stdout


def test_a_goal_that_fails_ends_with_4_and_says_why(started: None, tmp_path: Path) -> None:
    missing = tmp_path / "nothing"
    result = senter("goals", "add", "--wait", f"Research kettles from the documents in {missing}")
    assert result.returncode == 4
    assert result.stderr.startswith("senter: goal 1 has ended as failed: ")
    assert str(missing) in result.stderr


def test_a_goal_that_waits_is_watched_until_somebody_cancels_it(started: None, watch: Watch) -> None:
    until(lambda: state("1") == "waiting", "the goal to wait for a model")
    until(lambda: "1 waiting  " in watch.file.read_text(), "the watch to say so")
    assert senter("goals", "cancel", "1").stdout == "Goal 1 is cancelled\n"
    code, complaint = watch.end()
    assert (code, complaint.partition(":")[2].strip().startswith("goal 1 has ended as cancelled")) == (4, True)
    assert senter("goals", "retry", "1").returncode == 0
    until(lambda: state("1") == "waiting", "the goal to wait once more")


def test_a_watch_outlives_the_tasks(started: None, watch: Watch) -> None:
    until(lambda: "1 waiting  " in watch.file.read_text(), "the goal to wait for a model")
    pid = session.prop(TASKS, "MainPID")
    os.kill(int(pid), signal.SIGKILL)
    until(lambda: session.prop(TASKS, "MainPID") not in ("0", pid), "the tasks to be back")
    assert senter("goals", "cancel", "1").returncode == 0
    code, complaint = watch.end()
    assert code == 4
    assert "goal 1 has ended as cancelled" in complaint


def test_a_watch_starts_nothing_that_was_stopped_on_purpose(started: None, watch: Watch) -> None:
    until(lambda: "1 waiting  " in watch.file.read_text(), "the goal to wait for a model")
    assert senter("stop").returncode == 0
    watch.process.send_signal(signal.SIGINT)
    assert watch.end() == (130, "senter: the work goes on; watch it again with: senter goals watch 1\n")
    assert session.prop(TASKS, "ActiveState") == "inactive"


def test_ask_without_a_model_is_one_sentence(started: None) -> None:
    result = senter("ask", "What is a cat?")
    assert (result.returncode, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "language model" in result.stderr
