"""What a step gives to those after it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.errors import InvalidArgument
from senter.tasks.tools.findings import Findings, Passage, from_json, merged, to_json

PASSAGE = Passage("/home/a/cure.md", "line 3", "cure.md", "Thirty days.")
TEXTS = st.text()


@given(
    st.builds(
        Findings,
        TEXTS,
        st.lists(st.builds(Passage, TEXTS, TEXTS, TEXTS, TEXTS)).map(tuple),
        st.lists(TEXTS).map(tuple),
        TEXTS,
        st.lists(TEXTS).map(tuple),
    )
)
def test_findings_come_back_from_json_as_they_were(findings):
    assert from_json(to_json(findings)) == findings


def test_findings_without_a_field_have_it_empty():
    assert from_json('{"text": "a"}') == Findings("a")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"text": 1}', '{"notes": [1]}', '{"notes": 5}', '{"passages": [{"source": "a"}]}', "null"],
)
def test_what_is_not_findings_is_refused(text):
    with pytest.raises(InvalidArgument, match="not the findings"):
        from_json(text)


def test_merged_findings_keep_the_order_and_each_thing_once():
    other = Passage("https://a.example", "", "A", "Sixty days.")
    both = merged(
        [
            Findings("One.", (PASSAGE,), ("no web",), "the model", ("/w/a",)),
            Findings(passages=(other, PASSAGE), notes=("no web", "no disk")),
            Findings("Two.", thinking="the model", files=("/w/b", "/w/a")),
        ]
    )
    assert both == Findings("One.\n\nTwo.", (PASSAGE, other), ("no web", "no disk"), "the model", ("/w/a", "/w/b"))


def test_nothing_merged_is_nothing():
    assert merged([]) == Findings()
