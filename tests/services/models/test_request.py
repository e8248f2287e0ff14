"""What may be asked of a model worker, and how it is asked."""

import json

import pytest

from senter.errors import InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models import request
from senter.models.request import (
    CANCELLED,
    ERROR,
    LONGEST_QUESTION,
    MANNERS,
    OK,
    GenerateOptions,
    Message,
    Outcome,
    check_id,
    check_options,
    in_manner,
    messages_of,
    require_ok,
)

HELLO = {"role": "user", "content": "Hello"}


def test_a_conversation_keeps_its_order():
    rows = [{"role": "system", "content": "Rhyme."}, HELLO, {"role": "assistant", "content": "Hi"}]
    assert messages_of(rows) == [Message("system", "Rhyme."), Message("user", "Hello"), Message("assistant", "Hi")]


def test_a_conversation_of_no_message_is_none():
    with pytest.raises(InvalidArgument, match="messages must have at least one message"):
        messages_of([])


@pytest.mark.parametrize("role", ["", "User", "tool", "root"])
def test_a_role_that_is_unknown_is_named(role):
    with pytest.raises(InvalidArgument) as refused:
        messages_of([HELLO, {"role": role, "content": "x"}])
    assert str(refused.value) == f"the role of message 2 must be one of system, user, assistant, not {role!r}"


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"role": "user"},
        {"content": "x"},
        {"role": "user", "content": 5},
        {"role": "user", "content": ["x"]},
        {**HELLO, "name": "x"},
    ],
)
def test_a_message_is_a_role_and_a_content_and_nothing_else(row):
    with pytest.raises(InvalidArgument, match="message 1 must have a role and a content"):
        messages_of([row])


def test_a_role_that_is_no_text_is_refused():
    with pytest.raises(InvalidArgument, match="the role of message 1"):
        messages_of([{"role": 1, "content": "x"}])


def test_messages_have_a_longest_length_together():
    half = {"role": "user", "content": "x" * (LONGEST_QUESTION // 2)}
    assert len(messages_of([half, half])) == 2
    with pytest.raises(InvalidArgument, match="must not be longer than 1,000,000 characters together"):
        messages_of([half, half, HELLO])


@pytest.mark.parametrize("request_id", ["", "x" * 129])
def test_a_request_has_an_id_of_bounded_length(request_id):
    check_id("x" * 128)
    with pytest.raises(InvalidArgument, match="request_id must have 1 to 128 characters"):
        check_id(request_id)


@pytest.mark.parametrize("schema", ["[]", "{", "null", "5", '"x"', "[" * 100_000])
def test_a_schema_is_a_json_object(schema):
    with pytest.raises(InvalidArgument, match='"json_schema" must be a JSON object'):
        check_options(GenerateOptions(json_schema=schema))


@pytest.mark.parametrize("temperature", [-0.1, 2.1, float("nan"), float("inf")])
def test_a_temperature_is_a_number_from_0_to_2(temperature):
    with pytest.raises(InvalidArgument, match='"temperature" must be 0 to 2'):
        check_options(GenerateOptions(temperature=temperature))


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_options_may_be_at_their_limits(temperature):
    check_options(GenerateOptions(temperature=temperature, json_schema=json.dumps({"type": "object"})))


def test_a_deadline_of_nothing_is_two_minutes():
    assert GenerateOptions().seconds == 120
    assert GenerateOptions(deadline_ms=1500).seconds == 1.5


def test_a_worker_introduces_itself_unless_the_caller_does():
    manner = MANNERS["primary"]
    assert in_manner([Message("user", "Hello")], manner) == [
        Message("system", manner.system),
        Message("user", "Hello"),
    ]
    own = [Message("user", "Hello"), Message("system", "Rhyme.")]
    assert in_manner(own, manner) == own


def test_both_workers_have_a_manner_and_research_says_more():
    assert MANNERS["primary"].max_tokens == 500
    assert MANNERS["research"].max_tokens == 2000
    assert "source" in MANNERS["research"].system


def test_what_became_of_a_request_is_an_error_of_its_own():
    require_ok(OK, Outcome(text="x"))
    with pytest.raises(NoModel, match="nobody"):
        require_ok(ERROR, Outcome(error="nobody"))
    with pytest.raises(ModelFailed, match="it broke"):
        require_ok(ERROR, Outcome(error="it broke", provider="ollama"))
    with pytest.raises(Unavailable, match="cancelled"):
        require_ok(CANCELLED, Outcome(provider="ollama"))


def test_a_text_that_is_no_json_has_no_value():
    assert request.parsed("{") is None
    assert request.parsed("[" * 100_000) is None
    assert request.parsed('{"a": 1}') == {"a": 1}
