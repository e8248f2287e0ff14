"""activity.db, on a real disk."""

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from senter.errors import Unavailable
from senter.reporter import presence
from senter.reporter.activity import Activity
from senter.reporter.delivery.ledger import PENDING, Ledger
from senter.reporter.notice import Notice
from senter.reporter.presence import Presence
from senter.reporter.store import TABLES_VERSION, Store
from senter.reporter.tables import MIGRATIONS

NINE = 1_795_334_400_000_000
DAY = 86_400_000_000


@pytest.fixture
def file(tmp_path):
    """Where the database will be; the folder does not exist yet."""
    return tmp_path / "senter/activity.db"


@pytest.fixture
def store(file):
    """An open, empty store."""
    opened = Store(file)
    opened.open()
    yield opened
    opened.close()


def log(store, when=1, key="", summary="done", importance="normal", goal="", kind="task_completed", **details):
    """Write an activity down."""
    done = Activity("", when, kind, ":1.5", summary, importance, goal)
    return store.add_activity(done, details, key)


def waiting(store):
    """The ids of the notices that wait."""
    return [entry.notice.id for entry in Ledger(store).waiting()]


def notice(notice_id, when=1, **fields):
    """A notice."""
    return Notice(notice_id, when, f"title of {notice_id}", "body", **fields)


def summaries(store, since=0, limit=-1, offset=0):
    """What the activities say."""
    return [activity.summary for activity in store.activities(since, limit, offset)]


def count(store, since):
    """How many activities there are from a time on."""
    return sum(store.counts(since, 2**63 - 1).values())


def reopened(file):
    """The store as the next process sees it."""
    store = Store(file)
    store.open()
    return store


def fill(store):
    """Write until the disk is full; how many activities went in."""
    written = 0
    with pytest.raises(Unavailable):
        while written < 10_000:
            log(store, summary="x" * 10_000)
            written += 1
    return written


def limit_pages(store, more):
    """Let the file grow by some pages only, as a full disk does."""
    connection = store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + more}")


def test_what_was_logged_is_read_back(store):
    assert log(store, when=5, summary="Größe 📊", importance="high", n=1)
    (activity,) = store.activities(0, 10, 0)
    assert (activity.time, activity.type, activity.source) == (5, "task_completed", ":1.5")
    assert (activity.summary, activity.importance) == ("Größe 📊", "high")
    assert activity.id


def test_activities_come_newest_first_and_in_pages(store):
    for when in (1, 3, 2):
        log(store, when=when, summary=str(when))
    log(store, when=3, summary="3 again")
    assert summaries(store) == ["3 again", "3", "2", "1"]
    assert summaries(store, limit=2, offset=1) == ["3", "2"]
    assert summaries(store, since=2) == ["3 again", "3", "2"]
    assert count(store, 2) == 3
    assert summaries(store, offset=10) == []


def test_an_activity_with_the_same_key_is_written_once(store):
    assert log(store, key="k", summary="first")
    assert not log(store, key="k", summary="second")
    assert summaries(store) == ["first"]


def test_activities_without_a_key_are_all_written(store):
    assert log(store) and log(store)
    assert count(store, 0) == 2


def test_details_of_any_kind_are_kept(store, file):
    log(store, number=1, nested={"list": [1.5, "two"]}, odd=Path("/x"))
    with sqlite3.connect(file) as connection:
        (details,) = connection.execute("SELECT details FROM activities").fetchone()
    assert json.loads(details) == {"number": 1, "nested": {"list": [1.5, "two"]}, "odd": "/x"}


def test_the_slot_of_a_digest_is_taken_once(store):
    assert store.claim_digest("daily", NINE, NINE + 1, notice("a"))
    assert not store.claim_digest("daily", NINE, NINE + 2, notice("b"))
    assert waiting(store) == ["a"]
    assert store.last_told("daily") == NINE + 1


def test_the_slot_of_a_digest_is_taken_once_by_two_at_once(store):
    claims = []
    together = threading.Barrier(2)

    def claim(name):
        together.wait()
        claims.append(store.claim_digest("daily", NINE, NINE, notice(name)))

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claims) == [False, True]
    assert len(waiting(store)) == 1


def test_every_day_and_every_kind_has_its_own_slot(store):
    assert store.claim_digest("daily", NINE, NINE, notice("a"))
    assert store.claim_digest("daily", NINE + DAY, NINE + DAY, notice("b"))
    assert store.claim_digest("weekly", NINE, NINE, notice("c"))


def test_before_the_first_digest_there_is_no_last_one(store):
    assert store.last_told("daily") is None


def test_a_claim_whose_notice_cannot_be_written_takes_no_slot(store):
    Ledger(store).add(notice("a"), "", PENDING)
    with pytest.raises(Unavailable):
        store.claim_digest("daily", NINE, NINE, notice("a"))
    assert store.last_told("daily") is None
    assert store.claim_digest("daily", NINE, NINE, notice("b"))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), unique=True, max_size=5))
