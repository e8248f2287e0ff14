"""The commands on a bus without systemd, as a person or a script runs them."""

import asyncio
import json
import sqlite3
import sys

import pytest
from support.private_bus import DEADLINE, SENTER, finish, launch
from support.private_bus import REPORTER as REPORTER_PROGRAM

from senter.bus.names import REPORTER
from senter.reporter.activity import LogOptions
from senter.reporter.client import ReporterClient
from senter.tasks.goal import Goal

NO_SYSTEMD = "There is no systemd here: no restarts, no timers, no limits; rooms start on demand."


async def senter(*arguments: str) -> tuple[int | None, str, str]:
    return await finish(*SENTER, *arguments, COLUMNS="120")


async def told(*arguments: str) -> str:
    """What a command says that succeeds."""
    code, output, complaint = await senter(*arguments)
    assert (code, complaint) == (0, "")
    return output


async def refused(*arguments: str, code: int) -> str:
    """The one sentence of a command that fails."""
    ended, output, complaint = await senter(*arguments)
    assert (ended, output) == (code, "")
    assert complaint.startswith("senter: ") and complaint.count("\n") == 1
    return complaint


async def told_in_latin_1(*arguments: str) -> str:
    """What a command says that succeeds, on a terminal that is not UTF-8."""
    program = await launch(sys.executable, "-m", "senter.cli", *arguments, PYTHONIOENCODING="iso-8859-1")
    async with asyncio.timeout(2 * DEADLINE):
        output, complaint = await program.process.communicate()
    assert (program.process.returncode, complaint) == (0, b"")
    return output.decode("iso-8859-1")


@pytest.fixture
def installed(bus):
    """Senter, on a bus that can start it."""
    bus.install(REPORTER.bus_name, *REPORTER_PROGRAM)


@pytest.fixture
async def reporter(installed, client) -> ReporterClient:
    return ReporterClient(client)


async def test_status_says_that_rooms_start_on_demand_and_wakes_nobody(installed, client):
    output = await told("status")
    assert "reporter" in output and "idle, starts on demand" in output
    assert output.splitlines()[-1] == NO_SYSTEMD
    assert await client.owner(REPORTER.bus_name) == ""


async def test_status_as_json_is_one_document_and_wakes_nobody(installed, client):
    document = json.loads(await told("status", "--json"))
    assert document["running"] is True
    assert document["timers"] == []
    states = {room["component"]: (room["state"], room["pid"]) for room in document["components"]}
    assert states.pop("reporter") == ("idle, starts on demand", 0)
    assert set(states.values()) == {("not installed", 0)}
    assert await client.owner(REPORTER.bus_name) == ""


async def test_status_names_the_process_of_a_room_that_runs(reporter, client):
    await reporter.progress()
    pid = await client.ask_daemon("GetConnectionUnixProcessID", "s", REPORTER.bus_name)
    components = json.loads(await told("status", "--json"))["components"]
    assert ("reporter", "running", pid) in [(room["component"], room["state"], room["pid"]) for room in components]
    assert str(pid) in await told("status")


async def test_status_of_what_is_not_installed_says_stopped_with_its_exit_code(bus):
    code, output, complaint = await senter("status", "--json")
    assert (code, complaint) == (3, "")
    document = json.loads(output)
    assert document["running"] is False
    assert {room["state"] for room in document["components"]} == {"not installed"}


async def test_status_without_a_bus_is_one_sentence():
    assert "no session bus" in await refused("status", code=3)


@pytest.mark.parametrize("command", ["progress", "digest"])
async def test_questions_without_a_bus_are_one_sentence(command):
    assert "no session bus" in await refused(command, code=3)


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
async def test_control_is_one_sentence_without_systemd(installed, client, command):
    all_of_it, one = await asyncio.gather(refused(command, code=1), refused(command, "reporter", code=1))
    assert (
        all_of_it
        == one
        == ("senter: there is no systemd here to start and stop Senter; rooms start when they are called\n")
    )
    assert await client.owner(REPORTER.bus_name) == ""


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
async def test_control_is_one_sentence_without_a_bus(command):
    assert "there is no session bus here" in await refused(command, code=3)


