"""Every event is learned from once, and what it teaches is kept in sums that decay."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.learning_work import (
    DAY,
    HOUR,
    MINUTE,
    count_rows,
    derived,
    learn,
    limit_pages,
    plain_phrases,
    scores,
    steps,
)

from senter.errors import Unavailable
from senter.learning.event import Event
from senter.learning.knowing.insights import Insights
from senter.learning.lessons import learned as module
from senter.learning.lessons.decay import Decay
from senter.learning.lessons.learned import Learned
from senter.learning.lessons.lesson import Lesson, lesson_of
from senter.learning.lessons.mentions import DECAY
from senter.learning.preferences import belief
from senter.learning.preferences.style import Sign
from senter.learning.store import Store

BRIEF = ("style", "response_length", "brief")


@pytest.fixture
def learned(store):
    """The lessons in the store."""
    return Learned(store)


def ask(store, clock, *contents, when=0):
    """Write questions down."""
    store.record([Event("user_query", content, {}, when) for content in contents], clock())


def lessons(learned, limit=1000):
    """The lessons of what is new."""
    return [lesson_of(event, plain_phrases) for event in learned.unlearned(limit)]


def sessions(store):
    """When each session began and ended, in minutes since the hour of the clock."""
    return derived(store)["sessions"]


def texts(learned):
    """What is to be told."""
    return [text for _, _, text in learned.letters()]


def lesson(event, time=5, topics=(), signs=(), present=False):
    """A lesson of an event."""
    return Lesson(event, time, 739_577, 10, present, topics, signs)


def test_every_event_is_learned_from_once(store, learned, clock):
    ask(store, clock, "espresso", "haskell")
    assert learned.has_unlearned()
    assert learn(store, clock.microseconds) == 2
    assert not learned.has_unlearned()
    before = derived(store)
    assert learn(store, clock.microseconds) == 0
    assert derived(store) == before
    ask(store, clock, "espresso")
    assert [event.content for event in learned.unlearned(10)] == ["espresso"]


def test_events_are_learned_from_in_the_order_of_writing_and_a_few_at_a_time(store, learned, clock):
    for when in (3, 1, 2):
        ask(store, clock, str(when), when=when)
    assert [event.content for event in learned.unlearned(2)] == ["3", "1"]


def test_learning_that_fails_is_taken_back_as_a_whole(store, learned, clock):
    ask(store, clock, "espresso please", "haskell")
    before = derived(store)
    found = lessons(learned)
    broken = Lesson(*(2, 5, None, None), True, ("x",), (Sign("style", "a", "b", float("nan")),))
    with pytest.raises(Exception, match=r"NOT NULL|cannot be used"):
        learned.learn([found[0], broken], clock.microseconds)
    assert derived(store) == before
    assert learned.unlearned(10)[0].content == "espresso please"
    assert learn(store, clock.microseconds) == 2


def test_a_full_disk_while_learning_is_told_and_learning_goes_on_later(store, learned, clock):
    ask(store, clock, *(f"espresso {number}" for number in range(300)))
    before = derived(store)
    limit_pages(store, more=0)
    with pytest.raises(Unavailable, match="full"):
        for _ in range(100):
            learned.learn([lesson(1, topics=("word " * 1000,))], clock.microseconds)
            before = None
    limit_pages(store, more=1000)
    if before:
        assert derived(store) == before
    assert learn(store, clock.microseconds) >= 299


def test_a_question_comes_with_the_answer_to_it(store, learned, clock):
    store.record(
        [
            Event("response", "the answer", {"request_id": "r"}),
            Event("response", "another", {"request_id": "s"}),
            Event("user_feedback", "good", {"request_id": "r", "positive": True}),
            Event("user_feedback", "good", {"positive": True}),
        ],
        clock(),
    )
    assert [event.answer for event in learned.unlearned(10)][2:] == ["the answer", ""]


# topics


def test_a_topic_weighs_what_its_mentions_weigh_now(store, clock):
    now = clock.microseconds
    ask(store, clock, "espresso", when=now)
    ask(store, clock, "Espresso", when=now - 30 * DAY)
    ask(store, clock, "espresso", when=now - 60 * DAY)
    learn(store, now)
    ((_, score),) = scores(store).items()
    assert DECAY.weight(score, now) == pytest.approx(1.75)
    assert derived(store)["topics"] == [("espresso", "espresso", now)]
    assert count_rows(store, "mentions") == 3


TIMES = st.lists(st.integers(0, 400 * DAY), min_size=1, max_size=12)


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TIMES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_the_order_of_learning_does_not_matter(tmp_path_factory, clock, times, chance: random.Random, at_once):
    now, found = clock.microseconds, []
    mixed = list(enumerate(times))
    chance.shuffle(mixed)
    for name, order in (("sorted", list(enumerate(times))), ("mixed", mixed)):
        store = Store(tmp_path_factory.mktemp(name) / "learning.db")
        store.open()
        events = [Event("user_query", "briefly espresso", {}, now - ago, f"k{key:02}") for key, ago in order]
        store.record(events, clock())
        learn(store, now, at_once=at_once if name == "mixed" else 100)
        found.append((derived(store), scores(store)))
        store.close()
    (one, its_scores), (other, other_scores) = found
    assert one == other
    assert its_scores == {name: pytest.approx(score, abs=1e-9) for name, score in other_scores.items()}
    direct = sum(2 ** (-ago / (60 * DAY)) for ago in times)
    assert belief.DECAY.weight(its_scores[*BRIEF, "pro"], now) == pytest.approx(direct, rel=1e-6)
    direct = sum(2 ** (-ago / (30 * DAY)) for ago in times)
    assert DECAY.weight(its_scores["topic", "espresso"], now) == pytest.approx(direct, rel=1e-6)


def test_an_event_that_mentions_a_topic_by_two_of_its_names_mentions_it_once(store, learned, clock):
    store.record([Event("user_query", "x", {}, 5)] * 2, clock())
    learned.learn([lesson(1, topics=("espresso", "haskell"))], 5)
    numbers = {topic: number for number, topic in learned.unplaced("m", 10)}
    learned.keep_vector((numbers["espresso"], "espresso"), b"1234", "m", None)
    learned.keep_vector((numbers["haskell"], "haskell"), b"1234", "m", numbers["espresso"])
    assert scores(store)["topic", "espresso"] == pytest.approx(DECAY.scored(5), abs=1e-9)
    learned.learn([lesson(2, topics=("espresso", "haskell"))], 5)
    assert scores(store)["topic", "espresso"] == pytest.approx(DECAY.scored(5, 2), abs=1e-9)


def test_topics_that_are_one_have_one_weight_and_all_mentions(store, learned, clock):
    store.record([Event("user_query", "x", {}, when) for when in (5, 9 * DAY, 7, 10 * DAY)], clock())
    learned.learn([lesson(1, 5, ("espresso",)), lesson(2, 9 * DAY, ("ristretto",)), lesson(3, 7, ("lungo",))], 5)
    numbers = {topic: number for number, topic in learned.unplaced("m", 10)}
    learned.keep_vector((numbers["lungo"], "lungo"), b"", "m", numbers["ristretto"])
    learned.keep_vector((numbers["ristretto"], "ristretto"), b"", "m", numbers["espresso"])
    expected = Decay(30.0).weight(DECAY.scored(5), 5) * (2 + 2 ** (9 / 30))
    assert DECAY.weight(scores(store)["topic", "espresso"], 5) == pytest.approx(expected)
    assert list(scores(store)) == [("topic", "espresso")]
    learned.learn([lesson(4, 10 * DAY, ("Lungo",))], 5)
    assert count_rows(store, "mentions") == 4
    assert ("espresso", "espresso", 10 * DAY) in derived(store)["topics"]
    assert Insights(store).topic_count() == 1


def test_too_many_topics_are_let_go_the_weakest_first(store, learned, monkeypatch):
    monkeypatch.setattr(module, "MOST_TOPICS", 2)
    learned.learn([lesson(number, number * DAY, (f"topic{number}",)) for number in (1, 2, 3, 4)], 5)
    assert learned.prune(739_577, 366) == 2
    assert sorted(scores(store)) == [("topic", "topic3"), ("topic", "topic4")]
    assert count_rows(store, "mentions") == 2
    assert learned.prune(739_577, 366) == 0


def test_hours_that_do_not_count_any_more_are_let_go(store, learned):
    learned.learn([lesson(1, present=True)], 5)
    learned.prune(739_577 + 366, 366)
    assert count_rows(store, "activity_patterns") == 1
    learned.prune(739_577 + 367, 366)
    assert count_rows(store, "activity_patterns") == 0


# sessions


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([0], [(0, 0)]),
        ([0, 30], [(0, 30)]),
        ([0, 31], [(0, 0), (31, 31)]),
        ([31, 0], [(0, 0), (31, 31)]),
        ([0, 60, 30], [(0, 60)]),
        ([0, 40, 20, 200, 170], [(0, 40), (170, 200)]),
        ([0, 20, 40, 60, 91], [(0, 60), (91, 91)]),
        ([50, 50], [(50, 50)]),
    ],
)
def test_a_session_ends_when_the_user_is_away_for_more_than_thirty_minutes(store, clock, minutes, expected):
    start = clock.microseconds
    for minute in minutes:
        ask(store, clock, "x", when=start + minute * MINUTE)
    learn(store, start)
    assert [((began - start) / MINUTE, (ended - start) / MINUTE) for began, ended in sessions(store)] == expected


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 400), min_size=1, max_size=15))
def test_sessions_are_what_a_look_at_all_of_it_finds(store, minutes):
    with store.writing() as connection:
        connection.execute("DELETE FROM sessions")
        for minute in minutes:
            module.extend_sessions(connection, minute * MINUTE)
    expected = []
    for minute in sorted(minutes):
        if expected and minute - expected[-1][1] <= 30:
            expected[-1][1] = minute
        else:
            expected.append([minute, minute])
    assert sessions(store) == [(began * MINUTE, ended * MINUTE) for began, ended in expected]


def test_only_what_the_user_does_makes_a_session_and_an_active_hour(store, clock):
    own = {"origin": "ai.senter.Scheduler1"}
    store.record([Event("response", "x"), Event("goal_created", "x", own), Event("goal_failed", "x")], clock())
    learn(store, clock.microseconds)
    assert derived(store)["sessions"] == derived(store)["hours"] == []
    store.record([Event("goal_created", "x"), Event("user_feedback", "x")], clock())
    learn(store, clock.microseconds)
    assert [events for _, _, events in derived(store)["hours"]] == [2]


# letters


def test_what_begins_to_count_is_to_be_told_once(store, learned, clock):
    ask(store, clock, "briefly, x")
    learn(store, clock.microseconds)
    assert texts(learned) == []
    ask(store, clock, "briefly, y")
    learn(store, clock.microseconds)
    assert texts(learned) == ["Wants brief answers: the point first, no padding."]
    ask(store, clock, "briefly, z")
    learn(store, clock.microseconds)
    ((number, key, _),) = learned.letters()
    assert key
    learned.forget_letter(number)
    learned.forget_letter(number)
    assert texts(learned) == []


def test_what_the_user_has_set_is_not_told_as_found_out(store, learned, clock):
    with store.writing() as connection:
        connection.execute("INSERT INTO choices VALUES (?, ?, ?)", BRIEF)
    ask(store, clock, "briefly x", "briefly y", "briefly z")
    learn(store, clock.microseconds)
    assert texts(learned) == []


def test_a_change_of_mind_is_told_too(store, learned, clock):
    ask(store, clock, *["briefly x"] * 3)
    learn(store, clock.microseconds)
    clock.forward(days=300)
    ask(store, clock, *["in depth y"] * 3)
    learn(store, clock.microseconds)
    assert texts(learned) == ["Wants brief answers: the point first, no padding.", "Wants detailed answers."]


# cost


def test_the_cost_of_learning_does_not_grow_with_what_is_known(store, clock):
    costs = []
    for past in (200, 2000):
        start = clock.microseconds - past * HOUR
        ask(store, clock, *(f"espresso haskell briefly {number}" for number in range(past)), when=start)
        learn(store, clock.microseconds)
        ask(store, clock, *["please gardening espresso"] * 20)
        made = steps(store)
        learn(store, clock.microseconds)
        Learned(store).prune(clock().toordinal(), 366)
        costs.append(len(made))
    assert costs[1] < 2 * costs[0] + 10
