"""What may be told to learning, and what follows from it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clock import BERLIN, Clock

from senter.errors import InvalidArgument
from senter.learning.event import (
    LATEST,
    LONGEST_KEY,
    LONGEST_METADATA,
    LONGEST_TYPE,
    Event,
    checked,
    event_from,
    events_from,
    is_presence,
    local,
    words_of_user,
)

WEIRD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.just("x"), inner),
    max_leaves=3,
)


@pytest.mark.parametrize("kind", ["a", "user_query", "goal2_created", "a" * LONGEST_TYPE])
def test_a_small_word_is_a_type(kind):
    assert checked(Event(kind, "")).type == kind


@pytest.mark.parametrize(
    "kind",
    ["", "User", "user query", "user-query", "1a", "_a", "größe", "a\n", "a\0", "a;", "a" * (LONGEST_TYPE + 1)],
)
def test_anything_else_is_no_type(kind):
    with pytest.raises(InvalidArgument, match="type must be a word"):
        checked(Event(kind, ""))


@pytest.mark.parametrize("time", [0, 1, LATEST])
def test_every_time_since_1970_is_one(time):
    assert checked(Event("user_query", "", time=time)).time == time


@pytest.mark.parametrize("time", [LATEST + 1, 2**63, 2**64 - 1, -1, -(2**63)])
def test_a_time_before_1970_or_after_the_last_is_refused(time):
    with pytest.raises(InvalidArgument, match="timestamp"):
        checked(Event("user_query", "", time=time))


def test_a_key_has_a_largest_length():
    checked(Event("user_query", "", key="k" * LONGEST_KEY))
    with pytest.raises(InvalidArgument, match="key"):
        checked(Event("user_query", "", key="k" * (LONGEST_KEY + 1)))


@pytest.mark.parametrize("value", [None, [], ["a"], {}, {"a": 1}, (), b"bytes", object()])
def test_metadata_holds_nothing_but_texts_numbers_and_truths(value):
    with pytest.raises(InvalidArgument, match="metadata 'odd' must be"):
        checked(Event("user_query", "", {"odd": value}))


@pytest.mark.parametrize("value", ["", "text", 0, -(2**63), 2**64 - 1, 1.5, True])
def test_texts_numbers_and_truths_are_metadata(value):
    assert checked(Event("user_query", "", {"even": value})).metadata == {"even": value}


def test_metadata_has_a_largest_length_together_with_its_names():
    checked(Event("user_query", "", {"n" * 84: "x" * (LONGEST_METADATA - 85), "m": ""}))
    with pytest.raises(InvalidArgument, match="16,384 characters"):
        checked(Event("user_query", "", {"n" * 84: "x" * (LONGEST_METADATA - 85), "mm": ""}))


def test_the_key_and_the_time_are_taken_out_of_the_metadata():
    event = event_from("user_query", "hello", {"key": "k", "timestamp": 5, "request_id": "r"})
    assert event == Event("user_query", "hello", {"request_id": "r"}, 5, "k")
    assert event.request == "r"


@pytest.mark.parametrize(
    "metadata",
    [
        *({"key": value} for value in (5, b"k", None, True, [])),
        *({"timestamp": value} for value in ("now", 1.0, True, -1, 2**64, [], None)),
    ],
)
def test_a_key_or_a_time_of_another_type_is_refused(metadata):
    with pytest.raises(InvalidArgument):
        event_from("user_query", "", metadata)


def test_events_come_as_rows():
    row = {"type": "user_query", "content": "hello", "timestamp": 5, "key": "k", "metadata": {"key": "other"}}
    assert events_from([row, {"type": "response"}]) == [
        Event("user_query", "hello", {"key": "other"}, 5, "k"),
        Event("response", ""),
    ]


@pytest.mark.parametrize(
    "row",
    [{"contents": "x"}, {"type": 5}, {"content": None}, {"metadata": []}, {"metadata": "x"}, {"timestamp": ""}],
)
def test_a_row_with_something_else_in_it_is_refused(row):
    with pytest.raises(InvalidArgument):
        events_from([{"type": "user_query"}, row])


@settings(deadline=None, max_examples=60)
@given(st.dictionaries(st.sampled_from(["key", "timestamp", "request_id", "positive", "x"]), WEIRD, max_size=3))
def test_any_metadata_makes_an_event_or_is_refused(metadata):
    try:
        event = checked(event_from("user_query", "", metadata))
    except InvalidArgument:
        return
    assert isinstance(event.request, str)


@pytest.mark.parametrize(
    ("kind", "metadata", "present"),
    [
        ("user_query", {}, True),
        ("user_voice", {}, True),
        ("user_feedback", {}, True),
        ("goal_created", {}, True),
        ("goal_created", {"origin": ":1.7"}, True),
        ("goal_created", {"origin": "ai.senter.Scheduler1"}, False),
        ("goal_completed", {}, False),
        ("response", {}, False),
        ("username", {}, False),
    ],
)
def test_the_user_was_there_when_the_user_did_it(kind, metadata, present):
    assert is_presence(kind, metadata) is present


@pytest.mark.parametrize(
    ("kind", "metadata", "words"),
    [
        ("user_query", {}, "hello"),
        ("user_voice", {}, "hello"),
        ("user_feedback", {}, ""),
        ("goal_created", {}, "hello"),
        ("goal_created", {"origin": "ai.senter.Scheduler1"}, ""),
        ("response", {}, ""),
        ("goal_failed", {}, ""),
    ],
)
def test_the_words_of_the_user_are_what_the_user_said(kind, metadata, words):
    assert words_of_user(kind, "hello", metadata) == words


def test_a_time_is_told_as_the_clock_on_the_wall_showed_it(in_berlin):
    noon = Clock("2026-11-22 12:00")
    assert local(noon.microseconds).replace(tzinfo=BERLIN) == noon()


@pytest.mark.parametrize(
    ("then", "now"), [("2026-07-01 12:00", "2026-11-22 10:00"), ("2026-11-22 12:00", "2027-07-01 10:00")]
)
def test_a_time_before_the_clocks_changed_is_told_as_the_clock_on_the_wall_showed_it(in_berlin, then, now):
    was = local(Clock(then).microseconds)
    assert (was.day, was.hour) == (Clock(then)().day, 12)


@pytest.mark.parametrize("text", ["x" * 501, "a mail\n\nHello,\nplease\nanswer"])
def test_what_is_pasted_is_not_taken_for_what_the_user_said(text):
    assert words_of_user("user_query", text, {}) == ""
    assert words_of_user("user_query", "x" * 500, {}) == "x" * 500
