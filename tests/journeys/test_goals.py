"""From a goal to its report: what the documents say, what a model says, and what is said when neither can."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support import goals, session
from support.goals import ScriptedModel, add, await_end, await_state, goal, plan, report, rule, step
from support.session import call, senter, shown, until
from support.tiny_model import write_tiny_model

FACT = "The kettle of the harbour office was bought in 1974 and has a capacity of nine litres."
QUESTION = "Research the capacity of the kettle of the harbour office"
PICKED = "Thought by: no language model: sentences were picked from the sources"
NEEDS_MODEL = "needs a language model: senter setup"
MEGABYTE = 1_000_000

StartModel = Callable[..., ScriptedModel]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder with three documents, one of which has a fact."""
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "harbour.txt").write_text(f"About the office.\n\n{FACT}\n\nIt is open on Mondays.\n")
    (folder / "fruit.md").write_text("# Fruit\n\nApples are harvested in autumn. Pears follow a little later.\n")
    (folder / "rain.html").write_text("<html><body><p>Rain falls on the mountains first.</p></body></html>")
    return folder


@pytest.fixture
def start_model(tmp_path: Path) -> Iterator[StartModel]:
    """Starts a scripted model and then Senter, whose workers ask it."""
    started = []

    def start(*rules: dict[str, Any], port: int = 0) -> ScriptedModel:
        started.append(ScriptedModel(tmp_path, *rules, port=port))
        goals.use_providers(started[-1].url)
        session.systemctl("start", "senter.target")
        return started[-1]

    yield start
    for model in started:
        model.stop()


def missing(goal_id: str) -> str:
    """What a report says under "What is missing"."""
    _, heading, rest = report(goal_id).partition("## What is missing\n")
    assert heading, report(goal_id)
    return rest.partition("\n## ")[0].strip()


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_a_fact_in_the_documents_is_reported_with_its_file_and_without_any_model(
    started: None, documents: Path
) -> None:
    (found,) = await_end(add(f"{QUESTION}, from the documents in {documents}"))
    assert (found["state"], found["outcome"], found["planner"]) == ("completed", "completed", "keywords")
    text = report(found["id"])
    assert f"{FACT} [1]" in text
    assert f"1. `{documents}/harbour.txt`" in text
    assert PICKED in text
    assert "Apples" not in text
    assert found["report"] == str(next(goals.REPORTS.iterdir()))


def test_a_question_the_documents_do_not_answer_is_not_answered(started: None, documents: Path) -> None:
    (found,) = await_end(add(f"Research the population of Atlantis, from the documents in {documents}"))
    assert found["state"] == "completed"
    text = report(found["id"])
    assert "The sources do not answer this question" in text
    assert "## Sources" not in text
    assert not any(word in text for word in ("kettle", "Apples", "Rain"))


def test_plan_results_and_report_come_from_the_model_when_there_is_one(
    documents: Path, start_model: StartModel
) -> None:
    search = step("Look for the kettle", "research", "file_search", folder=str(documents), query="kettle capacity")
    model = start_model(
        rule("^Goal: Research the capacity", [search, step("Say how much it holds", "generate", "", 1)]),
        rule("^The goal: Research the capacity", "It holds **nine litres** of water [1]."),
    )
    (found,) = await_end(add(f"{QUESTION}, from the documents in {documents}"))
    assert (found["state"], found["planner"], found["tasks_done"]) == ("completed", "model", 2)
    assert [task["description"] for task in plan(found["id"])] == ["Look for the kettle", "Say how much it holds"]
    text = report(found["id"])
    assert "It holds **nine litres** of water [1]." in text
    assert f"1. `{documents}/harbour.txt`" in text
    assert "Planned by: a language model" in text
    assert f"Thought by: llama3.2 on {model.url}" in text
    assert "picked" not in text
    planning, thinking = model.questions()
    assert planning == f"Goal: {QUESTION}, from the documents in {documents}"
    assert FACT in thinking


BAD_PLANS: dict[str, Any] = {
    "an unknown tool": [step("Ask around", "research", "telephone", number="1")],
    "a cycle": [step("First", "generate", "", 2), step("Second", "generate", "", 1)],
    "500 tasks": [step(f"Task {number}") for number in range(500)],
    "another folder": [step("Look", "research", "file_search", folder="/home", query="x"), step("Say", "generate")],
    "no JSON": "I would first of all look into the documents.",
}


