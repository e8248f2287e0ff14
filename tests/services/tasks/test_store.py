"""Goals on disk."""

import json

import pytest
from support.goal_work import RESEARCH, STEP

from senter.errors import InvalidState, NoSuchGoal, Unavailable
from senter.tasks.approvals.approval import permission
from senter.tasks.approvals.questions import Questions
from senter.tasks.goal import (
    CANCELLED,
    COMPLETED,
    FAILED,
    NEW,
    PENDING,
    PLANNING,
    RUNNING,
    WAITING,
    Goal,
    GoalOptions,
    Task,
)
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.attempts import Attempts
from senter.tasks.store import TABLES_VERSION, Store
from senter.tasks.telling.letter import Letter
from senter.tasks.tools.findings import Findings, Passage

LETTER = Letter("log", "plan_created", "Größe 📊", "/r.md", "key")
FOUND = Findings("text", (Passage("/a", "line 1", "t", "x"),), ("note",), "model", ("/f",))


@pytest.fixture
def file(tmp_path):
    """Where the database will be."""
    return tmp_path / "tasks.db"


@pytest.fixture
def store(file):
    """An open, empty store."""
    opened = Store(file)
    opened.open()
    yield opened
    opened.close()


def add(store, description="goal", **options):
    """Write a goal down; its id."""
    return store.add_goal(1, description, GoalOptions(**options))[0]


def planned(store, steps=STEP, **options):
    """Write a goal with a plan down; its id."""
    goal_id = add(store, **options)
    store.move_goal(goal_id, PLANNING)
    store.save_plan(goal_id, "keywords", steps, 2, LETTER)
    return goal_id


def begin(store, task_id, when=3):
    """Begin with a task."""
    return Attempts(store).begin(store.task(task_id), when)


def cancel(store, goal_id, when=1):
    """Cancel a goal."""
    return store.end_goal(goal_id, CANCELLED, [LETTER], when, outcome=CANCELLED)


def done(store, task_id, status=COMPLETED, **values):
    """Do a task."""
    begin(store, task_id)
    Attempts(store).end(store.task(task_id), status, 4, **values)


def statuses(store, goal_id):
    """What became of the tasks of a goal."""
    return [task.status for task in store.tasks(goal_id)]


def test_a_goal_is_read_back(store):
    options = GoalOptions(9, "home", "ai.senter.Cli1", "key")
    assert store.add_goal(5, "Größe 📊\nof it", options) == ("1", True)
    goal = Goal("1", "Größe 📊\nof it", NEW, "home", "ai.senter.Cli1", priority=9, created=5)
    assert store.goal("1") == store.goals("", 10, 0)[0] == goal
    assert store.open_goals() == ["1"]


def test_the_same_key_is_the_same_goal(store):
    assert store.add_goal(1, "one", GoalOptions(key="k")) == ("1", True)
    add(store, "two")
    assert store.add_goal(2, "three", GoalOptions(key="k")) == ("1", False)
    assert [goal.description for goal in store.goals("", -1, 0)] == ["two", "one"]


def test_an_id_is_never_given_twice(store):
    goal_id = add(store)
    with store.writing() as connection:
        connection.execute("DELETE FROM goals")
    assert add(store) != goal_id


def test_a_plan_is_read_back_in_its_order(store):
    goal_id = planned(store, RESEARCH * 4, priority=7)
    tasks = store.tasks(goal_id)
    assert tasks[0] == Task(
        "1.1", "1", "look here", "research", tool="file_search", priority=7, depends_on=[], created=2
    )
    assert [task.id for task in tasks] == [f"1.{number}" for number in range(1, 13)]
    assert tasks[2].depends_on == ["1.1", "1.2"]
    assert store.parameters("1.1") == {"folder": "/d"}
    assert (store.goal(goal_id).state, store.goal(goal_id).planner) == (RUNNING, "keywords")


@pytest.mark.parametrize("state", [NEW, CANCELLED, FAILED, RUNNING])
def test_a_plan_that_nobody_makes_any_more_is_not_saved(store, state):
    goal_id = add(store)
    if state == CANCELLED:
        cancel(store, goal_id, 1)
    elif state != NEW:
        store.move_goal(goal_id, PLANNING)
        store.move_goal(goal_id, state)
    told = len(store.letters())
    with pytest.raises(InvalidState):
        store.save_plan(goal_id, "keywords", STEP, 2, LETTER)
    assert (store.goal(goal_id).state, store.tasks(goal_id), len(store.letters())) == (state, [], told)


def test_open_goals_come_most_urgent_first_then_oldest_first(store):
    for priority in (5, 9, 1, 9):
        add(store, priority=priority)
    planned(store, priority=5)
    cancel(store, add(store, priority=10), 1)
    store.move_goal(add(store, priority=10), PLANNING)
    assert store.open_goals() == ["2", "4", "1", "5", "3"]


