"""``ai.senter.Tasks1`` over a bus: the real program, with the real reporter and the real model workers."""

import asyncio
import contextlib
import json
import re
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.openai_server import OpenAIServer, Reply, Rule
from support.private_bus import DEADLINE, REPORTER, REPOSITORY, Inbox, finish, until

from senter.bus.connection import Match
from senter.bus.library import Variant
from senter.bus.names import MODELS, TASKS
from senter.bus.names import REPORTER as REPORTER_ROOM
from senter.errors import InvalidArgument, InvalidState, NoSuchGoal, NoSuchTask
from senter.reporter.activity import Activity
from senter.reporter.client import ReporterClient
from senter.tasks.client import TasksClient
from senter.tasks.goal import ENDED, Goal, GoalOptions

XML = REPOSITORY / "units/interfaces/ai.senter.Tasks1.xml"
PROGRAM = (sys.executable, "-I", "-m", "senter.tasks")
HASTY = (sys.executable, str(REPOSITORY / "tests/support/hasty.py"))
PATIENCE = 20.0

FACT = "The kettle of the harbour office has a capacity of nine litres."
QUESTION = "Research the capacity of the kettle of the harbour office"
POEM = "Write a poem about rain"


@pytest.fixture
def rooms(bus):
    """The tasks and all they need, started by the bus when they are called."""
    bus.install(REPORTER_ROOM.bus_name, *REPORTER)
    for room in MODELS:
        bus.install(room.bus_name, sys.executable, "-I", "-m", "senter.models", room.instance)
    bus.install(TASKS.bus_name, *PROGRAM)
    return bus


@pytest.fixture
async def model(home):
    """A language model that says what a test wrote down; both workers ask it."""
    server = OpenAIServer()
    await server.start()
    configure(home, server.url)
    yield server
    await server.stop()


@pytest.fixture
def tasks(rooms, client) -> TasksClient:
    return TasksClient(client)


@pytest.fixture
def documents(tmp_path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "harbour.txt").write_text(f"{FACT}\n\nIt is open on Mondays.\n")
    return folder


def configure(home: Path, *providers: str, tasks: str = "", more: str = "") -> None:
    """Write ``config.toml``."""
    (home / "CONFIG_HOME/senter").mkdir(exist_ok=True)
    models = [f"[models.{room.instance}]\nproviders = {json.dumps(providers)}\n" for room in MODELS]
    (home / "CONFIG_HOME/senter/config.toml").write_text("".join(models) + f"[tasks]\n{tasks}\n{more}")


async def call(client, member: str, signature: str = "", *arguments: Any) -> Any:
    return await client.call(
        TASKS.bus_name, TASKS.path, TASKS.interface, member, signature, *arguments, autostart=True, timeout=DEADLINE
    )


async def heard(client, member: str) -> Inbox:
    inbox = Inbox()
    await client.subscribe(Match(TASKS.interface, member, path=TASKS.path, sender=TASKS.bus_name), inbox)
    return inbox


async def reached(tasks: TasksClient, goal_id: str, *states: str) -> Goal:
    """A goal, once it is in one of the states."""
    changed = asyncio.Event()
    async with asyncio.timeout(PATIENCE), tasks.following(lambda *_: changed.set(), lambda *_: changed.set()):
        while (goal := await tasks.goal(goal_id)).state not in states:
            await changed.wait()
            changed.clear()
    return goal


async def ended(tasks: TasksClient, goal_id: str) -> Goal:
    return await reached(tasks, goal_id, *ENDED)


async def activities_until(last: str, reporter: ReporterClient) -> list[Activity]:
    """What was logged, newest first, once there is an activity of a type."""
    async with asyncio.timeout(PATIENCE):
        while last not in [activity.type for activity in await reporter.activities()]:
            await asyncio.sleep(0.02)
    return await reporter.activities()


async def digest_until(says: Callable[[str], bool], reporter: ReporterClient) -> None:
    """Return when the digest says something."""
    async with asyncio.timeout(PATIENCE):
        while not says(await reporter.digest()):
            await asyncio.sleep(0.02)


