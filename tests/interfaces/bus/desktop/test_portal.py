"""``senter.bus.desktop.portal`` against a portal that does what a test says, and without one."""

import asyncio
import fcntl
import os
from typing import Any

import pytest
from support.opener import Opener
from support.private_bus import DEADLINE, Inbox, open_descriptors

from senter.bus.desktop.portal import PORTAL, PORTAL_PATH, REQUEST, open_target
from senter.bus.library import Bus, Message, MessageType
from senter.bus.names import APPLICATION_ID
from senter.bus.signatures import unpack
from senter.errors import Unavailable

PAGE = "https://example.org/a?b=1#c"
OPENED, DECLINED, FAILED = 0, 1, 2
SILENCE = None


class Portal:
    """Owns the name of the portal and keeps what it is asked for, with a descriptor of its own to each file."""

    def __init__(self, bus: Any) -> None:
        self._bus = bus
        self.calls = Inbox()
        self.accepts = True
        self.error = ""
        self.response: int | None = OPENED
        self.knows_registry = True
        self.asked: Any = None

    async def own(self) -> None:
        """Take the name."""
        self._bus.add_message_handler(self._receive)
        await self._bus.request_name(PORTAL)

    async def leave(self) -> None:
        """End without a warning, after everything that was answered."""
        await all_sent(self._bus)
        self._bus.close()

    def respond(self, code: int, bus: Any = None) -> None:
        """Say what came of the request, as the portal or as somebody else."""
        sender = self.asked.sender.removeprefix(":").replace(".", "_")
        path = f"{PORTAL_PATH}/request/{sender}/{unpack(self.asked.body[-1])['handle_token']}"
        (bus or self._bus).send(Message.new_signal(path, REQUEST, "Response", "ua{sv}", [code, {}]))

    def _receive(self, message: Any) -> Any:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member == "Register":
            self.calls("Register", *message.body)
            if not self.knows_registry:
                return Message.new_error(message, "org.freedesktop.DBus.Error.UnknownMethod", "there is none")
            return Message.new_method_return(message)
        self.asked = message
        self.calls(message.member, *message.body, *message.unix_fds)
        if not self.accepts:
            return True
        if self.error:
            return Message.new_error(message, self.error, "it will not")
        if self.response is not SILENCE:
            self.respond(self.response)
        return Message.new_method_return(message, "o", [f"{PORTAL_PATH}/request/it"])


async def all_sent(bus: Any) -> None:
    """Return when everything has left that was sent before."""
    await bus.call(Message("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId"))


@pytest.fixture
def opener(tmp_path, monkeypatch):
    """The system's own way of opening things."""
    programs = Opener(tmp_path / "bin")
    programs.put("xdg-open")
    monkeypatch.setenv("PATH", str(programs.folder))
    return programs


@pytest.fixture
async def portal(bus, opener):
    """A portal that opens everything."""
    peer = await Bus(bus_address=bus.address, negotiate_unix_fd=True).connect()
    serving = Portal(peer)
    await serving.own()
    yield serving
    peer.close()


@pytest.fixture
def report(tmp_path):
    """A file to open."""
    file = tmp_path / "the report.html"
    file.write_text("<p>It is ready.")
    return file


async def opened(target: str, token: str = "") -> None:
    async with asyncio.timeout(DEADLINE):
        await open_target(target, token)


async def requested(portal: Portal) -> list[Any]:
    """The request that followed the registration."""
    assert await portal.calls.next() == ("Register", APPLICATION_ID, {})
    return list(await portal.calls.next())


async def test_a_page_is_opened_by_the_portal_with_the_token_of_the_click(portal, opener):
    await opened(PAGE, "token-1")
    member, parent, url, options = await requested(portal)
    assert (member, parent, url) == ("OpenURI", "", PAGE)
    assert unpack(options).items() >= {"writable": False, "activation_token": "token-1"}.items()
    assert not opener.was_called()


async def test_without_a_token_none_is_sent(portal):
    await opened(PAGE)
    assert "activation_token" not in (await requested(portal))[-1]


@pytest.mark.parametrize("form", ["path", "url"])
async def test_a_file_is_handed_to_the_portal_to_read_and_no_more(portal, opener, report, form):
    await opened(str(report) if form == "path" else report.as_uri())
    member, parent, index, options, descriptor = await requested(portal)
    with os.fdopen(descriptor) as file:
        assert fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        assert file.read() == "<p>It is ready."
    assert (member, parent, index) == ("OpenFile", "", 0)
    assert unpack(options)["writable"] is False
    assert not opener.was_called()


async def test_a_folder_is_opened_too(portal, report):
    await opened(str(report.parent))
    *_, descriptor = await requested(portal)
    assert os.readlink(f"/proc/self/fd/{descriptor}") == str(report.parent)
    os.close(descriptor)


