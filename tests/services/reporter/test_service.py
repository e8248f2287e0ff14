"""The reporter's work, with a screen, a clock and rooms that are not real and a disk that is."""

import asyncio
import threading

import pytest
from support.clock import Clock
from support.reporter import Reporter, running

from senter import database
from senter.errors import InvalidArgument, Unavailable
from senter.reporter.store import Store

NOBODY = Unavailable("there is no notification server")
STOP = ["stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7"]


@pytest.fixture
def file(tmp_path):
    """Where the log is."""
    return tmp_path / "activity.db"


@pytest.fixture
def clock():
    """Sunday, ten o'clock."""
    return Clock("2026-11-22 10:00")


@pytest.fixture
async def reporter(file, clock):
    """A reporter at work."""
    async with running(Reporter(Store(file), clock)) as started:
        yield started


# the log


async def test_what_was_logged_is_told_with_its_source_and_time(reporter, clock):
    await reporter.log("task_completed", "wrote the deck")
    (activity,) = await reporter.service.activities(0, 10, 0)
    assert (activity.type, activity.summary, activity.source) == ("task_completed", "wrote the deck", ":1.5")
    assert (activity.time, activity.importance) == (clock.microseconds, "normal")


async def test_a_summary_is_made_of_the_details(reporter):
    await reporter.log("research_complete", "", details={"topic": "AI trends"})
    (activity,) = await reporter.service.activities(0, 10, 0)
    assert activity.summary == "Researched: AI trends"


@pytest.mark.parametrize(("activity_type", "importance"), [("Not a word", "normal"), ("task_completed", "huge")])
async def test_what_is_no_type_or_importance_is_refused_before_it_is_written(reporter, activity_type, importance):
    with pytest.raises(InvalidArgument):
        await reporter.log(activity_type, importance=importance)
    assert await reporter.service.activities(0, 10, 0) == []


@pytest.mark.parametrize(("importance", "urgency"), [("high", "normal"), ("critical", "critical")])
async def test_an_important_activity_is_shown_at_once(reporter, importance, urgency):
    await reporter.log(summary="the disk is full", importance=importance)
    await reporter.delivery.deliver()
    (shown,) = reporter.screen.shown
    assert (shown.title, shown.body, shown.urgency) == ("Senter", "the disk is full", urgency)


@pytest.mark.parametrize("importance", ["low", "normal"])
async def test_any_other_activity_waits_for_the_digest(reporter, importance):
    await reporter.log(importance=importance)
    await reporter.delivery.deliver()
    assert reporter.screen.shown == []


async def test_an_activity_with_the_same_key_is_logged_and_shown_once(reporter):
    for _ in range(2):
        await reporter.log(importance="high", key="goal 7 done")
    await reporter.delivery.deliver()
    assert len(reporter.screen.shown) == 1
    assert len(await reporter.service.activities(0, 10, 0)) == 1


async def test_an_important_activity_is_shown_when_the_call_is_repeated_after_a_failure(reporter):
    reporter.store._connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        await reporter.log(importance="high", key="once")
    reporter.store._connection.execute("PRAGMA query_only = off")
    await reporter.log(importance="high", key="once")
    await reporter.delivery.deliver()
    assert reporter.titles == ["Senter"]
    assert len(await reporter.service.activities(0, 10, 0)) == 1


async def test_a_time_beyond_all_times_finds_nothing(reporter):
    await reporter.log()
    assert await reporter.service.activities(2**64 - 1, 10, 0) == []


async def test_a_page_of_activities_is_bounded(reporter):
    await reporter.settled()
    reporter.store._connection.executemany(
        "INSERT INTO activities (time, type, source, summary, importance, details) VALUES (?, 'a', '', '', '', '')",
        [(number,) for number in range(1001)],
    )
    for limit, rows in ((0, 100), (1, 1), (1000, 1000), (1001, 1000), (2**32 - 1, 1000)):
        assert len(await reporter.service.activities(0, limit, 0)) == rows
    assert len(await reporter.service.activities(0, 1000, 1000)) == 1


