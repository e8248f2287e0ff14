"""What is remembered changes how Senter answers, and can be taken back; everything is called with busctl."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support import goals, session
from support.goals import ScriptedModel, add, await_end, rule
from support.session import systemctl, until

from senter.bus.names import LEARNING, TARGET

MORNINGS = 20
QUESTIONS = (
    "Briefly: how does io_uring batch its submissions? Show the code",
    "tl;dr which compiler pass inlines across modules?",
    "In short, how do I debug a deadlock between two futexes?",
    "What is the complexity of a red-black tree deletion? Keep it short",
    "Short answer please: which syscalls does epoll need?",
)
UPDATE = "senter-job@profile_update"


def ask(member: str, *arguments: str) -> object:
    """What a member of learning answers to busctl, without the types."""
    name, path = LEARNING.bus_name, LEARNING.path
    command = ["busctl", "--user", "--timeout=60", "--json=short", "call", name, path, name, member, *arguments]
    answer = session.run(*command, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)["data"][0]


def tell(member: str, *arguments: str) -> None:
    """Call a member that answers nothing."""
    answer = session.run(
        "busctl", "--user", "call", LEARNING.bus_name, LEARNING.path, LEARNING.bus_name, member, *arguments
    )
    assert answer.returncode == 0


def digest_hour() -> object:
    return ask("Profile")["digest_hour"]["data"]  # type: ignore[index]


def topics() -> list[str]:
    return [row[0] for row in ask("TopTopics", "u", "20")]  # type: ignore[attr-defined]


def interact() -> None:
    """100 questions and their answers, of somebody who asks in the mornings from seven o'clock on."""
    today = datetime.now().astimezone().replace(hour=7, minute=0, second=0, microsecond=0)
    for morning in range(MORNINGS, 0, -1):
        for number, question in enumerate(QUESTIONS):
            asked = today - timedelta(days=morning) + timedelta(minutes=7 * number)
            stamp, request = int(asked.timestamp() * 1_000_000), f"{morning}-{number}"
            metadata = ("2", "request_id", "s", request, "timestamp", "t")
            tell("Record", "ssa{sv}", "user_query", question, *metadata, str(stamp))
            tell("Record", "ssa{sv}", "response", "By a ring buffer.", *metadata, str(stamp + 5_000_000))


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ScriptedModel]:
    """A model that plans one step of writing, and writes it."""
    write = goals.step("Write the summary")
    rules = rule("^Goal: ", [write]), rule("^The goal: ", "Rings are round.")
    started = ScriptedModel(tmp_path, *rules, dimensions=0)
    goals.use_providers(started.url)
    yield started
    started.stop()


def instruction(model: ScriptedModel) -> str:
    """What the model was told of how to do the last step."""
    return str(
        [event for event in model.events("request") if "The goal: " in event["messages"][-1]["content"]][-1][
            "messages"
        ][0]["content"]
    )


def test_two_hundred_interactions_change_the_profile_and_forgetting_takes_it_all_back(model: ScriptedModel) -> None:
    systemctl("start", TARGET)
    assert (ask("ProfileText", "u", "0"), digest_hour(), topics()) == ("", 9, [])
    before = add("Sum up what a ring is")
    await_end(before)
    assert "suits the user" not in instruction(model)
    tell("Forget", "ss", "everything", "")

    interact()
    ask("Update")
    text = str(ask("ProfileText", "u", "0"))
    assert "Wants brief answers" in text
    assert "technical depth" in text
    assert "7:00" in text
    assert digest_hour() == 7
    assert "red-black tree deletion" in topics()
    assert ask("Statistics")["total_events"]["data"] == 200  # type: ignore[index]
    weekday_morning, how_sure = ask("NextActive")  # type: ignore[misc]
    assert datetime.fromtimestamp(weekday_morning / 1_000_000).astimezone().hour == 7
    assert how_sure > 0.5
    until(
        lambda: "Learned: Wants brief answers" in session.senter("progress", "--since", "yesterday").stdout,
        "the news",
    )

    after = add("Sum up what a ring buffer is")
    await_end(after)
    assert "Wants brief answers" in instruction(model)

    assert ask("Forget", "ss", "everything", "") >= 200  # type: ignore[operator]
    assert (ask("ProfileText", "u", "0"), digest_hour(), topics()) == ("", 9, [])
    left = b"".join(file.read_bytes().lower() for file in goals.DATA.glob("learning.db*"))
    for word in (b"futex", b"red-black", b"io_uring", b"brief", b"ring buffer"):
        assert word not in left


def test_the_timer_has_learning_update_itself(model: ScriptedModel) -> None:
    systemctl("start", TARGET)
    assert f"{UPDATE}.timer" in systemctl("list-timers", "--all", "--no-pager")
    for question in QUESTIONS:
        tell("Record", "ssa{sv}", "user_query", question, "0")
    systemctl("start", f"{UPDATE}.service")
    # the exit status, too: the unit takes another one for no failure
    assert session.prop(f"{UPDATE}.service", "Result") == "success"
    assert session.prop(f"{UPDATE}.service", "ExecMainStatus") == "0"
    assert "Wants brief answers" in str(ask("ProfileText", "u", "0"))


def test_a_goal_and_its_end_are_remembered(model: ScriptedModel) -> None:
    systemctl("start", TARGET)
    await_end(add("Sum up what a torus is"))
    until(lambda: ask("Profile")["goals"]["data"], "learning to be told of it")  # type: ignore[index]
    (pattern,) = ask("Profile")["goals"]["data"]  # type: ignore[index]
    assert (pattern["kind"]["data"], pattern["completion_rate"]["data"]) == ("generate", 1.0)
    assert "torus" in " ".join(topics())
