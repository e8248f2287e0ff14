"""What the reporter is told of what comes next, and what comes with the letters."""

import asyncio

import pytest
from support.goal_work import FOUND, RESEARCH, Work, at_work
from support.private_bus import DEADLINE, until

from senter.errors import InvalidArgument, NoModel, Unavailable
from senter.tasks.goal import COMPLETED, WAITING
from senter.tasks.telling import telling
from senter.tasks.telling.letter import Letter

AWAY = Unavailable("the reporter is not there")


@pytest.fixture
def unhurried(impatient, monkeypatch):
    """Nothing that is told or refused once is told again within a test."""
    for name in ("PAUSE_SECONDS", "APART_SECONDS"):
        monkeypatch.setattr(telling, name, 10 * DEADLINE)


def hang(work):
    """Let the reporter take no answer out of what it hears; an event for every call."""
    calls = []

    async def tell(*_):
        calls.append(asyncio.Event())
        await calls[-1].wait()

    work.reporter.tell = tell
    return calls


async def letters_are_delivered(work):
    """The room may leave."""
    await until(lambda: not work.service.is_busy())


# what comes with letters


async def test_every_entry_of_the_log_comes_with_its_goal_and_every_notice_with_its_type(work):
    goal = await work.end_of(await work.add("how long?", RESEARCH))
    of_goal = {"goal": goal.id, "title": "how long?"}
    assert work.reporter.details == {
        **dict.fromkeys(("plan_created", "task_completed"), of_goal),
        **dict.fromkeys(("goal_completed", "research_complete"), of_goal | {"open": goal.report}),
        "Goal achieved": {"type": "goal_completed"},
    }


async def test_a_letter_of_an_earlier_version_is_delivered(tmp_path, clock, impatient):
    work = Work(tmp_path, clock)
    work.store.open()
    work.store.add_letter(Letter("log", "plan_created", "Created", key="k"))
    work.store.close()
    async with at_work(work):
        await until(lambda: work.reporter.heard == [("k", "plan_created", "Created", "")])
        assert work.reporter.details == {"plan_created": {}}


# what comes next


async def test_what_comes_next_is_told_while_it_changes_and_nothing_when_all_is_done(work):
    gate = work.executor.hold("sum up")
    goal_id = await work.add("how long?", RESEARCH)
    await until(lambda: work.reporter.coming[-1:] == [["how long?: 2 of 3 steps done"]])
    gate.set()
    await work.end_of(goal_id)
    await until(lambda: work.reporter.coming[-1] == [])


async def test_a_goal_that_waits_is_told_with_what_it_waits_for(work):
    work.executor.outcomes["do it"] = NoModel("needs a language model: senter setup")
    await work.reaches(await work.add("write"), WAITING)
    told = ["write: waits for a language model: senter setup"]
    await until(lambda: work.reporter.coming[-1:] == [told])


async def test_it_is_told_once_after_every_start_although_nothing_has_changed(tmp_path, clock, impatient):
    async with at_work(Work(tmp_path, clock)) as work:
        await until(lambda: work.reporter.coming == [[]])
    async with at_work(Work(tmp_path, clock, earlier=work)):
        await until(lambda: work.reporter.coming == [[], []])


async def test_before_work_is_permitted_nothing_is_told(tmp_path, clock, impatient):
    async with at_work(Work(tmp_path, clock, permitted=False)) as work:
        await work.add()
        await work.service.goals("", 0, 0)
    assert work.reporter.coming == []


async def test_what_is_known_is_not_told_again(work):
    gate = work.executor.hold("do it")
    await work.add()
    known = ["goal: 0 of 1 step done"]
    await until(lambda: work.reporter.coming[-1:] == [known])
    told = len(work.reporter.coming)
    reads = work.store.reads
    for _ in range(3):
        work.pursuit.came_to_an_end()
        await until(lambda reads=reads: work.store.reads > reads + 3)
        reads = work.store.reads
    assert len(work.reporter.coming) == told
    gate.set()


async def test_while_steps_fly_by_it_is_not_told_again_for_a_while(tmp_path, clock, unhurried):
    async with at_work(Work(tmp_path, clock)) as work:
        await until(lambda: work.reporter.coming == [[]])
        for name in ("one", "two"):
            await work.end_of(await work.add(name, RESEARCH))
        assert work.reporter.coming == [[]]


async def test_it_is_never_told_twice_at_once_and_the_last_state_wins(work):
    calls = hang(work)
    heard = []
    await until(lambda: calls)
    for name in ("one", "two"):
        work.executor.hold("do it")
        await work.add(name)
    await until(lambda: work.executor.running == 2)
    assert len(calls) == 1

    async def tell(section, key, lines):
        heard.append(lines)

    work.reporter.tell = tell
    calls[0].set()
    await until(lambda: heard == [["two: 0 of 1 step done", "one: 0 of 1 step done"]])


