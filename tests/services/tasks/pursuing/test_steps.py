"""Whether a step may be done, how often it is tried, and what follows from its end."""

import asyncio
import threading

import pytest
from support.goal_work import FOUND, Work, at_work
from support.private_bus import until

from senter.errors import Busy, Denied, InvalidState, Unavailable
from senter.tasks.goal import CANCELLED, COMPLETED, FAILED, IN_PROGRESS, PENDING, WAITING
from senter.tasks.planning.plan import Step
from senter.tasks.tools.findings import Findings

WRITE = (Step("write it", "organize", "file_write", {"path": "/home/ada/plan.md"}),)
QUESTION = "write /home/ada/plan.md"
OFFLINE = Unavailable("the web cannot be searched: no search engine can be reached")


@pytest.fixture
def asking(work):
    """The tasks at work, where writing has to be approved."""
    work.executor.questions["write it"] = QUESTION
    return work


async def test_what_has_to_be_approved_is_asked_and_not_begun(asking):
    goal_id = await asking.add(plan=WRITE)
    goal = await asking.reaches(goal_id, WAITING)
    assert goal.error == f"waits for your answer: Senter wants to {QUESTION}"
    assert asking.executor.began == []
    assert ("asked", f"{goal_id}.1", QUESTION) in asking.signals
    (pending,) = await asking.service.pending_approvals()
    assert (pending.task_id, pending.title, pending.question) == (f"{goal_id}.1", "goal", QUESTION)
    await until(lambda: "Senter asks for your approval" in asking.reporter.told)


async def test_what_is_approved_is_done_with_the_words_that_were_approved(asking):
    goal_id = await asking.add(plan=WRITE)
    await asking.reaches(goal_id, WAITING)
    await asking.service.approve(f"{goal_id}.1")
    assert (await asking.end_of(goal_id)).state == COMPLETED
    assert asking.executor.approved == {f"{goal_id}.1.1": QUESTION}
    assert len(asking.reporter.withdrawn) == 1


async def test_what_is_denied_is_not_done_not_tried_again_and_not_planned_anew(asking):
    asking.planner.planner = "model"
    goal_id = await asking.add(plan=(*WRITE, Step("sum up", "generate", depends_on=(1,))))
    await asking.reaches(goal_id, WAITING)
    await asking.service.deny(f"{goal_id}.1")
    goal = await asking.end_of(goal_id)
    assert (goal.state, asking.executor.began, asking.planner.replanned) == (FAILED, [], [])
    assert goal.error.startswith(f"it was denied to {QUESTION}")


async def test_nothing_is_asked_twice_in_a_goal(asking):
    goal_id = await asking.add(plan=WRITE)
    await asking.reaches(goal_id, WAITING)
    await asking.service.deny(f"{goal_id}.1")
    await asking.end_of(goal_id)
    await asking.service.retry_goal(goal_id)
    assert (
        await asking.end_of(goal_id)
    ).error == f"it was denied before to {QUESTION}; add the goal anew to be asked again"
    assert asking.reporter.told.count("Senter asks for your approval") == 1


async def test_an_approval_holds_when_the_goal_is_retried(asking):
    asking.executor.outcomes["write it"] = Unavailable("the disk is full")
    goal_id = await asking.add(plan=WRITE)
    await asking.reaches(goal_id, WAITING)
    await asking.service.approve(f"{goal_id}.1")
    await asking.end_of(goal_id)
    del asking.executor.outcomes["write it"]
    await asking.service.retry_goal(goal_id)
    assert (await asking.end_of(goal_id)).state == COMPLETED
    assert asking.reporter.told.count("Senter asks for your approval") == 1


async def test_other_work_goes_on_meanwhile(asking):
    goal_id = await asking.add(plan=(*WRITE, Step("look", "research"), Step("look there", "research")))
    other = await asking.add("another goal")
    assert (await asking.end_of(other)).state == COMPLETED
    await asking.reaches(goal_id, WAITING)
    assert asking.statuses(goal_id) == [WAITING, COMPLETED, COMPLETED]


