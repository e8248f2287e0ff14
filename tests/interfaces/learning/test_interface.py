"""``ai.senter.Learning1`` over a bus: the real program and its database, with real neighbours."""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from support.openai_server import OpenAIServer, Reply
from support.private_bus import DEADLINE, REPORTER, REPOSITORY, Inbox, launch, until

from senter.bus.connection import Connection, Match
from senter.bus.library import Variant
from senter.bus.names import LEARNING, PRIMARY, RESEARCH
from senter.bus.names import REPORTER as REPORTER_ROOM
from senter.errors import InvalidArgument, SenterError
from senter.learning.client import LearningClient
from senter.learning.event import Event
from senter.reporter.client import ReporterClient

XML = REPOSITORY / "units/interfaces/ai.senter.Learning1.xml"
PROGRAM = (sys.executable, "-I", "-m", "senter.learning")
KILLS = 8
BRIEF = "In short, which compiler flag shows how a function is inlined?"


@pytest.fixture
def room(bus) -> None:
    """Learning, started by the bus when it is called, and the reporter."""
    bus.install(REPORTER_ROOM.bus_name, *REPORTER)
    bus.install(LEARNING.bus_name, *PROGRAM)


@pytest.fixture
def learning(room, client) -> LearningClient:
    return LearningClient(client)


def database(home: Path) -> Path:
    return home / "DATA_HOME/senter/learning.db"


def queries(*texts: str) -> list[Event]:
    return [Event("user_query", text) for text in texts]


async def call(client: Connection, member: str, signature: str = "", *arguments: object) -> object:
    return await client.call(
        LEARNING.bus_name, LEARNING.path, LEARNING.interface, member, signature, *arguments, autostart=True
    )


async def process_id(client: Connection) -> int:
    return int(await client.ask_daemon("GetConnectionUnixProcessID", "s", LEARNING.bus_name))


async def test_introspection_is_what_the_files_say(client, room):
    await call(client, "Check")
    answer = await client.call(
        LEARNING.bus_name, LEARNING.path, "org.freedesktop.DBus.Introspectable", "Introspect"
    )
    live = ElementTree.fromstring(answer).find(f"interface[@name='{LEARNING.interface}']")
    written = ElementTree.parse(XML).getroot().find("interface")
    assert live is not None and written is not None
    for element in (live, written):
        for parent in list(element.iter()):
            for note in parent.findall("annotation"):
                parent.remove(note)
    assert members(live) == members(written)


def members(interface: ElementTree.Element) -> list[tuple[str, list[tuple[str | None, str | None]]]]:
    return sorted(
        (
            str(member.get("name")),
            [(argument.get("type"), argument.get("direction")) for argument in member.iter("arg")],
        )
        for member in interface
        if member.tag in ("method", "signal", "property")
    )


async def test_what_is_said_again_and_again_is_what_is_known(learning):
    await learning.record_many(queries(*[BRIEF] * 4))
    assert await learning.update() == 4
    text = await learning.profile_text()
    assert "Wants brief answers" in text and "technical depth" in text and "compiler flag" in text
    profile = await learning.profile()
    assert profile.preferences == {"style response_length": "brief", "style technical_level": "high"}
    assert (profile.total_interactions, profile.digest_hour) == (4, 9)
    assert "compiler flag shows" in profile.top_topics or "compiler flag" in profile.top_topics
    (session,) = [await learning.session()]
    assert (session.events, session.style["response_length"]) == (4, "brief")
    assert (await learning.statistics()).events_by_type == {"user_query": 4}


async def test_it_learns_by_itself_soon_after_something_was_recorded(learning, client):
    changed = Inbox()
    await client.subscribe(Match(LEARNING.interface, "ProfileChanged"), changed)
    await learning.record_many(queries(*[BRIEF] * 4))
    assert await changed.next() == ()
    assert "Wants brief answers" in await learning.profile_text()


async def test_everybody_hears_that_something_was_recorded_but_not_what(learning, client):
    heard = Inbox()
    await client.subscribe(Match(LEARNING.interface, "Recorded"), heard)
    await learning.record_many([*queries("one", "two"), Event("response", "three")])
    assert [await heard.next(), await heard.next()] == [("user_query",), ("response",)]
    assert heard.rest() == []


async def test_record_takes_key_and_time_from_the_metadata(client, room, learning):
    metadata = {"key": Variant("s", "once"), "timestamp": Variant("t", 1_000_000), "request_id": Variant("s", "r")}
    for _ in range(2):
        await call(client, "Record", "ssa{sv}", "user_query", "Why?", metadata)
    (event,) = await learning.search("Why")
    assert (event.time, event.metadata) == (1_000_000, {"request_id": "r"})


