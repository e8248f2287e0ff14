"""Nothing imports upwards, and every library has its one place."""

import ast

import pytest
from files.source import SOURCE, imported, modules, of_senter, rooms

GROUND = ("database", "errors", "paths", "prose", "settings", "wording")
LAYERS = (GROUND, ("host",), ("bus",), ("room", "failure"), ("cli",))

ORDER_OF_CALLS = (
    *("reporter", "gaze", "engine", "models", "learning", "tasks"),
    *("scheduler", "assistant", "audio", "cli"),
)

PLACES = {
    "dbus_next": ("bus/library.py",),
    "dbus_fast": ("bus/library.py",),
    "desktop_notifier": ("bus/desktop/",),
    "openai": ("models/providers/chat.py", "models/providers/wire.py"),
    "httpx2": ("models/providers/", "cli/downloads/download.py"),
    "xllamacpp": ("engine/llama.py",),
    "fastjsonschema": ("tasks/tools/catalogue.py",),
    "numpy": ("learning/topics/likeness.py",),
    "yake": ("learning/topics/phrases.py",),
    "jinja2": ("reporter/digest/writing.py",),
    "markupsafe": ("reporter/digest/writing.py",),
    "pygal": ("reporter/digest/chart.py",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "tomlkit": ("cli/configuration.py",),
    "pystemd": ("host/",),
    "platformdirs": ("paths.py",),
    "sqlite_utils": ("/store.py", "/tables.py"),
    "pyseccomp": ("tasks/reader/lockdown.py",),
    "trafilatura": ("tasks/reader/page.py",),
    "lxml": ("tasks/reader/page.py",),
    "pypdf": ("tasks/reader/pdf.py",),
    "icalendar": ("tasks/reader/calendar.py",),
    "recurring_ical_events": ("tasks/reader/calendar.py",),
}

STANDS_BELOW = {
    "store": {"service", "interface", "client", "__main__"},
    "tables": {"store", "service", "interface", "client", "__main__"},
    "digests": {"service", "interface", "client", "__main__"},
    "export": {"service", "interface", "client", "__main__"},
    "knowing": {"service", "interface", "client", "__main__"},
    "pursuing": {"service", "interface", "client", "__main__"},
    "service": {"interface", "client", "__main__"},
    "interface": {"client", "__main__"},
    "client": {"store", "tables", "service", "interface", "__main__"},
}
NOUNS_STAND_BELOW = {"store", "tables", "service", "interface", "client", "__main__"}

FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "core"}

MODULES = [module for module in modules() if module.parts]
every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: ".".join(module.parts))


def layer(first):
    """The height of what stands directly in ``src/senter/``: a file, a library or a room."""
    kind = "room" if first in rooms() and first != "cli" else first
    heights = [height for height, members in enumerate(LAYERS) if kind in members]
    assert heights, f"{first} has no place in the order of layers"
    return heights[0]


def nouns_of(room):
    """The modules of a room that its client returns things of."""
    (client,) = (module for module in MODULES if module.parts == (room, "client"))
    return {name for name in of_senter(client) if name.startswith(f"senter.{room}.")}


@every_module
def test_nothing_imports_upwards(module):
    own = layer(module.parts[0])
    for name in of_senter(module):
        assert layer(name.split(".")[1]) <= own, f"{module.name} imports {name}"


def test_the_ground_files_need_no_order_but_a_room_is_not_among_them():
    assert not set(GROUND) & set(rooms())
    for room in rooms():
        assert room in ORDER_OF_CALLS, f"{room} has no place in the order of calls"


@every_module
def test_a_room_reaches_another_through_its_client_and_its_nouns(module):
    own = module.parts[0]
    if own not in rooms():
        return
    for name in of_senter(module):
        other = name.split(".")[1]
        if other == own or other not in rooms():
            continue
        assert name in nouns_of(other) | {f"senter.{other}.client"}, f"{module.name} imports {name}"
        assert ORDER_OF_CALLS.index(other) < ORDER_OF_CALLS.index(own), f"{own} must not call {other}"


@every_module
def test_inside_a_room_nouns_stand_below_store_service_interface_and_program(module):
    if module.parts[0] not in rooms() or module.parts[0] == "cli" or len(module.parts) < 2:
        return
    room, file = module.parts[0], module.parts[-1]
    if file == "__main__":
        return
    above = STANDS_BELOW.get(file) or STANDS_BELOW.get(module.parts[1], NOUNS_STAND_BELOW)
    taken = {name.removeprefix(f"senter.{room}.") for name in of_senter(module)}
    assert not taken & above, f"{module.name} imports {taken & above}"


@pytest.mark.parametrize("room", [room for room in rooms() if room != "cli"])
def test_a_service_knows_neither_bus_nor_system(room):
    (service,) = (module for module in MODULES if module.parts == (room, "service"))
    allowed = {"senter.bus.signatures"}
    for name in imported(service):
        assert not name.startswith(("senter.bus", "senter.host")) or name in allowed, f"{room}: {name}"


@every_module
def test_a_library_is_imported_in_its_place_only(module):
    path = f"/{module.path.relative_to(SOURCE).as_posix()}"
    for name in imported(module):
        for place in PLACES.get(name.split(".")[0], (path,)):
            if f"/{place.lstrip('/')}" in path:
                break
        else:
            pytest.fail(f"{module.name} imports {name}, whose place is {PLACES[name.split('.')[0]]}")


@every_module
def test_a_module_is_named_after_what_it_is(module):
    assert module.parts[-1] not in FORBIDDEN_NAMES


def test_the_files_of_packages_are_empty():
    assert [path for path in SOURCE.rglob("__init__.py") if path.stat().st_size] == []


def test_every_folder_is_a_package():
    folders = {path.parent for path in SOURCE.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("room", [room for room in rooms() if room != "cli"])
def test_every_room_has_its_doors(room):
    for door in ("interface.py", "service.py", "client.py", "__main__.py"):
        assert (SOURCE / room / door).is_file()


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/interface.py")), ids=lambda path: path.parent.name)
def test_an_interface_only_delegates(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    decides = (ast.If, ast.IfExp, ast.Try, ast.TryStar, ast.For, ast.While, ast.Match)
    assert [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, decides)] == []


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/interface.py")), ids=lambda path: path.parent.name)
def test_an_interface_keeps_its_annotations_as_objects(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    futures = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    assert futures == []
