"""What a goal is, and what follows from its tasks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.errors import InvalidArgument, InvalidState
from senter.tasks import goal as nouns
from senter.tasks.goal import (
    CANCELLED,
    COMPLETED,
    ENDED,
    FAILED,
    GATHERING,
    GOAL_MOVES,
    IN_PROGRESS,
    LONGEST_DESCRIPTION,
    PENDING,
    RUNNING,
    TASK_MOVES,
    TYPES,
    WAITING,
    GoalOptions,
    Task,
    check_goal,
    hopeless,
    outcome,
    verdict,
)


def task(number, status=PENDING, kind="generate", needs=(), priority=5):
    """A task of goal 1."""
    needed = tuple(f"1.{other}" for other in needs)
    return Task(f"1.{number}", "1", f"step {number}", kind, status, depends_on=needed, priority=priority)


def names(tasks):
    """The numbers of tasks."""
    return [int(each.id.partition(".")[2]) for each in tasks]


# what may be asked for


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\0", "\x1b\x07", "\ud800", "\u202e"])
def test_nothing_is_no_goal(text):
    with pytest.raises(InvalidArgument, match="description is empty"):
        check_goal(text, GoalOptions())


def test_a_goal_is_kept_without_what_acts_on_a_terminal():
    assert check_goal("  find\x1b[2J \u202eit\0\ud800  ", GoalOptions()) == "find[2J it"


def test_a_goal_of_many_lines_stays_as_it_is():
    assert check_goal("find out:\n* this\n* that", GoalOptions()) == "find out:\n* this\n* that"


def test_the_longest_goal_is_kept_to_its_last_letter():
    text = "x" * (LONGEST_DESCRIPTION - 1) + "y"
    assert check_goal(text, GoalOptions()) == text


def test_a_longer_goal_is_refused_and_not_cut():
    with pytest.raises(InvalidArgument, match="description is longer than 10000 characters"):
        check_goal("x" * (LONGEST_DESCRIPTION + 1), GoalOptions())


@pytest.mark.parametrize("priority", [1, 5, 10])
def test_a_priority_is_one_to_ten(priority):
    assert check_goal("a goal", GoalOptions(priority=priority)) == "a goal"


@pytest.mark.parametrize("priority", [0, 11, 255])
def test_any_other_priority_is_refused(priority):
    with pytest.raises(InvalidArgument, match=f"priority must be 1 to 10, not {priority}"):
        check_goal("a goal", GoalOptions(priority=priority))


@pytest.mark.parametrize("name", ["focus", "origin", "key"])
@pytest.mark.parametrize("value", ["two\nlines", "\x1b[0m", "\ud800", " space"])
def test_an_option_is_plain_text_on_one_line(name, value):
    with pytest.raises(InvalidArgument, match=f"{name} must be plain text on one line"):
        check_goal("a goal", GoalOptions(**{name: value}))


@pytest.mark.parametrize("state", ["", *GOAL_MOVES])
def test_every_state_may_be_asked_for(state):
    nouns.check_state(state)


def test_a_word_that_is_no_state_is_refused_and_the_states_named():
    with pytest.raises(InvalidArgument, match=r"state must be one of new, planning, .*, not 'done'"):
        nouns.check_state("done")


# moves


def test_moves_lead_to_states_that_exist():
    for moves in (GOAL_MOVES, TASK_MOVES):
        assert set().union(*moves.values()) <= set(moves)


def test_what_is_completed_stays_so():
    assert GOAL_MOVES[COMPLETED] == TASK_MOVES[COMPLETED] == set()


def test_a_step_is_completed_by_an_attempt_or_from_outside_unless_it_has_ended():
    assert {before for before, after in TASK_MOVES.items() if COMPLETED in after} == {PENDING, IN_PROGRESS, WAITING}


def test_a_move_that_is_none_is_told():
    with pytest.raises(InvalidState, match="a goal that is completed cannot become running"):
        nouns.check_goal_move(COMPLETED, RUNNING)
    with pytest.raises(InvalidState, match="a task that is failed cannot become completed"):
        nouns.check_task_move(FAILED, COMPLETED)


# what may start


def ready(tasks):
    """What may start at the beginning of time."""
    return nouns.ready(tasks, 0)


def test_a_task_that_needs_nothing_may_start():
    assert names(ready([task(1), task(2, needs=[1])])) == [1]


def test_a_task_waits_for_all_it_needs():
    tasks = [task(1, COMPLETED), task(2, IN_PROGRESS), task(3, needs=[1, 2])]
    assert ready(tasks) == hopeless(tasks) == []


def test_what_is_tried_again_later_may_start_then():
    later = [replace(task(1), not_before=5)]
    assert [names(nouns.ready(later, now)) for now in (4, 5)] == [[], [1]]
    assert verdict(later) == RUNNING


@pytest.mark.parametrize("status", [IN_PROGRESS, WAITING, *sorted(ENDED)])
def test_only_what_is_pending_may_start(status):
    assert ready([task(1, status)]) == []


def test_the_most_urgent_comes_first_then_the_order_of_the_plan():
    tasks = [task(1, priority=1), task(2, priority=9), task(3, priority=9), task(4, priority=5)]
    assert names(ready(tasks)) == [2, 3, 4, 1]


def test_one_source_that_has_found_something_is_enough():
    sources = [task(1, COMPLETED, GATHERING), task(2, FAILED, GATHERING)]
    assert names(ready([*sources, task(3, needs=[1, 2])])) == [3]


def test_a_source_that_may_still_find_something_is_waited_for():
    sources = [task(1, COMPLETED, GATHERING), task(2, IN_PROGRESS, GATHERING)]
    assert ready([*sources, task(3, needs=[1, 2])]) == []


def test_when_all_sources_failed_there_is_no_hope():
    sources = [task(1, FAILED, GATHERING), task(2, CANCELLED, GATHERING)]
    assert names(hopeless([*sources, task(3, needs=[1, 2])])) == [3]


@pytest.mark.parametrize("status", [FAILED, CANCELLED])
def test_any_other_task_is_needed_without_condition(status):
    tasks = [task(1, COMPLETED, GATHERING), task(2, status), task(3, needs=[1, 2])]
    assert names(hopeless(tasks)) == [3]


def test_what_is_lost_is_what_failed_and_what_needs_it():
    tasks = [task(1, COMPLETED), task(2, FAILED, needs=[1]), task(3, needs=[2]), task(4, FAILED)]
    assert names(nouns.lost(tasks)) == [2, 3]
    assert names(nouns.lost([*tasks, task(5, needs=[3]), task(6, needs=[1])])) == [2, 3, 5]


def test_what_a_new_plan_has_replaced_does_not_count():
    replaced = [replace(task(1, FAILED), replaced=True), replace(task(2, CANCELLED, needs=[1]), replaced=True)]
    tasks = [*replaced, task(3, COMPLETED)]
    assert (verdict(tasks), outcome(COMPLETED, tasks), nouns.what_failed(tasks)) == (COMPLETED, COMPLETED, "")
    assert ready(replaced) == hopeless(replaced) == nouns.lost(replaced) == []


# what follows for the goal


@pytest.mark.parametrize("status", [PENDING, IN_PROGRESS, WAITING, COMPLETED, FAILED, CANCELLED])
def test_a_goal_of_one_task_is_what_its_task_is(status):
    follows = {PENDING: RUNNING, IN_PROGRESS: RUNNING}
    assert verdict([task(1, status)]) == follows.get(status, status)


def test_a_goal_is_reached_when_its_results_are_there_although_a_source_failed():
    tasks = [task(1, COMPLETED, GATHERING), task(2, FAILED, GATHERING), task(3, COMPLETED, needs=[1, 2])]
    assert verdict(tasks) == COMPLETED
    assert outcome(COMPLETED, tasks) == "partly"


def test_a_goal_with_a_result_that_failed_has_failed():
    assert verdict([task(1, COMPLETED), task(2, FAILED)]) == FAILED


def test_a_goal_waits_only_when_nothing_else_can_be_done():
    assert verdict([task(1, WAITING), task(2)]) == RUNNING
    assert verdict([task(1, WAITING), task(2, COMPLETED), task(3, needs=[1, 2])]) == WAITING


def test_a_goal_without_a_plan_is_not_reached():
    assert verdict([]) == FAILED


def test_the_outcome_is_told_at_the_end_only():
    assert [outcome(state, []) for state in (RUNNING, WAITING, COMPLETED, FAILED, CANCELLED)] == [
        *("", "", COMPLETED, FAILED, CANCELLED)
    ]


@st.composite
def plans(draw):
    """Tasks of any type, each with needs among those before it, in any order."""
    count = draw(st.integers(1, 8))
    order = draw(st.permutations(range(1, count + 1)))
    tasks = []
    for position, number in enumerate(order):
        needs = draw(st.sets(st.sampled_from(order[:position]))) if position else ()
        tasks.append(task(number, kind=draw(st.sampled_from(TYPES)), needs=sorted(needs)))
    return sorted(tasks, key=lambda each: int(each.id.partition(".")[2]))


@given(plans(), st.data())
def test_every_plan_comes_to_an_end_that_follows_from_its_tasks(tasks, data):
    for _ in range(len(tasks) * 4):
        assert not set(names(ready(tasks))) & set(names(hopeless(tasks)))
        if not (moving := ready(tasks) + hopeless(tasks)):
            break
        assert verdict(tasks) == RUNNING
        chosen = data.draw(st.sampled_from(moving))
        ends = [FAILED] if chosen in hopeless(tasks) else [COMPLETED, FAILED, WAITING]
        end = data.draw(st.sampled_from(ends))
        tasks = [replace(each, status=end) if each is chosen else each for each in tasks]
    statuses = {each.status for each in tasks}
    state = verdict(tasks)
    if WAITING in statuses:
        assert state == WAITING
    else:
        assert statuses <= ENDED
        results = {each.status for each in nouns.results(tasks)}
        assert state == (COMPLETED if results == {COMPLETED} else FAILED)
    for each in tasks:
        if each.status == COMPLETED:
            needed = [other for other in tasks if other.id in each.depends_on]
            sources = [other.status for other in needed if other.type == GATHERING]
            assert all(other.status == COMPLETED for other in needed if other.type != GATHERING)
            assert not sources or COMPLETED in sources
