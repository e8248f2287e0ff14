"""The work on goals: what is done, in which order, and what is done again after a failure."""

import re
from dataclasses import replace

import pytest
from support.goal_work import FOUND, FULL, RESEARCH, STEP, Work, at_work
from support.private_bus import until

from senter.errors import Denied, InvalidState, Unavailable
from senter.tasks.goal import COMPLETED, ENDED, FAILED, IN_PROGRESS, PENDING, RUNNING, GoalOptions
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.pursuit import INTERNAL
from senter.tasks.telling.letter import Letter
from senter.tasks.tools.findings import Findings

NO_FOLDER = Denied("/x is not in a folder that the goal names")


def of(kind, signals):
    """What was told of goals, or of tasks."""
    return [told[1:] for told in signals if told[0] == kind]


# a goal from its plan to its report


async def test_a_goal_is_planned_done_and_reported(work):
    goal = await work.end_of(await work.add("how long?", RESEARCH))
    assert (goal.state, goal.outcome, goal.error, goal.planner) == (COMPLETED, COMPLETED, "", "keywords")
    assert (goal.tasks_done, goal.tasks_total) == (3, 3)
    report = work.reports / "2026-11-22-how-long-1.md"
    assert goal.report == str(report)
    assert "It is long. [1]" in report.read_text()
    assert of("goal", work.signals) == [("1", state) for state in ("new", "planning", "running", COMPLETED)]
    assert of("finished", work.signals) == [("1", COMPLETED, str(report))]
    assert of("task", work.signals)[:3] == [(f"1.{number}", "1", PENDING) for number in (1, 2, 3)]
    assert of("task", work.signals)[-2:] == [("1.3", "1", IN_PROGRESS), ("1.3", "1", COMPLETED)]


async def test_a_goal_tells_when_it_was_begun_and_ended(work, clock):
    gate = work.executor.hold("do it")
    goal_id = await work.add()
    began = clock.microseconds
    await until(lambda: work.executor.running)
    clock.forward(minutes=3)
    gate.set()
    goal = await work.end_of(goal_id)
    (task,) = work.store.tasks(goal_id)
    assert (goal.created, goal.started, goal.finished) == (began, began, clock.microseconds)
    assert (task.started, task.finished, task.attempts) == (began, clock.microseconds, 1)


async def test_a_step_gets_its_parameters_and_what_those_it_needs_have_found(work):
    here, there = replace(FOUND, text="here"), replace(FOUND, text="there")
    work.executor.outcomes |= {"look here": here, "look there": there}
    await work.end_of(await work.add(plan=RESEARCH))
    assert work.executor.given["1.1"] == ({"folder": "/d"}, [])
    assert work.executor.given["1.3"] == ({}, [here, there])


async def test_a_step_waits_for_all_it_needs(work):
    gate = work.executor.hold("look there")
    goal_id = await work.add(plan=RESEARCH)
    await until(lambda: work.statuses(goal_id) == [COMPLETED, IN_PROGRESS, PENDING])
    assert "1.3" not in work.executor.began
    gate.set()
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_what_a_task_has_found_is_told_in_a_sentence(work):
    work.executor.outcomes["do it"] = Findings("two\nlines " + "x" * 1000)
    goal_id = await work.add()
    await work.end_of(goal_id)
    (task,) = work.store.tasks(goal_id)
    assert task.summary.startswith("two lines xxx")
    assert len(task.summary) == 200


# what fails


async def test_a_goal_goes_on_when_a_source_failed_and_is_partly_reached(work):
    work.executor.outcomes["look there"] = NO_FOLDER
    goal = await work.end_of(await work.add(plan=RESEARCH))
    assert (goal.state, goal.outcome, goal.error) == (COMPLETED, "partly", str(NO_FOLDER))
    assert work.executor.given["1.3"][1] == [FOUND]
    assert f"look there: {NO_FOLDER}" in (work.reports / "2026-11-22-goal-1.md").read_text()
    assert work.reporter.texts("Goal achieved") == [f"goal\nThe report is ready. {NO_FOLDER}"]


async def test_a_goal_fails_when_all_sources_failed_and_says_why(work):
    work.executor.outcomes |= {"look here": NO_FOLDER, "look there": Unavailable("there is no network")}
    goal = await work.end_of(await work.add(plan=RESEARCH))
    assert (goal.state, goal.outcome, goal.report) == (FAILED, FAILED, "")
    assert goal.error.endswith("; 2 more steps failed")
    assert goal.error.startswith((str(NO_FOLDER), "there is no network"))
    third = work.store.tasks(goal.id)[2]
    assert (third.status, third.attempts) == (FAILED, 0)
    assert third.error == "not begun, because it needs what failed: look here, look there"
    assert "1.3" not in work.executor.began
    assert not work.reports.exists()


