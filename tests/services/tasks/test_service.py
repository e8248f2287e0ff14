"""What the tasks answer their callers, and what they tell the reporter."""

import asyncio
import contextlib
import shutil
import threading
from pathlib import Path

import pytest
from support.goal_work import FOUND, FULL, RESEARCH, FaultyStore, Work, at_work
from support.private_bus import until

from senter import database
from senter.errors import BudgetSpent, Denied, InvalidArgument, InvalidState, NoModel, NoSuchGoal, Unavailable
from senter.tasks.goal import (
    CANCELLED,
    COMPLETED,
    FAILED,
    IN_PROGRESS,
    PAUSED,
    PENDING,
    RUNNING,
    WAITING,
    GoalOptions,
)
from senter.tasks.planning.plan import Step
from senter.tasks.store import Store

AWAY = Unavailable("the reporter is not there")
SPENT = BudgetSpent("goal 1 has used up its 100 tokens")
NEEDS_MODEL = NoModel("needs a language model: senter setup")
PAUSED_TWICE = ["goal_waiting", "task_completed", "goal_waiting"]


# a goal is taken on


async def checked(work):
    """What the tasks say of their goals."""
    found = await work.service.check()
    return [check for check in found if check.what != "reading of documents"]


async def test_a_goal_is_on_disk_when_its_id_is_answered(work, tmp_path):
    work.planner.hold("find it")
    goal_id = await work.add("find it", focus="home", priority=7)
    copy = tmp_path / "after a crash"
    copy.mkdir()
    for file in tmp_path.glob("tasks.db*"):
        shutil.copy(file, copy)
    after = Store(copy / "tasks.db")
    after.open()
    goal = after.goal(goal_id)
    assert (goal.description, goal.focus, goal.priority, goal.origin) == ("find it", "home", 7, ":1.5")
    after.close()


async def test_the_origin_is_what_the_caller_says_it_is(work):
    goal_id = await work.add(origin="ai.senter.Assistant1")
    assert (await work.service.goal(goal_id)).origin == "ai.senter.Assistant1"


async def test_the_same_key_is_the_same_goal_and_is_done_once(work):
    first = await work.add(key="once")
    await work.end_of(first)
    work.signals.clear()
    assert await work.add("another goal", key="once") == first
    assert work.signals == []
    assert len(await work.service.goals("", 0, 0)) == 1
    assert await work.add(key="twice") != first


async def test_goals_without_a_key_are_all_taken_on(work):
    assert await work.add() != await work.add()


@pytest.mark.parametrize(("description", "options"), [("", {}), ("goal", {"priority": 0}), ("goal", {"key": "\n"})])
async def test_what_is_no_goal_is_refused_before_it_is_written(work, description, options):
    with pytest.raises(InvalidArgument):
        await work.add(description, **options)
    assert (await work.service.goals("", 0, 0), work.signals) == ([], [])


async def test_a_goal_that_was_not_written_down_is_refused(work):
    work.store.full = True
    with pytest.raises(Unavailable, match="full"):
        await work.add()
    work.store.full = False
    assert (await work.service.goals("", 0, 0), work.signals) == ([], [])


class OneWriteFails(FaultyStore):
    """A disk that refuses one write, and takes the next."""

    def __init__(self, file, number):
        super().__init__(file)
        self.number = number

    @contextlib.contextmanager
    def writing(self):
        """Write, or fail once."""
        self.full = self.writes + 1 == self.number
        with super().writing() as connection:
            yield connection


class CannotCount(FaultyStore):
    """A disk that fails when goals are counted."""

    broken = False

    def counts(self):
        """Fail."""
        if self.broken:
            raise FULL
        return super().counts()


async def test_what_was_written_down_is_not_refused_when_the_disk_fails_after_it(tmp_path, clock, impatient):
    async with at_work(Work(tmp_path, clock, store=CannotCount(tmp_path / "tasks.db"))) as work:
        gate = work.executor.hold("do it")
        work.store.broken = True
        goal_id = await work.add()
        await until(lambda: work.executor.running)
        await work.service.cancel_goal(goal_id)
        await work.service.retry_goal(goal_id)
        work.store.broken = False
        gate.set()
        assert (await work.end_of(goal_id)).state == COMPLETED


# what is asked for


@pytest.mark.parametrize(
    "goal_id", ["", "0", "2", "x", "1.1", "-1", "01", " 1", "1 ", "\uff11", "\u00b2", "9" * 19, "9" * 5000, "1\0"]
)
async def test_an_id_that_is_none_is_told(work, goal_id):
    await work.end_of(await work.add())
    service = work.service
    for ask in (service.goal, service.plan, service.result, service.cancel_goal, service.retry_goal):
        with pytest.raises(NoSuchGoal, match=r"there is no goal .*; see: senter goals list"):
            await ask(goal_id)


