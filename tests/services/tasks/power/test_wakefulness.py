"""What is held off and when, with a logind written by hand whose holds are pipes: closing one can be seen."""

import asyncio
import os
import select

import pytest
from support.private_bus import DEADLINE, open_descriptors, until

from senter.errors import Unavailable
from senter.settings import TasksSettings
from senter.tasks.power import wakefulness
from senter.tasks.power.wakefulness import LID, SLEEP, Wakefulness

HOUR = 3600.0
DELAY = (SLEEP, "delay")
BLOCK = (LID, "block")


class Pipe:
    """A hold: who has it keeps one end open."""

    def __init__(self, what, mode):
        self.what = (what, mode)
        self._end, self.given = os.pipe()

    @property
    def is_held(self):
        """Whether nobody has closed it."""
        return not select.select([self._end], [], [], 0)[0]

    def close(self):
        """Forget it."""
        os.close(self._end)


class Login:
    """The logind of a machine that is plugged in, in which nothing happens but what the test does."""

    def __init__(self):
        self.sleeping = self.woken = self.found = lambda: None
        self.came = self.lid = lambda _: None
        self.power = lambda *_: None
        self.is_watching = False
        self.refused = set()
        self.asked = []
        self.pipes = []
        self.lid_closed = None
        self.lid_asked = 0
        self.slow = asyncio.Event()
        self.slow.set()
        self.tells_of_battery = True
        self.stopped = False

    async def start(self):
        self.arrive()
        if self.tells_of_battery:
            self.power(False, None)
        return True

    async def stop(self):
        self.stopped = True

    async def inhibit(self, what, why, *, delay=False):
        assert why
        asked = (what, "delay" if delay else "block")
        self.asked.append(asked)
        await self.slow.wait()
        if what in self.refused:
            return None
        self.pipes.append(Pipe(*asked))
        return self.pipes[-1].given

    async def lid_is_closed(self):
        self.lid_asked += 1
        return self.lid_closed

    def arrive(self):
        """Be there, for the first time or again."""
        self.is_watching = True
        self.found()

    @property
    def held(self):
        """What is held off now."""
        return sorted(pipe.what for pipe in self.pipes if pipe.is_held)


class World:
    """Goals at work on a laptop."""

    def __init__(self, **chosen):
        self.now = 1000.0
        self.login = Login()
        self.saved = 0
        self.saving = asyncio.Event()
        self.saving.set()
        self.failure = None
        self.held_while_saving = None
        settings = TasksSettings(**chosen)
        self.wakefulness = Wakefulness(self.login, settings, self.checkpoint, lambda: self.now)

    async def checkpoint(self):
        self.held_while_saving = self.login.held
        await self.saving.wait()
        if self.failure:
            raise self.failure
        self.saved += 1

    async def holds(self, *expected):
        """Return when this is held off, and nothing that is under way changes that."""
        await until(lambda: self.login.held == sorted(expected))
        await self.settled()
        assert self.login.held == sorted(expected)

    async def settled(self):
        """Return when everything that was told has been taken in."""
        for _ in range(20):
            await asyncio.sleep(0)
        assert not self.wakefulness._news.is_set()

    async def pass_time(self, seconds):
        """Let time pass, and have it looked at."""
        self.now += seconds
        self.wakefulness._news.set()
        await self.settled()


@pytest.fixture
async def world():
    made = []

    async def make(working=True, tells_of_battery=True, **chosen):
        one = World(**chosen)
        one.login.tells_of_battery = tells_of_battery
        made.append(one)
        await one.wakefulness.start()
        one.wakefulness.working(working)
        await one.holds(*([BLOCK, DELAY] if working else [DELAY]))
        return one

    yield make
    for one in made:
        one.saving.set()
        one.login.slow.set()
        await one.wakefulness.stop()
        assert one.login.held == []
        for pipe in one.login.pipes:
            pipe.close()


@pytest.fixture
def breathless(monkeypatch):
    """Work that is not said to go on has ended at once."""
    monkeypatch.setattr(wakefulness, "BREATH_SECONDS", 0.0)


async def test_without_work_only_sleep_is_delayed(world):
    one = await world(working=False)
    await one.holds(DELAY)


async def test_a_closed_lid_is_held_off_while_there_is_work(world, breathless):
    one = await world(working=False)
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)
    one.wakefulness.working(False)
    await one.holds(DELAY)
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)


async def test_saying_the_same_again_asks_for_nothing(world):
    one = await world()
    for _ in range(1000):
        one.wakefulness.working(True)
    await one.settled()
    assert sorted(one.login.asked) == [BLOCK, DELAY]


