"""A bus name is written once in the code, and what must repeat it agrees."""

import ast
import importlib.util
import shlex

import pytest
from files.source import REPOSITORY, modules, read_unit

from senter.bus.names import ROOMS, TARGET

UNITS = REPOSITORY / "units"


def docstrings(tree):
    """The text nodes of a module that stand for themselves, as documentation does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def unit_file(room):
    """The unit file of a room; the instances of a template share one."""
    name = room.unit.replace(f"@{room.instance}", "@") if room.instance else room.unit
    return UNITS / f"{name}.in"


def activation_file(room):
    """The activation file of a room."""
    return UNITS / f"activation/{room.bus_name}.service.in"


every_room = pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.title)


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_bus_names_are_written_in_one_place(module):
    if module.name == "senter.bus.names":
        return
    documentation = set(map(id, docstrings(module.tree)))
    written = [
        node.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation
    ]
    assert [text for text in written if text.lstrip("/").startswith(("ai.senter", "ai/senter"))] == []


@every_room
def test_the_unit_of_a_room_owns_its_bus_name(room):
    unit = read_unit(unit_file(room))
    assert [name.replace("%i", room.instance) for name in unit["Service.BusName"]] == [room.bus_name]
    assert unit["Service.Type"] == ["notify"]


@every_room
def test_the_activation_file_of_a_room_names_it_and_its_unit(room):
    activation = read_unit(activation_file(room))
    assert activation["D-BUS Service.Name"] == [room.bus_name]
    assert activation["D-BUS Service.SystemdService"] == [room.unit]


@every_room
def test_unit_and_bus_start_the_same_program(room):
    (start,) = read_unit(unit_file(room))["Service.ExecStart"]
    (activate,) = read_unit(activation_file(room))["D-BUS Service.Exec"]
    started, activated = shlex.split(start.replace("%i", room.instance)), shlex.split(activate)
    assert started == activated
    assert started[:4] == ["@python@", "-I", "-m", f"senter.{room.folder}"]
    assert started[4:] == ([room.instance] if room.instance else [])


@every_room
def test_the_folder_of_a_room_has_its_name(room):
    assert (REPOSITORY / "src/senter" / room.folder / "__main__.py").is_file()


def test_every_activation_file_belongs_to_a_room():
    files = {path.name for path in (UNITS / "activation").iterdir()}
    assert files == {activation_file(room).name for room in ROOMS}


def test_every_interface_file_belongs_to_a_room():
    files = {path.name for path in (UNITS / "interfaces").iterdir()}
    assert files == {f"{room.interface}.xml" for room in ROOMS}


def test_the_target_has_a_file():
    assert (UNITS / f"{TARGET}.in").is_file()


@pytest.mark.parametrize("path", sorted(UNITS.glob("*.service.in")), ids=lambda path: path.name)
def test_every_unit_runs_a_module_that_is_there(path):
    (start,) = read_unit(path)["Service.ExecStart"]
    command = shlex.split(start)
    assert command[:3] == ["@python@", "-I", "-m"]
    assert importlib.util.find_spec(command[3]), command[3]
