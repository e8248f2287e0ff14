"""Goals while they change."""

from dataclasses import replace

import pytest
import rich

from senter.cli.following import Pursuit
from senter.cli.live import Lines, LiveTable, view
from senter.tasks.approvals.approval import PERMISSION, Approval
from senter.tasks.goal import Goal, Task

GOAL = Goal("12", "Research cats", "running", planner="keywords", tasks_total=2)
SEARCH = Task("12.1", "12", "Search the [red]web[/red]\x1b[2J", "research")
WRITE = Task("12.2", "12", "Write about cats", "generate")


def test_where_there_is_no_terminal_there_are_lines():
    assert isinstance(view(), Lines)


def test_what_has_not_changed_is_not_told_again(capsys):
    with Lines() as lines:
        for _ in range(2):
            lines.show([Pursuit(GOAL, (SEARCH, WRITE))])
        lines.show([Pursuit(GOAL, (replace(SEARCH, status="completed"), WRITE))])
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["12", "running"],
        ["12.1", "pending"],
        ["12.2", "pending"],
        ["12.1", "completed"],
    ]


def test_the_end_of_a_goal_is_told_after_its_steps(capsys):
    with Lines() as lines:
        lines.show([Pursuit(replace(GOAL, state="failed", finished=5), (replace(SEARCH, status="failed"),))])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["12.1", "12"]


def test_a_step_that_is_replaced_is_told_again(capsys):
    lost = replace(SEARCH, status="failed", error="no network")
    with Lines() as lines:
        lines.show([Pursuit(GOAL, (lost,))])
        lines.show([Pursuit(GOAL, (replace(lost, replaced=True),))])
    assert capsys.readouterr().out.splitlines()[1:] == [
        "12.1 failed  no network",
        "12.1 failed  replaced by a new plan: no network",
    ]


@pytest.mark.parametrize("kind", [Lines, LiveTable])
def test_that_nothing_is_there_is_said_once(kind, capsys):
    with kind() as shown:
        shown.show([])
        shown.show([])
    assert capsys.readouterr().out.strip() == "There is no unfinished goal; waiting for one."


def test_the_table_shows_goals_and_steps_as_they_are(capsys):
    with LiveTable() as table:
        table.show([Pursuit(GOAL, (SEARCH, replace(WRITE, status="waiting", error="needs a language model")))])
    words = capsys.readouterr().out
    for text in (
        "Goal 12",
        "running",
        "0/2",
        "Research cats",
        "Search the [red]web[/red][2J",
        "needs a language model",
    ):
        assert text in words


def test_a_question_is_shown_in_full_however_narrow_the_terminal(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(rich, "_console", None)
    path = "/home/ada/" + "far/" * 30 + "plan.md"
    question = Approval("12.2", "12", "Research cats", PERMISSION, f"write {path}", 1, 2)
    with LiveTable() as table:
        table.show([Pursuit(GOAL, (replace(WRITE, status="waiting", error="asks"),), {"12.2": question})])
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 60 for line in lines)
    shown = "".join(line.strip() for line in lines)
    assert path in shown
    assert "senter goals approve 12.2" in " ".join(" ".join(lines).split())


def test_what_is_too_long_for_the_terminal_is_cut_and_the_rest_stays_whole(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    # rich reads the width when it makes its console, which another test may have had it do
    monkeypatch.setattr(rich, "_console", None)
    long = "how a kettle is mended " * 20
    goal = replace(GOAL, description=long, state="waiting", error=f"for {long}")
    with LiveTable() as table:
        table.show([Pursuit(goal, (replace(SEARCH, status="in_progress", description=long), WRITE))])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["Goal", "12"],
        ["how", "a"],
        ["for", "how"],
        ["12.1", "in_progress"],
        ["12.2", "pending"],
    ]
    assert [len(line.rstrip()) for line in lines[1:4]] == [60, 60, 60]
    assert {line.rstrip()[-1] for line in lines[1:4]} == {"…"}
