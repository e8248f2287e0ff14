"""Pieces of an answer travel together."""

import asyncio

from senter.models.deltas import PAUSE, Deltas


class Told:
    """Keeps what was told, and when."""

    def __init__(self):
        self.texts, self.times = [], []
        self._came = asyncio.Event()

    def __call__(self, text):
        self.texts.append(text)
        self.times.append(asyncio.get_running_loop().time())
        self._came.set()

    async def number(self, number):
        """Return when so many texts were told."""
        async with asyncio.timeout(5):
            while len(self.texts) < number:
                self._came.clear()
                await self._came.wait()


async def test_the_first_piece_is_told_without_waiting():
    told = Told()
    deltas = Deltas(told)
    before = asyncio.get_running_loop().time()
    deltas.add("Hel")
    await told.number(1)
    assert told.times[0] - before < PAUSE


async def test_pieces_that_come_faster_than_twenty_times_a_second_are_gathered():
    told = Told()
    deltas = Deltas(told)
    for number in range(1000):
        deltas.add(f"{number} ")
        await asyncio.sleep(0)
    await told.number(2)
    assert "".join(told.texts) == "".join(f"{number} " for number in range(1000))
    pauses = [later - earlier for earlier, later in zip(told.times, told.times[1:], strict=False)]
    assert min(pauses) >= PAUSE * 0.9


async def test_what_has_gathered_is_told_at_the_end_and_only_once():
    told = Told()
    deltas = Deltas(told)
    deltas.add("Hel")
    await told.number(1)
    deltas.add("lo")
    deltas.flush()
    deltas.flush()
    assert told.texts == ["Hel", "lo"]
