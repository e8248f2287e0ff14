"""A room's database: opened with care, and every failure told in one sentence."""

import asyncio
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest
from support.private_bus import until

from senter import database
from senter.database import Database, Disk
from senter.errors import Unavailable

VERSION = 2

IMPORTS = """
from pathlib import Path
from senter.database import Database
def migrate(connection):
    connection.execute("CREATE TABLE IF NOT EXISTS words (word TEXT)")
"""


def migrate(connection):
    """Bring the tables up to date, as a room does."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < 1:
        connection.execute("CREATE TABLE IF NOT EXISTS words (word TEXT)")


@pytest.fixture
def file(tmp_path):
    """Where the database will be; the folder does not exist yet."""
    return tmp_path / "senter/words.db"


@pytest.fixture
def words(file):
    """An open, empty database."""
    opened = new(file)
    yield opened
    opened.close()


@pytest.fixture
def two(file):
    """A shared database, as two processes have it open."""
    both = [new(file, shared=True), new(file, shared=True)]
    yield both
    for each in both:
        each.close()


def new(file, version=VERSION, migration=migrate, shared=False):
    """The database as the next process opens it."""
    opened = Database(file, version, migration, shared)
    opened.open()
    return opened


def another_process(program, file):
    """A process of its own that works on a shared database, ``words``."""
    opening = f"words = Database(Path({str(file)!r}), {VERSION}, migrate, shared=True)\nwords.open()\n"
    return subprocess.Popen(
        [sys.executable, "-c", IMPORTS + opening + program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def add(words, *several):
    """Write words down."""
    with words.writing() as connection:
        connection.executemany("INSERT INTO words VALUES (?)", [(word,) for word in several])


def kept(words):
    """The words that are there."""
    with words.reading() as connection:
        return [word for (word,) in connection.execute("SELECT word FROM words ORDER BY rowid")]


def limit_pages(words, more):
    """Let the file grow by some pages only, as a full disk does."""
    pages = words._connection.execute("PRAGMA page_count").fetchone()[0]
    words._connection.execute(f"PRAGMA max_page_count = {pages + more}")


def test_the_folder_is_made_and_is_the_users_alone(words, file):
    assert file.exists()
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_what_is_acknowledged_is_on_disk(words):
    assert words._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert words._connection.execute("PRAGMA synchronous").fetchone()[0] == 2


def test_everything_is_there_after_a_crash(words, file):
    add(words, "before the crash")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    after = new(copy / file.name)
    assert kept(after) == ["before the crash"]
    assert after.check() == ""
    after.close()


def test_nobody_else_can_open_it(words, file, monkeypatch):
    monkeypatch.setattr(database, "CLAIM_SECONDS", 0.0)
    with pytest.raises(Unavailable, match=r"words\.db is used by another process"):
        new(file)
    add(words, "still mine")
    words.close()
    after = new(file)
    assert kept(after) == ["still mine"]
    after.close()


def test_whoever_comes_waits_for_the_one_who_leaves(words, file):
    add(words, "the last word")
    leaving = threading.Timer(0.3, words.close)
    leaving.start()
    after = new(file)
    assert kept(after) == ["the last word"]
    after.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_could_not_be_written_can_be_used_once_it_can(words, file):
    words.close()
    file.chmod(0o400)
    with pytest.raises(Unavailable, match="cannot be written"):
        new(file)
    file.chmod(0o600)
    after = new(file)
    add(after, "again")
    after.close()


def test_a_transaction_that_raises_is_taken_back(words):
    with pytest.raises(KeyError), words.writing() as connection:
        connection.execute("INSERT INTO words VALUES ('half')")
        raise KeyError
    assert kept(words) == []
    add(words, "whole")
    assert kept(words) == ["whole"]


def test_a_mistake_of_sqlite_is_told(words):
    with (
        pytest.raises(Unavailable, match=r"words\.db cannot be used: no such table: tea"),
        words.reading() as read,
    ):
        read.execute("SELECT * FROM tea")


def test_opening_again_migrates_once(file):
    runs = []

    def count(connection):
        runs.append(1)
        migrate(connection)

    for _ in range(3):
        new(file, migration=count).close()
    assert len(runs) == 1
    new(file, VERSION + 1, count).close()
    assert len(runs) == 2


def test_a_database_of_a_newer_senter_is_opened_and_left_as_it_is(file):
    newer = new(file, VERSION + 1)
    add(newer, "kept")
    newer.close()
    older = new(file, migration=None)
    assert kept(older) == ["kept"]
    assert older._connection.execute("PRAGMA user_version").fetchone()[0] == VERSION + 1
    older.close()


def test_a_failed_migration_costs_no_history(file):
    words = new(file)
    add(words, "kept")
    words.close()

    def fail(_connection):
        raise sqlite3.IntegrityError("a migration that went wrong")

    with pytest.raises(Unavailable, match="went wrong"):
        new(file, VERSION + 1, fail)
    after = new(file)
    assert (kept(after), after.damaged()) == (["kept"], [])
    after.close()


def test_a_file_that_is_no_database_is_kept_aside_and_a_new_one_begun(file, caplog):
    file.parent.mkdir()
    file.write_bytes(b"this was a database once" * 100)
    words = new(file)
    add(words, "new")
    assert (kept(words), words.check()) == (["new"], "")
    (aside,) = words.damaged()
    assert aside.read_bytes().startswith(b"this was")
    assert f"it is kept as {aside.name}" in caplog.text
    words.close()


def test_what_sqlite_left_beside_a_damaged_file_is_kept_beside_it(file):
    file.parent.mkdir()
    file.write_bytes(b"no database" * 100)
    file.with_name("words.db-wal").write_bytes(b"the last writes")
    after = Database(file, VERSION, migrate)
    after._set_aside(sqlite3.DatabaseError("it is damaged"))
    (aside,) = after.damaged()
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"the last writes"
    after.close()


def test_all_that_was_damaged_is_kept(file):
    file.parent.mkdir()
    for number in range(12):
        for remains in file.parent.glob("words.db*"):
            if "damaged" not in remains.name:
                remains.unlink()
        file.write_bytes(b"damage %d" % number * 100)
        new(file).close()
    words = Database(file, VERSION, migrate)
    assert len(words.damaged()) == 12
    assert len({aside.read_bytes() for aside in words.damaged()}) == 12


def test_damage_anywhere_costs_the_history_and_not_the_service(words, file):
    add(words, *("x" * 200 for _ in range(200)))
    words.close()
    whole = file.read_bytes()
    for start in range(0, len(whole), 4096):
        file.write_bytes(whole[:start] + b"\xff" * 4096 + whole[start + 4096 :])
        after = new(file)
        add(after, f"after damage at {start}")
        after.close()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "senter").write_text("a file where the folder belongs")
    for folder in (tmp_path / "senter", tmp_path / "senter/deeper"):
        with pytest.raises(Unavailable, match="cannot be used"):
            new(folder / "words.db")


def test_a_file_that_cannot_be_opened_is_told(file):
    file.mkdir(parents=True)
    with pytest.raises(Unavailable, match="cannot be opened"):
        new(file)


def test_a_full_disk_is_told_and_harms_nothing(words):
    add(words, "before")
    limit_pages(words, more=2)
    with pytest.raises(Unavailable, match="full"):
        add(words, "x", "y" * 50_000)
    assert (kept(words), words.check()) == (["before"], "")
    limit_pages(words, more=1000)
    add(words, "y" * 50_000)
    assert len(kept(words)) == 2


def test_a_file_that_became_read_only_is_told(words):
    words._connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable, match="readonly"):
        add(words, "x")
    with pytest.raises(Unavailable, match="readonly"):
        words.check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_can_only_be_read_is_refused_at_the_start(file):
    new(file).close()
    file.chmod(0o444)
    with pytest.raises(Unavailable, match="cannot be written"):
        new(file)


def test_a_database_that_is_closed_says_so_and_can_be_closed_again(file):
    words = new(file)
    words.close()
    words.close()
    for work in (lambda: add(words, "x"), lambda: kept(words), words.check):
        with pytest.raises(Unavailable, match="is not open"):
            work()


def test_every_thread_may_write(words):
    threads = [threading.Thread(target=add, args=(words, str(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept(words)) == [str(number) for number in range(8)]


# what is shared


def test_a_shared_database_is_written_by_several(two):
    first, second = two
    add(first, "one")
    add(second, "two")
    add(first, "three")
    assert kept(first) == kept(second) == ["one", "two", "three"]
    assert (first.check(), second.check()) == ("", "")


def test_it_stays_when_one_of_them_leaves(two):
    first, second = two
    add(first, "one")
    first.close()
    add(second, "two")
    first.open()
    assert kept(first) == ["one", "two"]


def test_what_a_transaction_has_read_stays_true_until_its_end(file):
    counting = """
