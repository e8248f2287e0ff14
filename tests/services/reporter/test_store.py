"""activity.db, on a real disk."""

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.errors import Unavailable
from senter.reporter.notice import Action, Notice
from senter.reporter.store import ACTED, SHOWN, SILENCED, TABLES_VERSION, Store

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


def log(store, when=1, key="", summary="done", importance="normal", **details):
    """Write an activity down."""
    return store.add_activity(when, "task_completed", ":1.5", summary, importance, details, key)


def notice(notice_id, when=1, **fields):
    """A notice."""
    return Notice(notice_id, when, f"title of {notice_id}", "body", **fields)


def summaries(store, since=0, limit=-1, offset=0):
    """What the activities say."""
    return [activity.summary for activity in store.activities(since, limit, offset)]


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
    assert store.count_activities(2) == 3
    assert summaries(store, offset=10) == []


def test_an_activity_with_the_same_key_is_written_once(store):
    assert log(store, key="k", summary="first")
    assert not log(store, key="k", summary="second")
    assert summaries(store) == ["first"]


def test_activities_without_a_key_are_all_written(store):
    assert log(store) and log(store)
    assert store.count_activities(0) == 2


def test_details_of_any_kind_are_kept(store, file):
    log(store, number=1, nested={"list": [1.5, "two"]}, odd=Path("/x"))
    with sqlite3.connect(file) as connection:
        (details,) = connection.execute("SELECT details FROM activities").fetchone()
    assert json.loads(details) == {"number": 1, "nested": {"list": [1.5, "two"]}, "odd": "/x"}


def test_a_notice_waits_until_it_was_shown(store):
    store.add_notice(notice("a", 2), "")
    store.add_notice(notice("b", 1), "")
    assert [kept.id for kept in store.pending()] == ["b", "a"]
    store.move_notice("b", SHOWN)
    assert [kept.id for kept in store.pending()] == ["a"]
    store.move_notice("a", ACTED)
    assert store.pending() == []


def test_notices_of_the_same_moment_wait_in_the_order_they_came(store):
    for name in ("c", "a", "b"):
        store.add_notice(notice(name), "")
    assert [kept.id for kept in store.pending()] == ["c", "a", "b"]


def test_a_notice_is_read_back_with_its_actions(store):
    action = Action("stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7")
    kept = notice("a", urgency="critical", open="/report.md", actions=[action])
    store.add_notice(kept, "")
    assert store.notice("a") == kept
    assert store.pending() == [kept]
    assert isinstance(store.pending()[0].actions[0], Action)


def test_a_notice_that_never_was_is_none(store):
    assert store.notice("nobody") is None


def test_a_notice_with_the_same_key_is_the_earlier_one(store):
    assert store.add_notice(notice("a"), "key") == "a"
    assert store.add_notice(notice("b"), "key") == "a"
    assert [kept.id for kept in store.pending()] == ["a"]


def test_a_notice_with_the_same_key_is_not_shown_again_after_it_was_shown(store):
    store.add_notice(notice("a"), "key")
    store.move_notice("a", SHOWN)
    assert store.add_notice(notice("b"), "key") == "a"
    assert store.pending() == []


def test_a_silenced_notice_waits_for_nobody(store):
    store.add_notice(notice("a"), "", SILENCED)
    assert store.pending() == []
    assert store.notice("a") is not None


def test_the_slot_of_a_digest_is_taken_once(store):
    assert store.claim_digest("daily", NINE, NINE + 1, notice("a"))
    assert not store.claim_digest("daily", NINE, NINE + 2, notice("b"))
    assert [kept.id for kept in store.pending()] == ["a"]
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
    assert len(store.pending()) == 1


def test_every_day_and_every_kind_has_its_own_slot(store):
    assert store.claim_digest("daily", NINE, NINE, notice("a"))
    assert store.claim_digest("daily", NINE + DAY, NINE + DAY, notice("b"))
    assert store.claim_digest("weekly", NINE, NINE, notice("c"))


def test_before_the_first_digest_there_is_no_last_one(store):
    assert store.last_told("daily") is None


def test_a_claim_whose_notice_cannot_be_written_takes_no_slot(store):
    store.add_notice(notice("a"), "")
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
    assert store.count_activities(0) == len(set(keys)) + ("" in keys)
    store.close()


def test_everything_is_there_after_a_crash(store, file):
    log(store, summary="before the crash")
    store.add_notice(notice("a"), "key")
    store.claim_digest("daily", NINE, NINE, notice("b"))
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    after = reopened(copy / file.name)
    assert summaries(after) == ["before the crash"]
    assert [kept.id for kept in after.pending()] == ["a", "b"]
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
    assert again.count_activities(0) == 1
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
        after.pending()
        after.count_activities(0)
        assert log(after, when=1000, summary=f"after damage at {start}")
        after.close()


def test_a_full_disk_is_told_and_harms_nothing(store):
    log(store, summary="before")
    limit_pages(store, more=5)
    written = fill(store)
    with pytest.raises(Unavailable, match="full"):
        store.add_notice(notice("a", open="/" + "x" * 50_000), "")
    with pytest.raises(Unavailable, match="full"):
        store.claim_digest("daily", NINE, NINE, Notice("b", 1, "t", "x" * 50_000))
    assert (store.pending(), store.last_told("daily")) == ([], None)
    assert store.count_activities(0) == 1 + written
    assert store.check() == ""


def test_after_a_full_disk_got_room_the_log_goes_on(store):
    limit_pages(store, more=5)
    written = fill(store)
    limit_pages(store, more=1000)
    assert log(store, summary="x" * 10_000)
    assert store.count_activities(0) == written + 1


def test_the_version_of_the_tables_is_the_number_of_migrations(file):
    store = reopened(file)
    applied = store._connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0]
    assert applied == store._connection.execute("PRAGMA user_version").fetchone()[0] == TABLES_VERSION
    store.close()


def test_a_notice_that_was_clicked_before_its_showing_was_noted_stays_clicked(store):
    store.add_notice(notice("a"), "")
    store.move_notice("a", ACTED)
    store.move_notice("a", SHOWN)
    assert store._connection.execute("SELECT state FROM notices").fetchall() == [(ACTED,)]