async def test_all_that_needs_what_failed_fails_without_being_begun(work):
    chain = [Step(f"step {number}", "custom", depends_on=(number - 1,) * (number > 1)) for number in range(1, 21)]
    work.executor.outcomes["step 1"] = NO_FOLDER
    goal = await work.end_of(await work.add(plan=chain))
    assert work.statuses(goal.id) == [FAILED] * 20
    assert work.executor.began == ["1.1"]
    assert goal.error == f"{NO_FOLDER}; 19 more steps failed"


async def test_the_reason_is_what_failed_first_and_not_what_it_drew_along(work, clock):
    work.pursuit.news.task_changed = lambda *_: clock.forward(seconds=1)
    work.executor.outcomes["the cause"] = NO_FOLDER
    plan = [Step("the effect", "custom", depends_on=(2,)), Step("the cause", "custom")]
    goal = await work.end_of(await work.add(plan=plan))
    assert goal.error == f"{NO_FOLDER}; one more step failed"


async def test_a_reason_is_a_sentence_of_bounded_length(work):
    work.executor.outcomes["do it"] = Unavailable("a\nb\x1b " + "x" * 10_000)
    goal = await work.end_of(await work.add())
    assert goal.error.startswith("a b xxx")
    assert len(goal.error) == 500


@pytest.mark.parametrize("error", [RuntimeError("boom"), InvalidState("it is there already"), KeyError(1)])
async def test_a_step_that_breaks_fails_its_goal_and_no_other(work, error, caplog):
    work.executor.outcomes["break"] = error
    broken = await work.add("broken", [Step("break", "custom")])
    whole = await work.add("whole")
    assert (await work.end_of(whole)).state == COMPLETED
    goal = await work.end_of(broken)
    unexpected = not isinstance(error, InvalidState)
    assert (goal.state, goal.error) == (FAILED, INTERNAL if unexpected else "it is there already")
    assert ("The work on 1.1 broke down" in caplog.text) is unexpected


@pytest.mark.parametrize(
    ("error", "sentence"), [(RuntimeError("boom"), INTERNAL), (Denied("no\nplan"), "no plan")], ids=repr
)
async def test_a_plan_that_cannot_be_made_fails_its_goal_and_no_other(work, error, sentence):
    broken = await work.add("broken", error)
    whole = await work.add("whole")
    assert (await work.end_of(whole)).state == COMPLETED
    goal = await work.end_of(broken)
    assert (goal.state, goal.outcome, goal.error) == (FAILED, FAILED, sentence)
    assert work.planner.asked.count("broken") == 1
    assert work.service.is_healthy()


async def test_a_plan_without_steps_is_not_reached(work):
    goal = await work.end_of(await work.add(plan=[]))
    assert (goal.state, goal.error) == (FAILED, INTERNAL)


async def test_a_report_that_cannot_be_written_fails_the_goal_until_it_is_tried_again(work):
    work.reports.write_text("a file where the folder belongs")
    goal = await work.end_of(await work.add())
    assert (goal.state, goal.outcome, goal.report) == (FAILED, FAILED, "")
    assert goal.error == "the report could not be written: File exists"
    work.reports.unlink()
    await work.service.retry_goal(goal.id)
    assert (await work.end_of(goal.id)).state == COMPLETED
    assert work.executor.began == ["1.1"]


async def test_text_that_is_no_unicode_harms_no_report(work):
    work.executor.outcomes["do it"] = replace(FOUND, text="half a pair \ud83d", thinking="\ud83d")
    goal = await work.end_of(await work.add())
    assert goal.state == COMPLETED
    assert "half a pair" in (work.reports / "2026-11-22-goal-1.md").read_text(encoding="utf-8")


# at once, and in which order


@pytest.mark.parametrize("slots", [1, 2, 5])
async def test_no_more_is_done_at_once_than_there_are_slots(tmp_path, clock, impatient, slots):
    work = Work(tmp_path, clock, slots)
    gate = work.executor.hold("do it")
    async with at_work(work):
        goals = [await work.add(f"goal {number}") for number in range(8)]
        await until(lambda: work.executor.running == slots)
        assert work.pursuit.steps == slots
        gate.set()
        for goal_id in goals:
            assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.executor.most == slots
    assert sorted(work.executor.began) == sorted(f"{goal_id}.1" for goal_id in goals)


