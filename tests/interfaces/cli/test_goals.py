"""``senter goals``: over a bus, with tasks that do what the test says."""

import asyncio
import json
import re
import shutil
import signal
import sys
import time
from dataclasses import asdict, replace

import pytest
from support.pretended import SECOND, PretendedTasks
from support.private_bus import DEADLINE, SENTER, finish, until

from senter.bus.names import TASKS
from senter.tasks.approvals.approval import PERMISSION, REPEAT, Approval
from senter.tasks.goal import Goal, Task
from senter.tasks.tools.network_log import Request

NEW = Goal("12", "Research cats", "new", created=SECOND)
RUNNING = replace(NEW, state="running", planner="keywords", tasks_total=2)
COMPLETED = replace(RUNNING, state="completed", outcome="completed", finished=SECOND, report="/reports/cats.md")
SEARCH = Task("12.1", "12", "Search the web for cats", "research", tool="web_search")
WRITE = Task("12.2", "12", "Write about cats", "generate", depends_on=["12.1"])
ASKS = replace(WRITE, status="waiting", tool="file_write", error="waits for your answer")
QUESTION = Approval("12.2", "12", "Research cats", PERMISSION, "write /home/ada/cats.md", SECOND, 2 * SECOND)
AGAIN = Approval("9.1", "9", "Tell Bob", REPEAT, "do once more what may be done already: write", SECOND, 2 * SECOND)
ANSI = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "\x1b[2Jcats\nand\u202e [red]dogs"


async def senter(*arguments: str) -> tuple[int | None, str, str]:
    return await finish(*SENTER, "goals", *arguments)


async def told(*arguments: str) -> str:
    """What a command says that succeeds."""
    code, output, complaint = await senter(*arguments)
    assert (code, complaint) == (0, "")
    return output


async def drawn(run, *arguments: str) -> list[str]:
    """What a command draws on a terminal that is 80 columns wide."""
    command = f"{' '.join(SENTER)} goals {' '.join(arguments)}"
    program = await run("script", "-qefc", command, "/dev/null", TERM="xterm", COLUMNS="80", NO_COLOR="1")
    output, _ = await program.process.communicate()
    return [ANSI.sub("", line).rstrip() for line in output.decode().splitlines()]


async def refused(*arguments: str, code: int = 1) -> str:
    """The one sentence of a command that fails."""
    ended, output, complaint = await senter(*arguments)
    assert (ended, output, complaint.count("\n")) == (code, "", 1)
    return complaint


async def test_a_goal_is_taken_on_and_it_is_said_how_to_follow_it(tasks):
    output = await told("add", "Research cats", "--priority", "8", "--focus", "pets")
    assert output == "Goal 1 is taken on; follow it with: senter goals watch 1\n"
    goal = tasks.goals["1"]
    assert (goal.description, goal.priority, goal.focus) == ("Research cats", 8, "pets")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
async def test_a_goal_can_have_an_end(tasks):
    before = time.time_ns() // 1000
    await told("add", "Research cats", "--until", "+2h")
    assert before <= tasks.goals["1"].deadline - 7200 * SECOND <= time.time_ns() // 1000


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
async def test_an_end_that_is_over_is_refused_before_anything_is_asked(tasks):
    assert "'yesterday' is over; " in await refused("add", "Research cats", "--until", "yesterday")
    assert tasks.goals == {}


async def test_a_goal_without_an_end_has_none(tasks):
    await told("add", "Research cats")
    assert tasks.goals["1"].deadline == 0


async def test_a_goal_can_come_from_stdin(tasks):
    script = f"printf 'Research cats\\nand dogs' | {' '.join(SENTER)} goals add -"
    assert (await finish("sh", "-c", script))[0] == 0
    assert tasks.goals["1"].description == "Research cats\nand dogs"


@pytest.mark.parametrize("text", [r"\377\376 cats", r"\000 cats"])
async def test_what_is_no_text_does_no_harm(tasks, text):
    script = f"printf '{text}' | {' '.join(SENTER)} goals add -"
    assert (await finish("sh", "-c", script))[0] == 0
    assert tasks.goals["1"].description.endswith("\ufffd cats")