async def test_progress_tells_the_past_24_hours(reporter, clock):
    await reporter.log(summary="long ago")
    clock.forward(hours=25)
    await reporter.log(summary="just now")
    told = "While you were away (1 activity):\n  • just now\n  in the past 24 hours"
    assert await reporter.service.progress() == told


async def test_progress_tells_activities_of_one_moment_in_their_order(reporter):
    await reporter.log(summary="first")
    await reporter.log(summary="second")
    assert (await reporter.service.progress()).splitlines()[1:3] == ["  • first", "  • second"]


async def test_a_digest_of_some_hours_tells_these_hours(reporter, clock):
    await reporter.log("goal_completed", "long ago")
    clock.forward(hours=3)
    await reporter.log("goal_completed", "just now")
    assert "just now" in await reporter.service.digest(1)
    assert "long ago" not in await reporter.service.digest(1)
    assert "long ago" in await reporter.service.digest(24)


async def test_a_digest_of_nothing_names_its_hours(reporter):
    assert await reporter.service.digest(1) == "No activity in the past hour."
    assert await reporter.service.digest(8784) == "No activity in the past 8784 hours."


@pytest.mark.parametrize("hours", [0, 8785, 2**32 - 1])
async def test_a_digest_of_no_hours_or_of_years_is_refused(reporter, hours):
    with pytest.raises(InvalidArgument, match="hours must be 1 to 8784"):
        await reporter.service.digest(hours)


# notices


async def test_a_notice_with_the_same_key_is_shown_once_and_keeps_its_id(reporter):
    first = await reporter.notify(key="k")
    second = await reporter.notify(key="k")
    assert first == second
    assert len(reporter.screen.shown) == 1


async def test_a_notice_that_cannot_be_shown_is_refused_before_it_is_kept(reporter):
    with pytest.raises(InvalidArgument):
        await reporter.notify(title="")
    assert await reporter.service.pending() == []


async def test_switched_off_nothing_is_shown_and_everything_is_logged(file, clock):
    async with running(Reporter(Store(file), clock, notifications=False)) as reporter:
        await reporter.log(summary="important", importance="critical")
        await reporter.notify()
        assert await reporter.digest()
        assert reporter.screen.tries == 0
        assert await reporter.service.pending() == []
        assert len(await reporter.service.activities(0, 10, 0)) == 1


async def test_what_happened_while_switched_off_is_not_shown_later(file, clock):
    async with running(Reporter(Store(file), clock, notifications=False)) as silent:
        await silent.notify()
    async with running(Reporter(Store(file), clock)) as reporter:
        await reporter.delivery.deliver()
        assert reporter.screen.shown == []


# clicks


async def test_what_is_looked_for_is_bounded(reporter):
    await reporter.log(summary="a needle")
    assert len(await reporter.service.search("needle " * 1000, 0, 0)) == 1
    with pytest.raises(InvalidArgument, match="query must have a word to look for, and at most 32"):
        await reporter.service.search(" ".join(map(str, range(33))), 0, 0)


async def test_what_shows_an_activity_is_a_path_or_an_address(reporter):
    with pytest.raises(InvalidArgument, match="open must be an absolute path or a URL, not 'javascript:x'"):
        await reporter.log(details={"open": "javascript:x"})


@pytest.mark.parametrize("own", ["digest", "away", "fold"])
async def test_nobody_else_uses_the_types_of_the_reporter(reporter, own):
    with pytest.raises(InvalidArgument, match=f"type must not be {own}"):
        await reporter.notify(type=own)
    with pytest.raises(InvalidArgument, match=f"activity_type must not be {own}"):
        await reporter.log(own)


async def test_a_question_is_asked_and_not_logged(reporter):
    with pytest.raises(InvalidArgument, match="activity_type must not be approval"):
        await reporter.log("approval", importance="high")


# the daily digest


