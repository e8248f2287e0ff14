"""What systemd gives the model workers and no other: their place behind people and programs, and their keys."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import session
from support.provider_program import ProviderProgram
from support.session import prop, systemctl, until

from senter.bus.names import MODELS, PRIMARY, RESEARCH, Room

CONFIG = session.HOME / ".config/senter/config.toml"
DATA = session.HOME / ".local/share/senter"
KEY = "sk-swordfish-8c1e4f"
IDLE_CLASS = "3"
"""IOPRIO_CLASS_IDLE of ioprio_set(2), as systemd shows it."""


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    """No worker is left over."""
    yield
    for room in MODELS:
        systemctl("stop", room.unit, f"senter-failure@{room.unit}", check=False)


def nice(process: str) -> int:
    """How nice a process is: field 19 of proc_pid_stat(5)."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[16])


def disk_class(process: str) -> str:
    """The class of a process at the disk, as ``ionice`` says it."""
    return session.run("ionice", "-p", process).stdout.strip()


def test_research_leaves_processor_and_disk_to_who_is_waited_for() -> None:
    systemctl("start", *(room.unit for room in MODELS))
    primary, research = (prop(room.unit, "MainPID") for room in (PRIMARY, RESEARCH))
    assert (nice(primary), nice(research)) == (0, 10)
    assert disk_class(research) == "idle"
    assert disk_class(primary) != "idle"
    assert prop(RESEARCH.unit, "IOSchedulingClass") == IDLE_CLASS
    assert int(prop(RESEARCH.unit, "CPUWeight")) < int(prop(PRIMARY.unit, "CPUWeight"))


def test_a_user_can_give_research_another_place() -> None:
    session.drop_in(RESEARCH.unit, "[Service]\nNice=3\n")
    systemctl("start", RESEARCH.unit)
    assert nice(prop(RESEARCH.unit, "MainPID")) == 3


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ProviderProgram]:
    """A provider of both workers, which refuses a question in so many words."""
    refuses = {"match": "refuse", "status": 401, "text": f"incorrect API key provided: {KEY}"}
    started = ProviderProgram(tmp_path, {"rules": [refuses], "default": "Yes."})
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    tables = [f'[models.{room.instance}]\nproviders = ["{started.url}"]\n' for room in MODELS]
    CONFIG.write_text("".join(tables))
    yield started
    started.stop()


@pytest.fixture
def credential() -> Iterator[None]:
    """A key that systemd gives to the workers, as the document of models says it."""
    file = session.HOME / "keys/server"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(f"{KEY}\n")
    file.chmod(0o600)
    session.drop_in("senter-model@.service", "[Service]\nLoadCredential=127.0.0.1:%h/keys/server\n")
    yield
    shutil.rmtree(file.parent)


@pytest.fixture
def overheard(tmp_path: Path) -> Iterator[Path]:
    """Everything that goes over the bus, as it is."""
    file = tmp_path / "bus.pcap"
    with file.open("wb") as output:
        listening = subprocess.Popen(["busctl", "--user", "capture"], stdout=output, stderr=subprocess.DEVNULL)
        until(lambda: file.stat().st_size, "the capture to begin")
        yield file
        listening.terminate()
        listening.wait(session.DEADLINE)


def complete(room: Room, prompt: str) -> subprocess.CompletedProcess[str]:
    """Ask a worker with plain busctl."""
    command = ("busctl", "--user", "call", room.bus_name, room.path, room.interface, "Complete")
    return session.run(*command, "s", prompt, check=False)


def command_lines() -> bytes:
    """The command lines of all processes."""
    found = b""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += file.read_bytes() + b"\n"
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_a_key_from_systemd_reaches_the_provider_and_nobody_else(
    provider: ProviderProgram, credential: None, overheard: Path
) -> None:
    for room in MODELS:
        assert complete(room, "Hello").stdout == 's "Yes."\n'
        refused = complete(room, "please refuse")
        assert "the key in the credential 127.0.0.1" in refused.stderr
        assert KEY not in refused.stderr + refused.stdout
    assert [request["key"] for request in provider.events("request")] == [f"Bearer {KEY}"] * 4
    assert b"senter.models" in command_lines()
    assert KEY.encode() not in command_lines()
    for room in MODELS:
        assert KEY.encode() not in Path(f"/proc/{prop(room.unit, 'MainPID')}/environ").read_bytes()
    session.run("journalctl", "--user", "--sync", check=False)
    journal = session.run("journalctl", "--user", "--all", "--output", "export", "--no-pager").stdout
    assert PRIMARY.unit in journal
    assert KEY not in journal
    files = [path for path in DATA.rglob("*") if path.is_file()]
    assert DATA / "usage.db" in files
    assert [path for path in files if KEY.encode() in path.read_bytes()] == []
    until(lambda: b"please refuse" in overheard.read_bytes(), "the capture to have the questions")
    systemctl("stop", *(room.unit for room in MODELS))
    assert KEY.encode() not in overheard.read_bytes()
    assert [path for path in DATA.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == []


def test_a_worker_without_the_credential_has_no_key(provider: ProviderProgram) -> None:
    assert complete(PRIMARY, "Hello").stdout == 's "Yes."\n'
    assert [request["key"] for request in provider.events("request")] == [""]
