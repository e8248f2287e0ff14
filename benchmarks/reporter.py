"""Figures of the reporter, each beside the same done without it in the same run.

``packaging/private-session --display python benchmarks/reporter.py`` measures these alone. A private session has
its home in memory, where a commit costs nothing; ``packaging/private-session --display --bind FOLDER python
benchmarks/reporter.py FOLDER`` keeps the data in an empty folder on a disk, which the session's user can write.
"""

import asyncio
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from session import install, milliseconds, pid_of, pss, systemctl, tell

from senter import paths
from senter.bus.connection import Connection
from senter.bus.library import Variant
from senter.bus.names import REPORTER
from senter.bus.signals import Match
from senter.reporter.client import ReporterClient
from senter.reporter.notice import NotifyOptions

LOGS, AT_ONCE = 2000, 8
BURST = 200
LOOK_SECONDS = 0.01
ROUNDS = 11
PAGE_ROUNDS = 5
MANY, VERY_MANY, OF_A_PAGE = 10_000, 100_000, 500
WORDS = ("bees", "honey", "winter", "hive", "queen", "swarm", "nectar", "pollen", "garden", "smoke")
RARE, RARE_EVERY = "propolis", 1000
"""A word that is in every so many activities."""

STEP = 500_000
"""Between two activities, µs: all are of the past 24 hours."""
TYPES = ("task_completed", "task_completed", "task_failed", "goal_completed", "research_complete")

DATABASE = paths.data_folder() / "activity.db"
SERVER = ("org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications")
ACTIVITIES = "SELECT id, time, type, source, summary, importance, goal, open FROM activities WHERE"
NEWEST_FIRST = "ORDER BY time DESC, id DESC"

ASYNCIO = "import asyncio\nasyncio.run(asyncio.sleep(0))\nprint(flush=True)\nasyncio.run(asyncio.sleep(3600))"
LIBRARIES = "import jinja2, pygal"


def main() -> None:
    """Measure and print, in a session where Senter is installed and runs."""
    at_rest()
    asyncio.run(logging())
    if os.environ.get("DISPLAY"):
        asyncio.run(showing())
    else:
        print("figures of notices need a display: packaging/private-session --display")
    asyncio.run(telling())
    asyncio.run(searching())
    asyncio.run(page())


def at_rest() -> None:
    """Memory of a reporter that has nothing to do, beside a bare Python with asyncio."""
    systemctl("restart", REPORTER.unit)
    with subprocess.Popen([sys.executable, "-I", "-c", ASYNCIO], stdout=subprocess.PIPE) as bare:
        assert bare.stdout
        bare.stdout.readline()
        tell("reporter at rest (PSS)", pss(pid_of(REPORTER.unit)), "MB", pss(bare.pid))
        bare.kill()


async def logging() -> None:
    """How many activities a second are written down, beside as many commits of one row in the same folder."""
    async with connected() as (_, reporter):

        async def log(numbers: Iterator[int]) -> None:
            for number in numbers:
                await reporter.log("task_completed", _summary(number))

        begun = time.perf_counter()
        numbers = iter(range(LOGS))
        await asyncio.gather(*(log(numbers) for _ in range(AT_ONCE)))
        taken = time.perf_counter() - begun
    tell("activities logged a second", LOGS / taken, "", LOGS / (milliseconds(_commits) / 1000))


def _commits() -> None:
    file = paths.data_folder() / "bare.db"
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as bare:
        bare.execute("PRAGMA journal_mode = WAL")
        bare.execute("PRAGMA synchronous = FULL")
        bare.execute("CREATE TABLE activities (id INTEGER PRIMARY KEY, time INTEGER, summary TEXT)")
        for number in range(LOGS):
            bare.execute("INSERT INTO activities (time, summary) VALUES (?, ?)", (number, _summary(number)))
    file.unlink()


async def showing() -> None:
    """How long it takes until a notice, or a burst of them, is on the screen, beside asking its server directly."""
    async with connected() as (connection, reporter):
        announced: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        told = Match(REPORTER.interface, "Announced", path=REPORTER.path, sender=REPORTER.bus_name)
        await connection.subscribe(told, lambda *notice: announced.put_nowait(notice))

        async def show() -> None:
            shown = await reporter.notify("A benchmark", "is under way", NotifyOptions(urgency="critical"))
            assert (await announced.get())[0] == shown

        async def directly() -> None:
            hints = {"urgency": Variant("y", 2)}
            values = ("Senter", 0, "", "A benchmark", "is under way", [], hints, 0)
            await connection.call(*SERVER, "Notify", "susssasa{sv}i", *values)

        async def burst() -> None:
            await asyncio.gather(*(reporter.notify("A benchmark", str(number)) for number in range(BURST)))
            while await reporter.pending():
                await announced.get()

        async def burst_directly() -> None:
            await asyncio.gather(*(directly() for _ in range(BURST)))

        await connection.call(*SERVER, "GetServerInformation", autostart=True)
        tell("Notify until it is shown", await median(show), "ms", await median(directly))
        with notifications() as asked:
            taken = await median(burst, 1) / 1000
            count = asked()
        tell(f"burst of {BURST} until it is shown", taken, "s", await median(burst_directly, 1) / 1000)
        tell(f"notifications of {BURST} notices", count, "", BURST)