async def test_the_most_urgent_goal_comes_first_then_the_oldest(tmp_path, clock, impatient):
    work = Work(tmp_path, clock, slots=1)
    async with at_work(work):
        gate = work.planner.hold("first")
        await work.add("first", priority=1)
        await until(lambda: work.planner.asked)
        for number, priority in enumerate((5, 10, 1, 10, 9)):
            await work.add(f"{number} of {priority}", priority=priority)
        gate.set()
        for number in range(1, 7):
            await work.end_of(str(number))
    assert work.planner.asked == ["first", "1 of 10", "3 of 10", "4 of 9", "0 of 5", "2 of 1"]
    assert work.executor.began == ["3.1", "5.1", "6.1", "2.1", "1.1", "4.1"]


async def test_a_goal_is_ended_although_others_take_all_slots(tmp_path, clock, impatient):
    work = Work(tmp_path, clock, slots=2)
    gates = [work.executor.hold(f"long {number}") for number in (1, 2, 3)]
    last = work.executor.hold("short")
    async with at_work(work):
        low = await work.add("low", [Step("short", "custom")], priority=1)
        await until(lambda: work.executor.running == 1)
        await work.add("high", [Step(f"long {number}", "custom") for number in (1, 2, 3)], priority=9)
        await until(lambda: work.executor.running == 2)
        last.set()
        assert (await work.end_of(low)).state == COMPLETED
        assert work.executor.running == 2
        for gate in gates:
            gate.set()


async def test_a_thousand_open_goals_cost_no_more_than_a_few(tmp_path, clock):
    work = Work(tmp_path, clock, slots=3)
    work.store.open()
    letter = Letter("log", "plan_created", "")
    for number in range(1, 1001):
        work.store.add_goal(number, f"goal {number}", GoalOptions())
        work.store.move_goal(str(number), "planning")
        work.store.save_plan(str(number), "keywords", STEP, 1, letter)
    gate = work.executor.hold("do it")
    for _ in range(3):
        work.store.reads = 0
        await work.pursuit.advance()
        await until(lambda: work.executor.running == 3)
        assert work.store.reads < 45
        gate.set()
        await until(lambda: not work.pursuit.steps)
        gate.clear()
    await work.pursuit.stop()
    work.store.close()


async def test_work_that_is_dropped_is_ended_and_other_work_is_not(work):
    gate = work.executor.hold("do it")
    for name in ("one", "two"):
        await work.add(name)
    await until(lambda: work.executor.running == 2)
    work.pursuit.drop(["1.1", "nothing"])
    await until(lambda: work.executor.cancelled == ["1.1"])
    assert work.executor.running == 1
    gate.set()