def test_any_text_is_a_key(tmp_path_factory, keys):
    store = Store(tmp_path_factory.mktemp("keys") / "activity.db")
    store.open()
    for key in keys * 2:
        log(store, key=key)
    assert count(store, 0) == len(set(keys)) + ("" in keys)
    store.close()


def test_everything_is_there_after_a_crash(store, file):
    log(store, summary="before the crash")
    Ledger(store).add(notice("a"), "key", PENDING)
    store.claim_digest("daily", NINE, NINE, notice("b"))
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    after = reopened(copy / file.name)
    assert summaries(after) == ["before the crash"]
    assert waiting(after) == ["a", "b"]
    assert not after.claim_digest("daily", NINE, NINE, notice("c"))
    assert after.check() == ""
    after.close()


def test_a_crash_in_the_middle_of_a_write_leaves_nothing_of_it(store, file):
    log(store, summary="whole")
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO digests VALUES ('daily', 1, 1)")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    connection.close()
    after = reopened(copy / file.name)
    assert after.last_told("daily") is None
    assert summaries(after) == ["whole"]
    after.close()


def test_opening_an_existing_log_changes_nothing(store, file):
    log(store)
    store.close()
    again = reopened(file)
    assert count(again, 0) == 1
    again.close()


def test_a_log_that_is_damaged_after_a_crash_is_begun_anew_without_its_remains(store, file):
    for number in range(200):
        log(store, when=number, summary="old")
    store.close()
    second = reopened(file)
    log(second, summary="old")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    second.close()
    with (copy / file.name).open("r+b") as damaged:
        damaged.write(b"\xff" * 4096)
    after = reopened(copy / file.name)
    assert log(after, summary="new")
    assert "new" in summaries(after)
    assert after.check() == ""
    after.close()


def test_damage_inside_the_log_is_told_or_kept_aside_and_not_raised(store, file):
    for number in range(500):
        log(store, when=number, summary="x" * 200)
    store.close()
    with file.open("r+b") as damaged:
        damaged.seek(4096 * 3)
        damaged.write(b"\xff" * 4096 * 20)
    after = reopened(file)
    assert after.check() or list(file.parent.glob("activity.db.damaged-*"))
    after.close()


def test_damage_anywhere_costs_the_history_and_not_the_service(store, file):
    for number in range(100):
        log(store, when=number, summary="x" * 200)
    store.close()
    whole = file.read_bytes()
    for start in range(0, len(whole), 4096):
        file.write_bytes(whole[:start] + b"\xff" * 4096 + whole[start + 4096 :])
        after = reopened(file)
        waiting(after)
        count(after, 0)
        assert log(after, when=1000, summary=f"after damage at {start}")
        after.close()


def test_a_full_disk_is_told_and_harms_nothing(store):
    log(store, summary="before")
    limit_pages(store, more=5)
    written = fill(store)
    with pytest.raises(Unavailable, match="full"):
        Ledger(store).add(notice("a", open="/" + "x" * 50_000), "", PENDING)
    with pytest.raises(Unavailable, match="full"):
        store.claim_digest("daily", NINE, NINE, Notice("b", 1, "t", "x" * 50_000))
    assert (waiting(store), store.last_told("daily")) == ([], None)
    assert count(store, 0) == 1 + written
    assert store.check() == ""


def test_after_a_full_disk_got_room_the_log_goes_on(store):
    limit_pages(store, more=5)
    written = fill(store)
    limit_pages(store, more=1000)
    assert log(store, summary="x" * 10_000)
    assert count(store, 0) == written + 1


def test_the_version_of_the_tables_is_the_number_of_migrations(file):
    store = reopened(file)
    applied = store._connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0]
    assert applied == store._connection.execute("PRAGMA user_version").fetchone()[0] == TABLES_VERSION
    store.close()


def test_a_damaged_index_of_words_is_made_anew(store, file):
    log(store, summary="Read 12 pages")
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE activity_words_data SET block = x'deadbeef00' WHERE id > 1")
    again = reopened(file)
    log(again, summary="Read one more")
    assert found(again, "read") == ["Read one more", "Read 12 pages"]
    again.close()


# finding, counting, forgetting


def found(store, *words):
    """What the activities with some words say."""
    return [activity.summary for activity in store.search(words, -1, 0)]


