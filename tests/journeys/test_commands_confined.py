"""A command that a goal runs: what it can reach, how it is told what it was told, and that it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import session
from support.session import active, prop, systemctl, until

from senter.errors import Denied, SenterError
from senter.host import confinement
from senter.tasks.tools.child import answer, request
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.run_command import asks
from senter.tasks.tools.tool import Context

PROGRAM = (sys.executable, "-I", "-m", "senter.tasks.tools")
UNIT = "senter-command-7-1-1"
STANDING_IN = "senter-standing-in"


@pytest.fixture(autouse=True)
def secrets() -> Iterator[None]:
    """A home with something in it, and a session that knows a secret."""
    (session.HOME / "diary.txt").write_text("dear diary")
    systemctl("set-environment", "SECRET=sk-123")
    yield
    systemctl("unset-environment", "SECRET")
    systemctl("stop", f"{STANDING_IN}.service", f"{UNIT}.service", check=False)
    (session.HOME / "diary.txt").unlink()


def approved(*command: str) -> str:
    """The request to run a command that the user has approved."""
    parameters: dict[str, Any] = {"command": list(command)}
    context = Context("sort this", may_command=True, attempt="7.1.1")
    known = {**context.fields(), "approved": asks(parameters, context)}
    return json.dumps({**json.loads(request("run_command", parameters, context)), "context": known})


def run(*command: str) -> Findings | SenterError:
    """What comes of a command, run by the tool as the tasks run it."""
    done = subprocess.run(PROGRAM, input=approved(*command), capture_output=True, text=True, timeout=60, check=True)
    found, _ = answer(done.stdout)
    return found


def written(*command: str) -> list[str]:
    """The lines that a command writes."""
    found = run(*command)
    assert isinstance(found, Findings), found
    return "\n".join(passage.text for passage in found.passages).splitlines()


def listening() -> socket.socket:
    """A server on this machine."""
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    return server


def test_a_command_sees_the_programs_of_the_system_and_an_empty_folder_of_its_own() -> None:
    script = "pwd; ls -A; ls /; touch a && ls; [ -x /usr/bin/sort ] && echo sorts"
    here, *rest = written("sh", "-c", script)
    assert here == confinement.FOLDER
    assert rest == ["bin", "dev", "etc", "lib", "lib64", "proc", "sbin", "tmp", "usr", "a", "sorts"]
    # and what it wrote there is gone with it
    assert "a" not in written("ls", "-A", "/tmp", "/")


def test_a_command_has_an_environment_of_its_own() -> None:
    names = {line.partition("=")[0] for line in written("env")}
    assert names == {"PATH", "HOME", "LANG", "PWD"}
    assert "sk-123" not in "".join(written("sh", "-c", "tr '\\0' '\\n' </proc/self/environ; cat /proc/1/cmdline"))


BUS = f"unix:path={os.environ.get('XDG_RUNTIME_DIR', '')}/bus"
PYTHON = "/usr/bin/python3"

# What a program of the user can do; each is tried outside first, where it must succeed.
REACHES = {
    "the home": f"cat {session.HOME}/diary.txt",
    "the home by another way": f"cat /proc/{os.getpid()}/root{session.HOME}/diary.txt",
    "the repository": f"ls {session.REPOSITORY}/setup.cfg",
    "the runtime folder": f"ls {os.environ.get('XDG_RUNTIME_DIR', '')}/bus",
    "the session bus": f"busctl --address={BUS} list",
    "systemd": f"XDG_RUNTIME_DIR={os.environ.get('XDG_RUNTIME_DIR', '')} systemctl --user list-units",
    "other processes": f"kill -0 {os.getpid()}",
    "the environment of others": f"cat /proc/{os.getpid()}/environ",
    "namespaces": "unshare --user true",
    "shared memory": "ls /dev/shm/seen",
}


@pytest.mark.parametrize("attempt", REACHES.values(), ids=REACHES)
def test_a_command_reaches_nothing_of_the_user(attempt: str) -> None:
    Path("/dev/shm/seen").touch()
    assert session.run("sh", "-c", attempt).returncode == 0
    (status,) = written("sh", "-c", f"({attempt}) >/dev/null 2>&1; echo $?")
    assert int(status) > 0


def test_a_command_reaches_no_network() -> None:
    with listening() as server:
        connect = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        session.run(PYTHON, "-c", connect)
        server.accept()[0].close()
        assert "not permitted" in str(run(PYTHON, "-c", connect))
        with pytest.raises(BlockingIOError):
            server.accept()
    assert [line.split(":")[0].strip() for line in written("cat", "/proc/net/dev")[2:]] == ["lo"]


def test_a_command_cannot_change_the_system() -> None:
    script = (
        "for name in / /usr /etc /dev /proc/sys/kernel; do touch $name/x 2>/dev/null && echo $name; done; echo end"
    )
    assert written("sh", "-c", script) == ["end"]


def test_words_arrive_as_they_were_approved() -> None:
    words = [
        "$HOME",
        "${SECRET}",
        "$$",
        "%n %h %%",
        "it's",
        '"quoted"',
        "a  b",
        "back\\slash\\n",
        "",
        "ü",
        "*",
        "-x",
    ]
    script = 'for word in "$@"; do printf "<%s>\\n" "$word"; done'
    assert written("sh", "-c", script, "sh", *words) == [f"<{word}>" for word in words]


def test_a_command_that_fails_says_why_and_one_that_is_not_there_too() -> None:
    assert str(run("sh", "-c", "echo no >&2; exit 3")).endswith("failed: exit status 3, no")
    assert "no-such-program" in str(run("no-such-program"))


def test_whoever_writes_without_end_is_ended() -> None:
    found = run("yes", "and so on")
    assert isinstance(found, Findings)
    assert "kept" in found.notes[0]
    until(lambda: prop(UNIT, "LoadState") == "not-found", "the unit to be gone")


def test_what_a_command_leaves_behind_ends_with_it() -> None:
    assert written("sh", "-c", "setsid sleep 600 & echo begun") == ["begun"]
    until(lambda: prop(UNIT, "LoadState") == "not-found", "the unit to be gone")
    assert "sleep 600" not in session.run("ps", "ax").stdout


def test_a_tool_that_is_ended_takes_its_command_along() -> None:
    with subprocess.Popen(PROGRAM, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdin
        tool.stdin.write(approved("sleep", "600"))
        tool.stdin.close()
        until(lambda: active(UNIT), "the command to run")
        tool.send_signal(signal.SIGTERM)
        tool.wait(10)
    until(lambda: prop(UNIT, "LoadState") == "not-found", "the unit to be gone", 5)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_service_that_ends_takes_its_commands_along(end: str, tmp_path: Path) -> None:
    (tmp_path / "request").write_text(approved("sleep", "600"))
    session.run(
        *("systemd-run", "--user", f"--unit={STANDING_IN}", "--collect"),
        *(f"--property=StandardInput=file:{tmp_path}/request", f"--working-directory={os.getcwd()}"),
        *PROGRAM,
    )
    until(lambda: active(UNIT), "the command to run")
    if end == "stop":
        systemctl("stop", STANDING_IN)
    else:
        systemctl("kill", "--signal=KILL", STANDING_IN)
    until(lambda: prop(UNIT, "LoadState") == "not-found", "the unit to be gone", 5)


# What confines a program, and what the probe says when systemd leaves it out.
NEEDED = {
    "PrivateUsers": "systemd did not run it to its end",
    "PrivateNetwork": "shares the net namespace",
    "PrivateIPC": "shares the ipc namespace",
    "TemporaryFileSystem": "can read the home",
    "PrivateDevices": 'does not show "tried all"',
}


@pytest.mark.parametrize("name", NEEDED)
def test_where_systemd_leaves_something_out_nothing_is_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    left = [each for each in confinement.PROPERTIES if not each.startswith(name)]
    assert len(left) < len(confinement.PROPERTIES)
    monkeypatch.setattr(confinement, "PROPERTIES", left)
    with pytest.raises(Denied, match="so none is run") as refused:
        confinement.require(UNIT)
    assert NEEDED[name] in str(refused.value)


def test_where_all_is_confined_the_probe_finds_nothing() -> None:
    confinement.require(UNIT)
