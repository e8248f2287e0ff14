"""What learning gives out, as it comes through its pipe."""

import asyncio
import io
import itertools
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.cli.profile.export import Received, receive, replacing
from senter.errors import InvalidArgument, Unavailable

LINES = b'{"kind": "event"}\n{"kind": "topic", "topic": "\xe7\x8c\xab"}\n'
WHOLE = LINES + b'{"kind": "end", "lines": 2}\n'
DEADLINE = 5.0


@pytest.fixture
def folder(tmp_path):
    """An empty folder."""
    made = tmp_path / "exports"
    made.mkdir()
    return made


@pytest.fixture
def pipe():
    """Both ends of a pipe; the first is closed by who reads it."""
    return os.pipe()


@given(st.lists(st.integers(0, len(WHOLE))))
def test_pieces_are_lines_wherever_they_are_cut(cuts):
    out = io.BytesIO()
    received = Received(out)
    ends = [0, *sorted(cuts), len(WHOLE)]
    for begin, end in itertools.pairwise(ends):
        received.take(WHOLE[begin:end])
    assert (received.end(), out.getvalue()) == (2, LINES)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\n",
        LINES,
        WHOLE[:-1],
        WHOLE + b"\n",
        WHOLE + b"{",
        LINES + b'{"kind": "end", "lines": 3}\n',
        LINES + b'{"kind": "end"}\n',
        LINES + b"\xff\n",
        WHOLE + WHOLE,
    ],
)
def test_without_the_right_last_line_it_is_not_whole(stream):
    received = Received(io.BytesIO())
    received.take(stream)
    with pytest.raises(Unavailable, match="ended before its end"):
        received.end()


def test_nothing_but_the_last_line_is_whole():
    received = Received(out := io.BytesIO())
    received.take(b'{"kind": "end", "lines": 0}\n')
    assert (received.end(), out.getvalue()) == (0, b"")


async def test_a_pipe_is_read_to_its_end_and_closed(pipe):
    reading, writing = pipe
    out = io.BytesIO()
    line = b'{"kind": "event", "content": "' + b"a" * 1_000_000 + b'"}\n'

    def write():
        with open(writing, "wb") as stream:
            stream.write(line * 3 + b'{"kind": "end", "lines": 3}\n')

    async with asyncio.timeout(DEADLINE):
        lines, _ = await asyncio.gather(receive(reading, out), asyncio.to_thread(write))
    assert (lines, out.getvalue()) == (3, line * 3)
    with pytest.raises(OSError):
        os.fstat(reading)


async def test_a_pipe_that_stands_still_is_given_up(pipe):
    reading, writing = pipe
    os.write(writing, LINES)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(Unavailable, match=r"stood still for 0\.01 s"):
            await receive(reading, io.BytesIO(), patience=0.01)
    os.close(writing)
    with pytest.raises(OSError):
        os.fstat(reading)


def test_a_file_is_replaced_by_one_that_only_its_owner_can_read(folder):
    file = folder / "known.jsonl"
    file.write_text("before")
    file.chmod(0o644)
    with replacing(file) as out:
        out.write(b"after")
        assert file.read_text() == "before"
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == ("after", 0o600)
    assert list(folder.iterdir()) == [file]


def test_the_file_behind_a_link_is_replaced(folder):
    file, link = folder / "known.jsonl", folder / "link"
    link.symlink_to(file)
    with replacing(link) as out:
        out.write(b"after")
    assert link.is_symlink() and file.read_text() == "after"


@pytest.mark.parametrize("error", [Unavailable("no more"), KeyboardInterrupt()], ids=repr)
def test_a_file_stays_as_it_was_when_something_fails(folder, error):
    file = folder / "known.jsonl"
    file.write_text("before")
    with pytest.raises(type(error)), replacing(file) as out:
        out.write(b"after")
        raise error
    assert [(path, path.read_text()) for path in folder.iterdir()] == [(file, "before")]


def test_what_is_no_file_is_not_replaced(folder):
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    for place in (fifo, folder):
        with pytest.raises(InvalidArgument, match="is not a file"), replacing(place):
            pytest.fail("it was opened")