async def test_it_is_told_when_the_reporter_is_there_again(work):
    work.reporter.away = AWAY
    gate = work.executor.hold("do it")
    await work.add()
    await until(lambda: work.executor.running and work.reporter.tried > 2)
    assert work.reporter.coming == []
    work.reporter.away = None
    await until(lambda: work.reporter.coming[-1:] == [["goal: 0 of 1 step done"]])
    gate.set()


async def test_what_the_reporter_may_have_heard_is_taken_back_when_it_is_over(work, monkeypatch):
    heard = []

    async def tell(section, key, lines):
        heard.append(lines)
        if lines:
            raise Unavailable("the answer was lost")

    await until(lambda: work.reporter.coming == [[]])
    monkeypatch.setattr(work.reporter, "tell", tell)
    work.executor.hold("do it")
    goal_id = await work.add()
    await until(lambda: heard)
    await work.service.cancel_goal(goal_id)
    await until(lambda: heard[-1] == [])


async def test_a_disk_that_fails_only_delays_it(work, monkeypatch):
    coming, failures = work.store.coming, [Unavailable("the disk is full")] * 2

    def fails_at_first(limit):
        if failures:
            raise failures.pop()
        return coming(limit)

    monkeypatch.setattr(work.store, "coming", fails_at_first)
    work.executor.hold("do it")
    await work.add()
    await until(lambda: work.reporter.coming[-1:] == [["goal: 0 of 1 step done"]])
    assert failures == []


async def test_lines_that_the_reporter_refuses_are_logged_and_harm_nothing(work, caplog):
    async def tell(*_):
        raise InvalidArgument("section must be costs")

    work.reporter.tell = tell
    assert (await work.end_of(await work.add())).state == COMPLETED
    await until(lambda: "section must be costs" in caplog.text)
    assert work.service.is_healthy()
    await letters_are_delivered(work)


async def test_no_goal_waits_for_a_reporter_that_hangs(work):
    calls = hang(work)
    assert (await work.end_of(await work.add())).state == COMPLETED
    assert len(calls) == 1


async def test_who_does_not_take_it_does_not_keep_the_room(work):
    calls = hang(work)
    await work.end_of(await work.add())
    await letters_are_delivered(work)
    assert len(calls) == 1


# the end


async def test_the_last_state_is_told_before_the_room_leaves(tmp_path, clock, unhurried):
    async with at_work(Work(tmp_path, clock)) as work:
        await until(lambda: work.reporter.coming == [[]])
        work.executor.hold("do it")
        await work.add()
        await until(lambda: work.executor.running)
    assert work.reporter.coming == [[], ["goal: 0 of 1 step done"]]


async def test_what_was_being_told_is_told_before_the_room_leaves(tmp_path, clock, unhurried):
    async with at_work(Work(tmp_path, clock)) as work:
        calls = hang(work)
        await until(lambda: calls)
        del work.reporter.tell
    assert work.reporter.coming == [[]]


async def test_what_is_known_is_not_told_at_the_end(work):
    await work.end_of(await work.add())
    await until(lambda: work.reporter.coming[-1:] == [[]])
    told = len(work.reporter.coming)
    await work.service.stop()
    assert len(work.reporter.coming) == told


async def test_the_reporter_is_not_woken_when_everything_is_being_stopped(tmp_path, clock, unhurried):
    async with at_work(Work(tmp_path, clock)) as work:
        await until(lambda: work.reporter.coming == [[]])
        await work.end_of(await work.add())
        work.executor.outcomes["do it"] = FOUND
        work.wanted = False
        work.executor.hold("do it")
        await work.add("another")
        await until(lambda: work.executor.running)
    assert work.reporter.coming == [[]]
    work = Work(tmp_path, clock, earlier=work)
    async with at_work(work):
        await until(lambda: work.reporter.coming[1:] == [["another: 0 of 1 step done"]])


async def test_a_reporter_that_hangs_does_not_keep_the_room_from_leaving(tmp_path, clock, unhurried, monkeypatch):
    monkeypatch.setattr(telling, "LAST_SECONDS", 0.01)
    work = Work(tmp_path, clock)
    await work.service.start()
    calls = hang(work)
    await until(lambda: calls)
    await asyncio.wait_for(work.service.stop(), DEADLINE)
    assert len(calls) == 2


async def test_a_reporter_that_is_away_at_the_end_is_told_after_the_next_start(tmp_path, clock, impatient, caplog):
    caplog.set_level("INFO")
    async with at_work(Work(tmp_path, clock)) as work:
        await until(lambda: work.reporter.coming)
        work.reporter.away = AWAY
        work.executor.hold("do it")
        await work.add()
        await until(lambda: work.executor.running)
    assert work.reporter.coming == [[]]
    assert "What comes next is told after the next start" in caplog.text
    work.reporter.away = None
    async with at_work(Work(tmp_path, clock, earlier=work)):
        await until(lambda: ["goal: 0 of 1 step done"] in work.reporter.coming)
