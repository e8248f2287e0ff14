"""Waiting for a turn, and being called back."""

import asyncio

import pytest

from senter.models.providers.gate import Gate, GaveWay
from senter.models.providers.lanes import NOBODY, Neighbour, Turn
from senter.models.providers.provider import Provider
from senter.models.request import BACKGROUND, INTERACTIVE

DEADLINE = 5.0
HERE = Provider("embedded")
WAITED_FOR = Neighbour(busy=True, waited_for=True, engine=HERE.engine)


class Worker:
    """One request that waits for its turn and then works until it is let go."""

    def __init__(self, gate, lane, provider=HERE):
        self.turn = Turn(lane)
        self.began, self.let_go = asyncio.Event(), asyncio.Event()
        self.task = asyncio.create_task(self._work(gate, provider))

    async def _work(self, gate, provider):
        async with gate.turn(provider, self.turn):
            self.began.set()
            await self.let_go.wait()

    async def wait_begun(self):
        """Return when it is its turn."""
        async with asyncio.timeout(DEADLINE):
            await self.began.wait()

    async def end(self):
        """How it ended: its exception or None."""
        await asyncio.wait([self.task], timeout=DEADLINE)
        return self.task.exception()


async def let_all_move():
    """Let everything happen that can happen without anything new."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_the_next_one_begins_when_the_one_before_has_ended():
    gate = Gate()
    first, second = Worker(gate, INTERACTIVE), Worker(gate, INTERACTIVE)
    await first.wait_begun()
    await let_all_move()
    assert not second.began.is_set()
    assert gate.waiting == 1
    first.let_go.set()
    await second.wait_begun()
    assert gate.waiting == 0
    second.let_go.set()
    assert await second.end() is None


async def test_it_is_told_how_many_wait_and_nothing_when_nobody_has_to():
    gate, told = Gate(), []
    gate.moved = lambda: told.append(gate.waiting)
    workers = [Worker(gate, INTERACTIVE) for _ in range(3)]
    await workers[0].wait_begun()
    await let_all_move()
    assert told == [1, 2]
    for worker in workers:
        await worker.wait_begun()
        worker.let_go.set()
    await workers[-1].end()
    assert told == [1, 2, 1, 0]


async def test_a_question_calls_work_back_which_then_waits_behind_it():
    gate = Gate()
    work = Worker(gate, BACKGROUND)
    await work.wait_begun()
    question = Worker(gate, INTERACTIVE)
    assert isinstance(await work.end(), GaveWay)
    assert work.turn.given_way == 1
    await question.wait_begun()


async def test_work_is_called_back_when_somebody_waits_for_the_neighbour():
    gate = Gate()
    work = Worker(gate, BACKGROUND)
    await work.wait_begun()
    gate.meet(WAITED_FOR)
    assert isinstance(await work.end(), GaveWay)
    again = Worker(gate, BACKGROUND)
    await let_all_move()
    assert not again.began.is_set()
    gate.meet(NOBODY)
    await again.wait_begun()


async def test_work_that_was_just_called_gives_way_too():
    gate = Gate()
    before, work = Worker(gate, BACKGROUND), Worker(gate, BACKGROUND)
    await before.wait_begun()
    await let_all_move()
    before.let_go.set()
    before.task.add_done_callback(lambda _: gate.meet(WAITED_FOR))
    assert isinstance(await work.end(), GaveWay)
    assert work.turn.given_way == 1


async def test_who_stops_waiting_leaves_its_place_to_the_next():
    gate = Gate()
    first, second, third = (Worker(gate, INTERACTIVE) for _ in range(3))
    await first.wait_begun()
    second.task.cancel()
    await asyncio.wait([second.task])
    assert gate.waiting == 1
    first.task.cancel()
    await third.wait_begun()


async def test_providers_do_not_wait_for_each_other():
    gate = Gate()
    here, elsewhere = Worker(gate, INTERACTIVE), Worker(gate, INTERACTIVE, Provider("https://m.example/v1"))
    await here.wait_begun()
    await elsewhere.wait_begun()


async def test_a_deadline_inside_a_turn_is_not_taken_for_giving_way():
    gate, turn = Gate(), Turn(BACKGROUND)
    with pytest.raises(TimeoutError):
        async with gate.turn(HERE, turn):
            raise TimeoutError
    assert turn.given_way == 0


async def test_cancelling_while_called_back_is_cancelling():
    gate = Gate()
    work = Worker(gate, BACKGROUND)
    await work.wait_begun()
    work.task.cancel()
    Worker(gate, INTERACTIVE)
    await asyncio.wait([work.task], timeout=DEADLINE)
    assert work.task.cancelled()


async def test_two_models_at_one_engine_share_its_turns():
    gate = Gate()
    first = Worker(gate, INTERACTIVE, Provider("ollama", "a", host="localhost", port=11434))
    second = Worker(gate, INTERACTIVE, Provider("ollama", "b", host="localhost", port=11434))
    await first.wait_begun()
    await let_all_move()
    assert not second.began.is_set()
    first.let_go.set()
    await second.wait_begun()
