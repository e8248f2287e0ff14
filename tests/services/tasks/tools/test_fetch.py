"""Fetching from the web, from a real server."""

import threading

import pytest

from senter.errors import InvalidArgument, Unavailable
from senter.tasks.tools.fetch import fetch, fetch_all, host_of


def test_what_a_server_answers_is_fetched(serving):
    with serving(
        {"/é": (200, {}, b""), "/%C3%A9": (200, {"Content-Type": "text/plain; charset=latin-1"}, b"tea")}
    ) as web:
        answer = fetch(f"{web.address}/é", 100, 10)
    assert (answer.content, answer.kind, answer.charset) == (b"tea", "text/plain", "latin-1")


def test_an_answer_that_is_too_large_is_left(serving):
    with serving({"/": (200, {}, bytes(3_000_000))}) as web, pytest.raises(Unavailable, match="larger than 2 MB"):
        fetch(f"{web.address}/", 2_000_000, 10)


def test_an_answer_that_never_ends_is_left_in_time(serving):
    ends = threading.Event()
    with serving({"/": (200, {}, ends), "/tea": (200, {}, b"tea")}) as web:
        slow, quick = fetch_all([f"{web.address}/", f"{web.address}/tea"], 100, 0.3)
        ends.set()
    assert str(slow) == "127.0.0.1 takes too long to answer"
    assert quick.content == b"tea"


def test_a_redirect_is_followed_on_the_web(serving):
    with serving({"/": (302, {"Location": "/tea"}, b""), "/tea": (200, {}, b"tea")}) as web:
        assert fetch(f"{web.address}/", 100, 10).content == b"tea"


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:,a"])
def test_a_redirect_away_from_the_web_is_not_followed(serving, place):
    refused = pytest.raises(Unavailable, match=r"Redirection|leads away")
    with serving({"/": (302, {"Location": place}, b"")}) as web, refused:
        fetch(f"{web.address}/", 100, 10)


def test_a_redirect_in_a_circle_ends(serving):
    with serving({"/": (302, {"Location": "/"}, b"")}) as web, pytest.raises(Unavailable):
        fetch(f"{web.address}/", 100, 10)


def test_a_status_is_told(serving):
    with serving({}) as web, pytest.raises(Unavailable, match=r"^127\.0\.0\.1 answers 404 Not Found$"):
        fetch(f"{web.address}/a", 100, 10)


def test_a_server_that_is_not_there_is_told_in_a_few_words(serving):
    with serving({}) as web:
        address = web.address
    with pytest.raises(Unavailable, match=r"^127\.0\.0\.1 cannot be reached: Connection refused$"):
        fetch(address, 100, 10)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "tea",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://a.example",
        "http://",
        "http://[a",
        "http://a b",
        "http://a\n",
    ],
)
def test_what_is_not_on_the_web_is_refused(url):
    with pytest.raises(InvalidArgument, match="is not the address of a web page"):
        fetch(url, 100, 10)


def test_the_host_of_an_address_is_told():
    assert host_of("https://user:secret@a.example:8080/b") == "a.example"
