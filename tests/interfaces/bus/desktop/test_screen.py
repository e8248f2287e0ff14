"""``senter.bus.desktop.screen`` against dbusmock's notification server, and against servers that misbehave."""

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from support.private_bus import DEADLINE, Inbox, open_descriptors, until

from senter.bus.connection import Connection, Match
from senter.bus.desktop import backend
from senter.bus.desktop.backend import SERVER
from senter.bus.desktop.screen import LONGEST_BODY, LONGEST_TITLE, Screen
from senter.bus.library import Bus, Message, MessageType, Variant
from senter.bus.names import APPLICATION_ID
from senter.bus.signatures import unpack
from senter.errors import Denied, Unavailable

TEMPLATE = str(Path(__file__).with_name("notification_server.py"))
PATH = "/org/freedesktop/Notifications"
MOCK = "org.freedesktop.DBus.Mock"
EVERYTHING = "body body-markup actions persistence"
EXPIRED, DISMISSED, CLOSED, UNKNOWN = 1, 2, 3, 4


class Shown:
    """One call of ``Notify`` that the server got."""

    def __init__(self, arguments: list[Any]) -> None:
        self.application, self.replaces, _icon, self.title, self.body, actions, self.hints, self.timeout = arguments
        self.buttons = dict(zip(actions[::2], actions[1::2], strict=True))


class Server:
    """What a test sees of the mock and makes it do."""

    def __init__(self, connection: Connection, start) -> None:
        self._connection = connection
        self._start = start
        self._calls = Inbox()
        self.closed = Inbox()
        self._program: Any = None

    async def start(self, capabilities: str = EVERYTHING, name: str = "mock") -> None:
        """Start the server."""
        parameters = {"capabilities": capabilities, "server": name}
        self._program = await self._start(self._connection, SERVER, TEMPLATE, **parameters)

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

    async def click(self, number: int, key: str, *tokens: str) -> None:
        """Do as the server does when the user clicks on the notice with this number."""
        for token in tokens:
            await self._emit("ActivationToken", "us", Variant("u", number), Variant("s", token))
        await self._emit("ActionInvoked", "us", Variant("u", number), Variant("s", key))

    async def close(self, number: int, reason: int = DISMISSED) -> None:
        """Do as the server does when the notice with this number leaves the screen."""
        await self._emit("NotificationClosed", "uu", Variant("u", number), Variant("u", reason))

    async def _emit(self, name: str, signature: str, *body: Variant) -> None:
        await self._connection.call(
            *(SERVER, PATH, MOCK, "EmitSignal", "sssav", SERVER, name, signature, list(body)), timeout=DEADLINE
        )

    def _called(self, name: str, arguments: list[Any]) -> None:
        if name == "Notify":
            self._calls(arguments)
        elif name == "CloseNotification":
            self.closed(*arguments)


@pytest.fixture
async def server(client, mock):
    """The notification server, not yet started."""
    peer = Server(client, mock)
    await peer.listen()
    return peer


@pytest.fixture
async def new_screen(connect):
    """Makes what shows notices, as every start of the reporter does; it is told everything from the start."""
    made = []

    async def make() -> Screen:
        screen = Screen(await connect())
        screen.chosen, screen.closed, screen.appeared = _Told(), _Told(), _Told()
        await screen.start()
        made.append(screen)
        return screen

    yield make
    for screen in made:
        await let_go(screen)


@pytest.fixture
async def screen(new_screen):
    """What shows notices."""
    return await new_screen()


class _Told(Inbox):
    async def __call__(self, *told: Any) -> None:
        super().__call__(*told)


async def let_go(screen: Screen) -> None:
    """End what goes on between the screen and its server."""
    screen._server_moved("")
    await asyncio.sleep(0)


