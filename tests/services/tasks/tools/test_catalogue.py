"""Which tools there are, and what they take."""

import pytest

from senter.errors import InvalidArgument
from senter.tasks.tools.catalogue import TOOLS, check_parameters, tool_named


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
        ("file_search", {}, "file_search needs the parameter folder"),
        ("file_search", {"folder": 1}, "the parameter folder of file_search must be text"),
        ("file_search", {"folder": None}, "the parameter folder of file_search must be text"),
        ("file_search", {"folder": "/a", "depth": 3}, 'file_search has no parameter "depth"'),
        ("web_page", {"urls": "https://a.example"}, "the parameter urls of web_page must be a list of texts"),
        ("web_page", {"urls": [1]}, "the parameter urls of web_page must be a list of texts"),
        ("web_page", [], "the parameters of web_page must be an object"),
        ("web_page", {"\x1b[2J": 1}, 'web_page has no parameter "[2J"'),
        ("shell", {}, 'there is no tool "shell"'),
    ],
)
def test_parameters_that_do_not_fit_are_named(name, parameters, told):
    with pytest.raises(InvalidArgument) as caught:
        check_parameters(name, parameters)
    assert str(caught.value).startswith(told)


def test_a_tool_is_found_by_its_name():
    assert tool_named("web_page") is TOOLS["web_page"]
