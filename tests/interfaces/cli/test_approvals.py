"""Questions, pauses and requests from end to end: ``senter goals`` and the tasks themselves, over a bus."""

import json
import sys
from pathlib import Path

import pytest
from support.openai_server import OpenAIServer, Reply, Rule
from support.private_bus import REPORTER, SENTER, Inbox, finish

from senter.bus.connection import Match
from senter.bus.names import MODELS, TASKS
from senter.bus.names import REPORTER as REPORTER_ROOM
from senter.tasks.client import TasksClient

TEXT = "Carrots go left, beans go right."


@pytest.fixture
async def model(home: Path):
    """A language model that both workers ask."""
    server = OpenAIServer()
    await server.start()
    (home / "CONFIG_HOME/senter").mkdir()
    models = [f"[models.{room.instance}]\nproviders = {json.dumps([server.url])}\n" for room in MODELS]
    (home / "CONFIG_HOME/senter/config.toml").write_text("".join(models))
    yield server
    await server.stop()


@pytest.fixture
def rooms(bus, model) -> OpenAIServer:
    """The tasks and all they need, started by the bus when they are called; the model they ask."""
    bus.install(REPORTER_ROOM.bus_name, *REPORTER)
    for room in MODELS:
        bus.install(room.bus_name, sys.executable, "-I", "-m", "senter.models", room.instance)
    bus.install(TASKS.bus_name, sys.executable, "-I", "-m", "senter.tasks")
    return model


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """A folder of the user's."""
    folder = tmp_path / "garden"
    folder.mkdir()
    return folder


def plan(tool: str, **parameters: object) -> Rule:
    """What the model answers when it is to make a plan: one step with a tool."""
    row = {"description": "Do it", "type": "organize", "tool": tool, "tool_params": parameters, "depends_on": []}
    return Rule("^Goal: ", Reply(json.dumps({"tasks": [row]})))


async def senter(*arguments: str) -> str:
    """What a command says that succeeds."""
    code, output, complaint = await finish(*SENTER, "goals", *arguments)
    assert (code, complaint) == (0, "")
    return output


async def heard(client, member: str) -> Inbox:
    """Hears a signal of the tasks."""
    inbox = Inbox()
    await client.subscribe(Match(TASKS.interface, member, path=TASKS.path, sender=TASKS.bus_name), inbox)
    return inbox


async def wanting(rooms: OpenAIServer, client, file: Path) -> None:
    """Return when goal 1 waits for the answer whether it may write a file."""
    asked = await heard(client, "ApprovalRequested")
    rooms.rules = [plan("file_write", path=str(file), content=TEXT)]
    await senter("add", f"Write down in {file} where the carrots go")
    assert await asked.next() == ("1.1", f"write {file}")


async def test_what_is_approved_is_done(rooms, client, garden, start):
    file = garden / "plan.md"
    await wanting(rooms, client, file)
    watch = await start("goals", "watch", "1")
    lines = await watch.lines(2)
    asked = f"Senter wants to write {file}"
    assert f"1.1 waiting  waits for you: {asked}; answer with: senter goals approve 1.1, or deny" in lines
    assert f"waits for you: {asked}; answer with:" in await senter("show", "1")
    assert asked in await senter("approve")
    assert not file.exists()
    assert await senter("approve", "1.1") == f"Approved: write {file}\n"
    code, output, _ = await watch.end()
    assert (code, file.read_text()) == (0, f"{TEXT}\n")
    assert "1.1 completed" in output
    assert await senter("approve") == "Nothing waits for your answer.\n"


async def test_what_is_denied_is_not_done(rooms, client, garden):
    file = garden / "plan.md"
    await wanting(rooms, client, file)
    assert await senter("deny", "1.1") == f"Denied: write {file}\n"
    code, output, complaint = await finish(*SENTER, "goals", "watch", "1")
    assert code == 4
    assert f"1.1 failed  it was denied to write {file}" in output
    assert "denied" in complaint
    assert not file.exists()


async def test_an_answer_to_what_was_not_asked_is_refused(rooms, client, garden):
    await wanting(rooms, client, garden / "plan.md")
    assert await finish(*SENTER, "goals", "approve", "1.9") == (
        1,
        "",
        "senter: there is no task '1.9'; see: senter goals approve\n",
    )
    await senter("deny", "1.1")
    code, _, complaint = await finish(*SENTER, "goals", "approve", "1.1")
    assert (code, complaint.startswith("senter: task 1.1 waits for no such answer")) == (1, True)


async def test_a_step_that_was_done_elsewhere_needs_no_answer(rooms, client, garden):
    await wanting(rooms, client, garden / "plan.md")
    await TasksClient(client).update_task("1.1", "completed", "It was on a note already.")
    assert (await finish(*SENTER, "goals", "watch", "1"))[0] == 0
    assert await senter("approve") == "Nothing waits for your answer.\n"


async def test_nothing_is_done_while_all_is_paused(rooms, client, garden):
    rooms.rules = [plan("file_write", path="plan.md", content=TEXT)]
    await senter("pause")
    await senter("add", "Write down where the carrots go")
    tasks = TasksClient(client)
    assert (await tasks.goal("1")).state == "new"
    assert rooms.requests == []
    await senter("resume")
    assert (await finish(*SENTER, "goals", "watch", "1"))[0] == 0


async def test_what_is_tried_again_is_told_and_so_is_what_was_asked_of_the_network(rooms, client):
    changed = await heard(client, "TaskChanged")
    rooms.rules = [plan("web_page", url="https://nothing.invalid/")]
    await senter("add", "Read the page")
    assert [(await changed.next())[2] for _ in range(3)] == ["pending", "in_progress", "pending"]
    output = await senter("show", "1")
    assert "\n      tried again at " in output
    assert "Network:      1 server was asked; see: senter goals show 1 --network\n" in output
    (request,) = json.loads(await senter("show", "1", "--network", "--json"))
    assert (request["url"], request["task_id"], request["address"]) == ("https://nothing.invalid/", "1.1", "")
    assert request["outcome"].startswith("failed: nothing.invalid cannot be reached")
