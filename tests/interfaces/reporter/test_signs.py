"""Signs of life over a private session bus, from rooms of the test's own."""

import pytest
from support.private_bus import Inbox

from senter.bus.names import AUDIO, GAZE, LEARNING, TASKS
from senter.bus.publish import Interface, signal
from senter.bus.signals import Match
from senter.bus.signatures import Double, Str
from senter.reporter.signs import Signs


class Gaze(Interface):
    """The camera."""

    @signal
    def AttentionGained(self, score: Double) -> None:
        """The user looks here."""

    @signal
    def AttentionLost(self, seconds: Double) -> None:
        """The user looks away."""


class Audio(Interface):
    """The microphone."""

    @signal
    def Heard(self, text: Str, seconds: Double) -> None:
        """The user said something."""

    @signal
    def SpeakingChanged(self, seconds: Double) -> None:
        """Senter says something."""


class Learning(Interface):
    """Who remembers what happens."""

    @signal
    def Recorded(self, event_type: Str) -> None:
        """Something was remembered."""


class House:
    """The rooms that give signs, each on a connection of its own, and the one who watches for them."""

    def __init__(self, connect, client) -> None:
        self._connect = connect
        self._client = client
        self.signs = Signs(client)
        self.seen = Inbox()
        self.signs.seen = self.seen

    async def open(self, kind: type[Interface], room):
        """Let a room come to the bus."""
        connection, interface = await self._connect(), kind(room)
        connection.export(room.path, interface)
        assert await connection.own(room.bus_name)
        return interface


@pytest.fixture
def house(connect, client) -> House:
    """The rooms, none of which is there yet."""
    return House(connect, client)


async def test_a_look_is_a_sign(house):
    gaze = await house.open(Gaze, GAZE)
    await house.signs.start()
    gaze.AttentionGained(0.8)
    assert await house.seen.next() == ()


async def test_words_that_were_heard_are_a_sign(house):
    audio = await house.open(Audio, AUDIO)
    await house.signs.start()
    audio.Heard("what is new?", 1.5)
    assert await house.seen.next() == ()


async def test_what_the_user_did_is_a_sign(house):
    learning = await house.open(Learning, LEARNING)
    await house.signs.start()
    learning.Recorded("user_query")
    assert await house.seen.next() == ()


async def test_a_room_that_comes_later_is_heard_as_well(house):
    await house.signs.start()
    learning = await house.open(Learning, LEARNING)
    learning.Recorded("user_query")
    assert await house.seen.next() == ()


async def test_every_sign_is_told(house):
    audio = await house.open(Audio, AUDIO)
    await house.signs.start()
    for _ in range(3):
        audio.Heard("again", 0.5)
    for _ in range(3):
        assert await house.seen.next() == ()


@pytest.mark.parametrize("event", ["goal_completed", "superuser_query", "user", ""])
async def test_what_senter_did_by_itself_is_no_sign(house, event):
    learning = await house.open(Learning, LEARNING)
    await house.signs.start()
    learning.Recorded(event)
    learning.Recorded("user_query")
    await house.seen.next()
    assert house.seen.rest() == []


async def test_other_signals_of_these_rooms_are_no_signs(house):
    gaze, audio = await house.open(Gaze, GAZE), await house.open(Audio, AUDIO)
    await house.signs.start()
    for _ in range(3):
        gaze.AttentionLost(3.0)
        audio.SpeakingChanged(1.0)
    gaze.AttentionGained(0.9)
    audio.Heard("well?", 1.0)
    assert [await house.seen.next(), await house.seen.next()] == [(), ()]
    assert house.seen.rest() == []


@pytest.mark.parametrize("is_there", [False, True])
async def test_a_sign_of_somebody_else_does_not_count(house, connect, client, is_there):
    if is_there:
        await house.open(Gaze, GAZE)
    await house.signs.start()
    stranger = await connect()
    pretended = Gaze(GAZE)
    stranger.export(GAZE.path, pretended)
    assert await stranger.own(TASKS.bus_name)
    arrived = Inbox()
    await client.subscribe(Match(GAZE.interface, "AttentionGained", path=GAZE.path), arrived)
    pretended.AttentionGained(1.0)
    assert await arrived.next() == (1.0,)
    assert house.seen.rest() == []


async def test_listening_wakes_no_room(house, bus, tmp_path):
    woken = tmp_path / "woken"
    for room in (GAZE, AUDIO, LEARNING):
        bus.install(room.bus_name, "/bin/sh", "-c", f"touch {woken}")
    await house.signs.start()
    learning = await house.open(Learning, LEARNING)
    learning.Recorded("user_query")
    await house.seen.next()
    assert not woken.exists()


async def test_signs_are_heard_again_after_the_bus_came_back(house, bus, client, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    await house.signs.start()
    bus.kill()
    bus.start()
    assert await client.reopen()
    gaze = await house.open(Gaze, GAZE)
    gaze.AttentionGained(0.8)
    assert await house.seen.next() == ()