async def test_goals_are_listed_newest_first_by_state_and_in_pages(work):
    work.executor.outcomes["fail"] = Denied("no")
    failing = await work.add("one", [Step("fail", "custom")])
    await work.end_of(failing)
    for name in ("two", "three"):
        await work.end_of(await work.add(name))
    assert [goal.id for goal in await work.service.goals("", 0, 0)] == ["3", "2", "1"]
    assert [goal.id for goal in await work.service.goals(COMPLETED, 1, 1)] == ["2"]
    assert [goal.id for goal in await work.service.goals(FAILED, 2**32 - 1, 0)] == [failing]
    assert await work.service.goals("", 10, 2**32 - 1) == []


async def test_a_page_of_goals_is_bounded(tmp_path, clock):
    work = Work(tmp_path, clock, permitted=False)
    async with at_work(work):
        with work.store.writing() as connection:
            rows = (
                "INSERT INTO goals SELECT ?, 'x', 'completed', '', '', '', '', '', '', 5, 1, 1, 1, NULL, 0, 0, 0, 1"
            )
            connection.executemany(rows, [(number,) for number in range(1, 1002)])
        for limit, count in ((0, 100), (1, 1), (1000, 1000), (1001, 1000), (2**32 - 1, 1000)):
            assert len(await work.service.goals("", limit, 0)) == count


async def test_a_state_that_is_none_is_refused(work):
    with pytest.raises(InvalidArgument, match="state must be one of"):
        await work.service.goals("done", 0, 0)


async def test_the_plan_is_empty_until_there_is_one(work):
    gate = work.planner.hold("goal")
    goal_id = await work.add(plan=RESEARCH)
    assert await work.service.plan(goal_id) == []
    gate.set()
    await work.end_of(goal_id)
    tasks = await work.service.plan(goal_id)
    assert [(task.id, task.type, task.tool, list(task.depends_on)) for task in tasks] == [
        ("1.1", "research", "file_search", []),
        ("1.2", "research", "web_search", []),
        ("1.3", "generate", "", ["1.1", "1.2"]),
    ]


async def test_the_result_is_the_path_of_the_report(work):
    goal = await work.end_of(await work.add())
    assert await work.service.result(goal.id) == goal.report
    assert Path(goal.report).is_file()


async def test_a_goal_without_a_report_says_in_which_state_it_is(work):
    work.planner.hold("goal")
    goal_id = await work.add()
    await work.reaches(goal_id, "planning")
    with pytest.raises(InvalidState, match="goal 1 has no report; it is planning"):
        await work.service.result(goal_id)


# permission, status, health


async def test_without_permission_nothing_is_done_and_the_status_says_so(tmp_path, clock):
    work = Work(tmp_path, clock, permitted=False)
    async with at_work(work):
        assert work.service.status() == "no goals open"
        await work.add("one")
        await work.add("two")
        await asyncio.to_thread(lambda: None)
        assert work.service.status() == "2 goals open; work begins with: senter start"
        assert not work.service.is_busy()
        assert (work.planner.asked, work.executor.began, work.reporter.heard) == ([], [], [])
    work = Work(tmp_path, clock, earlier=work)
    async with at_work(work):
        assert [(await work.end_of(goal_id)).state for goal_id in "12"] == [COMPLETED] * 2


async def test_a_goal_can_be_cancelled_before_work_is_permitted(tmp_path, clock):
    work = Work(tmp_path, clock, permitted=False)
    async with at_work(work):
        goal_id = await work.add()
        await work.service.cancel_goal(goal_id)
        assert work.service.status() == "no goals open"
        work.permitted.set()
        await work.end_of(await work.add("another"))
    assert work.planner.asked == ["another"]


async def test_that_a_goal_was_cancelled_is_told_also_before_work_is_permitted(tmp_path, clock, impatient):
    work = Work(tmp_path, clock, permitted=False)
    async with at_work(work):
        goal_id = await work.add()
        await work.add("another")
        await work.service.cancel_goal(goal_id)
        await until(lambda: work.reporter.told == ["goal_cancelled"])
        await until(lambda: work.reporter.coming == [["another: not begun"]])
        assert not work.service.is_busy()


async def test_the_status_says_what_is_going_on(work):
    gate = work.executor.hold("do it")
    assert work.service.status() == "no goals open"
    await work.add("one")
    await until(lambda: work.executor.running == 1)
    assert work.service.status() == "1 goal open, working on 1 step"
    await work.add("two")
    await until(lambda: work.executor.running == 2)
    assert work.service.status() == "2 goals open, working on 2 steps"
    assert work.service.is_busy()
    gate.set()
    await until(lambda: work.service.status() == "no goals open")


async def test_it_is_at_rest_when_all_is_done_and_told_and_not_before(work):
    work.reporter.away = AWAY
    await work.end_of(await work.add())
    await until(lambda: work.service.status() == "no goals open")
    assert work.service.is_busy()
    work.reporter.away = None
    await until(lambda: not work.service.is_busy())
    assert work.store.letters() == []
    assert work.reporter.told[-1] == "Goal achieved"


