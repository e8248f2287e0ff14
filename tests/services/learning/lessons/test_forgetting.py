"""What is forgotten is as if it had never been, in every table and in every byte of the files."""

import contextlib
import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import Clock
from support.learning_work import (
    DAY,
    HOUR,
    MINUTE,
    WORDS,
    bytes_on_disk,
    count_rows,
    damage_words,
    derived,
    learn,
    limit_pages,
    plain_phrases,
    scores,
    teach,
)

from senter.errors import InvalidArgument, Unavailable
from senter.learning.event import Event
from senter.learning.knowing.insights import Insights
from senter.learning.lessons.forgetting import Forgetting, forgetting_of
from senter.learning.lessons.learned import Learned
from senter.learning.store import Store

SECRET = b"xylophonist"
EVER = 2**62
NOW = 1_000
"""When it is forgotten (µs since the epoch); most events of these tests are of that time."""


@pytest.fixture
def forgetting(store):
    """Takes back what is in the store."""
    return Forgetting(store, lambda: NOW)


def query(content, when=0, key="", **metadata):
    """A question of the user."""
    return Event("user_query", content, metadata, when, key)


def contents(store):
    """What is kept, the oldest first."""
    with store.reading() as connection:
        return [row[0] for row in connection.execute("SELECT content FROM events ORDER BY time, id")]


def texts(store):
    """What the reporter is still to be told."""
    return [text for _, _, text in Learned(store).letters()]


def opened(file, kind=Store):
    """A store of a file."""
    store = kind(file)
    store.open()
    return store


def hide(store, clock):
    """Write a secret down among other things, so that it is in many pages, and learn from it."""
    day = clock.microseconds - DAY
    secret = [query(f"the xylophonist {number} plays espresso", day + number) for number in range(200)]
    other = [query(f"kubernetes {number} please", day - number * HOUR) for number in range(1, 201)]
    mixed = [event for pair in zip(secret, other, strict=True) for event in pair]
    teach(store, clock, *mixed, phrases=lambda text: [text.split()[1] if "xylo" in text else text.split()[0]])
    assert SECRET in bytes_on_disk(store)


class Failing(Store):
    """A store whose disk fails when it is to be cleaned."""

    fails = True

    def checkpoint(self):
        """Fail."""
        if self.fails:
            raise Unavailable("the disk fails")
        return super().checkpoint()


class Forgetful(Store):
    """A store in which something more is forgotten while it is cleaned."""

    meanwhile = None

    def checkpoint(self):
        """Forget more, once the file is clean."""
        done = super().checkpoint()
        more, self.meanwhile = self.meanwhile, None
        if more:
            more()
        return done


# what is forgotten


def test_what_was_before_or_since_a_time_is_forgotten(store, forgetting, clock):
    teach(store, clock, *(query(f"at {when}", when) for when in (1, 2, 3)))
    assert forgetting.before(2) == 1
    assert contents(store) == ["at 2", "at 3"]
    assert forgetting.since(3) == 1
    assert forgetting.since(3) == 0
    assert contents(store) == ["at 2"]


def test_a_topic_is_forgotten_with_what_mentions_it_and_what_was_answered(store, forgetting, clock):
    teach(
        *(store, clock, query("an ESPRESSO, please", 1, request_id="r"), query("gardening", 2, request_id="s")),
        Event("response", "finely ground", {"request_id": "r"}, 3),
        Event("response", "dig", {"request_id": "s"}, 4),
        Event("user_feedback", "good", {"request_id": "r"}, 5),
        Event("goal_completed", "an espresso machine", {}, 6),
    )
    assert forgetting.topic("  Espresso ") == 4
    assert contents(store) == ["gardening", "dig"]
    assert [row[1] for row in derived(store)["topics"]] == ["gardening"]


def test_a_topic_that_is_not_learned_yet_is_forgotten(store, forgetting, clock):
    store.record([query("espresso")], clock())
    assert forgetting.topic("espresso") == 1
    learn(store, clock.microseconds)
    assert contents(store) == derived(store)["topics"] == []


