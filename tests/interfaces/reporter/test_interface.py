"""``ai.senter.Reporter1`` end to end over a bus: interface and client, with a screen that only remembers."""

import asyncio
import json
import re
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.private_bus import DEADLINE, REPOSITORY, Inbox, finish

from senter.bus.connection import Match
from senter.bus.library import Variant
from senter.bus.names import REPORTER
from senter.database import Disk
from senter.errors import InvalidArgument, Unavailable
from senter.host.clock import local_now
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.client import ReporterClient
from senter.reporter.delivery.delivery import Delivery
from senter.reporter.delivery.ledger import Ledger
from senter.reporter.digest.child import write_page
from senter.reporter.digest.digests import Digests
from senter.reporter.interface import ReporterInterface
from senter.reporter.notice import Action, NotifyOptions
from senter.reporter.service import ReporterService
from senter.reporter.store import Store
from senter.settings import ReporterSettings

XML = REPOSITORY / "units/interfaces/ai.senter.Reporter1.xml"


class Screen:
    """Shows nothing; knows what it was given."""

    def __init__(self) -> None:
        self.on = True
        self.shown, self.closed = Inbox(), Inbox()

    async def start(self) -> None:
        """Nothing to watch."""

    async def present(self) -> bool:
        """Whether the test switched it on."""
        return self.on

    async def show(
        self, notice: str, title: str, body: str, urgency: str, buttons: dict[str, str], **_: Any
    ) -> str:
        """Remember, or refuse when switched off."""
        if not self.on:
            raise Unavailable("the screen is off")
        self.shown(notice, title, body, urgency, buttons)
        return f"server {notice}"

    async def holds(self, place: str) -> bool:
        """It is always the same screen."""
        return True

    async def close(self, notice: str, place: str) -> None:
        """Forget it."""
        self.closed(notice)

    def forget(self, notice: str) -> None:
        """Nothing is outstanding."""


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def pressed() -> Inbox:
    """Every button that was pressed and every target that was opened."""
    return Inbox()


@pytest.fixture
async def service(connect, screen, pressed, tmp_path):
    """The reporter on the bus, in this process."""

    async def press(bus_name: str, member: str, argument: str) -> None:
        pressed(bus_name, member, argument)

    async def open_target(target: str, _token: str) -> None:
        pressed(target)

    store, settings, on_disk = Store(tmp_path / "activity.db"), ReporterSettings(), Disk()
    ledger = Ledger(store)
    delivery = Delivery(ledger, screen, settings, press, open_target, local_now, on_disk)
    folder = tmp_path / "digests"
    digests = Digests(store, ledger, settings, write_page, folder, local_now, on_disk, delivery.first_state)
    served = ReporterService(store, ledger, delivery, digests, {}, local_now, on_disk)
    interface = ReporterInterface(served)
    delivery.announced, delivery.action_chosen = interface.Announced, interface.ActionChosen
    screen.appeared, screen.chosen = delivery.deliver, delivery.chosen
    await served.start()
    connection = await connect()
    await connection.follow_rooms()
    connection.export(REPORTER.path, interface)
    assert await connection.own(REPORTER.bus_name)
    yield served
    await served.stop()


@pytest.fixture
def reporter(service, client) -> ReporterClient:
    return ReporterClient(client)


async def call(client, member: str, signature: str = "", *arguments: Any) -> Any:
    return await client.call(
        REPORTER.bus_name, REPORTER.path, REPORTER.interface, member, signature, *arguments, timeout=DEADLINE
    )


async def heard(client, member: str) -> Inbox:
    inbox = Inbox()
    await client.subscribe(Match(REPORTER.interface, member, path=REPORTER.path), inbox)
    return inbox


def is_recent(microseconds: int) -> bool:
    return 0 <= time.time() * 1_000_000 - microseconds < DEADLINE * 1_000_000


async def test_what_is_logged_is_listed_with_time_and_source(reporter, client):
    assert await call(client, "Log", "sss", "task_completed", "Sorted the mail", "low") is None
    (activity,) = await reporter.activities()
    assert (activity.type, activity.summary, activity.importance) == ("task_completed", "Sorted the mail", "low")
    assert is_recent(activity.time)
    assert re.fullmatch(r":1\.\d+", activity.source)