async def test_the_daily_digest_is_sent_once_a_day(reporter, clock):
    clock.set("2026-11-22 09:00")
    await reporter.log("goal_completed", "the deck")
    text = await reporter.digest()
    assert text.startswith("Daily digest\n")
    assert "the deck" in text
    for moment in ("2026-11-22 09:00", "2026-11-22 23:59", "2026-11-23 08:59:59"):
        clock.set(moment)
        assert await reporter.digest() == ""
    clock.set("2026-11-23 09:00")
    assert await reporter.digest()
    assert reporter.titles == ["Daily digest"] * 2


async def test_what_is_shown_is_what_is_answered(reporter):
    text = await reporter.digest()
    (shown,) = reporter.screen.shown
    assert text == f"{shown.title}\n{shown.body}"


async def test_a_digest_that_is_asked_for_twice_at_a_time_is_sent_once(reporter):
    answers = await asyncio.gather(*(reporter.service.send_digest("daily") for _ in range(4)))
    await reporter.delivery.deliver()
    assert sorted(map(bool, answers)) == [False, False, False, True]
    assert len(reporter.screen.shown) == 1


async def test_a_late_digest_says_so(reporter, clock):
    clock.set("2026-11-22 09:06")
    assert (await reporter.digest()).startswith("Daily digest (late, was due Sun 09:00)\n")


async def test_the_first_digest_tells_24_hours(reporter, clock):
    clock.set("2026-11-21 08:59")
    await reporter.log("goal_completed", "too old")
    clock.set("2026-11-21 09:01")
    await reporter.log("goal_completed", "young enough")
    clock.set("2026-11-22 09:00")
    text = await reporter.digest()
    assert "young enough" in text
    assert "too old" not in text


async def test_the_first_digest_of_nothing_names_its_period(reporter):
    assert "No activity in the past 24 hours." in await reporter.digest()


async def test_the_next_digest_tells_everything_since_the_one_before(reporter, clock):
    await reporter.log("goal_completed", "told before")
    clock.set("2026-11-22 12:00")
    await reporter.digest()
    clock.set("2026-11-22 12:30")
    await reporter.log("goal_completed", "after the late digest")
    clock.set("2026-11-25 09:00")
    text = await reporter.digest()
    assert "after the late digest" in text
    assert "told before" not in text
    clock.set("2026-11-26 09:00")
    assert "No activity in the time since the last digest." in await reporter.digest()


@pytest.mark.parametrize("moment", ["2026-11-22 09:00", "2026-11-22 08:59", "2026-11-22 00:00"])
async def test_a_clock_that_is_set_back_sends_no_second_digest(reporter, clock, moment):
    clock.set("2026-11-21 09:00")
    await reporter.digest()
    clock.set("2026-11-22 09:00")
    await reporter.digest()
    clock.set(moment)
    assert await reporter.digest() == ""


async def test_a_clock_that_is_set_back_before_the_first_digest_sends_no_second_one(reporter, clock):
    clock.set("2026-11-22 09:00")
    await reporter.digest()
    clock.set("2026-11-22 08:59")
    assert await reporter.digest() == ""


async def test_a_clock_that_was_in_the_future_for_a_while_empties_no_later_digest(reporter, clock):
    clock.set("2036-01-01 12:00")
    await reporter.digest()
    clock.set("2026-11-22 12:00")
    await reporter.log("goal_completed", "the deck")
    clock.set("2026-11-23 09:00")
    assert "the deck" in await reporter.digest()


@pytest.mark.parametrize(
    ("day_before", "day_of_change"), [("2026-03-28", "2026-03-29"), ("2026-10-24", "2026-10-25")]
)
async def test_when_the_clocks_change_no_digest_is_sent_twice(
    reporter, clock, in_berlin, day_before, day_of_change
):
    clock.set(f"{day_before} 09:00")
    assert await reporter.digest()
    clock.set(f"{day_of_change} 08:30")
    assert await reporter.digest() == ""
    clock.set(f"{day_of_change} 09:00")
    assert (await reporter.digest()).startswith("Daily digest\n")


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
async def test_on_the_day_the_clocks_change_the_first_digest_tells_24_hours(reporter, clock, in_berlin, day):
    clock.set(f"{day} 09:00")
    clock.forward(hours=-24, minutes=-1)
    await reporter.log("goal_completed", "too old")
    clock.forward(minutes=2)
    await reporter.log("goal_completed", "young enough")
    clock.set(f"{day} 09:00")
    text = await reporter.digest()
    assert "young enough" in text
    assert "too old" not in text


