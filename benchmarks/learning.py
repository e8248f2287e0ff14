"""Figures of learning, each beside the same done without it, or with a tenth of the events, in the same run.

``python benchmarks/learning.py FOLDER`` measures these alone, on a bus of their own and with databases in FOLDER,
or else at home. The goals: no question takes more than 50 ms, and none ten times as long for ten times the events.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from made_events import BATCH, COMMON, DAYS, RARE, TOPICS, made, made_now, topics_in
from session import REPOSITORY, milliseconds, pss, tell

from senter.bus.connection import Connection
from senter.bus.names import LEARNING
from senter.host.clock import local_now
from senter.learning.client import LearningClient
from senter.learning.event import GOAL_COMPLETED, Event, words_of_user
from senter.learning.lessons.learned import Learned
from senter.learning.lessons.lesson import lesson_of
from senter.learning.store import Store

DATABASE = Path("senter", "learning.db")
PROGRAM = (sys.executable, "-I", "-m", "senter.learning")
ASYNCIO = "import asyncio\nasyncio.run(asyncio.sleep(0))\nprint(flush=True)\nasyncio.run(asyncio.sleep(3600))"
BYTES, OPEN, MEMORY = "bytes an event", "opening", "memory (PSS)"
RECORD, UPDATE, FORGET = "RecordMany of 200", "Update of 200", "Forget a topic"
UNITS = {BYTES: "", MEMORY: "MB"}

SIZES = (10_000, 100_000, 1_000_000)
BATCHES = 20
AT_ONCE = 20_000
ROUNDS, FEW = 11, 5
READY_SECONDS = 20
FORGOTTEN = TOPICS[len(TOPICS) // 2]


def main() -> None:
    """Measure and print."""
    place = Path(sys.argv[1] if len(sys.argv) > 1 else Path.home()).resolve()
    with tempfile.TemporaryDirectory(dir=place) as name, bus() as address:
        asyncio.run(recording(Path(name) / "new", address))
        before: dict[str, float] = {}
        for size in SIZES:
            before = grown(Path(name) / str(size), size, address, before)


async def recording(folder: Path, address: str) -> None:
    """How many events a second are written down in batches, beside rows of a bare table; what learning takes up."""
    events = [made_now(number) for number in range(BATCHES)]
    async with program(folder, address) as (learning, _, pid):
        at_rest = pss(pid)
        tell("learning at rest (PSS)", at_rest, "MB", bare_memory())
        begun = time.perf_counter()
        for batch in events:
            await learning.record_many(batch)
        taken = time.perf_counter() - begun
        plainly = milliseconds(lambda: write_plainly(folder / "plain.db", events)) / 1000
        tell("events recorded a second", BATCHES * BATCH / taken, "", BATCHES * BATCH / plainly)
        await learning.update()
        tell("learning after learning (PSS)", pss(pid), "MB", at_rest)


def grown(folder: Path, size: int, address: str, before: dict[str, float]) -> dict[str, float]:
    """The figures of one size, beside those of the size before; of the first, beside the same without learning."""
    fill(folder, size)
    file = folder / DATABASE
    figures = {BYTES: file.stat().st_size / size, OPEN: opening(folder)}
    if not before:
        plain = folder / "plain.db"
        write_plainly(plain, [list(made(size))])
        before = {BYTES: plain.stat().st_size / size, OPEN: opening_plainly(plain)}
        before |= {MEMORY: bare_memory(), RECORD: writing_plainly(plain)}
        before |= {UPDATE: looking_for_phrases(), FORGET: cleaning(file, plain)}
    asked, daemon = asyncio.run(asking(folder, address))
    for what, figure in (figures | asked).items():
        tell(f"{what}, {size:,}", figure, UNITS.get(what, "ms"), before.get(what, daemon))
    return figures | asked


async def asking(folder: Path, address: str) -> tuple[dict[str, float], float]:
    """How long each question takes, and learning and forgetting, milliseconds; and a call to the bus daemon."""
    async with program(folder, address) as (learning, connection, pid):
        questions: dict[str, Callable[[], Awaitable[Any]]] = {
            "ProfileText": learning.profile_text,
            "Profile": learning.profile,
            "TopTopics": learning.top_topics,
            "Trends 7": lambda: learning.trends(7),
            "Trends 30": lambda: learning.trends(30),
            "ActivityPattern": lambda: learning.activity_pattern("hour"),
            "PeakHours": learning.peak_hours,
            "NextActive": learning.next_active,
            "Preferences": learning.preferences,
            "RecentEvents": lambda: learning.recent_events(hours=DAYS * 24),
            "RecentEvents goals": lambda: learning.recent_events(GOAL_COMPLETED, DAYS * 24),
            "Search common": lambda: learning.search(COMMON),
            "Search rare": lambda: learning.search(RARE),
            "Session last": learning.session,
            "Session first": lambda: learning.session("1"),
            "Statistics": learning.statistics,
        }
        figures = {what: await median(question) for what, question in questions.items()}
        daemon = await median(lambda: connection.ask_daemon("GetId"))
        figures[MEMORY] = pss(pid)
        records, updates = [], []
        for number in range(FEW + 1):
            batch = made_now(number)
            records.append(await median(lambda batch=batch: learning.record_many(batch), 1))
            updates.append(await median(learning.update, 1))
        # the first one imports what the later ones find
        figures |= {RECORD: statistics.median(records[1:]), UPDATE: statistics.median(updates[1:])}
        figures[FORGET] = await median(lambda: learning.forget("topic", FORGOTTEN), 1)
        return figures, daemon


async def median(work: Callable[[], Awaitable[Any]], rounds: int = ROUNDS) -> float:
    """How long something takes, milliseconds, median; before more than one round there is one for warmth."""
    times = []
    for number in range(rounds + (rounds > 1)):
        begun = time.perf_counter()
        await work()
        if number or rounds == 1:
            times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def opening(folder: Path) -> float:
    """From the file to a database that can be asked, milliseconds, median."""

    def open_it() -> None:
        with opened(folder):
            pass

    return statistics.median(milliseconds(open_it) for _ in range(FEW))


def opening_plainly(file: Path) -> float:
    """The same with SQLite alone, which looks at the tables and not at what is in them."""

    def open_it() -> None:
        with contextlib.closing(sqlite3.connect(file)) as plain:
            plain.execute("SELECT * FROM events LIMIT 1").fetchone()

    return statistics.median(milliseconds(open_it) for _ in range(FEW))


def writing_plainly(file: Path) -> float:
    """A batch in a bare table, on disk, milliseconds."""
    batches = [made_now(number) for number in range(BATCHES)]
    return milliseconds(lambda: write_plainly(file, batches)) / BATCHES


def looking_for_phrases() -> float:
    """The key phrases of a batch alone, milliseconds, median."""
    from senter.learning.topics.phrases import phrases

    said = [words_of_user(each.type, each.content, each.metadata) for each in made_now(0)]
    return statistics.median(milliseconds(lambda: [phrases(text) for text in said if text]) for _ in range(FEW))


def cleaning(file: Path, copy: Path) -> float:
    """What it takes to write a database anew, milliseconds."""
    shutil.copyfile(file, copy)
    with contextlib.closing(sqlite3.connect(copy)) as plain:
        return milliseconds(lambda: plain.execute("VACUUM"))


def write_plainly(file: Path, batches: Sequence[Sequence[Event]]) -> None:
    """Events in a table without an index, each batch on disk before the next one."""
    with contextlib.closing(sqlite3.connect(file)) as plain:
        plain.execute("PRAGMA journal_mode = WAL")
        plain.execute("PRAGMA synchronous = FULL")
        plain.execute(
            "CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER, type TEXT,"
            " content TEXT, metadata TEXT, day INTEGER, hour INTEGER, request TEXT, key TEXT)"
        )
        for batch in batches:
            rows = [
                (each.time, each.type, each.content, json.dumps(each.metadata), 1, 1, each.request, each.key)
                for each in batch
            ]
            with plain:
                plain.executemany(f"INSERT INTO events VALUES (NULL, {', '.join('?' * 8)})", rows)


def bare_memory() -> float:
    """The memory of a bare Python with asyncio, MB."""
    with subprocess.Popen([sys.executable, "-I", "-c", ASYNCIO], stdout=subprocess.PIPE) as bare:
        assert bare.stdout
        bare.stdout.readline()
        memory = pss(bare.pid)
        bare.kill()
    return memory


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The database of the program whose data are in a folder."""
    store = Store(folder / DATABASE)
    store.open()
    try:
        yield store
    finally:
        store.close()


