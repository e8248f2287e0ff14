"""What is known of the user, in words and bars."""

from dataclasses import replace
from datetime import datetime

import pytest

from senter.cli.profile.words import (
    NOTHING_KNOWN,
    Known,
    duration,
    forgotten,
    hours_chart,
    peak_hours,
    percent,
    preference,
    summary,
    trend,
    when,
)
from senter.learning.habits.goals import GoalPattern
from senter.learning.knowing.summary import Profile, Statistics
from senter.learning.preferences.belief import Preference

NOW = datetime(2026, 11, 22, 14, 5).astimezone()
TOMORROW = int(datetime(2026, 11, 23, 9, 0).astimezone().timestamp()) * 1_000_000
LAST_YEAR = int(datetime(2025, 11, 23, 9, 0).astimezone().timestamp()) * 1_000_000
BRIEF = Preference("style", "response_length", "brief", 0.875, 7)
RESEARCH = GoalPattern("research", 5, 4, 0.8, 725.0)
KNOWN = Known(
    Profile(
        total_interactions=1204,
        unique_topics=37,
        top_topics=["Rust ownership", "sourdough bread"],
        peak_hours=[9, 14],
        next_active=TOMORROW,
        next_active_confidence=0.666,
        digest_hour=8,
        goals=[RESEARCH, replace(RESEARCH, kind="writing", usual_seconds=0.0)],
    ),
    Statistics(1204, {}, 37, 2, 1),
    [Preference("schedule", "digest_hour", "8", 1.0, 0, True), BRIEF, replace(BRIEF, confidence=0.6, key="other")],
    {"9": 3.0, "14": 2.0, "15": 1.0},
)
SUMMARY = """\
Preferences:  schedule digest_hour: 8 (set by you)
              style response_length: brief (88 % sure)
Interests:    Rust ownership, sourdough bread
Mostly there: at 9:00, 14:00
Next time:    Mon 23 Nov 09:00, 67 % sure
Digest suits: at 8:00
Goals:        research: 4 of 5 reached (80 %), usually in 12 min
              writing: 4 of 5 reached (80 %)
Kept:         1,204 events, 37 topics, 1 session"""
HOSTILE = "\x1b[2Jcats\nand\u202e dogs"


def test_the_profile_has_what_counts():
    assert summary(KNOWN, NOW, 80) == SUMMARY


def test_what_is_not_known_is_left_out():
    known = Known(Profile(peak_hours=[9, 10, 14, 15]), Statistics(1), hours={"20": 1.0})
    assert summary(known, NOW, 80) == "Digest suits: at 9:00\nKept:         1 event, 0 topics, 0 sessions"


def test_where_nothing_is_known_one_line_says_so_and_how_to_begin():
    assert summary(Known(), NOW, 80) == NOTHING_KNOWN
    assert "\n" not in NOTHING_KNOWN and "senter goals add" in NOTHING_KNOWN
    assert "other" in summary(Known(preferences=[replace(BRIEF, key="other")]), NOW, 80)


def test_long_values_are_wrapped_beside_their_title():
    known = Known(Profile(top_topics=["one topic", "another topic", "a third one"]), Statistics(1))
    assert summary(known, NOW, 34).splitlines()[:3] == [
        "Interests:    one topic,",
        "              another topic,",
        "              a third one",
    ]


def test_texts_of_others_do_nothing():
    profile = Profile(top_topics=[HOSTILE], goals=[replace(RESEARCH, kind=HOSTILE)])
    belief = Preference(HOSTILE, HOSTILE, HOSTILE, 0.9, 1)
    told = summary(Known(profile, Statistics(1), [belief]), NOW, 200)
    assert told.count("[2Jcats and dogs") == 5
    assert "\x1b" not in told and "\u202e" not in told
    assert preference(belief) == "[2Jcats and dogs [2Jcats and dogs: [2Jcats and dogs (90 % sure)"


@pytest.mark.parametrize(
    ("told", "hours", "peaks"),
    [
        ([9, 14], {"9": 2.0, "14": 1.0, "3": 0.5}, [9, 14]),
        ([9], {"9": 2.0}, [9]),
        ([9, 10, 14, 15], {"9": 2.0, "20": 1.0}, []),
        ([9, 10, 14, 15], {"9": 1.0, "10": 1.0, "14": 1.0, "15": 1.0, "20": 3.0}, []),
        ([9, 10, 14, 15], {}, []),
        ([], {}, []),
    ],
)
def test_the_usual_hours_are_no_knowledge(told, hours, peaks):
    assert peak_hours(told, hours) == peaks


def test_hours_and_days_are_bars_that_fit_a_terminal():
    chart = hours_chart({"0": 1.0, "12": 3.0, "23": 0.01}, {"0": 4.0, "6": 0.01}, [0, 12, 23])
    lines = chart.splitlines()
    assert lines[:2] == ["By hour of the day", f"{'   0  ████████ 25 %':<40}  12  {'█' * 24} 75 %"]
    assert lines[12] == f"{'  11':<40}  23  █ 0 %"
    assert lines[13:16] == ["", "By day of the week", f" Mon  {'█' * 24} 100 %"]
    assert lines[16] == " Tue"
    assert lines[-3:] == [" Sun  █ 0 %", "", "Most happens at 0:00, 12:00, 23:00."]
    assert max(map(len, lines)) <= 80


def test_a_chart_without_peaks_ends_with_sunday():
    assert hours_chart({"20": 1.0}, {"6": 1.0}, [9, 10, 14, 15]).endswith(f" Sun  {'█' * 24} 100 %")


@pytest.mark.parametrize(
    ("change", "words"),
    [(None, "-"), (0.0, "as often as before"), (0.6, "more often (+0.60)"), (-0.333, "less often (-0.33)")],
)
def test_a_trend_is_told_in_words(change, words):
    assert trend(change) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.6, "1 min"),
        (725.0, "12 min"),
        (3600.0, "1 h"),
        (6600.0, "1 h 50 min"),
        (86_400.0, "1 d"),
        (100_000.0, "1 d 3 h"),
    ],
)
def test_a_duration_is_told_as_people_do(seconds, words):
    assert duration(seconds) == words


def test_a_time_has_its_year_when_that_is_another_one():
    assert when(TOMORROW, NOW) == "Mon 23 Nov 09:00"
    assert when(LAST_YEAR, NOW) == "23 Nov 2025 09:00"


def test_shares_are_whole_percents():
    assert [percent(share) for share in (0.0, 0.004, 0.666, 1.0)] == ["0 %", "0 %", "67 %", "100 %"]


@pytest.mark.parametrize(
    ("kind", "count", "words"),
    [
        ("topic", 1, "1 event is forgotten."),
        ("before", 1204, "1,204 events are forgotten."),
        ("preference", 1, "1 sign is forgotten."),
        ("since", 0, "There was nothing to forget."),
        ("everything", 0, "Everything is forgotten."),
        ("everything", 2, "Everything is forgotten."),
    ],
)
def test_what_was_forgotten_is_counted(kind, count, words):
    assert forgotten(kind, count) == words
