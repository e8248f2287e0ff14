"""Goals end, and nothing is done twice, whatever is killed, hung or stopped meanwhile."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import goals, session
from support.goals import ScriptedModel, add, await_end, await_state, rule, step
from support.session import call, prop, systemctl, until

from senter.bus.connection import Connection
from senter.bus.names import PRIMARY, RESEARCH, TARGET, TASKS
from senter.bus.systemd import Manager

GOALS = 20
KILLS = int(os.environ.get("N", "50"))
SEED = int(os.environ.get("SEED", "1"))
OPEN_GOALS = 4
"""So many goals are open at least while processes are killed."""
MOST_GOALS = max(GOALS, KILLS)

PAUSE = 0.05
"""Seconds between two words of an answer."""
LONGEST_LIFE = 1.5
"""Seconds that a process is left alone at most, once it runs."""

VICTIMS = ((TASKS,), (TASKS,), (PRIMARY,), (RESEARCH,), (TASKS, PRIMARY), (TASKS, RESEARCH))
NO_LIMIT = "[Unit]\nStartLimitIntervalSec=0\n"


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    """A folder with a document for every goal."""
    folder = tmp_path / "harbour"
    folder.mkdir()
    for number in range(1, MOST_GOALS + 1):
        (folder / f"berth{number}.txt").write_text(f"Berth number {number} was built in {1900 + number}.\n")
    return folder


@pytest.fixture
def model(harbour: Path) -> Iterator[ScriptedModel]:
    """A model that takes its time to plan a search, an answer and a file for every goal, and to answer."""
    rules = []
    for number in range(1, MOST_GOALS + 1):
        search = step("Look", "research", "file_search", folder=str(harbour), query=f"berth number {number} built")
        think = step("Answer", "generate", "", 1)
        write = step("Keep the answer", "organize", "file_write", 2, path=f"berth{number}.md")
        show = step("Say so", "communicate", "notify", 3, title=f"Berth {number} is known", text="See the file.")
        rules.append(rule(f"^Goal: [^,]*number {number} ", [search, think, write, show], pause=0.005))
        rules.append(rule(f"^The goal: [^,]*number {number} ", answer(number), pause=PAUSE))
    started = ScriptedModel(harbour.parent, *rules)
    goals.use_providers(started.url)
    yield started
    started.stop()


def question(number: int, folder: Path) -> str:
    return f"Research when berth number {number} was built, from the documents in {folder}"


def answer(number: int) -> str:
    return f"Berth number {number} was built in {1900 + number} [1]."


def kill(unit: str) -> bool:
    """Kill a service's process without a warning; False when it has none now."""
    pid = int(prop(unit, "MainPID"))
    if pid:
        os.kill(pid, signal.SIGKILL)
    return bool(pid)


def await_silence() -> None:
    """Return when the reporter has been told everything and has shown everything."""
    until(lambda: goals.rows("tasks.db", "SELECT * FROM letters") == [], "the reporter to be told")
    until(lambda: call("Reporter", "Pending").stdout.strip() == "aa{sv} 0", "the notices to be shown")


def told(kind: str) -> Counter[str]:
    """How often each activity of a type was logged."""
    return Counter(
        summary for (summary,) in goals.rows("activity.db", f"SELECT summary FROM activities WHERE type = '{kind}'")
    )


def add_if_few_are_open(acknowledged: dict[int, str], harbour: Path) -> None:
    """Take on the next goal if few are open; it counts only when that was acknowledged."""
    open_now = sum(state not in goals.ENDED for state in goals.states().values())
    number = len(acknowledged) + 1
    if open_now < OPEN_GOALS and number <= MOST_GOALS:
        goal_id = goals.add_with_key(question(number, harbour), f"berth {number}")
        if goal_id:
            acknowledged[number] = goal_id


