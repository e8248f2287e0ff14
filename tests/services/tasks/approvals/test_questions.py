"""What the user is asked, once, and what follows from the answer."""

import pytest

from senter.errors import InvalidState, NoSuchTask
from senter.tasks.approvals.approval import PATIENCE, permission
from senter.tasks.approvals.questions import Questions
from senter.tasks.goal import FAILED, IN_PROGRESS, PENDING, PLANNING, RUNNING, WAITING, GoalOptions
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.attempts import Attempts
from senter.tasks.store import Store
from senter.tasks.telling.letter import LONGEST_QUESTION, NOTICE, WITHDRAWAL, plan_created

NOW = 1_000_000
STEPS = (Step("write it", "organize", "file_write"), Step("write it again", "organize", "file_write"))
QUESTION = "write /home/ada/plan.md"


class Ground:
    """A goal with two steps that may be asked about."""

    def __init__(self, folder):
        self.store = Store(folder / "tasks.db")
        self.store.open()
        self.questions = Questions(self.store)
        self.attempts = Attempts(self.store)
        self.goal_id, _ = self.store.add_goal(NOW, "plan it", GoalOptions())
        self.store.move_goal(self.goal_id, PLANNING)
        goal = self.store.goal(self.goal_id)
        self.first, self.second = self.store.save_plan(
            self.goal_id, "model", STEPS, NOW, plan_created(goal, len(STEPS))
        )
        for number, _ in self.store.letters():
            self.store.forget_letter(number)

    def ask(self, task, question=QUESTION, now=NOW):
        """Let a task ask."""
        return self.questions.ask(permission(self.store.goal(self.goal_id), task, question, now))

    def statuses(self):
        """What became of the steps."""
        return [task.status for task in self.store.tasks(self.goal_id)]

    def letters(self):
        """What the reporter is told."""
        return [letter for _, letter in self.store.letters()]


@pytest.fixture
def ground(tmp_path):
    """The goal."""
    made = Ground(tmp_path)
    yield made
    made.store.close()


def test_a_task_that_asks_waits_and_the_user_sees_two_buttons(ground):
    assert ground.ask(ground.first) == (True, True)
    assert ground.statuses() == [WAITING, PENDING]
    (letter,) = ground.letters()
    assert (letter.kind, letter.type, letter.text) == (
        NOTICE,
        "approval",
        f"Senter wants to {QUESTION}\nFor: plan it",
    )
    assert [list(action) for action in letter.actions] == [
        ["approve", "Approve", "ai.senter.Tasks1", "Approve", letter.key],
        ["deny", "Deny", "ai.senter.Tasks1", "Deny", letter.key],
    ]
    (found,) = ground.questions.open(NOW)
    assert (found.task_id, found.goal_id, found.question) == (ground.first.id, ground.goal_id, QUESTION)
    assert found.until - found.asked == PATIENCE


def test_what_is_asked_by_two_tasks_is_asked_once_and_answered_for_both(ground):
    assert ground.ask(ground.first) == (True, True)
    assert ground.ask(ground.second) == (True, False)
    assert len(ground.letters()) == 1
    assert [task.id for task in ground.questions.approve(ground.second.id, NOW)] == [
        ground.first.id,
        ground.second.id,
    ]
    assert ground.statuses() == [PENDING, PENDING]


def test_an_approval_takes_the_notice_back_and_lets_the_goal_go_on(ground):
    ground.ask(ground.first)
    ground.store.move_goal(ground.goal_id, WAITING)
    ground.questions.approve(ground.first.id, NOW)
    assert ground.statuses() == [PENDING, PENDING]
    assert ground.store.goal(ground.goal_id).state == RUNNING
    asked, withdrawn = ground.letters()
    assert (withdrawn.kind, withdrawn.key) == (WITHDRAWAL, asked.key)
    assert ground.questions.answer_to(ground.goal_id, QUESTION) == "approved"
    assert not ground.questions.was_denied(ground.goal_id)


def test_a_denial_lets_the_task_fail_and_is_told(ground):
    ground.ask(ground.first)
    ground.questions.deny(ground.first.id, NOW)
    assert ground.statuses() == [FAILED, PENDING]
    assert ground.store.task(ground.first.id).error == f"it was denied to {QUESTION}"
    assert "task_failed" in [letter.subject for letter in ground.letters()]
    assert ground.questions.was_denied(ground.goal_id)


def test_what_nobody_answers_is_denied_after_a_day_and_told(ground):
    ground.ask(ground.first)
    assert ground.questions.expire(NOW + PATIENCE - 1) == []
    assert [task.id for task in ground.questions.expire(NOW + PATIENCE)] == [ground.first.id]
    assert ground.store.task(ground.first.id).error == f"nobody answered for 24 hours whether Senter may {QUESTION}"
    assert ground.questions.open(NOW) == []
    assert ground.questions.was_denied(ground.goal_id)