async def process_of(client, name: str = TASKS.bus_name) -> int:
    """The number of the process that is the tasks, or another room."""
    return int(await client.ask_daemon("GetConnectionUnixProcessID", "s", name))


async def die(client, name: str = TASKS.bus_name) -> None:
    """Kill the tasks, or another room; it has left the bus when this returns."""
    gone = asyncio.create_task(client.wait_left(await client.owner(name)))
    process = await asyncio.create_subprocess_exec("kill", "-KILL", str(await process_of(client, name)))
    assert await process.wait() == 0
    await asyncio.wait_for(gone, DEADLINE)


async def busctl(*arguments: str) -> Any:
    command = ["busctl", "--user", "--json=short", "call", TASKS.bus_name, TASKS.path, TASKS.interface, *arguments]
    code, output, complaint = await finish(*command)
    assert (code, complaint) == (0, "")
    return json.loads(output)["data"][0]


async def test_a_goal_given_with_plain_strings_goes_from_plan_to_report(rooms, client, tasks, documents):
    changed, finished = await heard(client, "GoalChanged"), await heard(client, "GoalFinished")
    goal_id = await busctl("AddGoal", "s", f"{QUESTION}, from the documents in {documents}")
    goal = await ended(tasks, goal_id)
    assert (goal.state, goal.outcome, goal.error, goal.planner) == ("completed", "completed", "", "keywords")
    assert (goal.tasks_done, goal.tasks_total, goal.priority) == (2, 2, 5)
    assert 0 < goal.created <= goal.started <= goal.finished
    assert await tasks.result(goal_id) == goal.report
    assert f"{FACT} [1]" in Path(goal.report).read_text()
    assert [await changed.next() for _ in range(4)] == [
        (goal_id, state) for state in ("new", "planning", "running", "completed")
    ]
    assert await finished.next() == (goal_id, "completed", goal.report)
    assert changed.rest() == finished.rest() == []


async def test_the_steps_of_a_plan_follow_each_other_and_each_is_told(client, tasks, documents):
    moved = await heard(client, "TaskChanged")
    goal_id = await tasks.add_goal(f"{QUESTION}, from the documents in {documents}")
    await ended(tasks, goal_id)
    search, summarise = await tasks.plan(goal_id)
    assert (search.type, search.tool, search.depends_on) == ("research", "file_search", [])
    assert (summarise.type, summarise.tool, summarise.depends_on) == ("generate", "", [search.id])
    assert search.finished <= summarise.started
    assert {search.attempts, summarise.attempts} == {1}
    told = [await moved.next() for _ in range(6)]
    assert [(task, status) for task, _, status in told if status != "pending"] == [
        (search.id, "in_progress"),
        (search.id, "completed"),
        (summarise.id, "in_progress"),
        (summarise.id, "completed"),
    ]


async def test_busctl_gets_goals_and_tasks_with_the_types_of_the_contract(tasks, documents):
    goal_id = await busctl("AddGoal", "s", f"{QUESTION}, from the documents in {documents}")
    await ended(tasks, goal_id)
    goal = await busctl("GetGoal", "s", goal_id)
    texts = ("id", "description", "state", "focus", "origin", "outcome", "error", "report", "planner")
    assert {name: value["type"] for name, value in goal.items()} == {
        **dict.fromkeys(texts, "s"),
        "priority": "y",
        **dict.fromkeys(("created", "started", "finished"), "t"),
        **dict.fromkeys(("tasks_done", "tasks_total"), "u"),
        "deadline": "t",
    }
    task = (await busctl("Plan", "s", goal_id))[0]
    texts = ("id", "goal_id", "description", "type", "status", "tool", "error", "summary")
    assert {name: value["type"] for name, value in task.items()} == {
        **dict.fromkeys(texts, "s"),
        "priority": "y",
        "depends_on": "as",
        **dict.fromkeys(("created", "started", "finished", "not_before"), "t"),
        "attempts": "u",
        "replaced": "b",
    }


