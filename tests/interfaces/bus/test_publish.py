"""The error barrier, the guards and the signals of ``senter.bus.publish``, seen from another connection."""

import asyncio
import re
from typing import Any

import pytest
from support.echo import ECHO, SECRET, EchoInterface
from support.private_bus import DEADLINE, Inbox

from senter.bus.connection import BusError, Connection, Match
from senter.bus.library import Variant
from senter.errors import Denied, Internal, InvalidArgument, SenterError

pytestmark = pytest.mark.usefixtures("echo")


async def call(client: Connection, member: str, signature: str = "", *arguments: Any) -> Any:
    return await client.call(
        ECHO.bus_name, ECHO.path, ECHO.interface, member, signature, *arguments, timeout=DEADLINE
    )


async def refusal(client: Connection, member: str, signature: str = "", *arguments: Any) -> SenterError:
    with pytest.raises(SenterError) as caught:
        await call(client, member, signature, *arguments)
    return caught.value


async def test_a_text_comes_back_as_it_was_sent(client):
    assert await call(client, "Echo", "s", "grüße, 日本語 🎯 <b>&amp;</b>\n") == "grüße, 日本語 🎯 <b>&amp;</b>\n"


async def test_an_unexpected_exception_reaches_the_caller_without_its_details(client):
    error = await refusal(client, "Crash")
    assert type(error) is Internal
    assert str(error) == "internal error, see the journal: senter logs"


async def test_an_unexpected_exception_travels_under_the_name_of_internal(client, monkeypatch):
    monkeypatch.setattr("senter.bus.connection.error_class", lambda name: None)
    with pytest.raises(BusError) as caught:
        await call(client, "Crash")
    assert caught.value.name == "ai.senter.Error.Internal"


async def test_an_unexpected_exception_is_logged_once_with_its_traceback(client, caplog):
    await refusal(client, "Crash")
    records = [record for record in caplog.records if record.name.startswith("senter")]
    assert len(records) == 1
    assert SECRET in caplog.text
    assert "in Crash" in caplog.text


async def test_a_failure_for_people_arrives_under_its_own_name_and_text_and_is_not_logged(client, caplog):
    error = await refusal(client, "Refuse", "s", "this is not for you; ask somebody else")
    assert type(error) is Denied
    assert str(error) == "this is not for you; ask somebody else"
    assert [record for record in caplog.records if record.name.startswith("senter")] == []


@pytest.mark.parametrize("text", ["", "a\0b", "a\ud800b", "one\ntwo"])
async def test_a_failure_arrives_whatever_its_text(client, monkeypatch, text):
    monkeypatch.setattr("support.echo.Denied", lambda _text: Denied(text))
    error = await refusal(client, "Refuse", "s", "x")
    assert type(error) is Denied
    assert await call(client, "Echo", "s", "still here") == "still here"


@pytest.mark.parametrize("member", ["TextAsNumber", "NumberTooLarge", "NothingAsText", "ShortRow", "Unpackable"])
async def test_a_result_that_does_not_fit_its_signature_is_an_internal_error(client, member):
    error = await refusal(client, member)
    assert type(error) is Internal
    assert str(error) == "internal error, see the journal: senter logs"
    assert await call(client, "Echo", "s", "still here") == "still here"


@pytest.mark.parametrize("member", ["LoneSurrogate", "Nul"])
async def test_text_that_the_bus_cannot_carry_is_replaced(client, member):
    assert await call(client, member) == "a\ufffdz"
    assert await call(client, "Echo", "s", "still here") == "still here"


async def test_text_that_the_bus_cannot_carry_is_replaced_at_every_depth(client):
    assert await call(client, "HiddenNul") == {"k\ufffdy": [{"deep": "a\ufffd\ufffdz"}]}


async def test_a_signal_with_text_that_the_bus_cannot_carry_arrives(client, echo):
    inbox = Inbox()
    await client.subscribe(Match(ECHO.interface, "Said"), inbox)
    echo.Said("a\0\ud800z", 1)
    assert await inbox.next() == ("a\ufffd\ufffdz", 1)


async def test_a_text_of_256_KiB_is_taken_and_a_longer_one_is_refused_by_its_name(client):
    longest = "x" * (256 * 1024)
    assert await call(client, "Echo", "s", longest) == longest
    error = await refusal(client, "Echo", "s", longest + "x")
    assert type(error) is InvalidArgument
    assert str(error) == "text is longer than 256 KiB"


async def test_the_length_of_a_text_counts_in_bytes(client):
    assert type(await refusal(client, "Echo", "s", "ü" * (128 * 1024 + 1))) is InvalidArgument


async def test_a_list_of_1000_entries_is_taken_and_a_longer_one_is_refused_by_its_name(client):
    assert await call(client, "Count", "as", ["x"] * 1000) == 1000
    error = await refusal(client, "Count", "as", ["x"] * 1001)
    assert type(error) is InvalidArgument
    assert str(error) == "texts has more than 1000 entries"