async def test_a_portal_that_does_not_register_opens_all_the_same(portal, opener):
    portal.knows_registry = False
    await opened(PAGE)
    assert (await requested(portal))[0] == "OpenURI"
    assert not opener.was_called()


async def test_what_the_user_does_not_want_opened_is_not_opened_otherwise(portal, opener):
    portal.response = DECLINED
    await opened(PAGE)
    assert not opener.was_called()


async def test_what_the_portal_cannot_open_is_opened_by_the_system(portal, opener):
    portal.response = FAILED
    await opened(PAGE, "token-1")
    assert await opener.called("xdg-open") == ([PAGE], "token-1")


async def test_what_the_portal_refuses_is_opened_by_the_system(portal, opener, report):
    portal.error = "org.freedesktop.portal.Error.NotAllowed"
    await opened(report.as_uri(), "token-1")
    assert await opener.called("xdg-open") == ([str(report)], "token-1")


async def test_a_portal_that_does_not_accept_the_request_is_given_up(portal, opener, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.portal.ANSWER_TIMEOUT", 0.05)
    portal.accepts = False
    await opened(PAGE)
    assert await opener.called("xdg-open") == ([PAGE], "")


async def test_without_a_portal_the_system_opens_it(bus, opener, report):
    await opened(str(report), "token-1")
    assert await opener.called("xdg-open") == ([str(report)], "token-1")


async def test_a_portal_that_cannot_be_started_is_no_portal(bus, request):
    bus.install(PORTAL, "/bin/false")
    opener = request.getfixturevalue("opener")
    await opened(PAGE)
    assert await opener.called("xdg-open") == ([PAGE], "")


async def test_without_a_bus_the_system_opens_it(bus, opener):
    bus.kill()
    await opened(PAGE)
    assert await opener.called("xdg-open") == ([PAGE], "")


async def test_while_the_portal_asks_the_user_nothing_else_is_opened(portal, opener):
    portal.response = SILENCE
    opening = asyncio.create_task(opened(PAGE))
    await requested(portal)
    assert not opening.done()
    portal.respond(OPENED)
    await opening
    assert not opener.was_called()


async def test_a_user_who_never_chooses_is_left_alone(portal, opener, monkeypatch):
    monkeypatch.setattr("senter.bus.desktop.portal.CHOICE_TIMEOUT", 0.05)
    portal.response = SILENCE
    await opened(PAGE)
    assert not opener.was_called()


async def test_a_portal_that_asks_holds_up_no_other_opening(portal, opener):
    portal.response = SILENCE
    opening = asyncio.create_task(opened(PAGE))
    await requested(portal)
    first = portal.asked
    portal.response = OPENED
    await opened("https://example.org/other")
    assert not opening.done()
    portal.asked = first
    portal.respond(OPENED)
    await opening
    assert not opener.was_called()


async def test_whoever_leaves_while_the_portal_asks_can_leave_at_once(portal, opener):
    portal.response = SILENCE
    opening = asyncio.create_task(opened(PAGE))
    await requested(portal)
    opening.cancel()
    await asyncio.wait({opening}, timeout=1)
    assert opening.cancelled()
    assert not opener.was_called()


async def test_a_portal_that_leaves_while_it_asks_is_no_portal(portal, opener):
    portal.response = SILENCE
    opening = asyncio.create_task(opened(PAGE))
    await requested(portal)
    await portal.leave()
    await opening
    assert await opener.called("xdg-open") == ([PAGE], "")


async def test_nobody_but_the_portal_answers_for_it(bus, portal, opener):
    portal.response = SILENCE
    stranger = await Bus(bus_address=bus.address).connect()
    opening = asyncio.create_task(opened(PAGE))
    await requested(portal)
    portal.respond(FAILED, stranger)
    await all_sent(stranger)
    portal.respond(OPENED)
    await opening
    assert not opener.was_called()
    stranger.close()


@pytest.mark.parametrize("target", ["/no/such/file", "file:///no/such/file", "/etc/hostname/x", "file:///a%00b"])
async def test_a_file_that_is_not_there_is_one_sentence_and_nothing_is_started(portal, opener, target):
    with pytest.raises(Unavailable, match="there is no file /"):
        await opened(target)
    assert portal.calls.rest() == []
    assert not opener.was_called()


async def test_a_file_that_cannot_be_read_is_one_sentence(portal, opener, tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(Unavailable, match="loop cannot be read: Too many levels of symbolic links"):
        await opened(str(loop))
    assert portal.calls.rest() == []


async def test_a_pipe_without_a_writer_does_not_hold_it_up(portal, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    await opened(str(pipe))
    *_, descriptor = await requested(portal)
    os.close(descriptor)


async def test_nothing_is_left_open(portal, report):
    await opened(str(report))
    os.close((await requested(portal))[-1])
    before = open_descriptors()
    for _ in range(3):
        await opened(str(report))
        os.close((await requested(portal))[-1])
    assert open_descriptors() <= before
