"""What the reporter is told about goals."""

import pytest

from senter.reporter.activity import check_type
from senter.reporter.notice import NotifyOptions, check
from senter.tasks import letter
from senter.tasks.goal import COMPLETED, FAILED, Goal, Task

GOAL = Goal("7", "find the\ncure \x1b " + "x" * 200, "running", created=5)
TITLE = "find the cure " + "x" * 65 + "…"
TASK = Task("7.1", "7", "look here", "research")


def all_letters():
    """One of each."""
    return [
        letter.plan_created(GOAL, 3),
        letter.task_completed(GOAL, TASK),
        letter.task_failed(GOAL, TASK, "no"),
        letter.goal_cancelled(GOAL),
        letter.goal_waits(GOAL, "needs a model"),
        *letter.goal_finished(GOAL, COMPLETED, "", "/r.md", True),
        *letter.goal_finished(GOAL, FAILED, "no", "", False),
        *letter.goal_unanswered(GOAL, "/r.md"),
    ]


def test_the_reporter_takes_every_letter():
    for each in all_letters():
        if each.kind == letter.LOG:
            check_type(each.subject)
        else:
            check(each.subject, NotifyOptions(open=each.open, key=each.key))


def test_every_letter_names_its_goal_in_a_few_words_and_says_what_happened():
    assert [each.text for each in all_letters()] == [
        f"Created plan for: {TITLE} (3 steps)",
        f"Completed: look here, for {TITLE}",
        f"Failed: look here, for {TITLE} - no",
        f"Cancelled: {TITLE}",
        f"Waiting: {TITLE} - needs a model",
        f"Goal achieved: {TITLE}",
        f"Researched: {TITLE}",
        f"{TITLE}\nThe report is ready.",
        f"Goal failed: {TITLE} - no",
        f"{TITLE}\nno",
        f"Looked into, without an answer: {TITLE}",
        f"{TITLE}\nThe sources do not answer it. The report says what was looked at.",
    ]


def test_a_plan_of_one_step_is_one_step():
    assert letter.plan_created(GOAL, 1).text.endswith("(one step)")


def test_every_event_has_a_key_of_its_own():
    keys = {each.key for _ in range(2) for each in all_letters()}
    assert len(keys) == 2 * len(all_letters()) - 1


def test_that_a_goal_waits_has_the_same_key_every_time_and_another_one_for_every_goal():
    again = letter.goal_waits(GOAL, "another reason").key
    assert again == letter.goal_waits(GOAL, "needs a model").key
    assert again != letter.goal_waits(Goal("7", "x", "running", created=6), "").key


def test_a_click_opens_the_report():
    (*_, notice) = letter.goal_finished(GOAL, COMPLETED, "", "/r.md", False)
    assert (notice.kind, notice.open) == (letter.NOTICE, "/r.md")


def test_what_was_not_research_is_not_told_as_research():
    subjects = [each.subject for each in letter.goal_finished(GOAL, COMPLETED, "", "/r.md", False)]
    assert subjects == ["goal_completed", "Goal achieved"]


@pytest.mark.parametrize(
    ("report", "error", "told"),
    [("", "", "All its steps are done."), ("/r.md", "a source failed", "The report is ready. a source failed")],
)
def test_the_notice_says_what_there_is_and_what_is_missing(report, error, told):
    assert letter.goal_finished(GOAL, COMPLETED, error, report, False)[-1].text == f"{TITLE}\n{told}"