@pytest.mark.parametrize(
    ("signature", "arguments", "complaint"),
    [
        ("ssa{sv}", ("Query", "x", {}), "type must be a word"),
        ("ssa{sv}", ("user_query", "x", {"a": Variant("as", ["b"])}), "metadata 'a' must be"),
        ("ssa{sv}", ("user_query", "x", {"timestamp": Variant("s", "now")}), 'option "timestamp"'),
        ("ssa{sv}", ("user_query", "x", {"key": Variant("s", "k" * 201)}), "key must not be longer"),
        ("ssa{sv}", ("user_query", "x" * 262_145, {}), "content is longer than 256 KiB"),
    ],
)
async def test_what_is_no_event_is_refused_and_named(client, room, signature, arguments, complaint):
    with pytest.raises(InvalidArgument, match=complaint):
        await call(client, "Record", signature, *arguments)


async def test_of_several_events_all_or_none_are_recorded(learning):
    with pytest.raises(InvalidArgument):
        await learning.record_many([*queries("good"), Event("Bad", "bad")])
    assert (await learning.statistics()).total_events == 0


async def test_what_was_acknowledged_survives_kills_and_is_there_once(learning, client):
    over, acknowledged = asyncio.Event(), list[int]()
    recording = asyncio.create_task(record_until(over, learning, acknowledged))
    chance = random.Random(1)
    for _ in range(KILLS):
        await client.wait_owned(LEARNING.bus_name)
        await asyncio.sleep(chance.uniform(0, 0.15))
        owner = await client.owner(LEARNING.bus_name)
        with contextlib.suppress(SenterError, ProcessLookupError):
            os.kill(await process_id(client), signal.SIGKILL)
        await client.wait_left(owner)
    over.set()
    async with asyncio.timeout(4 * DEADLINE):
        await recording
    await learning.update()
    counts = await learning.statistics()
    assert counts.total_events == len(acknowledged) > KILLS
    found = [event.content for event in await learning.recent_events("user_query", limit=1000)]
    assert found == [f"event {number}" for number in reversed(acknowledged)][:1000]
    assert sum((await learning.activity_pattern("hour")).values()) == pytest.approx(len(acknowledged), rel=0.05)


async def record_until(over: asyncio.Event, learning: LearningClient, acknowledged: list[int]) -> None:
    """Record one event after the other, each again until it is acknowledged."""
    for number in itertools.count():
        while len(acknowledged) == number:
            with contextlib.suppress(SenterError):
                await learning.record(Event("user_query", f"event {number}", key=f"k{number}"))
                acknowledged.append(number)
        if over.is_set():
            return


async def test_an_answer_is_judged_and_that_changes_how_to_answer(learning):
    long_answer = "word " * 300
    for number in range(3):
        await learning.record_many(
            [
                Event("user_query", f"Why {number}?", {"request_id": f"r{number}"}),
                Event("response", long_answer, {"request_id": f"r{number}"}),
            ]
        )
        await learning.feedback(good=False, note="much too long", request_id=f"r{number}")
    await learning.update()
    (preference,) = await learning.preferences("style")
    assert (preference.key, preference.value) == ("response_length", "brief")
    assert preference.confidence > 0.6
    with pytest.raises(InvalidArgument, match="no such answer"):
        await learning.feedback(good=True, request_id="r9")


async def test_what_the_user_sets_wins_until_it_is_forgotten(learning):
    await learning.record_many(queries(*[BRIEF] * 4))
    await learning.set_preference("style", "response_length", "detailed")
    await learning.set_preference("schedule", "digest_hour", "7")
    await learning.update()
    profile = await learning.profile()
    assert profile.preferences["style response_length"] == "detailed"
    assert profile.digest_hour == 7
    assert await learning.forget("preference", "style response_length")
    assert "style response_length" not in (await learning.profile()).preferences


async def test_what_is_forgotten_is_in_no_byte_of_the_file(learning, home, client):
    await learning.record_many(queries("Tell me about the Zanzibar lighthouse", "Which compiler is fast?"))
    await learning.update()
    assert b"anzibar" in everything(home)
    assert await learning.forget("topic", "Zanzibar lighthouse") == 1
    assert b"anzibar" not in everything(home)
    assert b"compiler" in everything(home)
    await learning.forget("everything")
    assert b"compiler" not in everything(home)
    assert await learning.profile_text() == ""


def everything(home: Path) -> bytes:
    """All bytes of the database, its log and its index, while it is open."""
    return b"".join(file.read_bytes().lower() for file in sorted(database(home).parent.glob("learning.db*")))


async def test_what_is_found_out_is_told_to_the_reporter_once(learning, client):
    await learning.record_many(queries(*[BRIEF] * 4))
    await learning.update()
    await learning.update()
    told = [each.summary for each in await ReporterClient(client).activities() if each.type == "learning_update"]
    assert sorted(told) == [
        "Learned: Is technically versed: give technical depth, skip the basics.",
        "Learned: Wants brief answers: the point first, no padding.",
    ]


