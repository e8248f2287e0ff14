"""What a tool is told."""

import json

import pytest

from senter.errors import InvalidArgument
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context, context_of, schema


def test_a_context_travels_as_json():
    earlier = Findings("a", (Passage("/a", "line 1", "a", "text"),), ("note",))
    context = Context("question", ("/a", "/b"), "/w", earlier, 3, "http://a.example", ("/srv", "~"), ("a:80", "b"))
    assert context_of(json.loads(json.dumps(context.fields()))) == context


@pytest.mark.parametrize(
    "fields", [{}, {"folders": [], "earlier": "{}"}, {"question": "a", "folders": 5, "earlier": "{}"}, {"shell": 1}]
)
def test_what_is_not_a_context_is_refused(fields):
    with pytest.raises(InvalidArgument, match="not the context of a tool"):
        context_of(fields)


def test_without_more_everything_may_be_read_that_is_named_and_only_public_servers_asked():
    assert (Context("").roots, Context("").hosts) == (("/",), ())


def test_a_schema_takes_nothing_else():
    assert schema(("a",), a={"type": "string"}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
