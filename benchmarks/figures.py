"""Figures of the installed bundle, each beside a reference measured in the same run.

Run by ``make bench`` inside a private session. The reference for a start is the smallest Python service that says
READY=1; for a call, the bus daemon's own ``GetId`` over the same connection; for memory, a bare Python.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import learning
import models
import reporter
import tasks
from session import REFERENCE, install, milliseconds, pid_of, pss, systemctl, tell

from senter.bus.connection import Connection
from senter.bus.names import ENGINE, REPORTER, TASKS
from senter.reporter.client import ReporterClient
from senter.tasks.client import TasksClient
from senter.tasks.tools.child import request
from senter.tasks.tools.tool import Context
from senter.tasks.tools.toolbox import PROGRAM

LICENSES = "/usr/share/common-licenses"
QUESTION = "how many days a first-time violator has to cure a GPL violation"
GOALS = 10
ROUNDS = 10
CALLS = 500
SETTLE_SECONDS = 65
"""Until the service has asked, once, whether it is idle (after 60 s)."""
REST_SECONDS = 60


def start_time(unit: str) -> float:
    """From asking for a stopped unit to its READY=1, milliseconds, median."""
    times = []
    for _ in range(ROUNDS):
        systemctl("stop", unit)
        times.append(milliseconds(lambda: systemctl("start", unit)))
    return statistics.median(times)


def recovery_time(unit: str) -> float:
    """From kill -9 to READY=1 of the next process, milliseconds, median."""

    def kill_and_wait() -> None:
        before = pid_of(unit)
        os.kill(before, signal.SIGKILL)
        while pid_of(unit) in (0, before) or systemctl("show", "-P", "ActiveState", unit) != "active":
            pass

    times = []
    for _ in range(ROUNDS):
        systemctl("reset-failed", unit)
        times.append(milliseconds(kill_and_wait))
    return statistics.median(times)


def wake_ups(pid: int) -> float:
    """How often the threads of a process wake up in ten seconds of rest."""

    def switches() -> int:
        files = Path(f"/proc/{pid}/task").glob("*/status")
        texts = [file.read_text(encoding="ascii") for file in files]
        return sum(int(text.split("voluntary_ctxt_switches:")[1].split()[0]) for text in texts)

    before = switches()
    time.sleep(REST_SECONDS)
    return (switches() - before) / REST_SECONDS * 10


async def call_times() -> tuple[float, float, float]:
    """Median milliseconds of Progress, of Log (on disk when it returns) and of the daemon's GetId."""
    connection = Connection()
    await connection.open()
    reporter = ReporterClient(connection)

    async def median(call: Callable[[], object]) -> float:
        times = []
        for _ in range(CALLS):
            started = time.perf_counter()
            await call()  # type: ignore[misc]
            times.append((time.perf_counter() - started) * 1000)
        return statistics.median(times)

    figures = (
        await median(reporter.progress),
        await median(lambda: reporter.log("task_completed", "A benchmark")),
        await median(lambda: connection.ask_daemon("GetId")),
    )
    await connection.close()
    return figures


async def goal_time() -> float:
    """From adding a goal to its report, milliseconds, median: documents are searched, and no model is there."""
    connection = Connection()
    await connection.open()
    tasks = TasksClient(connection)
    ended: asyncio.Queue[str] = asyncio.Queue()
    times = []

    def goal_changed(_goal: str, state: str) -> None:
        if state in ("completed", "failed"):
            ended.put_nowait(state)

    async with tasks.following(goal_changed, lambda *_: None):
        for _ in range(GOALS):
            started = time.perf_counter()
            await tasks.add_goal(f"Research {QUESTION}, from the documents in {LICENSES}")
            assert await ended.get() == "completed"
            times.append((time.perf_counter() - started) * 1000)
    await connection.close()
    return statistics.median(times)


def tool_time() -> float:
    """The search that such a goal is about, done once by its tool alone, milliseconds, median."""
    question = request("file_search", {"folder": LICENSES}, Context(QUESTION, folders=(LICENSES,))).encode()
    return statistics.median(
        milliseconds(lambda: subprocess.run(PROGRAM, input=question, check=True, capture_output=True))
        for _ in range(GOALS)
    )


def main() -> None:
    """Install, measure, print."""
    install()
    systemctl("start", REPORTER.unit)
    tell("start to ready", start_time(REPORTER.unit), "ms", start_time(REFERENCE))
    tell("kill -9 to ready again", recovery_time(REPORTER.unit), "ms", recovery_time(REFERENCE))
    progress, log, daemon = asyncio.run(call_times())
    tell("call Progress", progress, "ms", daemon)
    tell("call Log (on disk)", log, "ms", daemon)
    asyncio.run(goal_time())  # the first one imports and creates what later ones find
    tell("goal to report", asyncio.run(goal_time()), "ms", tool_time())
    rooms = (REPORTER, ENGINE, TASKS)
    systemctl("restart", *(room.unit for room in rooms))
    for room in rooms:
        tell(f"memory of {room.title} (PSS)", pss(pid_of(room.unit)), "MB", pss(pid_of(REFERENCE)))
    tasks.main()
    reporter.main()
    learning.main()
    models.main()
    status = milliseconds(
        lambda: subprocess.run([Path.home() / ".local/bin/senter", "status"], check=True, capture_output=True)
    )
    tell("senter status", status, "ms", milliseconds(lambda: systemctl("status", REPORTER.unit)))
    systemctl("restart", REPORTER.unit)
    time.sleep(SETTLE_SECONDS)
    print(f"{'wake-ups in 10 s of rest':<32} {wake_ups(pid_of(REPORTER.unit)):8.2f}")


if __name__ == "__main__":
    main()