async def show(
    screen: Screen,
    title: str = "Title",
    body: str = "body",
    urgency: str = "normal",
    *,
    notice: str = "notice-1",
    sticky: bool = False,
    replaces: str = "",
    **buttons: str,
) -> str:
    async with asyncio.timeout(DEADLINE):
        return await screen.show(notice, title, body, urgency, buttons, sticky=sticky, replaces=replaces)


async def refused(screen: Screen) -> str:
    """The sentence with which a notice is refused, at once."""
    with pytest.raises(Unavailable) as caught:
        await show(screen)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("urgency", "level"), [("low", 0), ("normal", 1), ("critical", 2)])
async def test_a_notice_arrives_with_its_title_body_urgency_and_buttons(server, screen, urgency, level):
    await server.start()
    await show(screen, "Goal achieved", "Read 12 papers", urgency, approve="Go on", deny="Stop it")
    shown = await server.shown()
    assert (shown.application, shown.replaces) == ("Senter", 0)
    assert (shown.title, shown.body) == ("Goal achieved", "Read 12 papers")
    assert shown.hints == {"urgency": level, "desktop-entry": APPLICATION_ID}
    assert shown.buttons == {"default": "", "approve": "Go on", "deny": "Stop it"}


@pytest.mark.parametrize(("sticky", "timeout"), [(False, -1), (True, 0)])
async def test_a_notice_stays_as_long_as_it_should(server, screen, sticky, timeout):
    await server.start()
    await show(screen, sticky=sticky)
    assert (await server.shown()).timeout == timeout


async def test_a_server_without_buttons_gets_none(server, screen):
    await server.start("body")
    await show(screen, approve="Go on")
    assert (await server.shown()).buttons == {}


async def test_a_server_that_has_no_clicks_on_the_body_gets_buttons_only(server, screen):
    await server.start(name="Xfce Notify Daemon")
    await show(screen, approve="Go on")
    assert (await server.shown()).buttons == {"approve": "Go on"}


async def test_markup_is_escaped_for_a_server_that_renders_it(server, screen):
    await server.start("body body-markup")
    await show(screen, "1 < 2 & <i>so</i>", '<b>bold</b> & <a href="x">link</a> &amp;')
    shown = await server.shown()
    assert shown.title == "1 < 2 & <i>so</i>"
    assert shown.body == '&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href="x"&gt;link&lt;/a&gt; &amp;amp;'


async def test_for_a_server_that_renders_no_markup_there_is_none_that_it_could_render(server, screen):
    await server.start("body")
    await show(screen, body="<b>bold</b> & more &lt;")
    assert (await server.shown()).body == "\u2039b\u203abold\u2039/b\u203a & more &\u200blt;"


async def test_control_characters_are_left_out_and_line_breaks_stay(server, screen):
    await server.start()
    await show(screen, "a\x1b[31mb\x07", "one\ntwo\x00\x08\x1b]0;x\x07 drei ✓ \u202egnp\x85", go="l\x1babel")
    shown = await server.shown()
    assert shown.title == "a[31mb"
    assert shown.body == "one\ntwo]0;x drei ✓ gnp"
    assert shown.buttons["go"] == "label"


async def test_text_that_the_bus_cannot_carry_is_left_out(server, screen):
    await server.start()
    await show(screen, "a\ud800z", "b\udfffy")
    shown = await server.shown()
    assert (shown.title, shown.body) == ("az", "by")


@pytest.mark.parametrize("mark", ["x", "é", "\u202ex"], ids=["letters", "accents", "reordering"])
async def test_endless_text_is_cut(server, screen, mark):
    await server.start("body")
    await show(screen, mark * 2**20, mark * 2**20)
    shown = await server.shown()
    assert (len(shown.title), len(shown.body)) == (LONGEST_TITLE, LONGEST_BODY)
    assert shown.body == f"{mark[-1] * (LONGEST_BODY - 1)}…"


async def test_a_notice_is_shown_once(server, screen):
    await server.start()
    await show(screen)
    await show(screen, "Another")
    assert (await server.shown()).title == "Title"
    assert (await server.shown()).title == "Another"
    assert server.rest() == 0