async def test_an_entry_that_is_too_long_is_named(client):
    error = await refusal(client, "Count", "as", ["x", "x" * (256 * 1024 + 1)])
    assert type(error) is InvalidArgument
    assert str(error) == "texts[1] is longer than 256 KiB"


async def test_values_inside_of_options_have_the_same_limits(client):
    texts = {"deep": Variant("a{sv}", {"er": Variant("as", ["x"] * 1001)})}
    error = await refusal(client, "Size", "a{sv}", texts)
    assert type(error) is InvalidArgument
    assert str(error) == "values[deep][er] has more than 1000 entries"


async def test_names_of_options_have_the_same_limits(client):
    error = await refusal(client, "Size", "a{sv}", {"x" * (256 * 1024 + 1): Variant("u", 1)})
    assert type(error) is InvalidArgument
    assert len(str(error)) < 1000


async def test_bytes_inside_of_options_have_the_same_limits(client):
    error = await refusal(client, "Size", "a{sv}", {"bytes": Variant("ay", bytes(256 * 1024 + 1))})
    assert type(error) is InvalidArgument


async def test_options_that_are_not_sent_have_their_defaults(client):
    assert await call(client, "Choose", "a{sv}", {"loud": Variant("b", True)}) == {
        "word": "plain",
        "number": 5,
        "loud": True,
    }


async def test_an_option_that_does_not_exist_is_refused_by_its_name(client):
    error = await refusal(client, "Choose", "a{sv}", {"colour": Variant("s", "red")})
    assert type(error) is InvalidArgument
    assert str(error) == 'there is no option "colour"; there are: word, number, loud'


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("word", Variant("u", 1)),
        ("number", Variant("s", "1")),
        ("number", Variant("b", True)),
        ("loud", Variant("u", 1)),
        ("word", Variant("as", ["x"])),
        ("word", Variant("v", Variant("u", 3))),
    ],
)
async def test_an_option_of_the_wrong_type_is_refused_by_its_name(client, name, value):
    error = await refusal(client, "Choose", "a{sv}", {name: value})
    assert type(error) is InvalidArgument
    assert str(error).startswith(f'option "{name}" must be of type ')


async def test_a_call_with_another_signature_is_refused_without_reaching_the_room(client, echo):
    error = await refusal(client, "Echo", "u", 3)
    assert isinstance(error, BusError)
    assert error.name == "org.freedesktop.DBus.Error.UnknownMethod"
    assert echo.service.calls == 0


async def test_a_program_is_known_by_its_unique_name(client):
    name = await call(client, "Caller")
    assert re.fullmatch(r":1\.\d+", name)
    await client.own("org.example.Program")
    assert await client.owner("org.example.Program") == name
    assert await call(client, "Caller") == name


async def test_a_room_is_known_by_its_name_and_no_longer_when_it_gave_the_name_back(client):
    await client.own("ai.senter.Probe1")
    assert await call(client, "Caller") == "ai.senter.Probe1"
    await client.release("ai.senter.Probe1")
    assert re.fullmatch(r":1\.\d+", await call(client, "Caller"))


async def test_a_room_that_was_there_first_is_known_by_its_name(connect):
    early, late = await connect(), await connect()
    await early.own("ai.senter.Probe1")
    interface = EchoInterface(object())
    await late.follow_rooms()
    late.export("/late", interface)
    await late.own("ai.senter.Late1")
    assert await early.call("ai.senter.Late1", "/late", ECHO.interface, "Caller") == "ai.senter.Probe1"


async def test_callers_of_the_same_moment_are_told_apart(connect):
    programs = [await connect() for _ in range(10)]
    names = await asyncio.gather(*(call(program, "Caller") for program in programs))
    assert len(set(names)) == 10
    assert names == await asyncio.gather(*(call(program, "Caller") for program in programs))


async def test_a_signal_arrives_with_its_arguments(client):
    inbox = Inbox()
    await client.subscribe(Match(ECHO.interface, "Said", path=ECHO.path, sender=ECHO.bus_name), inbox)
    await call(client, "Say", "su", "hello", 3)
    assert await inbox.next() == ("hello", 3)