async def test_a_goal_is_on_disk_when_its_id_is_known(client, tasks, model, home):
    model.default = Reply("never said", stall="before")
    goal_id = await tasks.add_goal(POEM)
    await die(client)
    with sqlite3.connect(home / "DATA_HOME/senter/tasks.db") as database:
        assert database.execute("SELECT id, description FROM goals").fetchall() == [(int(goal_id), POEM)]
    database.close()
    assert (await tasks.goal(goal_id)).description == POEM


async def test_the_origin_of_a_goal_is_who_gave_it_unless_they_say_otherwise(client, tasks, model):
    model.default = Reply("never said", stall="before")
    unnamed = await tasks.add_goal(POEM)
    said = await tasks.add_goal(POEM, GoalOptions(origin="the morning job"))
    await client.own("ai.senter.Assistant1")
    named = await tasks.add_goal(POEM)
    origins = [(await tasks.goal(goal_id)).origin for goal_id in (unnamed, said, named)]
    assert re.fullmatch(r":1\.\d+", origins[0])
    assert origins[1:] == ["the morning job", "ai.senter.Assistant1"]


async def test_options_arrive_and_the_same_key_is_the_same_goal(client, tasks, model):
    model.default = Reply("never said", stall="before")
    options = {"priority": Variant("y", 9), "focus": Variant("s", "kitchen"), "key": Variant("s", "k")}
    goal_id = await call(client, "AddGoalWith", "sa{sv}", POEM, options)
    assert await call(client, "AddGoalWith", "sa{sv}", "Something else", options) == goal_id
    goal = await tasks.goal(goal_id)
    assert (goal.priority, goal.focus, goal.description) == (9, "kitchen", POEM)
    assert len(await tasks.goals()) == 1


@pytest.mark.parametrize(
    ("description", "options", "named"),
    [
        (" \n", {}, "description"),
        ("x" * 10_001, {}, "description"),
        ("x" * (256 * 1024 + 1), {}, "description"),
        (POEM, {"priority": Variant("y", 0)}, "priority"),
        (POEM, {"priority": Variant("y", 11)}, "priority"),
        (POEM, {"priority": Variant("s", "high")}, "priority"),
        (POEM, {"urgent": Variant("b", True)}, "urgent"),
        (POEM, {"key": Variant("s", "a\nb")}, "key"),
        (POEM, {"origin": Variant("s", "a\x1bb")}, "origin"),
    ],
)
async def test_what_is_no_goal_is_refused_by_what_is_wrong_with_it(client, tasks, description, options, named):
    with pytest.raises(InvalidArgument, match=named) as caught:
        await call(client, "AddGoalWith", "sa{sv}", description, options)
    assert "\n" not in str(caught.value)
    assert await tasks.goals() == []


@pytest.mark.parametrize("goal_id", ["", "7", "-1", "1 OR 1", "٣", "9" * 30, "x" * 1000])
async def test_a_goal_that_is_not_there_is_one_short_sentence_whatever_is_asked(client, tasks, goal_id):
    for member in ("GetGoal", "Plan", "Result", "CancelGoal", "RetryGoal"):
        with pytest.raises(NoSuchGoal, match="there is no goal") as caught:
            await call(client, member, "s", goal_id)
        assert len(str(caught.value)) < 100


async def test_goals_are_listed_newest_first_by_state_and_page_by_page(tasks, model):
    model.default = Reply("never said", stall="before")
    ids = [await tasks.add_goal(f"{POEM} {number}") for number in range(4)]
    await tasks.cancel_goal(ids[1])
    assert [goal.id for goal in await tasks.goals()] == ids[::-1]
    assert [goal.id for goal in await tasks.goals(limit=2, offset=1)] == [ids[2], ids[1]]
    assert [goal.id for goal in await tasks.goals("cancelled")] == [ids[1]]
    assert len(await tasks.goals(limit=0)) == 4
    assert await tasks.goals(offset=100) == []
    with pytest.raises(InvalidArgument, match="state must be one of"):
        await tasks.goals("finished")


