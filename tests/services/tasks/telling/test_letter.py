"""What the reporter is told about goals."""

from dataclasses import replace

import pytest

from senter.reporter.activity import check_type
from senter.reporter.notice import NotifyOptions, check
from senter.tasks.goal import COMPLETED, FAILED, Goal, Task
from senter.tasks.telling import letter

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


def entries():
    """One of each that is for the log."""
    return [each for each in all_letters() if each.kind == letter.LOG]


def notices():
    """One of each that is shown."""
    return [*(each for each in all_letters() if each.kind == letter.NOTICE), letter.goals_damaged("lost")]


def test_the_reporter_takes_every_letter():
    for each in entries():
        check_type(each.subject)
    for each in notices():
        check(each.subject, NotifyOptions(open=each.open, key=each.key, type=each.type))


def test_every_entry_of_the_log_says_which_goal_it_belongs_to_and_where_its_report_is():
    goal = {"goal": "7", "title": TITLE}
    with_report = {"goal_completed", "goal_unanswered", "research_complete"}
    for each in entries():
        assert each.details == goal | ({"open": "/r.md"} if each.subject in with_report else {})


def test_every_notice_has_a_type_by_which_it_can_be_switched_off():
    assert [(each.subject, each.type) for each in notices()] == [
        ("Goal achieved", "goal_completed"),
        ("Goal failed", "goal_failed"),
        ("No answer was found", "goal_unanswered"),
        ("Senter", "goals_damaged"),
    ]


def test_a_goal_that_was_reached_without_a_report_has_none_to_open():
    assert letter.goal_finished(GOAL, COMPLETED, "", "", False)[0].details == {"goal": "7", "title": TITLE}


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


def test_that_it_waits_is_another_event_when_it_has_gone_on_or_was_started_anew():
    waits = [GOAL, replace(GOAL, tasks_done=1), replace(GOAL, started=6), replace(GOAL, tasks_done=1, started=6)]
    assert len({letter.goal_waits(goal, "needs a model").key for goal in waits}) == len(waits)


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