async def test_work_that_goes_on_at_once_has_not_ended(world):
    one = await world()
    one.wakefulness.working(False)
    await one.settled()
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)
    assert sorted(one.login.asked) == [BLOCK, DELAY]


async def test_work_that_goes_on_is_not_ended_by_the_pause_before_it(world, monkeypatch):
    monkeypatch.setattr(wakefulness, "BREATH_SECONDS", 0.05)
    one = await world()
    one.wakefulness.working(False)
    one.wakefulness.working(True)
    over = asyncio.get_running_loop().time() + 0.1
    await until(lambda: asyncio.get_running_loop().time() > over)
    await one.holds(BLOCK, DELAY)
    assert sorted(one.login.asked) == [BLOCK, DELAY]


async def test_work_that_goes_on_at_once_does_not_begin_the_time_anew(world):
    one = await world(lid_hours=1.0)
    await one.pass_time(0.9 * HOUR)
    one.wakefulness.working(False)
    one.wakefulness.working(True)
    await one.pass_time(0.2 * HOUR)
    await one.holds(DELAY)


async def test_with_no_hours_the_lid_is_never_held_off(world):
    one = await world(working=False, lid_hours=0.0)
    one.wakefulness.working(True)
    await one.settled()
    await one.holds(DELAY)
    assert one.login.asked == [DELAY]


async def test_after_its_hours_the_laptop_is_let_go_though_there_is_work(world):
    one = await world()
    one.login.lid_closed = True
    await one.pass_time(4 * HOUR - 1)
    await one.holds(BLOCK, DELAY)
    await one.pass_time(1)
    await one.holds(DELAY)


async def test_nobody_has_to_look_for_the_laptop_to_be_let_go():
    login = Login()
    keeps = Wakefulness(login, TasksSettings(lid_hours=0.3 / HOUR), asyncio.Event().wait)
    await keeps.start()
    keeps.working(True)
    await until(lambda: BLOCK in login.asked)
    await until(lambda: login.held == [DELAY])
    await keeps.stop()
    assert login.held == []


async def test_once_let_go_it_stays_so_until_the_lid_was_opened(world):
    one = await world()
    one.login.lid(True)
    await one.pass_time(4 * HOUR)
    await one.holds(DELAY)
    one.login.power(False, 100.0)
    await one.pass_time(HOUR)
    await one.holds(DELAY)
    one.login.lid(False)
    await one.holds(BLOCK, DELAY)


async def test_once_let_go_it_stays_so_until_work_begins_anew(world, breathless):
    one = await world()
    await one.pass_time(5 * HOUR)
    await one.holds(DELAY)
    one.wakefulness.working(False)
    await until(lambda: not one.wakefulness._is_working)
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)


async def test_new_work_does_not_lengthen_what_a_lid_that_is_known_to_be_closed_may_last(world, breathless):
    one = await world()
    one.login.lid(True)
    await one.pass_time(5 * HOUR)
    await one.holds(DELAY)
    one.wakefulness.working(False)
    await until(lambda: not one.wakefulness._is_working)
    one.wakefulness.working(True)
    await one.settled()
    await one.holds(DELAY)


async def test_the_time_counts_from_when_the_lid_was_closed(world):
    one = await world()
    await one.pass_time(3 * HOUR)
    one.login.lid(True)
    await one.pass_time(3.9 * HOUR)
    await one.holds(BLOCK, DELAY)
    await one.pass_time(0.1 * HOUR)
    await one.holds(DELAY)
    assert one.login.lid_asked == 0


async def test_a_lid_that_is_found_open_when_the_time_is_up_lets_it_begin_anew(world):
    one = await world()
    one.login.lid_closed = False
    await one.pass_time(4 * HOUR)
    await one.holds(BLOCK, DELAY)
    one.login.lid_closed = True
    await one.pass_time(3.9 * HOUR)
    await one.holds(BLOCK, DELAY)
    assert one.login.lid_asked == 1
    await one.pass_time(0.1 * HOUR)
    await one.holds(DELAY)


async def test_with_a_lid_of_which_nobody_knows_the_time_is_up_all_the_same(world):
    one = await world()
    await one.pass_time(4 * HOUR)
    await one.holds(DELAY)


async def test_a_lid_that_was_opened_while_logind_was_away_is_found_open(world):
    one = await world()
    one.login.lid(True)
    await one.pass_time(4 * HOUR)
    await one.holds(DELAY)
    one.login.lid_closed = False
    one.login.arrive()
    await one.holds(BLOCK, DELAY)


