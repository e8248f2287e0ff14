"""Which tools there are, and what they take."""

from dataclasses import replace

import pytest

from senter.errors import InvalidArgument
from senter.tasks.tools.catalogue import TOOLS, check_parameters, tool_named
from senter.tasks.tools.tool import schema


def test_every_tool_says_what_it_is():
    for name, tool in TOOLS.items():
        assert tool.name == name
        assert tool.purpose.endswith(".")
        assert tool.parameters["additionalProperties"] is False
        assert set(tool.parameters["required"]) <= set(tool.parameters["properties"])


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("file_search", {"folder": "/a"}),
        ("file_search", {"folder": "/a", "query": "b"}),
        ("web_page", {}),
        ("web_page", {"urls": ["https://a.example"]}),
        ("file_write", {"path": "a", "content": ""}),
    ],
)
def test_parameters_that_fit_are_taken(name, parameters):
    check_parameters(name, parameters)


@pytest.mark.parametrize(
    ("name", "parameters", "told"),
    [
        ("file_search", {}, "the parameters of file_search must contain ['folder'] properties"),
        ("file_search", {"folder": 1}, "the parameter folder of file_search must be string"),
        ("file_search", {"folder": None}, "the parameter folder of file_search must be string"),
        ("file_search", {"folder": "/a", "deep": 3}, "the parameters of file_search must not contain {'deep'}"),
        ("web_page", {"urls": "https://a.example"}, "the parameter urls of web_page must be array"),
        ("web_page", {"urls": ["https://a.example", 1]}, "the parameter urls[1] of web_page must be string"),
        ("web_page", [], "the parameters of web_page must be object"),
        ("web_page", None, "the parameters of web_page must be object"),
        ("web_page", {"\x1b[2J": 1}, r"the parameters of web_page must not contain {'\x1b[2J'}"),
        ("web_page", {"\ud800" * 999: 1}, "the parameters of web_page must not contain"),
        ("shell", {}, 'there is no tool "shell"'),
    ],
)
def test_parameters_that_do_not_fit_are_named(name, parameters, told):
    with pytest.raises(InvalidArgument) as caught:
        check_parameters(name, parameters)
    assert str(caught.value).startswith(told)
    assert len(str(caught.value)) <= 200
    assert str(caught.value).isprintable()


class Strict:
    """A tool with a schema that a test writes."""

    def __init__(self, monkeypatch):
        self.patch = monkeypatch

    def complaint(self, value, **asked):
        """Why a value is no parameter ``x``; nothing when it is one."""
        probe = replace(TOOLS["web_page"], name="probe", parameters=schema(("x",), x=asked))
        self.patch.setitem(TOOLS, "probe", probe)
        try:
            check_parameters("probe", {"x": value})
        except InvalidArgument as error:
            return str(error)
        return ""


@pytest.fixture
def strict(monkeypatch):
    """Tools with schemas of the test's own."""
    return Strict(monkeypatch)


@pytest.mark.parametrize(
    ("asked", "fits", "does_not", "told"),
    [
        ({"type": "string", "minLength": 2}, "ab", "a", "must be longer than or equal to 2 characters"),
        ({"type": "string", "maxLength": 2}, "ab", "abc", "must be shorter than or equal to 2 characters"),
        ({"enum": ["a", "b"]}, "a", "c", "must be one of ['a', 'b']"),
        ({"type": "integer", "minimum": 1}, 1, 0, "must be bigger than or equal to 1"),
        ({"type": "integer", "maximum": 1}, 1, 2, "must be smaller than or equal to 1"),
        ({"type": "integer"}, 1, True, "must be integer"),
        ({"type": "integer"}, 1, 1.5, "must be integer"),
        ({"type": "boolean"}, True, 1, "must be boolean"),
        ({"type": "array", "maxItems": 1}, ["a"], ["a", "b"], "must contain less than or equal to 1 items"),
        ({"type": "array", "minItems": 1}, ["a"], [], "must contain at least 1 items"),
        ({"type": "string", "pattern": "^[a-z]+$"}, "a", "A", "must match pattern ^[a-z]+$"),
    ],
)
def test_what_a_schema_asks_is_told(strict, asked, fits, does_not, told):
    assert strict.complaint(fits, **asked) == ""
    assert strict.complaint(does_not, **asked) == f"the parameter x of probe {told}"


def test_a_check_adds_nothing_to_the_parameters(monkeypatch):
    probe = replace(TOOLS["web_page"], parameters=schema(x={"type": "string", "default": "a"}))
    monkeypatch.setitem(TOOLS, "probe", probe)
    parameters = {}
    check_parameters("probe", parameters)
    assert parameters == {}


def test_a_tool_is_found_by_its_name():
    assert tool_named("web_page") is TOOLS["web_page"]