async def test_introspection_names_the_arguments_of_methods_and_signals(client):
    xml = await client.call(ECHO.bus_name, ECHO.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    flat = " ".join(xml.split())
    assert re.search(r'<method name="Say">\s*<arg name="text" direction="in" type="s" ?/>', flat)
    assert re.search(r'<arg name="times" direction="in" type="u" ?/>', flat)
    assert re.search(r'<signal name="Said">\s*<arg name="text" direction="out" type="s" ?/>', flat)
    assert re.search(r'<arg name="times" direction="out" type="u" ?/>', flat)


async def test_calls_that_wait_are_not_garbage_collected(client, holding):
    calls = [asyncio.create_task(call(client, "Hold")) for _ in range(200)]
    for _ in calls:
        await holding.next()
    assert await call(client, "Release") == 200
    async with asyncio.timeout(DEADLINE):
        await asyncio.gather(*calls)


async def test_running_calls_are_counted_until_their_end(client, echo, holding):
    ended = Inbox()
    echo.call_ended = ended
    waiting = asyncio.create_task(call(client, "Hold"))
    await holding.next()
    assert len(echo.running) == 1
    await call(client, "Release")
    await waiting
    await ended.next()
    await ended.next()
    assert not echo.running


async def test_a_call_that_wants_no_reply_is_carried_out(client, echo, caplog):
    inbox = Inbox()
    await client.subscribe(Match(ECHO.interface, "Said"), inbox)
    command = ["busctl", "--user", "--expect-reply=no", "call"]
    target = [ECHO.bus_name, ECHO.path, ECHO.interface]
    for member in (["Crash"], ["Say", "su", "quietly", "1"]):
        process = await asyncio.create_subprocess_exec(*command, *target, *member)
        assert await process.wait() == 0
    assert await inbox.next() == ("quietly", 1)


async def test_more_calls_at_once_than_the_socket_takes_are_all_answered(client):
    texts = [f"{number} {'x' * 1000}" for number in range(2000)]
    async with asyncio.timeout(6 * DEADLINE):
        assert await asyncio.gather(*(call(client, "Echo", "s", text) for text in texts)) == texts


async def prop(client: Connection, name: str) -> Any:
    """A property, read by plain D-Bus."""
    return await client.call(
        ECHO.bus_name, ECHO.path, "org.freedesktop.DBus.Properties", "Get", "ss", ECHO.interface, name
    )


async def test_a_property_is_what_the_room_says_now(client):
    assert await prop(client, "Calls") == 0
    await call(client, "Echo", "s", "hello")
    assert await prop(client, "Calls") == 1


async def test_a_property_with_text_that_the_bus_cannot_carry_is_replaced(client):
    assert await prop(client, "Nonsense") == "a\ufffd\ufffdz"


async def test_a_property_cannot_be_written(client):
    with pytest.raises(BusError):
        await client.call(
            *(ECHO.bus_name, ECHO.path, "org.freedesktop.DBus.Properties", "Set", "ssv"),
            *(ECHO.interface, "Calls", Variant("u", 7)),
        )
    assert await prop(client, "Calls") == 0


async def test_a_property_that_fails_tells_nothing_of_the_inside(client, echo, caplog):
    echo.service.healthy = False
    with pytest.raises(Internal, match=r"^internal error, see the journal: senter logs$"):
        await prop(client, "Fragile")
    assert SECRET in caplog.text
    assert await call(client, "Echo", "s", "still here") == "still here"


async def test_a_change_of_properties_is_told_with_their_values(client, echo):
    inbox = Inbox()
    await client.subscribe(
        Match("org.freedesktop.DBus.Properties", "PropertiesChanged", path=ECHO.path, sender=ECHO.bus_name), inbox
    )
    echo.tell_properties("Calls", "Nonsense")
    assert await inbox.next() == (ECHO.interface, {"Calls": 0, "Nonsense": "a\ufffd\ufffdz"}, [])


async def test_a_private_signal_reaches_its_addressee_alone(connect, client, echo):
    inbox, others = Inbox(), Inbox()
    other = await connect()
    await client.subscribe(Match(ECHO.interface, "Whispered", path=ECHO.path, sender=ECHO.bus_name), inbox)
    for member in ("Whispered", "Said"):
        await other.subscribe(Match(ECHO.interface, member), others)
    await call(client, "Whisper", "su", "hello", 3)
    assert await inbox.next() == ("hello", 3)
    echo.Whispered(await call(client, "Caller"), "a\0\ud800z", 1)
    assert await inbox.next() == ("a\ufffd\ufffdz", 1)
    await call(client, "Say", "su", "and everybody", 1)
    assert await others.next() == ("and everybody", 1)
    assert others.rest() == []


async def test_a_private_signal_to_somebody_who_has_left_is_told_to_nobody(connect, client, echo):
    leaving = await connect()
    name = await call(leaving, "Caller")
    await leaving.close()
    echo.Whispered(name, "hello", 1)
    assert await call(client, "Echo", "s", "still here") == "still here"


async def test_a_private_signal_is_documented_like_any_other(client):
    xml = await client.call(ECHO.bus_name, ECHO.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    flat = " ".join(xml.split())
    assert re.search(r'<signal name="Whispered">\s*<arg name="text" direction="out" type="s" ?/>', flat)
    assert re.search(r'<property name="Calls" type="u" access="read" ?/>', flat)