@contextlib.contextmanager
def bus() -> Iterator[str]:
    """A bus without systemd; its address."""
    sys.path.append(str(REPOSITORY / "tests"))
    from support.private_bus import PrivateBus

    # apart, because the name of a socket has 107 bytes at most (unix(7))
    with tempfile.TemporaryDirectory() as folder:
        private = PrivateBus(Path(folder))
        private.start()
        try:
            yield private.address
        finally:
            private.stop()


@contextlib.asynccontextmanager
async def program(folder: Path, address: str) -> AsyncIterator[tuple[LearningClient, Connection, int]]:
    """Learning itself, with its data in a folder: its client, a connection to its bus, and its process."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DBUS_SESSION_BUS_ADDRESS": address,
        "XDG_DATA_HOME": str(folder),
    }
    connection = Connection(lambda: address)
    await connection.open()
    process = await asyncio.create_subprocess_exec(*PROGRAM, env=environment, stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(READY_SECONDS):
            await connection.wait_owned(LEARNING.bus_name)
        yield LearningClient(connection), connection, process.pid
    finally:
        process.terminate()
        await process.wait()
        await connection.close()


def fill(folder: Path, count: int) -> None:
    """Events of two years, written and learned from as the room does it; only YAKE is spared."""
    with opened(folder) as store:
        learned, now = Learned(store), local_now()
        events = made(count)
        while batch := list(itertools.islice(events, AT_ONCE)):
            store.record(batch, now)
            news = learned.unlearned(AT_ONCE)
            learned.learn([lesson_of(each, topics_in) for each in news], int(now.timestamp() * 1_000_000))
        with store.writing() as connection:
            connection.execute("DELETE FROM letters")


if __name__ == "__main__":
    main()