async def test_from_the_end_of_a_goal_to_its_telling_it_is_never_at_rest(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    rested = []
    async with at_work(work):
        gate = work.executor.hold("do it")
        goal_id = await work.add()
        await until(lambda: work.executor.running)
        gate.set()
        while "Goal achieved" not in work.reporter.told:
            rested.append(not work.service.is_busy())
            await asyncio.sleep(0)
        await work.end_of(goal_id)
    assert rested
    assert not any(rested)


async def test_work_that_broke_down_is_no_good_health_and_is_logged(tmp_path, clock, impatient, caplog):
    class Broken(FaultyStore):
        def open_goals(self):
            raise RuntimeError("boom")

    async with at_work(Work(tmp_path, clock, store=Broken(tmp_path / "tasks.db"))) as work:
        await until(lambda: not work.service.is_healthy())
        await until(lambda: "The work on goals broke down" in caplog.text)
        assert "boom" in caplog.text


async def test_a_disk_that_does_not_answer_is_no_good_health(tmp_path, clock, monkeypatch):
    class Slow(FaultyStore):
        answer = threading.Event()

        def goal(self, goal_id):
            self.answer.wait(30)
            return super().goal(goal_id)

    store = Slow(tmp_path / "tasks.db")
    async with at_work(Work(tmp_path, clock, store=store, permitted=False)) as work:
        assert work.service.is_healthy()
        monkeypatch.setattr(database, "DISK_PATIENCE", 0.0)
        asked = asyncio.create_task(work.service.goal("1"))
        await until(lambda: not work.service.is_healthy())
        store.answer.set()
        with pytest.raises(NoSuchGoal):
            await asked
        assert work.service.is_healthy()


async def test_a_check_says_that_all_is_well(work):
    assert await checked(work) == [("goals", "ok", "")]


async def test_a_check_tells_of_a_disk_that_fails(work):
    work.store.full = True
    work.store._connection.execute("PRAGMA query_only = on")
    ((what, verdict, fix),) = await checked(work)
    assert (what, verdict) == ("goals", "fail")
    assert "readonly" in fix


async def test_goals_that_were_damaged_are_told_once_and_kept(tmp_path, clock, impatient):
    (tmp_path / "tasks.db").write_bytes(b"no database" * 1000)
    work = Work(tmp_path, clock)
    async with at_work(work):
        await until(lambda: work.reporter.heard)
        kept = tmp_path / "tasks.db.damaged-1"
        text = f"The list of goals was damaged. It is kept as {kept}; a new one has begun."
        assert work.reporter.texts("Senter") == [text]
        assert await checked(work) == [
            ("goals", "ok", ""),
            ("damaged list of goals", "warn", f"look into {kept}, or delete it"),
        ]
    work = Work(tmp_path, clock, earlier=work)
    async with at_work(work):
        await work.end_of(await work.add())
    assert work.reporter.told.count("Senter") == 1


async def test_a_database_that_cannot_be_opened_is_told_at_the_start(tmp_path, clock):
    (tmp_path / "tasks.db").mkdir()
    with pytest.raises(Unavailable, match="cannot be opened"):
        await Work(tmp_path, clock).service.start()


# cancelling


async def _assert_cancelled(work, goal_id):
    goal = await work.service.goal(goal_id)
    assert (goal.state, goal.outcome, goal.report) == (CANCELLED, CANCELLED, "")
    assert ("goal", goal_id, CANCELLED) in work.signals
    assert ("finished", goal_id, CANCELLED, "") in work.signals
    await until(lambda: work.reporter.told[-1:] == ["goal_cancelled"])


async def test_a_goal_is_cancelled_while_it_is_planned(work):
    gate = work.planner.hold("goal")
    goal_id = await work.add()
    await until(lambda: work.planner.asked)
    await work.service.cancel_goal(goal_id)
    await until(lambda: not work.pursuit.steps)
    gate.set()
    await _assert_cancelled(work, goal_id)
    assert await work.service.plan(goal_id) == []
    await until(lambda: not work.service.is_busy())


async def test_a_goal_is_cancelled_while_a_step_runs(work):
    work.executor.hold("look here")
    goal_id = await work.add(plan=RESEARCH)
    await until(lambda: work.statuses(goal_id) == [IN_PROGRESS, COMPLETED, PENDING])
    await work.service.cancel_goal(goal_id)
    await until(lambda: work.executor.cancelled == ["1.1"])
    await _assert_cancelled(work, goal_id)
    assert work.statuses(goal_id) == [CANCELLED, COMPLETED, CANCELLED]
    assert "1.3" not in work.executor.began
    assert ("task", "1.3", goal_id, CANCELLED) in work.signals
    assert ("task", "1.2", goal_id, CANCELLED) not in work.signals


async def test_a_goal_is_cancelled_while_it_waits(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    await work.service.cancel_goal(goal_id)
    await _assert_cancelled(work, goal_id)
    assert (await work.service.goal(goal_id)).error == ""


@pytest.mark.parametrize("fails", [False, True])
async def test_a_goal_that_has_ended_cannot_be_cancelled(work, fails):
    if fails:
        work.executor.outcomes["do it"] = Denied("no")
    goal = await work.end_of(await work.add())
    with pytest.raises(InvalidState, match=f"goal 1 has ended: it is {goal.state}"):
        await work.service.cancel_goal(goal.id)
    assert work.store.goal(goal.id) == goal


async def test_a_goal_cannot_be_cancelled_twice(work):
    work.executor.hold("do it")
    goal_id = await work.add()
    await work.service.cancel_goal(goal_id)
    with pytest.raises(InvalidState):
        await work.service.cancel_goal(goal_id)
    await until(lambda: not work.service.is_busy())
    assert work.reporter.told.count("goal_cancelled") == 1


class Meanwhile(FaultyStore):
    """A disk on which something happens at the worst moment."""

    before_plan = after_look = staticmethod(lambda: None)

    def save_plan(self, *arguments):
        """Let it happen, then save the plan."""
        self.before_plan()
        return super().save_plan(*arguments)

    def open_goals(self):
        """Look, then let it happen."""
        goals = super().open_goals()
        self.after_look()
        return goals


async def test_a_goal_that_is_cancelled_while_its_plan_is_saved_stays_cancelled(tmp_path, clock, impatient):
    store = Meanwhile(tmp_path / "tasks.db")
    work = Work(tmp_path, clock, store=store)
    loop = asyncio.get_running_loop()

    def cancel():
        asyncio.run_coroutine_threadsafe(work.service.cancel_goal("1"), loop).result(30)

    store.before_plan = cancel
    async with at_work(work):
        await work.add()
        await until(lambda: "goal_cancelled" in work.reporter.told and not work.pursuit.steps)
    store.open()
    assert store.goal("1").state == CANCELLED
    assert store.tasks("1") == []
    store.close()


@pytest.mark.parametrize("failed", [False, True])
async def test_a_goal_that_is_cancelled_while_it_is_looked_at_harms_no_other(tmp_path, clock, impatient, failed):
    store = Meanwhile(tmp_path / "tasks.db")
    work = Work(tmp_path, clock, store=store)
    if failed:
        work.executor.outcomes["look there"] = Denied("no")
    work.executor.hold("look here")
    loop = asyncio.get_running_loop()

    def cancel():
        store.after_look = lambda: None
        asyncio.run_coroutine_threadsafe(work.service.cancel_goal("1"), loop).result(30)

    async with at_work(work):
        await work.add(plan=RESEARCH)
        await until(lambda: work.statuses("1") == [IN_PROGRESS, FAILED if failed else COMPLETED, PENDING])
        await until(lambda: work.pursuit.steps == 1)
        store.after_look = cancel
        assert (await work.end_of(await work.add("other"))).state == COMPLETED
        assert store.goal("1").state == CANCELLED
        assert work.service.is_healthy()


async def test_other_goals_go_on_when_one_is_cancelled(work):
    gate = work.executor.hold("do it")
    one, two = await work.add("one"), await work.add("two")
    await until(lambda: work.executor.running == 2)
    await work.service.cancel_goal(one)
    gate.set()
    assert (await work.end_of(two)).state == COMPLETED
    assert work.store.goal(one).state == CANCELLED


# trying again


async def test_a_goal_that_failed_is_tried_again_where_it_failed(work):
    work.executor.outcomes["sum up"] = Denied("no")
    goal_id = await work.add(plan=RESEARCH)
    await work.end_of(goal_id)
    work.executor.outcomes["sum up"] = FOUND
    work.signals.clear()
    await work.service.retry_goal(goal_id)
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.outcome, goal.error) == (COMPLETED, COMPLETED, "")
    assert sorted(work.executor.began) == ["1.1", "1.2", "1.3", "1.3"]
    assert work.signals[:2] == [("task", "1.3", "1", PENDING), ("goal", "1", RUNNING)]
    assert len(work.planner.asked) == 1


async def test_a_source_that_failed_is_tried_again_with_all_that_needed_it(work):
    work.executor.outcomes |= {"look here": Denied("no"), "look there": Denied("no")}
    goal_id = await work.add(plan=RESEARCH)
    await work.end_of(goal_id)
    work.executor.outcomes.clear()
    await work.service.retry_goal(goal_id)
    assert (await work.end_of(goal_id)).outcome == COMPLETED
    assert [task.error for task in work.store.tasks(goal_id)] == ["", "", ""]


async def test_a_goal_without_a_plan_is_planned_again(work):
    goal_id = await work.add(plan=RuntimeError("boom"))
    assert (await work.end_of(goal_id)).state == FAILED
    work.planner.plans.clear()
    await work.service.retry_goal(goal_id)
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_a_goal_that_was_cancelled_is_taken_up_again(work):
    gate = work.executor.hold("look here")
    goal_id = await work.add(plan=RESEARCH)
    await until(lambda: work.statuses(goal_id) == [IN_PROGRESS, COMPLETED, PENDING])
    await work.service.cancel_goal(goal_id)
    await work.service.retry_goal(goal_id)
    gate.set()
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.executor.began.count("1.2") == 1
    assert work.store.tasks(goal_id)[0].attempts == 2


async def test_a_goal_that_was_cancelled_without_a_plan_is_planned_again(work):
    gate = work.planner.hold("goal")
    goal_id = await work.add()
    await until(lambda: work.planner.asked)
    await work.service.cancel_goal(goal_id)
    await work.service.retry_goal(goal_id)
    gate.set()
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_a_goal_that_is_reached_or_going_on_cannot_be_tried_again(work):
    gate = work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    with pytest.raises(InvalidState, match="goal 1 is running; a goal that has failed"):
        await work.service.retry_goal(goal_id)
    gate.set()
    await work.end_of(goal_id)
    with pytest.raises(InvalidState, match="goal 1 is completed; a goal that has failed"):
        await work.service.retry_goal(goal_id)
    assert work.executor.began == ["1.1"]


async def test_a_goal_that_waits_cannot_be_tried_again(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    with pytest.raises(InvalidState, match="goal 1 is waiting"):
        await work.service.retry_goal(goal_id)
    assert work.store.goal(goal_id).state == WAITING


async def test_documents_that_are_not_named_by_a_path_are_no_reason_to_search_the_web(work):
    with pytest.raises(InvalidArgument, match="the documents are not named by a path"):
        await work.service.add_goal("Research my salary, from the documents in Documents/pay", GoalOptions(), "")
    assert work.store.goals("", 10, 0) == []


# waiting for a language model


async def test_a_goal_that_needs_a_model_waits_and_says_so(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    goal = await work.reaches(goal_id, WAITING)
    assert (goal.error, goal.outcome, goal.finished) == (str(NEEDS_MODEL), "", 0)
    assert work.statuses(goal_id) == [WAITING]
    await until(lambda: work.service.status() == "1 goal open, waiting")
    assert work.service.is_busy()
    checks = await checked(work)
    assert checks[-1] == ("goals that wait", "warn", "1 need a language model: senter setup")


async def test_a_goal_that_waits_goes_on_by_itself_when_there_is_a_model(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    await until(lambda: work.looked > 2)
    work.executor.outcomes.clear()
    work.model = True
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.error) == (COMPLETED, "")
    states = [told[2] for told in work.signals if told[0] == "goal"]
    assert states == ["new", "planning", RUNNING, WAITING, RUNNING, COMPLETED]


@pytest.mark.parametrize("reason", [NEEDS_MODEL, SPENT], ids=["no model", "no budget"])
async def test_a_goal_that_waits_goes_on_after_the_next_start(tmp_path, clock, impatient, reason):
    work = Work(tmp_path, clock)
    work.executor.outcomes["do it"] = reason
    async with at_work(work):
        await work.reaches(await work.add(), WAITING)
    work = Work(tmp_path, clock, earlier=work)
    work.executor.outcomes.clear()
    work.model = True
    async with at_work(work):
        assert (await work.end_of("1")).state == COMPLETED


async def test_what_can_be_done_without_a_model_is_done_while_a_step_waits(work):
    work.executor.outcomes["think"] = NEEDS_MODEL
    plan = [Step("think", "custom"), Step("look", "research"), Step("sum up", "generate", depends_on=(1, 2))]
    goal_id = await work.add(plan=plan)
    await work.reaches(goal_id, WAITING)
    assert work.statuses(goal_id) == [WAITING, COMPLETED, PENDING]


async def test_that_a_goal_waits_is_told_once_however_often_it_waits(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    work.model = True
    goal_id = await work.add()
    await until(lambda: work.store.tasks(goal_id) and work.store.tasks(goal_id)[0].attempts > 3)
    work.executor.outcomes.clear()
    await work.end_of(goal_id)
    assert work.reporter.told.count("goal_waiting") == 1


async def test_a_goal_that_has_gone_on_and_waits_again_says_so_again(work):
    work.executor.outcomes["think"] = NEEDS_MODEL
    goal_id = await work.add(plan=[Step("think", "custom"), Step("sum up", "generate", depends_on=(1,))])
    await work.reaches(goal_id, WAITING)
    work.executor.outcomes = {"sum up": NEEDS_MODEL}
    work.model = True
    await until(lambda: work.statuses(goal_id) == [COMPLETED, WAITING])
    await until(lambda: [kind for kind in work.reporter.told if kind != "plan_created"] == PAUSED_TWICE)


async def test_a_goal_that_was_cancelled_and_waits_again_after_a_retry_says_so_again(work, clock):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    await work.service.cancel_goal(goal_id)
    clock.forward(minutes=1)
    await work.service.retry_goal(goal_id)
    await work.reaches(goal_id, WAITING)
    told = ["plan_created", "goal_waiting", "goal_cancelled", "goal_waiting"]
    await until(lambda: work.reporter.told == told)


async def test_a_look_for_a_model_that_fails_is_repeated(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    work.model = Unavailable("the research model does not answer")
    goal_id = await work.add()
    await until(lambda: work.looked > 2)
    work.executor.outcomes.clear()
    work.model = True
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_nobody_looks_for_a_model_when_nothing_waits_any_more(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await until(lambda: work.looked > 2)
    await work.service.cancel_goal(goal_id)
    await until(lambda: not work.service.is_busy())
    looked = work.looked
    work.executor.outcomes.clear()
    for number in range(5):
        await work.end_of(await work.add(f"other {number}"))
    assert work.looked <= looked + 1


async def test_between_two_looks_for_a_model_there_is_more_and_more_time(tmp_path, clock, impatient, monkeypatch):
    work = Work(tmp_path, clock)
    work.executor.outcomes["do it"] = NEEDS_MODEL
    work.service._missing._back_off = 0.001
    monkeypatch.setattr("senter.tasks.pursuing.missing.LONGEST_BACK_OFF", 0.016)
    async with at_work(work):
        await work.add()
        waits = []
        while work.service._missing._back_off < 0.016:
            await until(lambda: work.service._missing._back_off not in waits)
            waits.append(work.service._missing._back_off)
    assert waits == sorted(waits)


async def test_nobody_looks_for_a_model_while_only_an_answer_is_waited_for(work):
    work.executor.questions["do it"] = "do it"
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    assert await work.service.pending_approvals()
    await work.end_of(await work.add("another goal", plan=(Step("something else", "custom"),)))
    assert work.looked == 0


# pausing


async def test_a_pause_ends_what_is_done_and_it_is_done_after_the_pause(work):
    held = work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    await work.service.pause()
    assert (work.executor.cancelled, work.statuses(goal_id)) == ([f"{goal_id}.1"], [PENDING])
    assert work.service.status() == "1 goal open; paused; go on with: senter goals resume"
    assert (await work.service.goal(goal_id)).error == "paused; go on with: senter goals resume"
    assert [goal.error for goal in await work.service.goals("", 0, 0)] == [PAUSED]
    await until(lambda: not work.service.is_busy())
    held.set()
    await work.service.resume()
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_nothing_is_begun_in_a_pause_but_goals_are_taken_on(work):
    await work.service.pause()
    goal_id = await work.add()
    await until(lambda: work.signals)
    assert (work.store.goal(goal_id).state, work.executor.began) == ("new", [])
    await work.service.resume()
    await work.end_of(goal_id)


async def test_a_pause_survives_a_restart(tmp_path, clock, impatient):
    before = Work(tmp_path, clock)
    async with at_work(before):
        await before.service.pause()
        await before.service.pause()
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        goal_id = await after.add()
        assert after.service.status().endswith("senter goals resume")
        assert ("work on goals", "warn") in [(check.what, check.verdict) for check in await checked(after)]
        assert after.executor.began == []
        await after.service.resume()
        await after.end_of(goal_id)


async def test_what_cannot_be_repeated_becomes_a_question_when_a_pause_ends_it(work):
    work.executor.unrepeatable.add("do it")
    work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    await work.service.pause()
    assert work.statuses(goal_id) == [WAITING]
    (question,) = await work.service.pending_approvals()
    assert question.kind == "repeat"


async def test_a_step_that_is_about_to_begin_when_a_pause_comes_is_done_after_it(work):
    reached, late = threading.Event(), threading.Event()
    begin = work.pursuit.attempts.begin

    def come_late(*arguments):
        reached.set()
        late.wait(10)
        return begin(*arguments)

    work.pursuit.attempts.begin = come_late
    goal_id = await work.add()
    await until(reached.is_set)
    pausing = asyncio.create_task(work.service.pause())
    await until(lambda: work.service._paused)
    late.set()
    await pausing
    assert work.statuses(goal_id) == [PENDING]
    work.pursuit.attempts.begin = begin
    await work.service.resume()
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_what_a_pause_could_not_note_is_taken_up_after_it(work):
    work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.began)
    begin = work.pursuit.pause.begin

    def fill(when):
        begin(when)
        work.store.full = True

    work.pursuit.pause.begin = fill
    with pytest.raises(Unavailable):
        await work.service.pause()
    work.store.full = False
    work.executor.held.clear()
    await work.service.resume()
    assert (await work.end_of(goal_id)).state == COMPLETED


# bounds


async def test_a_goal_is_given_up_at_its_deadline_whatever_it_does(work, clock):
    work.executor.hold("do it")
    goal_id = await work.add(deadline=clock.microseconds + 60_000_000)
    await until(lambda: work.executor.running)
    clock.forward(minutes=2)
    await work.add("something that wakes it", plan=(Step("another", "custom"),))
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.error) == (FAILED, "stopped: its deadline has passed")
    await until(lambda: work.executor.cancelled == [f"{goal_id}.1"])
    assert work.statuses(goal_id) == [CANCELLED]


async def test_a_deadline_that_has_passed_is_refused(work, clock):
    with pytest.raises(InvalidArgument, match="deadline has passed"):
        await work.add(deadline=clock.microseconds)


async def test_a_goal_that_takes_too_many_attempts_is_given_up_and_told_once(tmp_path, clock, impatient):
    work = Work(tmp_path, clock, steps_per_goal=2, slots=1)
    async with at_work(work):
        goal_id = await work.add(plan=[Step(f"step {number}", "custom") for number in range(4)])
        goal = await work.end_of(goal_id)
        assert goal.state == FAILED
        assert goal.error.startswith("stopped: its steps took 2 attempts, and a goal may take 2")
        assert work.statuses(goal_id) == [COMPLETED, COMPLETED, CANCELLED, CANCELLED]
        assert work.reporter.told.count("Goal failed") == 1


async def test_no_progress_ends_a_goal(work, clock):
    planning = work.planner.hold("goal")
    goal_id = await work.add()
    await until(lambda: work.planner.asked)
    with work.store.writing() as connection:
        rows = [(f"{goal_id}.1.{number}", goal_id, clock.microseconds + number) for number in range(10)]
        connection.executemany("INSERT INTO attempts VALUES (?, '', ?, ?, 0, 'failed')", rows)
    planning.set()
    goal = await work.end_of(goal_id)
    assert goal.error == "stopped: there was no progress: the last 10 attempts have failed"
    assert work.executor.began == []


# from outside


async def test_a_step_can_be_done_elsewhere(work):
    work.executor.outcomes["do it"] = NEEDS_MODEL
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    await work.service.update_task(f"{goal_id}.1", "completed", "I asked a friend")
    goal = await work.end_of(goal_id)
    assert goal.state == COMPLETED
    assert "I asked a friend" in Path(goal.report).read_text()


async def test_a_step_that_is_being_done_ends_when_it_was_done_elsewhere(work):
    work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    await work.service.update_task(f"{goal_id}.1", "completed", "done")
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.executor.cancelled == [f"{goal_id}.1"]


async def test_a_goal_whose_result_was_cancelled_elsewhere_is_cancelled(work):
    work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: work.executor.running)
    await work.service.update_task(f"{goal_id}.1", "cancelled", "no")
    assert (await work.end_of(goal_id)).state == CANCELLED


async def test_a_goal_that_waits_for_nothing_goes_on_after_a_start(tmp_path, clock, impatient):
    before = Work(tmp_path, clock)
    before.executor.outcomes["do it"] = NEEDS_MODEL
    async with at_work(before):
        goal_id = await before.add()
        await before.reaches(goal_id, WAITING)
    before.store.open()
    with before.store.writing() as connection:
        connection.execute("UPDATE tasks SET status = 'failed', error = 'no' WHERE goal_id = ?", (goal_id,))
    before.store.close()
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        assert (await after.end_of(goal_id)).state == FAILED


@pytest.mark.parametrize("write", range(2, 14))
async def test_one_write_that_fails_costs_no_goal(tmp_path, clock, impatient, write):
    work = Work(tmp_path, clock, store=OneWriteFails(tmp_path / "tasks.db", write))
    async with at_work(work):
        goal_id = await work.add(plan=RESEARCH)
        assert (await work.end_of(goal_id)).outcome == COMPLETED


async def test_a_status_that_is_none_is_refused(work):
    goal_id = await work.add()
    with pytest.raises(InvalidArgument, match="status must be completed, failed or cancelled, not 'pending'"):
        await work.service.update_task(f"{goal_id}.1", "pending", "")


async def test_the_machine_is_kept_awake_while_there_is_work(work):
    await work.end_of(await work.add())
    await until(lambda: work.awake.worked[-1:] == [False])
    assert True in work.awake.worked


async def test_the_machine_may_sleep_while_all_that_is_open_waits(work):
    work.executor.questions["do it"] = "do it"
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    await until(lambda: work.awake.worked[-1:] == [False])
    await work.service.approve(f"{goal_id}.1")
    await until(lambda: work.awake.worked[-1:] == [True] or work.store.goal(goal_id).state == COMPLETED)


# waiting for a budget


async def test_a_goal_whose_budget_is_spent_waits_and_says_so_once(work):
    work.executor.outcomes["do it"] = SPENT
    goal_id = await work.add()
    assert (await work.reaches(goal_id, WAITING)).error == str(SPENT)
    assert (await checked(work))[-1] == (
        *("goals that pause", "warn"),
        "1 have no budget left: wait until tomorrow, or raise [budget] in config.toml, then: senter restart",
    )
    await until(lambda: work.reporter.texts("goal_waiting") == [f"Waiting: goal - {SPENT}"])


async def test_it_does_not_go_on_just_because_there_is_a_model(work):
    work.executor.outcomes |= {"do it": SPENT, "think": NEEDS_MODEL}
    paused = await work.add()
    waits = await work.add("another", [Step("think", "custom")])
    await work.reaches(paused, WAITING)
    await work.reaches(waits, WAITING)
    work.executor.outcomes["think"] = FOUND
    work.model = True
    assert (await work.end_of(waits)).state == COMPLETED
    looked = work.looked
    await until(lambda: work.looked > looked + 2)
    assert work.store.goal(paused).state == WAITING
    assert work.executor.began.count("1.1") == 1
    states = [told[2] for told in work.signals if told[:2] == ("goal", paused)]
    assert states == ["new", "planning", RUNNING, WAITING]


async def test_it_goes_on_when_a_model_has_done_another_step_of_it_since(work):
    gate = work.executor.hold("then")
    work.executor.outcomes["do it"] = SPENT
    goal_id = await work.add(plan=[Step("do it", "custom"), Step("then", "custom")])
    await until(lambda: work.statuses(goal_id) == [WAITING, IN_PROGRESS])
    work.executor.outcomes.clear()
    work.model = True
    gate.set()
    assert (await work.end_of(goal_id)).state == COMPLETED


async def test_it_goes_on_by_itself_on_the_next_day(work, clock):
    work.executor.outcomes["do it"] = SPENT
    goal_id = await work.add()
    await work.reaches(goal_id, WAITING)
    work.model = True
    clock.forward(hours=13, minutes=59)
    looked = work.looked
    await until(lambda: work.looked > looked + 2)
    assert work.store.goal(goal_id).state == WAITING
    work.executor.outcomes.clear()
    clock.forward(minutes=1)
    assert (await work.end_of(goal_id)).state == COMPLETED
    assert work.reporter.told.count("goal_waiting") == 1


async def test_a_goal_that_had_no_budget_and_then_no_model_waits_for_the_model(work):
    work.executor.outcomes |= {"do it": SPENT}
    gate = work.executor.hold("then")
    work.executor.outcomes["then"] = NEEDS_MODEL
    goal_id = await work.add(plan=[Step("do it", "custom"), Step("then", "custom")])
    await until(lambda: work.statuses(goal_id) == [WAITING, IN_PROGRESS])
    gate.set()
    await work.reaches(goal_id, WAITING)
    work.executor.outcomes.clear()
    work.model = True
    assert (await work.end_of(goal_id)).state == COMPLETED


# letters


async def test_the_reporter_hears_of_everything_in_order(work):
    await work.end_of(await work.add("how long?", RESEARCH))
    assert work.reporter.told == [
        *("plan_created", "task_completed", "task_completed", "task_completed"),
        *("goal_completed", "research_complete", "Goal achieved"),
    ]
    assert work.reporter.texts("plan_created") == ["Created plan for: how long? (3 steps)"]
    (notice,) = [row for row in work.reporter.heard if row[1] == "Goal achieved"]
    assert notice[2:] == ("how long?\nThe report is ready.", work.store.goal("1").report)


async def test_letters_are_kept_in_order_while_the_reporter_is_away(work):
    work.reporter.away = AWAY
    for name in ("one", "two"):
        await work.end_of(await work.add(name))
    await until(lambda: work.reporter.tried > 2)
    assert work.reporter.heard == []
    work.reporter.away = None
    await until(lambda: not work.store.letters())
    assert [text for _, subject, text, _ in work.reporter.heard if subject == "goal_completed"] == [
        *("Goal achieved: one", "Goal achieved: two")
    ]
    assert len(work.reporter.heard) == len(work.reporter.told) == 8


async def test_letters_are_delivered_after_the_next_start(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    work.reporter.away = AWAY
    async with at_work(work):
        await work.end_of(await work.add())
    assert work.reporter.heard == []
    work.reporter.away = None
    async with at_work(Work(tmp_path, clock, earlier=work)):
        await until(lambda: work.reporter.told[-1:] == ["Goal achieved"])


async def test_a_letter_whose_answer_was_lost_is_sent_again_under_the_same_key(work):
    work.reporter.lost = Unavailable("the answer was lost")
    await work.end_of(await work.add())
    keys = [row[0] for row in work.reporter.heard]
    assert keys[0] == keys[1]
    assert len(set(keys)) == len(keys) - 1 == 4
    assert work.reporter.told == ["plan_created", "task_completed", "goal_completed", "Goal achieved"]


async def test_a_letter_that_the_reporter_refuses_keeps_no_other_back(work, caplog):
    work.reporter.refused = {"task_completed": InvalidArgument("no")}
    await work.end_of(await work.add())
    assert work.reporter.told == ["plan_created", "goal_completed", "Goal achieved"]
    assert "Completed: do it, for goal" in caplog.text
    await until(lambda: not work.service.is_busy())


async def test_what_the_reporter_was_told_is_told_again_when_the_disk_could_not_note_it(work):
    gate = work.executor.hold("do it")
    await work.add()
    await until(lambda: work.executor.running and not work.store.letters())
    work.reporter.away = AWAY
    gate.set()
    await work.reaches("1", COMPLETED)
    work.store.full, work.reporter.away = True, None
    await until(lambda: len(work.reporter.heard) > len(work.reporter.told))
    work.store.full = False
    await until(lambda: not work.store.letters())
    assert work.reporter.told == ["plan_created", "task_completed", "goal_completed", "Goal achieved"]
