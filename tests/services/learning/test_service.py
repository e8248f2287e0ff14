"""Learning's work, with a reporter, a model and a clock that are not real and a disk that is."""

import asyncio
import json
import os
import shutil
import threading

import pytest
from support.learning_work import (
    AWAY,
    DAY,
    HOUR,
    MINUTE,
    Learning,
    at_work,
    bytes_on_disk,
    count_rows,
    derived,
    limit_pages,
    steps,
)
from support.private_bus import open_descriptors, until

from senter.errors import Busy, InvalidArgument, InvalidState, Unavailable
from senter.learning import export, service
from senter.learning.event import Event
from senter.learning.store import Store

BRIEFLY = "Wants brief answers: the point first, no padding."
BRIEF_QUESTIONS = ("espresso machines, in short", "briefly: espresso machines", "short: espresso machines")


@pytest.fixture
def soon(monkeypatch):
    """What is recorded is learned from at once."""
    monkeypatch.setattr(service, "LEARN_AFTER_SECONDS", 0.01)


async def ask(learning, *questions):
    """Ask, one question after the other."""
    for question in questions:
        await learning.record(question)


async def export_of(learning):
    """The end to read of an export, as a caller gets it: the answer to a call that has a task of its own."""

    async def call():
        return os.dup(await learning.service.export())

    return await asyncio.create_task(call())


async def exported(learning):
    """The lines of an export."""
    with os.fdopen(await export_of(learning), "rb") as pipe:
        text = await asyncio.to_thread(pipe.read)
    return [json.loads(line) for line in text.decode().splitlines()]


# recording


async def test_what_was_recorded_is_on_disk_and_told(learning, clock):
    await learning.service.record(
        [Event("user_query", "hello"), Event("response", "hi"), Event("user_query", "again")]
    )
    (newest, *_) = await learning.service.recent_events("user_query", 1, 10)
    assert (newest.content, newest.time, newest.hour, newest.day) == ("again", clock.microseconds, 10, 6)
    assert learning.recorded == ["user_query", "response"]
    assert learning.service.status() == "3 events"


async def test_an_event_with_the_same_key_is_recorded_told_and_learned_from_once(learning):
    for _ in range(3):
        await learning.record("espresso", key="k")
    assert learning.recorded == ["user_query"]
    assert await learning.service.update() == 1
    assert [topic for topic, *_ in await learning.knowledge.top_topics(0)] == ["espresso"]
    assert learning.service.status() == "1 event"


async def test_of_several_events_all_or_none_are_recorded(learning):
    with pytest.raises(InvalidArgument):
        await learning.service.record([Event("user_query", "good"), Event("No type", "bad")])
    assert await learning.contents() == learning.recorded == []


async def test_nothing_is_nothing(learning):
    await learning.service.record([])
    assert learning.recorded == []
    await until(lambda: not learning.service.is_busy())


async def test_a_full_disk_is_told_and_nothing_is_recorded(learning):
    await learning.record("before")
    limit_pages(learning.store, more=3)
    with pytest.raises(Unavailable, match="full"):
        await learning.record("x " * 100_000)
    assert learning.recorded == ["user_query"]
    assert await learning.contents() == ["before"]
    assert learning.service.status() == "1 event"


@pytest.mark.parametrize(
    "content",
    ["", "\0", "x" * 1_000_000, "\x1b[2J\x07", '" OR *', "'; DROP TABLE events; --", "\u202e", "🎉" * 1000],
)
async def test_any_text_is_recorded_learned_from_and_forgotten(learning, content):
    await learning.record(content)
    await learning.service.update()
    assert await learning.contents() == [content]
    assert not learning.learned.has_unlearned()
    assert await learning.service.forget("everything", "") == 1
    assert await learning.contents() == []