async def test_a_notice_takes_the_place_of_another(server, screen):
    await server.start()
    place = await show(screen, approve="Go on")
    assert await show(screen, "Another", notice="notice-2", replaces=place, approve="Go on") == place
    assert ((await server.shown()).replaces, (await server.shown()).replaces) == (0, 1)
    await server.click(1, "approve")
    assert await screen.chosen.next() == ("notice-2", "approve", "")
    assert screen.closed.rest() == []


async def test_what_an_earlier_process_showed_is_replaced_with_its_clicks(server, new_screen):
    await server.start()
    place = await show(await new_screen())
    screen = await new_screen()
    assert await screen.holds(place)
    await show(screen, "Once more", replaces=place)
    assert ((await server.shown()).replaces, (await server.shown()).replaces) == (0, 1)
    await server.click(1, "default")
    assert await screen.chosen.next() == ("notice-1", "default", "")


async def test_a_place_does_not_outlive_its_server(server, screen):
    await server.start()
    place = await show(screen)
    await server.kill()
    assert not await screen.holds(place)
    await server.start()
    assert not await screen.holds(place)
    await show(screen, replaces=place)
    assert ((await server.shown()).replaces, (await server.shown()).replaces) == (0, 0)


@pytest.mark.parametrize("place", ["", "7", "a b 7", "a b c", "\n"])
async def test_what_is_no_place_is_held_by_nobody(server, screen, place):
    await server.start()
    assert not await screen.holds(place)
    await show(screen, replaces=place)
    assert (await server.shown()).replaces == 0


async def test_without_a_server_no_place_is_held(screen):
    assert not await screen.holds("a b 1")


@pytest.mark.parametrize("key", ["approve", "default"])
async def test_a_click_is_told_with_the_notice_and_the_key(server, screen, key):
    await server.start()
    await show(screen, approve="Go on")
    await server.shown()
    await server.click(1, key)
    assert await screen.chosen.next() == ("notice-1", key, "")


async def test_a_click_is_told_once(server, screen):
    await server.start()
    await show(screen, approve="Go on")
    await server.click(1, "approve")
    await server.close(1)
    await server.click(1, "approve")
    assert await screen.chosen.next() == ("notice-1", "approve", "")
    await show(screen, again="Again")
    await server.click(2, "again")
    assert await screen.chosen.next() == ("notice-1", "again", "")


async def test_clicks_on_the_notices_of_others_are_not_told(server, screen):
    await server.start()
    await show(screen, approve="Go on")
    await server.click(77, "approve", "token")
    await server.close(77)
    await server.click(1, "approve")
    assert await screen.chosen.next() == ("notice-1", "approve", "")
    assert screen.chosen.rest() == screen.closed.rest() == []


async def test_a_click_brings_the_last_token_that_the_server_gave_for_it(server, screen):
    await server.start()
    await show(screen)
    await show(screen, notice="notice-2")
    await server.click(1, "default", "first", "second")
    await server.click(2, "default")
    assert await screen.chosen.next() == ("notice-1", "default", "second")
    assert await screen.chosen.next() == ("notice-2", "default", "")


@pytest.mark.parametrize(
    ("reason", "dismissed"), [(EXPIRED, False), (DISMISSED, True), (CLOSED, False), (UNKNOWN, False)]
)
async def test_a_notice_that_leaves_the_screen_is_told_with_whether_it_was_dismissed(
    server, screen, reason, dismissed
):
    await server.start()
    await show(screen)
    await server.close(1, reason)
    assert await screen.closed.next() == ("notice-1", dismissed)


async def test_a_replaced_notice_that_leaves_is_told_as_what_replaced_it(server, screen):
    await server.start()
    await show(screen, notice="notice-2", replaces=await show(screen))
    await server.close(1)
    assert await screen.closed.next() == ("notice-2", True)
    assert screen.closed.rest() == []


