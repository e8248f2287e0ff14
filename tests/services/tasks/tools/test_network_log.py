"""What is noted of the network, on its way from the process of a tool."""

import json

import pytest

from senter.tasks.tools.network_log import Request, from_rows, to_rows

REQUEST = Request(1_700_000_000_000_000, "https://a.example/ü", "8.8.8.8", "200, 3 bytes")


def test_requests_travel_as_json():
    rows = json.loads(json.dumps(to_rows([REQUEST, REQUEST])))
    assert from_rows(rows) == (REQUEST, REQUEST)


def test_for_which_task_it_was_is_not_for_the_tool_to_say():
    (row,) = to_rows([REQUEST])
    assert from_rows([{**row, "task_id": "7"}]) == (REQUEST,)


@pytest.mark.parametrize("rows", [[{}], [5], 5, None, [{"time": "x", "url": "", "address": "", "outcome": ""}]])
def test_what_is_something_else_is_an_error(rows):
    with pytest.raises((TypeError, KeyError, ValueError)):
        from_rows(rows)
