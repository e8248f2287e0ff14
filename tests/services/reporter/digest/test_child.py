"""Pages are written by a process of its own, which is ended when it takes too long."""

import asyncio
import os
import subprocess
import sys

import pytest
from support.clock import BERLIN
from support.material import activity, material, week
from support.private_bus import until

from senter.errors import Unavailable
from senter.reporter.digest.child import EXIT_TOLD, LONGEST_COMPLAINT, PAGE_SECONDS, PROGRAM, write_page
from senter.reporter.digest.material import Material
from senter.reporter.digest.page import unfinished, values

VALUES = values("Daily digest", material("goal_completed"), week({"goal_completed": 1}), zone=BERLIN)
HALF = "import os, pathlib, sys; f = pathlib.Path(sys.argv[1]); f.with_name(f'.{f.name}.new').write_text('half');"


def program(text):
    """A program that does what the text says, instead of the real one."""
    return (sys.executable, "-I", "-c", text)


def limited(kibibytes):
    """The real program, whose files cannot grow beyond a size."""
    return ("/bin/bash", "-c", f'ulimit -f {kibibytes}; exec "$0" "$@"', *PROGRAM)


def is_alive(process_id):
    """Whether a process is there."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def file(tmp_path):
    """Where the page shall be."""
    return tmp_path / "digests/today.html"


@pytest.fixture
async def later(monkeypatch):
    """Lets the clock of the event loop jump by some seconds."""
    loop = asyncio.get_running_loop()

    def jump(seconds):
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + seconds)

    return jump


def left_in(folder):
    """The names of what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


async def test_the_real_program_writes_the_page(file):
    await write_page(file, VALUES)
    assert "<h1>Daily digest</h1>" in file.read_text(encoding="utf-8")
    assert left_in(file.parent) == ["today.html"]


async def test_any_text_reaches_the_page(file):
    told = Material([activity("goal_completed", "grüße 🎉 </li> \ud800\0")], "today")
    await write_page(file, values("\ud83d <h1>", told, week(), zone=BERLIN))
    text = file.read_text(encoding="utf-8")
    assert "<bdi>grüße 🎉 &lt;/li&gt;</bdi>" in text
    assert "<h1>&lt;h1&gt;</h1>" in text


async def test_what_the_disk_does_not_let_us_is_one_sentence(tmp_path):
    (tmp_path / "digests").write_text("")
    with pytest.raises(Unavailable, match=r"^/[^\n]*/today.html cannot be written: (File exists|Not a directory)$"):
        await write_page(tmp_path / "digests/today.html", VALUES)


async def test_a_page_that_does_not_fit_is_one_sentence_and_leaves_the_one_before(file):
    file.parent.mkdir()
    file.write_text("before")
    with pytest.raises(Unavailable, match=r"^/[^\n]*/today.html cannot be written: File too large$"):
        await write_page(file, VALUES, program=limited(2))
    assert (left_in(file.parent), file.read_text()) == (["today.html"], "before")


async def test_a_missing_library_is_one_sentence(file):
    hidden = (
        "import runpy, sys; sys.modules['pygal'] = None;"
        "runpy.run_module('senter.reporter.digest', alter_sys=True, run_name='__main__')"
    )
    with pytest.raises(
        Unavailable, match=r"^/[^\n]*/today.html cannot be written: [^\n]*pygal[^\n]*; install senter again$"
    ):
        await write_page(file, VALUES, program=program(hidden))
    assert not file.exists()


async def test_a_program_that_breaks_down_is_told_and_its_complaint_is_in_the_journal(file, caplog):
    broken = program("import sys; sys.exit('x' * 5000 + ' the end')")
    with pytest.raises(Unavailable, match="its process broke down; see: senter logs reporter"):
        await write_page(file, VALUES, program=broken)
    (record,) = caplog.records
    assert record.getMessage().endswith("x the end\n")
    assert len(record.getMessage()) < LONGEST_COMPLAINT + 200


async def test_a_program_that_gives_up_without_a_word_has_broken_down(file):
    with pytest.raises(Unavailable, match="its process broke down"):
        await write_page(file, VALUES, program=program(f"raise SystemExit({EXIT_TOLD})"))


async def test_a_program_that_is_not_there_is_one_sentence(file):
    with pytest.raises(Unavailable, match="its program does not start: No such file or directory"):
        await write_page(file, VALUES, program=("/nowhere/python",))


async def test_a_program_that_reads_nothing_is_not_waited_for_in_vain(file):
    large = {**VALUES, "title": "x" * 1_000_000}
    with pytest.raises(Unavailable, match="its process broke down"):
        await write_page(file, large, program=program("raise SystemExit(1)"))
    with pytest.raises(Unavailable, match="was not written within"):
        await write_page(file, large, program=program("import time; time.sleep(600)"), seconds=0.5)


async def test_a_program_that_takes_too_long_is_ended_and_leaves_nothing(file, later):
    file.parent.mkdir()
    half = unfinished(file)
    writing = asyncio.create_task(write_page(file, VALUES, program=program(HALF + "import time; time.sleep(600)")))
    await until(lambda: half.exists() and half.read_text() == "half")
    assert not writing.done()
    later(PAGE_SECONDS)
    with pytest.raises(Unavailable, match=rf"today.html was not written within {PAGE_SECONDS:g} s$"):
        await writing
    assert left_in(file.parent) == []


async def test_a_program_that_is_killed_leaves_nothing(file):
    file.parent.mkdir()
    with pytest.raises(Unavailable, match="its process broke down"):
        await write_page(file, VALUES, program=program(HALF + "os.kill(os.getpid(), 9)"))
    assert left_in(file.parent) == []


async def test_when_nobody_waits_any_more_the_program_is_ended(file, tmp_path):
    file.parent.mkdir()
    told = tmp_path / "pid"
    endless = f"open({str(told)!r}, 'w').write(str(os.getpid())); import time; time.sleep(600)"
    writing = asyncio.create_task(write_page(file, VALUES, program=program(HALF + endless)))
    await until(lambda: told.exists() and told.read_text())
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert not is_alive(int(told.read_text()))
    assert left_in(file.parent) == []


def test_the_resident_process_imports_none_of_the_libraries_of_a_page():
    code = (
        "import sys; from senter.reporter.digest import child, page, words;"
        "print([name for name in ('jinja2', 'pygal', 'lxml', 'markupsafe') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