@contextlib.contextmanager
def notifications() -> Iterator[Callable[[], int]]:
    """Count how often a notification server is asked to show something."""
    rule = f"type='method_call',interface='{SERVER[0]}',member='Notify'"
    file = Path.home() / "asked.txt"
    with file.open("w") as output:
        monitor = subprocess.Popen(["dbus-monitor", "--session", rule], stdout=output)
    try:
        while "NameLost" not in file.read_text():
            time.sleep(LOOK_SECONDS)
        yield lambda: file.read_text().count("member=Notify\n")
    finally:
        monitor.kill()
        monitor.wait()


async def telling() -> None:
    """Digest and progress of very much that was done, beside reading the same rows."""
    fill(MANY)
    async with connected() as (_, reporter):
        rows = f"{ACTIVITIES} time >= 0 {NEWEST_FIRST}"
        counts = "SELECT type, COUNT(*) FROM activities WHERE time >= 0 GROUP BY type"
        assert f"({MANY:,} events)" in await reporter.digest()
        tell(f"Digest of {MANY:,}", await median(reporter.digest), "ms", await median(reading(rows)))
        both = reading(f"{rows} LIMIT 5", counts)
        tell(f"Progress of {MANY:,}", await median(reporter.progress), "ms", await median(both))


async def searching() -> None:
    """Finding a rare and a common word, beside looking into every row."""
    fill(VERY_MANY)
    async with connected() as (_, reporter):
        for kind, word in (("a rare", RARE), ("a common", WORDS[0])):
            like = f"{ACTIVITIES} summary LIKE '%{word}%' OR title LIKE '%{word}%' {NEWEST_FIRST} LIMIT 100"
            assert len(await reporter.search(word)) == 100

            async def search(word: str = word) -> None:
                await reporter.search(word)

            tell(f"Search for {kind} word", await median(search), "ms", await median(reading(like)))


async def page() -> None:
    """A digest as a page: how long it takes, beside importing its libraries, and what it leaves in memory."""
    fill(OF_A_PAGE)
    async with connected() as (_, reporter):
        await reporter.digest()
        before = pss(pid_of(REPORTER.unit))
        taken = await median(reporter.digest_page, PAGE_ROUNDS)
        after = pss(pid_of(REPORTER.unit))
    program = [sys.executable, "-I", "-c", LIBRARIES]
    times = [milliseconds(lambda: subprocess.run(program, check=True)) for _ in range(PAGE_ROUNDS)]
    tell(f"DigestPage of {OF_A_PAGE}", taken, "ms", statistics.median(times))
    tell("reporter after pages (PSS)", after, "MB", before)


def fill(count: int) -> None:
    """Have the log hold some activities of the past hours and no others, and start the reporter anew."""
    systemctl("stop", REPORTER.unit)
    now = int(time.time() * 1_000_000)
    rows = ((now - number * STEP, TYPES[number % len(TYPES)], _summary(number)) for number in range(count))
    with contextlib.closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute("DELETE FROM activities")
        database.executemany(
            "INSERT INTO activities (time, type, source, summary, importance, details)"
            " VALUES (?, ?, 'ai.senter.Tasks1', ?, 'normal', '{}')",
            rows,
        )
    systemctl("start", REPORTER.unit)


def reading(*queries: str) -> Callable[[], Awaitable[None]]:
    """Reads rows of the log, without the reporter."""

    async def read() -> None:
        with contextlib.closing(sqlite3.connect(DATABASE)) as database:
            for query in queries:
                database.execute(query).fetchall()

    return read


async def median(work: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> float:
    """How long something takes, milliseconds, median; before more than one round there is one for warmth."""
    times = []
    for number in range(rounds + (rounds > 1)):
        begun = time.perf_counter()
        await work()
        if number or rounds == 1:
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[Connection, ReporterClient]]:
    """A connection to the session bus, and the reporter on it."""
    connection = Connection()
    await connection.open()
    yield connection, ReporterClient(connection)
    await connection.close()


def _summary(number: int) -> str:
    """A line with one of ten words, and now and then a rare one."""
    rare = f" {RARE}" if number % RARE_EVERY == 0 else ""
    return f"Completed: look after the {WORDS[number % len(WORDS)]}{rare}, for the {number}th time"


if __name__ == "__main__":
    for folder in sys.argv[1:]:
        paths.data_folder().parent.mkdir(parents=True)
        paths.data_folder().symlink_to(folder)
    install()
    main()
