"""Topics, preferences and events as tables, where there is no terminal."""

from datetime import datetime

from senter.cli.profile.tables import ChangingTopic, Topic, print_events, print_preferences, print_topics
from senter.learning.event import Recorded
from senter.learning.preferences.belief import Preference

NOW = datetime(2026, 11, 22, 14, 5).astimezone()
TIME = int(NOW.timestamp()) * 1_000_000
HOSTILE = "\x1b[2J[red]cats\nand\u202e dogs"
HARMLESS = "[2J[red]cats and dogs"


def rows(capsys):
    """What was printed, in cells."""
    lines = capsys.readouterr().out.splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_a_topic_has_its_weight_and_when_it_was_mentioned(capsys):
    print_topics([Topic(HOSTILE, 3.14159, TIME)], 0, NOW)
    assert rows(capsys) == [["TOPIC", "WEIGHT", "LAST MENTIONED"], [HARMLESS, "3.14", "Sun 22 Nov 14:05"]]


def test_a_topic_has_its_trend_where_days_are_compared(capsys):
    topics = [ChangingTopic("cats", 1.0, TIME, 0.5), ChangingTopic("dogs", 1.0, TIME, None)]
    print_topics(topics, 7, NOW)
    heading, cats, dogs = rows(capsys)
    assert (heading[-1], cats[-1], dogs[-1]) == ("IN 7 DAYS", "more often (+0.50)", "-")
    print_topics(topics, 1, NOW)
    assert rows(capsys)[0][-1] == "IN THE LAST DAY"


def test_a_preference_says_whether_it_counts(capsys):
    print_preferences(
        [
            Preference("style", "formality", HOSTILE, 1.0, 0, set_by_user=True),
            Preference("style", "response_length", "brief", 0.61, 3),
            Preference("style", "technical_level", "high", 0.6, 12),
        ]
    )
    assert rows(capsys)[1:] == [
        ["style", "formality", HARMLESS, "100 %", "0", "set by you"],
        ["style", "response_length", "brief", "61 %", "3", "yes"],
        ["style", "technical_level", "high", "60 %", "12", "not yet"],
    ]


def test_an_event_is_one_row_whatever_was_said(capsys):
    print_events([Recorded("1", "user_query", HOSTILE, TIME, 14, 6)], NOW)
    print_events([Recorded("1", "user_query", "word " * 1000, TIME, 14, 6)], NOW)
    first, second, _, third = rows(capsys)
    assert (first, second) == (
        ["TIME", "TYPE", "CONTENT"],
        ["Sun 22 Nov 14:05", "user_query", HARMLESS],
    )
    assert third[-1].endswith("…") and len(third[-1]) == 200