async def test_what_nobody_can_approve_fails_without_a_question(work):
    work.executor.questions["write it"] = Denied("/etc/passwd may not be written: it is part of the system")
    goal_id = await work.add(plan=WRITE)
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.error) == (FAILED, "/etc/passwd may not be written: it is part of the system")
    assert work.executor.began == []


async def test_a_question_is_denied_when_nobody_answers_for_a_day(asking, clock):
    goal_id = await asking.add(plan=WRITE)
    await asking.reaches(goal_id, WAITING)
    clock.forward(hours=24, seconds=1)
    await asking.add("something that wakes it")
    goal = await asking.end_of(goal_id)
    assert (goal.state, goal.error) == (FAILED, f"nobody answered for 24 hours whether Senter may {QUESTION}")
    assert any("nobody answered" in text for text in asking.reporter.texts("task_failed"))


async def test_a_question_survives_a_restart(tmp_path, clock, impatient):
    before = Work(tmp_path, clock)
    before.executor.questions["write it"] = QUESTION
    async with at_work(before):
        goal_id = await before.add(plan=WRITE)
        await before.reaches(goal_id, WAITING)
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        await after.service.approve(f"{goal_id}.1")
        assert (await after.end_of(goal_id)).state == COMPLETED


@pytest.mark.parametrize("error", [OFFLINE, Busy("too much is going on")])
async def test_what_is_not_there_is_tried_again_a_little_later(work, clock, error):
    work.executor.several_tries["look"] = 3
    work.executor.outcomes["look"] = error
    goal_id = await work.add(plan=(Step("look", "research"),))
    await until(lambda: work.store.tasks(goal_id) and work.store.tasks(goal_id)[0].not_before)
    (task,) = work.store.tasks(goal_id)
    assert (task.status, task.attempts, task.error) == (PENDING, 1, str(error))
    assert task.not_before - clock.microseconds == 2_000_000
    assert work.store.goal(goal_id).state == "running"
    work.executor.outcomes["look"] = FOUND
    clock.forward(seconds=7)
    await work.add("something that wakes it")
    assert (await work.end_of(goal_id)).outcome == COMPLETED
    assert work.store.tasks(goal_id)[0].attempts == 2


async def test_what_takes_too_long_is_ended_and_tried_again(work, clock, monkeypatch):
    monkeypatch.setattr("senter.tasks.pursuing.steps.LONGEST_ATTEMPT", 0.01)
    work.executor.several_tries["look"] = 2
    work.executor.hold("look")
    goal_id = await work.add(plan=(Step("look", "research"),))
    await until(lambda: work.store.tasks(goal_id) and work.store.tasks(goal_id)[0].not_before)
    (task,) = work.store.tasks(goal_id)
    assert (task.status, task.error) == (PENDING, "it took too long and was ended")
    del work.executor.held["look"]
    clock.forward(seconds=7)
    await work.add("something that wakes it")
    assert (await work.end_of(goal_id)).outcome == COMPLETED


async def test_what_is_never_there_fails_after_its_tries(work, clock):
    work.executor.several_tries["look"] = 3
    work.executor.outcomes["look"] = OFFLINE
    goal_id = await work.add(plan=(Step("look", "research"),))
    for attempt in (1, 2):
        await until(lambda attempt=attempt: [task.attempts for task in work.store.tasks(goal_id)] == [attempt])
        await until(lambda: work.store.tasks(goal_id)[0].status == PENDING)
        clock.forward(minutes=2)
        await work.add(f"something that wakes it {attempt}")
    goal = await work.end_of(goal_id)
    assert (goal.state, goal.error, work.executor.began.count(f"{goal_id}.1")) == (FAILED, str(OFFLINE), 3)


@pytest.mark.parametrize("error", [Denied("no"), InvalidState("a file is there already")])
async def test_what_will_not_get_better_is_not_tried_again(work, error):
    work.executor.several_tries["look"] = 3
    work.executor.outcomes["look"] = error
    goal_id = await work.add(plan=(Step("look", "research"),))
    assert (await work.end_of(goal_id)).state == FAILED
    assert work.executor.began == [f"{goal_id}.1"]