async def test_a_goal_that_has_no_report_says_in_which_state_it_is(client, tasks, model):
    model.default = Reply("never said", stall="before")
    goal_id = await tasks.add_goal(POEM)
    with pytest.raises(InvalidState, match="has no report"):
        await tasks.result(goal_id)


async def test_cancelling_a_goal_ends_what_the_model_does_for_it(client, tasks, model, documents):
    model.rules = [Rule("^Goal: |corrected JSON", Reply("no plan"))]
    model.default = Reply("never said", stall="after")
    finished = await heard(client, "GoalFinished")
    goal_id = await tasks.add_goal(f"{QUESTION}, from the documents in {documents}")
    await until(lambda: len(model.requests) >= 3)
    await tasks.cancel_goal(goal_id)
    await model.wait_disconnects(1)
    assert await finished.next() == (goal_id, "cancelled", "")
    assert [task.status for task in await tasks.plan(goal_id)] == ["completed", "cancelled"]
    with pytest.raises(InvalidState):
        await tasks.cancel_goal(goal_id)


def writing_plan(path):
    """A plan that writes outside of the workspace."""
    steps = [
        {"tool": None, "tool_params": {}, "type": "generate"},
        {"tool": "file_write", "tool_params": {"path": str(path)}, "depends_on": [1], "type": "organize"},
    ]
    return json.dumps({"tasks": [{"description": "a step", "depends_on": [], **step} for step in steps]})


@pytest.mark.parametrize("answer", ["approve", "deny"])
async def test_what_has_to_be_approved_waits_for_the_answer_and_follows_it(client, tasks, model, tmp_path, answer):
    wanted = tmp_path / "kettle.md"
    model.rules = [Rule("^Goal: ", Reply(writing_plan(wanted)))]
    model.default = Reply("Nine litres.")
    requested = await heard(client, "ApprovalRequested")
    goal_id = await tasks.add_goal(f"Write into {wanted} how much a kettle holds")
    assert await requested.next() == (f"{goal_id}.2", f"write {wanted}")
    await reached(tasks, goal_id, "waiting")
    (pending,) = await busctl("PendingApprovals")
    texts = ("task_id", "goal_id", "title", "kind", "question")
    assert {name: value["type"] for name, value in pending.items()} == {
        **dict.fromkeys(texts, "s"),
        **dict.fromkeys(("asked", "until"), "t"),
    }
    assert not wanted.exists()
    await (tasks.approve if answer == "approve" else tasks.deny)(f"{goal_id}.2")
    goal = await ended(tasks, goal_id)
    if answer == "approve":
        assert (goal.state, wanted.read_text()) == ("completed", "Nine litres.\n")
    else:
        assert (goal.state, goal.error) == ("failed", f"it was denied to write {wanted}")
        assert not wanted.exists()
    assert await tasks.pending_approvals() == []
    with pytest.raises(InvalidState):
        await tasks.approve(f"{goal_id}.2")
    with pytest.raises(NoSuchTask):
        await tasks.deny("99.1")


async def test_a_pause_holds_work_and_survives_the_process(client, tasks, model):
    model.default = Reply("never said", stall="after")
    first = await tasks.add_goal(POEM)
    await until(lambda: model.requests)
    await tasks.pause()
    await model.wait_disconnects(1)
    await die(client)
    asked = len(model.requests)
    second = await tasks.add_goal(POEM)
    assert [(await tasks.goal(goal_id)).state for goal_id in (first, second)] == ["new", "new"]
    assert ("work on goals", "warn") in [(check.what, check.verdict) for check in await tasks.check()]
    assert len(model.requests) == asked
    model.default = Reply("A poem.")
    await tasks.resume()
    assert {(await ended(tasks, goal_id)).state for goal_id in (first, second)} == {"completed"}


async def test_a_step_may_be_done_elsewhere(tasks):
    goal_id = await tasks.add_goal("Think about kettles")
    await reached(tasks, goal_id, "waiting")
    (step,) = await tasks.plan(goal_id)
    await tasks.update_task(step.id, "completed", "I thought about them.")
    goal = await ended(tasks, goal_id)
    assert goal.state == "completed"
    assert "I thought about them." in Path(goal.report).read_text()


