"""A request to a tool and its answer."""

import json

import pytest

from senter.errors import Denied, Internal, InvalidArgument, Unavailable
from senter.tasks.tools import catalogue
from senter.tasks.tools.child import answer, answered, request
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context, Tool, schema


@pytest.fixture
def tool(monkeypatch):
    """Put a tool that does what a test says into the catalogue."""

    def put(run):
        monkeypatch.setitem(catalogue.TOOLS, "tea", Tool("tea", "Makes tea.", schema(), run))
        return request("tea", {}, Context("question"))

    return put


def test_findings_come_back(tool):
    asked = tool(lambda parameters, context: Findings(context.question))
    assert answer(answered(asked)) == Findings("question")


def test_an_error_comes_back_as_what_it_is(tool):
    def refuse(parameters, context):
        raise Denied("no tea")

    with pytest.raises(Denied, match=r"^no tea$"):
        answer(answered(tool(refuse)))


def test_too_little_memory_is_told(tool):
    def grow(parameters, context):
        raise MemoryError

    with pytest.raises(Unavailable, match=r"^tea needs more memory than a tool may have$"):
        answer(answered(tool(grow)))


def test_what_is_not_expected_is_not_swallowed(tool):
    def fail(parameters, context):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answered(tool(fail))


def test_parameters_are_checked_first():
    with pytest.raises(InvalidArgument, match="needs the parameter folder"):
        answer(answered(request("file_search", {}, Context(""))))


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[]", "{}", '{"tool": "web_page"}', "5"])
def test_what_is_not_a_request_is_told(text):
    with pytest.raises(InvalidArgument, match="not the request of a tool"):
        answer(answered(text))


@pytest.mark.parametrize("text", ["", "{}", "[]", "5", '{"error": "Denied"}'])
def test_what_is_not_an_answer_is_an_internal_error(text):
    with pytest.raises(Internal, match="the tool did not answer"):
        answer(text)


@pytest.mark.parametrize("kind", ["SystemExit", "__doc__", "nonsense"])
def test_an_error_of_no_known_class_is_internal(kind):
    with pytest.raises(Internal, match=r"^no tea$"):
        answer(json.dumps({"error": kind, "text": "no tea"}))
