"""learning.db, on a real disk: writing events down and reading them."""

import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import Clock
from support.learning_work import DAY, HOUR, MINUTE, count_rows, damage_words, learn, limit_pages

from senter.errors import InvalidArgument, Unavailable
from senter.learning.event import Event
from senter.learning.store import TABLES_VERSION, Store

QUERY = "user_query"


def record(store, clock, *contents, kind=QUERY, when=0, **metadata):
    """Write events down."""
    return store.record([Event(kind, content, metadata, when) for content in contents], clock())


def contents(events):
    """What events say."""
    return [event.content for event in events]


def found(store, *words):
    """What the events with some words say."""
    return contents(store.search(words, -1, 0))


def everything(store):
    """What is kept, the newest first."""
    return contents(store.recent("", -(2**62), -1))


def reopened(file):
    """The store as the next process sees it."""
    store = Store(file)
    store.open()
    return store


def test_what_was_recorded_is_read_back_with_its_hour_and_day(store, clock, in_berlin):
    assert record(store, clock, "Größe 📊", request_id="r", positive=True, seconds=1.5) == [QUERY]
    (event,) = store.recent("", 0, 10)
    assert (event.type, event.content, event.time) == (QUERY, "Größe 📊", clock.microseconds)
    assert (event.hour, event.day) == (10, 6)
    assert event.metadata == {"request_id": "r", "positive": True, "seconds": 1.5}


def test_an_event_of_another_time_has_the_hour_and_the_day_of_that_time(store, clock, in_berlin):
    for text in ("2026-11-20 23:59", "2026-11-21 00:00", "1971-01-01 05:00"):
        record(store, clock, text, when=Clock(text).microseconds)
    assert [(event.hour, event.day) for event in store.recent("", 0, 10)] == [(0, 5), (23, 4), (5, 4)]


def test_an_event_of_last_summer_has_the_hour_that_the_clock_on_the_wall_showed(store, clock, in_berlin):
    record(store, clock, "x", when=Clock("2026-07-01 12:00").microseconds)
    assert [event.hour for event in store.recent("", 0, 10)] == [12]


def test_events_come_newest_first_of_one_type_or_of_all_and_no_more_than_asked_for(store, clock):
    for when in (1, 3, 2):
        record(store, clock, f"asked {when}", when=when)
    record(store, clock, "answered", kind="response", when=4)
    assert everything(store) == ["answered", "asked 3", "asked 2", "asked 1"]
    assert contents(store.recent(QUERY, 0, 2)) == ["asked 3", "asked 2"]
    assert contents(store.recent(QUERY, 2, 9)) == ["asked 3", "asked 2"]
    assert store.recent("nothing", 0, 9) == []


def test_an_event_with_a_key_that_was_there_before_is_not_recorded_again(store, clock):
    first = [Event(QUERY, "first", key="k"), Event(QUERY, "second", key="k"), Event("response", "third", key="l")]
    assert store.record(first, clock()) == [QUERY, "response"]
    assert store.record([Event("goal_created", "fourth", key="k")], clock()) == []
    assert sorted(everything(store)) == ["first", "third"]
    assert store.counts() == {QUERY: 1, "response": 1}


def test_events_without_a_key_are_all_recorded(store, clock):
    assert record(store, clock, "same", "same") == [QUERY, QUERY]
    assert store.counts() == {QUERY: 2}


def test_events_are_counted_by_their_type_the_most_frequent_first(store, clock):
    record(store, clock, "a", kind="response")
    record(store, clock, "b", "c")
    assert list(store.counts().items()) == [(QUERY, 2), ("response", 1)]


def test_pages_have_every_event_once_in_the_order_of_writing(store, clock):
    record(store, clock, *map(str, range(7)), when=5)
    after, seen = 0, []
    while page := store.page(after, 3):
        assert len(page) <= 3
        seen += contents(page)
        after = int(page[-1].id)
    assert seen == list(map(str, range(7)))


def test_the_last_question_that_was_answered_is_known(store, clock):
    assert store.last_request() == ""
    for when, kind, request in ((1, "response", "a"), (2, "response", "b"), (3, QUERY, "c"), (4, "response", "")):
        record(store, clock, "x", kind=kind, when=when, request_id=request)
    assert store.last_request() == "b"
    assert [store.has_answer(request) for request in ("a", "b", "c", "d", "")] == [True, True, False, False, False]


# searching


