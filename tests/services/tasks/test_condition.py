"""What the tasks say of themselves, in words and as checks."""

from pathlib import Path

import pytest

from senter.tasks.approvals.approval import Approval
from senter.tasks.condition import checks, reading, status
from senter.tasks.goal import Goal

ASKED = Approval("1.1", "1", "goal", "permission", "write it", 1, 2)
WAITING = [Goal(number, "x", "waiting") for number in "123"]


@pytest.mark.parametrize(
    ("counts", "permitted", "paused", "steps", "told"),
    [
        ({}, True, False, 0, "no goals open"),
        ({}, True, True, 0, "paused; go on with: senter goals resume"),
        ({"new": 1}, True, True, 0, "1 goal open; paused; go on with: senter goals resume"),
        ({"new": 1, "running": 1}, False, False, 0, "2 goals open; work begins with: senter start"),
        ({"running": 1}, True, False, 1, "1 goal open, working on 1 step"),
        ({"running": 2}, True, False, 3, "2 goals open, working on 3 steps"),
        ({"waiting": 1}, True, False, 0, "1 goal open, waiting"),
        ({"running": 1}, True, False, 0, "1 goal open"),
    ],
)
def test_the_status_is_told_in_words(counts, permitted, paused, steps, told):
    assert status(counts, permitted, paused, steps) == told


def test_all_is_well_when_nothing_is_wrong():
    assert [(check.verdict, check.fix) for check in checks("", [], False, [], [], ())] == [("ok", "")]
    assert reading("").verdict == "ok"


def test_everything_that_is_wrong_is_told_with_what_to_do():
    found = checks("full", [Path("/d/tasks.db.damaged-1")], True, [ASKED], WAITING, {"2"})
    assert [(check.what, check.verdict) for check in found] == [
        ("goals", "fail"),
        ("damaged list of goals", "warn"),
        ("approvals", "warn"),
        ("work on goals", "warn"),
        ("goals that wait", "warn"),
        ("goals that pause", "warn"),
    ]
    assert found[2].fix == "1 wait for your answer: senter goals approve"
    assert found[4].fix == "1 need a language model: senter setup"
    assert found[5].fix.startswith("1 have no budget left")


def test_a_reader_that_cannot_be_shut_off_is_told():
    check = reading("a process cannot be shut off on this system: no libseccomp")
    assert (check.verdict, "only plain text is read" in check.fix) == ("fail", True)
