"""Everything stays small enough to be read, and says what it is."""

import ast

import pytest
from files.source import SOURCE, modules, rooms

LONGEST_FILE = 300
LONGEST_FUNCTION = 60
LARGEST_ROOM = 12
LONGEST_PROGRAM = 45

every_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def undocumented(node, name):
    """The public classes and functions below a node that say nothing of themselves."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | FUNCTIONS[0] | FUNCTIONS[1]):
            if child.name.startswith("_"):
                continue
            full_name = f"{name}.{child.name}"
            if not ast.get_docstring(child):
                yield full_name
            if isinstance(child, ast.ClassDef):
                yield from undocumented(child, full_name)
        elif isinstance(child, ast.If | ast.Try):
            yield from undocumented(child, name)


@every_module
def test_a_file_is_short(module):
    assert module.lines <= LONGEST_FILE


@every_module
def test_a_function_is_short(module):
    for node in ast.walk(module.tree):
        if isinstance(node, FUNCTIONS):
            assert node.end_lineno - node.lineno + 1 <= LONGEST_FUNCTION, node.name


@pytest.mark.parametrize("room", rooms())
def test_a_room_has_few_files(room):
    files = [path for path in (SOURCE / room).glob("*.py") if path.name != "__init__.py"]
    assert len(files) <= LARGEST_ROOM


@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/__main__.py")), ids=lambda path: path.parent.name)
def test_a_program_only_puts_the_pieces_together(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_PROGRAM


@every_module
def test_everything_public_says_what_it_is(module):
    assert list(undocumented(module.tree, module.name)) == []


@every_module
def test_a_module_says_what_it_is(module):
    assert not module.tree.body or ast.get_docstring(module.tree)


def test_the_layout_of_the_tests_mirrors_the_source():
    tests = SOURCE.parents[1] / "tests/services"
    for path in tests.rglob("test_*.py"):
        relative = path.relative_to(tests)
        name = relative.name.removeprefix("test_")
        beside = SOURCE / relative.parent
        assert (beside / name).exists() or (beside / f"__{name.removesuffix('.py')}__.py").exists(), relative
