"""Each attempt at a step is on disk, with an id of its own, before it begins."""

import pytest

from senter.errors import InvalidState, NoSuchGoal, NoSuchTask
from senter.tasks.goal import COMPLETED, FAILED, IN_PROGRESS, NEW, PENDING, PLANNING, RUNNING, WAITING, GoalOptions
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.attempts import Attempts
from senter.tasks.pursuing.bounds import Spent
from senter.tasks.store import Store
from senter.tasks.telling.letter import Letter
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.network_log import Request

LETTER = Letter("log", "plan_created", "x")
SECOND = 1_000_000
STEPS = [Step("look", "research"), Step("sum up", "generate", depends_on=(1,))]


@pytest.fixture
def store(tmp_path):
    """An open store with a goal that is planned."""
    opened = Store(tmp_path / "tasks.db")
    opened.open()
    planned(opened)
    yield opened
    opened.close()


@pytest.fixture
def attempts(store):
    """The attempts in it."""
    return Attempts(store)


def planned(store):
    """Write a goal with a plan down; its id."""
    goal_id, _ = store.add_goal(1, "goal", GoalOptions())
    store.move_goal(goal_id, PLANNING, started=1)
    store.save_plan(goal_id, "model", STEPS, 2, LETTER)
    return goal_id


def rows(store):
    """What is on disk of the attempts."""
    with store.reading() as connection:
        return connection.execute("SELECT id, began, ended, outcome FROM attempts ORDER BY rowid").fetchall()


def test_an_attempt_is_on_disk_before_it_has_an_outcome(store, attempts):
    assert attempts.begin(store.task("1.1"), 5) == "1.1.1"
    assert rows(store) == [("1.1.1", 5, 0, "")]
    task = store.task("1.1")
    assert (task.status, task.attempts, task.started) == (IN_PROGRESS, 1, 5)


def test_attempts_that_were_interrupted_are_no_failures(store, attempts):
    for _ in range(3):
        attempts.begin(store.task("1.1"), 5)
        attempts.take_up((), lambda task: True, 6)
    attempts.begin(store.task("1.1"), 7)
    attempts.again(store.task("1.1"), 3, "not there", 20)
    assert attempts.failures(store.task("1.1")) == 1


def test_the_next_attempt_has_another_id(store, attempts):
    attempts.begin(store.task("1.1"), 5)
    attempts.again(store.task("1.1"), 3, "not there", 20)
    assert attempts.begin(store.task("1.1"), 20) == "1.1.2"
    attempts.end(store.task("1.1"), COMPLETED, 30, 7, findings=Findings("found"))
    assert rows(store) == [("1.1.1", 5, 8, FAILED), ("1.1.2", 20, 27, COMPLETED)]
    assert store.findings(["1.1"]) == [Findings("found")]


def test_a_step_cannot_be_begun_twice(store, attempts):
    attempts.begin(store.task("1.1"), 5)
    with pytest.raises(InvalidState):
        attempts.begin(store.task("1.1"), 6)
    assert len(rows(store)) == 1


def test_what_an_earlier_process_left_is_ready_again(store, attempts):
    other = planned(store)
    new, _ = store.add_goal(1, "goal", GoalOptions())
    changed = planned(store)
    for goal_id in (new, changed):
        store.move_goal(goal_id, PLANNING)
    for task in ("1.1", f"{other}.1"):
        attempts.begin(store.task(task), 5)
    left, asked = attempts.take_up({f"{other}.1"}, lambda _: True, 9)
    assert ([task.id for task in left], asked) == (["1.1"], [])
    assert [store.goal(goal_id).state for goal_id in (new, changed)] == [NEW, RUNNING]
    assert [store.task(task).status for task in ("1.1", f"{other}.1")] == [PENDING, IN_PROGRESS]
    assert rows(store) == [("1.1.1", 5, 5, "interrupted"), (f"{other}.1.1", 5, 0, "")]


def test_what_cannot_be_repeated_waits_for_the_user(store, attempts):
    attempts.begin(store.task("1.1"), 5)
    _, (question,) = attempts.take_up((), lambda _: False, 9)
    assert (question.task_id, question.kind) == ("1.1", "repeat")
    assert store.task("1.1").status == WAITING


def test_what_was_spent_is_what_came_to_an_end_since_the_goal_was_begun_or_retried(store, attempts):
    def spend(*spent):
        for number, (outcome, took) in enumerate(spent):
            with store.writing() as connection:
                count = connection.execute("SELECT COUNT(*) FROM attempts").fetchone()[0]
                values = (f"1.1.{count}", 1_000 - number, 1_000 - number + took * SECOND, outcome)
                connection.execute("INSERT INTO attempts VALUES (?, '1.1', 1, ?, ?, ?)", values)

    spend((FAILED, 1), (COMPLETED, 2), (FAILED, 3), (FAILED, 4))
    assert attempts.spent(store.goal("1")) == Spent(4, 10 * SECOND, 2)
    store.end_goal("1", FAILED, [], 9)
    store.retry_goal("1", 10)
    assert attempts.spent(store.goal("1")) == Spent()
    spend((FAILED, 5))
    assert attempts.spent(store.goal("1")) == Spent(1, 5 * SECOND, 1)


def test_an_attempt_that_found_no_model_is_not_counted(store, attempts):
    attempts.begin(store.task("1.1"), 5)
    attempts.end(store.task("1.1"), WAITING, 6, 1, "needs a language model")
    assert attempts.spent(store.goal("1")) == Spent()


@pytest.mark.parametrize(("status", "told"), [(COMPLETED, "task_completed"), (FAILED, "task_failed")])
def test_what_became_of_a_task_elsewhere_is_noted_and_told(store, attempts, status, told):
    attempts.begin(store.task("1.1"), 5)
    task = attempts.note_from_outside("1.1", status, "a friend\nlooked", 9)
    assert (task.status, task.finished) == (status, 9)
    assert (task.summary or task.error) == "a friend looked"
    assert store.letters()[-1][1].subject == told
    assert rows(store)[0][3] == status


def test_what_has_ended_cannot_be_noted_anew(store, attempts):
    attempts.note_from_outside("1.1", COMPLETED, "", 9)
    with pytest.raises(InvalidState):
        attempts.note_from_outside("1.1", FAILED, "", 9)
    with pytest.raises(NoSuchTask):
        attempts.note_from_outside("1.9", COMPLETED, "", 9)
    store.end_goal("1", FAILED, [], 9)
    with pytest.raises(InvalidState, match="goal 1 has ended: it is failed"):
        attempts.note_from_outside("1.2", COMPLETED, "", 9)


def test_what_a_task_asked_of_the_network_is_kept_for_its_goal(store, attempts):
    asked = [
        Request(3, "https://a.example/", "93.184.216.34", "200"),
        Request(4, "http://10.0.0.1/", "", "refused"),
    ]
    attempts.note_requests("1.1", asked)
    found = attempts.requests("1", 0, 0)
    assert [(each.url, each.address, each.outcome, each.task_id) for each in found] == [
        ("https://a.example/", "93.184.216.34", "200", "1.1"),
        ("http://10.0.0.1/", "", "refused", "1.1"),
    ]
    assert attempts.requests("1", 1, 1) == found[1:]
    with pytest.raises(NoSuchGoal):
        attempts.requests("7", 0, 0)
