"""What is known of the user, as it is asked for."""

from datetime import date, timedelta

import pytest
from support.clock import BERLIN, Clock
from support.learning_work import DAY, HOUR, MINUTE, teach

from senter.database import Disk
from senter.errors import InvalidArgument, Unavailable
from senter.learning.event import Event
from senter.learning.knowing.insights import Insights
from senter.learning.knowing.knowledge import Knowledge


@pytest.fixture
def knowledge(store, clock):
    """What is known in the store."""
    return Knowledge(store, Insights(store), clock, Disk())


def ask(content, when=0, **metadata):
    """A question."""
    return Event("user_query", content, metadata, when)


def mornings(until, days=28, hour=9):
    """Questions at an hour of each of the days before a date, as the clock on the wall shows it."""
    first = date.fromisoformat(until)
    dates = [first - timedelta(days=ago) for ago in range(1, days + 1)]
    return [ask("espresso please", Clock(f"{day} {hour:02}:15").microseconds) for day in dates]


async def test_of_a_stranger_nothing_is_known_and_everything_is_usual(knowledge):
    profile = await knowledge.profile()
    assert (profile.total_interactions, profile.unique_topics, profile.top_topics) == (0, 0, [])
    assert (profile.peak_hours, profile.digest_hour, profile.preferences) == ([9, 10, 14, 15], 9, {})
    assert (profile.next_active, profile.next_active_confidence, profile.goals) == (0, 0.0, [])
    assert await knowledge.text() == ""
    assert await knowledge.peak_hours() == [9, 10, 14, 15]
    assert await knowledge.next_active() == (0, 0.0)
    assert await knowledge.activity_pattern("hour") == await knowledge.activity_pattern("day") == {}


async def test_the_profile_has_what_is_known(store, knowledge, clock, in_berlin):
    goals = [Event("goal_completed", "x", {"kind": "research", "seconds": 60}), Event("goal_failed", "x")]
    teach(store, clock, *mornings("2026-11-22", hour=7), *goals)
    profile = await knowledge.profile()
    assert (profile.total_interactions, profile.unique_topics, profile.top_topics) == (30, 1, ["espresso"])
    assert profile.peak_hours == [7]
    assert profile.digest_hour == 7
    assert profile.preferences == {"style formality": "formal"}
    assert [row.kind for row in profile.goals] == ["other", "research"]
    assert await knowledge.text() == (
        "What is known of the user:\n- Prefers a formal tone.\n- Is mostly there at these hours: 7:00.\n"
        "- Often asks about: espresso."
    )


@pytest.mark.parametrize("most", [1, 30, 60, 100, 2**32 - 1])
async def test_the_profile_for_a_prompt_is_no_larger_than_asked_for(store, knowledge, clock, most):
    teach(store, clock, *mornings("2026-11-22"))
    for number in range(60):
        await knowledge.choose("answers", f"about_{number}", "x" * 200)
    assert len(await knowledge.text(most)) <= min(most, 10_000)
    assert len(await knowledge.text()) <= 1000


async def test_topics_weigh_half_after_thirty_days(store, knowledge, clock):
    teach(store, clock, ask("espresso"), ask("espresso"), ask("haskell"))
    now = clock.microseconds
    assert await knowledge.top_topics(1) == [("espresso", pytest.approx(2), now)]
    clock.forward(days=30)
    assert await knowledge.top_topics(0) == [
        ("espresso", pytest.approx(1), now),
        ("haskell", pytest.approx(0.5), now),
    ]


async def test_topics_are_as_many_as_asked_for_and_eight_without_a_number(store, knowledge, clock):
    teach(store, clock, ask("x"), phrases=lambda _: [f"topic{number}" for number in range(1200)])
    for limit, count in ((0, 8), (3, 3), (1000, 1000), (2**32 - 1, 1000)):
        assert len(await knowledge.top_topics(limit)) == count


async def test_what_comes_up_more_often_rises(store, knowledge, clock):
    now = clock.microseconds
    teach(store, clock, *[ask("espresso", now)] * 4, *[ask("haskell", now - 8 * DAY)] * 4)
    assert await knowledge.trends(7) == [("espresso", pytest.approx(4 / 6)), ("haskell", pytest.approx(-4 / 6))]
    assert dict(await knowledge.trends(366)) == {"espresso": pytest.approx(4 / 6), "haskell": pytest.approx(4 / 6)}


@pytest.mark.parametrize("days", [0, 367, 2**32 - 1])
async def test_trends_of_no_days_or_of_years_are_refused(knowledge, days):
    with pytest.raises(InvalidArgument, match="days must be 1 to 366"):
        await knowledge.trends(days)


async def test_activity_is_told_by_hour_and_by_day_and_decays(store, knowledge, clock, in_berlin):
    teach(store, clock, ask("x"), ask("x"), ask("x", clock.microseconds - DAY + HOUR))
    assert await knowledge.activity_pattern("hour") == {"10": 2.0, "11": pytest.approx(2 ** (-1 / 28))}
    assert await knowledge.activity_pattern("day") == {"6": 2.0, "5": pytest.approx(2 ** (-1 / 28))}
    clock.forward(days=28)
    assert (await knowledge.activity_pattern("hour"))["10"] == pytest.approx(1.0)


@pytest.mark.parametrize("kind", ["", "week", "Hour", "hour ", "'"])
async def test_another_kind_of_activity_is_refused(knowledge, kind):
    with pytest.raises(InvalidArgument, match="kind must be hour or day"):
        await knowledge.activity_pattern(kind)


