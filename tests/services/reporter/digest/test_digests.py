"""Digests of what is in the log: what is told to whom, and once."""

import asyncio
import os

import pytest
from support.clock import Clock
from support.reporter import Reporter, running

from senter.errors import ConfigurationError
from senter.reporter.activity import LogOptions
from senter.reporter.notice import Action
from senter.reporter.store import Store

pytestmark = pytest.mark.usefixtures("in_berlin")

SESSION = "boot/2"
APPROVE = list(Action("approve", "Approve", "ai.senter.Tasks1", "Approve", "7.1"))


@pytest.fixture
def file(tmp_path):
    """Where the log is."""
    return tmp_path / "activity.db"


@pytest.fixture
def clock():
    """Saturday evening."""
    return Clock("2026-11-21 18:00")


@pytest.fixture
async def reporter(file, clock):
    """A reporter at work."""
    async with running(Reporter(Store(file), clock)) as started:
        yield started


async def here(reporter):
    """The user unlocks the screen."""
    reporter.service.came(SESSION)
    await reporter.settled()


async def gone(reporter):
    """The user locks it."""
    reporter.service.left(0)
    await reporter.settled()


async def night(reporter, clock, *summaries):
    """The user is there, leaves, and comes back at ten; some things are done at three."""
    await here(reporter)
    await gone(reporter)
    clock.set("2026-11-22 03:00")
    for summary in summaries:
        await reporter.log(summary=summary)
    clock.set("2026-11-22 10:00")
    await here(reporter)


# progress


async def test_progress_tells_what_was_done_since_the_user_left(reporter, clock):
    await reporter.log(summary="in the afternoon")
    clock.forward(minutes=1)
    await night(reporter, clock, "in the night")
    await reporter.log(summary="in the morning")
    assert await reporter.service.progress() == (
        "While you were away (2 activities):\n  • in the night\n  • in the morning\n  since Sat 21 Nov 18:01"
    )


async def test_asking_for_progress_does_not_move_the_mark(reporter, clock):
    await night(reporter, clock, "in the night")
    first = await reporter.service.progress()
    for _ in range(3):
        clock.forward(hours=1)
        assert await reporter.service.progress() == first
    assert await reporter.service.away_since() == Clock("2026-11-21 18:00").microseconds


async def test_without_a_login_manager_a_gap_between_signs_of_life_moves_the_mark(reporter, clock):
    for moment in ("2026-11-21 18:00", "2026-11-21 18:29", "2026-11-22 10:00", "2026-11-22 10:20"):
        clock.set(moment)
        reporter.service.seen()
        await reporter.settled()
    assert await reporter.service.away_since() == Clock("2026-11-21 18:29").microseconds


async def test_a_click_is_a_sign_of_life(reporter, clock):
    notice_id = await reporter.notify(actions=[APPROVE])
    await reporter.delivery.chosen(notice_id, "approve", "")
    await reporter.settled()
    clock.forward(hours=2)
    assert await reporter.service.away_since() == Clock("2026-11-21 18:00").microseconds


async def test_progress_of_a_user_who_was_never_seen_is_that_of_24_hours(reporter, clock):
    await reporter.log(summary="too old")
    clock.forward(hours=25)
    await reporter.log(summary="just now")
    assert await reporter.service.away_since() == 0
    assert "(1 activity)" in await reporter.service.progress()


async def test_a_restart_of_the_reporter_does_not_move_the_mark(file, clock):
    async with running(Reporter(Store(file), clock)) as before:
        await night(before, clock, "in the night")
        told = await before.service.progress()
    clock.forward(minutes=10)
    async with running(Reporter(Store(file), clock)) as after:
        await here(after)
        assert await after.service.progress() == told
        assert all(shown.replaces for shown in after.screen.shown)


async def test_after_a_power_cut_the_user_was_there_as_long_as_something_was_done(file, clock):
    before = Reporter(Store(file), clock)
    await before.service.start()
    await here(before)
    clock.forward(hours=8)
    await before.log(summary="in the evening")
    await before.settled()
    before.store.close()
    clock.forward(minutes=5)
    async with running(Reporter(Store(file), clock)) as after:
        after.service.came("another boot/1")
        await after.settled()
        assert after.titles == []
    await before.service.stop()


async def test_a_user_who_is_there_when_the_reporter_ends_was_there_until_then(file, clock):
    async with running(Reporter(Store(file), clock)) as before:
        await here(before)
        clock.forward(hours=2)
    ended = clock.microseconds
    clock.forward(hours=8)
    async with running(Reporter(Store(file), clock)) as after:
        after.service.came("another boot/1")
        await after.settled()
        assert await after.service.away_since() == ended


# while you were away


async def test_who_comes_back_is_told_once_what_was_done(reporter, clock):
    await night(reporter, clock, "first", "second")
    (shown,) = reporter.screen.shown
    assert shown.title == "While you were away (2 activities)"
    assert shown.body == "  • first\n  • second\n  since Sat 21 Nov 18:00"
    await here(reporter)
    await gone(reporter)
    clock.forward(hours=1)
    await here(reporter)
    assert len(reporter.screen.shown) == 1