async def test_a_digest_nobody_could_show_waits_and_is_not_sent_anew(reporter):
    reporter.screen.away = NOBODY
    assert await reporter.digest()
    assert await reporter.digest() == ""
    reporter.screen.away = None
    await reporter.delivery.deliver()
    assert len(reporter.screen.shown) == 1


async def test_a_digest_survives_a_crash_right_after_it_was_sent(file, clock):
    before = Reporter(Store(file), clock)
    await before.service.start()
    before.screen.away = NOBODY
    await before.digest()
    before.store.close()
    async with running(Reporter(Store(file), clock)) as reporter:
        assert await reporter.service.send_digest("daily") == ""
        await reporter.delivery.deliver()
        assert len(reporter.screen.shown) == 1
    await before.service.stop()


@pytest.mark.parametrize("kind", ["", "weekly", "Daily"])
async def test_a_digest_of_an_unknown_kind_is_refused(reporter, kind):
    with pytest.raises(InvalidArgument, match="kind must be daily"):
        await reporter.service.send_digest(kind)


# the life of the service


async def test_at_the_start_the_screen_is_watched_and_what_waits_is_shown(file, clock):
    async with running(Reporter(Store(file), clock)) as before:
        before.screen.away = NOBODY
        await before.notify("first")
        await before.notify("second")
    reporter = Reporter(Store(file), clock)
    async with running(reporter):
        assert reporter.screen.starts == 1
        assert reporter.service.status().endswith("2 notices waiting to be shown")
        await reporter.delivery.deliver()
        assert reporter.titles == ["first", "second"]


async def test_who_watches_for_the_user_does_not_hold_up_the_start(file, clock):
    reporter = Reporter(Store(file), clock)
    reporter.login.lasts = asyncio.Event()
    async with running(reporter):
        await reporter.log()
        assert len(await reporter.service.activities(0, 10, 0)) == 1


async def test_a_disk_that_cannot_be_used_stops_the_start_with_the_reason(tmp_path, clock):
    (tmp_path / "senter").write_text("a file where the folder belongs")
    reporter = Reporter(Store(tmp_path / "senter/activity.db"), clock)
    with pytest.raises(Unavailable, match="cannot be used"):
        await reporter.service.start()
    await reporter.service.stop()


async def test_the_status_counts_the_day_and_what_waits(reporter):
    assert reporter.service.status() == "0 activities logged today"
    await reporter.log()
    assert reporter.service.status() == "1 activity logged today"
    await reporter.log()
    reporter.screen.away = NOBODY
    await reporter.notify()
    assert reporter.service.status() == "2 activities logged today, 1 notice waiting to be shown"


async def test_the_status_counts_what_was_logged_today_before_the_start(file, clock):
    clock.set("2026-11-21 23:59")
    async with running(Reporter(Store(file), clock)) as before:
        await before.log()
        clock.set("2026-11-22 00:00")
        await before.log()
    clock.set("2026-11-22 12:00")
    async with running(Reporter(Store(file), clock)) as reporter:
        assert reporter.service.status() == "1 activity logged today"


async def test_at_midnight_the_count_of_the_day_begins_anew(reporter, clock):
    await reporter.log()
    clock.set("2026-11-23 00:00")
    assert reporter.service.status() == "0 activities logged today"


async def test_the_first_activity_after_midnight_counts_for_the_new_day(reporter, clock):
    await reporter.log()
    clock.set("2026-11-23 00:00")
    await reporter.log()
    assert reporter.service.status() == "1 activity logged today"


async def test_an_activity_with_a_key_that_was_logged_counts_once(reporter):
    for _ in range(2):
        await reporter.log(key="k")
    assert reporter.service.status() == "1 activity logged today"