async def test_bytes_that_are_no_text_in_an_argument_do_no_harm(tasks):
    script = f"{' '.join(SENTER)} goals add \"$(printf '\\377 cats')\""
    assert (await finish("sh", "-c", script))[0] == 0
    assert tasks.goals["1"].description == "\ufffd cats"


async def test_what_is_no_goal_is_refused_in_one_sentence(tasks):
    assert await refused("add", " ") == "senter: description is empty; say what is to be done\n"


async def test_the_list_is_newest_first_and_as_long_as_was_asked_for(tasks):
    for number in range(1, 1203):
        tasks.goals[str(number)] = replace(NEW, id=str(number), description=f"Goal number {number}")
    lines = (await told("list")).splitlines()
    assert lines[0].split() == ["ID", "STATE", "STEPS", "AGE", "DESCRIPTION"]
    assert [line.split()[0] for line in lines[1:21]] == [str(number) for number in range(1202, 1182, -1)]
    assert lines[-1] == "There are older ones; see them with: --limit 40"
    rows = json.loads(await told("list", "--json", "--limit", "1201"))
    assert [row["id"] for row in rows] == [str(number) for number in range(1202, 1, -1)]


async def test_the_list_shows_how_far_a_goal_is(tasks):
    tasks.put(replace(RUNNING, tasks_done=1, description="Research\x1b[2J cats\nand [bold]dogs"))
    row = (await told("list", "--state", "running")).splitlines()[1]
    assert row.split()[:3] == ["12", "running", "1/2"]
    assert "Research[2J cats and [bold]dogs" in row


async def test_an_empty_list_says_so(tasks):
    assert await told("list") == "There is no goal yet.\n"
    assert await told("list", "--state", "failed") == "There is no goal that is failed.\n"
    assert json.loads(await told("list", "--json")) == []


async def test_the_list_says_that_questions_wait(tasks):
    tasks.put(RUNNING, SEARCH, ASKS)
    tasks.questions = [QUESTION]
    assert (await told("list")).endswith("\n\n1 question waits for your answer; see: senter goals approve\n")
    tasks.questions = [QUESTION, AGAIN]
    assert "\n2 questions wait for your answer; see: senter goals approve\n" in await told("list")
    assert [row["id"] for row in json.loads(await told("list", "--json"))] == ["12"]


async def test_what_waits_for_an_answer_is_a_table(tasks):
    tasks.questions = [QUESTION, AGAIN]
    lines = (await told("approve")).splitlines()
    assert lines[0].split() == ["TASK", "GOAL", "QUESTION", "UNTIL"]
    assert lines[1].startswith("12.2  Research cats  Senter wants to write /home/ada/cats.md  ")
    assert "Senter was interrupted and wants to do once more what may be done already: write;" in lines[2]
    assert lines[-2] == "Answer with: senter goals approve TASK, or senter goals deny TASK"


async def test_what_waits_for_an_answer_as_json_has_the_keys_of_the_contract(tasks):
    tasks.questions = [QUESTION]
    assert json.loads(await told("approve", "--json")) == [asdict(QUESTION)]
    tasks.questions = []
    assert json.loads(await told("approve", "--json")) == []


async def test_that_nothing_waits_for_an_answer_is_said(tasks):
    assert await told("approve") == "Nothing waits for your answer.\n"


async def test_a_question_is_answered_and_it_is_said_what_was_answered(tasks):
    tasks.questions = [QUESTION, AGAIN]
    assert await told("approve", "12.2") == "Approved: write /home/ada/cats.md\n"
    assert await told("deny", "9.1") == "Denied: do once more what may be done already: write\n"
    assert tasks.answers == [("12.2", "yes"), ("9.1", "no")]


@pytest.mark.parametrize("command", ["approve", "deny"])
async def test_a_question_that_is_not_there_cannot_be_answered(tasks, command):
    tasks.questions = [QUESTION]
    assert await refused(command, "7\x1b[2J") == "senter: there is no task '7\\x1b[2J'\n"
    assert tasks.answers == []