async def test_who_was_away_for_less_than_half_an_hour_is_told_nothing(reporter, clock):
    await here(reporter)
    await gone(reporter)
    clock.forward(minutes=29)
    await reporter.log()
    await here(reporter)
    assert reporter.screen.shown == []


async def test_who_comes_back_is_told_nothing_of_what_does_not_matter(reporter, clock):
    await here(reporter)
    await gone(reporter)
    clock.forward(hours=2)
    await reporter.log(importance="low")
    await here(reporter)
    assert reporter.screen.shown == []


async def test_what_the_daily_digest_has_told_is_not_told_again(reporter, clock):
    await here(reporter)
    await gone(reporter)
    clock.set("2026-11-22 03:00")
    await reporter.log(summary="in the night")
    clock.set("2026-11-22 09:00")
    await reporter.digest()
    clock.set("2026-11-22 09:30")
    await reporter.log(summary="after the digest")
    clock.set("2026-11-22 10:00")
    await here(reporter)
    assert [shown.title for shown in reporter.screen.shown] == ["Daily digest", "While you were away (1 activity)"]
    assert "after the digest" in reporter.screen.shown[1].body


async def test_what_was_done_before_the_user_left_is_not_told(reporter, clock):
    await here(reporter)
    await reporter.log(summary="seen by the user")
    clock.forward(minutes=1)
    await night(reporter, clock, "in the night")
    assert "seen by the user" not in reporter.screen.shown[-1].body


async def test_a_look_just_before_the_unlock_does_not_swallow_what_is_told(reporter, clock):
    await here(reporter)
    await gone(reporter)
    clock.set("2026-11-22 03:00")
    await reporter.log(summary="in the night")
    clock.set("2026-11-22 10:00")
    reporter.service.seen()
    await reporter.settled()
    clock.forward(seconds=5)
    await here(reporter)
    assert reporter.titles == ["While you were away (1 activity)"]


async def test_what_is_done_after_the_return_is_not_told_as_done_while_away(file, clock):
    async with running(Reporter(Store(file), clock)) as before:
        await night(before, clock)
        clock.forward(seconds=1)
        await before.log(summary="while the user was there")
    async with running(Reporter(Store(file), clock)) as after:
        await here(after)
        assert after.titles == []


async def test_a_type_that_is_switched_off_is_not_shown(file, clock):
    async with running(Reporter(Store(file), clock, silent=("away",))) as reporter:
        await night(reporter, clock, "in the night")
        assert reporter.screen.shown == []
        clock.set("2026-11-22 12:00")
        await reporter.digest()
        assert len(reporter.screen.shown) == 1


# what a digest tells


async def test_a_digest_tells_what_waits_what_it_cost_and_what_comes_next(reporter):
    await reporter.notify("Write to Ann?", "a draft", type="approval", actions=[APPROVE])
    await reporter.service.tell("costs", "costs-2026-11-21", ["Saturday: 1,200 tokens"], 0)
    await reporter.service.tell("coming", "goals", ["Research: 1 of 3 steps done", "  "], 0)
    text = await reporter.service.digest(24)
    assert "Waiting for your approval: 1\n   • Write to Ann? a draft" in text
    assert "Saturday: 1,200 tokens" in text
    assert text.endswith("Research: 1 of 3 steps done")


async def test_an_approval_that_was_answered_or_withdrawn_waits_no_more(reporter):
    answered = await reporter.notify("First", type="approval", actions=[APPROVE])
    await reporter.notify("Second", type="approval", actions=[APPROVE], key="second")
    await reporter.notify("Third", type="approval", actions=[APPROVE], key="third")
    await reporter.delivery.chosen(answered, "approve", "")
    await reporter.service.withdraw("second")
    text = await reporter.service.digest(24)
    assert "Third" in text
    assert "First" not in text and "Second" not in text


async def test_a_plain_digest_has_no_emoji(file, clock):
    async with running(Reporter(Store(file), clock, plain=True)) as reporter:
        await reporter.log()
        assert (await reporter.service.digest(24)).isascii()
    async with running(Reporter(Store(file), clock)) as reporter:
        assert not (await reporter.service.digest(24)).isascii()
        assert (await reporter.service.digest(24, plain=True)).isascii()


async def test_where_the_user_wants_no_emoji_the_daily_digest_and_its_page_have_none(file, clock):
    clock.set("2026-11-22 09:00")
    async with running(Reporter(Store(file), clock, plain=True)) as reporter:
        await reporter.log("goal_completed", "Goal achieved: the deck")
        assert (await reporter.digest()).isascii()
        assert reporter.screen.shown[0].body.isascii()
        assert [section["emoji"] for section in reporter.pages["2026-11-22.html"]["sections"]] == [""]
        await reporter.service.digest_page(24)
        assert [section["emoji"] for section in reporter.pages["latest.html"]["sections"]] == [""]


# pages


