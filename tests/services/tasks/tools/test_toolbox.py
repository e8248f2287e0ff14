"""Tools in processes of their own: what they find comes back, and none outlives its use."""

import asyncio
import os
import sys
import threading

import pytest
from support.private_bus import until
from support.tool_ground import server_of

from senter.errors import Denied, Internal, InvalidArgument, Unavailable
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Context
from senter.tasks.tools.toolbox import LONGEST_COMPLAINT, Toolbox


async def nobody(task_id, requests):
    """Nobody notes what was asked of the network."""


def boxed(*program, note=nobody, **options):
    """A toolbox."""
    return Toolbox(note, *program, **options)


def program(text):
    """A program that does what the text says, instead of a tool."""
    return (sys.executable, "-I", "-c", text)


def run(toolbox, tool="web_page", **parameters):
    """Run a tool."""
    return toolbox.run(tool, parameters, Context("question"))


def is_alive(process_id):
    """Whether a process is there."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def told(tmp_path):
    """A file into which an endless program writes its process id."""
    return tmp_path / "pid"


def endless(told):
    """A program that does not end."""
    return program(f"import os, time; open({str(told)!r}, 'w').write(str(os.getpid())); time.sleep(600)")


async def process_id(told):
    """The process id that was written."""
    await until(lambda: told.exists() and told.read_text())
    return int(told.read_text())


async def test_a_real_tool_finds_what_is_there(tmp_path):
    document = tmp_path / "cure.md"
    document.write_text("The cure takes 9 days.")
    context = Context("How long?", folders=(str(tmp_path),))
    found = await boxed().run("file_read", {"path": str(document)}, context)
    assert [passage.text for passage in found.passages] == ["The cure takes 9 days."]


async def test_what_a_real_tool_refuses_is_refused(tmp_path):
    with pytest.raises(Denied, match="/etc/passwd may not be read"):
        await boxed().run("file_read", {"path": "/etc/passwd"}, Context("x", folders=(str(tmp_path),)))
    with pytest.raises(InvalidArgument, match="there is no tool"):
        await boxed().run("shell", {}, Context("x"))


async def test_a_tool_is_told_tool_parameters_and_context():
    text = (
        "import sys, json; asked = json.load(sys.stdin); "
        "told = [asked['tool'], asked['parameters']['x'], asked['context']['question']]; "
        "print(json.dumps({'findings': {'text': ' '.join(told)}, 'requests': []}))"
    )
    assert await run(boxed(program(text)), x="1") == Findings("web_page 1 question")


async def test_a_tool_that_takes_too_long_is_ended(told):
    asked = asyncio.create_task(run(boxed(endless(told), seconds=1.5)))
    process = await process_id(told)
    with pytest.raises(Unavailable, match=r"^web_page took longer than 1.5 s and was ended$"):
        await asked
    assert not is_alive(process)


async def test_a_tool_that_is_not_wanted_any_more_is_ended(told):
    asked = asyncio.create_task(run(boxed(endless(told))))
    process = await process_id(told)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not is_alive(process)


async def test_a_tool_that_breaks_down_is_told_in_a_sentence_and_logged_in_full(caplog):
    with pytest.raises(Unavailable, match=r"^web_page broke down; see: senter logs tasks$"):
        await run(boxed(program("raise RuntimeError('boom')")))
    assert "boom" in caplog.text
    assert "web_page ended with 1" in caplog.text


async def test_a_tool_that_complains_without_end_does_not_fill_the_log(caplog):
    with pytest.raises(Unavailable):
        await run(boxed(program("import sys; sys.stderr.write('x' * 1_000_000 + 'the end'); sys.exit(1)")))
    assert len(caplog.text) < LONGEST_COMPLAINT + 500
    assert "the end" in caplog.text


async def test_a_tool_that_was_killed_is_told(caplog):
    with pytest.raises(Unavailable, match="broke down"):
        await run(boxed(program("import os; os.kill(os.getpid(), 9)")))
    assert "web_page ended with -9" in caplog.text


@pytest.mark.parametrize("output", ["", "no", "[]", "null", "{}", '{"findings": 3}', '{"findings": {"text": 3}}'])
async def test_what_is_not_an_answer_is_an_error_and_finds_nothing(output):
    with pytest.raises((Internal, InvalidArgument)):
        await run(boxed(program(f"print({output!r})")))


async def test_bytes_that_are_no_text_are_not_an_answer():
    with pytest.raises(Internal):
        await run(boxed(program("import sys; sys.stdout.buffer.write(b'\\xff\\xfe')")))


async def test_a_tool_that_does_not_listen_is_heard_all_the_same():
    text = 'import os; os.close(0); print(\'{"findings": {"text": "done"}, "requests": []}\')'
    assert await run(boxed(program(text)), x="y" * 1_000_000) == Findings("done")


async def test_a_tool_that_cannot_be_started_is_told(tmp_path):
    with pytest.raises(Unavailable, match=r"^web_page cannot be started: No such file or directory$"):
        await run(boxed((str(tmp_path / "nothing"),)))


async def test_several_tools_run_at_once(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    answer = 'print(\'{"findings": {"text": "met"}, "requests": []}\')'
    reading = boxed(program(f"open({str(fifo)!r}).read(); {answer}"))
    writing = boxed(program(f"open({str(fifo)!r}, 'w').close(); {answer}"))
    assert await asyncio.gather(run(reading), run(writing)) == [Findings("met")] * 2


async def test_what_a_tool_asked_that_is_ended_is_told_all_the_same(tmp_path):
    told = []

    async def note(task_id, requests):
        told.extend((task_id, each.url, each.address) for each in requests)

    with server_of({"/slow": (200, {}, threading.Event())}) as web:
        host = web.address.removeprefix("http://")
        context = Context("How long?", hosts=(host,), task="7.1")
        asked = asyncio.create_task(Toolbox(note).run("web_page", {"url": f"{web.address}/slow"}, context))
        await until(lambda: web.asked)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
    assert told == [("7.1", f"{web.address}/slow", "127.0.0.1")]
