"""Confinement where there is none: the probe finds it out. What really holds is shown by the journeys."""

import os
import signal
import sys

import pytest

from senter.errors import Denied, Unavailable
from senter.host import confinement

# What systemd does with a program, without any of what confines it: it fills in variables, and runs it.
CARELESS = """#!/bin/sh
echo "$@" >>"$0.asked"
while [ "$1" != -- ]; do shift; done
shift
exec %s "$0.fill" "$@"
"""
KEPT = """
import subprocess, sys
words = [word.replace("$$", "$") for word in sys.argv[1:]]
at = words.index("sh") + 1
sys.stderr.write("\\nthe confined program ended: %d\\n" % subprocess.run(words[at:]).returncode)
"""


@pytest.fixture
def systemd(tmp_path, monkeypatch):
    """Have programs named as those of systemd; a test says what they do. Gives what was asked of them."""

    def have(filled=KEPT, run=None):
        (tmp_path / "systemd-run").write_text(run or CARELESS % sys.executable)
        (tmp_path / "systemd-run.fill").write_text(filled)
        (tmp_path / "systemctl").write_text('#!/bin/sh\necho "$@" >>"$0.asked"\n')
        for name in ("systemd-run", "systemctl"):
            (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def asked(name):
        file = tmp_path / f"{name}.asked"
        return file.read_text() if file.exists() else ""

    have.asked = asked
    return have


def run(*command, given=b"", seconds=10.0):
    """How a program ended."""
    return confinement.run(command, given, "senter-command-1", seconds)


def test_what_is_not_confined_is_found_out_and_refused(systemd, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    systemd()
    with pytest.raises(Denied, match=r"^programs cannot be confined here, so none is run: one can read the home$"):
        confinement.require("senter-command-1-probe")


def test_a_home_that_cannot_be_read_is_not_enough(systemd, monkeypatch):
    monkeypatch.setenv("HOME", "/nowhere")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/nowhere")
    systemd()
    with pytest.raises(Denied, match=r"so none is run: one (can|shares|does not show) "):
        confinement.require("senter-command-1-probe")


def test_a_probe_that_says_nothing_proves_nothing(systemd):
    systemd(run="#!/bin/sh\nprintf '\\nthe confined program ended: 0\\n' >&2\n")
    with pytest.raises(Denied, match="does not show"):
        confinement.require("senter-command-1-probe")


@pytest.mark.parametrize("complaint", ["Failed to connect to bus: No medium found", ""])
def test_a_systemd_that_does_not_run_it_means_that_nothing_is_run(systemd, complaint):
    systemd(run=f"#!/bin/sh\necho '{complaint}' >&2\nexit 1\n")
    with pytest.raises(Denied, match=f"systemd did not run it to its end: {complaint or 1}$"):
        confinement.require("senter-command-1-probe")


def test_without_systemd_nothing_is_run(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match=r"^there is no systemd here$"):
        run("true")
    with pytest.raises(Denied, match=r"so none is run: there is no systemd here$"):
        confinement.require("senter-command-1-probe")


def test_a_program_is_given_its_words_and_its_input_and_says_how_it_ended(systemd):
    systemd()
    ended = run("sh", "-c", 'cat; echo "$1"; echo no >&2; exit 3', "sh", "$HOME ${HOME} $$ %n", given=b"in\n")
    assert (ended.status, ended.output) == (3, b"in\n$HOME ${HOME} $$ %n\n")
    assert (ended.complaint, ended.is_cut) == (b"no\n", False)
    assert systemd.asked("systemctl") == ""


def test_whoever_writes_too_much_is_ended(systemd):
    systemd()
    ended = run("yes")
    assert (ended.is_cut, len(ended.output)) == (True, confinement.MOST_OUTPUT)
    assert systemd.asked("systemctl") == "--user stop senter-command-1.service\n"


def test_whoever_takes_too_long_is_ended(systemd):
    systemd()
    with pytest.raises(Unavailable, match=r"^it took longer than 0\.2 s and was ended$"):
        run("sleep", "60", seconds=0.2)
    assert systemd.asked("systemctl") == "--user stop senter-command-1.service\n"


def test_whatever_interrupts_it_ends_the_unit(systemd):
    systemd()
    before = signal.signal(signal.SIGALRM, lambda *_: sys.exit(1))
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(SystemExit):
            run("sleep", "60")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert systemd.asked("systemctl") == "--user stop senter-command-1.service\n"


def test_what_confines_is_asked_for(systemd):
    systemd()
    run("true")
    asked = systemd.asked("systemd-run")
    for property_ in ("PrivateUsers=yes", "PrivateNetwork=yes", "TemporaryFileSystem=/:ro", "NoNewPrivileges=yes"):
        assert f"--property={property_}" in asked
    assert "--unit=senter-command-1 " in asked
