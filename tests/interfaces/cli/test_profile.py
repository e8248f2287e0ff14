"""What is known of the user, from end to end: ``senter profile`` and ``feedback``, and learning, over a bus."""

import asyncio
import json
import os
import pty
import stat
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import pytest
from support.private_bus import DEADLINE, SENTER, finish

from senter.bus.connection import Connection
from senter.bus.names import LEARNING
from senter.bus.publish import Interface, method
from senter.bus.signatures import U32
from senter.learning.client import LearningClient
from senter.learning.event import FEEDBACK, QUERY, RESPONSE, Event

NOTHING = "Nothing is known of you yet; begin with: senter ask, senter goals add, or senter profile set\n"
NINE = datetime.now().astimezone().replace(hour=9, minute=0, second=0, microsecond=0, tzinfo=None)
"""On the clock of the wall, wherever the clocks were changed."""

NEEDS_YES = "Without a terminal to ask at, this needs --yes"
NAMES_ONE = "Name one of --topic, --before, --since, --preference, --all"


class PretendedLearning(Interface):
    """Learning that answers what a test says."""

    def __init__(self) -> None:
        super().__init__(LEARNING)
        self.changed = 0
        self.stream = b""
        self.reading = -1

    @method
    async def Update(self) -> U32:
        """How much has changed."""
        return self.changed

    @method
    async def Export(self) -> Annotated[int, "h"]:
        """A pipe with the stream; who called closes the end to read."""
        self.reading, writing = os.pipe()
        os.write(writing, self.stream)
        os.close(writing)
        return self.reading


@pytest.fixture
async def pretended(bus) -> AsyncIterator[PretendedLearning]:
    """Learning, played by the test."""
    connection, room = Connection(pass_descriptors=True), PretendedLearning()
    await connection.open()
    connection.export(LEARNING.path, room)
    assert await connection.own(LEARNING.bus_name)
    yield room
    await connection.close()


@pytest.fixture
def learning(bus, client) -> LearningClient:
    """Learning, which the bus starts when it is called."""
    bus.install(LEARNING.bus_name, sys.executable, "-I", "-m", "senter.learning")
    return LearningClient(client)


@pytest.fixture
async def taught(learning) -> LearningClient:
    """Learning that knows of five mornings, of which one a year ago."""
    questions = [asked("Explain the Rust ownership in detail", days) for days in (1, 2, 3, 4)]
    await learning.record_many([asked("Sourdough bread", 400), *questions])
    await learning.update()
    return learning


def asked(text: str, days: int) -> Event:
    """A question of the user's, so many days ago at nine."""
    return Event(QUERY, text, time=int((NINE - timedelta(days=days)).astimezone().timestamp()) * 1_000_000)


async def told(*arguments: str) -> str:
    """What a command says that succeeds."""
    code, output, complaint = await finish(*SENTER, *arguments)
    assert (code, complaint) == (0, "")
    return output


async def told_json(*arguments: str) -> object:
    """The document of a command that succeeds."""
    return json.loads(await told(*arguments, "--json"))


async def refused(*arguments: str, code: int = 1) -> str:
    """The complaint of a command that fails, which is one sentence unless it is about the usage."""
    ended, output, complaint = await finish(*SENTER, *arguments)
    assert (ended, output) == (code, "")
    assert code == 2 or (complaint.startswith("senter: ") and complaint.count("\n") == 1)
    return complaint


async def answering(answer: str, *arguments: str) -> tuple[int | None, str, str]:
    """Run a command at a terminal and type an answer: exit code, stdout, stderr."""
    controlling, terminal = pty.openpty()
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *SENTER, *arguments, stdin=terminal, stdout=pipe, stderr=pipe
        )
        os.write(controlling, f"{answer}\n".encode())
        async with asyncio.timeout(2 * DEADLINE):
            output, complaint = await process.communicate()
    finally:
        os.close(controlling)
        os.close(terminal)
    return process.returncode, output.decode(), complaint.decode()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ((), NOTHING),
        (("show",), NOTHING),
        (("topics",), "No topic is known yet.\n"),
        (("hours",), "When you are there is not known yet.\n"),
        (("preferences",), "No preference is known yet; set one with: "),
        (("search", "bread"), "Nothing was found.\n"),
        (("update",), "There was nothing new to learn.\n"),
    ],
    ids=str,
)
async def test_where_nothing_is_known_every_command_says_so(learning, command, words):
    assert (await told("profile", *command)).startswith(words)


async def test_where_learning_is_switched_off_the_profile_says_so(learning, home):
    file = home / "CONFIG_HOME/senter/config.toml"
    file.parent.mkdir()
    file.write_text("[learning]\nenabled = false\n")
    assert await told("profile") == (
        f"{NOTHING}Learning is switched off in {file}: [learning] enabled = false;"
        " it holds after: senter restart learning\n"
    )