def test_a_topic_of_several_words_is_forgotten_where_they_follow_each_other(store, forgetting, clock):
    teach(store, clock, query("solar\n Panels!", 1), query("panels, solar", 2), query("solar panelists", 3))
    assert forgetting.topic("Solar panels") == 1
    assert contents(store) == ["panels, solar", "solar panelists"]


def test_a_topic_is_forgotten_by_each_of_its_names(store, forgetting, clock):
    teach(store, clock, query("espresso", 1), query("gardening", 2), query("haskell", 3))
    merge(store, "gardening", "espresso")
    assert forgetting.topic("gardening") == 2
    assert contents(store) == ["haskell"]
    assert [row[1] for row in derived(store)["topics"]] == ["haskell"]


def test_a_topic_with_signs_in_it_is_not_another_one(store, forgetting, clock):
    teach(store, clock, query("vitamin C", 1), query("is C++ hard", 2), query("c sharp", 3))
    assert forgetting.topic("C++") == 1
    assert contents(store) == ["vitamin C", "c sharp"]


@pytest.mark.parametrize(
    "topic",
    [
        *('"', "' OR 1=1 --", '" OR *', "NEAR(", "NEAR(espresso gardening)", "espresso OR gardening"),
        *("content:espresso", "*", "esp*", "!!!", "-", "(", "%", "_", "\x01", "🎉", "x" * 100_000, "a\0b"),
    ],
)
def test_a_topic_that_means_something_to_sqlite_is_a_topic_like_others(store, forgetting, clock, topic):
    teach(store, clock, query("espresso", 1), query("gardening", 2))
    assert forgetting.topic(topic) == 0
    assert contents(store) == ["espresso", "gardening"]


def test_a_preference_is_forgotten_with_what_speaks_for_and_against_it_and_what_was_set(store, forgetting, clock):
    teach(store, clock, query("briefly please", 1), query("in depth please", 2), query("in short", 3))
    Insights(store).choose("style", "response_length", "brief")
    assert forgetting.preference("style", "response_length") == 4
    assert [row[1] for row in derived(store)["preferences"]] == ["formality"]
    assert derived(store)["choices"] == []
    assert len(contents(store)) == 3
    assert forgetting.preference("style", "response_length") == 0


def test_everything_is_forgotten(store, forgetting, clock):
    hide(store, clock)
    teach(store, clock, query("briefly"), query("briefly"), Event("goal_failed", "x"))
    Insights(store).choose("style", "formality", "formal")
    assert forgetting.everything() == 404
    assert not any(derived(store).values())
    assert texts(store) == []
    forgetting.clean()
    teach(store, clock, query("espresso"))
    assert [row[1] for row in derived(store)["topics"]] == ["espresso"]


# as if it had never been

KINDS = st.sampled_from(["user_query", "user_voice", "goal_created", "goal_completed", "response", "other_kind"])
SPOKEN = st.lists(st.sampled_from([*WORDS, "briefly", "please", "in depth", "hey", "the code"]), max_size=3)
EXCHANGES = st.lists(
    st.tuples(st.integers(0, 300), KINDS, SPOKEN.map(" ".join), st.booleans(), st.none() | st.booleans()),
    min_size=1,
    max_size=10,
)


def history(exchanges, start):
    """Events: at some minutes (every seventh of the clock) something is said, perhaps answered, and that judged."""
    events = []
    for number, (minute, kind, text, answered, good) in enumerate(exchanges):
        when, request = start + minute * 7 * MINUTE, {"request_id": f"r{number}"}
        events.append(Event(kind, text, {**request, "kind": "research", "seconds": minute}, when, f"{number:02}a"))
        if answered:
            events.append(Event("response", "word " * 20, request, when + 1, f"{number:02}b"))
        if answered and good is not None:
            events.append(Event("user_feedback", "", {**request, "positive": good}, when + 2, f"{number:02}c"))
    return events


FORGOTTEN = st.one_of(
    st.tuples(st.just("before"), st.integers(0, 301)),
    st.tuples(st.just("since"), st.integers(0, 301)),
    st.tuples(st.just("topic"), st.sampled_from(WORDS)),
)


