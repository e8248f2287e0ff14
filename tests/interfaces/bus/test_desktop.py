"""``senter.bus.desktop`` against dbusmock's notification server, and against servers that misbehave."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from support.private_bus import DEADLINE, Inbox, open_descriptors

from senter.bus.connection import Connection, Match
from senter.bus.desktop import SERVER, Desktop
from senter.bus.library import Bus, Message, MessageType, Variant
from senter.errors import Denied, Unavailable

TEMPLATE = str(Path(__file__).with_name("notification_server.py"))
PATH = "/org/freedesktop/Notifications"
MOCK = "org.freedesktop.DBus.Mock"
EVERYTHING = "body body-markup actions persistence"


class Shown:
    """One call of ``Notify`` that the server got."""

    def __init__(self, arguments: list[Any]) -> None:
        self.application, self.replaces, _icon, self.title, self.body, actions, self.hints, _timeout = arguments
        self.buttons = dict(zip(actions[::2], actions[1::2], strict=True))


class Server:
    """What a test sees of the mock and makes it do."""

    def __init__(self, connection: Connection, start) -> None:
        self._connection = connection
        self._start = start
        self._calls = Inbox()
        self._program: Any = None

    async def start(self, capabilities: str = EVERYTHING) -> None:
        """Start the server."""
        self._program = await self._start(self._connection, SERVER, TEMPLATE, capabilities=capabilities)

    async def kill(self) -> None:
        """End the server without a warning."""
        await self._program.kill()

    async def listen(self) -> None:
        """Hear of calls."""
        await self._connection.subscribe(Match(MOCK, "MethodCalled", path=PATH), self._called)

    async def shown(self) -> Shown:
        """The next notice that was shown."""
        return Shown((await self._calls.next())[0])

    def rest(self) -> int:
        """How many more were shown."""
        return len(self._calls.rest())

    async def click(self, number: int, key: str) -> None:
        """Do as the server does when the user clicks on the notice with this number."""
        body = [Variant("u", number), Variant("s", key)]
        await self._connection.call(
            SERVER, PATH, MOCK, "EmitSignal", "sssav", SERVER, "ActionInvoked", "us", body, timeout=DEADLINE
        )

    async def close(self, number: int) -> None:
        """Do as the server does when the user waves the notice with this number away."""
        body = [Variant("u", number), Variant("u", 2)]
        await self._connection.call(
            SERVER, PATH, MOCK, "EmitSignal", "sssav", SERVER, "NotificationClosed", "uu", body, timeout=DEADLINE
        )

    def _called(self, name: str, arguments: list[Any]) -> None:
        if name == "Notify":
            self._calls(arguments)


@pytest.fixture
async def server(client, mock):
    """The notification server, not yet started."""
    peer = Server(client, mock)
    await peer.listen()
    return peer


@pytest.fixture
async def desktop(connect):
    """What shows notices; it is told everything from the start."""
    showing = Desktop(await connect())
    showing.chosen, showing.appeared = _Told(), _Told()
    await showing.start()
    yield showing
    showing._backend.forget_server()


class _Told(Inbox):
    async def __call__(self, *told: Any) -> None:
        super().__call__(*told)


async def show(desktop: Desktop, title: str = "Title", body: str = "body", urgency: str = "normal", **buttons: str):
    async with asyncio.timeout(DEADLINE):
        await desktop.show("notice-1", title, body, urgency, buttons)


async def refused(desktop: Desktop) -> str:
    """The sentence with which a notice is refused, at once."""
    with pytest.raises(Unavailable) as caught:
        await show(desktop)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("urgency", "level"), [("low", 0), ("normal", 1), ("critical", 2)])
async def test_a_notice_arrives_with_its_title_body_urgency_and_buttons(server, desktop, urgency, level):
    await server.start()
    await show(desktop, "Goal achieved", "Read 12 papers", urgency, approve="Go on", deny="Stop it")
    shown = await server.shown()
    assert (shown.application, shown.replaces) == ("Senter", 0)
    assert (shown.title, shown.body) == ("Goal achieved", "Read 12 papers")
    assert shown.hints["urgency"] == level
    assert shown.buttons == {"default": "", "approve": "Go on", "deny": "Stop it"}


async def test_markup_is_escaped_for_a_server_that_renders_it(server, desktop):
    await server.start("body body-markup")
    await show(desktop, "1 < 2 & <i>so</i>", '<b>bold</b> & <a href="x">link</a> &amp;')
    shown = await server.shown()
    assert shown.title == "1 < 2 & <i>so</i>"
    assert shown.body == '&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href="x"&gt;link&lt;/a&gt; &amp;amp;'


async def test_markup_is_left_as_it_is_for_a_server_that_does_not_render_it(server, desktop):
    await server.start("body")
    await show(desktop, body="<b>bold</b> & more")
    assert (await server.shown()).body == "<b>bold</b> & more"


async def test_control_characters_are_left_out_and_line_breaks_stay(server, desktop):
    await server.start()
    await show(desktop, "a\x1b[31mb\x07", "one\ntwo\x00\x08\x1b]0;x\x07 drei ✓ \u202egnp\x85", go="l\x1babel")
    shown = await server.shown()
    assert shown.title == "a[31mb"
    assert shown.body == "one\ntwo]0;x drei ✓ gnp"
    assert shown.buttons["go"] == "label"


async def test_text_that_the_bus_cannot_carry_is_left_out(server, desktop):
    await server.start()
    await show(desktop, "a\ud800z", "b\udfffy")
    shown = await server.shown()
    assert (shown.title, shown.body) == ("az", "by")


async def test_a_notice_is_shown_once(server, desktop):
    await server.start()
    await show(desktop)
    await show(desktop, "Another")
    assert (await server.shown()).title == "Title"
    assert (await server.shown()).title == "Another"
    assert server.rest() == 0


@pytest.mark.parametrize("key", ["approve", "default"])
async def test_a_click_is_told_with_the_notice_and_the_key(server, desktop, key):
    await server.start()
    await show(desktop, approve="Go on")
    await server.shown()
    await server.click(1, key)
    assert await desktop.chosen.next() == ("notice-1", key)


async def test_a_click_is_told_once(server, desktop):
    await server.start()
    await show(desktop, approve="Go on")
    await server.click(1, "approve")
    await server.close(1)
    await server.click(1, "approve")
    assert await desktop.chosen.next() == ("notice-1", "approve")
    await show(desktop, again="Again")
    await server.click(2, "again")
    assert await desktop.chosen.next() == ("notice-1", "again")


async def test_clicks_on_the_notices_of_others_are_not_told(server, desktop):
    await server.start()
    await show(desktop, approve="Go on")
    await server.click(77, "approve")
    await server.click(1, "approve")
    assert await desktop.chosen.next() == ("notice-1", "approve")
    assert desktop.chosen.rest() == []


async def test_a_server_that_is_there_is_present(server, desktop):
    await server.start()
    assert await desktop.present()


async def test_without_a_server_a_notice_is_refused_at_once(desktop):
    assert (await refused(desktop)).startswith("there is no notification server: ")
    assert not await desktop.present()


async def test_a_server_that_the_bus_can_start_is_started(bus, server, desktop, dbusmock):
    bus.install(SERVER, "/usr/bin/python3", "-m", "dbusmock", "--template", TEMPLATE)
    await show(desktop)
    assert (await server.shown()).title == "Title"


async def test_a_server_that_cannot_be_started_is_one_sentence(bus, desktop):
    bus.install(SERVER, "/bin/false")
    assert (await refused(desktop)).startswith("there is no notification server: ")


async def test_a_server_that_starts_later_is_noticed(server, desktop):
    await refused(desktop)
    await server.start()
    assert await desktop.appeared.next() == ()
    await show(desktop)
    assert (await server.shown()).title == "Title"


async def test_a_server_that_is_restarted_is_found_again_with_its_clicks(server, desktop):
    for number in range(3):
        await server.start()
        assert await desktop.appeared.next() == ()
        await show(desktop, f"Notice {number}", approve="Go on")
        assert (await server.shown()).title == f"Notice {number}"
        await server.click(1, "approve")
        assert await desktop.chosen.next() == ("notice-1", "approve")
        await server.kill()
        await refused(desktop)


async def test_a_server_that_is_replaced_by_another_is_found_again(server, desktop):
    await server.start("body")
    await show(desktop)
    assert (await server.shown()).title == "Title"
    await server.kill()
    await server.start("body body-markup")
    await desktop.appeared.next()
    await desktop.appeared.next()
    await show(desktop, body="<b>")
    assert (await server.shown()).body == "&lt;b&gt;"


async def test_a_notice_can_be_shown_after_the_bus_was_restarted(bus, connect, mock, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    connection = await connect()
    desktop = Desktop(connection)
    desktop.appeared = _Told()
    await desktop.start()
    first = Server(await connect(), mock)
    await first.start()
    await desktop.appeared.next()
    await show(desktop)
    bus.kill()
    bus.start()
    await connection.wait_lost()
    assert await connection.reopen()
    second = Server(await connect(), mock)
    await second.listen()
    await second.start()
    await desktop.appeared.next()
    await show(desktop, "After the restart")
    assert (await second.shown()).title == "After the restart"
    desktop._backend.forget_server()


class MuteServer:
    """Owns the name of the notification server, and answers only what it is made to answer."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self.calls = Inbox()
        self.introspection = ""
        self._notify: Any = None

    async def answer_notify(self) -> None:
        """Answer, late, the notice that was sent."""
        await self._bus.send(Message.new_method_return(self._notify, "u", [1]))

    async def own(self) -> None:
        """Take the name."""
        self._bus.add_message_handler(self._receive)
        await self._bus.request_name(SERVER)

    def _receive(self, message: Any) -> Any:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        self.calls(message.member)
        if message.member == "Notify":
            self._notify = message
        answers = {
            "Introspect": ("s", [self.introspection]),
            "GetCapabilities": ("as", [["body"]]),
            "GetServerInformation": ("ssss", ["mute", "nobody", "1", "1.2"]),
        }
        if self.introspection and message.member in answers:
            return Message.new_method_return(message, *answers[message.member])
        return True


