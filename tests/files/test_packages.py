"""packaging/install-packages installs what is missing, or says in one sentence what to do."""

import os
import shutil
import subprocess

import pytest
from files.source import REPOSITORY

INSTALL_PACKAGES = REPOSITORY / "packaging/install-packages"
LIST = "# what for\nlibone  # a comment\n\nlibtwo\nlibthree\n"

DPKG_QUERY = """#!/bin/sh
# dpkg-query --show --showformat=FORMAT PACKAGE: once an architecture, in the format that was asked for.
format=$(printf %s "${2#--showformat=}" | sed 's/${db:Status-Status}/installed/')
case $3 in
libone) printf "$format" ;;
libtwo) [ -e "$(dirname "$0")/two-is-there" ] || exit 1; printf "$format"; printf "$format" ;;
*) [ -e "$(dirname "$0")/three-is-there" ] || exit 1; printf "$format" ;;
esac
"""
TELLS = '#!/bin/sh\necho "$(basename "$0") $*" >>"$(dirname "$0")/calls"\n'
RUNS = TELLS + '[ "$1" != env ] || { shift; shift; }\nexec "$@"\n'


class Machine:
    """A machine with a few tools, and those a test puts there."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for tool in ("sh", "sed", "grep", "dirname", "basename", "env"):
            (folder / tool).symlink_to(shutil.which(tool))
        self.put("dpkg-query", DPKG_QUERY)
        self.put("id", "#!/bin/sh\necho 1000\n")
        (folder / "list.txt").write_text(LIST)

    def put(self, name, text):
        """Put a program there."""
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o755)

    def has_all(self):
        """All packages are there."""
        (self.folder / "two-is-there").touch()
        (self.folder / "three-is-there").touch()

    def run(self):
        """Run install-packages."""
        return subprocess.run(
            [INSTALL_PACKAGES, self.folder / "list.txt"],
            env={"PATH": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self):
        """The calls that were told."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def machine(tmp_path):
    """A machine of a plain user, without apt and without sudo."""
    return Machine(tmp_path / "bin")


def test_when_everything_is_there_nothing_is_said_or_done(machine):
    machine.has_all()
    machine.put("apt-get", TELLS)
    result = machine.run()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert machine.calls() == []


def test_a_package_of_two_architectures_is_there(machine):
    machine.has_all()
    assert machine.run().returncode == 0


def test_without_apt_the_missing_packages_are_named(machine):
    result = machine.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "install-packages: this is not Debian or Ubuntu; install these by hand: libtwo libthree"
    ]


def test_without_dpkg_every_package_is_missing(machine):
    (machine.folder / "dpkg-query").unlink()
    result = machine.run()
    assert result.returncode == 1
    assert result.stderr.endswith("install these by hand: libone libtwo libthree\n")
    assert len(result.stderr.splitlines()) == 1


def test_without_sudo_a_plain_user_is_told_what_is_missing(machine):
    machine.put("apt-get", TELLS)
    result = machine.run()
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "install-packages: run as root or install sudo; missing: libtwo libthree\n"
    assert machine.calls() == []


def test_root_installs_only_what_is_missing(machine):
    machine.put("id", "#!/bin/sh\necho 0\n")
    machine.put("apt-get", TELLS)
    result = machine.run()
    assert result.returncode == 0
    assert result.stdout == "Installing: libtwo libthree\n"
    update, install = machine.calls()
    assert update == "apt-get update -qq"
    assert install.startswith("apt-get install -y ")
    assert install.endswith(" libtwo libthree")


def test_a_plain_user_installs_with_sudo(machine):
    machine.put("apt-get", TELLS)
    machine.put("sudo", RUNS)
    result = machine.run()
    assert result.returncode == 0
    assert [call.split()[0] for call in machine.calls()] == ["sudo", "apt-get"] * 2


def test_when_apt_fails_so_does_this(machine):
    machine.put("id", "#!/bin/sh\necho 0\n")
    machine.put("apt-get", "#!/bin/sh\nexit 100\n")
    assert machine.run().returncode == 100


def test_without_a_list_the_usage_is_told():
    result = subprocess.run([INSTALL_PACKAGES], env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "usage: install-packages LIST" in result.stderr


def test_every_package_of_the_real_list_is_one_word():
    for line in (REPOSITORY / "packaging/debian-packages.txt").read_text().splitlines():
        package = line.partition("#")[0].strip()
        assert not package or package.replace("-", "").replace("+", "").replace(".", "").isalnum(), line
