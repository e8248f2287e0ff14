"""Searching the web: by a real server that answers as SearXNG does, and by engines that a test replaces."""

import json

import ddgs
import pytest
from ddgs.exceptions import DDGSException, RatelimitException, TimeoutException

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools import web_search
from senter.tasks.tools.findings import Passage
from senter.tasks.tools.network_log import REQUESTS
from senter.tasks.tools.tool import Context


@pytest.fixture(autouse=True)
def log():
    """What was noted in this test."""
    REQUESTS.clear()
    return REQUESTS


def answer(*results):
    """The pages of a server with these results."""
    return {"/search": (200, {"Content-Type": "application/json"}, json.dumps({"results": results}).encode())}


def result(number, **fields):
    """One result as SearXNG gives it."""
    return {"url": f"https://{number}.example", "title": f"T {number}", "content": f"S {number}", **fields}


def search(web, query="cure days", results=5):
    """The findings of a search by a server."""
    return web_search.run({"query": query}, Context("", search_url=f"{web.address}/", search_results=results))


def test_every_result_is_a_passage(serving):
    with serving(answer(result(1), result(2))) as web:
        findings = search(web, "cure & days?")
        assert web.asked == ["/search?q=cure+%26+days%3F&format=json"]
    assert findings.passages == (
        Passage("https://1.example", "", "T 1", "S 1"),
        Passage("https://2.example", "", "T 2", "S 2"),
    )
    assert findings.text == 'Found 2 pages for "cure & days?".'


def test_the_server_of_the_user_may_lead_to_no_other_that_is_not_public(serving, log):
    with serving(answer(result(1))) as other:
        away = {"/search": (302, {"Location": f"{other.address}/search"}, b"")}
        with (
            serving(away) as web,
            pytest.raises(Denied, match=r"^the web cannot be searched: .* not a public"),
        ):
            search(web)
        assert other.asked == []
    assert [request.outcome for request in log] == ["302, Found", "refused: 127.0.0.1 is not a public address"]


@pytest.mark.parametrize("server", ["http://ada:hunter2@127.0.0.1:1/", "https://ada@a.example"])
def test_a_server_with_a_password_in_its_address_is_refused_without_telling_it(server, log):
    with pytest.raises(Denied, match="a name or a password in it") as caught:
        web_search.run({"query": "cure"}, Context("", search_url=server))
    assert "ada" not in f"{caught.value} {log}"


@pytest.mark.parametrize("server", ["127.0.0.1:8888", "file:///etc/passwd", "http://[", "nonsense"])
def test_a_server_that_is_none_is_refused(server):
    with pytest.raises(InvalidArgument, match=r"^the web cannot be searched: .* is not the address of a web page$"):
        web_search.run({"query": "cure"}, Context("", search_url=server))


def test_a_search_is_one_request(serving, log):
    with serving(answer(result(1))) as web:
        search(web)
    (request,) = log
    assert request.url == f"{web.address}/search?q=cure+days&format=json"
    assert (request.address, request.outcome[:5]) == ("127.0.0.1", "200, ")


def test_only_so_many_results_are_taken_each_address_once(serving):
    with serving(answer(result(1), result(1), *[result(number) for number in range(2, 9)])) as web:
        assert [each.title for each in search(web, results=3).passages] == ["T 1", "T 2", "T 3"]


def test_what_a_server_says_is_made_harmless(serving):
    hostile = [
        result(1, url="file:///etc/passwd"),
        result(2, url="javascript:alert(1)"),
        result(2, url="http://ada:hunter2@a.example/"),
        result(2, url="http://a.example\\@127.0.0.1/"),
        "nonsense",
        result(3, title="\x1b[2J a\nb", content="x" * 9999),
        result(4, title=None, content=7),
    ]
    with serving(answer(*hostile)) as web:
        third, fourth = search(web).passages
    assert (third.title, len(third.text)) == ("[2J a b", 2000)
    assert (fourth.title, fourth.text) == ("", "7")


def test_no_result_is_noted(serving):
    with serving(answer()) as web:
        findings = search(web)
    assert findings.passages == ()
    assert findings.notes == ('the web search for "cure days" found nothing',)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"results": 5}', b"[" * 100_000, b"\xff"])
def test_a_server_that_is_not_searxng_is_told(serving, body):
    with serving({"/search": (200, {}, body)}) as web, pytest.raises(Unavailable, match=r"as SearXNG does$"):
        search(web)


def test_a_server_that_refuses_is_told(serving):
    with serving({"/search": (403, {}, b"")}) as web, pytest.raises(Unavailable) as caught:
        search(web)
    assert str(caught.value) == "the web cannot be searched: 127.0.0.1 answers 403 Forbidden"


def test_an_empty_query_is_refused():
    with pytest.raises(InvalidArgument, match="query is empty"):
        web_search.run({"query": " \n"}, Context(""))


@pytest.fixture
def engines(monkeypatch):
    """Replace the public engines: they answer or raise what is put into the list."""
    answers = []

    class Engines:
        def __init__(self, timeout):
            assert timeout == 10

        def text(self, query, max_results):
            if isinstance(answers[0], Exception):
                raise answers[0]
            return answers[0][:max_results]

    monkeypatch.setattr(ddgs, "DDGS", Engines)
    return answers


def test_without_a_server_public_engines_are_asked(engines, log):
    engines.append([{"href": "https://a.example", "title": "A", "body": "Thirty days."}])
    findings = web_search.run({"query": "cure"}, Context(""))
    assert findings.passages == (Passage("https://a.example", "", "A", "Thirty days."),)
    assert [(request.url, request.address, request.outcome) for request in log] == [
        ("search engines, by ddgs: cure", "", "results: 1")
    ]


def test_engines_that_find_nothing_are_no_error(engines, log):
    engines.append(DDGSException("No results found."))
    assert web_search.run({"query": "cure"}, Context("")).notes
    assert [request.outcome for request in log] == ["results: 0"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            DDGSException("DNSError: DNSError('error sending request for url > dns\nerror')"),
            "no search engine can be reached",
        ),
        (TimeoutException("took 10 s"), "no search engine answers in time"),
        (RatelimitException("202 Ratelimit"), "202 Ratelimit"),
        (DDGSException("a\n" * 999), "a a"),
    ],
)
def test_engines_that_fail_are_told_in_a_short_sentence(engines, log, error, told):
    engines.append(error)
    with pytest.raises(Unavailable) as caught:
        web_search.run({"query": "cure"}, Context(""))
    assert str(caught.value).startswith(f"the web cannot be searched: {told}")
    assert [request.outcome[:8] for request in log] == ["failed: "]
    assert len(str(caught.value)) < 140
    assert "\n" not in str(caught.value)