async def test_the_next_time_is_tomorrow_morning(store, knowledge, clock, in_berlin):
    teach(store, clock, *mornings("2026-11-22"))
    moment, chance = await knowledge.next_active()
    assert moment == Clock("2026-11-23 09:00").microseconds
    assert 0.5 <= chance < 1


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"])
async def test_the_next_time_is_right_when_the_clocks_change_tonight(store, knowledge, clock, in_berlin, change):
    clock.set(f"{date.fromisoformat(change) - timedelta(days=1)} 20:00")
    teach(store, clock, *mornings(change))
    moment, _ = await knowledge.next_active()
    assert moment == Clock(f"{change} 09:00").microseconds


@pytest.mark.parametrize("change", ["2026-10-25", "2027-03-28"])
async def test_habits_stay_what_they_are_after_the_clocks_have_changed(store, knowledge, clock, in_berlin, change):
    for ago in range(28, -1, -1):
        clock.set(f"{date.fromisoformat(change) - timedelta(days=ago)} 09:15")
        teach(store, clock, ask("espresso"))
    clock.set(f"{change} 20:00")
    assert list(await knowledge.activity_pattern("hour")) == ["9"]
    moment, _ = await knowledge.next_active()
    assert clock().astimezone(BERLIN) < Clock(f"{change} 21:00")()
    assert moment == Clock(f"{date.fromisoformat(change) + timedelta(days=1)} 09:00").microseconds


# preferences


async def test_what_is_set_is_told_and_counts(knowledge):
    await knowledge.choose("style", "formality", "  casual\n")
    (found,) = await knowledge.preferences("")
    assert (found.type, found.key, found.value, found.set_by_user) == ("style", "formality", "casual", True)
    assert await knowledge.preferences("schedule") == []
    assert "casual tone" in await knowledge.text()


@pytest.mark.parametrize("hour", ["0", "7", "23", "07"])
async def test_the_hour_of_the_digest_is_the_one_that_is_set(store, knowledge, clock, hour):
    teach(store, clock, *mornings("2026-11-22"))
    await knowledge.choose("schedule", "digest_hour", hour)
    assert (await knowledge.profile()).digest_hour == int(hour)


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        *(("", "key", "x"), ("two words", "key", "x"), ("style", "", "x"), ("style", "a-b", "x"), ("1", "a", "x")),
        *(("style", "k" * 65, "x"), ("style", "key", ""), ("style", "key", " \n\0"), ("style", "key", "x" * 201)),
        *(("schedule", "digest_hour", value) for value in ("24", "-1", "nine", "9.5", "9:00", "9" * 200, "²")),
        *(("style\0", "key", "x"), ("\ud800", "key", "x"), ("style", "'; --", "x"), ("style", "key", "\ud800")),
        *(("style", "response_length", "breif"), ("style", "respone_length", "brief"), ("schedule", "hour", "9")),
    ],
)
async def test_what_cannot_be_meant_is_not_set(knowledge, kind, key, value):
    with pytest.raises(InvalidArgument):
        await knowledge.choose(kind, key, value)
    assert await knowledge.preferences("") == []


# sessions and numbers


async def test_a_session_tells_what_happened_in_it(store, knowledge, clock):
    now = clock.microseconds
    events = [
        ask("espresso please", now),
        ask("haskell in short", now + 10 * MINUTE),
        ask("haskell", now + 15 * MINUTE),
    ]
    teach(store, clock, *events, Event("response", "x", {}, now + MINUTE), ask("gardening", now + 2 * HOUR))
    (first,) = {event.session for event in store.recent("", 0, 10) if event.time == now}
    session = await knowledge.session(first)
    assert (session.id, session.began, session.ended) == (first, now, now + 15 * MINUTE)
    assert (session.events, session.seconds, session.topics) == (4, 900.0, ["haskell", "espresso"])
    assert session.style == {"formality": "formal", "response_length": "brief"}
    assert session.engagement == pytest.approx(0.3 * 0.4 + 0.5 * 0.3 + 0.5 * 0.3)


async def test_a_session_of_very_many_events_ends_when_it_ended(store, knowledge, clock):
    now = clock.microseconds
    teach(store, clock, *(ask("x", now + number * MINUTE) for number in range(1, 1201)))
    session = await knowledge.session("")
    assert session.ended == now + 1200 * MINUTE
    assert session.events == 1200


async def test_what_is_kept_is_counted(store, knowledge, clock):
    later = clock.microseconds + DAY - MINUTE
    teach(store, clock, ask("espresso please"), Event("response", "x"), ask("haskell", later))
    await knowledge.choose("schedule", "digest_hour", "7")
    found = await knowledge.statistics()
    assert (found.total_events, found.events_by_type) == (3, {"user_query": 2, "response": 1})
    assert (found.unique_topics, found.preferences_count, found.sessions) == (2, 2, 2)


async def test_a_disk_that_fails_is_told(store, knowledge):
    store.close()
    for question in (knowledge.text(), knowledge.profile(), knowledge.statistics(), knowledge.next_active()):
        with pytest.raises(Unavailable):
            await question
    store.open()


async def test_an_event_from_far_in_the_future_does_not_outweigh_everything(store, knowledge, clock):
    teach(store, clock, ask("gardening briefly", Clock("2090-01-01 00:00").microseconds), *[ask("espresso")] * 3)
    assert (await knowledge.top_topics(1))[0][0] == "espresso"
    assert all(each.confidence < 0.7 for each in await knowledge.preferences(""))