async def test_the_json_of_an_answer_there_is_not(tasks):
    tasks.questions = [QUESTION]
    assert (await senter("approve", "12.2", "--json"))[0] == 2
    assert tasks.answers == []


async def test_a_question_commands_no_terminal(tasks):
    tasks.questions = [Approval(HOSTILE, "12", HOSTILE, PERMISSION, HOSTILE, SECOND, SECOND)]
    output = await told("approve")
    assert "Senter wants to [2Jcats and [red]dogs" in output
    assert output.replace("\n", "").isprintable()


async def test_on_a_narrow_terminal_a_question_is_shown_in_full(tasks, run):
    path = "/home/ada/" + "far/" * 40 + "plan.md"
    tasks.questions = [replace(QUESTION, question=f"write {path}")]
    lines = await drawn(run, "approve")
    assert all(len(line) <= 80 for line in lines)
    column = lines[0].index("QUESTION")
    end = lines[0].index("UNTIL")
    assert path in "".join(line[column:end].strip() for line in lines)


async def test_all_work_is_paused_and_goes_on(tasks):
    assert await told("pause") == "All work on goals is paused; go on with: senter goals resume\n"
    assert tasks.paused
    assert await told("resume") == "The work on goals goes on\n"
    assert not tasks.paused


async def test_show_tells_what_a_step_asks_is_tried_again_or_was_replaced(tasks):
    lost = replace(SEARCH, status="failed", error="no network", replaced=True)
    later = replace(SEARCH, id="12.3", not_before=SECOND)
    tasks.put(RUNNING, lost, ASKS, later)
    tasks.questions = [QUESTION]
    output = await told("show", "12")
    assert (
        "  12.1 failed      Search the web for cats  (web_search)\n      replaced by a new plan: no net" in output
    )
    assert (
        "  12.2 waiting     Write about cats  (file_write)\n      waits for you: Senter wants to write"
        " /home/ada/cats.md; answer with: senter goals approve 12.2, or deny\n"
    ) in output
    assert "  12.3 pending     Search the web for cats  (web_search)\n      tried again at " in output


async def test_show_counts_the_servers_and_shows_every_request_when_asked_to(tasks):
    tasks.put(COMPLETED, SEARCH)
    asked = [
        Request(number * SECOND, f"https://host{number % 3}.example/{number}", "192.0.2.1", "200, 3 kB", "12.1")
        for number in range(1, 1203)
    ]
    tasks.requests["12"] = asked[::-1]
    line = "Network:      3 servers were asked; see: senter goals show 12 --network\n"
    assert line in await told("show", "12")
    lines = (await told("show", "12", "--network")).splitlines()
    assert lines[0].split() == ["TIME", "TASK", "ADDRESS", "OUTCOME", "URL"]
    assert lines[1].split()[1:] == ["12.1", "192.0.2.1", "200,", "3", "kB", "https://host1.example/1"]
    assert len(lines) == 1203
    assert json.loads(await told("show", "12", "--network", "--json")) == [asdict(request) for request in asked]


async def test_a_goal_that_asked_no_server_says_so(tasks):
    tasks.put(COMPLETED, SEARCH)
    assert "Network:" not in await told("show", "12")
    assert await told("show", "12", "--network") == "It asked no server.\n"
    assert json.loads(await told("show", "12", "--network", "--json")) == []
    assert await refused("show", "7", "--network") == "senter: there is no goal '7'\n"


async def test_a_request_commands_no_terminal_and_is_shown_in_full(tasks, run):
    tasks.put(COMPLETED, SEARCH)
    url = "https://a.example/" + "far/" * 40 + "end"
    tasks.requests["12"] = [
        Request(SECOND, HOSTILE, "", HOSTILE, HOSTILE),
        Request(SECOND, url, "192.0.2.1", "200"),
    ]
    output = await told("show", "12", "--network")
    assert "[2Jcats and [red]dogs" in output
    assert output.replace("\n", "").isprintable()
    lines = await drawn(run, "show", "12", "--network")
    assert all(len(line) <= 80 for line in lines)
    column = lines[0].index("URL")
    assert url in "".join(line[column:].strip() for line in lines)


