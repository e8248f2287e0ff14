"""A day with the real units, timers and notification server, and a clock that is moved: all is told, once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from support import login_manager, notification_record, session, wall_clock
from support.notification_record import sent
from support.session import call, systemctl, until

from senter.bus.connection import Connection
from senter.reporter.activity import LogOptions
from senter.reporter.client import ReporterClient

EVENING = datetime(2030, 3, 12, 17, 0).astimezone()
NINE = datetime(2030, 3, 13, 9, 0).astimezone()
STEP = timedelta(minutes=30)
STEPS = 32
ACTIVITIES = 500
JOB = "senter-job@daily_digest.service"


@pytest.fixture(autouse=True)
def at_the_screen() -> Iterator[None]:
    """A user at the screen, at five in the afternoon, and somebody who writes every notification down."""
    wall_clock.move_to(EVENING)
    login_manager.start()
    notification_record.start()
    yield
    notification_record.stop()
    login_manager.stop()


def log(*activities: tuple[str, str]) -> None:
    """Log activities, each a line and an importance."""

    async def logging() -> None:
        connection = Connection()
        await connection.open()
        reporter = ReporterClient(connection)
        for line, importance in activities:
            await reporter.log("task_completed", line, LogOptions(importance=importance))
        await connection.close()

    asyncio.run(logging())


def titles() -> list[str]:
    """The titles of what was shown anew."""
    return [notification.title for notification in sent() if not notification.replaces]


def wait_until_all_is_shown() -> None:
    """Wait until no notice waits."""
    until(lambda: call("Reporter", "Pending").stdout.strip() == "aa{sv} 0", "all notices to be shown")


def live_through(step: int, first: int, last: int) -> list[str]:
    """Half an hour: log the activities of these numbers; the important ones."""
    wall_clock.move_to(EVENING + step * STEP)
    batch = [(f"work {number:03d}", "high" if number % 20 == 0 else "normal") for number in range(first, last)]
    if step == 6:
        batch += [(f"burst {number}", "high") for number in range(6)]
    log(*batch)
    wait_until_all_is_shown()
    return [line for line, importance in batch if importance == "high"]


def disturb(step: int) -> None:
    """What happens besides at some of the half hours."""
    if step == 8:
        login_manager.lock()
    elif step == 12:
        systemctl("restart", "senter-reporter")
    elif step == 16:
        systemctl("restart", "dunst")
    elif step == 20:
        systemctl("kill", "--signal=KILL", "senter-reporter")
        until(lambda: session.prop("senter-reporter", "NRestarts") == "1", "the reporter to be started again")


def test_a_day_of_500_activities_is_told_once_through_restarts_and_a_lock() -> None:
    systemctl("start", "senter.target")
    until(lambda: session.active("senter-reporter"), "the reporter")
    important = []
    for step in range(STEPS):
        important += live_through(step, ACTIVITIES * step // STEPS, ACTIVITIES * (step + 1) // STEPS)
        disturb(step)
    assert len(important) == ACTIVITIES // 20 + 6

    wall_clock.move_to(NINE - timedelta(seconds=1))
    until(lambda: "Daily digest" in titles(), "the daily digest, by its timer")
    log(("after the digest", "normal"))
    wall_clock.move_to(NINE + STEP)
    login_manager.unlock()
    until(lambda: "While you were away (1 activity)" in titles(), "the welcome")
    first = session.prop(JOB, "InvocationID")
    wall_clock.move_to(NINE - timedelta(seconds=1))
    until(lambda: session.prop(JOB, "InvocationID") != first, "the timer to go off once more")
    until(lambda: session.prop(JOB, "ActiveState") == "inactive", "the job to end")
    wall_clock.move_to(NINE + 16 * STEP)
    call("Reporter", "Notify", "sss", "The end", "", "normal")
    until(lambda: "The end" in titles(), "a last notice")

    others = [title for title in titles() if title != "Senter" and not title.endswith("notices")]
    assert Counter(others) == {"Daily digest": 1, "While you were away (1 activity)": 1, "The end": 1}
    assert {line: shown_by_itself(line) + shown_in_a_fold(line) for line in important} == dict.fromkeys(
        important, 1
    )


def shown_by_itself(line: str) -> int:
    """How often a line was a notification of its own."""
    return sum(notification.title == "Senter" and notification.body == line for notification in sent())


def shown_in_a_fold(line: str) -> int:
    """In how many notifications a line was with others; one that is brought up to date in its place is the same."""
    return len({fold.place for fold in sent() if fold.title.endswith("notices") and line in fold.body})