def kill_at_random(chance: random.Random) -> str:
    """Kill one or two services at a random time after their start; which."""
    victims = chance.choice(VICTIMS)
    for victim in victims:
        until(lambda: prop(victim.unit, "ActiveState") == "active", f"{victim.title} to be back")  # noqa: B023
    goals.pause(chance.uniform(0.0, chance.choice((0.3, LONGEST_LIFE))))
    for victim in victims:
        kill(victim.unit)
    return "+".join(victim.title for victim in victims)


def damage() -> list[tuple[str]]:
    """What SQLite says of the list of goals, unless it is as it should be."""
    found = goals.rows("tasks.db", "PRAGMA integrity_check")
    return [] if found == [("ok",)] else found


@pytest.mark.timeout(300 + 10 * KILLS)
async def test_nothing_is_lost_and_nothing_done_twice_although_processes_are_killed(
    harbour: Path, model: ScriptedModel
) -> None:
    goals.CONFIG.write_text(goals.CONFIG.read_text() + f"[tasks]\nsteps_per_goal = {60 + 10 * KILLS}\n")
    for unit in (TASKS.unit, "senter-model@.service"):
        session.drop_in(unit, NO_LIMIT)
    systemctl("start", TARGET)
    written = goals.Arrivals(goals.WORKSPACE)
    ids: dict[int, str] = {}
    chance = random.Random(SEED)
    killed: Counter[str] = Counter()
    while killed.total() < KILLS:
        add_if_few_are_open(ids, harbour)
        killed[kill_at_random(chance)] += 1
        assert damage() == []
        written.count()
    ended = dict(zip(ids, await_end(*ids.values(), deadline=400), strict=True))
    await_silence()
    attempts = Counter(count for (count,) in goals.rows("tasks.db", "SELECT attempts FROM tasks"))
    planners = Counter(found["planner"] for found in ended.values())
    sys.stdout.write(f"killed {dict(killed)}; {len(ids)} goals; {planners}; attempts {dict(attempts)}\n")
    assert max(attempts) > 1, "some kills fell into the middle of a step"
    known = [goal_id for (goal_id,) in goals.rows("tasks.db", "SELECT CAST(id AS TEXT) FROM goals ORDER BY id")]
    assert set(ids.values()) <= set(known), "no goal is lost that was acknowledged"
    assert len(known) == len(ids) or len(known) == len(ids) + 1, "none is there twice"
    assert {found["outcome"] for found in ended.values()} == {"completed"}
    assert damage() == []
    for activity in ("goal_completed", "plan_created", "research_complete"):
        assert set(told(activity).values()) == {1}, activity
    planned = [number for number, found in ended.items() if found["planner"] == "model"]
    shown = Counter(
        title for (title,) in goals.rows("activity.db", "SELECT title FROM notices WHERE type = 'task_notice'")
    )
    assert {shown[f"Berth {number} is known"] for number in planned} == {1}
    counts = written.count()
    assert {counts[f"berth{number}.md"] for number in planned} == {1}
    assert set(counts.values()) == {1}
    reports = [Path(found["report"]) for found in ended.values()]
    assert len(reports) == len(set(reports))
    for number, found in ended.items():
        fact = f"Berth number {number} was built in {1900 + number}"
        file = goals.WORKSPACE / f"berth{number}.md"
        assert fact in (file.read_text() if number in planned else Path(found["report"]).read_text())
    assert {path.name for path in goals.WORKSPACE.iterdir()} == set(counts), "nothing half written is left"


def test_a_hung_room_is_restarted_by_the_watchdog_and_goes_on(harbour: Path, model: ScriptedModel) -> None:
    session.drop_in(TASKS.unit, "[Service]\nWatchdogSec=2\n")
    systemctl("start", TARGET)
    ids = [add(question(number, harbour)) for number in (1, 2)]
    until(lambda: len(model.questions()) > 2, "the goals to be worked on")
    pid = prop(TASKS.unit, "MainPID")
    os.kill(int(pid), signal.SIGSTOP)
    until(lambda: prop(TASKS.unit, "MainPID") not in ("0", pid), "systemd to restart the tasks")
    assert prop(TASKS.unit, "NRestarts") == "1"
    assert {found["outcome"] for found in await_end(*ids)} == {"completed"}
    await_silence()
    assert sorted(told("goal_completed").values()) == [1, 1]