async def test_show_tells_all_of_a_goal(tasks):
    found = replace(SEARCH, status="completed", summary="5 results")
    lost = replace(WRITE, status="failed", error="needs a language model")
    tasks.put(replace(COMPLETED, outcome="partly", error="some steps failed"), found, lost)
    output = await told("show", "12")
    for line in ("Goal 12: completed", "Outcome:      partly: some steps failed", "Plan, made by keywords:"):
        assert line in output.splitlines()
    assert "  12.1 completed   Search the web for cats  (web_search)\n      5 results\n" in output
    assert "  12.2 failed      Write about cats\n      needs a language model\n" in output
    assert "Report:       /reports/cats.md\n" in output


async def test_show_as_json_has_the_keys_of_the_contract(tasks):
    tasks.put(RUNNING, SEARCH, WRITE)
    document = json.loads(await told("show", "12", "--json"))
    plan = document.pop("plan")
    assert document == asdict(RUNNING)
    assert plan == [{**asdict(SEARCH), "depends_on": []}, asdict(WRITE)]


@pytest.mark.parametrize("command", ["show", "watch", "cancel", "retry"])
async def test_a_goal_that_is_not_there_is_one_sentence(tasks, command):
    assert await refused(command, "7\x1b[2J") == "senter: there is no goal '7\\x1b[2J'\n"


async def test_cancel_and_retry_say_what_they_did(tasks):
    tasks.put(NEW)
    assert await told("cancel", "12") == "Goal 12 is cancelled\n"
    assert tasks.goals["12"].state == "cancelled"
    assert await refused("cancel", "12") == "senter: goal 12 has ended as cancelled\n"
    assert await told("retry", "12") == "Goal 12 is taken up again; follow it with: senter goals watch 12\n"
    assert tasks.goals["12"].state == "new"


async def test_watching_tells_every_change_once_and_asks_for_nothing_in_between(tasks, start):
    tasks.put(NEW)
    watch = await start("goals", "watch", "12")
    assert await watch.line() == "12 new  Research cats"
    tasks.put(RUNNING, SEARCH, WRITE)
    assert await watch.lines(3) == [
        "12 running  2 steps, planned by keywords",
        "12.1 pending  Search the web for cats",
        "12.2 pending  Write about cats",
    ]
    tasks.step(replace(SEARCH, status="in_progress"))
    assert await watch.line() == "12.1 in_progress  Search the web for cats"
    tasks.step(replace(SEARCH, status="failed", error="there is no network"))
    assert await watch.line() == "12.1 failed  there is no network"
    tasks.step(replace(WRITE, status="completed", summary="3 sentences from 2 sources"))
    assert await watch.line() == "12.2 completed  3 sentences from 2 sources"
    tasks.put(replace(COMPLETED, outcome="partly", error="the web was not reached"))
    assert await watch.end() == (0, "12 completed  partly: the web was not reached\nReport: /reports/cats.md\n", "")
    assert tasks.asked == ["goal 12", "plan 12"] * 6


async def test_watching_tells_what_a_step_asks_and_what_becomes_of_it(tasks, start):
    tasks.put(RUNNING, SEARCH, WRITE)
    watch = await start("goals", "watch", "12")
    await watch.lines(3)
    tasks.questions = [QUESTION]
    tasks.step(ASKS)
    assert await watch.line() == (
        "12.2 waiting  waits for you: Senter wants to write /home/ada/cats.md;"
        " answer with: senter goals approve 12.2, or deny"
    )
    tasks.questions = []
    tasks.step(replace(WRITE, status="completed", summary="Wrote /home/ada/cats.md."))
    assert await watch.line() == "12.2 completed  Wrote /home/ada/cats.md."
    tasks.step(replace(SEARCH, status="in_progress"))
    assert await watch.line() == "12.1 in_progress  Search the web for cats"
    tasks.step(replace(SEARCH, not_before=SECOND, error="no network"))
    assert (await watch.line()).startswith("12.1 pending  tried again at ")
    tasks.step(replace(SEARCH, status="failed", error="no network", replaced=True))
    assert await watch.line() == "12.1 failed  replaced by a new plan: no network"
    tasks.put(COMPLETED)
    assert (await watch.end())[0] == 0


