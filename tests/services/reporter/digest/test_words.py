"""What a digest says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.material import HOSTILE, activity, material, texts

from senter.reporter.digest.material import Material
from senter.reporter.digest.words import digest_text, progress_text, tally

COMING_IN = "   "
LONGEST_TOLD = 250

EVERYTHING = material(
    *["task_completed"] * 2,
    *("task_failed", "goal_completed", "research_complete", "research_complete", "learning_update"),
    *("goal_failed", "goal_waiting"),
    approvals=["Send it?"],
    costs=["12,000 tokens"],
    coming=["the deck: 2 steps left", "digest at 09:00"],
)


def newest(*kinds):
    """Activities as progress takes them: newest first."""
    return material(*kinds).activities[::-1]


def test_a_digest_of_nothing_says_so():
    assert digest_text(Material([], "the past 24 hours")) == "No activity in the past 24 hours."
    assert digest_text(Material([], "the past hour")) == "No activity in the past hour."


def test_when_nothing_was_done_what_waits_and_comes_is_still_told():
    told = material(approvals=["Send it?"], costs=["0 tokens"], coming=["a digest"])
    assert digest_text(told).splitlines() == [
        "No activity in the past 24 hours.",
        "",
        "✋ Waiting for your approval: 1",
        "   • Send it?",
        "💰 Cost: 0 tokens",
        "📅 Next: a digest",
    ]


def test_a_digest_tells_what_was_done_and_then_what_is_to_be_known():
    assert digest_text(EVERYTHING).splitlines() == [
        "📊 Activity Summary (9 events)",
        "",
        "✅ Tasks: 2 completed, 1 failed",
        "🎯 Goals achieved: 1",
        "   • goal_completed 4",
        "🔍 Research completed: 2 topics",
        "📚 New learnings: 1",
        "✋ Waiting for your approval: 1",
        "   • Send it?",
        "⚠️ Failed: 2",
        "   • goal_failed 8",
        "   • task_failed 3",
        "⏳ Waiting: 1",
        "   • goal_waiting 9",
        "💰 Cost: 12,000 tokens",
        "📅 Next:",
        "   • the deck: 2 steps left",
        "   • digest at 09:00",
    ]


def test_a_plain_digest_says_the_same_without_emoji():
    assert digest_text(EVERYTHING, plain=True).splitlines() == [
        "Activity Summary (9 events)",
        "",
        "Tasks: 2 completed, 1 failed",
        "Goals achieved: 1",
        "   * goal_completed 4",
        "Research completed: 2 topics",
        "New learnings: 1",
        "Waiting for your approval: 1",
        "   * Send it?",
        "Failed: 2",
        "   * goal_failed 8",
        "   * task_failed 3",
        "Waiting: 1",
        "   * goal_waiting 9",
        "Cost: 12,000 tokens",
        "Next:",
        "   * the deck: 2 steps left",
        "   * digest at 09:00",
    ]


@given(st.lists(st.sampled_from(["task_failed", "goal_failed", "goal_completed", "goal_waiting", "else"])))
def test_a_plain_digest_is_ascii(kinds):
    many = ["y" * 300] * 9
    assert digest_text(material(*kinds, approvals=many, costs=many, coming=many), plain=True).isascii()


def test_a_digest_names_three_goals_and_counts_all():
    lines = digest_text(material(*["goal_completed"] * 5)).splitlines()
    assert lines[2:] == ["🎯 Goals achieved: 5"] + [f"   • goal_completed {number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(("plain", "rest"), [(False, "   … and 2 more"), (True, "   ... and 2 more")])
def test_a_digest_gives_three_reasons_and_counts_the_others(plain, rest):
    lines = digest_text(material(*["task_failed"] * 5), plain).splitlines()
    assert len(lines) == 2 + 1 + 1 + 3 + 1
    assert lines[-1] == rest


def test_what_waits_for_approval_is_counted_also_beyond_what_is_shown():
    lines = digest_text(material(approvals=[f"question {number}" for number in range(7)])).splitlines()
    assert lines[2] == "✋ Waiting for your approval: 7"
    assert lines[-2:] == ["   • question 4", "   … and 2 more"]


def test_of_the_costs_of_many_days_the_newest_five_are_told():
    lines = digest_text(material(costs=[f"day {number}" for number in range(1, 9)])).splitlines()
    assert lines[2:] == ["💰 Cost:"] + [f"   • day {number}" for number in (4, 5, 6, 7, 8)]


def test_failed_tasks_alone_are_told_too():
    assert "✅ Tasks: 0 completed, 1 failed" in digest_text(material("task_failed"))


def test_what_has_no_line_of_its_own_is_counted():
    assert digest_text(material("plan_created")) == "📊 Activity Summary (1 event)"


def test_one_topic_is_told_in_the_singular():
    assert "🔍 Research completed: 1 topic" in digest_text(material("research_complete")).splitlines()


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=4), st.booleans())
def test_no_text_of_others_makes_a_line_of_its_own_or_a_long_one(summaries, plain):
    kinds = ("task_failed", "goal_completed", "goal_failed", "goal_waiting")
    done = [activity(kind, text) for kind in kinds for text in summaries]
    lines = digest_text(Material(done, "today", summaries, summaries, summaries), plain).split("\n")
    headings = ("Activity", "Tasks:", "Goals", "Waiting", "Failed:", "Cost", "Next")
    for line in filter(None, lines):
        assert line.startswith(COMING_IN) or any(heading in line[:10] for heading in headings)
        assert len(line) <= LONGEST_TOLD
        assert not set("\0\x1b\x07\r\u202e\u2028\ud800") & set(line)


@pytest.mark.parametrize("since", ["", "Sun 22:10"])
def test_no_progress_is_said_in_words(since):
    told = "since Sun 22:10" if since else "in the past 24 hours"
    assert progress_text([], 0, since) == f"No autonomous activity {told}."


def test_progress_tells_the_newest_five_oldest_first():
    assert progress_text(newest(*"abcdef"), 8, "Sun 22:10").splitlines() == [
        "While you were away (8 activities):",
        *("  • b 2", "  • c 3", "  • d 4", "  • e 5", "  • f 6"),
        "  … and 3 more",
        "  since Sun 22:10",
    ]


def test_progress_of_an_unknown_absence_is_that_of_a_day():
    assert progress_text(newest("a"), 1, "").splitlines() == [
        "While you were away (1 activity):",
        "  • a 1",
        "  in the past 24 hours",
    ]


@pytest.mark.parametrize("summary", HOSTILE, ids=range(len(HOSTILE)))
def test_progress_tells_any_summary_on_one_short_line(summary):
    _, line, _ = progress_text([activity("task_completed", summary)], 1, "").split("\n")
    assert line.startswith("  • ")
    assert len(line) <= LONGEST_TOLD
    assert not set("\0\x1b\x07\r\u202e\u2028\ud800") & set(line)


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ({}, "no activity"),
        ({"task_completed": 1}, "1 task completed"),
        ({"task_completed": 9, "task_failed": 1}, "9 tasks completed, 1 failed"),
        ({"task_failed": 1}, "1 task failed"),
        ({"task_failed": 2, "goal_failed": 1}, "2 tasks failed, 1 goal failed"),
        ({"plan_created": 1, "research_complete": 1}, "2 other"),
        ({"goal_cancelled": 1, "goal_waiting": 1, "plan_created": 1}, "1 goal cancelled, waited once, 1 other"),
        ({"goal_cancelled": 2, "goal_waiting": 3}, "2 goals cancelled, waited 3 times"),
        ({"goal_unanswered": 1}, "1 goal without an answer"),
        ({"goal_completed": 1, "goal_unanswered": 2}, "1 goal achieved, 2 goals without an answer"),
        ({"task_completed": 12345}, "12,345 tasks completed"),
        (
            {"task_completed": 9, "task_failed": 1, "goal_completed": 1, "plan_created": 2},
            "9 tasks completed, 1 failed, 1 goal achieved, 2 other",
        ),
    ],
)
def test_a_tally_is_one_short_line(counts, line):
    assert tally(counts) == line