async def test_what_a_step_shows_is_shown_once(work):
    notice = ("A mail is drafted", "To ann@example.org: Lunch", "/w/drafts/1.eml")
    work.executor.outcomes["draft"] = Findings("Drafted.", notice=notice)
    goal_id = await work.add(plan=(Step("draft", "communicate"),))
    await work.end_of(goal_id)
    assert [row[1:] for row in work.reporter.heard if row[1] == notice[0]] == [notice]


async def test_every_attempt_has_an_id_of_its_own(work):
    work.executor.several_tries["look"] = 2
    work.executor.outcomes["look"] = OFFLINE
    goal_id = await work.add(plan=(Step("look", "research"),))
    await until(lambda: work.executor.approved)
    assert list(work.executor.approved) == [f"{goal_id}.1.1"]


async def test_a_cancelled_step_is_ended_and_its_attempt_is_noted(work):
    work.executor.hold("look")
    goal_id = await work.add(plan=(Step("look", "research"),))
    await until(lambda: work.executor.began)
    assert work.statuses(goal_id) == [IN_PROGRESS]
    await work.service.cancel_goal(goal_id)
    await until(lambda: work.executor.cancelled == [f"{goal_id}.1"])
    assert work.statuses(goal_id) == [CANCELLED]
    with work.store.reading() as connection:
        assert connection.execute("SELECT outcome FROM attempts").fetchall() == [(CANCELLED,)]


async def test_a_question_that_was_taken_back_is_asked_again_after_a_retry(asking):
    goal_id = await asking.add(plan=WRITE)
    await asking.reaches(goal_id, WAITING)
    await asking.service.cancel_goal(goal_id)
    await asking.service.retry_goal(goal_id)
    await asking.reaches(goal_id, WAITING)
    await asking.service.approve(f"{goal_id}.1")
    assert (await asking.end_of(goal_id)).state == COMPLETED


async def test_an_answer_that_comes_between_looking_and_asking_is_heeded(asking):
    again = Step("write again", "organize", "file_write", depends_on=(2,))
    asking.executor.questions["write again"] = QUESTION
    held = asking.executor.hold("look")
    goal_id = await asking.add(plan=(*WRITE, Step("look", "research"), again))
    await until(lambda: WAITING in asking.statuses(goal_id))
    look = asking.pursuit.questions.answer_to
    asking.pursuit.questions.answer_to = lambda *_: None
    await asking.service.approve(f"{goal_id}.1")
    await until(lambda: f"{goal_id}.1" in asking.executor.ended or asking.statuses(goal_id)[0] != WAITING)
    asking.pursuit.questions.answer_to = look
    held.set()
    assert (await asking.end_of(goal_id)).state == COMPLETED


async def test_every_task_that_waits_for_an_answer_is_told_to_wait(asking):
    asking.executor.questions["write again"] = QUESTION
    goal_id = await asking.add(plan=(*WRITE, Step("write again", "organize", "file_write")))
    await asking.reaches(goal_id, WAITING)
    told = [told[1] for told in asking.signals if told[0] == "task" and told[3] == WAITING]
    assert sorted(told) == [f"{goal_id}.1", f"{goal_id}.2"]