async def test_steps_that_ask_the_same_all_say_how_to_answer(tasks):
    other = replace(ASKS, id="12.3", error=QUESTION.waiting)
    elsewhere = replace(ASKS, id="12.4", error="needs a language model")
    tasks.put(RUNNING, ASKS, other, elsewhere)
    tasks.questions = [QUESTION]
    output = await told("show", "12")
    assert "answer with: senter goals approve 12.2, or deny\n" in output
    assert "answer with: senter goals approve 12.3, or deny\n" in output
    assert "12.4 waiting     Write about cats  (file_write)\n      needs a language model" in output


async def test_a_burst_of_changes_is_read_in_few_readings(tasks, start):
    tasks.put(RUNNING, SEARCH, WRITE)
    watch = await start("goals", "watch", "12")
    await watch.lines(3)
    for number in range(500):
        tasks.step(replace(SEARCH, status="pending" if number % 2 else "in_progress"))
    tasks.put(COMPLETED)
    code, output, _ = await watch.end()
    assert (code, output.splitlines()[-2]) == (0, "12 completed")
    assert len(tasks.asked) < 200


async def test_a_goal_of_another_is_not_read(tasks, start):
    tasks.put(NEW)
    watch = await start("goals", "watch", "12")
    await watch.line()
    tasks.put(replace(NEW, id="13"))
    tasks.put(COMPLETED)
    assert (await watch.end())[0] == 0
    assert not any("13" in asked for asked in tasks.asked)


async def test_a_goal_that_has_ended_before_is_told_and_that_is_it(tasks):
    tasks.put(COMPLETED, replace(SEARCH, status="completed", summary="5 results"))
    assert await told("watch", "12") == "12.1 completed  5 results\n12 completed\nReport: /reports/cats.md\n"


@pytest.mark.parametrize("state", ["failed", "cancelled"])
async def test_a_goal_that_is_not_reached_ends_with_4(tasks, state):
    tasks.put(replace(COMPLETED, state=state, error="no source could be read", report=""))
    code, _, complaint = await senter("watch", "12")
    assert (code, complaint) == (4, f"senter: goal 12 has ended as {state}: no source could be read\n")


async def test_a_goal_that_waits_is_watched_on_and_says_for_what(tasks, start):
    tasks.put(replace(RUNNING, state="waiting", error="needs a language model: senter setup"))
    watch = await start("goals", "watch", "12")
    assert await watch.line() == "12 waiting  needs a language model: senter setup"
    tasks.put(COMPLETED)
    assert (await watch.end())[0] == 0


async def test_add_can_wait_for_the_end(tasks, start):
    adding = await start("goals", "add", "Research cats", "--wait")
    assert await adding.lines(2) == ["Goal 1 is taken on.", "1 new  Research cats"]
    tasks.put(replace(COMPLETED, id="1"))
    assert await adding.end() == (0, "1 completed\nReport: /reports/cats.md\n", "")


async def test_add_and_wait_for_a_goal_that_fails_ends_with_4(tasks, start):
    adding = await start("goals", "add", "Research cats", "--wait")
    await adding.lines(2)
    tasks.put(replace(COMPLETED, id="1", state="failed", error="no source could be read"))
    assert (await adding.end())[0] == 4


async def test_without_an_id_everything_unfinished_is_watched_and_what_comes_new(tasks, start):
    tasks.put(replace(COMPLETED, id="1"))
    tasks.put(RUNNING)
    watch = await start("goals", "watch")
    assert await watch.line() == "12 running  2 steps, planned by keywords"
    tasks.put(COMPLETED)
    assert await watch.line() == "12 completed"
    tasks.put(replace(NEW, id="13"))
    assert await watch.line() == "13 new  Research cats"
    watch.program.process.send_signal(signal.SIGINT)
    assert await watch.end() == (130, "", "senter: the work goes on; watch it again with: senter goals watch\n")