def test_events_are_found_by_words_and_their_beginnings_the_last_written_first(store, clock):
    record(store, clock, "Wie viele Überflüsse gibt es", "the rust compiler", "Rust, and its Compiler's errors")
    assert found(store, "rust", "comp") == ["Rust, and its Compiler's errors", "the rust compiler"]
    assert found(store, "uberfl") == ["Wie viele Überflüsse gibt es"]
    assert found(store, "rust", "überflüsse") == found(store, "ust") == []


def test_a_search_answers_in_pages(store, clock):
    record(store, clock, *(f"rust {number}" for number in range(5)))
    assert contents(store.search(["rust"], 2, 1)) == ["rust 3", "rust 2"]
    assert store.search(["rust"], 2, 5) == store.search(["rust"], 2, 2**32 - 1) == []


@pytest.mark.parametrize(
    "words",
    [
        *(['"'], ["'"], ["*"], ["OR"], ["AND", "NOT"], ["NEAR("], ["NEAR(a", "b,", "3)"], ["content:x"], ["^x"]),
        *(['"', "OR", "*"], ["-"], ["("], [")"], ["{a}"], [";"], ["--"], ["x'", "OR", "1=1"], ['a"b'], ["+"]),
        *(["\\"], ["%"], ["\x01"], ["\u202e"], ["🎉"], ["x" * 100_000], ["?"]),
    ],
)
def test_words_that_mean_something_to_sqlite_are_words_like_others(store, clock, words):
    text = " ".join(words)
    record(store, clock, f"before {text} after", "quite something else")
    assert found(store, *words) in ([f"before {text} after"], [])
    assert found(store, "before", *words) in ([f"before {text} after"], [])
    if any(word.isalnum() for word in words):
        assert found(store, *words)


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
        min_size=1,
        max_size=4,
    )
)
def test_any_words_may_be_recorded_and_looked_for(store, clock, words):
    record(store, clock, " ".join(words))
    assert store.recent("", 0, 1)[0].content == store.page(count_rows(store, "events") - 1, 1)[0].content
    store.search(words, 5, 0)


def test_a_word_with_a_nul_in_it_is_found_nowhere(store, clock):
    record(store, clock, "nul \0 in it")
    assert found(store, "a\0b") == []


@pytest.mark.parametrize("where", ["content", "metadata", "name", "key"])
@pytest.mark.parametrize("odd", ["nul \0 in it", "bell \x07", "\u202etxt.exe", "', ''); DROP TABLE events; --"])
def test_odd_text_is_kept_as_it_is(store, clock, where, odd):
    event = {
        "content": Event(QUERY, odd),
        "metadata": Event(QUERY, "x", {"note": odd}),
        "name": Event(QUERY, "x", {odd: "note"}),
        "key": Event(QUERY, "x", key=odd),
    }[where]
    assert store.record([event, event], clock())
    (read, *_) = store.recent("", 0, 10)
    assert (read.content, read.metadata) == (event.content, event.metadata)


@pytest.mark.parametrize("where", ["content", "metadata", "key"])
def test_text_that_is_no_text_is_refused_or_kept_and_not_raised_through(store, clock, where):
    odd = "half \ud800"
    event = {
        "content": Event(QUERY, odd),
        "metadata": Event(QUERY, "x", {"request_id": odd}),
        "key": Event(QUERY, "x", key=odd),
    }[where]
    try:
        store.record([event], clock())
    except (InvalidArgument, Unavailable):
        assert everything(store) == []


def test_a_huge_text_is_kept_and_found(store, clock):
    huge = "word " * 1_000_000 + "needle"
    record(store, clock, huge)
    assert found(store, "needle") == [huge]


@pytest.mark.parametrize("when", [1, 59_999_999])
def test_times_at_their_limits_are_kept(store, clock, when, in_berlin):
    record(store, clock, "x", when=when)
    (event,) = store.recent("", 0, 10)
    assert event.time == when
    assert 0 <= event.hour <= 23 and 0 <= event.day <= 6


# sessions


def session_of(store, clock, *minutes):
    """Write down that the user was there at some minutes, and learn from it."""
    for minute in minutes:
        record(store, clock, f"at {minute}", when=clock.microseconds + minute * MINUTE)
    learn(store, clock.microseconds)