async def test_a_room_that_logs_is_named_as_the_source(reporter, client):
    await client.own("ai.senter.Tasks1")
    await reporter.log("task_completed", "Sorted the mail")
    (activity,) = await reporter.activities()
    assert activity.source == "ai.senter.Tasks1"


async def test_an_empty_importance_means_normal(reporter, client):
    await call(client, "Log", "sss", "task_completed", "Sorted the mail", "")
    assert [activity.importance for activity in await reporter.activities()] == ["normal"]


async def test_options_of_a_log_entry_arrive(reporter):
    options = LogOptions(
        importance="high", details={"description": "the mail", "deep": {"list": [1, "a"]}}, key="k"
    )
    await reporter.log("task_completed", options=options)
    await reporter.log("task_completed", options=options)
    (activity,) = await reporter.activities()
    assert (activity.summary, activity.importance) == ("Completed: the mail", "high")


async def test_plain_callers_can_send_options(reporter, client):
    options = {"importance": Variant("s", "critical"), "details": Variant("a{sv}", {"topic": Variant("s", "bees")})}
    await call(client, "LogWith", "ssa{sv}", "research_complete", "", options)
    (activity,) = await reporter.activities()
    assert (activity.summary, activity.importance) == ("Researched: bees", "critical")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("Log", "sss", "Not a word", "x", "normal"), "activity_type"),
        (("Log", "sss", "", "x", "normal"), "activity_type"),
        (("Log", "sss", "a" * 65, "x", "normal"), "activity_type"),
        (("Log", "sss", "task_completed", "x", "urgent"), "importance"),
        (("Log", "sss", "task_completed", "x" * (256 * 1024 + 1), "low"), "summary"),
        (("LogWith", "ssa{sv}", "task_completed", "x", {"colour": Variant("s", "red")}), "colour"),
        (("LogWith", "ssa{sv}", "task_completed", "x", {"importance": Variant("u", 1)}), "importance"),
        (("LogWith", "ssa{sv}", "task_completed", "x", {"details": Variant("s", "text")}), "details"),
        (("Digest", "u", 0), "hours"),
        (("Digest", "u", 8785), "hours"),
        (("SendDigest", "s", "weekly"), "kind"),
        (("Notify", "sss", "", "body", "normal"), "title"),
        (("Notify", "sss", "a\nb", "body", "normal"), "title"),
        (("Notify", "sss", "a\x1bb", "body", "normal"), "title"),
        (("Notify", "sss", "x" * 201, "body", "normal"), "title"),
        (("Notify", "sss", "Title", "body", "loud"), "urgency"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"open": Variant("s", "javascript:x")}), "open"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"open": Variant("s", "relative/path")}), "open"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"sound": Variant("b", True)}), "sound"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"actions": Variant("s", "none")}), "actions"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"actions": Variant("as", ["one"])}), "actions"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"actions": Variant("au", [1])}), "actions"),
        (("NotifyWith", "ssa{sv}", "Title", "body", {"actions": Variant("a(ss)", [["a", "b"]])}), "actions"),
        (
            (
                "NotifyWith",
                "ssa{sv}",
                "Title",
                "body",
                {"actions": Variant("a(sssss)", [["k", "Label", "org.freedesktop.systemd1", "StopUnit", "x"]])},
            ),
            "org.freedesktop.systemd1",
        ),
        (
            (
                "NotifyWith",
                "ssa{sv}",
                "Title",
                "body",
                {"actions": Variant("a(sssss)", [["k", "Label", "ai.senter.Tasks1", "No member", "x"]])},
            ),
            "No member",
        ),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name_and_leaves_nothing(
    reporter, client, screen, arguments, named
):
    with pytest.raises(InvalidArgument) as caught:
        await call(client, *arguments)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)
    assert await reporter.activities() == []
    assert await reporter.pending() == []
    assert screen.shown.rest() == []