def test_what_nobody_answered_may_be_asked_again_but_not_what_was_denied(ground):
    ground.ask(ground.first)
    ground.questions.expire(NOW + PATIENCE)
    assert ground.questions.answer_to(ground.goal_id, QUESTION) is None
    assert ground.ask(ground.second, now=NOW + 2 * PATIENCE) == (True, True)
    (again,) = ground.questions.open(NOW)
    assert (again.task_id, again.until) == (ground.second.id, NOW + 3 * PATIENCE)
    ground.questions.deny(ground.second.id, NOW)
    assert ground.questions.answer_to(ground.goal_id, QUESTION) == "denied"


def test_the_key_of_a_question_answers_this_question_only(ground):
    ground.ask(ground.first)
    (question,) = ground.questions.open(NOW)
    with pytest.raises(InvalidState, match="waits for no such answer"):
        ground.questions.approve(f"approval-{ground.first.id}-{question.asked + 1}", NOW)
    assert [task.id for task in ground.questions.approve(question.key, NOW)] == [ground.first.id]


@pytest.mark.parametrize("length", [LONGEST_QUESTION, LONGEST_QUESTION + 1])
def test_what_cannot_be_seen_as_a_whole_cannot_be_approved_by_a_click(ground, length):
    ground.ask(ground.first, "x" * length)
    (letter,) = ground.letters()
    is_whole = length <= LONGEST_QUESTION
    assert [action[1] for action in letter.actions] == (["Approve", "Deny"] if is_whole else ["Deny"])
    assert (f"wants to {'x' * length}\n" in letter.text) is is_whole
    assert ("to approve it: senter goals approve" in letter.text) is not is_whole


def test_what_was_answered_before_is_not_asked(ground):
    ground.ask(ground.first)
    ground.questions.approve(ground.first.id, NOW)
    assert ground.ask(ground.second) == (False, False)
    assert ground.statuses() == [PENDING, PENDING]


def test_what_was_never_asked_has_no_answer(ground):
    assert ground.questions.answer_to(ground.goal_id, QUESTION) is None
    ground.ask(ground.first)
    assert ground.questions.answer_to(ground.goal_id, QUESTION) == ""


def test_an_answer_that_nobody_waits_for_is_refused(ground):
    with pytest.raises(InvalidState, match="waits for no such answer; it is pending"):
        ground.questions.approve(ground.first.id, NOW)
    with pytest.raises(NoSuchTask, match="senter goals approve"):
        ground.questions.deny("9.9", NOW)
    ground.ask(ground.first)
    ground.questions.approve(ground.first.id, NOW)
    with pytest.raises(InvalidState):
        ground.questions.deny(ground.first.id, NOW)


def test_the_questions_of_a_goal_that_ends_are_taken_back(ground):
    ground.ask(ground.first)
    ground.store.end_goal(ground.goal_id, "cancelled", [], NOW)
    assert ground.questions.open(NOW) == []
    assert [letter.kind for letter in ground.letters()] == [NOTICE, WITHDRAWAL]


def test_a_task_that_is_done_elsewhere_needs_no_answer(ground):
    ground.ask(ground.first)
    ground.attempts.note_from_outside(ground.first.id, "completed", "I wrote it myself", NOW)
    assert ground.questions.open(NOW) == []
    assert ground.store.task(ground.first.id).summary == "I wrote it myself"


def test_an_interrupted_task_that_cannot_be_repeated_becomes_a_question(ground):
    attempt = ground.attempts.begin(ground.first, NOW)
    ground.attempts.begin(ground.second, NOW)
    left, asked = ground.attempts.take_up((), lambda task: task.id != ground.first.id, NOW)
    assert [task.id for task in left] == [ground.first.id, ground.second.id]
    assert ground.statuses() == [WAITING, PENDING]
    (question,) = asked
    assert question.question == f"do once more what may be done already: write it (attempt {attempt})"
    (letter,) = ground.letters()
    assert [action[1] for action in letter.actions] == ["Do it once more", "Leave it"]
    ground.questions.deny(ground.first.id, NOW)
    assert ground.store.task(ground.first.id).error.startswith("it was interrupted, may have been done")


def test_each_interruption_is_a_question_of_its_own(ground):
    for _ in range(2):
        ground.attempts.begin(ground.store.task(ground.first.id), NOW)
        ground.attempts.take_up((), lambda _: False, NOW)
        ground.questions.approve(ground.first.id, NOW)
    attempts = ground.store.task(ground.first.id).attempts
    assert (attempts, ground.statuses()[0]) == (2, PENDING)
    assert IN_PROGRESS not in ground.statuses()
