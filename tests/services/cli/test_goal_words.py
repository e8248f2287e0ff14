"""Goals and their steps in words."""

from dataclasses import replace
from datetime import datetime

import pytest

from senter.cli.goal_words import age, details, goal_line, progress, question, servers, steps, summary, task_line
from senter.tasks.approvals.approval import PERMISSION, REPEAT, Approval
from senter.tasks.goal import GOAL_MOVES, TASK_MOVES, Goal, Task
from senter.tasks.tools.network_log import Request

GOAL = Goal("12", "Research cats", "new")
TASK = Task("12.2", "12", "Write about cats", "generate")
WAITING = replace(TASK, status="waiting", error="waits for your answer")
QUESTION = Approval("12.2", "12", "Research cats", PERMISSION, "write /home/ada/cats.md", 1, 2)
AT_FIVE_PAST_TWO = int(datetime(2026, 11, 22, 14, 5).astimezone().timestamp()) * 1_000_000
HOSTILE = "\x1b[2Jcats\nand\u202e dogs"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "12 new  Research cats"),
        ({"state": "planning"}, "12 planning"),
        ({"state": "running"}, "12 running"),
        ({"state": "running", "planner": "model", "tasks_total": 1}, "12 running  1 step, planned by model"),
        ({"state": "waiting", "error": "needs a language model"}, "12 waiting  needs a language model"),
        ({"state": "failed", "error": "no network"}, "12 failed  no network"),
        ({"state": "cancelled"}, "12 cancelled"),
        ({"state": "completed", "outcome": "completed"}, "12 completed"),
        ({"state": "completed", "outcome": "partly"}, "12 completed  partly"),
        ({"state": "completed", "outcome": "partly", "error": "no network"}, "12 completed  partly: no network"),
    ],
)
def test_a_goal_is_one_line(changes, line):
    assert goal_line(replace(GOAL, **changes)) == line


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "12.2 pending  Write about cats"),
        ({"status": "in_progress"}, "12.2 in_progress  Write about cats"),
        ({"status": "completed", "summary": "3 sentences"}, "12.2 completed  3 sentences"),
        ({"status": "completed"}, "12.2 completed  Write about cats"),
        ({"status": "failed", "error": "no network"}, "12.2 failed  no network"),
        ({"status": "waiting", "error": "needs a language model"}, "12.2 waiting  needs a language model"),
        ({"not_before": AT_FIVE_PAST_TWO}, "12.2 pending  tried again at 14:05: Write about cats"),
        (
            {"not_before": AT_FIVE_PAST_TWO, "error": "no network"},
            "12.2 pending  tried again at 14:05: no network",
        ),
        ({"status": "in_progress", "not_before": AT_FIVE_PAST_TWO}, "12.2 in_progress  Write about cats"),
        (
            {"status": "failed", "error": "no network", "replaced": True},
            "12.2 failed  replaced by a new plan: no network",
        ),
        (
            {"status": "cancelled", "replaced": True},
            "12.2 cancelled  replaced by a new plan: Write about cats",
        ),
    ],
)
def test_a_step_is_one_line(changes, line):
    assert task_line(replace(TASK, **changes)) == line


def test_a_step_that_asks_says_what_and_how_to_answer():
    assert task_line(WAITING, {"12.2": QUESTION}) == (
        "12.2 waiting  waits for you: Senter wants to write /home/ada/cats.md;"
        " answer with: senter goals approve 12.2, or deny"
    )


def test_the_question_of_another_step_is_not_that_of_this_one():
    assert task_line(WAITING, {"12.3": QUESTION}) == "12.2 waiting  waits for your answer"
    assert task_line(TASK, {"12.2": QUESTION}) == "12.2 pending  Write about cats", "it was answered meanwhile"


def test_what_may_have_been_done_is_asked_in_other_words():
    again = replace(QUESTION, kind=REPEAT, question="do once more what may be done already: write to Ada")
    assert question(again) == (
        "Senter was interrupted and wants to do once more what may be done already: write to Ada;"
        " approve to do it once more, deny to leave it"
    )


