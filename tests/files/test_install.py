"""packaging/install-files puts everything in place and takes it away again."""

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from files.source import REPOSITORY, install

UNITS = REPOSITORY / "units"
INSTALL = REPOSITORY / "packaging/install-files"


def tree(folder):
    """Everything below a folder, folders too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def files(folder):
    """The files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def expected(units="lib/systemd/user"):
    """The files below PREFIX of an installed Senter."""
    found = [f"{units}/{path.name.removesuffix('.in')}" for path in UNITS.glob("*.in")]
    drop_ins = (path.relative_to(UNITS).as_posix() for path in UNITS.glob("*.d/*.in"))
    found += [f"{units}/{name.removesuffix('.in')}" for name in drop_ins]
    found += [f"share/dbus-1/services/{path.name.removesuffix('.in')}" for path in UNITS.glob("activation/*.in")]
    found += [f"share/dbus-1/interfaces/{path.name}" for path in UNITS.glob("interfaces/*.xml")]
    found += [f"share/doc/senter/docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")]
    return sorted([*found, "bin/senter", "share/doc/senter/README.md"])


def test_everything_is_put_in_place(tmp_path):
    install("install", tmp_path, "/usr/local")
    assert files(tmp_path / "usr/local") == expected()
    assert files(tmp_path) == [f"usr/local/{name}" for name in expected()]


def test_at_home_units_are_where_systemd_looks_for_them(tmp_path):
    install("install", "", tmp_path / ".local", home=str(tmp_path))
    assert files(tmp_path / ".local") == expected("share/systemd/user")


def test_installing_again_changes_nothing(tmp_path):
    install("install", tmp_path, "/usr/local")
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    install("install", tmp_path, "/usr/local")
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


@pytest.mark.parametrize("destdir", ["stage", "a stage with spaces"])
def test_taken_away_again_nothing_is_left(tmp_path, destdir):
    (tmp_path / destdir).mkdir()
    install("install", tmp_path / destdir, "/usr/local")
    install("uninstall", tmp_path / destdir, "/usr/local")
    assert files(tmp_path) == []
    assert tree(tmp_path) == [destdir]


def test_the_standard_folders_of_a_prefix_stay_even_when_they_are_empty(tmp_path):
    before = ["local", "local/bin", "local/lib", "local/share"]
    for folder in before:
        (tmp_path / folder).mkdir()
    install("install", "", tmp_path / "local")
    install("uninstall", "", tmp_path / "local")
    assert tree(tmp_path) == before


def test_what_belongs_to_others_stays(tmp_path):
    install("install", tmp_path, "/usr/local")
    own = "lib/systemd/user/senter-model@research.service.d/20-own.conf"
    names = ("bin/other", "lib/systemd/user/other.service", own, "share/doc/other")
    of_others = [tmp_path / "usr/local" / name for name in names]
    for path in of_others:
        path.touch()
    install("uninstall", tmp_path, "/usr/local")
    assert files(tmp_path) == sorted(str(path.relative_to(tmp_path)) for path in of_others)


def test_taking_away_what_is_not_there_is_no_error(tmp_path):
    install("uninstall", tmp_path, "/usr/local")
    assert tree(tmp_path) == []


@pytest.mark.parametrize(
    ("prefix", "python"),
    [
        ("/usr/local", "/usr/bin/python3"),
        ("/opt/my programs", "/opt/my programs/lib/senter/bin/python"),
        ("/opt/this&that", "/opt/this&that/python"),
        ("/opt/a|b", "/opt/a|b/python"),
    ],
)
def test_every_placeholder_is_filled_with_the_path_as_it_is(tmp_path, prefix, python):
    install("install", tmp_path, prefix, python)
    for name in files(tmp_path):
        text = (tmp_path / name).read_text(encoding="utf-8")
        if not name.endswith((".md", ".xml")):
            assert re.findall(r"@[a-z]+@", text) == [], name
        if "senter." in text and name.endswith((".service", "/senter")):
            assert f'"{python}" -I -m senter.' in text, name


def test_only_the_command_can_be_executed(tmp_path):
    install("install", tmp_path, "/usr/local")
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in files(tmp_path)}
    assert modes.pop("usr/local/bin/senter") == 0o755
    assert set(modes.values()) == {0o644}


@pytest.mark.parametrize("folder", ["plain", "a folder with spaces"])
def test_the_installed_command_runs(tmp_path, folder):
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    install("install", "", tmp_path / folder / "local", str(python))
    command = [tmp_path / folder / "local/bin/senter", "version"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"senter {metadata.version('senter')}\n"


@pytest.mark.parametrize("arguments", [[], ["install"], ["install", "/tmp/nowhere"]], ids=len)
def test_wrong_usage_is_told(arguments):
    result = subprocess.run([INSTALL, *arguments], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "usage: install-files install|uninstall DESTDIR PREFIX PYTHON" in result.stderr


@pytest.mark.parametrize("verb", ["instal", "remove", ""])
def test_an_unknown_verb_installs_nothing(tmp_path, verb):
    command = [INSTALL, verb, tmp_path, "/usr", "/python"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "usage: install-files" in result.stderr
    assert tree(tmp_path) == []


def test_it_can_be_called_from_anywhere(tmp_path):
    stage = tmp_path / "stage"
    subprocess.run([INSTALL, "install", stage, "/usr", "/python"], cwd=Path("/"), check=True)
    assert files(stage / "usr") == expected()