async def test_stopping_ends_all_work_and_harms_nothing(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    work.executor.hold("do it")
    work.planner.hold("planned")
    async with at_work(work):
        await work.add("done")
        await work.add("planned")
        await until(lambda: work.executor.running and len(work.planner.asked) == 2)
    assert (work.executor.cancelled, work.pursuit.steps) == (["1.1"], 0)
    work.executor.held.clear()
    work.planner.held.clear()
    async with at_work(Work(tmp_path, clock, earlier=work)) as after:
        assert [(await after.end_of(goal_id)).state for goal_id in ("1", "2")] == [COMPLETED] * 2
        assert after.store.tasks("1")[0].attempts == 2


# a process that ends with any of its writes


async def _until_dead_or_done(work, goals):
    def over():
        return work.store.dead.is_set() or (
            all(work.store.goal(goal_id).state in ENDED for goal_id in goals) and not work.store.letters()
        )

    await until(lambda: _safely(over))


def _safely(condition):
    """Whether a condition is true; a disk that failed in between is asked once more."""
    try:
        return condition()
    except Unavailable:
        return False


async def _live_and_die(folder, clock, write, dies_after):
    """Pursue two goals until a write that ends the process; the next process goes on. Whether it came to that."""
    first = Work(folder, clock)
    first.executor.outcomes["look there"] = NO_FOLDER
    first.planner.plans |= {"research": RESEARCH, "hopeless": [Step("look there", "research"), *STEP]}
    first.planner.plans["hopeless"][1] = replace(STEP[0], depends_on=(1,))
    first.store.open()
    for name in ("research", "hopeless"):
        first.store.add_goal(clock.microseconds, name, GoalOptions())
    first.store.writes, first.store.dies_at, first.store.dies_after = 0, write, dies_after
    async with at_work(first):
        await _until_dead_or_done(first, ["1", "2"])
    died = first.store.dead.is_set()
    second = Work(folder, clock, earlier=first)
    second.store.open()
    done = {task.id for goal in "12" for task in second.store.tasks(goal) if task.status in ENDED}
    planned = [second.store.goal(goal).description for goal in "12" if second.store.tasks(goal)]
    second.store.close()
    again, asked = len(first.executor.began), len(first.planner.asked)
    async with at_work(second):
        goals = [await second.end_of(goal_id) for goal_id in ("1", "2")]
        tasks = [task for goal in "12" for task in second.store.tasks(goal)]
    assert not done & set(second.executor.began[again:])
    assert not set(planned) & set(second.planner.asked[asked:])
    assert [(goal.state, goal.outcome) for goal in goals] == [(COMPLETED, "partly"), (FAILED, FAILED)]
    assert [task.status for task in tasks] == [COMPLETED, FAILED, COMPLETED, FAILED, FAILED]
    assert len(list(second.reports.iterdir())) == 1
    return died, second.reporter


@pytest.mark.parametrize("dies_after", [False, True], ids=["before it is on disk", "after it is on disk"])
async def test_whichever_write_a_process_ends_with_every_goal_ends_and_is_told_once(
    tmp_path, clock, impatient, dies_after
):
    for write in range(1, 100):
        folder = tmp_path / str(write)
        died, reporter = await _live_and_die(folder, clock, write, dies_after)
        assert sorted(reporter.told) == sorted(
            [
                *["plan_created"] * 2,
                *["task_completed"] * 2,
                *["task_failed"] * 3,
                *("goal_completed", "research_complete", "Goal achieved", "goal_failed", "Goal failed"),
            ]
        )
        if not died:
            assert write > 20
            return
    pytest.fail("it never came to an end")


async def test_a_process_that_is_stopped_at_any_moment_loses_nothing(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    work.planner.plans["research"] = RESEARCH
    work.store.open()
    work.store.add_goal(clock.microseconds, "research", GoalOptions())
    work.store.close()
    for write in range(1, 100):
        work = Work(tmp_path, clock, earlier=work)
        async with at_work(work):
            await _until_written_or_at_rest(work, write % 4 + 1)
            if _at_rest(work):
                break
    assert work.reporter.told.count("Goal achieved") == 1
    assert len(work.reporter.told) == 7
    assert len(list(work.reports.iterdir())) == 1


async def _until_written_or_at_rest(work, writes):
    await until(lambda: work.store.writes >= writes or _at_rest(work))


def _at_rest(work):
    return work.store.goal("1").state in ENDED and not work.store.letters()


async def test_a_disk_that_is_full_for_a_while_only_delays_the_work(work):
    gate = work.executor.hold("look here")
    goal_id = await work.add(plan=RESEARCH)
    await until(lambda: work.statuses(goal_id) == [IN_PROGRESS, COMPLETED, PENDING])
    work.store.full = True
    gate.set()
    await until(lambda: work.service.status() == f"cannot go on: {FULL}")
    assert work.statuses(goal_id)[0] == IN_PROGRESS
    assert work.service.is_healthy()
    work.store.full = False
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.store.tasks(goal_id)[0].attempts == 2
    assert work.reporter.told.count("task_completed") == 3


async def test_a_disk_that_is_full_while_a_plan_is_saved_only_delays_it(work):
    gate = work.planner.hold("goal")
    goal_id = await work.add()
    await until(lambda: work.planner.asked)
    work.store.full = True
    gate.set()
    await until(lambda: "cannot go on" in work.service.status())
    work.store.full = False
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_a_step_that_broke_while_the_disk_was_full_fails_all_the_same(work):
    gate = work.executor.hold("do it")
    work.executor.outcomes["do it"] = RuntimeError("boom")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    work.store.full = True
    gate.set()
    await until(lambda: "cannot go on" in work.service.status())
    work.store.full = False
    assert (await work.end_of(goal_id)).error == INTERNAL


async def test_a_plan_that_broke_while_the_disk_was_full_is_given_up_all_the_same(work):
    gate = work.planner.hold("goal")
    goal_id = await work.add(plan=RuntimeError("boom"))
    await until(lambda: work.planner.asked)
    work.store.full = True
    gate.set()
    await until(lambda: "cannot go on" in work.service.status())
    work.store.full = False
    assert (await work.end_of(goal_id)).error == INTERNAL
    assert len(work.planner.asked) == 1


async def test_what_is_worked_on_is_not_taken_up_by_another(work):
    gate = work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    await work.pursuit.take_up()
    assert work.statuses(goal_id) == [IN_PROGRESS]
    gate.set()
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.executor.began == ["1.1"]


async def test_nothing_that_was_told_as_done_was_not_done(work):
    plans = {"one": STEP, "two": RESEARCH, "three": [*STEP, replace(STEP[0], description="again")]}
    for name, plan in plans.items():
        await work.end_of(await work.add(name, plan))
    done = [told[1] for told in work.signals if told[0] == "task" and told[3] == COMPLETED]
    assert sorted(done) == sorted(work.executor.ended)
    assert all(re.fullmatch(r"\d+\.\d+", name) for name in done)
    assert RUNNING not in {work.store.goal(number).state for number in "123"}