async def test_the_profile_tells_what_is_known(taught):
    await taught.set_preference("style", "formality", "casual")
    output = await told("profile")
    assert await told("profile", "show") == output
    assert "Preferences:  style formality: casual (set by you)\n" in output
    assert "              style response_length: detailed (" in output
    assert "Interests:    Rust ownership" in output
    assert "Mostly there: at 9:00\n" in output
    assert "Next time:    " in output
    assert output.endswith("Kept:         5 events, 2 topics, 5 sessions\n")


async def test_the_profile_tells_what_became_of_goals(learning):
    ended = ["goal_completed", "goal_failed"]
    await learning.record_many([Event(kind, "", {"kind": "research", "seconds": 700.0}) for kind in ended])
    await learning.update()
    assert "Goals:        research: 1 of 2 reached (50 %), usually in 11 min\n" in await told("profile")
    (research,) = (await told_json("profile"))["goals"]
    assert set(research) == {"kind", "goals", "completed", "completion_rate", "usual_seconds"}


async def test_the_profile_as_json_has_the_keys_of_the_contract(taught):
    document = await told_json("profile")
    assert set(document) == {
        *("total_interactions", "unique_topics", "top_topics", "peak_hours", "preferences", "next_active"),
        *("next_active_confidence", "digest_hour", "goals"),
    }
    assert document["preferences"] == {"style response_length": "detailed"}
    assert await told_json("profile", "show") == document


async def test_topics_are_listed_with_their_trend(taught):
    first, *rows = (await told("profile", "topics", "--days", "30")).splitlines()
    assert first.split() == ["TOPIC", "WEIGHT", "LAST", "MENTIONED", "IN", "30", "DAYS"]
    assert rows[0].startswith("Rust ownership") and rows[0].rstrip().endswith("more often (+0.67)")
    assert rows[1].split()[-1] == "-" and str((NINE - timedelta(days=400)).year) in rows[1]
    assert len((await told("profile", "topics", "--limit", "1")).splitlines()) == 2


async def test_topics_as_json_have_a_change_where_it_is_asked_for(taught):
    (topic,) = await told_json("profile", "topics", "--limit", "1")
    assert set(topic) == {"topic", "weight", "last_seen"}
    assert topic["last_seen"] == asked("", 1).time
    topics = await told_json("profile", "topics", "--days", "30")
    assert [round(topic["change"] or 0, 2) for topic in topics] == [0.67, 0]
    assert topics[1]["change"] is None


async def test_hours_are_shown_in_bars(taught):
    lines = (await told("profile", "hours")).splitlines()
    assert lines[10].startswith(f"   9  {'█' * 24} 100 %")
    assert lines[-1] == "Most happens at 9:00."
    document = await told_json("profile", "hours")
    assert list(document["hour"]) == ["9"] and document["peak_hours"] == [9]
    assert len(document["day"]) == 4


async def test_bars_are_plain_where_the_terminal_is_not_utf_8(taught):
    command = (sys.executable, "-m", "senter.cli", "profile", "hours")
    code, output, _ = await finish(*command, PYTHONIOENCODING="iso-8859-1")
    assert code == 0 and f"   9  {'#' * 24} 100 %" in output


async def test_hours_of_a_single_day_are_shown_without_peaks(learning):
    await learning.record(asked("Explain the Rust ownership", 1))
    await learning.update()
    assert "Most happens" not in await told("profile", "hours")
    assert "Mostly there" not in await told("profile")


async def test_preferences_say_whether_they_count(taught):
    await taught.record(asked("Could you tell me more", 1))
    await taught.update()
    assert await told("profile", "set", "schedule", "digest_hour", "7") == (
        'schedule digest_hour is 7; take it back with: senter profile forget --preference "schedule digest_hour"\n'
    )
    _, *rows = (await told("profile", "preferences")).splitlines()
    assert [row.split()[:3] for row in rows] == [
        ["schedule", "digest_hour", "7"],
        ["style", "response_length", "detailed"],
        ["style", "formality", "formal"],
    ]
    assert [row.rstrip().split("  ")[-1] for row in rows] == ["set by you", "yes", "not yet"]
    names = ("type", "key", "value", "confidence", "evidence", "set_by_user")
    assert {tuple(row) for row in await told_json("profile", "preferences")} == {names}


async def test_what_cannot_be_set_is_one_sentence(learning):
    assert "must be 0 to 23, not '77'" in await refused("profile", "set", "schedule", "digest_hour", "77")


async def test_events_are_found_newest_first(taught):
    lines = (await told("profile", "search", "OWNERSHIP", "det")).splitlines()
    assert [line.split("user_query")[1].strip() for line in lines[1:]] == 4 * [
        "Explain the Rust ownership in detail"
    ]
    events = await told_json("profile", "search", "ownership")
    assert [event["time"] for event in events] == [asked("", days).time for days in (1, 2, 3, 4)]
    assert set(events[0]) == {"id", "type", "content", "time", "hour", "day", "session", "metadata"}
    some = await told("profile", "search", "ownership", "--limit", "3")
    assert some.endswith("\nThere are older ones; see them with: --limit 6\n")
    assert len(await told_json("profile", "search", "ownership", "--limit", "3")) == 3