print("ready", flush=True)
input()
for number in range(100):
    with words.writing() as connection:
        count = connection.execute("SELECT COUNT(*) FROM words").fetchone()[0]
        connection.execute("INSERT INTO words VALUES (?)", (str(count),))
words.close()
"""
    processes = [another_process(counting, file) for _ in range(2)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait(50) for process in processes] == [0, 0]
    after = new(file, shared=True)
    assert kept(after) == [str(number) for number in range(200)]
    after.close()


def test_those_who_begin_at_once_migrate_once(file):
    processes = [another_process("print(words.check() or 'sound', flush=True)", file) for _ in range(4)]
    assert [process.communicate(timeout=50)[0] for process in processes] == ["sound\n"] * 4
    assert new(file).damaged() == []


def test_one_who_is_killed_in_a_transaction_leaves_nothing_half_done(file):
    dying = another_process(
        "with words.writing() as connection:\n"
        "    connection.execute(\"INSERT INTO words VALUES ('half')\")\n"
        "    print('written', flush=True)\n"
        "    input()\n",
        file,
    )
    words = new(file, shared=True)
    assert dying.stdout.readline() == "written\n"
    dying.kill()
    dying.wait(50)
    add(words, "whole")
    assert (kept(words), words.check()) == (["whole"], "")
    words.close()


def test_whoever_was_killed_is_not_waited_for(file):
    dying = another_process("print('open', flush=True)\ninput()", file)
    assert dying.stdout.readline() == "open\n"
    dying.kill()
    dying.wait(50)
    after = new(file, shared=True)
    add(after, "mine")
    after.close()


def test_a_file_that_another_process_has_set_aside_is_not_written_any_more(two, caplog):
    first, second = two
    add(first, "before")
    first.close()
    second._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # by another process, since SQLite's locks end when this one closes the file
    damage = f"with open({str(second.file)!r}, 'r+b') as raw: raw.write(b'damage' * 100)"
    subprocess.run([sys.executable, "-c", damage], check=True)
    first.open()
    (aside,) = first.damaged()
    remains = aside.read_bytes()
    add(second, "after")
    assert kept(first) == kept(second) == ["after"]
    second.close()
    add(first, "later")
    assert (kept(first), first.check(), aside.read_bytes()) == (["after", "later"], "", remains)
    assert "it is opened again" in caplog.text


@pytest.mark.parametrize("remains", [(), ("-wal",), ("-shm",), ("-wal", "-shm")])
def test_a_file_that_was_deleted_is_begun_anew_by_everybody(file, remains):
    other = another_process(
        "with words.writing() as connection:\n"
        "    connection.executemany('INSERT INTO words VALUES (?)', [('x' * 1000,)] * 100)\n"
        "print('written', flush=True)\n"
        "input()\n"
        "with words.writing() as connection:\n"
        "    connection.execute(\"INSERT INTO words VALUES ('newer')\")\n"
        "words.close()\n",
        file,
    )
    words = new(file, shared=True)
    assert other.stdout.readline() == "written\n"
    assert len(kept(words)) == 100
    for suffix in {"", "-wal", "-shm"} - set(remains):
        file.with_name(file.name + suffix).unlink()
    add(words, "new")
    other.communicate("go\n", timeout=50)
    assert (other.returncode, kept(words)) == (0, ["new", "newer"])
    assert (words.check(), words.damaged()) == ("", [])
    words.close()


def test_a_folder_that_was_deleted_is_made_anew(two, file):
    first, second = two
    shutil.rmtree(file.parent)
    add(first, "one")
    add(second, "two")
    assert kept(first) == kept(second) == ["one", "two"]


def test_a_file_that_cannot_be_opened_again_is_tried_at_the_next_transaction(two, file):
    first, _ = two
    shutil.rmtree(file.parent)
    file.parent.symlink_to("nowhere")
    for _ in range(2):
        with pytest.raises(Unavailable, match="cannot be used"):
            add(first, "lost")
    file.parent.unlink()
    add(first, "kept")
    assert kept(first) == ["kept"]


def test_nobody_works_on_it_while_somebody_opens_it(two, file, monkeypatch):
    first, _ = two
    monkeypatch.setattr(database, "CLAIM_SECONDS", 0.0)
    with file.with_name("words.db.lock").open("ab") as opening:
        fcntl.flock(opening, fcntl.LOCK_EX)
        for work in (lambda: add(first, "x"), first.check, lambda: new(file, shared=True)):
            with pytest.raises(Unavailable, match="is used by another process"):
                work()
    add(first, "y")
    assert kept(first) == ["y"]


def test_a_transaction_waits_until_somebody_has_opened_it(two, file):
    first, _ = two
    opening = file.with_name("words.db.lock").open("ab")
    fcntl.flock(opening, fcntl.LOCK_EX)
    done = threading.Timer(0.2, opening.close)
    done.start()
    add(first, "patient")
    assert kept(first) == ["patient"]


def test_a_shared_database_that_is_closed_says_so(two):
    first, second = two
    first.close()
    first.close()
    with pytest.raises(Unavailable, match="is not open"):
        add(first, "x")
    add(second, "y")


def test_nobody_waits_for_the_disk_while_others_wait(two):
    for each in two:
        assert each._connection.execute("PRAGMA synchronous").fetchone()[0] == 1
        assert each._connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_transaction_does_not_wait_without_end_for_another_process(two, file):
    first, second = two
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    first._connection.execute("PRAGMA busy_timeout = 1")
    with pytest.raises(Unavailable, match=r"words\.db cannot be used: database is locked"):
        add(first, "too soon")
    other.rollback()
    other.close()
    add(second, "then")
    assert kept(first) == ["then"]
    assert second._connection.execute("PRAGMA busy_timeout").fetchone()[0] == database.BUSY_SECONDS * 1000
    # or a neighbour that is stuck would look like a disk that does not answer
    assert database.CLAIM_SECONDS + 2 * database.BUSY_SECONDS < database.DISK_PATIENCE


def test_a_transaction_does_not_wait_without_end_for_another_thread(two, monkeypatch):
    first, _ = two
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    with first.reading(), pytest.raises(Unavailable, match="another transaction takes too long"):
        add(first, "too soon")
    add(first, "then")
    assert kept(first) == ["then"]


# what blocks


async def test_work_on_the_disk_blocks_nobody_else():
    disk = Disk()
    gate = threading.Event()
    blocked = asyncio.create_task(disk(gate.wait, 30))
    assert await disk(str, 3) == "3"
    assert not blocked.done()
    gate.set()
    assert await blocked


async def test_what_the_disk_raises_is_raised():
    disk = Disk()
    with pytest.raises(ZeroDivisionError):
        await disk(lambda: 1 // 0)
    assert disk.answers()


async def test_a_disk_that_does_not_answer_is_noticed_until_it_does(monkeypatch):
    monkeypatch.setattr(database, "DISK_PATIENCE", 0.0)
    disk = Disk()
    assert disk.answers()
    gate = threading.Event()
    blocked = asyncio.create_task(disk(gate.wait, 30))
    await until(lambda: not disk.answers())
    gate.set()
    await blocked
    assert disk.answers()


async def test_a_disk_that_is_waited_for_a_short_time_answers():
    disk = Disk()
    gate = threading.Event()
    blocked = asyncio.create_task(disk(gate.wait, 30))
    await disk(str, 3)
    assert disk.answers()
    gate.set()
    await blocked