def goes(event, kind, value, start, events):
    """Whether an event is to be forgotten."""
    border = start + value * 7 * MINUTE if isinstance(value, int) else 0
    if kind != "topic":
        return event.time < border if kind == "before" else event.time >= border
    return any(value in other.content and other.request == event.request for other in events)


def answers(store, clock):
    """What is told of what was learned."""
    insights, now, today = Insights(store), clock.microseconds, clock().toordinal()
    believed = [
        (each.key, each.value, pytest.approx(each.confidence), each.evidence) for each in insights.preferences(now)
    ]
    return {
        "topics": sorted((topic, seen) for topic, _, seen in insights.top_topics(100)),
        "mentions": sorted(insights.mentions(today, 3)),
        "preferences": sorted(believed, key=str),
        "goals": insights.goals(),
        "found": {word: sorted(event.time for event in store.search([word], 100, 0)) for word in WORDS},
        "last": store.last_request(),
    }


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EXCHANGES, FORGOTTEN, st.integers(0, 30), st.integers(1, 4))
def test_what_is_left_is_what_would_be_there_without_what_is_forgotten(
    tmp_path_factory, clock, exchanges, forgotten, learned, at_once
):
    start, folder = clock.microseconds - 2 * DAY, tmp_path_factory.mktemp("history")
    events = history(exchanges, start)
    one, other = (opened(folder / name) for name in ("one.db", "other.db"))
    one.record(events[:learned], clock())
    learn(one, clock.microseconds, at_once=at_once)
    one.record(events[learned:], clock())
    kind, value = forgotten
    going = [event for event in events if goes(event, kind, value, start, events)]
    told = str(start + value * 7 * MINUTE) if isinstance(value, int) else value
    assert forgetting_of(kind, told)(Forgetting(one, lambda: NOW)) == len(going)
    learn(one, clock.microseconds)
    teach(other, clock, *(event for event in events if event not in going))
    assert derived(one) == derived(other)
    assert scores(one) == {name: pytest.approx(score, abs=1e-6) for name, score in scores(other).items()}
    assert answers(one, clock) == answers(other, clock)
    one.close()
    other.close()


def merge(store, topic, into):
    """Let a topic be the same as another one."""
    learned = Learned(store)
    numbers = {name: number for number, name in learned.unplaced("m", 10)}
    learned.keep_vector((numbers[topic], topic), b"1234", "m", numbers[into])


def test_a_name_of_a_topic_is_forgotten_with_the_last_event_that_used_it(store, forgetting, clock):
    teach(store, clock, query("espresso", 1), query("gardening", 2))
    merge(store, "gardening", "espresso")
    forgetting.since(2)
    assert [row[1] for row in derived(store)["topics"]] == ["espresso"]
    forgetting.clean()
    assert b"gardening" not in bytes_on_disk(store)


def test_a_topic_is_not_called_by_a_name_that_is_forgotten(store, forgetting, clock):
    teach(store, clock, query("espresso", 1), query("gardening", 2))
    merge(store, "gardening", "espresso")
    forgetting.before(2)
    forgetting.clean()
    assert b"espresso" not in bytes_on_disk(store)
    assert [row[1] for row in derived(store)["topics"]] == ["gardening"]


def test_a_topic_is_not_written_as_only_a_forgotten_event_wrote_it(store, forgetting, clock):
    teach(store, clock, query("ESPRESSO", 1), query("espresso", 2))
    forgetting.before(2)
    assert [row[0] for row in derived(store)["topics"]] == ["espresso"]
    forgetting.clean()
    assert b"ESPRESSO" not in bytes_on_disk(store)


def test_a_topic_that_is_mentioned_by_two_names_at_once_weighs_the_same_after_forgetting(store, forgetting, clock):
    teach(store, clock, query("espresso gardening", 5), query("espresso", 9))
    merge(store, "gardening", "espresso")
    before = scores(store)["topic", "espresso"]
    teach(store, clock, query("espresso", 20))
    forgetting.since(20)
    assert scores(store)["topic", "espresso"] == pytest.approx(before, abs=1e-9)


