"""JSON Lines into a pipe."""

import asyncio
import json
import os

import pytest
from support.private_bus import open_descriptors

from senter.errors import Unavailable
from senter.learning import export as module
from senter.learning.export import Export

LARGE = [{"kind": "event", "content": "x" * 10_000} for _ in range(100)]


async def at_once():
    """The end to read was handed over."""


async def pages(*rows):
    """Pages of an export."""
    for page in rows:
        yield page


async def read_all(descriptor):
    """What comes out of a pipe until its end, in lines."""
    with os.fdopen(descriptor, "rb") as pipe:
        return (await asyncio.to_thread(pipe.read)).decode().splitlines()


async def exported(*rows):
    """The lines of an export."""
    one = Export()
    reading = os.dup(one.reading)
    writing = asyncio.create_task(one.write(pages(*rows), at_once()))
    lines = await read_all(reading)
    await writing
    return [json.loads(line) for line in lines]


async def test_every_row_is_a_line_and_the_last_line_says_how_many_there_are():
    rows = [[{"kind": "event", "content": "Größe\n📊"}], [], [{"a": 1}, {"a": [1.5, None, True]}]]
    assert await exported(*rows) == [*rows[0], *rows[2], {"kind": "end", "lines": 3}]
    assert await exported() == [{"kind": "end", "lines": 0}]


async def test_what_is_larger_than_a_pipe_comes_whole():
    assert await exported(LARGE, LARGE) == [*LARGE, *LARGE, {"kind": "end", "lines": 200}]


async def test_text_that_is_no_text_does_not_end_the_export():
    assert await exported([{"content": "half \ud800"}]) == [{"content": "half ?"}, {"kind": "end", "lines": 1}]


async def test_the_end_to_read_stays_open_until_it_was_handed_over():
    handed_over = asyncio.Event()
    one = Export()
    writing = asyncio.create_task(one.write(pages([{"a": 1}]), handed_over.wait()))
    await asyncio.sleep(0)
    reading = os.dup(one.reading)
    handed_over.set()
    assert len(await read_all(reading)) == 2
    await writing


async def test_a_reader_that_leaves_ends_the_export_and_leaves_nothing_open():
    before = open_descriptors()
    one = Export()
    reading = os.dup(one.reading)
    writing = asyncio.create_task(one.write(pages(*[LARGE] * 100), at_once()))
    await asyncio.to_thread(os.read, reading, 10)
    os.close(reading)
    await writing
    assert open_descriptors() == before


async def test_nobody_who_takes_the_descriptor_is_a_reader_that_leaves():
    before = open_descriptors()
    await Export().write(pages(LARGE), at_once())
    assert open_descriptors() == before


async def test_a_reader_that_reads_nothing_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    before = open_descriptors()
    one = Export()
    reading = os.dup(one.reading)
    await one.write(pages(LARGE), at_once())
    lines = await read_all(reading)
    assert "end" not in lines[-1]
    assert open_descriptors() == before


async def test_a_slow_reader_gets_everything(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 5.0)
    one = Export()
    reading = os.dup(one.reading)
    writing = asyncio.create_task(one.write(pages(LARGE), at_once()))
    size = 0
    while part := await asyncio.to_thread(os.read, reading, 4096):
        size += len(part)
        await asyncio.sleep(0)
    os.close(reading)
    await writing
    assert size > 1_000_000


async def test_a_disk_that_fails_in_the_middle_ends_the_export_without_its_last_line():
    async def failing():
        yield [{"a": 1}]
        raise Unavailable("the disk fails")

    one = Export()
    reading = os.dup(one.reading)
    await one.write(failing(), at_once())
    assert await read_all(reading) == ['{"a": 1}']


async def test_an_export_that_is_stopped_leaves_nothing_open():
    before = open_descriptors()
    one = Export()
    reading = os.dup(one.reading)
    writing = asyncio.create_task(one.write(pages(LARGE), at_once()))
    await asyncio.to_thread(os.read, reading, 10)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    os.close(reading)
    assert open_descriptors() == before


async def test_without_descriptors_there_is_no_export(monkeypatch):
    def no_pipe():
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pipe", no_pipe)
    with pytest.raises(Unavailable, match="Too many open files"):
        Export()