@pytest.fixture
async def descriptors(bus):
    connection = Connection(pass_descriptors=True)
    await connection.open()
    yield connection
    await connection.close()


async def read_all(descriptor: int) -> list[dict[str, object]]:
    """The lines of an export."""
    reader = asyncio.StreamReader(limit=2**20)
    with os.fdopen(descriptor, "rb") as pipe:
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        async with asyncio.timeout(2 * DEADLINE):
            return [json.loads(line) for line in (await reader.read()).splitlines()]


async def test_all_that_is_known_can_be_exported(room, descriptors):
    learning = LearningClient(descriptors)
    texts = [f"{BRIEF} {number}" for number in range(700)]
    await learning.record_many(queries(*texts))
    await learning.record_many([Event("response", "x" * 100_000)] * 30)
    await learning.update()
    *rows, end = await read_all(await learning.export())
    assert end == {"kind": "end", "lines": len(rows)}
    assert [row["content"] for row in rows if row["kind"] == "event"] == [*texts, *["x" * 100_000] * 30]
    assert {row["kind"] for row in rows} == {"event", "preference", "topic"}


async def test_an_export_that_nobody_reads_to_its_end_disturbs_nobody(room, descriptors):
    learning = LearningClient(descriptors)
    await learning.record_many(queries(*["x" * 2000] * 500))
    for _ in range(3):
        os.close(await learning.export())
    unread = [await learning.export()]
    assert (await learning.statistics()).total_events == 500
    *rows, end = await read_all(unread[0])
    assert len(rows) == end["lines"]


async def test_topics_that_mean_the_same_are_one_where_a_model_makes_vectors(bus, home, learning):
    server = OpenAIServer(models=("llama3.2", "m"))
    await server.start()
    (home / "CONFIG_HOME/senter").mkdir(exist_ok=True)
    (home / "CONFIG_HOME/senter/config.toml").write_text(
        "".join(
            f'[models.{name}]\nproviders = [{json.dumps(server.url)}]\nembedding_model = "m"\n'
            for name in ("primary", "research")
        )
    )
    for each in (PRIMARY, RESEARCH):
        bus.install(each.bus_name, sys.executable, "-I", "-m", "senter.models", each.instance)
    same = {"data": [{"index": 0, "embedding": [1.0, 0.0]}, {"index": 1, "embedding": [0.99, 0.01]}]}
    server.enqueue_vectors(Reply(body=json.dumps(same)))
    try:
        await learning.record_many(queries("What about electric cars?", "What about battery vehicles?"))
        assert await learning.update() == 3
        ((topic, weight, _),) = await learning.top_topics()
        assert topic in ("electric cars", "battery vehicles") and weight == pytest.approx(2, rel=0.01)
        await learning.update()
        assert len(server.embedded) == 1, "what has a vector is not asked for again"
    finally:
        await server.stop()


async def test_switched_off_it_remembers_nothing_and_answers(home, learning):
    (home / "CONFIG_HOME/senter").mkdir(exist_ok=True)
    (home / "CONFIG_HOME/senter/config.toml").write_text("[learning]\nenabled = false\n")
    await learning.record_many(queries("remember this"))
    assert (await learning.statistics()).total_events == 0
    assert await learning.peak_hours() == [9, 10, 14, 15]


async def test_a_damaged_database_is_set_aside_and_a_new_one_begun(home, learning):
    database(home).parent.mkdir(parents=True, exist_ok=True)
    database(home).write_bytes(b"this is no database" * 100)
    await learning.record_many(queries("after the damage"))
    assert (await learning.statistics()).total_events == 1
    assert (database(home).parent / "learning.db.damaged-1").exists()


async def test_a_stop_in_the_middle_of_learning_leaves_nothing_learned_twice(bus, home, room, client):
    program = await launch(*PROGRAM)
    await client.wait_owned(LEARNING.bus_name)
    learning = LearningClient(client)
    await learning.record_many(queries(*[f"{BRIEF} {number}" for number in range(900)]))
    updating = asyncio.create_task(learning.update())
    await until(lambda: learned(home) > 0)
    program.terminate()
    await asyncio.gather(updating, return_exceptions=True)
    assert (await program.end())[0] == 0
    await LearningClient(client).update()
    assert sum((await learning.activity_pattern("day")).values()) == pytest.approx(900)


def learned(home: Path) -> int:
    """Up to which event was learned."""
    with contextlib.closing(sqlite3.connect(f"file:{database(home)}?mode=ro", uri=True)) as connection:
        row = connection.execute("SELECT value FROM progress WHERE name = 'learned'").fetchone()
    return int(row[0]) if row else 0
