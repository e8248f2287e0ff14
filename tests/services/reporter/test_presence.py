"""When the user was there, and since when there is news."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.reporter import presence
from senter.reporter.presence import GAP, Change, Presence, Span

MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
NOON = 1_795_345_200_000_000

HELD = Presence(1, NOON, NOON, "boot/c1")
SEEN = Presence(1, NOON, NOON)
OVER = Presence(1, NOON, NOON + HOUR, over=True)


def written(rows, change):
    """The presences, newest first, after a change was written as the store does."""
    if change.update:
        rows = [change.update if row.id == change.update.id else row for row in rows]
    if change.insert:
        assert change.insert.id == 0
        rows = [replace(change.insert, id=len(rows) + 1), *rows]
    return rows


def last(rows):
    """The newest presence, if there is one."""
    return rows[0] if rows else None


# what an event changes


def test_the_first_coming_begins_a_presence_that_the_session_holds():
    assert presence.came(None, "boot/c1", NOON) == Change(insert=Presence(0, NOON, NOON, "boot/c1"))


def test_a_coming_of_the_session_that_holds_the_presence_changes_nothing():
    assert presence.came(HELD, "boot/c1", NOON + 9 * HOUR) == Change()


def test_another_session_ends_the_presence_where_it_was_known_to_last_and_begins_its_own():
    change = presence.came(HELD, "boot/c2", NOON + HOUR)
    assert change.update == Presence(1, NOON, NOON, over=True)
    assert change.insert == Presence(0, NOON + HOUR, NOON + HOUR, "boot/c2")


def test_a_coming_after_the_end_begins_another_presence():
    assert presence.came(OVER, "boot/c1", NOON + 2 * HOUR) == Change(
        insert=Presence(0, NOON + 2 * HOUR, NOON + 2 * HOUR, "boot/c1")
    )


def test_a_presence_that_signs_of_life_began_becomes_the_session_that_comes():
    taken = Presence(1, NOON, NOON + GAP - 1, "boot/c1")
    assert presence.came(SEEN, "boot/c1", NOON + GAP - 1) == Change(update=taken)


def test_a_presence_without_signs_of_life_for_half_an_hour_is_not_taken_over():
    change = presence.came(SEEN, "boot/c1", NOON + GAP)
    assert change == Change(replace(SEEN, over=True), Presence(0, NOON + GAP, NOON + GAP, "boot/c1"))


def test_leaving_ends_the_presence_now_and_nobody_holds_it():
    ended = Presence(1, NOON, NOON + HOUR, over=True)
    assert presence.left(HELD, 0, NOON + HOUR) == Change(update=ended)


def test_leaving_by_idleness_ends_the_presence_when_that_began():
    assert presence.left(HELD, NOON + 50 * MINUTE, NOON + HOUR).update.ended == NOON + 50 * MINUTE


@pytest.mark.parametrize("since", [NOON - HOUR, 1])
def test_idleness_that_began_before_the_last_sign_of_life_takes_nothing_back(since):
    assert presence.left(replace(HELD, ended=NOON + MINUTE), since, NOON + HOUR).update.ended == NOON + MINUTE


def test_idleness_does_not_begin_in_the_future():
    assert presence.left(HELD, NOON + 2 * HOUR, NOON + HOUR).update.ended == NOON + HOUR


def test_a_presence_that_had_faded_away_ended_with_its_last_sign_of_life():
    assert presence.left(SEEN, 0, NOON + GAP).update == replace(SEEN, over=True)
    assert presence.left(SEEN, 0, NOON + GAP - 1).update == Presence(1, NOON, NOON + GAP - 1, over=True)


@pytest.mark.parametrize("before", [None, OVER])
def test_leaving_twice_changes_nothing(before):
    assert presence.left(before, 0, NOON + 5 * HOUR) == Change()


@pytest.mark.parametrize("before", [HELD, SEEN])
def test_with_a_sign_of_life_the_presence_lasts(before):
    assert presence.sign(before, NOON + MINUTE) == Change(update=replace(before, ended=NOON + MINUTE))


def test_a_held_presence_lasts_through_hours_without_a_sign():
    assert presence.sign(HELD, NOON + 5 * HOUR) == Change(update=replace(HELD, ended=NOON + 5 * HOUR))


def test_a_sign_of_life_after_half_an_hour_without_begins_a_presence_that_nobody_holds():
    change = presence.sign(SEEN, NOON + GAP)
    assert change == Change(replace(SEEN, over=True), Presence(0, NOON + GAP, NOON + GAP))


@pytest.mark.parametrize("before", [None, OVER])
def test_a_sign_of_life_of_somebody_who_had_left_begins_a_presence_that_nobody_holds(before):
    assert presence.sign(before, NOON + HOUR) == Change(insert=Presence(0, NOON + HOUR, NOON + HOUR))


def test_a_held_presence_lasts_until_somebody_looks():
    assert presence.still_there(HELD, NOON + HOUR) == Change(update=replace(HELD, ended=NOON + HOUR))


@pytest.mark.parametrize("before", [None, SEEN, OVER])
def test_looking_is_no_sign_of_life(before):
    assert presence.still_there(before, NOON + MINUTE) == Change()


# the mark, and the return


def test_there_is_no_mark_before_the_first_presence_has_ended():
    assert presence.end_of_previous([], NOON) is None
    assert presence.end_of_previous([HELD], NOON + HOUR) is None
    assert presence.end_of_previous([SEEN], NOON + MINUTE) is None


def test_the_mark_is_the_end_of_the_presence_before_this_one():
    here = Presence(2, NOON + 2 * HOUR, NOON + 2 * HOUR, "boot/c1")
    assert presence.end_of_previous([here, OVER], NOON + 9 * HOUR) == OVER.ended


def test_the_mark_is_the_end_of_the_last_presence_while_the_user_is_away():
    before = Presence(1, NOON - HOUR, NOON - HOUR, over=True)
    assert presence.end_of_previous([replace(OVER, id=2), before], NOON + 2 * HOUR) == OVER.ended
    assert presence.end_of_previous([replace(SEEN, id=2), before], NOON + GAP) == NOON
    assert presence.end_of_previous([replace(SEEN, id=2), before], NOON + GAP - 1) == before.ended


def test_the_mark_is_not_in_the_future_when_the_clock_was_set_back():
    assert presence.end_of_previous([OVER], NOON) == NOON


def test_only_a_return_after_half_an_hour_is_worth_telling():
    assert presence.away_for(OVER, OVER.ended + GAP) == GAP
    assert presence.is_return(OVER, OVER.ended + GAP)
    assert not presence.is_return(OVER, OVER.ended + GAP - 1)
    assert not presence.is_return(None, NOON)


def test_nobody_is_away_for_less_than_no_time():
    assert presence.away_for(OVER, NOON - 5 * HOUR) == 0


# here and away in turns


def test_before_the_first_presence_nothing_is_known():
    assert presence.spans([], NOON) == []


def test_the_presence_that_goes_on_lasts_until_now():
    assert presence.spans([HELD], NOON + HOUR) == [Span(NOON, NOON + HOUR, here=True)]


def test_a_time_away_is_between_two_presences_and_after_the_last_one():
    later = Presence(2, NOON + 3 * HOUR, NOON + 4 * HOUR, over=True)
    assert presence.spans([later, OVER], NOON + 9 * HOUR) == [
        Span(NOON + 4 * HOUR, NOON + 9 * HOUR, here=False),
        Span(NOON + 3 * HOUR, NOON + 4 * HOUR, here=True),
        Span(NOON + HOUR, NOON + 3 * HOUR, here=False),
        Span(NOON, NOON + HOUR, here=True),
    ]


def test_presences_without_a_time_between_them_are_one():
    next_session = Presence(2, NOON + HOUR, NOON + HOUR, "boot/c2")
    assert presence.spans([next_session, OVER], NOON + 3 * HOUR) == [Span(NOON, NOON + 3 * HOUR, here=True)]


# a life of events


SESSIONS = st.sampled_from(["boot/c1", "boot/c2", "later/c1"])
EVENTS = st.one_of(
    st.tuples(st.just("came"), SESSIONS),
    st.tuples(st.just("left"), st.integers(0, 2 * GAP)),
    st.just(("sign",)),
    st.just(("still_there",)),
    st.just(("asked",)),
)
STEPS = st.one_of(st.integers(0, 3 * GAP), st.sampled_from([0, 1, GAP - 1, GAP, GAP + 1]))
FORWARD = st.lists(st.tuples(STEPS, EVENTS), max_size=25)
ANYHOW = st.lists(st.tuples(STEPS | st.integers(-3 * GAP, 0), EVENTS), max_size=25)


def happen(rows, event, now):
    """The presences after an event."""
    match event:
        case ("came", session):
            return written(rows, presence.came(last(rows), session, now))
        case ("left", 0):
            return written(rows, presence.left(last(rows), 0, now))
        case ("left", ago):
            return written(rows, presence.left(last(rows), now - ago, now))
        case ("sign",):
            return written(rows, presence.sign(last(rows), now))
        case ("still_there",):
            return written(rows, presence.still_there(last(rows), now))
    return rows


def lived(steps):
    """Every state on the way: what happened, when, and the presences after it."""
    rows, now = [], NOON
    for step, event in steps:
        now += step
        rows = happen(rows, event, now)
        yield event, now, rows


@given(ANYHOW)
def test_no_presence_ends_before_it_begins(steps):
    for _, _, rows in lived(steps):
        assert all(row.began <= row.ended for row in rows)


@given(ANYHOW)
def test_only_the_newest_presence_can_go_on_and_nobody_holds_one_that_is_over(steps):
    for _, _, rows in lived(steps):
        assert all(row.over for row in rows[1:])
        assert all(row.session == "" for row in rows if row.over)


@given(FORWARD)
def test_presences_do_not_overlap_and_none_is_in_the_future(steps):
    for _, now, rows in lived(steps):
        assert all(earlier.ended <= later.began for later, earlier in pairwise(rows))
        assert all(row.ended <= now for row in rows)


@given(ANYHOW)
def test_after_leaving_the_user_is_away_and_after_coming_here(steps):
    for event, now, rows in lived(steps):
        if event[0] == "left":
            assert not any(row.goes_on(now) for row in rows)
        if event[0] == "came":
            assert (rows[0].session, rows[0].goes_on(now)) == (event[1], True)
        if event[0] == "sign":
            assert rows[0].goes_on(now)


@given(ANYHOW, SESSIONS, STEPS)
def test_two_comings_of_one_session_are_one(steps, session, later):
    *_, (_, now, rows) = [("", NOON, []), *lived(steps)]
    rows = happen(rows, ("came", session), now)
    assert presence.came(last(rows), session, now + later) == Change()


@given(ANYHOW, SESSIONS, st.lists(st.tuples(STEPS, st.sampled_from(["sign", "still_there", "asked"]))))
def test_whatever_the_user_does_the_mark_stays_until_leaving(steps, session, doings):
    *_, (_, now, rows) = [("", NOON, []), *lived(steps)]
    rows = happen(rows, ("came", session), now)
    end_of_last = rows[1].ended if rows[1:] else None
    for step, doing in doings:
        now += step
        rows = happen(rows, (doing,), now)
        assert presence.end_of_previous(rows[:2], now) == (end_of_last and min(end_of_last, now))


@given(FORWARD)
def test_the_mark_never_goes_back_in_time(steps):
    marks = [presence.end_of_previous(rows[:2], now) or 0 for _, now, rows in lived(steps)]
    assert marks == sorted(marks)


@given(FORWARD)
def test_leaving_and_coming_again_moves_the_mark_to_the_leaving(steps):
    for _, now, rows in lived(steps):
        here = happen(rows, ("came", "boot/c1"), now)
        back = happen(happen(here, ("left", 0), now + HOUR), ("came", "boot/c1"), now + 2 * HOUR)
        assert presence.end_of_previous(back[:2], now + 3 * HOUR) == now + HOUR


@given(ANYHOW)
def test_spans_alternate_without_gaps_until_now(steps):
    for _, now, rows in lived(steps):
        found = presence.spans(rows, now)
        assert [span.ended for span in found[:1]] == [now] * bool(rows)
        assert all(span.began <= span.ended for span in found)
        assert all(
            (earlier.ended, earlier.here) == (later.began, not later.here) for later, earlier in pairwise(found)
        )


@given(FORWARD)
def test_spans_say_of_every_presence_that_the_user_was_here(steps):
    for _, now, rows in lived(steps):
        here = [span for span in presence.spans(rows, now) if span.here]
        for row in rows:
            assert any(span.began <= row.began and row.ended <= span.ended for span in here)
