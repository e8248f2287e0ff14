"""Learning is told of every goal and of its end, once."""

import pytest
from support.goal_work import STEP, Work, at_work
from support.private_bus import until

from senter.errors import Unavailable
from senter.tasks.goal import COMPLETED, FAILED, Goal, Task
from senter.tasks.telling import teaching
from senter.tasks.telling.teaching import ended, kind_of

AWAY = Unavailable("learning has failed")


def told(work):
    """The types of the events that learning knows, with the goals they are about."""
    return [(event.type, event.metadata["goal"]) for event in work.learning.events.values()]


async def test_a_goal_and_its_end_are_told(work, clock):
    goal_id = await work.add("Research kettles", plan=STEP)
    await work.end_of(goal_id)
    await until(lambda: len(told(work)) == 2)
    created, completed = work.learning.events.values()
    assert (created.type, created.content, created.metadata["origin"]) == (
        "goal_created",
        "Research kettles",
        ":1.5",
    )
    assert (completed.type, completed.metadata["kind"]) == ("goal_completed", "custom")
    assert created.time == completed.time == clock.microseconds


async def test_a_goal_is_told_once_also_over_a_restart(tmp_path, clock):
    before = Work(tmp_path, clock)
    async with at_work(before):
        await before.end_of(await before.add())
        await until(lambda: len(told(before)) == 2)
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        await after.end_of(await after.add("another"))
        await until(lambda: len(told(after)) == 4)
        assert sorted(goal for _, goal in told(after)) == ["1", "1", "2", "2"]


async def test_what_learning_could_not_be_told_it_is_told_after_a_restart(tmp_path, clock):
    before = Work(tmp_path, clock)
    before.learning.away = AWAY
    async with at_work(before):
        await before.end_of(await before.add())
        await until(lambda: before.learning.told)
    before.learning.away = None
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        await until(lambda: told(after) == [("goal_created", "1"), ("goal_completed", "1")])


async def test_learning_is_asked_again_when_it_is_back(work, monkeypatch):
    monkeypatch.setattr(teaching, "PAUSE_SECONDS", 0.01)
    work.learning.away = AWAY
    goal_id = await work.add()
    await work.end_of(goal_id)
    await until(lambda: work.learning.told > 1)
    work.learning.away = None
    await until(lambda: ("goal_completed", goal_id) in told(work))


async def test_a_second_end_after_a_retry_is_told_too(work, clock):
    work.executor.outcomes["do it"] = Unavailable("it is not there")
    goal_id = await work.add()
    await work.reaches(goal_id, FAILED)
    await until(lambda: ("goal_failed", goal_id) in told(work))
    del work.executor.outcomes["do it"]
    clock.forward(seconds=5)
    await work.service.retry_goal(goal_id)
    await work.reaches(goal_id, COMPLETED)
    await until(lambda: told(work)[-1] == ("goal_completed", goal_id))
    assert len(told(work)) == 3


@pytest.mark.parametrize(
    ("types", "kind"),
    [
        ((), "other"),
        (("generate",), "generate"),
        (("research", "generate"), "research"),
        (("analyze", "custom"), "custom"),
    ],
)
def test_the_kind_of_a_goal_is_what_its_plan_is_for(types, kind):
    assert kind_of([Task(f"1.{number}", "1", "x", each) for number, each in enumerate(types)]) == kind


def test_a_goal_that_was_never_begun_took_no_time():
    goal = Goal("1", "x", "cancelled", created=5_000_000, finished=9_000_000)
    assert ended(goal, []).metadata["seconds"] == 0.0
    assert (
        ended(Goal("1", "x", "failed", created=5, started=1_000_000, finished=9_000_000), []).metadata["seconds"]
        == 8.0
    )