def test_activities_are_found_by_words_and_their_beginnings_newest_first(store):
    log(store, 1, summary="Read 12 pages about Überflüsse")
    log(store, 2, summary="Wrote the deck", title="Research AI trends")
    log(store, 3, summary="Read one page more")
    assert found(store, "read") == ["Read one page more", "Read 12 pages about Überflüsse"]
    assert found(store, "uberfl") == ["Read 12 pages about Überflüsse"]
    assert found(store, "trends", "ai") == ["Wrote the deck"]
    assert found(store, "read", "deck") == []


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1))
def test_any_words_may_be_looked_for(tmp_path_factory, words):
    store = Store(tmp_path_factory.mktemp("words") / "activity.db")
    store.open()
    log(store, summary=" ".join(words))
    assert len(found(store, *words)) <= 1
    store.close()


def test_what_is_forgotten_is_not_found_and_its_id_is_not_given_again(store):
    for when in (1, 2, 3):
        log(store, when, summary=f"at {when}")
    newest = store.activities(0, 1, 0)[0].id
    store.forget(10)
    assert found(store, "at") == ["at 3"]
    log(store, 11, summary="at 11")
    assert [activity.summary for activity in store.activities_after(int(newest))] == ["at 11"]


def test_the_words_of_what_is_forgotten_leave_the_index(store, file):
    for when in (1, 2, 3):
        log(store, when, summary=f"word{when}", title=f"title{when}")
    store.forget(3)
    store.close()
    with sqlite3.connect(file) as connection:
        connection.execute("INSERT INTO activity_words (activity_words, rank) VALUES ('integrity-check', 1)")
        rows = connection.execute("SELECT rowid FROM activity_words WHERE activity_words MATCH 'word* OR title*'")
        assert rows.fetchall() == [(3,)]
    connection.close()


def test_goals_come_with_what_was_done_for_them_the_latest_first(store):
    log(store, 1, goal="1", title="Write the deck")
    log(store, 2, goal="2", title="Research", kind="plan_created")
    log(store, 3, goal="1", kind="task_failed", title="Write the deck")
    log(store, 4)
    assert store.goals(0, 10, 0) == [
        ("1", "Write the deck", 1, 3, {"task_completed": 1, "task_failed": 1}),
        ("2", "Research", 2, 2, {"plan_created": 1}),
    ]
    assert [row[0] for row in store.goals(3, 10, 0)] == ["1"]
    assert [row[0] for row in store.goals(0, 1, 1)] == ["2"]


def test_a_goal_with_the_id_of_another_is_another(store):
    log(store, 1, goal="1", title="Write the deck")
    log(store, 2, goal="1", title="Apples")
    assert [row[:2] for row in store.goals(0, 10, 0)] == [("1", "Apples"), ("1", "Write the deck")]


# what rooms have to say


def test_what_a_room_has_to_say_stands_until_it_says_otherwise(store):
    store.tell("coming", "goals", ["one", "two"], 0, 5)
    store.tell("coming", "jobs", ["three"], 0, 5)
    store.tell("costs", "costs-1", ["much"], 10, 5)
    assert store.standing("coming", 100) == ["one", "two", "three"]
    store.tell("coming", "goals", [], 0, 6)
    assert store.standing("coming", 100) == ["three"]
    assert (store.standing("costs", 9), store.standing("costs", 10)) == (["much"], [])


def test_what_is_no_longer_said_is_deleted_when_a_room_says_something_else(store, file):
    store.tell("costs", "costs-1", ["much"], 10, 5)
    store.tell("costs", "costs-2", ["more"], 20, 5)
    store.tell("coming", "goals", ["always"], 0, 5)
    store.tell("coming", "jobs", ["soon"], 0, 10)
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT key FROM standings ORDER BY key")
        assert rows.fetchall() == [("costs-2",), ("goals",), ("jobs",)]
    connection.close()


# presence


def test_what_an_event_does_to_the_last_presence_is_written(store):
    assert store.presences(2) == []
    (here,) = store.change_presence(lambda last: presence.came(last, "b/1", 100))
    assert (here.began, here.ended, here.session, here.over) == (100, 100, "b/1", False)
    assert store.change_presence(lambda last: presence.left(last, 0, 200)) == [
        Presence(here.id, 100, 200, "", True)
    ]
    after = store.change_presence(lambda last: presence.came(last, "b/1", 300))
    assert [row.began for row in after] == [300, 100] == [row.began for row in store.presences(5)]


def test_an_old_log_gets_the_new_tables_and_is_found_by_its_words(file):
    file.parent.mkdir()
    with sqlite3.connect(file) as connection:
        database = Database(connection)
        MIGRATIONS.apply(database, stop_before="presence_and_search")
        connection.execute(
            "INSERT INTO activities (time, type, source, summary, importance, details)"
            " VALUES (1, 'task_completed', '', 'wrote the deck', 'normal', '{}')"
        )
        connection.execute("INSERT INTO notices VALUES ('a', 1, 'title', '', 'normal', '', '[]', NULL, 'pending')")
        connection.execute("PRAGMA user_version = 1")
    store = reopened(file)
    assert found(store, "deck") == ["wrote the deck"]
    assert waiting(store) == ["a"]
    store.close()