def test_what_was_judged_of_an_answer_that_is_forgotten_is_forgotten(store, forgetting, clock):
    answer = Event("response", "word " * 20, {"request_id": "r"}, 1)
    judgement = Event("user_feedback", "", {"request_id": "r", "positive": True}, 5)
    teach(store, clock, answer, judgement)
    assert derived(store)["preferences"]
    forgetting.before(5)
    assert derived(store)["preferences"] == derived(store)["evidence"] == []


@pytest.mark.parametrize("kind", ["since", "preference", "topic"])
def test_what_was_found_out_and_is_forgotten_is_not_told_any_more(store, forgetting, clock, kind):
    now = clock.microseconds
    teach(store, clock, query("briefly espresso", now - 2), query("briefly espresso", now - 1))
    assert len(texts(store)) == 1
    value = {"since": "0", "preference": "style response_length", "topic": "espresso"}[kind]
    forgetting_of(kind, value)(forgetting)
    assert texts(store) == []


def test_what_is_left_of_a_session_may_be_several(store, forgetting, clock):
    start = clock.microseconds
    teach(
        store,
        clock,
        query("haskell", start),
        query("espresso", start + 20 * MINUTE),
        query("x", start + 40 * MINUTE),
    )
    forgetting.topic("espresso")
    assert derived(store)["sessions"] == [(start, start), (start + 40 * MINUTE,) * 2]


# traces


@pytest.mark.parametrize("kind", ["topic", "since", "everything"])
def test_no_byte_of_what_is_forgotten_is_left_while_the_database_is_open(store, forgetting, clock, kind):
    hide(store, clock)
    since = str(clock.microseconds - DAY)
    forgetting_of(kind, {"topic": "xylophonist", "since": since, "everything": ""}[kind])(forgetting)
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)
    assert b"lophonist" not in bytes_on_disk(store)
    assert store.check() == ""
    if kind != "everything":
        assert len(contents(store)) == 200
        assert len(store.search(["kubernetes"], 1000, 0)) == 200


def test_no_byte_of_a_key_a_request_or_metadata_is_left(store, forgetting, clock):
    teach(
        store,
        clock,
        query("haskell", 1),
        query("x", 5, "xylophonist-k", request_id="xylophonist-r", x="xylophonist"),
    )
    teach(store, clock, Event("goal_failed", "", {"kind": "xylophonist"}, 6), Event("xylophonist", "", {}, 7))
    forgetting.since(5)
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)
    assert contents(store) == ["haskell"]


def test_no_byte_of_what_the_user_has_set_is_left(store, forgetting):
    Insights(store).choose("home", "instrument", "xylophonist")
    assert SECRET in bytes_on_disk(store)
    forgetting.preference("home", "instrument")
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)


def test_where_nothing_was_forgotten_nothing_is_cleaned(store, forgetting, clock):
    hide(store, clock)
    store.checkpoint()
    before = store.file.read_bytes()
    forgetting.clean()
    store.checkpoint()
    assert store.file.read_bytes() == before


def test_after_a_crash_before_the_cleaning_the_next_process_cleans(store, forgetting, clock, file):
    hide(store, clock)
    forgetting.topic("xylophonist")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    after = opened(copy / file.name)
    assert len(contents(after)) == 200
    Forgetting(after, lambda: NOW).clean()
    assert SECRET not in bytes_on_disk(after)
    after.close()


def test_after_a_crash_in_the_middle_of_forgetting_everything_is_there(store, clock, file):
    hide(store, clock)
    before = derived(store)
    store.close()
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM events WHERE content LIKE 'the xylo%'")
    copy = file.parent.parent / "after"
    shutil.copytree(file.parent, copy)
    connection.close()
    after = opened(copy / file.name)
    assert derived(after) == before
    after.close()
    store.open()


def test_when_the_disk_fails_while_cleaning_it_is_told_and_cleaned_the_next_time(file, clock):
    store = opened(file, Failing)
    forgetting = Forgetting(store, lambda: NOW)
    hide(store, clock)
    forgetting.topic("xylophonist")
    for _ in range(2):
        with pytest.raises(Unavailable, match="the disk fails"):
            forgetting.clean()
    assert len(contents(store)) == 200
    store.close()
    after = opened(file)
    Forgetting(after, lambda: NOW).clean()
    assert SECRET not in bytes_on_disk(after)
    before = file.read_bytes()
    Forgetting(after, lambda: NOW).clean()
    assert file.read_bytes() == before
    after.close()


