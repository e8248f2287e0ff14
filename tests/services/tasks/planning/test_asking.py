"""What the model that plans gets to see."""

from datetime import UTC, datetime

from senter.errors import InvalidArgument
from senter.tasks.goal import Task
from senter.tasks.planning.asking import (
    LONGEST_ANSWER,
    correcting_messages,
    planning_messages,
    replanning_messages,
)
from senter.tasks.tools.catalogue import TOOLS

GOAL = "Research the cure from the documents in /papers"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
TASKS = [
    Task("7.1", "7", "look there", "research", "completed", "file_search", summary="SECRET summary"),
    Task("7.2", "7", "search", "research", "failed", "web_search", error="SECRET error"),
    Task("7.3", "7", "sum up", "generate", "pending", depends_on=["7.2"]),
    Task("7.4", "7", "tell", "custom", "waiting"),
    Task("7.5", "7", "write it down", "organize", "pending", "file_write", depends_on=["7.3"]),
]


def test_the_model_is_told_the_goal_and_every_tool_that_is_offered():
    system, user = planning_messages(GOAL, TOOLS, NOW)
    assert user == {"role": "user", "content": f"Goal: {GOAL}"}
    assert all(f"* {name}: " in system["content"] for name in TOOLS)
    assert '"folder"' in system["content"]
    assert "required: folder" in system["content"]
    assert "Today is Sunday 2026-11-22." in system["content"]


def test_a_tool_that_is_not_offered_is_not_mentioned():
    (system, _) = planning_messages(GOAL, {"web_page": TOOLS["web_page"]}, NOW)
    assert "web_page" in system["content"]
    assert "file_search" not in system["content"]


def test_for_another_plan_the_model_sees_what_became_of_each_task_in_a_word():
    system, user = replanning_messages(GOAL, TASKS, TOOLS, NOW)
    assert user["content"] == (
        f"Goal: {GOAL}\n\nThe plan so far:\n"
        "1. completed: look there (research, file_search)\n"
        "2. failed: search (research, web_search)\n"
        "3. cannot start: sum up (generate, no tool)\n"
        "4. waiting: tell (custom, no tool)\n"
        "5. cannot start: write it down (organize, file_write)"
    )
    assert "The first new task is 6" in system["content"]


def test_what_was_found_and_what_went_wrong_is_not_among_it():
    assert "SECRET" not in str(replanning_messages(GOAL, TASKS, TOOLS, NOW))


def test_what_has_been_replaced_is_not_told_again_and_its_number_is_not_given_twice():
    old = Task("7.1", "7", "long ago", "custom", "failed", replaced=True)
    _, user = replanning_messages(GOAL, [old, *TASKS], TOOLS, NOW)
    assert "long ago" not in user["content"]
    assert "2. completed: look there" in user["content"]


def test_a_model_is_told_why_its_plan_cannot_be_followed():
    before = planning_messages(GOAL, TOOLS, NOW)
    *kept, said, asked = correcting_messages(before, "my plan", InvalidArgument("there is no tool 'shell'"))
    assert kept == before
    assert said == {"role": "assistant", "content": "my plan"}
    assert asked == {
        "role": "user",
        "content": "This plan cannot be followed: there is no tool 'shell'."
        " Answer with the whole corrected JSON only.",
    }


def test_a_long_answer_is_shown_in_part_and_an_empty_one_as_something():
    for answer, shown in (("x" * 20_000, "x" * LONGEST_ANSWER), ("", "{}")):
        assert correcting_messages([], answer, InvalidArgument("no"))[0]["content"] == shown
