"""Whose turn it is, and who gives way."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from senter.models.providers.lanes import MOST_GIVEN_WAY, NOBODY, Lanes, Neighbour, Turn
from senter.models.request import BACKGROUND, INTERACTIVE, LANES

ENGINE = "embedded"
BUSY = Neighbour(busy=True, engine=ENGINE)
WAITED_FOR = Neighbour(busy=True, waited_for=True, engine=ENGINE)


def lanes(slots=1, neighbour=NOBODY, running=()):
    """Lanes in which these run already."""
    made = Lanes(slots, ENGINE)
    for turn in running:
        made.enter(turn)
    assert made.begin() == list(running)
    made.meet(neighbour)
    return made


def test_first_come_is_first_served():
    made, turns = lanes(slots=2), [Turn(INTERACTIVE) for _ in range(3)]
    for turn in turns:
        made.enter(turn)
    assert made.begin() == turns[:2]
    assert made.waiting == 1
    made.leave(turns[0])
    assert made.begin() == turns[2:]


def test_people_go_before_the_background():
    made = lanes()
    work, question = Turn(BACKGROUND), Turn(INTERACTIVE)
    made.enter(work)
    made.enter(question)
    assert made.begin() == [question]


def test_a_question_without_a_place_makes_the_youngest_work_give_way():
    older, younger = Turn(BACKGROUND), Turn(BACKGROUND)
    made = lanes(slots=2, running=[older, younger])
    made.enter(Turn(INTERACTIVE))
    assert made.yielding() == [younger]


def test_a_question_with_a_place_makes_nobody_give_way():
    made = lanes(slots=2, running=[Turn(BACKGROUND)])
    made.enter(Turn(INTERACTIVE))
    assert made.yielding() == []


def test_a_question_does_not_give_way_to_another():
    made = lanes(running=[Turn(INTERACTIVE)])
    made.enter(Turn(INTERACTIVE))
    assert made.yielding() == []


def test_work_that_gave_way_often_enough_is_finished():
    made = lanes(running=[Turn(BACKGROUND, given_way=MOST_GIVEN_WAY)], neighbour=WAITED_FOR)
    made.enter(Turn(INTERACTIVE))
    assert made.yielding() == []


def test_who_gave_way_waits_before_other_work_in_the_order_of_giving_way():
    made = lanes(slots=4)
    fresh, first, second = Turn(BACKGROUND), Turn(BACKGROUND, 1), Turn(BACKGROUND, 1)
    for turn in (fresh, first, second):
        made.enter(turn)
    assert made.begin() == [first, second, fresh]


def test_work_does_not_begin_while_the_neighbour_uses_the_engine():
    made = lanes(neighbour=BUSY)
    made.enter(Turn(BACKGROUND))
    assert made.begin() == []
    made.meet(NOBODY)
    assert len(made.begin()) == 1


def test_work_that_runs_goes_on_unless_somebody_waits_for_the_neighbour():
    work = Turn(BACKGROUND)
    made = lanes(running=[work], neighbour=BUSY)
    assert made.yielding() == []
    made.meet(WAITED_FOR)
    assert made.yielding() == [work]


def test_a_question_begins_however_busy_the_neighbour_is():
    made = lanes(neighbour=WAITED_FOR)
    made.enter(Turn(INTERACTIVE))
    assert len(made.begin()) == 1


@pytest.mark.parametrize("engine", ["", "port 11434"])
def test_a_neighbour_at_another_engine_disturbs_nobody(engine):
    work = Turn(BACKGROUND)
    made = lanes(slots=2, running=[work], neighbour=Neighbour(busy=True, waited_for=True, engine=engine))
    made.enter(Turn(BACKGROUND))
    assert made.yielding() == []
    assert len(made.begin()) == 1


def test_a_provider_elsewhere_is_shared_with_nobody():
    made = Lanes(1, "")
    made.meet(Neighbour(busy=True, waited_for=True, engine=""))
    made.enter(Turn(BACKGROUND))
    assert len(made.begin()) == 1


ARRIVALS = some.lists(some.tuples(some.sampled_from(LANES), some.booleans()), max_size=30)


@given(some.integers(1, 4), ARRIVALS, some.booleans())
def test_nobody_is_lost_and_the_slots_are_kept(slots, arrivals, busy):
    made = lanes(slots, BUSY if busy else NOBODY)
    running, entered = [], 0
    for lane, one_ends in arrivals:
        made.enter(Turn(lane))
        entered += 1
        running += made.begin()
        assert len(running) <= slots
        if one_ends and running:
            made.leave(running.pop(0))
            entered -= 1
            running += made.begin()
        assert made.waiting == entered - len(running)
    made.meet(NOBODY)
    for _ in range(entered):
        running += made.begin()
        made.leave(running.pop(0))
    assert made.waiting == 0