def test_a_question_is_told_with_every_space_and_in_full():
    command = "run: printf 'a  b' " + "word " * 190 + "end"
    assert question(replace(QUESTION, question=command)) == f"Senter wants to {command}"


def test_details_have_the_question_of_a_step():
    told = details(GOAL, [WAITING], {"12.2": QUESTION})
    assert "\n      waits for you: Senter wants to write /home/ada/cats.md; answer with: " in told
    assert "waits for your answer" not in told


def test_details_say_until_when_and_how_many_servers_were_asked():
    asked = [Request(1, f"https://{host}/{page}") for host in ("a.example", "b.example") for page in "12"]
    told = details(replace(GOAL, deadline=AT_FIVE_PAST_TWO), [], requests=asked).splitlines()
    assert "Deadline:     Sun 22 Nov 14:05:00" in told
    assert "Network:      2 servers were asked; see: senter goals show 12 --network" in told
    assert "1 server was asked;" in details(GOAL, [], requests=asked[:2])


def test_a_refused_request_has_asked_no_server():
    asked = Request(1, "https://a.example/", "192.0.2.1", "200, 3 kB")
    refused = Request(1, "http://10.0.0.1/", "", "refused: 10.0.0.1 is not a public address")
    assert "1 server was asked, 1 request was refused; " in details(GOAL, [], requests=[asked, refused])
    assert "0 servers were asked, 2 requests were refused; " in details(GOAL, [], requests=[refused, refused])


def test_what_is_no_url_is_no_server():
    urls = ("https://a.example:8080/?q=1", "http://[::1", "nothing", HOSTILE, "https://a.example/2")
    assert servers([Request(1, url) for url in urls]) == ["a.example", ""]


def test_search_engines_are_told_without_a_number():
    engines = [Request(1, f"search engines, by ddgs: {query}", outcome="5 results") for query in ("cats", "dogs")]
    server = Request(1, "https://a.example/", "192.0.2.1", "200, 3 kB")
    assert "Network:      search engines were asked; see: " in details(GOAL, [], requests=engines)
    assert "search engines and 1 server were asked; " in details(GOAL, [], requests=[*engines, server])


@pytest.mark.parametrize("state", GOAL_MOVES)
def test_no_text_of_a_goal_commands_the_terminal(state):
    goal = Goal(HOSTILE, HOSTILE, state, HOSTILE, HOSTILE, "partly", HOSTILE, HOSTILE, HOSTILE, tasks_total=1)
    steps_of_it = [
        Task(HOSTILE, HOSTILE, HOSTILE, HOSTILE, status, HOSTILE, HOSTILE, HOSTILE) for status in TASK_MOVES
    ]
    asked = [Approval(HOSTILE, HOSTILE, HOSTILE, kind, HOSTILE, 1, 2) for kind in (PERMISSION, REPEAT)]
    questions = {HOSTILE: asked[0]}
    requests = [Request(1, HOSTILE, HOSTILE, HOSTILE, HOSTILE)]
    lines = [goal_line(goal), summary(goal, 100), *map(task_line, steps_of_it), *map(question, asked)]
    lines += [task_line(step, questions) for step in steps_of_it]
    for text in [*lines, details(goal, steps_of_it, questions, requests).replace("\n", "")]:
        assert text.isprintable()


def test_details_leave_out_what_there_is_not():
    assert details(GOAL, []) == "Goal 12: new\n  Research cats\n\nPriority:     5"


def test_details_name_who_asked_unless_that_is_a_number_of_the_bus():
    assert "Asked for by: ai.senter.Scheduler1" in details(replace(GOAL, origin="ai.senter.Scheduler1"), [])
    assert details(replace(GOAL, origin=":1.40"), []) == details(GOAL, [])


def test_how_far_a_goal_is():
    assert progress(GOAL) == "-"
    assert progress(replace(GOAL, tasks_done=2, tasks_total=5)) == "2/5"
    assert (steps(1), steps(2)) == ("1 step", "2 steps")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (200_000, "2 d")],
)
def test_an_age_is_told_in_its_largest_unit(seconds, words):
    assert age(replace(GOAL, created=1_000_000_000), 1000 + seconds) == words