INTROSPECTION = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/>
<arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="as"/>
<arg direction="in" type="a{sv}"/><arg direction="in" type="i"/><arg direction="out" type="u"/></method>
<method name="GetCapabilities"><arg direction="out" type="as"/></method>
<method name="GetServerInformation"><arg direction="out" type="s"/><arg direction="out" type="s"/>
<arg direction="out" type="s"/><arg direction="out" type="s"/></method></interface></node>"""


@pytest.fixture
async def mute(bus, monkeypatch):
    """A server that never answers; patience with it is short here."""
    monkeypatch.setattr("senter.bus.desktop.SHOW_TIMEOUT", 0.05)
    peer = await Bus(bus_address=bus.address).connect()
    server = MuteServer(peer)
    await server.own()
    yield server
    peer.close()


@pytest.mark.parametrize("introspection", ["", INTROSPECTION], ids=["nothing", "Notify"])
async def test_a_server_that_does_not_answer_is_given_up(mute, desktop, introspection):
    mute.introspection = introspection
    assert await refused(desktop) == "the notification server has not answered yet"


async def test_a_notice_that_was_given_up_is_not_sent_later(mute, desktop):
    await refused(desktop)
    mute.introspection = INTROSPECTION
    await refused(desktop)
    calls = [member for (member,) in mute.calls.rest()]
    assert calls.count("Notify") == 1


@pytest.mark.parametrize("introspection", ["", INTROSPECTION], ids=["nothing", "Notify"])
async def test_giving_up_leaves_no_descriptors_behind(mute, desktop, introspection):
    mute.introspection = introspection
    await refused(desktop)
    await asyncio.sleep(0)
    before = open_descriptors()
    for _ in range(3):
        await refused(desktop)
    await asyncio.sleep(0)
    assert open_descriptors() <= before


async def test_a_server_that_refuses_is_one_sentence_and_the_next_notice_is_tried(server, desktop, client, caplog):
    await server.start()
    code = "raise dbus.exceptions.DBusException('too many', name='org.example.TooMany')"
    await client.call(SERVER, PATH, MOCK, "AddMethod", "sssss", SERVER, "Notify", "susssasa{sv}i", "u", code)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Denied, match="too many"):
        await show(desktop)
    await client.call(SERVER, PATH, MOCK, "AddMethod", "sssss", SERVER, "Notify", "susssasa{sv}i", "u", "ret = 9")
    await show(desktop)


async def test_a_late_answer_is_taken_for_what_it_is_and_the_notice_is_not_sent_again(mute, desktop):
    mute.introspection = INTROSPECTION
    await refused(desktop)
    await mute.answer_notify()
    assert await desktop.appeared.next() == ()
    await show(desktop)
    calls = [member for (member,) in mute.calls.rest()]
    assert calls.count("Notify") == 1