async def test_a_notice_is_taken_off_the_screen_and_that_is_not_told(server, screen):
    await server.start()
    place = await show(screen)
    await screen.close("notice-1", place)
    assert await server.closed.next() == (1,)
    await show(screen, notice="notice-2")
    await server.close(2)
    assert await screen.closed.next() == ("notice-2", True)


async def test_a_notice_of_an_earlier_process_is_taken_off_the_screen(server, new_screen):
    await server.start()
    place = await show(await new_screen())
    await (await new_screen()).close("notice-1", place)
    assert await server.closed.next() == (1,)


async def test_nothing_is_closed_at_another_server(server, screen):
    await server.start()
    place = await show(screen)
    await server.kill()
    await screen.close("notice-1", place)
    await server.start()
    await screen.close("notice-1", place)
    await screen.close("notice-2", await show(screen, notice="notice-2"))
    await server.closed.next()
    assert server.closed.rest() == []


async def test_only_so_many_clicks_are_waited_for(server, screen, monkeypatch):
    monkeypatch.setattr(backend, "MOST_REMEMBERED", 2)
    await server.start()
    for number in range(1, 4):
        await show(screen, notice=f"notice-{number}")
    for number in range(1, 4):
        await server.click(number, "default")
    assert await screen.chosen.next() == ("notice-2", "default", "")
    assert await screen.chosen.next() == ("notice-3", "default", "")


async def test_a_server_that_is_there_is_present(server, screen):
    await server.start()
    assert await screen.present()


async def test_without_a_server_a_notice_is_refused_at_once(screen):
    assert (await refused(screen)).startswith("there is no notification server: ")
    assert not await screen.present()


async def test_without_a_bus_a_notice_is_refused_at_once(bus, screen):
    bus.kill()
    assert (await refused(screen)).startswith("there is no notification server: ")
    assert not await screen.present()
    assert not await screen.holds("a b 1")


async def test_a_server_that_the_bus_can_start_is_started(bus, server, screen, dbusmock):
    bus.install(SERVER, "/usr/bin/python3", "-m", "dbusmock", "--template", TEMPLATE)
    await show(screen)
    assert (await server.shown()).title == "Title"


async def test_a_server_that_cannot_be_started_is_one_sentence(bus, screen):
    bus.install(SERVER, "/bin/false")
    assert (await refused(screen)).startswith("there is no notification server: ")


async def test_a_server_that_starts_later_is_noticed(server, screen):
    await refused(screen)
    await server.start()
    assert await screen.appeared.next() == ()
    await show(screen)
    assert (await server.shown()).title == "Title"


async def test_a_server_that_is_restarted_is_found_again_with_its_clicks(server, screen):
    for number in range(3):
        await server.start()
        assert await screen.appeared.next() == ()
        await show(screen, f"Notice {number}", approve="Go on")
        assert (await server.shown()).title == f"Notice {number}"
        await server.click(1, "approve")
        assert await screen.chosen.next() == ("notice-1", "approve", "")
        await server.kill()
        await refused(screen)


async def test_a_server_that_is_replaced_by_another_is_found_again(server, screen):
    await server.start("body")
    await show(screen)
    assert (await server.shown()).title == "Title"
    await server.kill()
    await server.start("body body-markup")
    await screen.appeared.next()
    await screen.appeared.next()
    await show(screen, body="<b>")
    assert (await server.shown()).body == "&lt;b&gt;"


