"""What a digest says, and when it is due."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import Clock

from senter.reporter.activity import Activity
from senter.reporter.digest import DAILY_AT, Slot, daily_slot, daily_title, digest_text, progress_text

MOMENTS = st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def activities(*types):
    """One activity of each type, a second apart."""
    return [
        Activity(str(number), number * 1_000_000, kind, ":1.1", f"{kind} {number}", "normal")
        for number, kind in enumerate(types, 1)
    ]


def local(moment):
    """A moment as the reporter's clock tells it in Berlin."""
    clock = Clock("2026-01-01 00:00")
    clock.forward(seconds=moment.timestamp() - clock().timestamp())
    return clock()


def test_the_slot_of_a_moment_is_the_nine_o_clock_before_it():
    now = Clock("2026-11-22 10:30")()
    assert daily_slot(now) == Slot(due=now.replace(hour=9, minute=0), late=True)


def test_before_nine_the_slot_is_that_of_the_day_before():
    slot = daily_slot(Clock("2026-11-22 08:59:59.999999")())
    assert f"{slot.due:%Y-%m-%d %H:%M}" == "2026-11-21 09:00"


@given(MOMENTS)
def test_a_slot_is_never_in_the_future_and_less_than_a_day_and_an_hour_ago(moment):
    now = local(moment)
    due = daily_slot(now).due
    assert timedelta(0) <= now - due < timedelta(hours=25)
    assert due.time() == DAILY_AT


@given(MOMENTS, st.integers(0, 86_399))
def test_two_moments_between_nine_and_nine_share_a_slot(moment, later):
    first = daily_slot(local(moment))
    second = daily_slot(local(moment + timedelta(seconds=later)))
    assert second.due.date() - first.due.date() in (timedelta(0), timedelta(days=1))
    if local(moment + timedelta(seconds=later)).date() == local(moment).date() and local(moment).hour >= 9:
        assert second.due.date() == first.due.date()


@given(MOMENTS)
def test_a_digest_is_late_five_minutes_after_its_time(moment):
    slot = daily_slot(local(moment))
    assert slot.late is (local(moment) - slot.due > timedelta(minutes=5))


@pytest.mark.parametrize(
    ("time", "title"),
    [
        ("2026-11-22 09:00", "Daily digest"),
        ("2026-11-22 09:05", "Daily digest"),
        ("2026-11-22 09:05:00.000001", "Daily digest (late, was due Sun 09:00)"),
        ("2026-11-22 08:00", "Daily digest (late, was due Sat 09:00)"),
    ],
)
def test_a_late_digest_says_when_it_was_due(time, title):
    assert daily_title(daily_slot(Clock(time)())) == title


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_on_the_day_the_clocks_change_nine_o_clock_is_on_time(day):
    assert not daily_slot(Clock(f"{day} 09:00")()).late


def test_a_digest_of_nothing_says_so():
    assert digest_text([]) == "No activity in the past 24 hours."
    assert digest_text([], "the past hour") == "No activity in the past hour."


def test_a_digest_counts_what_was_done():
    told = activities(
        *["task_completed"] * 2, "task_failed", "goal_completed", *["research_complete"] * 2, "learning_update"
    )
    assert digest_text(told).splitlines() == [
        "📊 Activity Summary (7 events)",
        "",
        "✅ Tasks: 2 completed, 1 failed",
        "🎯 Goals achieved: 1",
        "   • goal_completed 4",
        "🔍 Research completed: 2 topics",
        "📚 New learnings: 1",
    ]


def test_a_digest_names_three_goals_and_counts_all():
    lines = digest_text(activities(*["goal_completed"] * 5)).splitlines()
    assert lines[2:] == ["🎯 Goals achieved: 5"] + [f"   • goal_completed {number}" for number in (1, 2, 3)]


def test_failed_tasks_alone_are_told_too():
    assert "✅ Tasks: 0 completed, 1 failed" in digest_text(activities("task_failed"))


def test_what_has_no_line_of_its_own_is_counted():
    assert digest_text(activities("plan_created")).strip() == "📊 Activity Summary (1 event)"


def test_no_progress_is_said_in_words():
    assert progress_text([], 0) == "No autonomous activity in the past 24 hours."


def test_progress_tells_the_newest_five_oldest_first():
    newest_first = activities(*"abcde")[::-1]
    assert progress_text(newest_first, 8).splitlines() == [
        "While you were away (8 activities):",
        *(f"  • {activity.summary}" for activity in newest_first[::-1]),
        "  … and 3 more",
    ]


def test_progress_of_one_activity_is_told_in_the_singular():
    assert progress_text(activities("a"), 1) == "While you were away (1 activity):\n  • a 1"