def test_goals_that_are_not_ended_are_counted_by_state(store):
    add(store)
    cancel(store, add(store), 1)
    store.move_goal(planned(store), WAITING)
    store.move_goal(planned(store), COMPLETED)
    assert store.counts() == {NEW: 1, WAITING: 1}


def test_a_step_that_is_done_is_read_back_with_what_it_found(store):
    goal_id = planned(store, RESEARCH)
    done(store, "1.1", findings=FOUND, summary="it is long")
    task = store.tasks(goal_id)[0]
    assert (task.status, task.summary, task.started, task.finished, task.attempts) == (
        *(COMPLETED, "it is long", 3, 4, 1),
    )
    assert store.findings(["1.2", "1.1", "9.9"]) == [Findings(), FOUND, Findings()]
    assert (store.goal(goal_id).tasks_done, store.goal(goal_id).tasks_total) == (1, 3)


@pytest.mark.parametrize("status", [COMPLETED, FAILED, CANCELLED])
def test_a_step_that_has_ended_cannot_be_completed(store, status):
    goal_id = planned(store)
    if status == CANCELLED:
        cancel(store, goal_id, 1)
    else:
        done(store, "1.1", status)
    told = len(store.letters())
    with pytest.raises(InvalidState):
        Attempts(store).end(store.task("1.1"), COMPLETED, 9, findings=FOUND, letters=[LETTER])
    assert statuses(store, goal_id) == [status]
    assert len(store.letters()) == told


def test_a_step_cannot_be_begun_twice(store):
    planned(store)
    begin(store, "1.1", 3)
    with pytest.raises(InvalidState):
        begin(store, "1.1", 4)
    assert store.tasks("1")[0].attempts == 1


def test_a_goal_is_cancelled_with_what_is_left_of_its_plan(store):
    goal_id = planned(store, [*RESEARCH, *STEP])
    done(store, "1.1")
    done(store, "1.2", FAILED, error="no")
    begin(store, "1.3", 3)
    assert [task.id for task in cancel(store, goal_id, 8)] == ["1.3", "1.4"]
    assert statuses(store, goal_id) == [COMPLETED, FAILED, CANCELLED, CANCELLED]
    goal = store.goal(goal_id)
    assert (goal.state, goal.outcome, goal.finished) == (CANCELLED, CANCELLED, 8)


def test_what_is_tried_again_is_what_was_not_done(store):
    goal_id = planned(store, RESEARCH)
    done(store, "1.1", findings=FOUND)
    done(store, "1.2", FAILED, error="no")
    cancel(store, goal_id, 8)
    assert [task.id for task in store.retry_goal(goal_id, 9)] == ["1.2", "1.3"]
    assert statuses(store, goal_id) == [COMPLETED, PENDING, PENDING]
    assert [task.error for task in store.tasks(goal_id)] == ["", "", ""]
    assert store.findings(["1.1"]) == [FOUND]
    goal = store.goal(goal_id)
    assert (goal.state, goal.outcome, goal.error, goal.started, goal.finished) == (RUNNING, "", "", 9, 0)


def test_everything_that_waits_goes_on_the_oldest_first(store):
    for _ in range(2):
        planned(store)
    for task in ("2.1", "1.1"):
        done(store, task, WAITING, error="needs a model")
    store.move_goal("1", WAITING, error="needs a model")
    assert [task.id for task in store.release_waiting()] == ["1.1", "2.1"]
    assert statuses(store, "1") + statuses(store, "2") == [PENDING, PENDING]
    assert (store.goal("1").state, store.goal("1").error, store.tasks("1")[0].error) == (RUNNING, "", "")
    assert store.release_waiting() == []


def test_what_belongs_to_goals_that_pause_goes_on_waiting(store):
    for goal in ("1", "2"):
        planned(store)
        done(store, f"{goal}.1", WAITING, error="nothing is left")
        store.move_goal(goal, WAITING, error="nothing is left")
    assert [task.id for task in store.release_waiting({"1"})] == ["2.1"]
    assert [store.goal(goal).state for goal in ("1", "2")] == [WAITING, RUNNING]
    assert (statuses(store, "1"), store.goal("1").error) == ([WAITING], "nothing is left")


def test_letters_are_kept_in_order_until_they_are_forgotten(store, file):
    store.add_letter(LETTER)
    goal_id = planned(store)
    store.move_goal(goal_id, COMPLETED, [Letter("notice", "Goal achieved", "x", "/r.md", "k")])
    store.close()
    again = Store(file)
    again.open()
    ((first, letter), (second, _), (third, last)) = again.letters()
    assert (letter, last.subject) == (LETTER, "Goal achieved")
    again.forget_letter(second)
    assert [number for number, _ in again.letters()] == [first, third]
    again.close()