async def test_a_notice_can_be_shown_after_the_bus_was_restarted(bus, connect, mock, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    connection = await connect()
    screen = Screen(connection)
    screen.appeared = _Told()
    await screen.start()
    first = Server(await connect(), mock)
    await first.start()
    await screen.appeared.next()
    place = await show(screen)
    bus.kill()
    bus.start()
    await connection.wait_lost()
    assert await connection.reopen()
    second = Server(await connect(), mock)
    await second.listen()
    await second.start()
    await screen.appeared.next()
    assert not await screen.holds(place)
    await show(screen, "After the restart")
    assert (await second.shown()).title == "After the restart"
    await let_go(screen)


class MuteServer:
    """Owns the name of the notification server, and answers only what it is made to answer."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self.calls = Inbox()
        self.introspection = ""
        self.asked: dict[str, Any] = {}

    async def own(self) -> None:
        """Take the name."""
        self._bus.add_message_handler(self._receive)
        await self._bus.request_name(SERVER)

    async def answer(self, member: str, signature: str, *body: Any) -> None:
        """Answer, late, the last call of a member."""
        await self._bus.send(Message.new_method_return(self.asked[member], signature, list(body)))

    async def refuse(self, member: str, name: str, *text: str) -> None:
        """Answer the last call of a member with an error, which may say nothing."""
        call = self.asked[member]
        reply = {"destination": call.sender, "reply_serial": call.serial, "signature": "s" * len(text)}
        await self._bus.send(Message(message_type=MessageType.ERROR, error_name=name, body=list(text), **reply))

    def signal(self, member: str, signature: str, *body: Any) -> None:
        """Send a signal."""
        self._bus.send(Message.new_signal(PATH, SERVER, member, signature, list(body)))

    def _receive(self, message: Any) -> Any:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        self.asked[message.member] = message
        self.calls(message.member)
        answers = {
            "Introspect": ("s", [self.introspection]),
            "GetCapabilities": ("as", [["body", "actions"]]),
            "GetServerInformation": ("ssss", ["mute", "nobody", "1", "1.2"]),
        }
        if self.introspection and message.member in answers:
            return Message.new_method_return(message, *answers[message.member])
        return True


INTROSPECTION = """<node><interface name="org.freedesktop.Notifications">
<method name="Notify"><arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/>
<arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="as"/>
<arg direction="in" type="a{sv}"/><arg direction="in" type="i"/><arg direction="out" type="u"/></method>
<method name="CloseNotification"><arg direction="in" type="u"/></method>
<method name="GetCapabilities"><arg direction="out" type="as"/></method>
<method name="GetServerInformation"><arg direction="out" type="s"/><arg direction="out" type="s"/>
<arg direction="out" type="s"/><arg direction="out" type="s"/></method>
<signal name="NotificationClosed"><arg type="u"/><arg type="u"/></signal></interface></node>"""


@pytest.fixture
async def mute(bus, monkeypatch):
    """A server that never answers; patience with it is short here."""
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", 0.05)
    peer = await Bus(bus_address=bus.address).connect()
    server = MuteServer(peer)
    await server.own()
    yield server
    peer.close()


async def asked(mute: MuteServer, member: str) -> None:
    """Return when the server has been asked for a member."""
    while (await mute.calls.next()) != (member,):
        pass


@pytest.mark.parametrize("introspection", ["", INTROSPECTION], ids=["nothing", "Notify"])
async def test_a_server_that_does_not_answer_is_given_up(mute, screen, introspection):
    mute.introspection = introspection
    assert await refused(screen) == "the notification server has not answered yet"


@pytest.mark.parametrize(
    ("introspection", "member"), [("", "Introspect"), (INTROSPECTION, "Notify")], ids=["nothing", "Notify"]
)
async def test_a_server_that_does_not_answer_is_asked_once(mute, screen, introspection, member):
    mute.introspection = introspection
    for _ in range(3):
        await refused(screen)
    calls = [member for (member,) in mute.calls.rest()]
    assert calls.count(member) == 1


async def test_a_server_that_wakes_up_is_told_as_its_appearing(mute, screen):
    await refused(screen)
    mute.introspection = INTROSPECTION
    await mute.answer("Introspect", "s", INTROSPECTION)
    assert await screen.appeared.next() == ()
    await refused(screen)
    await mute.answer("Notify", "u", 5)
    assert await screen.appeared.next() == ()
    assert (await show(screen)).endswith(" 5")


@pytest.mark.parametrize("introspection", ["", INTROSPECTION], ids=["nothing", "Notify"])
async def test_giving_up_leaves_no_descriptors_behind(mute, screen, introspection):
    mute.introspection = introspection
    await refused(screen)
    await asyncio.sleep(0)
    before = open_descriptors()
    for _ in range(3):
        await refused(screen)
    await asyncio.sleep(0)
    assert open_descriptors() <= before


async def test_a_notice_of_a_server_that_does_not_answer_stays_and_nobody_waits_for_it(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    await mute.answer("Notify", "u", 5)
    await screen.appeared.next()
    async with asyncio.timeout(DEADLINE):
        await screen.close("notice-1", await show(screen))


async def test_a_notice_that_has_gone_already_is_closed_in_peace(mute, screen, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(show(screen))
    await asked(mute, "Notify")
    await mute.answer("Notify", "u", 5)
    closing = asyncio.create_task(screen.close("notice-1", await showing))
    await asked(mute, "CloseNotification")
    await mute.refuse("CloseNotification", "org.example.Nothing")
    await closing


async def test_a_notice_that_leaves_the_screen_as_it_comes_is_told(mute, screen, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(show(screen))
    await asked(mute, "Notify")
    answering = mute.answer("Notify", "u", 5)
    mute.signal("NotificationClosed", "uu", 4, DISMISSED)
    await asyncio.gather(answering, _soon(mute.signal, "NotificationClosed", "uu", 5, DISMISSED))
    await showing
    assert await screen.closed.next() == ("notice-1", True)


async def _soon(call, *arguments) -> None:
    call(*arguments)


async def test_a_server_of_the_old_kind_gets_hints_as_text(mute, screen):
    mute.introspection = INTROSPECTION.replace("a{sv}", "a{ss}")
    await refused(screen)
    assert unpack(mute.asked["Notify"].body)[6] == {"urgency": "1", "desktop-entry": APPLICATION_ID}


@pytest.mark.parametrize("introspection", ["<node/>", INTROSPECTION.replace("Notify", "Tell")])
async def test_what_is_no_notification_server_is_one_sentence(mute, screen, introspection):
    mute.introspection = introspection
    assert await refused(screen) == "the notification server cannot be used: it is no notification server"


async def test_a_server_that_leaves_without_an_answer_has_refused_nothing(mute, screen, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(refused(screen))
    await asked(mute, "Notify")
    await mute.refuse("Notify", "org.freedesktop.DBus.Error.NoReply", "it left")
    assert await showing == "the notification server went away"


async def test_a_refusal_without_a_reason_is_one_sentence(mute, screen, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(show(screen))
    await asked(mute, "Notify")
    await mute.refuse("Notify", "org.example.No")
    with pytest.raises(Denied, match="the notification server refused the notice: it gives no reason"):
        await showing


async def test_a_server_that_refuses_is_one_sentence_and_the_next_notice_is_tried(server, screen, client, caplog):
    await server.start()
    code = "raise dbus.exceptions.DBusException('too many', name='org.example.TooMany')"
    await client.call(SERVER, PATH, MOCK, "AddMethod", "sssss", SERVER, "Notify", "susssasa{sv}i", "u", code)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Denied, match="too many"):
        await show(screen)
    await client.call(SERVER, PATH, MOCK, "AddMethod", "sssss", SERVER, "Notify", "susssasa{sv}i", "u", "ret = 9")
    await show(screen)


async def test_a_late_answer_is_taken_for_what_it_is_and_the_notice_is_not_sent_again(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    await mute.answer("Notify", "u", 1)
    assert await screen.appeared.next() == ()
    await show(screen)
    calls = [member for (member,) in mute.calls.rest()]
    assert calls.count("Notify") == 1


def kept(screen: Screen) -> list[Any]:
    """What the screen keeps of notices."""
    return [*screen._sending, *screen._wanted, *screen._unwanted, *screen._tasks, *screen._backend._notices]


async def closed_by_us(mute: MuteServer, screen: Screen, number: int) -> None:
    """Return when the server has been asked to close this notice, and nothing is kept of it."""
    await asked(mute, "CloseNotification")
    assert mute.asked["CloseNotification"].body == [number]
    await mute.answer("CloseNotification", "")
    await until(lambda: not kept(screen))


async def test_a_forgotten_notice_is_closed_when_its_answer_comes_at_last(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    screen.forget("notice-1")
    await mute.answer("Notify", "u", 5)
    assert await screen.appeared.next() == ()
    await closed_by_us(mute, screen, 5)


async def test_a_forgotten_notice_whose_late_answer_nobody_has_taken_is_closed(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    await mute.answer("Notify", "u", 5)
    assert await screen.appeared.next() == ()
    screen.forget("notice-1")
    await closed_by_us(mute, screen, 5)


@pytest.mark.parametrize("member", ["GetCapabilities", "Notify"])
async def test_a_notice_that_is_forgotten_while_it_is_shown_in_vain_is_closed_when_its_answer_comes(
    mute, screen, monkeypatch, member
):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", 0.5)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(refused(screen))
    await asked(mute, member)
    screen.forget("notice-1")
    await showing
    await mute.answer("Notify", "u", 5)
    await closed_by_us(mute, screen, 5)


async def test_a_notice_that_is_forgotten_while_it_is_shown_is_left_to_who_gets_its_place(
    mute, screen, monkeypatch
):
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    mute.introspection = INTROSPECTION
    showing = asyncio.create_task(show(screen))
    await asked(mute, "Notify")
    screen.forget("notice-1")
    await mute.answer("Notify", "u", 5)
    assert (await showing).endswith(" 5")
    mute.signal("NotificationClosed", "uu", 5, DISMISSED)
    assert await screen.closed.next() == ("notice-1", True)
    assert mute.calls.rest() == []


async def test_nothing_is_kept_of_a_forgotten_notice_that_is_refused_at_last(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    screen.forget("notice-1")
    await mute.refuse("Notify", "org.example.No", "too many")
    await until(lambda: not kept(screen))
    assert "CloseNotification" not in mute.asked


async def test_nothing_is_kept_of_a_forgotten_notice_whose_server_leaves(mute, screen):
    mute.introspection = INTROSPECTION
    await refused(screen)
    screen.forget("notice-1")
    await let_go(screen)
    await until(lambda: not kept(screen))


async def test_a_forgotten_notice_that_is_shown_anew_stays(mute, screen, monkeypatch):
    mute.introspection = INTROSPECTION
    await refused(screen)
    first = mute.asked["Notify"]
    screen.forget("notice-1")
    await asked(mute, "Notify")
    monkeypatch.setattr("senter.bus.desktop.screen.SHOW_TIMEOUT", DEADLINE)
    showing = asyncio.create_task(show(screen))
    await asked(mute, "Notify")
    await mute.answer("Notify", "u", 6)
    assert (await showing).endswith(" 6")
    mute.asked["Notify"] = first
    await mute.answer("Notify", "u", 5)
    await asked(mute, "CloseNotification")
    assert mute.asked["CloseNotification"].body == [5]


async def test_forgetting_what_was_shown_or_never_was_changes_nothing(server, screen):
    await server.start()
    screen.forget("notice-1")
    await show(screen, approve="Go on")
    screen.forget("notice-1")
    await server.click(1, "approve")
    assert await screen.chosen.next() == ("notice-1", "approve", "")
    assert server.closed.rest() == []


async def test_a_server_that_takes_its_name_before_it_is_ready_is_asked_again(mute, screen):
    mute.introspection = "<node/>"
    await refused(screen)
    mute.introspection = INTROSPECTION
    await refused(screen)
    await mute.answer("Notify", "u", 5)
    await screen.appeared.next()
    assert (await show(screen)).endswith(" 5")