async def test_a_goal_is_given_up_at_its_deadline(tasks, model):
    model.default = Reply("never said", stall="before")
    soon = int((time.time() + 2) * 1_000_000)
    goal_id = await tasks.add_goal(POEM, GoalOptions(deadline=soon))
    goal = await ended(tasks, goal_id)
    assert (goal.state, goal.error, goal.deadline) == ("failed", "stopped: its deadline has passed", soon)
    with pytest.raises(InvalidArgument, match="deadline has passed"):
        await tasks.add_goal(POEM, GoalOptions(deadline=1))


async def test_a_goal_that_failed_is_tried_again_and_one_that_did_not_is_not(tasks, tmp_path):
    folder = tmp_path / "later"
    goal_id = await tasks.add_goal(f"{QUESTION}, from the documents in {folder}")
    failed = await ended(tasks, goal_id)
    assert failed.state == "failed"
    assert failed.error.startswith(f"{folder} cannot be read: No such file or directory")
    folder.mkdir()
    (folder / "harbour.txt").write_text(FACT)
    await tasks.retry_goal(goal_id)
    assert (await reached(tasks, goal_id, "completed")).error == ""
    with pytest.raises(InvalidState):
        await tasks.retry_goal(goal_id)


async def test_plan_and_result_come_from_the_model_and_files_go_to_the_workspace(tasks, model, documents, home):
    steps = [
        {"tool": "file_search", "tool_params": {"folder": str(documents), "query": "kettle"}, "type": "research"},
        {"tool": None, "tool_params": {}, "depends_on": [1], "type": "generate"},
        {"tool": "file_write", "tool_params": {"path": "a/kettle.md"}, "depends_on": [2], "type": "organize"},
    ]
    written = [{"description": "a step", "depends_on": [], **step} for step in steps]
    model.rules = [Rule("^Goal: ", Reply(json.dumps({"tasks": written})))]
    model.default = Reply("Nine litres [1].")
    goal = await ended(tasks, await tasks.add_goal(f"{QUESTION}, from the documents in {documents}"))
    assert (goal.state, goal.planner) == ("completed", "model")
    assert (home / "DATA_HOME/senter/workspace/a/kettle.md").read_text() == "Nine litres [1].\n"
    planning, thinking = model.requests
    assert planning.response_format is not None
    assert FACT in thinking.question


async def test_without_a_model_what_needs_one_waits(client, tasks, home):
    configure(home)
    goal = await reached(tasks, await tasks.add_goal(POEM), "waiting")
    assert goal.error == "needs a language model: senter setup"
    checks = {check.what: (check.verdict, check.fix) for check in await tasks.check()}
    assert checks == {
        "goals": ("ok", ""),
        "goals that wait": ("warn", "1 need a language model: senter setup"),
        "reading of documents": ("ok", ""),
    }


async def test_a_goal_whose_budget_is_spent_waits_and_goes_on_when_it_may_use_more(
    client, tasks, model, home, documents
):
    model.default = Reply("Nine litres [1].")
    configure(home, model.url, more="[budget]\ntokens_per_goal = 100\n")
    goal_id = await tasks.add_goal(f"{QUESTION}, from the documents in {documents}")
    goal = await reached(tasks, goal_id, "waiting")
    assert goal.planner == "keywords"
    assert re.match(
        rf"goal {goal_id} has 100 of its 100 tokens left, and this request may need [\d,]+; ", goal.error
    )
    assert [task.status for task in await tasks.plan(goal_id)] == ["completed", "waiting"]
    assert (await tasks.check())[1].fix.startswith("1 have no budget left")
    assert model.requests == []
    configure(home, model.url)
    for room in (*MODELS, TASKS):
        await die(client, room.bus_name)
    goal = await ended(tasks, goal_id)
    assert (goal.outcome, goal.error) == ("completed", "")
    assert "Nine litres [1]." in Path(goal.report).read_text()