def test_a_restart_in_the_middle_of_a_step_fails_no_goal(harbour: Path) -> None:
    goals.use_providers()
    session.drop_in(TASKS.unit, NO_LIMIT)
    systemctl("start", TARGET)
    ids = [add(question(number, harbour)) for number in range(1, GOALS + 1)]
    restarts = 0
    while any(state not in goals.ENDED for state in goals.states().values()) and restarts < GOALS:
        systemctl("restart", TASKS.unit)
        restarts += 1
    assert restarts > 1, "the restarts fell while goals ran"
    assert {found["outcome"] for found in await_end(*ids)} == {"completed"}


@pytest.mark.timeout(240)
def test_goals_end_although_the_bus_is_killed_meanwhile(harbour: Path, model: ScriptedModel) -> None:
    session.drop_in("dbus.service", NO_LIMIT)
    # it ends with its bus; a unit that changes its state then can stall systemd for 90 s, which may happen anyway
    systemctl("mask", "dunst.service")
    systemctl("start", TARGET)
    ids = [add(question(number, harbour)) for number in range(1, 6)]
    pid = prop(TASKS.unit, "MainPID")
    for count in (2, 6):
        until(lambda: len(model.questions()) > count, "the goals to be worked on")  # noqa: B023
        assert kill("dbus.service")
        until(goals.states, "the tasks to be on the new bus")
    ended = await_end(*ids, deadline=120)
    assert {found["outcome"] for found in ended} == {"completed"}
    assert prop(TASKS.unit, "MainPID") == pid, "the tasks came back in place, without a restart"


def test_while_senter_is_stopped_goals_are_taken_on_and_not_worked_on(harbour: Path, model: ScriptedModel) -> None:
    program = f"{sys.executable} {session.REPOSITORY}/tests/support/hasty.py 1 senter.tasks"
    session.drop_in(TASKS.unit, f"[Service]\nExecStart=\nExecStart={program}\n")
    first = add(question(1, harbour))
    assert goals.goal(first)["state"] == "new"
    assert prop(TASKS.unit, "StatusText") == "1 goal open; work begins with: senter start"
    until(lambda: prop(TASKS.unit, "ActiveState") == "inactive", "the room to leave although there is a goal")
    assert model.questions() == []
    systemctl("start", TARGET)
    assert await_state(first, "completed")["outcome"] == "completed"
    second = add(question(2, harbour))
    until(lambda: f"Goal: {question(2, harbour)}" in model.questions(), "the goal to be worked on")
    systemctl("stop", TARGET, TASKS.unit)
    asked = len(model.questions())
    assert goals.goal(second)["state"] in ("new", "running", "planning")
    until(lambda: prop(TASKS.unit, "ActiveState") == "inactive", "the room to leave")
    assert len(model.questions()) == asked
    systemctl("start", TARGET)
    assert await_state(second, "completed")["outcome"] == "completed"


async def test_whoever_waits_for_a_unit_is_told_when_it_is_active_also_over_the_death_of_the_bus() -> None:
    session.drop_in("dbus.service", NO_LIMIT)
    connection = Connection()
    await connection.open()
    manager = Manager(connection)
    waiting = asyncio.create_task(manager.wait_active(TARGET))
    for _ in range(5):  # as many questions as the one who waits had to ask before
        assert await manager.state(TARGET) == "inactive"
    assert not waiting.done()
    lost = asyncio.create_task(connection.wait_lost())
    assert kill("dbus.service")
    async with asyncio.timeout(session.DEADLINE):
        await lost
        assert await connection.reopen()
        assert not waiting.done()
        systemctl("start", TARGET)
        await waiting
        await manager.wait_active(TARGET)
    await connection.close()
