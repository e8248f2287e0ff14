"""What is shown when, and what a click does."""

import asyncio
import threading
import tracemalloc

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.clock import Clock
from support.desk import STOP, Desk, soon, working
from support.screen import FakeScreen

from senter.errors import ConfigurationError, Denied, Unavailable
from senter.reporter.delivery import alarm, refusals
from senter.reporter.delivery import delivery as module
from senter.reporter.delivery.ledger import (
    ACTED,
    DISMISSED,
    FOLDED,
    PENDING,
    REFUSED,
    SHOWN,
    SILENCED,
    WITHDRAWN,
    insert,
)
from senter.reporter.delivery.refusals import PAUSES
from senter.reporter.notice import APPROVAL, AWAY, DIGEST, Action, Notice

NOBODY = Unavailable("there is no notification server")
TOO_MANY = Denied("exceeded maximum number of notifications")
GO = Action("go", "Go", *STOP[2:])
QUIET = {"quiet_hours": "22:00-07:00"}


# showing


async def test_a_notice_is_shown_with_its_buttons_and_announced(desk):
    notice_id = await desk.notify("Title", "Body", urgency="low", actions=[STOP])
    (shown,) = desk.screen.shown
    assert (shown.id, shown.title, shown.body, shown.urgency) == (notice_id, "Title", "Body", "low")
    assert shown.buttons == {"stop": "Stop"}
    assert desk.announced == [(notice_id, "Title\nBody")]
    assert desk.state(notice_id) == SHOWN


@pytest.mark.parametrize(
    ("fields", "sticky"), [({}, False), ({"type": DIGEST}, True), ({"urgency": "critical"}, True)], ids=str
)
async def test_what_matters_stays_until_the_user_has_seen_it(desk, fields, sticky):
    await desk.notify(**fields)
    assert desk.screen.shown[0].sticky is sticky


async def test_a_notice_that_nobody_took_is_shown_once_when_somebody_appears(desk):
    desk.screen.away = NOBODY
    notice_id = await desk.notify()
    await desk.delivery.deliver()
    assert (desk.state(notice_id), desk.announced) == (PENDING, [])
    desk.screen.away = None
    await desk.delivery.deliver()
    await desk.delivery.deliver()
    assert desk.titles == ["Title"]
    assert desk.announced == [(notice_id, "Title\nBody")]


async def test_a_server_that_fails_once_is_asked_again(desk):
    desk.screen.enqueue(NOBODY)
    await desk.notify("first")
    await desk.notify("second")
    assert desk.titles == ["first", "second"]


async def test_after_the_first_failure_nothing_else_is_tried(desk):
    for title in ("first", "second"):
        desk.add(title)
    desk.screen.enqueue(NOBODY)
    await desk.delivery.deliver()
    assert (desk.screen.tries, desk.delivery.waiting) == (1, 2)


async def test_while_nobody_shows_notices_all_wait_and_keep_their_order(desk):
    desk.screen.away = NOBODY
    for title in ("first", "second", "third"):
        await desk.notify(title)
    assert (desk.titles, desk.delivery.waiting) == ([], 3)
    desk.screen.away = None
    await desk.delivery.deliver()
    assert (desk.titles, desk.delivery.waiting) == (["first", "second", "third"], 0)


async def test_what_was_written_down_earlier_is_shown_earlier(desk, clock):
    desk.add("later")
    clock.forward(seconds=-60)
    desk.add("earlier")
    await desk.delivery.deliver()
    assert desk.titles == ["earlier", "later"]