async def test_what_is_asked_for_a_goal_is_paid_by_it(tasks, model, documents, home):
    model.default = Reply("Nine litres [1].")
    goal = await ended(tasks, await tasks.add_goal(f"{QUESTION}, from the documents in {documents}"))
    with contextlib.closing(sqlite3.connect(home / "DATA_HOME/senter/usage.db")) as database:
        told = "SELECT worker, account FROM used ORDER BY worker"
        paid = [("primary", goal.id), ("research", goal.id)]
        await until(lambda: database.execute(told).fetchall() == paid)


async def test_the_most_urgent_goal_is_worked_on_first(client, tasks, model, home):
    configure(home, model.url, tasks="max_concurrent_tasks = 1")
    model.default = Reply("Done.", stall="before")
    first = await tasks.add_goal(f"{POEM} 1", GoalOptions(priority=5))
    await model.wait_requests(1)
    low = await tasks.add_goal(f"{POEM} 2", GoalOptions(priority=1))
    high = await tasks.add_goal(f"{POEM} 3", GoalOptions(priority=10))
    finished = await heard(client, "GoalFinished")
    model.default = Reply("Done.")
    model.release()
    order = []
    async with asyncio.timeout(PATIENCE):
        while len(order) < 3:
            await reached(tasks, [low, first, high][len(order)], *ENDED)
            order += [goal_id for goal_id, _, _ in finished.rest()]
    assert order == [high, first, low]


async def test_what_a_killed_process_had_begun_is_taken_up_and_what_it_had_done_is_not_done_again(
    client, tasks, model, documents
):
    model.rules = [Rule("^Goal: |corrected JSON", Reply("no plan"))]
    model.default = Reply("never said", stall="after")
    goal_id = await tasks.add_goal(f"{QUESTION}, from the documents in {documents}")
    await until(lambda: len(model.requests) >= 3)
    await die(client)
    model.default = Reply("Nine litres [1].")
    goal = await ended(tasks, goal_id)
    assert goal.outcome == "completed"
    assert [task.attempts for task in await tasks.plan(goal_id)] == [1, 2]
    assert "Nine litres [1]." in Path(goal.report).read_text()


async def test_the_reporter_is_told_once_what_was_done(client, tasks, documents):
    reporter = ReporterClient(client)
    await ended(tasks, await tasks.add_goal(f"{QUESTION}, from the documents in {documents}"))
    activities = await activities_until("research_complete", reporter)
    assert {activity.source for activity in activities} == {TASKS.bus_name}
    assert [activity.type for activity in activities][::-1] == [
        *("plan_created", "task_completed", "task_completed", "goal_completed", "research_complete")
    ]


async def test_what_was_done_for_a_goal_is_told_with_its_title_and_its_report(client, tasks, documents):
    reporter = ReporterClient(client)
    question = f"{QUESTION}, from the documents in {documents}"
    goal = await ended(tasks, await tasks.add_goal(question))
    activities = await activities_until("research_complete", reporter)
    assert {activity.goal for activity in activities} == {goal.id}
    opened = {activity.type: activity.open for activity in activities}
    assert (opened["goal_completed"], opened["task_completed"]) == (goal.report, "")
    (summary,) = await reporter.summaries("goal")
    assert (summary.id, summary.title) == (goal.id, goal.title)
    (notice,) = await reporter.pending()
    assert (notice.type, notice.open) == ("goal_completed", goal.report)


async def test_what_comes_next_is_in_the_digest_until_it_is_done(client, tasks, model):
    reporter = ReporterClient(client)
    model.rules = [Rule("^Goal: |corrected JSON", Reply("no plan"))]
    model.default = Reply("Drops on the roof.", stall="before")
    goal_id = await tasks.add_goal(POEM)
    await digest_until(lambda digest: f"Next: {POEM}: 0 of 3 steps done" in digest, reporter)
    model.default = Reply("Drops on the roof.")
    model.release()
    await ended(tasks, goal_id)
    await digest_until(lambda digest: "Next:" not in digest, reporter)