async def test_activities_come_newest_first_in_pages_and_from_a_time_on(reporter):
    for number in range(5):
        await reporter.log("task_completed", f"Number {number}")
    activities = await reporter.activities()
    assert [activity.summary for activity in activities] == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert await reporter.activities(limit=2, offset=1) == activities[1:3]
    assert await reporter.activities(limit=0) == activities
    assert await reporter.activities(offset=5) == []
    assert await reporter.activities(since=activities[1].time) == activities[:2]
    assert await reporter.activities(since=activities[0].time + 1) == []


async def test_the_largest_numbers_do_no_harm(reporter):
    await reporter.log("task_completed", "Sorted the mail")
    assert await reporter.activities(since=2**63 - 1) == []
    assert len(await reporter.activities(limit=2**32 - 1)) == 1
    assert await reporter.activities(offset=2**32 - 1) == []


async def test_a_time_beyond_all_times_finds_nothing(reporter):
    await reporter.log("task_completed", "Sorted the mail")
    assert await reporter.activities(since=2**64 - 1) == []


async def test_a_page_has_a_hundred_entries_by_default_and_a_thousand_at_most(reporter, service):
    for number in range(1002):
        service._store.add_activity(
            Activity("", number + 1, "task_completed", "", f"Number {number}", "normal"), {}
        )
    assert len(await reporter.activities(limit=0)) == 100
    assert len(await reporter.activities(limit=1000)) == 1000
    assert len(await reporter.activities(limit=2**32 - 1)) == 1000
    assert len(await reporter.activities(limit=1000, offset=1000)) == 2


async def test_fifty_entries_at_once_are_all_there(reporter):
    await asyncio.gather(*(reporter.log("task_completed", f"Number {number}") for number in range(50)))
    activities = await reporter.activities()
    assert {activity.summary for activity in activities} == {f"Number {number}" for number in range(50)}
    assert len({activity.id for activity in activities}) == 50


async def test_progress_and_digest_tell_what_was_done(reporter):
    assert await reporter.progress() == "No autonomous activity in the past 24 hours."
    assert await reporter.digest() == "No activity in the past 24 hours."
    await reporter.log("goal_completed", "Goal achieved: know bees")
    await reporter.log("task_failed", "Failed: feed bees")
    assert await reporter.progress() == (
        "While you were away (2 activities):\n  • Goal achieved: know bees\n  • Failed: feed bees\n"
        "  in the past 24 hours"
    )
    digest = await reporter.digest(1)
    assert "2 events" in digest and "0 completed, 1 failed" in digest and "• Goal achieved: know bees" in digest


async def test_the_daily_digest_is_shown_once(reporter, screen):
    await reporter.log("task_completed", "Sorted the mail")
    text = await reporter.send_digest()
    assert text.startswith("Daily digest") and "1 completed" in text
    _, title, body, urgency, buttons = await screen.shown.next()
    assert f"{title}\n{body}" == text
    assert (urgency, buttons) == ("normal", {})
    assert await reporter.send_digest() == ""
    assert screen.shown.rest() == []


async def test_a_digest_asked_for_by_many_at_once_is_sent_once(reporter):
    texts = await asyncio.gather(*(reporter.send_digest() for _ in range(10)))
    assert len([text for text in texts if text]) == 1


async def test_a_notice_is_shown_and_announced(reporter, client, screen):
    announced = await heard(client, "Announced")
    notice = await reporter.notify("Title", "A body\nof two lines", NotifyOptions(urgency="critical"))
    assert await screen.shown.next() == (notice, "Title", "A body\nof two lines", "critical", {})
    assert await announced.next() == (notice, "Title\nA body\nof two lines")
    assert await reporter.pending() == []


async def test_an_empty_urgency_means_normal(reporter, client, screen):
    notice = await call(client, "Notify", "sss", "Title", "body", "")
    assert await screen.shown.next() == (notice, "Title", "body", "normal", {})


@pytest.mark.parametrize(("importance", "urgency"), [("high", "normal"), ("critical", "critical")])
async def test_what_is_important_is_shown_at_once(reporter, screen, importance, urgency):
    await reporter.log("task_failed", "Failed: feed bees", LogOptions(importance=importance))
    assert (await screen.shown.next())[1:4] == ("Senter", "Failed: feed bees", urgency)