def test_a_letter_of_an_earlier_version_is_still_to_be_delivered(store):
    written = {"kind": "notice", "subject": "Goal achieved", "text": "x", "open": "/r.md", "key": "k"}
    with store.writing() as connection:
        connection.execute("INSERT INTO letters (content) VALUES (?)", (json.dumps(written),))
    ((_, letter),) = store.letters()
    assert letter == Letter(**written)
    assert (letter.type, letter.goal, letter.title) == ("", "", "")


def test_what_comes_next_is_what_has_not_ended_the_most_urgent_and_then_the_newest_first(store):
    for priority in (5, 9, 5, 1, 5):
        add(store, priority=priority)
    cancel(store, "3", 1)
    planned(store, RESEARCH, priority=9)
    done(store, "6.1")
    found, total = store.coming(4)
    assert [goal.id for goal in found] == ["6", "2", "5", "1"]
    assert (found[0].tasks_done, found[0].tasks_total, total) == (1, 3, 5)


def test_a_goal_that_has_not_ended_by_its_deadline_is_overdue(store):
    add(store, deadline=10)
    add(store)
    cancel(store, add(store, deadline=10))
    assert [[goal.id for goal in store.overdue(now)] for now in (9, 10)] == [[], ["1"]]
    assert store.next_moment(1) == 10


def test_the_next_moment_is_that_of_what_is_tried_again_first(store):
    planned(store, RESEARCH)
    assert store.next_moment(1) == 0
    for task, when in (("1.1", 30), ("1.2", 20)):
        begin(store, task)
        Attempts(store).again(store.task(task), 1, "not there", when)
    assert [store.next_moment(now) for now in (1, 20, 30)] == [20, 30, 0]


def test_new_steps_take_the_place_of_others_and_are_numbered_on(store):
    goal_id = planned(store, RESEARCH)
    done(store, "1.1", FAILED, error="no")
    store.move_goal(goal_id, PLANNING, replanned=1)
    changed = store.change_plan(goal_id, {"1.1", "1.3"}, [Step("again", "generate", depends_on=(2,))], 9, LETTER)
    assert [(task.id, task.status, task.replaced) for task in changed] == [
        ("1.1", FAILED, True),
        ("1.3", CANCELLED, True),
        ("1.4", PENDING, False),
    ]
    assert (changed[-1].depends_on, store.was_replanned(goal_id)) == (["1.2"], True)
    assert (store.goal(goal_id).state, store.goal(goal_id).tasks_total) == (RUNNING, 2)


def test_what_waits_for_an_answer_waits_for_no_model(store):
    planned(store)
    assert not store.waits_for_model()
    done(store, "1.1", WAITING, error="needs a model")
    assert store.waits_for_model()
    store.release_waiting()
    Questions(store).ask(permission(store.goal("1"), store.task("1.1"), "write it", 1))
    assert not store.waits_for_model()
    assert store.release_waiting() == []


def test_a_move_that_is_refused_tells_nobody(store):
    goal_id = add(store)
    with pytest.raises(InvalidState):
        store.move_goal(goal_id, COMPLETED, [LETTER], outcome=COMPLETED)
    assert (store.letters(), store.goal(goal_id).outcome) == ([], "")


def test_a_disk_that_is_full_leaves_nothing_half_done(store):
    goal_id = add(store)
    store.move_goal(goal_id, PLANNING)
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    large = Letter("log", "plan_created", "x" * 20_000)
    with pytest.raises(Unavailable, match="full"):
        store.save_plan(goal_id, "keywords", RESEARCH, 1, large)
    assert (store.goal(goal_id).state, store.tasks(goal_id), store.letters()) == (PLANNING, [], [])
    store._connection.execute(f"PRAGMA max_page_count = {pages + 100}")
    assert len(store.save_plan(goal_id, "keywords", RESEARCH, 1, large)) == 3


@pytest.mark.parametrize("goal_id", ["", "x", "01", "1.1", "\uff11", "9" * 19, "9" * 5000, "1; DROP TABLE goals"])
def test_an_id_that_is_none_is_told(store, goal_id):
    add(store)
    for ask in (
        store.goal,
        store.tasks,
        lambda name: store.retry_goal(name, 1),
        lambda name: cancel(store, name, 1),
    ):
        with pytest.raises(NoSuchGoal):
            ask(goal_id)
    assert store.goal("1").state == NEW


def test_the_version_of_the_tables_is_the_number_of_migrations(store):
    applied = store._connection.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone()[0]
    assert applied == store._connection.execute("PRAGMA user_version").fetchone()[0] == TABLES_VERSION
