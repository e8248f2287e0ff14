"""Another plan, once, when a step failed that others need."""

from support.goal_work import Work, at_work
from support.private_bus import until

from senter.errors import Denied
from senter.tasks.goal import CANCELLED, COMPLETED, FAILED, PLANNING, RUNNING
from senter.tasks.planning.plan import Step

PLAN = (
    Step("look", "research"),
    Step("sort", "organize", depends_on=(1,)),
    Step("sum up", "generate", depends_on=(2,)),
)
OTHER = [Step("look elsewhere", "research"), Step("sum that up", "generate", depends_on=(1, 4))]
NO = Denied("it may not be read")


async def begin(work, other=OTHER, planner="model"):
    work.planner.planner = planner
    work.planner.other_plans["goal"] = other
    work.executor.outcomes["sort"] = NO
    return await work.add(plan=PLAN)


async def test_a_new_plan_takes_the_place_of_what_failed_and_of_what_needed_it(work):
    goal_id = await begin(work)
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.outcome, goal.tasks_done, goal.tasks_total) == (COMPLETED, COMPLETED, 3, 3)
    tasks = work.store.tasks(goal_id)
    assert [(task.status, task.replaced) for task in tasks] == [
        (COMPLETED, False),
        (FAILED, True),
        (CANCELLED, True),
        (COMPLETED, False),
        (COMPLETED, False),
    ]
    assert tasks[-1].depends_on == [f"{goal_id}.1", f"{goal_id}.4"]


async def test_the_planner_is_told_what_became_of_the_first_plan(work):
    goal_id = await begin(work)
    await work.end_of(goal_id)
    statuses = [(f"{goal_id}.1", COMPLETED), (f"{goal_id}.2", FAILED), (f"{goal_id}.3", "pending")]
    assert work.planner.replanned == [statuses]


async def test_there_is_no_third_plan(work):
    work.executor.outcomes["look elsewhere"] = NO
    work.executor.outcomes["sum that up"] = NO
    goal_id = await begin(
        work, [Step("look elsewhere", "organize"), Step("sum that up", "generate", depends_on=(4,))]
    )
    assert (await work.end_of(goal_id)).state == FAILED
    assert len(work.planner.replanned) == 1


async def test_without_another_plan_the_goal_fails_with_what_went_wrong(work):
    goal_id = await begin(work, None)
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.error) == (FAILED, f"{NO}; one more step failed")
    assert [told[2] for told in work.signals if told[0] == "goal"] == [
        *("new", PLANNING, RUNNING, PLANNING, RUNNING, FAILED)
    ]


async def test_a_plan_made_of_words_is_not_changed(work):
    goal_id = await begin(work, planner="keywords")
    assert (await work.end_of(goal_id)).state == FAILED
    assert work.planner.replanned == []


async def test_other_steps_end_before_the_plan_is_changed(work):
    held = work.executor.hold("also")
    work.planner.planner = "model"
    work.planner.other_plans["goal"] = [Step("look elsewhere", "research")]
    work.executor.outcomes["sort"] = NO
    goal_id = await work.add(plan=(*PLAN, Step("also", "research")))
    await until(lambda: work.statuses(goal_id)[1:2] == [FAILED])
    assert work.planner.replanned == []
    held.set()
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert len(work.planner.replanned) == 1


async def test_a_change_of_plan_that_was_interrupted_is_not_begun_again(tmp_path, clock, impatient):
    before = Work(tmp_path, clock)
    held = before.planner.hold_other()
    async with at_work(before):
        goal_id = await begin(before)
        await until(lambda: before.planner.replanned)
    held.set()
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        assert (await after.end_of(goal_id)).state == FAILED
    assert len(before.planner.replanned) == 1