async def test_two_deliveries_at_a_time_show_a_notice_once(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    desk.add()
    deliveries = asyncio.gather(*(desk.delivery.deliver() for _ in range(3)))
    await soon(desk.screen.asked)
    desk.delivery.deliver_soon()
    gate.set()
    await deliveries
    assert desk.titles == ["Title"]


async def test_what_comes_during_a_delivery_is_shown_by_the_next(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    desk.add("first")
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)
    desk.add("second")
    desk.delivery.deliver_soon()
    gate.set()
    await desk.delivery.deliver()
    assert desk.titles == ["first", "second"]


async def test_a_notice_that_is_refused_does_not_keep_the_others_waiting(desk, clock):
    desk.screen.enqueue(TOO_MANY)
    bad, good = desk.add("Bad"), desk.add("Good")
    await desk.delivery.deliver()
    assert desk.titles == ["Good"]
    assert (desk.state(bad), desk.state(good), desk.delivery.waiting) == (PENDING, SHOWN, 1)
    await desk.notify("Better")
    assert desk.titles == ["Good", "Better"]
    clock.forward(seconds=2)
    await desk.delivery.deliver()
    assert desk.titles == ["Good", "Better", "Bad"]
    assert (desk.announced[-1], desk.delivery.waiting) == ((bad, "Bad\nBody"), 0)


async def test_what_is_refused_is_tried_again_by_itself(desk, clock, monkeypatch):
    monkeypatch.setattr(refusals, "PAUSES", (PAUSES[0] / 100,) * 4)
    desk.screen.enqueue(TOO_MANY)
    await desk.notify()
    await desk.delivery.deliver()
    desk.screen.asked.clear()
    clock.forward(seconds=0.02)
    await soon(desk.screen.asked)
    await desk.delivery.deliver()
    assert desk.titles == ["Title"]


async def test_what_is_refused_five_times_is_not_tried_again(desk, clock):
    desk.screen.enqueue(*[TOO_MANY] * 5)
    notice_id = await desk.notify()
    for tries, pause in enumerate(PAUSES, 1):
        assert (desk.screen.tries, desk.state(notice_id), desk.delivery.waiting) == (tries, PENDING, 1)
        clock.forward(seconds=pause.total_seconds() - 0.1)
        await desk.delivery.deliver()
        assert desk.screen.tries == tries
        clock.forward(seconds=0.1)
        await desk.delivery.deliver()
    assert (desk.screen.tries, desk.state(notice_id), desk.delivery.waiting) == (5, REFUSED, 0)
    clock.forward(hours=1)
    await desk.delivery.deliver()
    assert (desk.screen.tries, desk.announced) == (5, [])


async def test_a_fold_that_is_refused_grows_and_is_tried_again_after_its_pause(desk, clock):
    desk.screen.enqueue(TOO_MANY)
    for number in range(5):
        desk.add(str(number))
    await desk.delivery.deliver()
    for number in range(4):
        desk.add(str(number))
    await desk.delivery.deliver()
    assert (desk.screen.tries, desk.delivery.waiting) == (1, 1)
    clock.forward(seconds=2)
    await desk.delivery.deliver()
    assert (desk.titles, desk.delivery.waiting) == (["9 notices"], 0)


async def test_a_notice_that_was_shown_while_the_disk_was_full_is_not_shown_over_and_over(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    notice_id = desk.add()
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)
    desk.database._connection.execute("PRAGMA query_only = on")
    gate.set()
    for _ in range(3):
        await desk.delivery.deliver()
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.delivery.deliver()
    assert (desk.titles, desk.state(notice_id)) == (["Title"], SHOWN)
    assert desk.announced == [(notice_id, "Title\nBody")]


async def test_a_notice_that_left_the_screen_while_the_disk_was_full_is_not_thought_to_be_there(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    notice_id = desk.add(actions=[STOP])
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)
    desk.database._connection.execute("PRAGMA query_only = on")
    gate.set()
    await desk.delivery.deliver()
    desk.database._connection.execute("PRAGMA query_only = off")
    await asyncio.gather(desk.delivery.deliver(), desk.dismiss(notice_id))
    assert desk.state(notice_id) == DISMISSED
    assert len(desk.announced) == 1


async def test_a_fault_of_the_screen_is_not_hidden(desk):
    desk.screen.enqueue(AssertionError("a fault"))
    with pytest.raises(AssertionError, match="a fault"):
        await desk.notify()


@pytest.mark.parametrize(
    ("settings", "is_present", "expected"),
    [
        ({}, True, ("ok", "")),
        ({}, False, ("warn", "no notification server is running; notices wait until one is")),
        ({"notifications": False}, False, ("ok", "switched off in config.toml")),
    ],
)
async def test_the_check_tells_whether_notices_can_be_shown(file, clock, settings, is_present, expected):
    async with working(Desk(file, clock, **settings)) as desk:
        desk.screen.is_present = is_present
        what, verdict, fix = await desk.delivery.check()
    assert (what, verdict) == ("notifications", expected[0])
    assert fix.startswith(expected[1])


# what is switched off


async def test_switched_off_nothing_is_shown_and_nothing_waits(file, clock):
    async with working(Desk(file, clock, notifications=False)) as desk:
        notice_id = await desk.notify(urgency="critical")
        assert (desk.screen.tries, desk.delivery.waiting, desk.state(notice_id)) == (0, 0, SILENCED)


async def test_a_silent_type_is_not_shown_and_the_others_are(file, clock):
    async with working(Desk(file, clock, silent=("budget", "task_completed"))) as desk:
        for word in ("budget", "digest", "task_completed", ""):
            await desk.notify(word or "none", type=word)
        assert desk.titles == ["digest", "none"]


@pytest.mark.parametrize("word", ["", "Budget", "two words", "digest,away"])
def test_a_silent_type_has_to_look_like_one(file, clock, word):
    with pytest.raises(ConfigurationError) as caught:
        Desk(file, clock, silent=("digest", word))
    told = f"[reporter] silent must be types of notices such as digest or task_completed, not {word!r}"
    assert str(caught.value) == told


def test_quiet_hours_that_are_none_are_a_mistake_in_the_settings(file, clock):
    with pytest.raises(ConfigurationError, match=r"\[reporter\] quiet_hours must be"):
        Desk(file, clock, quiet_hours="at night")


async def test_what_happened_while_switched_off_is_not_shown_later(file, clock):
    async with working(Desk(file, clock, notifications=False)) as silent:
        await silent.notify()
    async with working(silent.another(notifications=True)) as desk:
        assert desk.screen.tries == 0


async def test_what_waited_when_it_was_switched_off_waits_no_longer(file, clock):
    async with working(Desk(file, clock)) as before:
        await before.notify("question", actions=[STOP], type="budget")
        before.screen.away = NOBODY
        notice_id = await before.notify("waits", type="budget")
        before.screen.away = None
        before.screen.another_server()
    async with working(before.another(silent=("budget",))) as desk:
        assert (desk.on_screen, desk.delivery.waiting, desk.state(notice_id)) == ([], 0, SILENCED)


async def test_all_that_waited_when_it_was_switched_off_is_silenced_with_one_commit(file, clock):
    async with working(Desk(file, clock)) as before:
        before.screen.away = NOBODY
        ids = [await before.notify() for _ in range(50)]
    desk = before.another(notifications=False)
    desk.database.open()
    statements = []
    desk.database._connection.set_trace_callback(statements.append)
    await desk.delivery.start()
    desk.database._connection.set_trace_callback(None)
    assert statements.count("COMMIT") == 1
    assert {desk.state(notice_id) for notice_id in ids} == {SILENCED}
    await desk.stop()


# quiet hours


async def test_in_quiet_hours_only_what_is_critical_is_shown(file, clock):
    clock.set("2026-11-22 22:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify("waits")
        await desk.notify("a digest", type=DIGEST)
        await desk.notify("a question", actions=[STOP])
        await desk.notify("critical", urgency="critical")
        assert (desk.titles, desk.delivery.waiting) == (["critical"], 3)


async def test_when_quiet_hours_are_over_what_waited_is_shown_by_itself(file, clock):
    clock.set("2026-11-23 06:59:59.95")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify("first")
        await desk.notify("second", actions=[STOP])
        assert desk.titles == []
        clock.forward(seconds=0.05)
        await soon(desk.screen.asked)
        await desk.delivery.deliver()
        assert desk.titles == ["first", "second"]


async def test_quiet_hours_are_waited_for_with_one_timer(file, clock, monkeypatch):
    clock.set("2026-11-22 22:00")
    loop = asyncio.get_running_loop()
    timers = []

    def call_later(delay, callback, *arguments):
        timers.append((delay, original(delay, callback, *arguments)))
        return timers[-1][1]

    original = loop.call_later
    async with working(Desk(file, clock, **QUIET)) as desk:
        monkeypatch.setattr(loop, "call_later", call_later)
        ids = [await desk.notify() for _ in range(3)]
        assert [delay for delay, timer in timers if not timer.cancelled()] == [alarm.LONGEST]
        for notice_id in ids:
            await desk.delivery.withdraw(notice_id)
        await desk.delivery.deliver()
        assert all(timer.cancelled() for _, timer in timers)
        monkeypatch.undo()


async def test_while_nothing_waits_no_timer_runs(file, clock, monkeypatch):
    clock.set("2026-11-22 22:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        monkeypatch.setattr(asyncio.get_running_loop(), "call_later", None)
        await desk.notify("critical", urgency="critical")
        monkeypatch.undo()
        assert desk.titles == ["critical"]


async def test_after_a_sleep_it_is_looked_again_whether_quiet_hours_are_over(file, clock):
    clock.set("2026-11-22 23:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify()
        clock.set("2026-11-23 07:30")
        desk.delivery.wake()
        await soon(desk.screen.asked)
        await desk.delivery.deliver()
        assert desk.titles == ["Title"]


async def test_when_the_clock_is_set_quiet_hours_end_without_anybody_telling(file, clock, monkeypatch):
    monkeypatch.setattr(alarm, "LONGEST", 0.02)
    clock.set("2026-11-22 23:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify()
        assert desk.screen.tries == 0
        clock.set("2026-11-23 07:30")
        await soon(desk.screen.asked)
        await desk.delivery.deliver()
        assert desk.titles == ["Title"]


async def test_a_clock_that_is_set_back_into_quiet_hours_shows_nothing_more(file, clock):
    clock.set("2026-11-23 07:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify("before")
        clock.set("2026-11-23 06:00")
        await desk.notify("after")
        assert desk.titles == ["before"]


async def test_a_burst_in_quiet_hours_is_one_fold_when_they_are_over(file, clock):
    clock.set("2026-11-22 23:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        for number in range(20):
            await desk.notify(str(number))
        clock.set("2026-11-23 07:00")
        await desk.delivery.deliver()
        assert desk.titles == ["20 notices"]


# bursts


async def test_a_few_notices_are_shown_by_themselves_and_then_folded(desk):
    for number in range(5):
        await desk.notify(f"Title {number}")
    assert desk.titles == ["Title 0", "Title 1", "Title 2", "Title 3"]
    assert desk.delivery.waiting == 1
    desk.clock.forward(seconds=1)
    await desk.delivery.deliver()
    assert (desk.on_screen[3:], desk.delivery.waiting) == (["2 notices"], 0)
    assert desk.announced[-1][1] == "2 notices\n• Title 3: Body\n• Title 4: Body"


async def test_a_burst_of_200_is_three_notices_and_one_fold(desk, clock):
    ids = []
    for number in range(200):
        ids.append(await desk.notify(f"Title {number}", f"Body {number}"))
        clock.forward(milliseconds=20)
    clock.forward(seconds=1)
    await desk.delivery.deliver()
    assert desk.on_screen == ["Title 0", "Title 1", "Title 2", "197 notices"]
    assert [desk.state(notice_id) for notice_id in ids] == [SHOWN] * 3 + [FOLDED] * 197
    fold = desk.screen.shown[-1]
    assert fold.body.splitlines()[-2:] == ["• Title 199: Body 199", "… and 192 more"]
    assert 4 <= len([shown for shown in desk.screen.shown if shown.id == fold.id]) <= 6
    assert len({shown.place for shown in desk.screen.shown}) == 4


async def test_200_that_waited_for_a_server_are_one_fold(desk):
    desk.screen.away = NOBODY
    for _ in range(200):
        desk.add()
    await desk.delivery.deliver()
    assert len(desk.ledger.waiting()) == desk.delivery.waiting == 200
    desk.screen.away = None
    await desk.delivery.deliver()
    assert (desk.titles, desk.delivery.waiting) == (["200 notices"], 0)


async def test_more_than_anybody_would_read_are_one_fold_too(desk):
    with desk.database.writing() as connection:
        for number in range(1200):
            kept = Notice(f"many {number}", number, "Title", str(number), "normal" if number == 7 else "low")
            insert(connection, kept, "", PENDING)
    await desk.delivery.deliver()
    (fold,) = desk.screen.shown
    assert (fold.title, fold.urgency, desk.delivery.waiting) == ("1200 notices", "normal", 0)
    assert fold.body.splitlines()[-2:] == ["• Title: 1199", "… and 1195 more"]
    desk.clock.forward(seconds=1)
    await desk.notify("one more", urgency="low")
    assert (desk.on_screen, desk.screen.shown[-1].urgency) == (["1201 notices"], "normal")


async def test_however_much_waits_only_what_is_shown_is_in_memory(desk):
    with desk.database.writing() as connection:
        for number in range(200):
            fields = {"actions": [STOP]} if number % 2 else {}
            insert(connection, Notice(f"large {number}", number, "Title", "x" * 200_000, **fields), "", PENDING)
    desk.screen.away = NOBODY
    tracemalloc.start()
    try:
        await desk.delivery.deliver()
        desk.screen.away = None
        await desk.delivery.deliver()
        await desk.another_server()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(desk.screen.shown) == 101 + 100
    assert peak < 20 * 200_000


async def test_what_is_withdrawn_before_its_turn_is_not_shown(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    desk.add("first")
    second = desk.add("second")
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)
    await desk.delivery.withdraw(second)
    gate.set()
    await desk.delivery.deliver()
    assert (desk.titles, desk.delivery.waiting, desk.state(second)) == (["first"], 0, WITHDRAWN)


async def test_the_fold_grows_by_itself_when_its_pause_is_over(desk, clock):
    for _ in range(4):
        await desk.notify()
    clock.forward(seconds=0.95)
    await desk.notify("the last")
    assert len(desk.screen.shown) == 4
    desk.screen.asked.clear()
    clock.forward(seconds=0.05)
    await soon(desk.screen.asked)
    await desk.delivery.deliver()
    assert desk.titles[4:] == ["2 notices"]
    assert desk.screen.shown[4].is_replacement


async def test_after_a_burst_notices_are_shown_by_themselves_again(desk, clock):
    for number in range(4):
        await desk.notify(str(number))
    clock.forward(seconds=10)
    for title in ("a", "b", "c", "d"):
        await desk.notify(title)
    assert desk.on_screen == ["0", "1", "2", "2 notices", "a", "b", "c"]


async def test_in_a_burst_what_stands_alone_is_shown_by_itself_and_in_order_of_time(desk, clock):
    for title, fields in (
        ("a", {}),
        ("question", {"actions": [STOP]}),
        *((str(number), {}) for number in range(4)),
    ):
        desk.add(title, **fields)
        clock.forward(milliseconds=1)
    desk.add("critical", urgency="critical")
    await desk.delivery.deliver()
    assert desk.titles == ["question", "5 notices", "critical"]


async def test_a_fold_that_was_dismissed_does_not_come_back(desk, clock):
    for number in range(6):
        desk.add(str(number))
    await desk.delivery.deliver()
    await desk.dismiss(desk.screen.shown[0].id)
    clock.forward(seconds=2)
    await desk.notify("a")
    clock.forward(seconds=2)
    await desk.notify("b")
    assert desk.on_screen == ["2 notices"]
    assert desk.screen.shown[-1].body.splitlines() == ["• a: Body", "• b: Body"]


async def test_a_notice_alone_in_a_fold_looks_and_opens_like_itself(desk):
    for _ in range(3):
        await desk.notify()
    await desk.notify("Report", "It is there.", open="/report.md")
    fold = desk.screen.shown[-1]
    assert (fold.title, fold.body) == ("Report", "It is there.")
    await desk.click(fold.id)
    assert desk.opened == [("/report.md", "token")]


async def test_a_fold_nobody_took_is_shown_with_what_came_meanwhile(desk, clock):
    for number in range(5):
        desk.add(str(number))
    desk.screen.enqueue(NOBODY)
    await desk.delivery.deliver()
    assert (desk.titles, desk.delivery.waiting) == ([], 1)
    for number in range(4):
        desk.add(f"later {number}")
    await desk.delivery.deliver()
    assert desk.titles[-1] == "9 notices"
    assert desk.on_screen == ["9 notices"]


async def test_a_fold_on_a_server_that_is_gone_is_told_and_a_new_one_begins(desk, clock):
    for number in range(5):
        desk.add(str(number))
    await desk.delivery.deliver()
    await desk.another_server()
    clock.forward(seconds=2)
    for number in range(5, 9):
        desk.add(str(number))
    await desk.delivery.deliver()
    assert desk.titles == ["5 notices", "4 notices"]


async def test_the_next_process_lets_the_fold_on_the_screen_grow(desk, file, clock):
    for number in range(5):
        desk.add(str(number))
    await desk.delivery.deliver()
    await desk.stop()
    async with working(desk.another()) as after:
        for number in range(5, 9):
            after.add(str(number))
        await after.delivery.deliver()
        assert after.on_screen == ["9 notices"]


# digests


@pytest.mark.parametrize("word", [DIGEST, AWAY])
async def test_of_many_digests_that_waited_for_a_server_the_newest_is_shown(desk, clock, word):
    desk.screen.away = NOBODY
    ids = []
    for number in range(60):
        ids.append(desk.add("A digest", str(number), type=word))
        clock.forward(days=1)
    await desk.delivery.deliver()
    assert desk.delivery.waiting == 60
    desk.screen.away = None
    await desk.delivery.deliver()
    (shown,) = desk.screen.shown
    assert (shown.id, shown.title, shown.body) == (ids[-1], "A digest, and 59 earlier", "59")
    assert desk.announced == [(ids[-1], "A digest, and 59 earlier\n59")]
    assert [desk.state(notice_id) for notice_id in ids] == [FOLDED] * 59 + [SHOWN]
    assert desk.delivery.waiting == 0


async def test_a_digest_that_nobody_took_is_one_of_the_earlier_ones_of_the_next(desk, clock):
    for title in ("first", "second", "third"):
        desk.screen.enqueue(NOBODY)
        desk.add(title, type=DIGEST)
        await desk.delivery.deliver()
        assert desk.delivery.waiting == 1
        clock.forward(days=1)
    await desk.delivery.deliver()
    assert desk.titles == ["third, and 2 earlier"]


async def test_a_digest_on_the_screen_stays_when_the_next_comes(desk):
    for title in ("first", "second"):
        await desk.notify(title, type=DIGEST)
    assert desk.on_screen == ["first", "second"]


async def test_what_is_told_by_another_notice_is_not_shown_when_a_slow_server_gets_to_it(desk):
    ids = []
    for title, kind in (("digest", DIGEST), ("plain", "")):
        desk.screen.enqueue(NOBODY)
        ids.append(await desk.notify(title, type=kind))
    desk.add("newer", type=DIGEST)
    for number in range(4):
        desk.add(str(number))
    await desk.delivery.deliver()
    assert set(desk.titles) >= {"newer, and 1 earlier", "5 notices"}
    assert set(ids) <= set(desk.screen.forgotten)


# clicks


async def test_a_click_on_the_body_opens_the_target_with_the_token_of_the_click(desk):
    notice_id = await desk.notify(open="/report.md")
    await desk.click(notice_id, token="window 7")
    assert (desk.opened, desk.pressed) == ([("/report.md", "window 7")], [])
    assert desk.actions == [(notice_id, "default")]
    assert desk.state(notice_id) == ACTED


async def test_a_click_on_a_button_calls_the_room(desk):
    notice_id = await desk.notify(open="/report.md", actions=[STOP, GO])
    await desk.click(notice_id, "stop")
    assert (desk.opened, desk.pressed) == ([], [("ai.senter.Tasks1", "CancelGoal", "7")])
    assert desk.actions == [(notice_id, "stop")]
    assert desk.state(notice_id) == ACTED


async def test_a_click_on_a_body_with_nothing_to_open_is_only_told(desk):
    notice_id = await desk.notify()
    await desk.click(notice_id)
    assert (desk.opened, desk.pressed, desk.titles) == ([], [], ["Title"])
    assert desk.actions == [(notice_id, "default")]
    assert desk.state(notice_id) == ACTED


@pytest.mark.parametrize("key", ["default", "stop"])
async def test_a_second_click_does_nothing(desk, key):
    notice_id = await desk.notify(open="/report.md", actions=[STOP])
    for _ in range(2):
        await desk.click(notice_id, key)
    assert len(desk.opened + desk.pressed) == len(desk.actions) == 1


async def test_a_click_while_the_room_is_still_being_called_does_nothing(desk):
    desk.gate = asyncio.Event()
    notice_id = await desk.notify(actions=[STOP])
    first = asyncio.create_task(desk.click(notice_id, "stop"))
    second = asyncio.create_task(desk.click(notice_id, "stop"))
    await second
    await desk.another_server()
    desk.gate.set()
    await first
    assert (len(desk.pressed), len(desk.screen.shown)) == (1, 1)
    assert desk.state(notice_id) == ACTED


async def test_a_key_that_no_button_has_does_nothing(desk):
    notice_id = await desk.notify(actions=[STOP])
    await desk.delivery.chosen(notice_id, "inline-reply", "")
    assert (desk.actions, desk.pressed, desk.state(notice_id)) == ([], [], SHOWN)


async def test_a_click_on_the_notice_of_somebody_else_is_nothing(desk):
    await desk.click("not ours")
    assert desk.actions == []


async def test_a_click_on_what_was_withdrawn_is_nothing(desk):
    notice_id = await desk.notify(actions=[STOP])
    await desk.delivery.withdraw(notice_id)
    await desk.click(notice_id, "stop")
    assert desk.pressed == []


async def test_who_clicks_or_dismisses_is_there(desk):
    notice_id = await desk.notify()
    await desk.delivery.closed(notice_id, False)
    assert desk.seen == 0
    await desk.delivery.closed(notice_id, True)
    assert desk.seen == 1
    await desk.delivery.chosen(notice_id, "default", "")
    assert desk.seen == 2


async def test_a_file_that_cannot_be_opened_becomes_a_notice(desk):
    notice_id = await desk.notify(open="/report.md")
    desk.refusal = Denied("the report is gone")
    await desk.click(notice_id)
    assert desk.titles == ["Title", "That click could not be carried out"]
    assert desk.screen.shown[1].body == "the report is gone"
    assert desk.state(notice_id) == ACTED


@pytest.mark.parametrize("fields", [{}, {"type": APPROVAL}, {"type": APPROVAL, "open": "/plan.md"}], ids=str)
async def test_a_question_whose_room_could_not_be_called_is_asked_again(desk, fields):
    notice_id = await desk.notify(actions=[STOP], **fields)
    desk.refusal = Unavailable("the tasks room has failed")
    await desk.click(notice_id, "stop")
    assert sorted(desk.on_screen) == ["That click could not be carried out", "Title"]
    desk.refusal = None
    await desk.click(notice_id, "stop")
    assert (len(desk.pressed), desk.state(notice_id)) == (2, ACTED)
    assert desk.on_screen == ["That click could not be carried out"]
    assert [told for told in desk.announced if told[0] == notice_id] == [(notice_id, "Title\nBody")]


@pytest.mark.parametrize("fields", [{}, {"open": "/plan.md"}], ids=str)
async def test_looking_at_what_is_asked_is_no_answer(desk, fields):
    notice_id = await desk.notify(actions=[STOP], type=APPROVAL, **fields)
    await desk.click(notice_id)
    assert desk.opened == [(target, "token") for target in fields.values()]
    assert (desk.on_screen, desk.state(notice_id)) == (["Title"], SHOWN)
    assert [kept.id for kept in desk.ledger.approvals()] == [notice_id]
    await desk.click(notice_id, "stop")
    assert (desk.on_screen, desk.state(notice_id)) == ([], ACTED)


async def test_an_approval_whose_closing_is_told_before_its_click_is_asked_again(desk):
    notice_id = await desk.notify(actions=[STOP], type=APPROVAL)
    desk.screen.user_takes_away(notice_id)
    await desk.delivery.closed(notice_id, True)
    await desk.delivery.chosen(notice_id, "default", "")
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.state(notice_id)) == (["Title"], SHOWN)


async def test_click_and_closing_that_are_told_at_once_are_one_click(desk):
    notice_id = await desk.notify(actions=[STOP], type=APPROVAL)
    desk.screen.user_takes_away(notice_id)
    click = asyncio.create_task(desk.delivery.chosen(notice_id, "default", ""))
    await asyncio.gather(click, desk.delivery.closed(notice_id, True))
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.state(notice_id)) == (["Title"], SHOWN)


async def test_a_question_that_is_clicked_beside_its_buttons_is_asked_again(desk):
    notice_id = await desk.notify(actions=[STOP])
    await desk.click(notice_id)
    assert (desk.on_screen, desk.state(notice_id), len(desk.announced)) == (["Title"], SHOWN, 1)
    await desk.click(notice_id, "stop")
    assert (desk.on_screen, desk.state(notice_id)) == ([], ACTED)


async def test_a_question_that_opened_something_is_settled(desk):
    notice_id = await desk.notify(open="/report.md", actions=[STOP])
    await desk.click(notice_id)
    assert desk.state(notice_id) == ACTED


async def test_a_click_that_cannot_be_looked_up_can_be_repeated(desk):
    notice_id = await desk.notify(actions=[STOP])
    desk.database.close()
    desk.screen.user_takes_away(notice_id)
    await desk.delivery.chosen(notice_id, "stop", "")
    desk.database.open()
    await desk.delivery.deliver()
    assert (desk.pressed, desk.on_screen) == ([], ["Title"])


async def test_a_room_that_was_called_is_not_called_again_because_the_disk_is_full(desk):
    notice_id = await desk.notify(actions=[STOP])
    desk.database._connection.execute("PRAGMA query_only = on")
    await desk.click(notice_id, "stop")
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.delivery.deliver()
    assert (len(desk.pressed), desk.titles) == (1, ["Title"])


async def test_an_answer_that_could_not_be_noted_is_one(desk):
    notice_id = await desk.notify(actions=[STOP])
    desk.database._connection.execute("PRAGMA query_only = on")
    await desk.click(notice_id, "stop")
    await desk.delivery.chosen(notice_id, "stop", "")
    await desk.delivery.closed(notice_id, True)
    await desk.another_server()
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.delivery.deliver()
    assert (len(desk.pressed), desk.titles, desk.state(notice_id)) == (1, ["Title"], ACTED)


async def test_a_question_that_was_answered_in_vain_while_the_disk_was_full_is_asked_again(desk):
    notice_id = await desk.notify(actions=[STOP])
    desk.refusal = Unavailable("the tasks room has failed")
    desk.database._connection.execute("PRAGMA query_only = on")
    desk.screen.user_takes_away(notice_id)
    await desk.delivery.closed(notice_id, True)
    await desk.click(notice_id, "stop")
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.state(notice_id)) == (["Title"], SHOWN)


async def test_what_was_dismissed_while_the_disk_was_full_is_not_shown_again(desk):
    notice_id = await desk.notify(actions=[STOP])
    desk.database._connection.execute("PRAGMA query_only = on")
    await desk.dismiss(notice_id)
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.another_server()
    assert (desk.titles, desk.state(notice_id)) == (["Title"], DISMISSED)


async def test_what_becomes_of_a_notice_while_something_is_noted_of_it_is_noted_too(desk, monkeypatch):
    notice_id = await desk.notify()
    begun, gate = asyncio.Event(), threading.Event()
    loop, closed = asyncio.get_running_loop(), desk.ledger.closed

    def slowly(*values):
        loop.call_soon_threadsafe(begun.set)
        assert gate.wait(10)
        closed(*values)

    monkeypatch.setattr(desk.ledger, "closed", slowly)
    first = asyncio.create_task(desk.delivery.closed(notice_id, False))
    await soon(begun)
    second = asyncio.create_task(desk.delivery.closed(notice_id, True))
    loop.call_soon(gate.set)
    await asyncio.gather(first, second)
    assert desk.state(notice_id) == DISMISSED


async def test_a_dismissal_that_cannot_be_noted_during_a_delivery_counts_in_it(desk, monkeypatch):
    notice_id = await desk.notify("question", actions=[STOP])
    gone = desk.delivery._showing.gone

    async def slowly():
        found = await gone()
        with monkeypatch.context() as full:
            full.setattr(desk.ledger, "closed", _full)
            await desk.delivery.closed(notice_id, True)
        return found

    monkeypatch.setattr(desk.delivery._showing, "gone", slowly)
    await desk.another_server()
    assert desk.titles == ["question"]


def _full(*_values):
    raise Unavailable("the disk is full")


@pytest.mark.parametrize(("key", "state"), [("stop", ACTED), (None, DISMISSED)])
async def test_what_could_not_be_noted_is_noted_at_the_stop(desk, key, state):
    notice_id = await desk.notify(actions=[STOP])
    desk.database._connection.execute("PRAGMA query_only = on")
    await (desk.click(notice_id, key) if key else desk.dismiss(notice_id))
    desk.database._connection.execute("PRAGMA query_only = off")
    await desk.stop()
    async with working(desk.another()) as after:
        assert (after.titles, after.state(notice_id)) == (["Title"], state)


async def test_after_a_failure_of_the_disk_what_waits_is_shown_by_itself(desk, monkeypatch):
    monkeypatch.setattr(module, "DISK_PAUSE", 0.02)
    monkeypatch.setattr(desk.ledger, "queue", _full)
    desk.add()
    await desk.delivery.deliver()
    monkeypatch.undo()
    await soon(desk.screen.asked)
    await desk.delivery.deliver()
    assert desk.titles == ["Title"]


async def test_after_a_failure_of_the_disk_the_end_of_quiet_hours_is_not_missed(file, clock, monkeypatch):
    clock.set("2026-11-23 06:59:59.95")
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify()
        monkeypatch.setattr(desk.ledger, "queue", _full)
        await desk.delivery.deliver()
        monkeypatch.undo()
        clock.forward(seconds=0.05)
        await soon(desk.screen.asked)
        await desk.delivery.deliver()
        assert desk.titles == ["Title"]


async def test_what_could_not_be_noted_is_noted_when_the_disk_can_be_used(desk, monkeypatch):
    monkeypatch.setattr(module, "DISK_PAUSE", 0.02)
    notice_id = await desk.notify()
    noted = asyncio.Event()
    loop = asyncio.get_running_loop()
    closed = desk.ledger.closed

    def note(*values):
        closed(*values)
        loop.call_soon_threadsafe(noted.set)

    monkeypatch.setattr(desk.ledger, "closed", _full)
    await desk.delivery.closed(notice_id, True)
    monkeypatch.setattr(desk.ledger, "closed", note)
    await soon(noted)
    assert desk.state(notice_id) == DISMISSED


async def test_where_there_is_no_server_nobody_looks_again(desk):
    desk.screen.away = NOBODY
    await desk.notify()
    assert desk.delivery._alarm._timer is None


# taking back


async def test_what_is_withdrawn_leaves_the_screen(desk):
    notice_id = await desk.notify(key="task 7", actions=[STOP])
    (shown,) = desk.screen.shown
    await desk.delivery.withdraw("task 7")
    assert (desk.screen.taken_off, desk.on_screen) == ([(notice_id, shown.place)], [])
    await desk.another_server()
    assert (desk.titles, desk.state(notice_id)) == (["Title"], WITHDRAWN)


async def test_what_is_withdrawn_before_it_was_shown_is_not_shown(file, clock):
    clock.set("2026-11-22 23:00")
    async with working(Desk(file, clock, **QUIET)) as desk:
        notice_id = await desk.notify(actions=[STOP])
        await desk.delivery.withdraw(notice_id)
        clock.set("2026-11-23 08:00")
        await desk.delivery.deliver()
        assert (desk.titles, desk.delivery.waiting) == ([], 0)


async def test_what_is_withdrawn_while_it_is_being_shown_is_taken_off_again(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    notice_id = desk.add(actions=[STOP])
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)
    await desk.delivery.withdraw(notice_id)
    gate.set()
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.announced, desk.state(notice_id)) == ([], [], WITHDRAWN)


async def test_what_is_withdrawn_while_the_server_is_slow_is_not_wanted_any_more(desk):
    desk.screen.enqueue(NOBODY)
    notice_id = await desk.notify(actions=[STOP])
    assert list(desk.delivery._showing._tried) == [notice_id]
    await desk.delivery.withdraw(notice_id)
    assert (desk.screen.forgotten, desk.delivery._showing._tried) == ([notice_id], {})


async def test_what_is_withdrawn_before_the_server_proves_slow_is_not_wanted_any_more(file, clock):
    class SlowScreen(FakeScreen):
        async def show(self, *told, **how):
            """Let the notice be taken back, and give no answer."""
            await desk.delivery.withdraw(told[0])
            self.forgotten.clear()
            raise NOBODY

    desk = Desk(file, clock, SlowScreen())
    async with working(desk):
        notice_id = await desk.notify(actions=[STOP])
        assert (desk.screen.forgotten, desk.delivery._showing._tried) == ([notice_id], {})


async def test_an_approval_that_was_refused_can_be_taken_back(desk, clock):
    desk.screen.enqueue(*[TOO_MANY] * 5)
    notice_id = await desk.notify(key="key", actions=[STOP], type=APPROVAL)
    for pause in PAUSES:
        clock.forward(seconds=pause.total_seconds())
        await desk.delivery.deliver()
    assert (desk.state(notice_id), len(desk.ledger.approvals())) == (REFUSED, 1)
    await desk.delivery.withdraw("key")
    assert (desk.state(notice_id), desk.ledger.approvals()) == (WITHDRAWN, [])


async def test_what_is_withdrawn_between_two_tries_is_not_tried_again(desk, clock):
    desk.screen.enqueue(TOO_MANY)
    notice_id = await desk.notify()
    await desk.delivery.withdraw(notice_id)
    clock.forward(seconds=2)
    await desk.delivery.deliver()
    assert (desk.screen.tries, desk.delivery.waiting) == (1, 0)


@pytest.mark.parametrize("what", ["nobody", ""])
async def test_what_is_unknown_is_not_withdrawn(desk, what):
    await desk.notify()
    await desk.delivery.withdraw(what)
    assert (desk.on_screen, desk.screen.taken_off) == (["Title"], [])


async def test_a_withdrawal_that_was_not_written_down_is_told(desk):
    await desk.notify(key="key")
    desk.database._connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        await desk.delivery.withdraw("key")
    assert desk.on_screen == ["Title"]


class StubbornScreen:
    """A screen that takes nothing off."""

    def __init__(self, screen):
        self._screen = screen

    def __getattr__(self, name):
        return getattr(self._screen, name)

    async def close(self, notice, place):
        """Fail."""
        raise NOBODY


async def test_a_server_that_takes_nothing_off_does_not_keep_what_is_withdrawn(file, clock):
    async with working(Desk(file, clock, StubbornScreen(FakeScreen()))) as desk:
        notice_id = await desk.notify()
        await desk.delivery.withdraw(notice_id)
        assert desk.state(notice_id) == WITHDRAWN


# other servers


async def test_another_server_shows_the_questions_again_once_and_nothing_else(desk):
    for title, fields in (("plain", {}), ("report", {"open": "/x"}), ("question", {"actions": [STOP]})):
        await desk.notify(title, **fields)
    await desk.another_server()
    assert desk.on_screen == ["question"]
    await desk.delivery.deliver()
    await desk.notify("new")
    assert desk.on_screen == ["question", "new"]
    await desk.another_server()
    assert desk.on_screen == ["question"]
    assert [text for _, text in desk.announced].count("question\nBody") == 1


async def test_between_two_servers_questions_wait(desk):
    await desk.notify(actions=[STOP])
    desk.screen.away = NOBODY
    desk.screen.another_server()
    await desk.delivery.deliver()
    assert desk.delivery.waiting == 1
    desk.screen.away = None
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.delivery.waiting) == (["Title"], 0)


@pytest.mark.parametrize("key", ["stop", None])
async def test_a_question_that_was_answered_or_dismissed_is_not_shown_again(desk, key):
    notice_id = await desk.notify(actions=[STOP])
    await (desk.click(notice_id, key) if key else desk.dismiss(notice_id))
    await desk.another_server()
    assert desk.titles == ["Title"]


async def test_a_question_that_the_server_let_go_when_it_ended_is_shown_by_the_next(desk):
    notice_id = await desk.notify(actions=[STOP])
    await desk.delivery.closed(notice_id, False)
    await desk.delivery.deliver()
    assert desk.titles == ["Title"]
    await desk.another_server()
    assert desk.on_screen == ["Title"]


async def test_another_server_in_quiet_hours_shows_the_questions_when_they_are_over(file, clock):
    async with working(Desk(file, clock, **QUIET)) as desk:
        await desk.notify(actions=[STOP])
        clock.set("2026-11-22 23:00")
        await desk.another_server()
        assert (desk.on_screen, desk.delivery.waiting) == ([], 1)
        clock.set("2026-11-23 07:00")
        await desk.delivery.deliver()
        assert desk.on_screen == ["Title"]


async def test_a_question_that_another_server_refuses_at_first_is_asked_again(desk, clock):
    notice_id = await desk.notify(actions=[STOP])
    desk.screen.enqueue(TOO_MANY)
    await desk.another_server()
    assert (desk.on_screen, desk.state(notice_id), desk.delivery.waiting) == ([], SHOWN, 1)
    clock.forward(seconds=2)
    await desk.delivery.deliver()
    assert (desk.on_screen, desk.delivery.waiting) == (["Title"], 0)


async def test_a_question_that_another_server_refuses_is_not_asked_over_and_over(desk, clock):
    notice_id = await desk.notify(actions=[STOP], type=APPROVAL)
    desk.screen.enqueue(*[Denied("no buttons here")] * 5)
    await desk.another_server()
    for _ in range(10):
        clock.forward(minutes=1)
        await desk.delivery.deliver()
    assert (desk.screen.tries, desk.state(notice_id)) == (6, REFUSED)
    assert [kept.id for kept in desk.ledger.approvals()] == [notice_id]


class ForgetfulScreen:
    """A screen that gives no answer in time to its first notice, and that late answer to its second try."""

    def __init__(self, screen):
        self._screen = screen
        self._late = None

    def __getattr__(self, name):
        return getattr(self._screen, name)

    async def show(self, *told, **how):
        """Answer as it was said."""
        if self._late is None:
            self._late = await self._screen.show(*told, **how)
            raise Unavailable("the notification server has not answered yet")
        late, self._late = self._late, ""
        return late or await self._screen.show(*told, **how)


async def test_a_fold_that_grew_while_the_server_was_slow_tells_all_in_the_end(file, clock):
    async with working(Desk(file, clock, ForgetfulScreen(FakeScreen()))) as desk:
        for number in range(4):
            desk.add(str(number))
        await desk.delivery.deliver()
        assert (desk.on_screen, desk.delivery.waiting) == (["4 notices"], 1)
        for number in range(4):
            desk.add(str(number))
        await desk.delivery.deliver()
        assert (desk.on_screen, desk.delivery.waiting) == (["8 notices"], 0)


class SluggishScreen(FakeScreen):
    """A screen that answers to nothing in time, and late to everything."""

    def __init__(self):
        super().__init__()
        self._late = {}

    async def show(self, *told, **how):
        """Show it, and say so when it is asked for again."""
        if told[0] in self._late:
            return self._late.pop(told[0])
        self._late[told[0]] = await super().show(*told, **how)
        raise NOBODY


async def test_a_server_that_is_always_slow_is_not_asked_over_and_over(file, clock):
    async with working(Desk(file, clock, SluggishScreen())) as desk:
        for _ in range(2):
            for number in range(4):
                desk.add(str(number))
            await desk.delivery.deliver()
        for _ in range(3):
            await desk.delivery.deliver()
        assert (desk.titles, desk.delivery.waiting) == (["4 notices", "8 notices"], 0)


# other processes


async def test_at_the_start_the_screen_is_watched_and_what_waits_is_shown(file, clock):
    async with working(Desk(file, clock)) as before:
        before.screen.away = NOBODY
        for title in ("first", "second"):
            await before.notify(title)
    desk = before.another()
    desk.database.open()
    await desk.delivery.start()
    assert (desk.screen.starts, desk.delivery.waiting) == (2, 2)
    desk.screen.away = None
    await desk.delivery.deliver()
    assert desk.titles == ["first", "second"]
    await desk.stop()


async def test_what_was_shown_by_the_process_before_is_not_shown_again(desk):
    await desk.notify()
    await desk.stop()
    async with working(desk.another()) as after:
        assert after.screen.tries == 1


async def test_a_question_of_the_process_before_is_shown_again_in_its_place_and_works(desk):
    notice_id = await desk.notify(actions=[STOP])
    await desk.stop()
    async with working(desk.another()) as after:
        assert (after.on_screen, after.announced) == (["Title"], [])
        assert after.screen.shown[1].is_replacement
        await after.click(notice_id, "stop")
        assert (after.pressed, after.state(notice_id)) == ([("ai.senter.Tasks1", "CancelGoal", "7")], ACTED)
        await after.another_server()
        assert after.on_screen == []


async def test_a_question_of_the_process_before_is_shown_again_by_another_server(desk):
    await desk.notify(actions=[STOP])
    await desk.stop()
    desk.screen.another_server()
    async with working(desk.another()) as after:
        assert after.on_screen == ["Title"]


async def test_what_opens_something_is_shown_again_only_where_it_still_is(desk):
    notice_id = await desk.notify("digest", type=DIGEST, open="/digest.html")
    await desk.stop()
    async with working(desk.another()) as after:
        assert after.screen.shown[1].is_replacement
        await after.click(notice_id)
        assert after.opened == [("/digest.html", "token")]
        await after.notify("report", open="/report.md")
    desk.screen.another_server()
    async with working(desk.another()) as last:
        assert (last.on_screen, last.delivery.waiting) == ([], 0)
        await last.another_server()
        assert last.on_screen == []


async def test_what_opens_something_is_shown_again_only_while_it_is_likely_to_be_there(desk, clock):
    await desk.notify("a report", open="/report.md")
    await desk.notify("a digest", type=DIGEST, open="/digest.html")
    clock.forward(seconds=25)
    await desk.notify("a new report", open="/report.md")
    clock.forward(seconds=10)
    await desk.stop()
    async with working(desk.another()) as after:
        assert after.titles[3:] == ["a digest", "a new report"]


async def test_what_opens_something_and_left_the_screen_is_not_shown_again(desk):
    notice_id = await desk.notify(open="/report.md")
    await desk.delivery.closed(notice_id, False)
    await desk.stop()
    async with working(desk.another()) as after:
        assert after.titles == ["Title"]


async def test_a_stop_lets_a_showing_that_is_under_way_be_noted_and_begins_no_other(desk):
    gate = asyncio.Event()
    desk.screen.enqueue(gate)
    first, second = desk.add("first"), desk.add("second")
    desk.delivery.deliver_soon()
    await soon(desk.screen.asked)

    async def answer():
        gate.set()

    await asyncio.gather(desk.delivery.stop(), answer())
    assert (desk.state(first), desk.state(second), desk.titles) == (SHOWN, PENDING, ["first"])


async def test_a_stop_does_not_wait_for_a_screen_that_never_answers(file, clock, monkeypatch):
    monkeypatch.setattr(module, "STOP_PATIENCE", 0.01)
    desk = await Desk(file, clock).start()
    desk.screen.enqueue(asyncio.Event())
    notice_id = desk.add()
    delivery = asyncio.create_task(desk.delivery.deliver())
    await soon(desk.screen.asked)
    await desk.stop()
    await delivery
    async with working(desk.another()) as after:
        assert (after.titles, after.state(notice_id)) == (["Title"], SHOWN)


async def test_a_click_that_a_stop_interrupts_can_be_repeated(file, clock, monkeypatch):
    monkeypatch.setattr(module, "STOP_PATIENCE", 0.01)
    desk = await Desk(file, clock).start()
    notice_id = await desk.notify(actions=[STOP])
    desk.gate = asyncio.Event()
    click = asyncio.create_task(desk.delivery.chosen(notice_id, "stop", ""))
    await soon(desk.called)
    await desk.delivery.closed(notice_id, True)
    await desk.delivery.stop()
    await click
    desk.database.close()
    async with working(desk.another()) as after:
        assert (after.on_screen, after.state(notice_id)) == (["Title"], SHOWN)


async def test_a_stop_does_not_wait_for_a_desktop_that_asks_with_what_to_open(file, clock):
    desk = await Desk(file, clock).start()
    notice_id = await desk.notify(open="/report.md")
    desk.gate = asyncio.Event()
    click = asyncio.create_task(desk.delivery.chosen(notice_id, "default", ""))
    await soon(desk.called)
    async with asyncio.timeout(module.STOP_PATIENCE / 2):
        await desk.delivery.stop()
    await asyncio.wait({click})
    assert desk.state(notice_id) == SHOWN
    desk.database.close()


async def test_after_the_stop_nothing_is_begun(file, clock):
    desk = await Desk(file, clock).start()
    notice_id = desk.add(actions=[STOP])
    await desk.delivery.stop()
    desk.delivery.deliver_soon()
    await desk.delivery.deliver()
    await desk.delivery.chosen(notice_id, "stop", "")
    desk.database.close()
    await desk.delivery.deliver()
    await desk.delivery.closed(notice_id, True)
    assert (desk.screen.tries, desk.pressed) == (0, [])


async def test_a_kill_between_showing_and_noting_may_show_a_notice_twice_but_loses_none(file, clock):
    before = await Desk(file, clock).start()
    gate = asyncio.Event()
    before.screen.enqueue(gate)
    for title in ("first", "second"):
        before.add(title)
    before.delivery.deliver_soon()
    await soon(before.screen.asked)
    before.database.close()
    gate.set()
    await before.delivery.deliver()
    assert before.titles == ["first"]
    async with working(before.another()) as after:
        assert after.titles == ["first", "first", "second"]
        assert after.delivery.waiting == 0
    await before.delivery.stop()


async def test_a_kill_between_folding_and_showing_loses_nothing(file, clock, monkeypatch):
    monkeypatch.setattr(module, "STOP_PATIENCE", 0.01)
    before = await Desk(file, clock).start()
    before.screen.enqueue(asyncio.Event())
    for number in range(5):
        before.add(str(number))
    before.delivery.deliver_soon()
    await soon(before.screen.asked)
    before.database.close()
    async with working(before.another()) as after:
        assert after.titles == ["5 notices"]
    await before.delivery.stop()


async def test_a_disk_that_cannot_be_used_stops_the_start_with_the_reason(file, clock):
    with pytest.raises(Unavailable, match="is not open"):
        await Desk(file, clock).delivery.start()


# whatever happens

KINDS = {
    "plain": {},
    "low": {"urgency": "low"},
    "critical": {"urgency": "critical"},
    "report": {"open": "/report.md"},
    "digest": {"type": DIGEST, "open": "/digest.html"},
    "question": {"actions": [STOP]},
    "approval": {"actions": [STOP], "type": APPROVAL},
}
WHICH = st.integers(0, 30)
MOST_EVENTS = 15
EVENTS = st.one_of(
    st.tuples(st.just("notify"), st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=6)),
    st.tuples(st.just("later"), st.sampled_from([0.1, 1, 10, 3600])),
    st.tuples(st.sampled_from(["button", "body", "dismiss", "expire", "withdraw"]), WHICH),
    st.tuples(st.sampled_from(["away", "back", "another server", "restart", "kill", "refuse", "be slow"])),
)


class Story:
    """What happens to some notices, one event after the other."""

    def __init__(self, desk):
        self.desk = desk
        self.told = []
        self.refusals = 0

    async def happen(self, name, *values):
        """Let something happen, and wait for what follows."""
        await getattr(self, name.replace(" ", "_"))(*values)
        await self.desk.delivery.deliver()

    async def notify(self, kinds):
        """Rooms have something to show."""
        self.told += [self.desk.add(kind, **KINDS[kind]) for kind in kinds]

    async def away(self):
        """The server ends."""
        self.desk.screen.another_server()
        self.desk.screen.away = NOBODY

    async def back(self):
        """There is a server, if there was none."""
        self.desk.screen.away = None

    async def another_server(self):
        """Another server takes over."""
        self.desk.screen.another_server()
        self.desk.screen.away = None

    async def refuse(self):
        """The server refuses what comes next."""
        self.desk.screen.enqueue(TOO_MANY)
        self.refusals += 1

    async def be_slow(self):
        """The server does not answer in time to what comes next."""
        self.desk.screen.enqueue(NOBODY)

    async def restart(self):
        """The reporter is restarted."""
        await self.desk.stop()
        self.desk = await self.desk.another().start()

    async def kill(self):
        """The reporter is killed while it does nothing."""
        self.desk.database.close()
        self.desk = await self.desk.another().start()

    async def button(self, which):
        """The user clicks on a button, or on the body where there is none."""
        if shown := self._there(which):
            await self.desk.click(shown.id, next(iter(shown.buttons), "default"))

    async def body(self, which):
        """The user clicks on a body."""
        if shown := self._there(which):
            await self.desk.click(shown.id)

    async def dismiss(self, which):
        """The user dismisses something."""
        if shown := self._there(which):
            await self.desk.dismiss(shown.id)

    async def expire(self, which):
        """Something leaves the screen by itself."""
        if (shown := self._there(which)) and not shown.sticky:
            self.desk.screen.user_takes_away(shown.id)
            await self.desk.delivery.closed(shown.id, False)

    async def withdraw(self, which):
        """A room takes something back."""
        if self.told:
            await self.desk.delivery.withdraw(self.told[which % len(self.told)])

    async def later(self, seconds):
        """Time passes."""
        self.desk.clock.forward(seconds=seconds)

    def _there(self, which):
        there = list(self.desk.screen.there.values())
        return there[which % len(there)] if there else None

    async def end(self):
        """Let a server be there that shows everything, and every pause be over."""
        await self.happen("back")
        for _ in range(MOST_EVENTS):
            await self.happen("later", 60)

    def check(self):
        """Nothing was lost, and nothing told twice."""
        desk = self.desk
        last = {shown.id: shown for shown in desk.screen.shown}
        assert (desk.delivery.waiting, desk.ledger.waiting()) == (0, [])
        for notice_id in self.told:
            entry = desk.ledger.entry(notice_id)
            assert entry.state in (SHOWN, ACTED, DISMISSED, FOLDED, WITHDRAWN, *self._refused())
            if entry.state == FOLDED:
                other = self._shown_for(notice_id)
                assert other.state in (SHOWN, ACTED, DISMISSED, WITHDRAWN, *self._refused())
                if other.state not in (WITHDRAWN, REFUSED):
                    assert last[other.notice.id].body == other.notice.body
            elif entry.state not in (WITHDRAWN, REFUSED):
                assert notice_id in last
            if entry.state == SHOWN and entry.notice.actions:
                assert notice_id in {shown.id for shown in desk.screen.there.values()}
            if not entry.notice.actions:
                alone = [shown for shown in desk.screen.shown if shown.id == notice_id]
                assert len([shown for shown in alone if not shown.is_replacement]) <= 1

    def _refused(self):
        """The state of what was refused, if there were enough refusals for one notice."""
        return [REFUSED] if self.refusals >= 5 else []

    def _shown_for(self, notice_id):
        """The entry of the notice that is shown for another."""
        with self.desk.database.reading() as connection:
            found = connection.execute("SELECT folded_into FROM notices WHERE id = ?", (notice_id,)).fetchone()
        return self.desk.ledger.entry(found[0])


@given(st.lists(EVENTS, max_size=MOST_EVENTS))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("notify", ["plain"] * 5), ("away",), ("notify", ["plain"] * 5), ("back",), ("restart",)])
@example([("notify", ["approval", "digest"]), ("body", 0), ("kill",), ("another server",), ("button", 0)])
def test_whatever_happens_no_notice_is_lost_or_told_twice(tmp_path_factory, events):
    async def tell():
        file = tmp_path_factory.mktemp("story") / "activity.db"
        story = Story(await Desk(file, Clock("2026-11-22 10:00")).start())
        for name, *values in events:
            await story.happen(name, *values)
        await story.end()
        story.check()
        await story.desk.stop()

    asyncio.run(tell())
