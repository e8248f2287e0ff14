"""The engine, installed: a model that runs on this machine, for whoever asks."""

import http.client
import json
import shlex
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import session
from support.session import call, prop, systemctl, until
from support.tiny_model import write_tiny_model

from senter.bus.names import ENGINE

UNIT = ENGINE.unit
MODELS = session.HOME / ".local/share/senter/models"
QUESTION = {"ignore_eos": True, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 10}


@pytest.fixture(autouse=True)
def model() -> Iterator[Path]:
    """A model that talks gibberish, in the models folder."""
    yield write_tiny_model(MODELS / "tiny.gguf")
    systemctl("stop", UNIT, check=False)
    shutil.rmtree(MODELS)


def endpoint() -> str:
    """What busctl is told when it asks for the engine."""
    answer = call("Engine", "Endpoint")
    assert answer.returncode == 0, answer.stderr
    kind, path = shlex.split(answer.stdout)
    assert kind == "s"
    return path


def tokens_written(path: str) -> int:
    """Ask the model something; how long its answer is."""
    connection = http.client.HTTPConnection("localhost", timeout=30)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(path)
    connection.request("POST", "/v1/chat/completions", json.dumps(QUESTION), {"Content-Type": "application/json"})
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return int(answer["usage"]["completion_tokens"])


def processes() -> list[str]:
    """The processes of the unit."""
    group = Path("/sys/fs/cgroup" + prop(UNIT, "ControlGroup"))
    return (group / "cgroup.procs").read_text().split()


def test_the_engine_answers_again_after_it_was_killed() -> None:
    path = endpoint()
    assert tokens_written(path) == 10
    assert prop(UNIT, "StatusText") == "tiny.gguf is loaded, 2 slots"
    pid = prop(UNIT, "MainPID")
    assert len(processes()) == 2
    systemctl("kill", "--kill-whom=main", "--signal=KILL", UNIT)
    until(lambda: session.active(UNIT) and prop(UNIT, "MainPID") not in ("0", pid), "the engine to be back")
    assert len(processes()) == 1, "the model went with the process that had it loaded"
    assert tokens_written(endpoint()) == 10


def test_a_model_that_is_killed_is_loaded_again_by_the_same_engine() -> None:
    endpoint()
    pid = prop(UNIT, "MainPID")
    (llama,) = set(processes()) - {pid}
    session.run("kill", "-KILL", llama)
    until(lambda: prop(UNIT, "StatusText").startswith("failed: llama.cpp was ended by SIGKILL"), "the bad news")
    assert tokens_written(endpoint()) == 10
    assert prop(UNIT, "MainPID") == pid


def test_stopping_is_quick_and_leaves_nothing() -> None:
    path = endpoint()
    systemctl("stop", UNIT)
    assert prop(UNIT, "Result") == "success"
    assert not Path(path).exists()


def test_without_a_model_one_sentence_is_told(model: Path) -> None:
    model.unlink()
    answer = call("Engine", "Endpoint")
    assert f"there is no language model in {MODELS}" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
