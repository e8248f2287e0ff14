"""The source files of Senter as the tests of files read them."""

import ast
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src/senter"


@dataclass(frozen=True)
class Module:
    """One source file."""

    path: Path
    name: str
    """Its dotted name, such as ``senter.bus.names``."""
    tree: ast.Module
    lines: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The name below ``senter``: ``("bus", "names")``; a package's own file has the package's name."""
        return tuple(self.name.split(".")[1:])


@cache
def modules() -> tuple[Module, ...]:
    """Every module of Senter."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        relative = path.relative_to(SOURCE.parent).with_suffix("")
        name = ".".join(relative.parts).removesuffix(".__init__")
        found.append(Module(path, name, ast.parse(text), len(text.splitlines())))
    return tuple(found)


@cache
def names() -> frozenset[str]:
    """The dotted names of all modules."""
    return frozenset(module.name for module in modules())


def rooms() -> list[str]:
    """The folders that are rooms: those with an ``interface.py``, and the command line."""
    return sorted({path.parent.name for path in SOURCE.glob("*/interface.py")} | {"cli"})


def imported(module: Module) -> set[str]:
    """The dotted names of the modules a module imports, wherever in the file it does so."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} has a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in names() else str(node.module))
    return found


def of_senter(module: Module) -> set[str]:
    """The modules of Senter that a module imports."""
    return {name for name in imported(module) if name.split(".")[0] == "senter"}


def read_unit(path: Path) -> dict[str, list[str]]:
    """A unit file: every value a key was given, in order, by ``Section.Key``."""
    found: dict[str, list[str]] = {}
    section = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(f"{section}.{key}", []).append(value)
    return found


def install(
    verb: str, destdir: Path | str, prefix: Path | str, python: str = sys.executable, home: str = "/home/me"
) -> None:
    """Run ``packaging/install-files``; it has to succeed and say nothing."""
    command = [REPOSITORY / "packaging/install-files", verb, destdir, prefix, python]
    environment = {"PATH": os.environ["PATH"], "HOME": home}
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
