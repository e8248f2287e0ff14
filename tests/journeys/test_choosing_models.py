"""A language model is chosen while the engine runs another: the next question is for the new one."""

import shutil
from collections.abc import Iterator

import pytest
from support import session
from support.session import active, call, prop, senter, systemctl
from support.tiny_model import write_tiny_model

from senter.bus.names import ENGINE

UNIT = ENGINE.unit
MODELS = session.HOME / ".local/share/senter/models"
SETTINGS = session.HOME / ".config/senter/config.toml"


@pytest.fixture(autouse=True)
def two_models() -> Iterator[None]:
    """Two models that talk gibberish, of which the first is loaded without a choice."""
    for name in ("first.gguf", "second.gguf"):
        write_tiny_model(MODELS / name)
    systemctl("stop", UNIT, check=False)
    yield
    systemctl("stop", UNIT, check=False)
    shutil.rmtree(MODELS)
    SETTINGS.unlink(missing_ok=True)


def loaded() -> str:
    """Have the engine load its model; what it says of itself then."""
    answer = call("Engine", "Endpoint")
    assert answer.returncode == 0, answer.stderr
    return prop(UNIT, "StatusText")


def use(name: str) -> str:
    """Choose a model; what the command says."""
    answer = senter("models", "use", name)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


def test_an_engine_that_runs_takes_the_new_model() -> None:
    assert loaded() == "first.gguf is loaded, 2 slots"
    before = prop(UNIT, "MainPID")
    assert "The engine was restarted; it loads the model when it is needed.\n" in use("second.gguf")
    assert prop(UNIT, "MainPID") != before
    assert loaded() == "second.gguf is loaded, 2 slots"


def test_an_engine_that_does_not_run_is_not_started() -> None:
    assert "The engine loads it when it is needed.\n" in use("second.gguf")
    assert not active(UNIT)
    assert loaded() == "second.gguf is loaded, 2 slots"


def test_what_is_in_use_already_disturbs_nobody() -> None:
    use("second.gguf")
    loaded()
    before = prop(UNIT, "MainPID")
    assert "in use already" in use("second.gguf")
    assert prop(UNIT, "MainPID") == before