async def test_a_user_who_comes_has_opened_the_lid(world):
    one = await world()
    await one.pass_time(4 * HOUR)
    await one.holds(DELAY)
    one.login.lid_closed = False
    one.login.came("boot/c1")
    await one.holds(BLOCK, DELAY)


async def test_a_lid_that_logind_knows_to_be_open_only_some_time_after_waking_is_found_open(world, monkeypatch):
    monkeypatch.setattr(wakefulness, "LID_SECONDS", 0.1)
    one = await world()
    one.login.lid_closed = True
    await one.pass_time(4 * HOUR)
    one.login.sleeping()
    await one.holds()
    one.login.woken()
    await one.holds(DELAY)
    one.login.lid_closed = False
    await one.holds(BLOCK, DELAY)


async def test_a_battery_that_is_nearly_empty_lets_the_laptop_go_until_it_is_plugged_in(world):
    one = await world()
    one.login.power(True, 31.0)
    await one.holds(BLOCK, DELAY)
    one.login.power(True, 29.0)
    await one.holds(DELAY)
    assert one.login.lid_asked == 0
    one.login.power(False, 29.0)
    await one.holds(BLOCK, DELAY)


async def test_on_a_battery_of_unknown_charge_it_goes_on_for_half_an_hour(world):
    one = await world()
    await one.pass_time(2 * HOUR)
    one.login.power(True, None)
    await one.pass_time(0.4 * HOUR)
    await one.holds(BLOCK, DELAY)
    await one.pass_time(0.1 * HOUR)
    await one.holds(DELAY)
    one.login.power(True, 80.0)
    await one.holds(BLOCK, DELAY)


async def test_when_nobody_tells_of_the_battery_it_may_be_in_use(world):
    one = await world(tells_of_battery=False)
    await one.pass_time(0.4 * HOUR)
    await one.holds(BLOCK, DELAY)
    await one.pass_time(0.1 * HOUR)
    await one.holds(DELAY)


async def test_a_machine_that_is_plugged_in_goes_on_for_its_hours(world):
    one = await world()
    await one.pass_time(3.9 * HOUR)
    await one.holds(BLOCK, DELAY)


async def test_before_sleep_everything_is_written_down_and_then_sleep_goes_on(world):
    one = await world()
    one.saving.clear()
    one.login.sleeping()
    await until(lambda: one.held_while_saving is not None)
    await one.holds(BLOCK, DELAY)
    one.saving.set()
    await one.holds(BLOCK)
    assert (one.saved, one.held_while_saving) == (1, [BLOCK, DELAY])


async def test_after_waking_the_next_sleep_is_delayed(world):
    one = await world()
    for nights in range(1, 4):
        one.login.sleeping()
        await one.holds(BLOCK)
        one.login.woken()
        await one.holds(BLOCK, DELAY)
        assert one.saved == nights


async def test_a_sleep_that_was_called_off_before_everything_was_written_down_leaves_the_next_one_delayed(world):
    one = await world(working=False)
    one.saving.clear()
    one.login.sleeping()
    await until(lambda: one.held_while_saving is not None)
    one.login.woken()
    await one.settled()
    one.saving.set()
    await until(lambda: one.saved)
    await one.holds(DELAY)
    assert one.login.asked == [DELAY]


async def test_a_machine_whose_waking_was_missed_is_awake_when_logind_is_back(world):
    one = await world(working=False)
    one.login.sleeping()
    await one.holds()
    one.login.arrive()
    await one.holds(DELAY)


async def test_news_do_not_let_the_machine_sleep_before_everything_is_written_down(world):
    one = await world()
    one.saving.clear()
    one.login.sleeping()
    one.login.power(True, 50.0)
    await one.settled()
    await one.holds(BLOCK, DELAY)


async def test_news_do_not_delay_a_sleep_that_has_begun(world):
    one = await world()
    one.login.sleeping()
    await one.holds(BLOCK)
    one.login.power(True, 50.0)
    one.login.came("boot/c1")
    await one.settled()
    await one.holds(BLOCK)
    assert one.login.asked.count(DELAY) == 1


async def test_a_delay_that_is_granted_after_sleep_has_begun_is_given_back(world):
    one = await world(working=False)
    one.login.slow.clear()
    one.login.arrive()
    await until(lambda: len(one.login.asked) == 2)
    one.login.sleeping()
    await until(lambda: one.saved)
    one.login.slow.set()
    await one.holds()


