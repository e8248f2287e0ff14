"""packaging/run takes the best ground there is, says which, and ends as the goal does."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGING = Path(__file__).parents[3] / "packaging"
TOOLS = ("sh", "id", "dirname", "mkdir", "rm", "mktemp", "head", "cat", "env", "true", "tail")

SAYS_YES = "#!/bin/sh\nexit 0\n"
SAYS_NO = "#!/bin/sh\nexit 1\n"
SUDO = '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n'
PRIVATE_SESSION = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n'
NO_SESSION = "#!/bin/sh\necho 'private-session: cannot make namespaces' >&2\nexit 125\n"
NO_PYTHON = "#!/bin/sh\necho 'no such module' >&2\nexit 1\n"
GOAL = """#!/bin/sh
echo "goal $1 HOME=$HOME DATA_DIRS=$XDG_DATA_DIRS BUS=${DBUS_SESSION_BUS_ADDRESS-none}"
echo 30 days >&3
"""


class Machine:
    """A machine with a checkout, on which a test puts the programs that decide about the ground."""

    def __init__(self, folder):
        self.checkout, self.bin = folder / "checkout", folder / "bin"
        for made in (self.checkout / "packaging", self.checkout / ".venv/bin", self.bin):
            made.mkdir(parents=True)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        shutil.copy(PACKAGING / "run", self.checkout / "packaging")
        self.put(self.checkout / "packaging/run-goal", GOAL)
        self.put(self.checkout / "packaging/install-files", '#!/bin/sh\necho "install-files $*"\n')
        self.put(self.checkout / "packaging/private-session", PRIVATE_SESSION)
        self.put(self.checkout / ".venv/bin/python", SAYS_YES)
        self.put(self.bin / "timeout", '#!/bin/sh\nshift\nexec "$@"\n')
        self.put(self.bin / "busctl", SAYS_NO)
        self.put(self.bin / "sudo", SUDO)
        self.put(self.bin / "dbus-run-session", '#!/bin/sh\nshift\nexec "$@"\n')

    def put(self, path, text):
        """Put a program there."""
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def be_plain_user(self):
        """Be nobody special, whoever runs the tests."""
        self.put(self.bin / "id", '#!/bin/sh\n[ "$1" = -u ] && echo 1000 || echo ada\n')

    def run(self):
        """Run it; its exit status and what it said."""
        result = subprocess.run(
            [self.checkout / "packaging/run"],
            cwd="/",
            env={"PATH": str(self.bin), "HOME": "/home/ada", "DBUS_SESSION_BUS_ADDRESS": "of the user"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.stderr == ""
        return result.returncode, result.stdout

    def copy(self):
        """The copy of the report."""
        file = self.checkout / "build/run/report.md"
        return file.read_text() if file.exists() else None


@pytest.fixture
def machine(tmp_path):
    """A machine of a plain user with sudo."""
    made = Machine(tmp_path)
    made.be_plain_user()
    return made


def test_with_a_systemd_of_the_user_it_runs_there_and_says_how_to_take_it_away(machine):
    machine.put(machine.bin / "busctl", SAYS_YES)
    code, output = machine.run()
    assert code == 0
    assert output.startswith("Ground: your own systemd")
    assert "goal systemd HOME=/home/ada" in output
    assert "~/.local/bin/senter stop" in output
    assert "make uninstall PREFIX=$HOME/.local" in output
    assert not (machine.checkout / "build").exists()


def test_else_it_runs_in_a_private_session_of_which_the_report_is_kept(machine):
    code, output = machine.run()
    assert code == 0
    assert output.splitlines()[:2] == [
        "No systemd answers on a session bus of ada.",
        "Ground: a private session with a systemd, a bus and a journal of its own.",
    ]
    assert output.endswith(f"\nA copy of the report is {machine.checkout}/build/run/report.md\n")
    assert machine.copy() == "30 days\n"


@pytest.mark.parametrize(
    ("program", "text", "reason"),
    [
        ("packaging/private-session", NO_SESSION, "cannot make namespaces"),
        (".venv/bin/python", NO_PYTHON, "no such module"),
        ("../bin/sudo", SAYS_NO, "a private session needs root, or sudo"),
        ("../bin/sudo", None, "a private session needs root, or sudo"),
    ],
    ids=["no namespaces", "a checkout that others cannot read", "sudo refuses", "no sudo"],
)
def test_where_no_private_session_can_be_it_runs_on_a_bare_bus_and_says_why(machine, program, text, reason):
    if text:
        machine.put(machine.checkout / program, text)
    else:
        (machine.checkout / program).unlink()
    code, output = machine.run()
    here = machine.checkout / "build/run"
    assert code == 0
    assert f"There can be no private session: {reason}.\n" in output
    assert "It lacks systemd: no restarts, no timers, no limits" in output
    assert f"install-files install  {here}/local {machine.checkout}/.venv/bin/python\n" in output
    assert (
        f"goal bus HOME={here}/home DATA_DIRS={here}/local/share:/usr/local/share:/usr/share BUS=none\n" in output
    )
    assert output.endswith(f"\nEverything is kept in {here}/home/.local/share/senter\n")


@pytest.mark.parametrize("ground", ["systemd", "session", "bus"])
def test_a_goal_that_was_not_reached_is_a_failure(machine, ground):
    machine.put(machine.checkout / "packaging/run-goal", "#!/bin/sh\nexit 4\n")
    machine.put(machine.bin / "busctl", SAYS_YES if ground == "systemd" else SAYS_NO)
    if ground == "bus":
        machine.put(machine.checkout / "packaging/private-session", NO_SESSION)
    code, output = machine.run()
    assert code == 4
    assert "A copy of the report" not in output


def test_the_report_of_an_earlier_run_is_not_taken_for_that_of_this_one(machine):
    machine.run()
    machine.put(machine.checkout / "packaging/run-goal", "#!/bin/sh\nexit 4\n")
    machine.run()
    assert not machine.copy()


def test_a_bus_that_cannot_start_is_told_with_its_last_words(machine):
    machine.put(machine.checkout / "packaging/private-session", NO_SESSION)
    machine.put(
        machine.bin / "dbus-run-session",
        '#!/bin/sh\nfor n in 1 2 3 4 5 6; do echo "word $n" >&2; done\nexit 127\n',
    )
    code, output = machine.run()
    log = machine.checkout / "build/run/rooms.log"
    assert code == 127
    assert f"\nIt failed. The last lines of {log}:\nword 2\nword 3\nword 4\nword 5\nword 6\n" in output


def test_what_the_rooms_write_is_kept_apart_from_what_the_goal_complains_of(machine):
    machine.put(machine.checkout / "packaging/private-session", NO_SESSION)
    machine.put(machine.bin / "dbus-run-session", '#!/bin/sh\nshift\necho "a room" >&2\nexec "$@"\n')
    machine.put(machine.checkout / "packaging/run-goal", "#!/bin/sh\necho complaint >&2\n")
    result = subprocess.run(
        [machine.checkout / "packaging/run"],
        env={"PATH": str(machine.bin), "HOME": "/home/ada"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == "complaint\n"
    assert (machine.checkout / "build/run/rooms.log").read_text() == "a room\n"