def test_a_plan_that_must_not_be_followed_is_refused_and_the_words_of_the_goal_plan_instead(
    documents: Path, start_model: StartModel
) -> None:
    start_model(
        *(rule(f"^Goal: Research {name}:", written) for name, written in BAD_PLANS.items()),
        rule("^The goal: ", "Nine litres, says the office [1]."),
    )
    ids = [add(f"Research {name}: the capacity of the kettle in {documents}") for name in BAD_PLANS]
    for found in await_end(*ids):
        assert (found["state"], found["planner"], found["tasks_total"]) == ("completed", "keywords", 2)
        text = report(found["id"])
        assert "Planned by: the words of the goal" in text
        assert "Nine litres, says the office [1]." in text


def test_an_answer_that_names_no_source_or_a_wrong_one_is_not_used(
    documents: Path, start_model: StartModel
) -> None:
    start_model(
        rule("^Goal: ", "no plan"),
        rule("^The goal: Research once", "Everybody knows that it holds twelve litres."),
        rule("^The goal: Research twice", "It holds twelve litres [7]."),
        rule("^The goal: Research thrice", "The sources do not answer this question."),
    )
    ids = [
        add(f"Research {word} the capacity of the kettle of the harbour office in {documents}")
        for word in ("once", "twice", "thrice")
    ]
    first, second, third = (report(found["id"]) for found in await_end(*ids))
    for text in (first, second):
        assert "twelve" not in text
        assert FACT in text
        assert PICKED in text
    assert "The sources do not answer this question." in third
    assert "picked" not in third


def test_what_a_model_says_that_talks_gibberish_is_not_used(documents: Path) -> None:
    write_tiny_model(goals.MODELS / "tiny.gguf")
    goals.use_providers("embedded")
    with goals.CONFIG.open("a") as file:
        file.write("[engine]\ncontext_tokens = 1536\n")
    session.systemctl("start", "senter.target")
    path = ("ai.senter.Model1.primary", "/ai/senter/Model1/primary", "ai.senter.Model1")
    said = session.run("busctl", "--user", "call", *path, "Complete", "s", "Hello").stdout
    assert said.startswith('s "')
    (found,) = await_end(add(f"{QUESTION}, from the documents in {documents}"), deadline=60)
    assert (found["state"], found["planner"]) == ("completed", "keywords")
    text = report(found["id"])
    assert f"{FACT} [1]" in text
    assert PICKED in text
    status = session.prop("senter-model@research.service", "StatusText")
    assert re.fullmatch(r"idle; tiny\.gguf on embedded, [\d,]+ tokens today", status)
    path = ("ai.senter.Model1.research", "/ai/senter/Model1/research", "ai.senter.Model1")
    asked = session.run("busctl", "--user", "get-property", *path, "RequestsProcessed").stdout
    assert asked == "t 3\n", "the model was asked, and in vain"


def test_what_cannot_be_read_is_one_sentence_in_its_goal_and_the_others_go_on(documents: Path) -> None:
    goals.configure(
        f"[models.primary]\nproviders = []\n[models.research]\nproviders = []\n"
        f'[tasks]\nsearch_url = "http://127.0.0.1:{free_port()}"\n'
    )
    session.systemctl("start", "senter.target")
    folders = {name: documents.parent / name for name in ("locked", "empty", "huge", "binary", "absent")}
    for name, folder in folders.items():
        if name != "absent":
            folder.mkdir()
    folders["locked"].chmod(0)
    with (folders["huge"] / "huge.txt").open("wb") as file:
        file.truncate(200 * MEGABYTE)
    (folders["huge"] / "harbour.txt").write_text(FACT)
    (folders["binary"] / "program.bin").write_bytes(bytes(range(256)) * 40)
    (folders["binary"] / "harbour.txt").write_text(FACT)
    ids = {name: add(f"{QUESTION}, from the documents in {folder}") for name, folder in folders.items()}
    ids["offline"] = add(QUESTION)
    ids["both"] = add(f"{QUESTION}, from the documents in {documents} and from the web")
    ids["fine"] = add(f"{QUESTION}, from the documents in {documents}")
    try:
        ended = dict(zip(ids, await_end(*ids.values()), strict=True))
    finally:
        folders["locked"].chmod(0o700)
    states = {name: (found["state"], found["outcome"]) for name, found in ended.items()}
    assert states == {
        **dict.fromkeys(("locked", "empty", "absent", "offline"), ("failed", "failed")),
        **dict.fromkeys(("huge", "binary", "fine"), ("completed", "completed")),
        "both": ("completed", "partly"),
    }
    told = {name: found["error"] or missing(found["id"]) for name, found in ended.items() if name != "fine"}
    assert f"{folders['locked']} cannot be read: Permission denied" in told["locked"]
    assert f"there are no documents in {folders['empty']}" in told["empty"]
    assert f"{folders['absent']} cannot be read: No such file or directory" in told["absent"]
    assert told["huge"] == "* huge.txt is larger than 20 MB and was not read"
    assert told["binary"] == "* program.bin is not text and was not read"
    for name in ("offline", "both"):
        assert "the web cannot be searched: 127.0.0.1" in told[name]
    assert all("\n" not in sentence and len(sentence) < 300 for sentence in told.values())
    for name in ("huge", "binary", "both", "fine"):
        assert f"{FACT} [1]" in report(ids[name])