@pytest.mark.parametrize("when", [1, 9_214_646_400_000_000])
async def test_events_at_the_limits_of_time_are_learned_from(learning, when, clock):
    await learning.record("espresso briefly", when=when)
    await learning.record("espresso")
    await learning.service.update()
    assert not learning.learned.has_unlearned()
    for question in (learning.knowledge.profile(), learning.knowledge.text(), learning.knowledge.session("")):
        await question
    assert await learning.service.forget("before", str(clock.microseconds)) == (when == 1)


async def test_events_of_the_past_hours_are_bounded(learning, clock):
    await learning.record("old", when=clock.microseconds - 2 * HOUR)
    await learning.service.record([Event("user_query", str(number)) for number in range(1100)])
    for limit, count in ((0, 100), (1, 1), (1000, 1000), (2**32 - 1, 1000)):
        assert len(await learning.service.recent_events("", 1, limit)) == count
    assert await learning.service.recent_events("response", 24, 10) == []


async def test_events_of_more_hours_than_there_were_are_all_events(learning):
    await learning.record("x")
    assert len(await learning.service.recent_events("", 2**32 - 1, 10)) == 1


# learning


async def test_what_was_recorded_is_learned_from_soon_after(learning, soon):
    await ask(learning, *BRIEF_QUESTIONS)
    assert learning.service.is_busy()
    await until(lambda: not learning.service.is_busy())
    assert not learning.learned.has_unlearned()
    assert "brief answers" in await learning.knowledge.text()


async def test_what_was_not_learned_from_is_after_the_next_start(file, clock, soon, monkeypatch):
    monkeypatch.setattr(service, "LEARN_AFTER_SECONDS", 60)
    async with at_work(Learning(Store(file), clock)) as first:
        await ask(first, *BRIEF_QUESTIONS)
    monkeypatch.setattr(service, "LEARN_AFTER_SECONDS", 0.01)
    async with at_work(Learning(Store(file), clock)) as second:
        await until(lambda: not second.service.is_busy())
        assert not second.learned.has_unlearned()
        assert second.service.status() == "3 events"


async def test_learning_that_is_interrupted_between_two_parts_learns_each_event_once(file, clock, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 2)
    async with at_work(Learning(Store(file), clock)) as first:
        await first.service.record([Event("user_query", "espresso", key=f"k{number}") for number in range(7)])
        learn, parts = first.learned.learn, []

        def interrupted(lessons, now):
            if len(parts) == 2:
                raise Unavailable("the disk fails")
            parts.append(learn(lessons, now))

        first.learned.learn = interrupted
        with pytest.raises(Unavailable):
            await first.service.update()
        assert len(first.learned.unlearned(100)) == 3
    async with at_work(Learning(Store(file), clock)) as second:
        assert await second.service.update() == 3
        assert count_rows(second.store, "mentions") == 7
        assert await second.service.update() == 0
    other = Learning(Store(file.with_name("other.db")), clock)
    async with at_work(other):
        await other.service.record([Event("user_query", "espresso", key=f"k{number}") for number in range(7)])
        await other.service.update()
        second.store.open()
        assert derived(second.store) == derived(other.store)
        second.store.close()


async def test_a_process_that_ends_in_the_middle_of_learning_learns_each_event_once(file, clock, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 2)
    copies = []
    async with at_work(Learning(Store(file), clock)) as first:
        await first.service.record([Event("user_query", "espresso", key=f"k{number}") for number in range(5)])
        learn = first.learned.learn

        def learn_and_copy(lessons, now):
            learn(lessons, now)
            copies.append(shutil.copytree(file.parent, file.parent.parent / f"copy{len(copies)}"))

        first.learned.learn = learn_and_copy
        assert await first.service.update() == 5
        whole = derived(first.store)
    assert len(copies) == 3
    for number, copy in enumerate(copies):
        async with at_work(Learning(Store(copy / file.name), clock)) as after:
            assert await after.service.update() == max(0, 3 - 2 * number)
            assert derived(after.store) == whole


