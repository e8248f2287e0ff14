"""``senter models`` as a person runs it: the installed command, and downloads that are looked at while they run."""

import hashlib
import json
import signal
import sys
from collections.abc import Iterator

import pytest
from support.file_server import Answer, FileServer
from support.private_bus import SENTER, finish, launch, until

from senter import paths
from senter.bus.names import ENGINE
from senter.cli.downloads.registry import offered

CONTENT = b"GGUF" + bytes(range(256)) * 4000
HALF = len(CONTENT) // 2

WITH_ONE_MODEL = """
import sys
from senter.cli.__main__ import main
from senter.cli.downloads import registry

url, size, digest = sys.argv.pop(1), int(sys.argv.pop(1)), sys.argv.pop(1)
file = registry.ModelFile(url, size, digest)
registry.offered = lambda: (registry.Model("tiny", "language", "", "MIT", (file,)),)
main(["models", *sys.argv[1:]], prog_name="senter")
"""


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        running.files["tiny.gguf"] = CONTENT
        yield running


def command(server: FileServer, *arguments: str) -> list[str]:
    """``senter models``, where one model can be downloaded from the test's server."""
    known = (server.url("tiny.gguf"), str(len(CONTENT)), hashlib.sha256(CONTENT).hexdigest())
    return [sys.executable, "-c", WITH_ONE_MODEL, *known, *arguments]


async def told(*arguments: str) -> str:
    code, output, complaint = await finish(*SENTER, "models", *arguments, COLUMNS="200")
    assert (code, complaint) == (0, "")
    return output


async def refused(*arguments: str) -> str:
    code, output, complaint = await finish(*SENTER, "models", *arguments)
    assert (code, output) == (1, "")
    assert complaint.startswith("senter: ") and complaint.count("\n") == 1
    return complaint


async def test_the_list_needs_no_bus():
    output = await told("list")
    assert all(f"{model.name} " in output for model in offered())
    assert str(paths.models_folder()) in output


async def test_the_list_as_json_is_one_document():
    rows = json.loads(await told("list", "--json"))
    assert [row["name"] for row in rows] == [model.name for model in offered()]


async def test_the_list_wakes_nobody(bus, client):
    bus.install(ENGINE.bus_name, "/bin/false")
    await told("list")
    assert await client.owner(ENGINE.bus_name) == ""


async def test_an_unknown_name_is_one_sentence_with_the_nearest():
    assert "did you mean qwen3-4b" in await refused("pull", "qwen3-4")


async def test_what_is_not_there_cannot_be_chosen():
    assert "get it with: senter models pull whisper-small\n" in await refused("use", "whisper-small")


async def test_an_own_file_is_chosen_without_a_bus():
    paths.models_folder().mkdir(parents=True)
    (paths.models_folder() / "mine.gguf").write_bytes(b"GGUF")
    assert "mine.gguf is used from now on" in await told("use", "mine.gguf")
    assert paths.config_file().read_text() == '[engine]\nmodel = "mine.gguf"\n'


async def test_an_engine_that_runs_without_systemd_is_told_of(connect):
    connection = await connect()
    assert await connection.own(ENGINE.bus_name)
    paths.models_folder().mkdir(parents=True)
    (paths.models_folder() / "mine.gguf").write_bytes(b"GGUF")
    assert "The engine that runs keeps its model until it is idle.\n" in await told("use", "mine.gguf")


async def test_ctrl_c_keeps_what_is_there_and_says_how_to_go_on(server):
    server.enqueue(Answer(stall=HALF))
    program = await launch(*command(server, "pull", "tiny"))
    part = paths.models_folder() / "tiny.gguf.part"
    await until(lambda: part.exists() and part.stat().st_size == HALF)
    program.process.send_signal(signal.SIGINT)
    code, complaint = await program.end()
    assert (code, complaint) == (
        130,
        "senter: stopped; what is there stays, go on with: senter models pull tiny\n",
    )
    assert part.stat().st_size == HALF
    assert (await finish(*command(server, "pull", "tiny")))[0] == 0
    assert server.ranges() == ["", f"bytes={HALF}-"]
    assert (paths.models_folder() / "tiny.gguf").read_bytes() == CONTENT


async def test_while_it_is_downloaded_the_list_says_so_and_nobody_else_begins(server):
    server.enqueue(Answer(stall=HALF))
    program = await launch(*command(server, "pull", "tiny"))
    part = paths.models_folder() / "tiny.gguf.part"
    await until(lambda: part.exists() and part.stat().st_size == HALF)
    assert "downloading 50 %" in (await finish(*command(server, "list")))[1]
    code, _, complaint = await finish(*command(server, "pull", "tiny"))
    assert (code, complaint) == (1, "senter: tiny is being downloaded already\n")
    server.release()
    assert await program.end() == (0, "")
    assert "in use" in (await finish(*command(server, "list")))[1]


async def test_a_kill_in_the_middle_is_no_loss(server):
    server.enqueue(Answer(stall=HALF))
    program = await launch(*command(server, "pull", "tiny"))
    part = paths.models_folder() / "tiny.gguf.part"
    await until(lambda: part.exists() and part.stat().st_size == HALF)
    await program.kill()
    assert "stopped 50 %" in (await finish(*command(server, "list")))[1]
    assert (await finish(*command(server, "pull", "tiny")))[0] == 0
    assert server.ranges()[1] == f"bytes={HALF}-"


async def test_a_wrong_checksum_leaves_nothing_behind(server):
    server.files["tiny.gguf"] = bytes(len(CONTENT))
    code, _, complaint = await finish(*command(server, "pull", "tiny"))
    assert code == 1
    assert complaint.count("\n") == 1 and "its checksum is wrong; nothing was kept" in complaint
    assert list(paths.models_folder().iterdir()) == []