async def test_the_same_key_is_shown_once(reporter, screen):
    first = await reporter.notify("Title", "body", NotifyOptions(key="k"))
    assert await reporter.notify("Another", "body", NotifyOptions(key="k")) == first
    assert await screen.shown.next() == (first, "Title", "body", "normal", {})
    assert screen.shown.rest() == []


async def test_notices_wait_with_everything_they_have_until_the_screen_is_on(reporter, service, screen):
    screen.on = False
    action = Action("approve", "Go on", "ai.senter.Tasks1", "Approve", "task-1")
    options = NotifyOptions(urgency="low", open="/tmp/report.md", actions=[action])
    first = await reporter.notify("First", "body", options)
    second = await reporter.notify("Second", "body")
    waiting = await reporter.pending()
    assert [notice.id for notice in waiting] == [first, second]
    assert (waiting[0].title, waiting[0].body, waiting[0].urgency) == ("First", "body", "low")
    assert waiting[0].open == "/tmp/report.md"
    assert [tuple(row) for row in waiting[0].actions] == [tuple(action)]
    assert is_recent(waiting[0].time)
    screen.on = True
    await screen.appeared()
    assert await screen.shown.next() == (first, "First", "body", "low", {"approve": "Go on"})
    assert (await screen.shown.next())[0] == second
    assert await reporter.pending() == []


async def test_a_click_is_told_and_presses_the_button_or_opens_the_target(reporter, screen, client, pressed):
    chosen = await heard(client, "ActionChosen")
    action = Action("approve", "Go on", "ai.senter.Tasks1", "Approve", "task-1")
    question = await reporter.notify("Title", "body", NotifyOptions(actions=[action]))
    await screen.shown.next()
    await screen.chosen(question, "approve", "")
    assert await chosen.next() == (question, "approve")
    assert await pressed.next() == ("ai.senter.Tasks1", "Approve", "task-1")
    report = await reporter.notify("Title", "body", NotifyOptions(open="/tmp/report.md"))
    await screen.shown.next()
    await screen.chosen(report, "default", "")
    assert await chosen.next() == (report, "default")
    assert await pressed.next() == ("/tmp/report.md",)


async def test_the_check_says_whether_notices_can_be_shown(reporter, screen):
    assert [tuple(row) for row in await reporter.check()] == [
        ("activity log", "ok", ""),
        ("notifications", "ok", ""),
        ("presence", "ok", ""),
    ]
    screen.on = False
    log, notifications, _ = await reporter.check()
    assert (log.verdict, notifications.what, notifications.verdict) == ("ok", "notifications", "warn")
    assert "notification server" in notifications.fix


async def test_text_of_all_sorts_survives(reporter, screen):
    text = "grüße, 日本語 🎯 <b>&amp;</b> 'quotes' \"double\" \\ %s {x}"
    await reporter.log("task_completed", text)
    assert (await reporter.activities())[0].summary == text
    await reporter.notify("Title", text)
    assert (await screen.shown.next())[2] == text


async def busctl(*arguments: str) -> Any:
    command = ["busctl", "--user", "--json=short", "call", REPORTER.bus_name, REPORTER.path, REPORTER.interface]
    code, output, complaint = await finish(*command, *arguments)
    assert (code, complaint) == (0, "")
    return json.loads(output)["data"] if output.strip() else None


async def test_busctl_can_call_with_plain_arguments(reporter, screen):
    await busctl("Log", "sss", "task_completed", "Sorted the mail", "normal")
    ((row,),) = await busctl("Activities", "tuu", "0", "10", "0")
    assert row["summary"] == {"type": "s", "data": "Sorted the mail"}
    assert {name: value["type"] for name, value in row.items()} == {
        "id": "s",
        "time": "t",
        "type": "s",
        "source": "s",
        "summary": "s",
        "importance": "s",
        "goal": "s",
        "open": "s",
    }
    (notice,) = await busctl("Notify", "sss", "Title", "body", "low")
    assert (await screen.shown.next())[0] == notice
    assert "Sorted the mail" in (await busctl("Progress"))[0]


async def test_busctl_gets_the_sentence_of_a_refusal(service):
    command = ["busctl", "--user", "call", REPORTER.bus_name, REPORTER.path, REPORTER.interface]
    code, _, complaint = await finish(*command, "Log", "sss", "task_completed", "x", "urgent")
    assert code == 1
    assert "importance must be one of low, normal, high, critical, not 'urgent'" in complaint