def test_a_full_disk_while_cleaning_is_told_and_what_is_forgotten_stays_so(store, forgetting, clock):
    hide(store, clock)
    forgetting.topic("xylophonist")
    limit_pages(store, more=-100)
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        forgetting.clean()
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = off")
    limit_pages(store, more=1000)
    assert len(contents(store)) == 200
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)


def test_somebody_else_who_reads_the_file_does_not_hide_that_it_is_not_clean(store, forgetting, clock):
    hide(store, clock)
    with store.reading() as connection:
        connection.execute("PRAGMA busy_timeout = 0")
    reader = sqlite3.connect(store.file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM events").fetchone()
    forgetting.topic("xylophonist")
    with pytest.raises(Unavailable):
        forgetting.clean()
    reader.close()
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)


def test_what_is_forgotten_while_the_file_is_cleaned_is_cleaned_the_next_time(file, clock):
    store = opened(file, Forgetful)
    forgetting = Forgetting(store, lambda: NOW)
    hide(store, clock)
    forgetting.before(1)
    store.meanwhile = lambda: forgetting.topic("xylophonist")
    forgetting.clean()
    forgetting.clean()
    assert SECRET not in bytes_on_disk(store)
    store.close()


def test_forgetting_works_with_a_damaged_index_of_words(store, forgetting, clock):
    teach(store, clock, query("espresso", 1), query("haskell", 2))
    store.close()
    damage_words(store)
    store.open()
    assert forgetting.topic("espresso") == 1
    assert contents(store) == ["haskell"]


def test_a_full_disk_while_forgetting_is_told_and_nothing_is_forgotten_by_half(store, forgetting, clock):
    hide(store, clock)
    before = derived(store)
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        forgetting.topic("xylophonist")
    with store.reading() as connection:
        connection.execute("PRAGMA query_only = off")
    assert derived(store) == before
    assert forgetting.topic("xylophonist") == 200
    assert count_rows(store, "events") == 200


# what may be forgotten


@pytest.mark.parametrize("value", ["1790000000000000", "2026-09-21T16:13:20+02:00", "2026-09-21"])
def test_a_time_is_microseconds_or_a_date(store, forgetting, clock, in_berlin, value):
    times = [Clock(text).microseconds for text in ("2026-09-20 12:00", "2026-09-22 12:00")]
    teach(store, clock, *(query(f"at {when}", when) for when in times))
    assert forgetting_of("since", value)(forgetting) == 1
    assert contents(store) == [f"at {times[0]}"]


def test_a_date_begins_at_midnight_where_the_user_is(store, forgetting, clock, in_berlin):
    times = [Clock(text).microseconds for text in ("2026-11-21 23:59", "2026-11-22 00:00")]
    teach(store, clock, *(query(f"at {when}", when) for when in times))
    assert forgetting_of("before", "2026-11-22")(forgetting) == 1
    assert contents(store) == [f"at {times[1]}"]


@pytest.mark.parametrize("value", ["0", "1", str(2**64), "9" * 40, "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("kind", ["before", "since"])
def test_times_at_their_limits_forget_all_or_nothing(store, forgetting, clock, kind, value):
    teach(store, clock, query("x", 5))
    try:
        count = forgetting_of(kind, value)(forgetting)
    except InvalidArgument:
        count = 0
    assert count == 1 - len(contents(store))
    assert count == (1 if (kind == "since") == (value < "2") else 0) or value.startswith(("0001", "9", "1844"))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *(("", ""), ("topics", "x"), ("Topic", "x"), ("topic", ""), ("topic", "  \n"), ("everything", "x")),
        *(("preference", ""), ("preference", "style"), ("preference", "a b c"), ("before", ""), ("since", "")),
        *(("before", "yesterday"), ("since", "-1"), ("since", "1e9"), ("before", "2026-13-01"), ("since", "\0")),
        *(("before", "²"), ("since", "9" * 5000), ("everything", " ")),
    ],
)
def test_what_cannot_be_meant_is_refused(kind, value):
    with pytest.raises(InvalidArgument):
        forgetting_of(kind, value)