async def test_a_room_that_does_not_exist_is_a_usage_error_that_names_the_rooms(bus):
    code, _, complaint = await senter("start", "kitchen")
    assert code == 2
    assert "there is no room 'kitchen'; there are: reporter" in complaint


async def test_progress_tells_what_was_done(reporter):
    await reporter.log("task_completed", "Sorted the mail")
    told_line = "While you were away (1 activity):\n  • Sorted the mail\n  in the past 24 hours\n"
    assert await told("progress") == told_line


async def test_progress_wakes_the_reporter(installed, client):
    assert await told("progress") == "No autonomous activity in the past 24 hours.\n"
    assert await client.owner(REPORTER.bus_name)


async def test_progress_since_a_time_lists_all_of_it_oldest_first(reporter):
    for number in range(3):
        await reporter.log("task_completed", f"Number {number}")
    lines = (await told("progress", "--since", "1 hour ago")).splitlines()
    assert [line.rpartition("  ")[2] for line in lines] == ["Number 0", "Number 1", "Number 2"]
    assert await told("progress", "--since", "tomorrow") == "Nothing was found.\n"


async def test_progress_finds_what_has_some_words(reporter):
    await reporter.log("task_completed", "Sorted the mail", LogOptions(details={"title": "Tidy up"}))
    await reporter.log("task_completed", "Read the news")
    (line,) = (await told("progress", "--search", "tidy mail")).splitlines()
    assert line.endswith("  Sorted the mail")
    (row,) = json.loads(await told("progress", "--search", "news", "--json"))
    assert row["summary"] == "Read the news"
    assert "query must have a word" in await refused("progress", "--search", "!?", code=1)
    code, _, complaint = await senter("progress", "--search", "a", "--by", "goal")
    assert code == 2 and "do not go together" in complaint


async def test_progress_sums_up_for_each_goal(reporter):
    for kind in ("plan_created", "task_completed", "task_completed"):
        await reporter.log(kind, "done", LogOptions(details={"goal": "7", "title": "Tidy up"}))
    (line,) = (await told("progress", "--by", "goal")).splitlines()
    assert line.endswith("  Tidy up (goal 7): 2 tasks completed, 1 other")
    (row,) = json.loads(await told("progress", "--by", "goal", "--json"))
    assert (row["id"], row["activities"]) == ("7", 3)
    assert await told("progress", "--by", "session") == "Nothing was found.\n"


async def test_progress_since_nonsense_is_one_sentence(reporter):
    assert "'whenever' is not a time" in await refused("progress", "--since", "whenever", code=1)


async def test_progress_as_json_has_every_entry_beyond_a_page(reporter, client, home):
    await reporter.log("task_completed", "the first", LogOptions(importance="low"))
    with sqlite3.connect(home / "DATA_HOME/senter/activity.db") as database:
        database.executemany(
            "INSERT INTO activities (time, type, source, summary, importance, details)"
            " VALUES (?, 'task_completed', 'ai.senter.Tasks1', ?, 'normal', '{}')",
            [(2_000_000_000_000_000 + number, f"Number {number}") for number in range(1200)],
        )
    database.close()
    rows = json.loads(await told("progress", "--json"))
    assert [row["summary"] for row in rows] == ["the first", *(f"Number {number}" for number in range(1200))]
    assert set(rows[0]) == {"id", "time", "type", "source", "summary", "importance", "goal", "open"}


async def test_progress_sums_up_all_goals_and_all_times_beyond_a_page(reporter, home):
    await reporter.progress()
    with sqlite3.connect(home / "DATA_HOME/senter/activity.db") as database:
        database.executemany(
            "INSERT INTO activities (time, type, source, summary, importance, details, goal)"
            " VALUES (?1, 'task_completed', 'ai.senter.Tasks1', '', 'normal', '{}', ?1)",
            [(1 + number,) for number in range(1200)],
        )
        database.executemany(
            "INSERT INTO presences (began, ended, session, over) VALUES (?, ?, '', 1)",
            [(10 + 10 * number, 15 + 10 * number) for number in range(600)],
        )
    database.close()
    goals = json.loads(await told("progress", "--by", "goal", "--json"))
    assert [row["id"] for row in goals] == [str(1 + number) for number in range(1200)]
    assert (await told("progress", "--by", "goal")).count("\n") == 1200
    times = json.loads(await told("progress", "--by", "session", "--json"))
    assert [row["title"] for row in times] == ["here", "away"] * 600
    assert [row["began"] for row in times] == sorted(row["began"] for row in times)