def members(interface: ElementTree.Element) -> dict[str, Any]:
    """Kind and name of every member → names, directions and types of its arguments."""
    return {
        (member.tag, member.get("name")): [
            (argument.get("name"), argument.get("direction", "out"), argument.get("type"))
            for argument in member.iter("arg")
        ]
        for member in interface
        if member.tag in ("method", "signal", "property")
    }


async def test_live_introspection_is_the_documented_contract(service, client):
    xml = await client.call(REPORTER.bus_name, REPORTER.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    live = ElementTree.fromstring(xml).find(f"interface[@name='{REPORTER.interface}']")
    documented = ElementTree.parse(XML).find(f"interface[@name='{REPORTER.interface}']")
    assert live is not None and documented is not None
    assert members(live) == members(documented)
    assert len(members(live)) == 19


async def test_every_documented_member_has_a_text_for_callers():
    for member in ElementTree.parse(XML).iter():
        if member.tag in ("method", "signal", "interface"):
            annotation = member.find("annotation[@name='org.gtk.GDBus.DocString']")
            assert annotation is not None and annotation.get("value")


# finding, summing up, what comes next


async def test_activities_are_found_and_summed_up_for_each_goal(reporter):
    details = {"goal": "7", "title": "Know bees", "open": "/report.md"}
    await reporter.log("task_completed", "Read about honey", LogOptions(details=details))
    await reporter.log("task_failed", "Failed: feed bees", LogOptions(details=details))
    (found,) = await reporter.search("hon")
    assert (found.summary, found.goal, found.open) == ("Read about honey", "7", "/report.md")
    (summary,) = await reporter.summaries("goal")
    assert (summary.title, summary.text, summary.activities) == ("Know bees", "1 task completed, 1 failed", 2)
    assert await reporter.summaries("session") == []


@pytest.mark.parametrize(
    ("member", "arguments", "named"),
    [
        ("Search", ("suu", " !? ", 0, 0), "query"),
        ("Summaries", ("stuu", "week", 0, 0, 0), "kind"),
        ("Tell", ("ssast", "news", "key", ["a"], 0), "section"),
        ("Tell", ("ssast", "costs", "", ["a"], 0), "key"),
        ("Tell", ("ssast", "costs", "key", ["a"] * 51, 0), "lines"),
        ("DigestPage", ("u", 0), "hours"),
        ("PlainDigest", ("u", 0), "hours"),
    ],
)
async def test_what_makes_no_sense_is_refused_by_name(reporter, client, member, arguments, named):
    with pytest.raises(InvalidArgument, match=named):
        await call(client, member, *arguments)


async def test_what_a_room_tells_is_in_every_digest_until_it_takes_it_back(reporter):
    await reporter.tell("coming", "goals", ["Know bees: 1 of 3 steps done"])
    assert "Next: Know bees: 1 of 3 steps done" in await reporter.digest()
    assert (await reporter.digest(plain=True)).isascii()
    await reporter.tell("coming", "goals", [])
    assert "Know bees" not in await reporter.digest()


async def test_a_digest_can_be_had_as_a_page(reporter):
    await reporter.log("goal_completed", "Goal achieved: <b>bees</b>")
    page = Path(await reporter.digest_page())
    assert "Goal achieved: &lt;b&gt;bees&lt;/b&gt;" in page.read_text(encoding="utf-8")


async def test_a_question_that_needs_no_answer_any_more_is_taken_off_the_screen(reporter, screen):
    action = Action("approve", "Approve", "ai.senter.Tasks1", "Approve", "7.1")
    notice = await reporter.notify("May I?", "body", NotifyOptions(type="approval", key="may-i", actions=[action]))
    await screen.shown.next()
    assert "Waiting for your approval: 1" in await reporter.digest()
    await reporter.withdraw("may-i")
    assert await screen.closed.next() == (notice,)
    assert "approval" not in await reporter.digest()
    await reporter.withdraw("nobody knows this one")


async def test_nobody_knows_since_when_the_user_is_away_without_a_login_manager(reporter):
    assert await reporter.away_since() == 0