@pytest.mark.parametrize("failure", [Unavailable("the disk is full"), None], ids=["failed", "too slow"])
async def test_what_cannot_be_written_down_does_not_keep_the_machine_from_sleep(
    world, failure, caplog, monkeypatch
):
    one = await world()
    one.failure = failure
    if not failure:
        monkeypatch.setattr(wakefulness, "CHECKPOINT_SECONDS", 0.05)
        one.saving.clear()
    one.login.sleeping()
    await one.holds(BLOCK)
    (record,) = caplog.records
    why = "the disk is full" if failure else "it takes longer than 0.05 s"
    assert record.getMessage() == f"Not everything is written down before the machine sleeps: {why}"


async def test_writing_down_may_take_less_than_logind_waits():
    assert wakefulness.CHECKPOINT_SECONDS < 5


async def test_what_breaks_while_writing_down_does_not_keep_the_machine_from_sleep(world, caplog):
    one = await world()
    one.failure = ZeroDivisionError("no")
    one.login.sleeping()
    await one.holds(BLOCK)
    assert "broke down" in caplog.text


async def test_a_logind_that_comes_later_is_asked_then(world):
    login = Login()
    login.arrive = lambda: None
    keeps = Wakefulness(login, TasksSettings(), asyncio.Event().wait)
    await keeps.start()
    keeps.working(True)
    for _ in range(20):
        await asyncio.sleep(0)
    assert login.asked == []
    Login.arrive(login)
    await until(lambda: login.held == [BLOCK, DELAY])
    await keeps.stop()


async def test_what_is_refused_is_not_asked_for_again_until_something_has_changed(world):
    one = await world(working=False)
    one.login.refused = {LID}
    one.wakefulness.working(True)
    await until(lambda: BLOCK in one.login.asked)
    for percent in range(90, 40, -1):
        one.login.power(True, percent)
        one.wakefulness.working(True)
        await one.settled()
    assert one.login.asked == [DELAY, BLOCK]
    one.login.refused.clear()
    one.login.came("boot/c1")
    await one.holds(BLOCK, DELAY)
    assert one.login.asked == [DELAY, BLOCK, BLOCK]


async def test_what_is_refused_is_asked_for_when_work_begins_anew(world, breathless):
    one = await world(working=False)
    one.login.refused = {LID}
    one.wakefulness.working(True)
    await until(lambda: BLOCK in one.login.asked)
    one.wakefulness.working(False)
    await until(lambda: not one.wakefulness._is_working)
    one.login.refused.clear()
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)


async def test_a_delay_that_is_refused_is_asked_for_after_the_next_sleep(world):
    one = World()
    one.login.refused = {SLEEP}
    await one.wakefulness.start()
    await until(lambda: one.login.asked == [DELAY])
    one.login.sleeping()
    await until(lambda: one.saved)
    one.login.refused.clear()
    one.login.woken()
    await one.holds(DELAY)
    await one.wakefulness.stop()


async def test_a_logind_that_was_restarted_is_asked_anew_before_the_old_holds_are_given_back(world):
    one = await world()
    before = open_descriptors()
    old = list(one.login.pipes)
    one.login.slow.clear()
    one.login.arrive()
    await until(lambda: len(one.login.asked) == 3)
    assert all(pipe.is_held for pipe in old)
    one.login.slow.set()
    await one.holds(BLOCK, DELAY)
    assert not any(pipe.is_held for pipe in old)
    assert open_descriptors() == before + len(old)


async def test_a_logind_that_refuses_to_hold_anew_leaves_what_is_held(world):
    one = await world()
    one.login.refused = {LID, SLEEP}
    one.login.arrive()
    await until(lambda: len(one.login.asked) == 4)
    await one.holds(BLOCK, DELAY)


async def test_nothing_is_open_after_the_stop():
    one = World()
    before = open_descriptors()
    await one.wakefulness.start()
    one.wakefulness.working(True)
    await one.holds(BLOCK, DELAY)
    await one.wakefulness.stop()
    for pipe in one.login.pipes:
        pipe.close()
    assert one.login.stopped
    assert open_descriptors() == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_stop_does_not_wait_for_what_is_being_written_down_or_asked(world):
    one = await world()
    one.saving.clear()
    one.login.slow.clear()
    one.login.arrive()
    one.login.sleeping()
    await until(lambda: len(one.login.asked) == 3)
    async with asyncio.timeout(DEADLINE):
        await one.wakefulness.stop()
    assert one.login.held == []


async def test_stopping_what_was_not_started_is_fine():
    await World().wakefulness.stop()


async def test_it_breaks_down_in_the_log_and_holds_nothing_then(world, caplog):
    one = await world()
    one.login.lid_is_closed = None
    await one.pass_time(4 * HOUR)
    await one.holds()
    assert "Keeping the machine awake broke down" in caplog.text
