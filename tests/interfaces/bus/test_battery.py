"""``senter.bus.battery`` as ``senter.bus.login`` uses it, against dbusmock's UPower on a system bus of its own."""

import pytest
from support.private_bus import Inbox

from senter.bus.battery import UPOWER
from senter.bus.connection import Connection
from senter.bus.login import Login
from senter.host.session import system_bus_address


@pytest.fixture
async def login():
    """What the test listens with."""
    listening = Login()
    yield listening
    await listening.stop()


@pytest.fixture
def told(login) -> Inbox:
    """What is told of being plugged in or not."""
    inbox = Inbox()
    login.unplugged = lambda: inbox("unplugged")
    login.plugged = lambda: inbox("plugged")
    return inbox


@pytest.fixture
def power(login) -> Inbox:
    """What is told of the battery: whether it is used, and how full it is."""
    inbox = Inbox()
    login.power = inbox
    return inbox


async def test_being_unplugged_and_plugged_in_again_is_told(logind, upower, login, told):
    power = await upower(on_battery=False)
    assert await login.start()
    await power.change("OnBattery", "b", True)
    assert await told.next() == ("unplugged",)
    await power.change("OnBattery", "b", False)
    assert await told.next() == ("plugged",)


async def test_a_machine_that_runs_on_battery_from_the_start_is_told_as_unplugged(upower, login, told):
    await upower(on_battery=True)
    assert await login.start()
    assert told.rest() == [("unplugged",)]


async def test_a_battery_that_tells_before_it_answers_an_older_question_is_believed(
    upower, login, told, monkeypatch
):
    power = await upower(on_battery=False)
    call = login._connection.call

    async def slowly(*asked: object, **options: object):
        answer = await call(*asked, **options)
        if "OnBattery" in asked:
            await power.change("OnBattery", "b", True)
            assert await login._connection.answers()
        return answer

    monkeypatch.setattr(login._connection, "call", slowly)
    assert await login.start()
    assert told.rest() == [("unplugged",)]


async def test_other_news_of_the_machine_are_no_news_of_the_battery(upower, login, told):
    power = await upower(on_battery=False)
    assert await login.start()
    await power.change("LidIsClosed", "b", True)
    await power.change("OnBattery", "b", False)
    await power.change("OnBattery", "b", True)
    assert await told.next() == ("unplugged",)


async def test_a_machine_that_was_unplugged_while_the_system_bus_was_gone_is_told(
    system_bus, upower, login, told, mock, monkeypatch
):
    monkeypatch.setattr("senter.bus.connection.RECONNECT_PAUSE", 0.02)
    await upower(on_battery=False)
    assert await login.start()
    system_bus.kill()
    system_bus.start()
    connection = Connection(system_bus_address)
    await connection.open()
    await mock(connection, UPOWER, "upower", OnBattery=True)
    assert await told.next() == ("unplugged",)
    await connection.close()


async def test_how_full_the_battery_is_is_told_at_the_start_and_when_it_changes(upower, login, power):
    machine = await upower(on_battery=True)
    await machine.charge(81.5)
    assert await login.start()
    assert power.rest() == [(True, 81.5)]
    await machine.charge(80.0)
    assert await power.next() == (True, 80.0)
    await machine.charge(80.0)
    await machine.change("OnBattery", "b", False)
    assert await power.next() == (False, 80.0)


async def test_a_battery_that_is_not_there_has_no_charge(upower, login, power):
    machine = await upower(on_battery=False)
    await machine.charge(0.0, is_present=False)
    assert await login.start()
    assert power.rest() == [(False, None)]
    await machine.charge(50.0)
    assert await power.next() == (False, 50.0)
    await machine.charge(50.0, is_present=False)
    assert await power.next() == (False, None)


async def test_a_upower_without_a_display_device_tells_at_least_whether_the_battery_is_used(upower, login, power):
    await (await upower(on_battery=True)).remove_display_device()
    assert await login.start()
    assert power.rest() == [(True, None)]


async def test_nothing_is_known_of_the_battery_while_upower_is_gone(upower, login, told, power, mock):
    machine = await upower(on_battery=True)
    await machine.charge(70.0)
    assert await login.start()
    await machine.program.kill()
    assert [await power.next(), await power.next()] == [(True, 70.0), (None, None)]
    connection = Connection(system_bus_address)
    await connection.open()
    await mock(connection, UPOWER, "upower", OnBattery=True)
    assert await power.next() == (True, None)
    assert told.rest() == [("unplugged",)]
    await connection.close()


async def test_nothing_is_known_of_the_battery_while_the_system_bus_is_gone(system_bus, upower, login, power):
    await upower(on_battery=False)
    assert await login.start()
    assert power.rest() == [(False, None)]
    system_bus.kill()
    assert await power.next() == (None, None)


async def test_without_upower_nothing_is_told_of_the_battery(logind, login, told, power):
    assert await login.start()
    assert (told.rest(), power.rest()) == ([], [])


async def test_a_charge_that_is_told_before_the_answer_to_an_older_question_counts(
    upower, login, power, monkeypatch
):
    machine = await upower(on_battery=True)
    await machine.charge(90.0)
    call = login._connection.call

    async def slowly(*asked: object, **options: object):
        answer = await call(*asked, **options)
        if "GetAll" in asked:
            await machine.charge(20.0)
            assert await login._connection.answers()
        return answer

    monkeypatch.setattr(login._connection, "call", slowly)
    assert await login.start()
    assert power.rest()[-1] == (True, 20.0)