async def test_an_answer_that_comes_at_once_is_not_lost(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    answers = set()

    def answer(task_id, _question):
        answers.add(asyncio.create_task(work.service.approve(task_id)))

    work.pursuit.news.approval_requested = answer
    async with at_work(work):
        for number in range(50):
            work.executor.questions[f"write {number}"] = f"write {number}"
        ids = [await work.add(f"goal {n}", (Step(f"write {n}", "custom"),)) for n in range(50)]
        assert {(await work.end_of(goal_id)).state for goal_id in ids} == {COMPLETED}
        await asyncio.gather(*answers)


async def test_an_answer_that_comes_while_the_goal_is_set_to_wait_is_not_lost(asking):
    let_wait = asking.store.let_wait

    def answered_before(goal_id, *rest):
        asking.store.let_wait = let_wait
        asking.pursuit.questions.approve(f"{goal_id}.1", 1)
        return let_wait(goal_id, *rest)

    asking.store.let_wait = answered_before
    assert (await asking.end_of(await asking.add(plan=WRITE))).state == COMPLETED


@pytest.mark.parametrize("ends_by", ["pause", "cancel"])
async def test_what_cannot_be_repeated_is_not_done_again_by_a_retry_unless_the_user_says_so(work, ends_by):
    work.executor.unrepeatable.add("run it")
    work.executor.hold("run it")
    goal_id = await work.add(plan=(Step("run it", "custom", "run_command"),))
    await until(lambda: work.executor.began)
    if ends_by == "pause":
        await work.service.pause()
        await work.service.resume()
        await work.service.deny(f"{goal_id}.1")
    else:
        await work.service.cancel_goal(goal_id)
    await work.end_of(goal_id)
    work.executor.held.clear()
    await work.service.retry_goal(goal_id)
    if ends_by == "cancel":
        await work.reaches(goal_id, WAITING)
        (question,) = await work.service.pending_approvals()
        assert question.kind == "repeat"
        await work.service.deny(f"{goal_id}.1")
    assert (await work.end_of(goal_id)).error.startswith("it was interrupted, may have been done")
    assert work.executor.began == [f"{goal_id}.1"]


async def test_an_answer_after_the_time_is_over_does_not_count(tmp_path, clock, impatient):
    before = Work(tmp_path, clock)
    before.executor.questions["write it"] = QUESTION
    async with at_work(before):
        goal_id = await before.add(plan=WRITE)
        await before.reaches(goal_id, WAITING)
        await before.service.pause()
    clock.forward(days=5)
    async with at_work(Work(tmp_path, clock, earlier=before)) as after:
        assert await after.service.pending_approvals() == []
        with pytest.raises(InvalidState, match="has waited for 24 hours, and counts as denied"):
            await after.service.approve(f"{goal_id}.1")
        await after.service.resume()
        assert (await after.end_of(goal_id)).error.startswith("nobody answered for 24 hours")


async def test_a_clock_that_is_set_back_lets_nothing_wait_for_a_day(work, clock):
    work.executor.several_tries["look"] = 3
    work.executor.outcomes["look"] = OFFLINE
    goal_id = await work.add(plan=(Step("look", "research"),))
    await until(lambda: work.store.tasks(goal_id) and work.store.tasks(goal_id)[0].not_before)
    del work.executor.outcomes["look"]
    clock.forward(days=-1)
    await work.add("something that wakes it")
    assert (await work.end_of(goal_id)).state == COMPLETED


@pytest.mark.parametrize("ends_by", ["cancel", "update"])
async def test_an_attempt_that_fails_late_does_not_begin_anew_what_has_ended(work, ends_by):
    work.executor.several_tries["look"] = 3
    work.executor.outcomes["look"] = OFFLINE
    reached, late = threading.Event(), threading.Event()
    again = work.pursuit.attempts.again

    def come_late(*arguments):
        reached.set()
        late.wait(10)
        return again(*arguments)

    work.pursuit.attempts.again = come_late
    work.executor.hold("wait")
    goal_id = await work.add(plan=(Step("look", "research"), Step("wait", "custom")))
    await until(reached.is_set)
    if ends_by == "cancel":
        ending = asyncio.create_task(work.service.cancel_goal(goal_id))
        await until(lambda: work.store.goal(goal_id).state == CANCELLED)
    else:
        ending = asyncio.create_task(work.service.update_task(f"{goal_id}.1", "failed", "said so"))
        await until(lambda: work.statuses(goal_id)[0] == FAILED)
    late.set()
    await ending
    await until(lambda: f"{goal_id}.1" not in work.pursuit._busy)
    assert work.statuses(goal_id)[0] == (CANCELLED if ends_by == "cancel" else FAILED)