def test_what_truly_needs_a_model_waits_and_goes_on_by_itself_when_one_appears(start_model: StartModel) -> None:
    port = free_port()
    goals.use_providers(f"http://127.0.0.1:{port}/v1")
    session.systemctl("start", "senter.target")
    poem = add("Write a poem about rain")
    found = await_state(poem, "waiting")
    assert found["error"] == NEEDS_MODEL
    status = json.loads(senter("status", "--json").stdout)
    (doing,) = (row["doing"] for row in status["components"] if row["component"] == "tasks")
    assert doing == "1 goal open, waiting"
    assert NEEDS_MODEL in senter("progress").stdout
    start_model(rule("^The goal: Write a poem", "Drops on the roof, and nobody sleeps."), port=port)
    (found,) = await_end(poem)
    assert (found["state"], found["error"], found["planner"]) == ("completed", "", "keywords")
    assert "Drops on the roof, and nobody sleeps." in report(poem)


def test_a_goal_that_has_ended_is_told_once_with_the_report_to_open_and_is_in_the_digest(documents: Path) -> None:
    opened = session.HOME / "opened"
    opener = session.HOME / ".local/bin/xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >{opened}\n')
    opener.chmod(0o755)
    session.systemctl("mask", "xdg-desktop-portal.service")
    session.systemctl("set-environment", f"PATH={opener.parent}:/usr/bin:/bin")
    session.systemctl("start", "senter.target")
    (found,) = await_end(add(f"{QUESTION}, from the documents in {documents}"))
    until(lambda: goals.rows("tasks.db", "SELECT * FROM letters") == [], "the reporter to be told")
    until(lambda: call("Reporter", "Pending").stdout.strip() == "aa{sv} 0", "the notice to be shown")
    session.run("dunstctl", "action")
    until(opened.exists, "the report to be opened")
    until(lambda: opened.read_text().strip() == found["report"], "the path of the report")
    session.close_notifications()
    assert [entry["summary"] for entry in shown()] == ["Goal achieved"]
    assert "The report is ready." in shown()[0]["body"]
    digest = senter("digest").stdout
    assert "Goals achieved: 1" in digest
    assert "kettle of the harbour office" in digest


def test_a_goal_that_was_cancelled_is_worked_on_again_when_asked(documents: Path, start_model: StartModel) -> None:
    start_model(rule("^Goal: ", "no plan"), rule("^The goal: ", "never said", stall="before"))
    goal_id = add(f"{QUESTION}, from the documents in {documents}")
    until(lambda: [task["status"] for task in plan(goal_id)] == ["completed", "in_progress"], "the model to think")
    goals.ask_nothing("CancelGoal", "s", goal_id)
    assert goal(goal_id)["state"] == "cancelled"
    goals.use_providers()
    session.systemctl("stop", "senter-model@research.service")
    goals.ask_nothing("RetryGoal", "s", goal_id)
    (found,) = await_end(goal_id)
    assert found["state"] == "completed"
    assert [task["attempts"] for task in plan(goal_id)] == [1, 2], "what was done before was not done again"
    assert f"{FACT} [1]" in report(goal_id)