async def test_ctrl_c_leaves_the_work_running_and_says_so(tasks, start):
    tasks.put(RUNNING)
    watch = await start("goals", "watch", "12")
    await watch.line()
    watch.program.process.send_signal(signal.SIGINT)
    assert await watch.end() == (130, "", "senter: the work goes on; watch it again with: senter goals watch 12\n")
    assert tasks.goals["12"].state == "running"


async def test_when_the_tasks_come_back_the_goal_is_read_again(connect, start):
    first, second = await connect(), await connect()
    before, after = PretendedTasks(), PretendedTasks()
    await before.serve(first)
    before.put(replace(RUNNING, state="waiting", error="needs a language model"))
    watch = await start("goals", "watch", "12")
    await watch.line()
    await first.release(TASKS.bus_name)
    after.goals, after.plans = {"12": COMPLETED}, {"12": []}
    await after.serve(second)
    assert await watch.end() == (0, "12 completed\nReport: /reports/cats.md\n", "")


async def test_tasks_that_died_at_work_and_cannot_be_started_are_one_sentence(connect, start):
    connection = await connect()
    tasks = PretendedTasks()
    await tasks.serve(connection)
    tasks.put(RUNNING)
    watch = await start("goals", "watch", "12")
    await watch.line()
    await connection.release(TASKS.bus_name)
    assert await watch.end() == (1, "", "senter: the tasks is not installed on this bus\n")


async def test_tasks_that_die_while_they_are_asked_are_asked_again(connect, start, bus):
    bus.install(TASKS.bus_name, sys.executable, "-I", "-m", "senter.tasks")
    connection = await connect()
    tasks = PretendedTasks()
    tasks.holding = asyncio.Event()
    await tasks.serve(connection)
    watch = await start("goals", "watch", "12")
    async with asyncio.timeout(DEADLINE):
        await tasks.holding.wait()
    await connection.close()
    code, output, complaint = await watch.end()
    assert (code, output) == (1, "")
    assert "no goal" in complaint, "the tasks that the bus has started know nothing of goal 12"


async def test_when_the_bus_goes_away_that_is_one_sentence_and_exit_code_3(tasks, start, bus):
    tasks.put(RUNNING)
    watch = await start("goals", "watch", "12")
    await watch.line()
    bus.kill()
    code, _, complaint = await watch.end()
    assert (code, complaint.count("\n")) == (3, 1)
    assert complaint.startswith("senter: the session bus has gone")


async def test_a_terminal_shows_a_table_that_is_drawn_anew(tasks, run, tmp_path):
    tasks.put(RUNNING, SEARCH, replace(WRITE, description="Write about [red]cats\x1b[2J"))
    typescript = tmp_path / "typescript"
    program = await run("script", "-qefc", f"{' '.join(SENTER)} goals watch 12", str(typescript), TERM="xterm")
    await until(lambda: typescript.exists() and "Write about [red]cats[2J" in typescript.read_text())
    tasks.step(replace(SEARCH, status="completed", summary="5 results"))
    tasks.put(COMPLETED)
    code, _ = await program.end()
    screen = typescript.read_text()
    assert code == 0
    assert "5 results" in screen
    assert "Report: /reports/cats.md" in screen
    assert "\x1b[2J" not in screen


async def test_on_a_narrow_terminal_only_the_description_of_a_list_is_cut(tasks, run):
    tasks.put(replace(RUNNING, description="how a kettle is mended " * 20))
    program = await run(
        "script", "-qefc", f"{' '.join(SENTER)} goals list", "/dev/null", TERM="xterm", COLUMNS="60"
    )
    assert program.process.stdout is not None
    await program.process.stdout.readline()
    row = (await program.process.stdout.readline()).decode()
    assert row.startswith("12  ") and "running" in row and "0/2" in row and "…" in row
    assert (await program.process.stdout.read()) == b""


async def test_the_output_may_end_before_the_goal(tasks, run):
    tasks.put(RUNNING)
    script = f"{' '.join(SENTER)} goals watch 12 | head -n 1"
    program = await run("sh", "-c", script)
    assert program.process.stdout is not None
    assert await program.process.stdout.readline() == b"12 running  2 steps, planned by keywords\n"
    tasks.put(COMPLETED)
    code, complaint = await program.end()
    assert (code, complaint) == (0, "")
