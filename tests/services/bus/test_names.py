"""All names of a room come from one word."""

import inspect

import pytest

from senter import errors
from senter.bus.names import ROOMS, Room, error_class, error_name, room_of_bus_name, room_of_unit

PRIMARY = Room("model", "primary")

ERRORS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]


def test_a_room_has_its_names_from_one_word():
    tasks = Room("tasks")
    assert tasks.title == "tasks"
    assert (tasks.bus_name, tasks.interface) == ("ai.senter.Tasks1", "ai.senter.Tasks1")
    assert tasks.path == "/ai/senter/Tasks1"
    assert tasks.unit == "senter-tasks.service"


def test_the_instances_of_a_template_share_the_interface():
    assert PRIMARY.title == "model@primary"
    assert (PRIMARY.bus_name, PRIMARY.interface) == ("ai.senter.Model1.primary", "ai.senter.Model1")
    assert PRIMARY.path == "/ai/senter/Model1/primary"
    assert PRIMARY.unit == "senter-model@primary.service"


@pytest.mark.parametrize("room", [*ROOMS, Room("echo"), PRIMARY], ids=lambda room: room.title)
def test_a_bus_name_leads_back_to_its_room(room):
    assert room_of_bus_name(room.bus_name) == room


@pytest.mark.parametrize(
    "name",
    [
        *("", "ai.senter", "ai.senter.Tasks", "ai.senter.Tasks2", "ai.senter.Tasks1.", "xai.senter.Tasks1"),
        *("ai.senterx.Tasks1", "aiXsenter.Tasks1", "org.freedesktop.systemd1", "ai.senter.Tasks1\n", ":1.5"),
    ],
)
def test_the_name_of_somebody_else_is_no_room(name):
    with pytest.raises(errors.InvalidArgument, match="is not the bus name of a room"):
        room_of_bus_name(name)


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.title)
def test_a_unit_leads_back_to_its_room_with_and_without_its_ending(room):
    assert room_of_unit(room.unit) == room
    assert room_of_unit(room.unit.removesuffix(".service")) == room


@pytest.mark.parametrize("unit", ["senter-job@daily_digest", "senter.target", "sshd.service", ""])
def test_a_unit_that_is_no_room_leads_nowhere(unit):
    assert room_of_unit(unit) is None


def test_no_two_rooms_share_a_name():
    for name in ("title", "bus_name", "path", "unit"):
        assert len({getattr(room, name) for room in ROOMS}) == len(ROOMS)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_error_crosses_the_bus_and_comes_back_as_itself(kind):
    name = error_name(kind("text"))
    assert name == f"ai.senter.Error.{kind.__name__}"
    assert error_class(name) is kind


def test_an_error_of_a_newer_room_is_still_an_error_of_senter():
    assert error_class("ai.senter.Error.FromTheFuture") is errors.SenterError


@pytest.mark.parametrize("name", ["org.freedesktop.DBus.Error.Failed", "ai.senter.Errors.Busy", ""])
def test_the_error_of_somebody_else_has_no_class_here(name):
    assert error_class(name) is None
