"""What the page of a digest shows."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clock import BERLIN
from support.material import MORNING, activity, material, texts, week

from senter.reporter.digest.material import Material
from senter.reporter.digest.page import Day, link, values


def page(told, days=None, **more):
    """The values of the page of a digest, in Berlin."""
    return values("Daily digest", told, days or week(), zone=BERLIN, **more)


def test_the_head_of_a_page_names_it_and_says_how_much_was_done():
    shown = page(material("a", "b"), made=MORNING)
    assert (shown["title"], shown["lead"]) == ("Daily digest", "2 events in the past 24 hours")
    assert shown["made"] == "Sunday 22 November 2026, 09:00"


def test_a_page_of_nothing_says_so():
    shown = page(material())
    assert (shown["lead"], shown["made"]) == ("No activity in the past 24 hours", "")
    assert (shown["sections"], shown["days"], shown["left_out"]) == ([], [], 0)


def test_what_waits_for_the_user_comes_first():
    headings = [section["heading"] for section in page(material("task_failed", approvals=["?"]))["sections"]]
    assert headings == ["Waiting for your approval: 1", "Tasks: 0 completed, 1 failed", "Failed: 1"]


def test_a_plain_page_has_no_emoji():
    assert [section["emoji"] for section in page(material("goal_completed"), plain=True)["sections"]] == [""]
    assert [section["emoji"] for section in page(material("goal_completed"))["sections"]] == ["🎯"]


def test_a_long_section_says_how_much_it_leaves_out():
    (section,) = page(material(coming=[f"step {number}" for number in range(53)]))["sections"]
    assert (len(section["lines"]), section["left_out"]) == (50, 3)


def test_a_page_tells_the_costs_of_all_days_the_oldest_first():
    days = [f"day {number}" for number in range(1, 9)]
    (section,) = page(material(costs=days))["sections"]
    assert ([line["text"] for line in section["lines"]], section["left_out"]) == (days, 0)


def test_activities_are_told_day_by_day_with_local_times():
    done = [activity("task_completed", text, hours * 60) for text, hours in (("a", 0), ("b", 14), ("c", 15))]
    days = page(Material(done, "today"))["days"]
    assert [day["date"] for day in days] == ["Sunday 22 November", "Monday 23 November"]
    assert [[(told["clock"], told["text"]) for told in day["activities"]] for day in days] == [
        [("09:00", "a"), ("23:00", "b")],
        [("00:00", "c")],
    ]
    assert days[1]["activities"][0]["time"] == "2026-11-23T00:00:00+01:00"


def test_times_are_those_of_the_machine(in_berlin):
    shown = values("Digest", material("a"), week(), made=MORNING)
    assert shown["made"].endswith("09:00")
    assert shown["days"][0]["activities"][0]["clock"] == "09:01"


def test_of_very_many_activities_the_newest_500_are_told():
    shown = page(material(*["task_completed"] * 503))
    told = [told["text"] for day in shown["days"] for told in day["activities"]]
    assert (len(told), told[0], told[-1]) == (500, "task_completed 4", "task_completed 503")
    assert (shown["kept"], shown["left_out"], shown["lead"]) == (500, 3, "503 events in the past 24 hours")


def test_the_week_is_counted_by_what_came_of_it():
    counts = {"task_completed": 3, "goal_completed": 2, "task_failed": 1, "goal_failed": 1, "a": 4, "<b>": 5}
    monday, *_ = page(material(), week(counts))["week"]
    assert monday == {"label": "Mon 16", "counts": {"completed": 3, "goals": 2, "failed": 2, "other": 9}}


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("/home/me/a report.md", "file:///home/me/a%20report.md"),
        ('/tmp/"><script>.md', "file:///tmp/%22%3E%3Cscript%3E.md"),
        ("/tmp/ü\n\u202e", "file:///tmp/%C3%BC%0A%E2%80%AE"),
        ("https://example.org/a?b=c#d", "https://example.org/a?b=c#d"),
        ("http://example.org", "http://example.org"),
    ],
)
def test_a_report_or_a_web_page_can_be_opened(target, address):
    assert link(target) == address


@pytest.mark.parametrize(
    "target",
    [
        *("", "report.md", "~/report.md", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd"),
        *("//example.org/x", "ftp://example.org", "http://", "https:///x", "https://[::1", "HTTPS://example.org"),
        *(
            "https://a b",
            "https://a\n.org",
            "https://a\t.org",
            "https://a/\u202ex",
            "https://\ud800",
            "/tmp/\ud800",
        ),
        *("/" + "x" * 4000, "https://a/" + "x" * 4000, " https://example.org", "\x01https://example.org"),
    ],
)
def test_nothing_else_can_be_opened(target):
    assert link(target) == ""


@given(texts, texts)
def test_a_link_has_one_of_three_beginnings(target, rest):
    for tried in (target, f"/{rest}", f"https://example.org/{rest}"):
        assert link(tried).startswith(("file:///", "http://", "https://")) or link(tried) == ""


@settings(deadline=None)
@given(st.lists(texts), texts)
def test_whatever_was_logged_becomes_values_that_can_be_sent_and_written(summaries, title):
    done = [activity(kind, text, target=text) for kind in ("goal_completed", "<i>") for text in summaries]
    told = Material(done, "today", summaries, summaries, summaries)
    shown = values(title, told, [Day(title, {title: 1})] * 7, zone=BERLIN)
    sent = json.dumps(shown)
    assert json.loads(sent) == shown
    assert len(sent) < 10_000 * (1 + len(summaries))
    for section in shown["sections"]:
        for line in section["lines"]:
            line["text"].encode()