async def test_a_room_that_leaves_at_once_has_told_that_nothing_comes_next(rooms, client, tasks, model):
    rooms.install(TASKS.bus_name, *HASTY, "0.5", "senter.tasks")
    reporter = ReporterClient(client)
    model.rules = [Rule("^Goal: |corrected JSON", Reply("no plan"))]
    model.default = Reply("Drops on the roof.", stall="before")
    await tasks.add_goal(POEM)
    await digest_until(lambda digest: f"Next: {POEM}: 0 of 3 steps done" in digest, reporter)
    left = asyncio.create_task(client.wait_left(await client.owner(TASKS.bus_name)))
    model.default = Reply("Drops on the roof.")
    model.release()
    await asyncio.wait_for(left, PATIENCE)
    digest = await reporter.digest()
    assert "Goal achieved" in digest
    assert "Next:" not in digest


async def test_without_a_reporter_goals_end_and_it_is_told_when_there_is_one(bus, client, documents):
    bus.install(TASKS.bus_name, *PROGRAM)
    tasks = TasksClient(client)
    assert (await ended(tasks, await tasks.add_goal(f"{QUESTION} in {documents}"))).outcome == "completed"
    await die(client)
    bus.install(REPORTER_ROOM.bus_name, *REPORTER)
    assert len(await tasks.goals()) == 1
    reporter = ReporterClient(client)
    told = [activity.type for activity in await activities_until("research_complete", reporter)]
    assert told.count("goal_completed") == 1


async def test_the_room_leaves_when_no_goal_is_open_and_not_before(rooms, client, tasks, model):
    rooms.install(TASKS.bus_name, *HASTY, "0.2", "senter.tasks")
    model.default = Reply("Done.", stall="before")
    goal_id = await tasks.add_goal(POEM)
    await model.wait_requests(1)
    owner = await client.owner(TASKS.bus_name)
    left = asyncio.create_task(client.wait_left(owner))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(left), 1.0)
    model.default = Reply("Drops on the roof.")
    model.release()
    await asyncio.wait_for(left, PATIENCE)
    assert (await tasks.goal(goal_id)).state == "completed"
    assert await client.owner(TASKS.bus_name) != owner


async def test_a_damaged_list_of_goals_is_set_aside_and_said(tasks, home):
    file = home / "DATA_HOME/senter/tasks.db"
    file.parent.mkdir()
    file.write_bytes(b"This is no database. " * 500)
    assert await tasks.goals() == []
    goals, damaged, _ = await tasks.check()
    assert (goals.verdict, damaged.verdict) == ("ok", "warn")
    assert "tasks.db.damaged-" in damaged.fix
    assert len(list(file.parent.glob("tasks.db.damaged-*"))) == 1


@pytest.mark.parametrize(
    "line",
    ["max_concurrent_tasks = 0", 'search_url = "localhost:8888"', 'calendars = ["work.ics"]', "lid_hours = -1.0"],
)
async def test_settings_that_cannot_be_meant_end_the_program_with_one_line(bus, home, line):
    configure(home, tasks=line)
    code, _, complaint = await finish(*PROGRAM)
    assert code == 78
    assert complaint.startswith(f"[tasks] {line.split()[0]} must be ")
    assert len(complaint.splitlines()) == 1


async def test_live_introspection_is_the_documented_contract(rooms, client, tasks):
    await tasks.goals()
    xml = await client.call(TASKS.bus_name, TASKS.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    live = ElementTree.fromstring(xml).find(f"interface[@name='{TASKS.interface}']")
    documented = ElementTree.parse(XML).find(f"interface[@name='{TASKS.interface}']")
    assert live is not None and documented is not None
    assert members(live) == members(documented)
    assert len(members(live)) == 20


def members(interface: ElementTree.Element) -> dict[str, Any]:
    """Kind and name of every member → names, directions and types of its arguments."""
    return {
        (member.tag, member.get("name")): [
            (argument.get("name"), argument.get("direction", "out"), argument.get("type"))
            for argument in member.iter("arg")
        ]
        for member in interface
        if member.tag in ("method", "signal", "property")
    }
