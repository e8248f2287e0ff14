"""Whether the user is at the screen, from news in every order."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.bus.attendance import Attendance, Sight

HERE = Sight("b/1")
LOCKED = Sight("b/1", locked=True)


class Listener:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple] = []
        self.locked = lambda: self.told.append(("locked",))
        self.unlocked = lambda: self.told.append(("unlocked",))
        self.came = lambda session: self.told.append(("came", session))
        self.left = lambda since: self.told.append(("left", since))

    def rest(self) -> list[tuple]:
        """What was told since the last question."""
        told, self.told = self.told, []
        return told


@pytest.fixture
def listener() -> Listener:
    """Who wants to know."""
    return Listener()


@pytest.fixture
def attendance(listener) -> Attendance:
    """Nothing is known yet."""
    return Attendance(listener)


def test_nobody_comes_or_leaves_before_it_is_known_who_is_there(attendance, listener):
    attendance.sleep(True)
    attendance.sleep(False)
    attendance.idle(True, 5)
    attendance.idle(False, 6)
    assert listener.rest() == []


@pytest.mark.parametrize(
    ("sight", "told"),
    [
        (HERE, [("came", "b/1")]),
        (Sight(), [("left", 0)]),
        (LOCKED, [("locked",), ("left", 0)]),
        (Sight("b/1", idle=True, idle_since=7), [("left", 7)]),
        (Sight("b/1", asleep=True), [("left", 0)]),
    ],
)
def test_the_first_look_tells_who_is_there_and_the_second_nothing_new(attendance, listener, sight, told):
    attendance.look(sight)
    assert listener.rest() == told
    attendance.look(sight)
    assert listener.rest() == []


def test_a_screen_that_stays_locked_while_nobody_is_logged_in_is_unlocked_by_the_next_login(attendance, listener):
    attendance.look(LOCKED)
    attendance.look(Sight())
    assert listener.rest() == [("locked",), ("left", 0)]
    attendance.look(Sight("b/2"))
    assert listener.rest() == [("unlocked",), ("came", "b/2")]


def test_a_lock_that_was_only_asked_for_is_not_forgotten_by_looking_again(attendance, listener):
    attendance.look(HERE)
    attendance.request(True)
    listener.rest()
    attendance.look(HERE)
    assert listener.rest() == []


def test_a_lock_that_the_desktop_took_back_while_nobody_listened_is_told_by_looking_again(attendance, listener):
    attendance.look(LOCKED)
    listener.rest()
    attendance.look(HERE)
    assert listener.rest() == [("unlocked",), ("came", "b/1")]


def test_a_desktop_that_says_once_more_that_nobody_is_idle_has_not_seen_anybody_come(attendance, listener):
    attendance.look(HERE)
    attendance.request(True)
    listener.rest()
    attendance.idle(False, 3)
    assert listener.rest() == []


def test_who_moves_behind_the_lock_of_a_session_that_began_locked_has_not_come(attendance, listener):
    attendance.look(HERE)
    attendance.look(Sight("b/2", locked=True))
    listener.rest()
    attendance.idle(True, 3)
    attendance.idle(False, 4)
    assert listener.rest() == []


NEWS = st.one_of(
    st.tuples(st.just("hint"), st.booleans()),
    st.tuples(st.just("request"), st.booleans()),
    st.tuples(st.just("idle"), st.booleans(), st.integers(1, 9)),
    st.tuples(st.just("sleep"), st.booleans()),
    st.tuples(
        st.just("look"),
        st.builds(Sight, st.sampled_from(["", "b/1", "b/2"]), st.booleans(), st.booleans(), asleep=st.booleans()),
    ),
)


@given(st.lists(NEWS, max_size=30))
def test_coming_and_leaving_take_turns(all_news):
    listener = Listener()
    attendance = Attendance(listener)
    for member, *news in all_news:
        getattr(attendance, member)(*news)
    turns = [told[0] for told in listener.told if told[0] in ("came", "left")]
    assert all(turn != before for before, turn in pairwise(turns))
    locks = [told[0] for told in listener.told if told[0] in ("locked", "unlocked")]
    assert locks == ["locked", "unlocked"] * (len(locks) // 2) + ["locked"] * (len(locks) % 2)


@given(st.lists(NEWS, max_size=30))
def test_nobody_is_here_while_asleep_idle_or_behind_the_desktops_own_lock(all_news):
    listener = Listener()
    attendance = Attendance(listener)
    for member, *news in [*all_news, ("look", HERE)]:
        getattr(attendance, member)(*news)
    for member, *news in [("hint", True), ("idle", True, 5), ("idle", False, 6), ("sleep", False)]:
        getattr(attendance, member)(*news)
        told = [told for told in listener.told if told[0] in ("came", "left")]
        assert told[-1][0] == "left"
    attendance.hint(False)
    assert listener.told[-1] == ("came", "b/1")