def test_a_session_has_what_was_said_in_it_in_order(store, clock):
    session_of(store, clock, 20, 0, 10, 100)
    record(store, clock, "answer", kind="response", when=clock.microseconds + 5 * MINUTE)
    (first, *_), second = store.recent("", clock.microseconds, 10)[::-1], store.session("")
    assert [said.content for said in second.events] == ["at 100"]
    session = store.session(first.session)
    assert (session.id, session.number) == (first.session, 4)
    assert [each.content for each in session.events] == ["at 0", "answer", "at 10", "at 20"]


def test_events_tell_to_which_session_they_belong(store, clock):
    session_of(store, clock, 0, 10, 100)
    record(store, clock, "later", kind="response", when=clock.microseconds + 60 * MINUTE)
    sessions = {event.content: event.session for event in store.recent("", 0, 10)}
    assert sessions["at 0"] == sessions["at 10"] != sessions["at 100"] != ""
    assert sessions["later"] == ""


def test_before_the_first_session_there_is_none(store):
    assert store.session("") is None
    assert store.session("1") is None
    assert store.session("9" * 100) is None


@pytest.mark.parametrize("session_id", ["one", "-1", "1.0", " 1", "1 OR 1=1", "\0", "²"])
def test_what_is_no_number_is_no_session(store, session_id):
    with pytest.raises(InvalidArgument, match="is not the id of a session"):
        store.session(session_id)


# disks


def test_everything_is_there_after_a_crash(store, clock, file):
    record(store, clock, "before the crash")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    after = reopened(copy / file.name)
    assert everything(after) == found(after, "crash") == ["before the crash"]
    assert after.check() == ""
    after.close()


def test_a_full_disk_is_told_and_nothing_is_recorded(store, clock):
    record(store, clock, "before")
    limit_pages(store, more=3)
    with pytest.raises(Unavailable, match="full"):
        store.record([Event(QUERY, "small"), Event(QUERY, "x " * 100_000)], clock())
    assert everything(store) == ["before"]
    assert store.counts() == {QUERY: 1}
    assert found(store, "small") == []
    assert store.check() == ""
    limit_pages(store, more=1000)
    record(store, clock, "x " * 100_000)
    assert store.counts() == {QUERY: 2}


def test_a_file_that_can_only_be_read_is_told(store, clock):
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        record(store, clock, "x")
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = off")
    assert everything(store) == []


@pytest.mark.parametrize(("first", "part"), [("search", "leaves"), ("record", "leaves"), ("record", "all")])
def test_a_damaged_index_of_words_is_made_anew(store, clock, first, part):
    record(store, clock, "the first espresso")
    store.close()
    damage_words(store, part)
    store.open()
    if first == "record":
        record(store, clock, "the second espresso")
        assert found(store, "espresso") == ["the second espresso", "the first espresso"]
    else:
        assert found(store, "espresso") == ["the first espresso"]
    assert store.counts() == {QUERY: 1 + (first == "record")}
    with store.writing() as connection:
        connection.execute("INSERT INTO event_words (event_words, rank) VALUES ('integrity-check', 1)")


def test_the_version_of_the_tables_is_the_number_of_migrations(store):
    assert count_rows(store, "_sqlite_migrations") == TABLES_VERSION
    with store.reading() as connection:
        assert connection.execute("PRAGMA user_version").fetchone()[0] == TABLES_VERSION


def test_questions_about_the_present_do_not_read_the_past(store, clock):
    day = [Event(QUERY, f"espresso {number}", {}, clock.microseconds - number * HOUR) for number in range(1, 2000)]
    answers = [Event("response", "x", {"request_id": "r"}, event.time + 40 * MINUTE) for event in day]
    store.record([*day, *answers], clock())
    learn(store, clock.microseconds)
    made = []
    with store.reading() as connection:
        connection.set_progress_handler(lambda: made.append(1), 100)
    store.recent("", clock.microseconds - DAY, 100)
    assert len(made) < 200, "more than 20,000 steps for 48 events"


def test_an_answer_carries_so_many_events_as_it_can(store, clock, monkeypatch):
    monkeypatch.setattr("senter.learning.store.MOST_CHARACTERS", 25)
    store.record([Event(QUERY, "ten chars.", {}, when) for when in (1, 2, 3, 4)], clock())
    assert len(store.recent("", 0, 100)) == len(store.search(["ten"], 100, 0)) == 3
    monkeypatch.setattr("senter.learning.store.MOST_CHARACTERS", 1)
    assert len(store.page(0, 100)) == 1
