"""What ``[tasks]`` may say, one value a line."""

import math
import re

import pytest

from senter.errors import ConfigurationError
from senter.settings import TasksSettings
from senter.tasks.chosen import PATHS, SEARCH_URL, SERVERS, check


def test_what_is_so_without_a_word_is_accepted():
    check(TasksSettings())


ACCEPTED = {
    "max_concurrent_tasks": [1, 50],
    "search_results": [1, 50],
    "steps_per_goal": [1, 1000],
    "minutes_per_goal": [1, 10_000],
    "search_url": ["http://localhost:8888", "https://searx.example/", "http://[::1]:8888/searx"],
    "allowed_hosts": [(), ("wiki.lan", "nas.lan:8080"), ("10.0.0.7", "[::1]:80", "b\u00fccher.example")],
    "folders": [(), ("/", "~"), ("~/Documents", "/srv/two words")],
    "calendars": [("~/work.ics", "/srv/calendars")],
    "lid_hours": [0.0, 0.5, 24.0],
    "lid_battery": [0, 100],
}
REFUSED = {
    "max_concurrent_tasks": [(0, "at least 1"), (-1, "at least 1")],
    "search_results": [(0, "1 to 50, not 0"), (51, "1 to 50, not 51")],
    "steps_per_goal": [(0, "at least 1"), (-60, "at least 1")],
    "minutes_per_goal": [(0, "at least 1")],
    "search_url": [
        (address, SEARCH_URL)
        for address in (
            *("localhost:8888", "ftp://searx.example", "http://", "http:///search", "http://searx.example:x", " "),
            *("http://searx.example/?q=", "http://searx.example/#a", "http://ada:hunter2@searx.example"),
        )
    ],
    "allowed_hosts": [
        (("wiki.lan", server), f"{SERVERS}, not {told!r}")
        for server, told in {
            "http://nas.lan": "http://nas.lan/",
            "nas.lan/papers": "nas.lan/papers",
            "nas.lan/": "nas.lan/",
            "nas.lan:": "nas.lan:",
            "nas.lan:99999": "nas.lan:99999",
            "nas.lan:port": "nas.lan:port",
            "ada:hunter2@nas.lan": "\u2026@nas.lan",
            "*.lan": "*.lan",
            "::1": "::1",
            "": "",
        }.items()
    ],
    "folders": [
        (("/", path), f"{PATHS}, not {path!r}") for path in ("Documents", "./a", "", " /a", "~ada/papers", "/a\0b")
    ],
    "calendars": [(("work.ics",), f"{PATHS}, not 'work.ics'"), (("https://a.example/work.ics",), f"{PATHS}, not ")],
    "lid_hours": [(hours, f"0 to 24, not {hours:g}") for hours in (-1.0, 24.1, math.inf, math.nan)],
    "lid_battery": [(-1, "0 to 100, not -1"), (101, "0 to 100, not 101")],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key in ACCEPTED for value in ACCEPTED[key]])
def test_what_can_be_meant_is_accepted(key, value):
    check(TasksSettings(**{key: value}))


@pytest.mark.parametrize(
    ("key", "value", "words"), [(key, value, words) for key in REFUSED for value, words in REFUSED[key]]
)
def test_what_would_do_harm_or_nothing_is_refused(key, value, words):
    with pytest.raises(ConfigurationError, match=rf"^\[tasks\] {key} must be {re.escape(words)}"):
        check(TasksSettings(**{key: value}))


def test_no_password_is_told():
    for chosen in ({"search_url": "http://ada:hunter2@a.example"}, {"allowed_hosts": ("ada:hunter2@a.example",)}):
        with pytest.raises(ConfigurationError) as refused:
            check(TasksSettings(**chosen))
        assert "hunter2" not in str(refused.value)