async def test_two_updates_at_the_same_time_learn_each_event_once(learning):
    await ask(learning, *BRIEF_QUESTIONS)
    assert sum(await asyncio.gather(*(learning.service.update() for _ in range(4)))) == 3
    assert (await learning.knowledge.preferences(""))[0].evidence == 3


async def test_the_cost_of_an_update_does_not_grow_with_what_is_kept(file, clock):
    costs = []
    for past in (100, 1500):
        async with at_work(Learning(Store(file.with_name(f"{past}.db")), clock)) as learning:
            old = [Event("user_query", "espresso", {}, clock.microseconds - n % 50 * HOUR) for n in range(past)]
            await learning.service.record(old)
            await learning.service.update()
            await learning.service.record([Event("user_query", "espresso please")] * 20)
            made = steps(learning.store)
            await learning.service.update()
            costs.append(len(made))
    assert costs[1] < 3 * costs[0] + 20


async def test_the_profile_is_told_to_have_changed_only_when_its_text_has(learning):
    await learning.record("espresso machines")
    await learning.service.update()
    assert learning.changes == 0
    await ask(learning, *BRIEF_QUESTIONS)
    await learning.service.update()
    assert learning.changes == 1
    await learning.service.update()
    assert learning.changes == 1
    await learning.service.set_preference("style", "formality", "formal")
    await learning.service.set_preference("style", "formality", "formal")
    assert learning.changes == 2
    await learning.service.forget("before", "1")
    assert learning.changes == 2
    await learning.service.forget("preference", "style formality")
    assert learning.changes == 3


async def test_topics_are_merged_by_an_update(learning):
    learning.model.knows(espresso=[1, 0], ristretto=[1, 0])
    await ask(learning, "espresso", "espresso", "ristretto")
    assert await learning.service.update() == 4
    assert [topic for topic, *_ in await learning.knowledge.top_topics(0)] == ["espresso"]


async def test_while_the_reporter_is_away_what_was_found_out_is_kept_over_a_restart(file, clock):
    async with at_work(Learning(Store(file), clock)) as first:
        first.reporter.away = AWAY
        await ask(first, *BRIEF_QUESTIONS)
        await first.service.update()
        assert first.reporter.told == []
    async with at_work(Learning(Store(file), clock)) as second:
        await second.service.update()
        await second.service.update()
        assert second.reporter.told == [("learning_update", "", BRIEFLY)]