class SlowStore(Store):
    """A disk that answers when a test lets it."""

    def __init__(self, file):
        super().__init__(file)
        self.asked, self.answers = threading.Event(), threading.Event()

    def check(self):
        """Wait."""
        self.asked.set()
        assert self.answers.wait(10)
        return super().check()


async def test_a_disk_that_does_not_answer_is_no_good_health(file, clock, monkeypatch):
    monkeypatch.setattr(database, "DISK_PATIENCE", 0.0)
    store = SlowStore(file)
    async with running(Reporter(store, clock)) as reporter:
        await reporter.notify()
        assert reporter.service.is_healthy()
        checking = asyncio.create_task(reporter.service.check())
        await asyncio.to_thread(store.asked.wait, 10)
        was_healthy = reporter.service.is_healthy()
        store.answers.set()
        await checking
        assert not was_healthy
        assert reporter.service.is_healthy()


async def test_a_disk_that_answered_an_earlier_call_is_still_watched(file, clock, monkeypatch):
    monkeypatch.setattr(database, "DISK_PATIENCE", 0.0)
    store = SlowStore(file)
    async with running(Reporter(store, clock)) as reporter:
        earlier = asyncio.create_task(reporter.log())
        checking = asyncio.create_task(reporter.service.check())
        await earlier
        await asyncio.to_thread(store.asked.wait, 10)
        was_healthy = reporter.service.is_healthy()
        store.answers.set()
        await checking
        assert not was_healthy


async def test_a_disk_that_is_used_all_the_time_is_in_good_health(reporter):
    await asyncio.gather(*(reporter.log() for _ in range(10)))
    assert reporter.service.is_healthy()
    assert reporter.service.status() == "10 activities logged today"


async def test_a_failure_of_the_disk_is_over_when_it_was_told(reporter, monkeypatch):
    await reporter.settled()
    monkeypatch.setattr(database, "DISK_PATIENCE", 0.0)
    reporter.store._connection.execute("PRAGMA query_only = on")
    with pytest.raises(Unavailable):
        await reporter.log()
    assert reporter.service.is_healthy()


async def test_the_check_is_fine_when_everything_is(reporter):
    assert await reporter.service.check() == [
        (what, "ok", "") for what in ("activity log", "notifications", "presence")
    ]


async def test_the_check_tells_what_it_cannot_notice_the_user_by(file, clock):
    reporter = Reporter(Store(file), clock)
    reporter.login.is_watching = False
    async with running(reporter):
        what, verdict, fix = (await reporter.service.check())[-1]
        assert (what, verdict) == ("presence", "warn")
        assert fix == "it is not noticed when you are away: there is no logind"


async def test_the_check_tells_that_nobody_shows_notices(reporter):
    reporter.screen.is_present = False
    what, verdict, fix = (await reporter.service.check())[1]
    assert (what, verdict) == ("notifications", "warn")
    assert "no notification server is running" in fix


async def test_the_check_tells_that_notifications_are_switched_off(file, clock):
    async with running(Reporter(Store(file), clock, notifications=False)) as reporter:
        reporter.screen.is_present = False
        assert (await reporter.service.check())[1] == ("notifications", "ok", "switched off in config.toml")


async def test_the_check_tells_of_damage(reporter, monkeypatch):
    monkeypatch.setattr(reporter.store, "check", lambda: "row 7 missing from index")
    assert (await reporter.service.check())[0] == ("activity log", "fail", "row 7 missing from index")


async def test_the_check_tells_of_a_disk_that_cannot_be_read(reporter):
    await reporter.delivery.deliver()
    reporter.store.close()
    what, verdict, fix = (await reporter.service.check())[0]
    assert (what, verdict) == ("activity log", "fail")
    assert fix


async def test_a_damaged_log_is_told_and_stays_in_the_check(file, clock):
    file.write_bytes(b"no database" * 100)
    async with running(Reporter(Store(file), clock)) as reporter:
        await reporter.delivery.deliver()
        (shown,) = reporter.screen.shown
        assert shown.urgency == "critical" and f"{file}.damaged-1" in shown.body
        assert ("damaged activity log", "warn") in [
            (row.what, row.verdict) for row in await reporter.service.check()
        ]
