"""A request to a tool and its answer."""

import json

import pytest

from senter.errors import Denied, Internal, InvalidArgument, Unavailable
from senter.tasks.tools import catalogue, child, network_log
from senter.tasks.tools.child import answer, answered, request
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.network_log import Request
from senter.tasks.tools.tool import Context, Tool, schema


@pytest.fixture
def tool(monkeypatch):
    """Put a tool that does what a test says into the catalogue."""

    def put(run, asks="", approved=""):
        made = Tool("tea", "Makes tea.", schema(), run, "read", asks=lambda *_: asks)
        monkeypatch.setitem(catalogue.TOOLS, "tea", made)
        return request("tea", {}, Context("question", approved=approved))

    return put


def found(text):
    """The findings of an answer; its error is raised."""
    findings, _ = answer(text)
    if isinstance(findings, Exception):
        raise findings
    return findings


def test_findings_come_back(tool):
    asked = tool(lambda parameters, context: Findings(context.question))
    assert found(answered(asked)) == Findings("question")


@pytest.mark.parametrize("approved", ["", "make coffee", "make tea for two"])
def test_what_was_not_approved_word_for_word_is_not_done(tool, approved):
    asked = tool(lambda parameters, context: pytest.fail("it was run"), "make tea", approved)
    with pytest.raises(Denied, match=r"^nobody has approved to make tea$"):
        found(answered(asked))


def test_what_was_approved_is_done(tool):
    assert found(answered(tool(lambda *_: Findings("tea"), "make tea", "make tea"))) == Findings("tea")


@pytest.mark.parametrize("fails", [True, False])
def test_what_was_asked_of_the_network_comes_back_also_with_an_error(tool, monkeypatch, fails):
    monkeypatch.setattr(network_log, "REQUESTS", requests := [])
    monkeypatch.setattr(child, "REQUESTS", requests)

    def look(parameters, context):
        requests.append(Request(5, "https://a.example/", "93.184.216.34", "404"))
        if fails:
            raise Unavailable("not there")
        return Findings("there")

    findings, told = answer(answered(tool(look)))
    assert isinstance(findings, Unavailable) is fails
    assert told == (Request(5, "https://a.example/", "93.184.216.34", "404"),)


def test_an_error_comes_back_as_what_it_is(tool):
    def refuse(parameters, context):
        raise Denied("no tea")

    with pytest.raises(Denied, match=r"^no tea$"):
        found(answered(tool(refuse)))


def test_too_little_memory_is_told(tool):
    def grow(parameters, context):
        raise MemoryError

    with pytest.raises(Unavailable, match=r"^tea needs more memory than a tool may have$"):
        found(answered(tool(grow)))


def test_what_is_not_expected_is_not_swallowed(tool):
    def fail(parameters, context):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answered(tool(fail))


def test_parameters_are_checked_first():
    with pytest.raises(InvalidArgument, match=r"file_search.*folder"):
        found(answered(request("file_search", {}, Context(""))))


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[]", "{}", '{"tool": "web_page"}', "5"])
def test_what_is_not_a_request_is_told(text):
    with pytest.raises(InvalidArgument, match="not the request of a tool"):
        found(answered(text))


NO_ANSWERS = ["", "{}", "[]", "5", '{"error": "Denied"}', '{"findings": {}}', '{"findings": {}, "requests": [{}]}']


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_what_is_not_an_answer_is_an_internal_error(text):
    with pytest.raises(Internal, match="the tool did not answer"):
        answer(text)


@pytest.mark.parametrize("kind", ["SystemExit", "__doc__", "nonsense"])
def test_an_error_of_no_known_class_is_internal(kind):
    with pytest.raises(Internal, match=r"^no tea$"):
        found(json.dumps({"error": kind, "text": "no tea", "requests": []}))