async def test_a_click_on_the_digest_opens_its_page(reporter, clock, file):
    clock.set("2026-11-22 09:00")
    await reporter.log("goal_completed", "Goal achieved: the deck")
    await reporter.digest()
    await reporter.screen.chosen(reporter.screen.shown[0].id, "default", "token")
    assert reporter.opened == [(str(file.parent / "digests/2026-11-22.html"), "token")]
    page = reporter.pages["2026-11-22.html"]
    assert page["title"] == "Daily digest"
    assert [day["label"] for day in page["week"]] == [
        *("Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22")
    ]
    assert page["week"][-1]["counts"]["goals"] == 1


async def test_a_digest_whose_page_cannot_be_written_is_sent_without_one(reporter):
    reporter.page_refusal = "the disk is full"
    await reporter.digest()
    (shown,) = reporter.screen.shown
    await reporter.screen.chosen(shown.id, "default", "")
    assert reporter.opened == []


async def test_a_page_can_be_asked_for(reporter, file):
    assert await reporter.service.digest_page(24) == str(file.parent / "digests/latest.html")
    assert reporter.pages["latest.html"]["title"] == "Digest"


# summaries


async def test_what_was_done_is_summed_up_for_each_goal(reporter, clock):
    details = {"goal": "7", "title": "Research AI trends"}
    for kind in ("plan_created", "task_completed", "task_completed", "task_failed"):
        await reporter.service.log(kind, "", LogOptions(details=details), ":1.5")
    clock.forward(minutes=1)
    await reporter.log("task_completed", details={"goal": "8"})
    other, research = await reporter.service.summaries("goal", 0, 0, 0)
    assert (research.id, research.title, research.activities) == ("7", "Research AI trends", 4)
    assert research.text == "2 tasks completed, 1 failed, 1 other"
    assert other.title == "goal 8"


async def test_what_was_done_is_summed_up_for_each_time_here_and_away(reporter, clock):
    await night(reporter, clock, "first", "second")
    found = await reporter.service.summaries("session", 0, 0, 0)
    assert [(summary.title, summary.text) for summary in found][:2] == [
        ("here", "no activity"),
        ("away", "2 tasks completed"),
    ]
    assert found[1].began == Clock("2026-11-21 18:00").microseconds
    assert found[1].ended == Clock("2026-11-22 10:00").microseconds


# keeping


async def test_what_is_older_than_the_user_wants_is_forgotten(file, clock):
    async with running(Reporter(Store(file), clock, keep_days=7)) as reporter:
        await reporter.log(summary="old")
        await reporter.log(summary="also old")
        page = file.parent / "digests/2026-11-21.html"
        page.parent.mkdir()
        page.write_text("old")
        os.utime(page, (clock().timestamp(), clock().timestamp()))
        clock.forward(days=8)
        await reporter.log(summary="new")
        await reporter.digest()
        await reporter.settled()
        assert [found.summary for found in await reporter.service.activities(0, 10, 0)] == ["new"]
        assert list(page.parent.iterdir()) == []


async def test_what_no_digest_has_told_is_not_forgotten(file, clock):
    async with running(Reporter(Store(file), clock, keep_days=2)) as before:
        await before.digest()
        await before.log("goal_completed", "told by nobody")
        await before.log("goal_completed", "told by nobody either")
    clock.forward(days=3)
    async with running(Reporter(Store(file), clock, keep_days=2)) as reporter:
        await reporter.settled()
        assert "Goals achieved: 2" in await reporter.digest()
        clock.forward(days=40)
        await reporter.log()
        await reporter.digest()
        await reporter.settled()
        assert len(await reporter.service.activities(0, 10, 0)) == 1


@pytest.mark.parametrize("days", [-1, 36_501, 10**12])
def test_a_number_of_days_that_is_none_is_refused(file, clock, days):
    with pytest.raises(ConfigurationError, match=r"\[reporter\] keep_days must be 0 to 36500, not"):
        Reporter(Store(file), clock, keep_days=days)


async def test_a_page_that_cannot_be_deleted_does_not_keep_the_others(file, clock):
    async with running(Reporter(Store(file), clock, keep_days=7)) as reporter:
        await reporter.settled()
        folder = file.parent / "digests"
        folder.mkdir()
        (folder / "folder.html").mkdir()
        (folder / "dangling.html").symlink_to(folder / "nothing")
        (folder / ".half.html.new").touch()
        for page in folder.iterdir():
            os.utime(page, (0, 0), follow_symlinks=False)
        await reporter.digests.forget()
        assert [page.name for page in folder.iterdir()] == ["folder.html"]


async def test_two_pages_at_once_are_written_one_after_the_other(reporter):
    writing = 0

    async def write_page(file, values):
        nonlocal writing
        writing += 1
        await asyncio.sleep(0)
        assert writing == 1
        writing -= 1

    reporter.digests._write_page = write_page
    await asyncio.gather(*(reporter.service.digest_page(24) for _ in range(3)), reporter.digest())


async def test_where_all_is_kept_nothing_is_forgotten(file, clock):
    async with running(Reporter(Store(file), clock, keep_days=0)) as reporter:
        await reporter.log(summary="old")
        clock.forward(days=5000)
        await reporter.log(summary="new")
        await reporter.digest()
        await reporter.settled()
        assert len(await reporter.service.activities(0, 10, 0)) == 2