async def test_learning_that_fails_by_itself_does_not_end_the_service(learning, soon):
    with learning.store.reading() as connection:
        connection.execute(
            "CREATE TEMP TRIGGER full BEFORE INSERT ON topics BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
    await learning.record("espresso")
    await until(lambda: not learning.service.is_busy())
    assert learning.learned.has_unlearned()
    with learning.store.reading() as connection:
        connection.execute("DROP TRIGGER full")
    assert await learning.service.update() == 1


# feedback


async def test_feedback_on_an_answer_teaches_how_to_answer(learning):
    await learning.record("a long answer", "response", request_id="r")
    await learning.service.feedback("r", False, "Too long!")
    await learning.service.update()
    (found,) = await learning.knowledge.preferences("style")
    assert (found.key, found.value, found.counts) == ("response_length", "brief", True)


async def test_feedback_without_an_id_is_on_the_last_answer(learning):
    await learning.record("first", "response", when=5, request_id="r")
    await learning.record("second", "response", when=6, request_id="s")
    await learning.service.feedback("", True, "")
    (event,) = await learning.service.recent_events("user_feedback", 1, 10)
    assert event.metadata == {"request_id": "s", "positive": True}


@pytest.mark.parametrize("request_id", ["", "r", "'", "x" * 10_000, "\0"])
async def test_feedback_on_no_answer_is_refused(learning, request_id):
    await learning.record("a question", request_id="r")
    with pytest.raises(InvalidArgument, match=r"no such answer|no answer to judge yet"):
        await learning.service.feedback(request_id, True, "")
    assert len(await learning.contents()) == 1


async def test_a_note_has_a_largest_length(learning):
    await learning.record("answer", "response", request_id="r")
    await learning.service.feedback("r", True, "x" * 2000)
    with pytest.raises(InvalidArgument, match="note"):
        await learning.service.feedback("r", True, "x" * 2001)


# searching and sessions


async def test_a_search_has_words(learning):
    await ask(learning, "espresso machines", "haskell")
    assert [event.content for event in await learning.service.search(" ESPRESSO\nmach ", 0, 0)] == [
        "espresso machines"
    ]
    for query in ("", "  \n", "word " * 33):
        with pytest.raises(InvalidArgument, match="1 to 32 words"):
            await learning.service.search(query, 0, 0)


@pytest.mark.parametrize("query", ['"', '" OR *', "NEAR(", "'", "content:", "a AND (", "*", "^", "-x", "a\0b"])
async def test_a_search_for_odd_words_finds_something_or_nothing(learning, query):
    await ask(learning, "espresso")
    assert await learning.service.search(query, 10, 2**32 - 1) == []
    assert len(await learning.service.search(query, 10, 0)) <= 1


async def test_a_session_that_is_not_there_is_refused(learning):
    for session_id in ("", "7", "x"):
        with pytest.raises(InvalidArgument):
            await learning.knowledge.session(session_id)


async def test_the_last_session_is_told(learning, clock):
    await learning.record("espresso", when=clock.microseconds - 2 * HOUR)
    await learning.record("haskell", when=clock.microseconds - MINUTE)
    await learning.service.update()
    session = await learning.knowledge.session("")
    assert (session.events, session.topics) == (1, ["haskell"])


# forgetting


async def test_when_forget_returns_nothing_is_left_in_the_files(learning):
    await ask(learning, "the xylophonist plays", "haskell")
    await learning.service.update()
    assert await learning.service.forget("topic", "xylophonist") == 1
    assert b"xylophonist" not in bytes_on_disk(learning.store)
    assert await learning.contents() == ["haskell"]
    assert learning.service.status() == "1 event"


async def test_what_was_forgotten_before_a_crash_is_cleaned_away_at_the_next_start(learning, file, clock):
    await ask(learning, "the xylophonist plays", "haskell")
    await learning.service.update()
    learning.service._forgetting.topic("xylophonist")
    copy = shutil.copytree(file.parent, file.parent.parent / "after")
    async with at_work(Learning(Store(copy / file.name), clock)) as after:
        await until(lambda: not after.service.is_busy())
        assert b"xylophonist" not in bytes_on_disk(after.store)
        assert await after.contents() == ["haskell"]


async def test_when_the_disk_fails_while_cleaning_it_is_told_and_cleaned_at_the_next_start(learning, file, clock):
    await ask(learning, "the xylophonist plays", "haskell")
    await learning.service.update()

    def fail():
        raise Unavailable("the disk fails")

    learning.store.checkpoint = fail
    with pytest.raises(Unavailable, match="the disk fails"):
        await learning.service.forget("topic", "xylophonist")
    assert await learning.contents() == ["haskell"]
    await learning.service.stop()
    async with at_work(Learning(Store(file), clock)) as after:
        await until(lambda: not after.service.is_busy())
        assert b"xylophonist" not in bytes_on_disk(after.store)


async def test_what_is_forgotten_is_not_counted_when_the_cleaning_failed(learning):
    await ask(learning, "espresso", "haskell")

    def fail():
        raise Unavailable("the disk fails")

    learning.store.checkpoint = fail
    with pytest.raises(Unavailable):
        await learning.service.forget("topic", "espresso")
    assert learning.service.status() == "1 event"


async def test_a_failing_cleaning_at_the_start_does_not_end_the_service(learning, file, clock):
    await learning.record("x")
    learning.service._forgetting.since(-5)
    await learning.service.stop()
    after = Learning(Store(file), clock)

    def fail():
        raise Unavailable("the disk fails")

    after.store.checkpoint = fail
    async with at_work(after):
        await until(lambda: not after.service.is_busy())
        await after.record("espresso")
        assert await after.contents() == ["espresso"]


async def test_what_is_recorded_while_something_is_forgotten_is_kept(learning):
    await ask(learning, *BRIEF_QUESTIONS)
    await asyncio.gather(
        learning.service.forget("topic", "espresso"),
        learning.service.update(),
        learning.record("haskell compilers"),
    )
    await learning.service.update()
    assert await learning.contents() == ["haskell compilers"]
    assert [topic for topic, *_ in await learning.knowledge.top_topics(0)] == ["haskell compilers"]


async def test_a_preference_is_forgotten_also_as_far_as_it_was_not_learned_yet(learning):
    await ask(learning, *BRIEF_QUESTIONS)
    await learning.service.forget("preference", "style response_length")
    await learning.service.update()
    assert await learning.knowledge.preferences("style") == []


@pytest.mark.parametrize(("kind", "value"), [("", ""), ("topic", ""), ("since", "now"), ("everything", "!")])
async def test_what_cannot_be_meant_is_not_forgotten(learning, kind, value):
    await learning.record("x")
    with pytest.raises(InvalidArgument):
        await learning.service.forget(kind, value)
    assert await learning.contents() == ["x"]


# exporting


async def test_an_export_has_all_that_is_known_and_says_how_much_that_is(learning, clock, monkeypatch):
    monkeypatch.setattr(export, "PAGE", 2)
    await ask(learning, *BRIEF_QUESTIONS)
    await learning.record("hi", "response", request_id="r")
    await learning.service.update()
    *lines, end = await exported(learning)
    assert [line["kind"] for line in lines] == ["event"] * 4 + ["preference"] + ["topic"]
    assert end == {"kind": "end", "lines": 6}
    assert lines[0]["content"] == BRIEF_QUESTIONS[0]
    assert lines[3]["metadata"] == {"request_id": "r"}
    assert (lines[4]["value"], lines[4]["evidence"]) == ("brief", 3)
    assert (lines[5]["topic"], lines[5]["last_seen"]) == ("espresso machines", clock.microseconds)


async def test_an_export_has_every_topic(learning):
    with learning.store.writing() as connection:
        rows = [(f"topic {number}", f"topic {number}", float(number)) for number in range(1500)]
        connection.executemany("INSERT INTO topics (topic, name, score, last_seen) VALUES (?, ?, ?, 1)", rows)
    assert sum(line["kind"] == "topic" for line in await exported(learning)) == 1500


async def test_too_many_exports_at_once_are_refused_until_one_has_ended(learning):
    await learning.service.record([Event("user_query", "x" * 10_000) for _ in range(50)])
    readers = [await export_of(learning) for _ in range(export.MOST_EXPORTS)]
    with pytest.raises(Busy):
        await learning.service.export()
    assert learning.service.is_busy()
    os.close(readers.pop())
    await until(lambda: learning.service._exports._under_way < export.MOST_EXPORTS)
    readers.append(await export_of(learning))
    for reader in readers:
        os.close(reader)
    await until(lambda: learning.service._exports._under_way == 0)


async def test_exports_that_nobody_reads_come_to_an_end(learning, monkeypatch):
    monkeypatch.setattr(export, "PATIENCE_SECONDS", 0.05)
    await learning.service.record([Event("user_query", "x" * 10_000) for _ in range(50)])
    before = open_descriptors()
    readers = [await export_of(learning) for _ in range(export.MOST_EXPORTS)]
    await until(lambda: learning.service._exports._under_way == 0)
    for reader in readers:
        os.close(reader)
    assert open_descriptors() == before


async def test_an_export_waits_until_the_answer_has_left(learning):
    left = asyncio.Event()
    learning.service.sent = left.wait
    await learning.record("x")
    reading = await asyncio.create_task(learning.service.export())
    for _ in range(10):
        await asyncio.sleep(0)
    copy = os.dup(reading)
    left.set()
    with os.fdopen(copy, "rb") as pipe:
        assert (await asyncio.to_thread(pipe.read)).count(b"\n") == 2


# off


@pytest.fixture
async def off(file, clock):
    """Learning that is switched off, and knows something from before."""
    async with at_work(Learning(Store(file), clock)) as before:
        await ask(before, *BRIEF_QUESTIONS)
        await before.service.update()
    async with at_work(Learning(Store(file), clock, enabled=False)) as switched_off:
        yield switched_off


async def test_switched_off_nothing_is_written_down(off, file):
    before = file.read_bytes()
    await off.record("haskell")
    with pytest.raises(InvalidState, match="nothing is remembered"):
        await off.service.feedback("", True, "good")
    assert await off.service.update() == 0
    assert off.recorded == []
    assert off.changes == 0
    off.store.checkpoint()
    assert file.read_bytes() == before
    assert "switched off" in off.service.status()


async def test_switched_off_a_mistake_is_still_one(off):
    with pytest.raises(InvalidArgument):
        await off.record("x", "No type")


async def test_switched_off_what_is_known_is_told_and_can_be_forgotten(off):
    assert "brief" in await off.knowledge.text()
    assert len(await off.service.search("espresso", 0, 0)) == 3
    assert len(await exported(off)) == 6
    assert await off.service.forget("everything", "") == 3
    assert await off.knowledge.text() == ""


async def test_switched_off_what_was_not_learned_from_stays_so(file, clock, soon):
    store = Store(file)
    store.open()
    store.record([Event("user_query", "espresso")], clock())
    store.close()
    async with at_work(Learning(store, clock, enabled=False)) as off:
        await until(lambda: not off.service.is_busy())
        await off.service.update()
        assert await off.knowledge.top_topics(0) == []


# health


async def test_the_database_is_looked_at(learning):
    (found,) = await learning.service.check()
    assert (found.what, found.verdict, found.fix) == ("learning database", "ok", "")
    assert learning.service.is_healthy()
    learning.store.close()
    (found,) = await learning.service.check()
    assert found.verdict == "fail" and "is not open" in found.fix
    learning.store.open()


async def test_a_disk_that_does_not_let_us_open_the_database_is_told(file, clock):
    file.parent.write_text("not a folder")
    with pytest.raises(Unavailable):
        await Learning(Store(file), clock).service.start()


async def test_after_many_days_what_is_useless_is_let_go(learning, clock):
    await learning.record("espresso", when=clock.microseconds - 400 * DAY)
    await learning.service.update()
    assert count_rows(learning.store, "activity_patterns") == 0
    assert await learning.knowledge.peak_hours() == [9, 10, 14, 15]


class Slow(Store):
    """A store that takes its time to be cleaned, until a test lets it go on."""

    def __init__(self, file):
        super().__init__(file)
        self.cleaning, self.go_on = threading.Event(), threading.Event()

    def checkpoint(self):
        """Wait."""
        self.cleaning.set()
        self.go_on.wait(10)
        return super().checkpoint()


async def test_a_large_file_that_is_cleaned_is_no_disk_that_hangs(file, clock, monkeypatch):
    monkeypatch.setattr("senter.database.DISK_PATIENCE", 0.0)
    store = Slow(file)
    async with at_work(Learning(store, clock)) as learning:
        await learning.record("espresso")
        forgetting = asyncio.create_task(learning.service.forget("since", "0"))
        await until(store.cleaning.is_set)
        assert learning.service.is_healthy()
        monkeypatch.setattr(service, "LONGEST_CLEANING_SECONDS", 0.0)
        store.go_on.set()
        await forgetting
        store.cleaning.clear()
        store.go_on.clear()
        forgetting = asyncio.create_task(learning.service.forget("since", "0"))
        await until(store.cleaning.is_set)
        assert not learning.service.is_healthy()
        store.go_on.set()
        await forgetting
