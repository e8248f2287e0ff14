"""What may be asked of a model worker, and how it is asked."""

import json

import pytest

from senter.errors import BudgetSpent, ConfigurationError, InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models import request
from senter.models.request import (
    BACKGROUND,
    CANCELLED,
    ERROR,
    INTERACTIVE,
    LARGEST_ANSWER_TOKENS,
    LONGEST_DEADLINE_MS,
    LONGEST_QUESTION,
    MANNERS,
    OK,
    GenerateOptions,
    Message,
    Outcome,
    Piece,
    ToolPart,
    check_id,
    check_options,
    in_manner,
    manner_of,
    messages_of,
    require_ok,
    with_usual,
)
from senter.settings import ModelSettings

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


NO_JSON = ['{"a": NaN}', '{"a": [Infinity]}', '{"a": -Infinity}']


@pytest.mark.parametrize("schema", ["[]", "{", "null", "5", '"x"', "[" * 100_000, *NO_JSON])
def test_a_schema_is_a_json_object(schema):
    with pytest.raises(InvalidArgument, match='"json_schema" must be a JSON object'):
        check_options(GenerateOptions(json_schema=schema))


@pytest.mark.parametrize(
    "value", [r'{"a": "\ud800"}', r'{"\udfff": 1}', r'{"a": ["\ud83dx"]}', '{"a": 1e999}', '{"a": [-1e999]}']
)
def test_what_cannot_be_sent_is_refused_before_it_is(value):
    for option, text in (("json_schema", value), ("tools", f'[{{"function": {value}}}]')):
        with pytest.raises(InvalidArgument) as refused:
            check_options(GenerateOptions(**{option: text}))
        assert str(refused.value) == f'option "{option}" must be without lone surrogates and infinite numbers'


def test_a_character_of_two_halves_and_a_large_number_can_be_sent():
    check_options(GenerateOptions(json_schema=r'{"a": "\ud83d\ude00 ü \u0000", "b": 1e308}'))


@pytest.mark.parametrize("temperature", [-0.1, 2.1, float("nan"), float("inf")])
def test_a_temperature_is_a_number_from_0_to_2(temperature):
    with pytest.raises(InvalidArgument, match='"temperature" must be 0 to 2'):
        check_options(GenerateOptions(temperature=temperature))


@pytest.mark.parametrize("temperature", [0.0, 2.0])
def test_options_may_be_at_their_limits(temperature):
    check_options(GenerateOptions(temperature=temperature, json_schema=json.dumps({"type": "object"})))


def test_what_the_caller_leaves_open_is_what_is_usual_for_the_worker():
    people, work = (with_usual(GenerateOptions(), MANNERS[worker]) for worker in ("primary", "research"))
    assert (people.max_tokens, people.temperature, people.seconds, people.lane) == (500, 0.7, 120, INTERACTIVE)
    assert (work.max_tokens, work.temperature, work.seconds, work.lane) == (2000, 0.7, 600, BACKGROUND)


def test_what_the_caller_says_holds():
    said = GenerateOptions(max_tokens=9, temperature=0.0, deadline_ms=1500, lane=BACKGROUND)
    assert with_usual(said, MANNERS["primary"]) == said
    assert said.seconds == 1.5


def test_there_is_no_more_of_an_answer_than_can_be():
    largest = 2**32 - 1
    asked = with_usual(GenerateOptions(max_tokens=largest, deadline_ms=largest), MANNERS["primary"])
    assert (asked.max_tokens, asked.seconds) == (65_536, 24 * 3600)
    most = GenerateOptions(max_tokens=LARGEST_ANSWER_TOKENS, deadline_ms=LONGEST_DEADLINE_MS)
    asked = with_usual(most, MANNERS["primary"])
    assert (asked.max_tokens, asked.deadline_ms) == (most.max_tokens, most.deadline_ms)


def test_the_settings_change_the_manner_of_a_worker():
    settings = ModelSettings(system_prompt="Rhyme.", temperature=0.0, max_tokens=7)
    manner = manner_of("primary", settings, "config.toml: [models.primary]")
    assert (manner.system, manner.temperature, manner.max_tokens) == ("Rhyme.", 0.0, 7)
    assert manner_of("research", ModelSettings(), "") == MANNERS["research"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (ModelSettings(temperature=2.5), "temperature must be 0 to 2, not 2.5"),
        (ModelSettings(max_tokens=-1), "max_tokens must be 0 to 65,536, not -1"),
        (ModelSettings(max_tokens=65_537), "max_tokens must be 0 to 65,536, not 65,537"),
    ],
    ids=["temperature", "fewer tokens than none", "too many tokens"],
)
def test_settings_that_cannot_be_meant_are_named(settings, told):
    with pytest.raises(ConfigurationError, match=rf"\[models\.primary\] {told}"):
        manner_of("primary", settings, "config.toml: [models.primary]")


@pytest.mark.parametrize(
    "tools", ["{}", "[]", "[1]", '[{"type": "function"}]', "nonsense", '[{"function": {"a": NaN}}]']
)
def test_tools_are_a_list_of_functions(tools):
    with pytest.raises(InvalidArgument, match='"tools" must be a JSON list'):
        check_options(GenerateOptions(tools=tools))


def test_a_lane_is_one_of_two():
    with pytest.raises(InvalidArgument, match="must be one of interactive, background, not 'fast'"):
        check_options(GenerateOptions(lane="fast"))


@pytest.mark.parametrize("account", ["x" * 65, "7\n8"], ids=["too long", "two lines"])
def test_an_account_is_a_short_name(account):
    with pytest.raises(InvalidArgument, match='"account" must be at most 64'):
        check_options(GenerateOptions(account=account))


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
    for failure in (NoModel, ModelFailed, BudgetSpent, Unavailable):
        with pytest.raises(failure, match="it broke"):
            require_ok(ERROR, Outcome(error="it broke", failure=failure.__name__))
    with pytest.raises(ModelFailed, match="of a newer worker"):
        require_ok(ERROR, Outcome(error="of a newer worker", failure="Tired"))
    with pytest.raises(Unavailable, match="cancelled"):
        require_ok(CANCELLED, Outcome(provider="ollama"))


def test_a_text_that_is_no_json_has_no_value():
    assert request.parsed("{") is None
    assert [request.parsed(text) for text in NO_JSON] == [None] * len(NO_JSON)
    assert request.parsed("[" * 100_000) is None
    assert request.parsed('{"a": 1}') == {"a": 1}


@pytest.mark.parametrize(
    "told",
    [
        {"text": "x"},
        {"thought": 1},
        {"tools": (ToolPart(0),)},
        {"cut": True},
        {"tokens_in": 1},
        {"tokens_out": 1},
        {"cost": 0.1},
    ],
)
def test_a_piece_that_tells_nothing_but_the_model_is_empty(told):
    assert Piece(model="llama3.2").empty
    assert not Piece(**told).empty