def test_plain_phrases_know_their_words():
    assert plain_phrases("an Espresso and haskell") == ["Espresso", "haskell"]


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("Wie lange ist die Straße nach Gießen heute gesperrt", "straße"),
        ("Wie lange ist die STRASSE nach Gießen heute gesperrt", "Straße"),
        ("我今天早上忘记吃糖尿病药了怎么办", "糖尿病"),
        ("Où est le café le plus proche", "CAFE"),
        ("a tab\tand a break\nin kernel\n  modules", "kernel modules"),
    ],
)
def test_a_topic_is_found_in_whatever_letters_it_is_written(store, forgetting, clock, said, topic):
    teach(store, clock, query(said, 1), query("haskell", 2))
    assert forgetting.topic(topic) == 1
    assert contents(store) == ["haskell"]


def test_a_topic_is_no_part_of_another_word(store, forgetting, clock):
    teach(store, clock, query("a categorical imperative", 1), query("my cat", 2))
    assert forgetting.topic("cat") == 1
    assert contents(store) == ["a categorical imperative"]


@pytest.mark.parametrize("beside", ["notes on diabetes", "a\ndiabetes", 'the "diabetes"', "diabetes\\n"])
def test_a_topic_is_forgotten_also_where_it_stands_beside_the_text(store, forgetting, clock, beside):
    teach(store, clock, query("hello", 1, focus=beside), query("haskell", 2))
    assert forgetting.topic("diabetes") == 1
    forgetting.clean()
    assert b"diabetes" not in bytes_on_disk(store)


def test_the_answer_to_a_question_goes_with_it_however_late_it_came(store, forgetting, clock):
    teach(store, clock, query("why", 1, request_id="r"), Event("response", "because", {"request_id": "r"}, 9))
    assert forgetting.before(5) == 2
    assert contents(store) == []


def test_what_is_not_learned_yet_is_forgotten_without_a_trace_in_the_hours(store, forgetting, clock):
    teach(store, clock, query("espresso", 1))
    store.record([query("haskell", 2)], clock())
    assert forgetting.since(2) == 1
    assert sum(events for *_, events in derived(store)["hours"]) == 1


def test_everything_goes_also_what_was_set_aside_with_its_logs(store, forgetting, clock):
    hide(store, clock)
    for suffix in ("", "-wal", "-shm"):
        (store.file.parent / f"{store.file.name}.damaged-1{suffix}").write_bytes(SECRET)
    forgetting.everything()
    assert SECRET not in bytes_on_disk(store)
    assert not any(derived(store).values())
    teach(store, clock, query("haskell", 1))
    assert contents(store) == ["haskell"]


def test_everything_can_be_forgotten_on_a_full_disk(store, forgetting, clock):
    hide(store, clock)
    limit_pages(store, 0)
    forgetting.everything()
    assert contents(store) == []


@pytest.mark.parametrize("block", [1, 10])
@pytest.mark.parametrize(("kind", "value"), [("before", "9"), ("since", "9"), ("topic", "espresso")])
def test_forgetting_mends_an_index_of_words_whose_structure_is_damaged(
    store, forgetting, clock, block, kind, value
):
    left = {"before": "haskell", "since": "espresso", "topic": "haskell"}[kind]
    teach(store, clock, query("espresso", 5), query("haskell", 9))
    store.close()
    with contextlib.closing(sqlite3.connect(store.file)) as connection, connection:
        connection.execute("UPDATE event_words_data SET block = x'00ff00ff00ff' WHERE id = ?", (block,))
    store.open()
    assert forgetting_of(kind, value)(forgetting) == 1
    assert [event.content for event in store.search([left], 10, 0)] == contents(store) == [left]


def test_cleaning_copies_nothing_to_other_folders(store, forgetting, clock, tmp_path):
    hide(store, clock)
    forgetting.since(0)
    forgetting.clean()
    with store.reading() as connection:
        assert connection.execute("PRAGMA temp_store_directory").fetchone() == (str(store.file.parent),)