async def test_progress_as_json_of_nothing_is_an_empty_list(installed):
    assert json.loads(await told("progress", "--json")) == []


async def test_digest_tells_the_hours_asked_for(reporter):
    assert await told("digest") == "No activity in the past 24 hours.\n"
    assert await told("digest", "--hours", "2") == "No activity in the past 2 hours.\n"
    await reporter.log("task_completed", "Sorted the mail")
    assert "1 completed, 0 failed" in await told("digest", "--hours", "2")
    assert "📊" in await told("digest")
    assert (await told("digest", "--plain")).isascii()
    document = json.loads(await told("digest", "--json"))
    assert document["sent"] is False
    assert "1 completed, 0 failed" in document["text"]


async def test_the_daily_digest_is_sent_once(reporter):
    await reporter.log("task_completed", "Sorted the mail")
    first = await told("digest", "--send")
    assert first.startswith("Daily digest") and "1 completed" in first
    assert await told("digest", "--send") == "Today's digest was sent before.\n"
    assert json.loads(await told("digest", "--send", "--json")) == {"sent": False, "text": ""}
    assert len(await reporter.pending()) == 1


async def test_the_daily_digest_as_json_says_that_it_was_sent(reporter):
    document = json.loads(await told("digest", "--send", "--json"))
    assert document["sent"] is True
    assert document["text"].startswith("Daily digest")


async def test_where_the_terminal_is_not_utf_8_the_rest_is_told_without_emoji(reporter):
    await reporter.log(
        "goal_completed", "Goal achieved: naïve 研究", LogOptions(details={"goal": "1", "title": "研究"})
    )
    assert await told_in_latin_1("progress") == (
        "While you were away (1 activity):\n  * Goal achieved: naïve ??\n  in the past 24 hours\n"
    )
    assert (await told_in_latin_1("progress", "--by", "goal")).endswith("  ?? (goal 1): 1 goal achieved\n")
    assert (await told_in_latin_1("progress", "--search", "naïve")).endswith("  Goal achieved: naïve ??\n")
    (row,) = json.loads(await told_in_latin_1("progress", "--json"))
    assert row["summary"] == "Goal achieved: naïve 研究"
    summary = "Activity Summary (1 event)\n\nGoals achieved: 1\n   * Goal achieved: naïve ??\n"
    assert await told_in_latin_1("digest") == summary
    sent = await told_in_latin_1("digest", "--send")
    assert sent.startswith("Daily digest") and sent.endswith(f"\n{summary}")


@pytest.mark.parametrize("arguments", [["goals", "list"], ["goals", "show", "1"]], ids=" ".join)
async def test_no_command_fails_where_the_terminal_is_not_utf_8(tasks, arguments):
    tasks.put(Goal("1", "naïve 研究", "completed", "", created=1, finished=2))
    assert "naïve ??" in await told_in_latin_1(*arguments)


async def test_commands_for_a_reporter_that_does_not_come_up_are_one_sentence(installed, home):
    (home / "CONFIG_HOME/senter").mkdir()
    (home / "CONFIG_HOME/senter/config.toml").write_text("[reporter]\nnotifications = 3\n")
    assert "the reporter " in await refused("progress", code=1)


async def test_commands_for_a_reporter_that_is_not_installed_are_one_sentence(bus):
    assert "the reporter is not installed" in await refused("progress", code=1)


async def test_many_commands_at_once_are_all_answered(installed):
    async with asyncio.timeout(2 * DEADLINE):
        answers = await asyncio.gather(*(told("progress") for _ in range(4)))
    assert set(answers) == {"No autonomous activity in the past 24 hours.\n"}


async def test_the_version_needs_no_bus():
    assert (await told("version")).strip()