async def test_what_others_have_written_does_nothing_to_the_terminal(learning):
    await learning.record(Event(QUERY, "\x1b[2J[bold]clear\nthe\u202e screen"))
    assert "user_query  [2J[bold]clear the screen" in await told("profile", "search", "screen")


async def test_learning_now_says_how_much_that_changed(pretended):
    pretended.changed = 2
    assert await told("profile", "update") == "Learned: 2 changes.\n"


async def test_feedback_is_about_the_last_answer(learning):
    assert "there is no answer to judge yet" in await refused("feedback", "good")
    await learning.record(Event(RESPONSE, "42", {"request_id": "q1"}))
    assert await told("feedback", "bad", "too", "long") == "Noted: the last answer was bad.\n"
    assert await told("feedback", "good") == "Noted: the last answer was good.\n"
    events = await learning.recent_events(FEEDBACK)
    assert {(event.content, event.metadata["positive"]) for event in events} == {("too long", False), ("", True)}
    assert "'meh' is not one of" in await refused("feedback", "meh", code=2)


@pytest.mark.parametrize(
    ("what", "answer", "left"),
    [
        (("--topic", " rust  OWNERSHIP"), "4 events are forgotten.\n", 1),
        (("--topic", "gardens"), "There was nothing to forget.\n", 5),
        (("--before", "1 year ago"), "1 event is forgotten.\n", 4),
        (("--since", "1 year ago"), "4 events are forgotten.\n", 1),
        (("--preference", "style response_length"), "4 signs are forgotten.\n", 5),
        (("--all",), "Everything is forgotten.\n", 0),
    ],
    ids=str,
)
async def test_what_is_to_be_forgotten_is(taught, what, answer, left):
    assert await told("profile", "forget", *what, "--yes") == answer
    assert (await taught.statistics()).total_events == left


async def test_without_a_terminal_and_without_yes_nothing_is_forgotten(taught):
    assert NEEDS_YES in await refused("profile", "forget", "--all", code=2)
    assert (await taught.statistics()).total_events == 5


async def test_at_a_terminal_is_asked_before_something_is_forgotten(taught):
    question = "Forget everything that is known of you? It cannot be brought back. [y/N]: "
    code, output, complaint = await answering("n", "profile", "forget", "--all")
    assert (code, output, complaint) == (1, "", f"{question}senter: nothing was forgotten\n")
    assert (await taught.statistics()).total_events == 5
    code, output, complaint = await answering("y", "profile", "forget", "--all")
    assert (code, output, complaint) == (0, "Everything is forgotten.\n", question)
    assert (await taught.statistics()).total_events == 0


async def test_the_question_says_how_a_time_was_understood(taught):
    _, _, complaint = await answering("n", "profile", "forget", "--before", "2020-02-03 14:05")
    assert complaint.startswith("Forget all that was before 03 Feb 2020 14:05? It cannot be brought back.")


async def test_a_time_that_is_none_is_one_sentence(learning):
    assert "'whenever' is not a time" in await refused("profile", "forget", "--since", "whenever", "--yes")


async def test_an_export_has_everything_but_its_last_line(taught, tmp_path):
    file = tmp_path / "known.jsonl"
    file.write_text("what was there before")
    assert await told("profile", "export", str(file)) == f"8 lines written to {file}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for exported in (file.read_text(), await told("profile", "export"), await told("profile", "export", "-")):
        kinds = [json.loads(line)["kind"] for line in exported.splitlines()]
        assert kinds == [*(["event"] * 5), "preference", "topic", "topic"]


@pytest.mark.parametrize("place", ["missing/known.jsonl", "/dev/null"])
async def test_an_export_to_where_nothing_can_be_written_is_one_sentence(learning, tmp_path, place):
    await refused("profile", "export", str(tmp_path / place))


@pytest.mark.parametrize(
    "stream", [b"", b'{"kind": "event"}\n', b'{"kind": "event"}\n{"kind": "end", "lines": 2}\n'], ids=str
)
async def test_an_export_that_is_not_whole_leaves_nothing(pretended, tmp_path, stream):
    pretended.stream = stream
    file: Path = tmp_path / "exports/known.jsonl"
    file.parent.mkdir()
    file.write_text("what was there before")
    for arguments in ([str(file)], []):
        assert "the export ended before its end" in await refused("profile", "export", *arguments)
        os.close(pretended.reading)
    assert [(path, path.read_text()) for path in file.parent.iterdir()] == [(file, "what was there before")]


@pytest.mark.parametrize("command", [("profile",), ("profile", "export"), ("feedback", "good")], ids=str)
async def test_without_a_bus_or_without_learning_every_command_is_one_sentence(command, request):
    assert "no session bus" in await refused(*command, code=3)
    request.getfixturevalue("bus")
    assert "the learning is not installed" in await refused(*command)


@pytest.mark.parametrize(
    "arguments", [(), ("--all", "--topic", "bread"), ("--before", "1 d", "--since", "2 d")], ids=str
)
async def test_exactly_one_thing_is_forgotten_at_a_time(arguments):
    assert NAMES_ONE in await refused("profile", "forget", *arguments, "--yes", code=2)
