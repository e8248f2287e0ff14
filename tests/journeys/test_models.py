"""The model workers as installed units, with a provider that follows a script."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import session
from support.provider_program import ProviderProgram
from support.session import prop, systemctl, until

from senter.bus.connection import Connection
from senter.bus.names import MODELS, PRIMARY, RESEARCH
from senter.errors import NoModel, Unavailable
from senter.models.client import ModelClient

HELLO = [{"role": "user", "content": "Hello"}]
CONFIG = session.HOME / ".config/senter/config.toml"


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[ProviderProgram]:
    """A provider of both workers: it answers, but stalls in the middle when it is asked to wait."""
    waits = {"match": "wait", "text": "Hello there", "stall": "after"}
    started = ProviderProgram(tmp_path, {"rules": [waits], "default": "Yes."})
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    tables = [f'[models.{room.instance}]\nproviders = ["{started.url}"]\n' for room in MODELS]
    CONFIG.write_text("".join(tables))
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    """No worker, and nobody who answers for one, is left over."""
    yield
    for room in MODELS:
        systemctl("stop", room.unit, f"senter-failure@{room.unit}", check=False)
    shutil.rmtree(session.HOME / ".local/share/senter/models", ignore_errors=True)


def complete(worker: str, prompt: str) -> subprocess.CompletedProcess[str]:
    """Ask a worker with plain busctl, which lets the bus start it."""
    name = f"ai.senter.Model1.{worker}"
    command = ("busctl", "--user", "call", name, f"/{name.replace('.', '/')}", "ai.senter.Model1", "Complete")
    return session.run(*command, "s", prompt, check=False)


def test_a_question_wakes_the_worker_and_is_answered(provider: ProviderProgram) -> None:
    for room in MODELS:
        assert prop(room.unit, "ActiveState") == "inactive"
        assert complete(room.instance, "Hello").stdout == 's "Yes."\n'
        assert session.active(room.unit)
        told = f"idle; llama3.2 on {provider.url}, "
        until(lambda: "tokens today" in prop(room.unit, "StatusText"), "the status to follow")  # noqa: B023
        assert prop(room.unit, "StatusText").startswith(told)
    asked = [event["messages"][0]["content"] for event in provider.events("request")]
    assert "personal assistant" in asked[0]
    assert "research assistant" in asked[1]


def test_both_workers_start_with_senter_and_say_when_there_is_no_model() -> None:
    systemctl("start", "senter.target")
    for room in MODELS:
        until(lambda: "no language model" in prop(room.unit, "StatusText"), "the worker to have looked")  # noqa: B023
        assert session.active(room.unit)
    told = complete("primary", "Hello").stderr
    folder = session.HOME / ".local/share/senter/models"
    assert "there is no language model: ollama cannot be reached;" in told
    assert f"embedded has no language model in {folder}; see: senter setup" in told
    assert prop("senter-engine.service", "StatusText").startswith("off;")


def test_senter_at_rest_asks_no_model(provider: ProviderProgram) -> None:
    systemctl("start", "senter.target")
    for room in MODELS:
        ready = f"idle; llama3.2 on {provider.url}"
        until(lambda: prop(room.unit, "StatusText") == ready, "the worker to have looked")  # noqa: B023
    for command in (("status",), ("progress",), ("goals", "list"), ("setup",)):
        session.senter(*command)
    systemctl("stop", "senter.target")
    assert provider.events("request") == []
    assert complete("primary", "Hello").stdout == 's "Yes."\n'
    assert len(provider.events("request")) == 1, "what the test looks for is there when a model is asked"


async def test_a_worker_that_is_killed_is_an_error_and_is_back_for_the_next_question(
    provider: ProviderProgram,
) -> None:
    connection = Connection()
    await connection.open()
    model = ModelClient(connection, PRIMARY)
    heard = asyncio.Event()
    asking = asyncio.create_task(
        model.generate([{"role": "user", "content": "wait"}], on_text=lambda _: heard.set())
    )
    async with asyncio.timeout(session.DEADLINE):
        await heard.wait()
        os.kill(int(prop(PRIMARY.unit, "MainPID")), signal.SIGKILL)
        with pytest.raises(Unavailable, match="went away"):
            await asking
        assert (await model.generate(HELLO)).text == "Yes."
    await connection.close()
    until(lambda: provider.events("disconnect"), "the provider to notice")


async def test_a_caller_that_leaves_ends_the_work(provider: ProviderProgram) -> None:
    connection = Connection()
    await connection.open()
    asking = asyncio.create_task(ModelClient(connection, RESEARCH).generate([{"role": "user", "content": "wait"}]))
    await asyncio.to_thread(until, lambda: provider.events("stall"), "the answer to have begun")
    async with asyncio.timeout(session.DEADLINE):
        connection._bus.close()
        asking.cancel()
        await asyncio.wait([asking])
    until(lambda: provider.events("disconnect"), "the provider to notice")


async def test_a_worker_that_has_failed_for_good_is_answered_for() -> None:
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text('[models.primary]\nproviders = ["ollame"]\n')
    assert systemctl("start", PRIMARY.unit, check=False) == ""
    until(lambda: session.active(f"senter-failure@{PRIMARY.unit}"), "somebody to stand in")
    assert "providers must be" in complete("primary", "Hello").stderr
    connection = Connection()
    await connection.open()
    with pytest.raises(Unavailable, match="providers must be"):
        await ModelClient(connection, PRIMARY).generate(HELLO)
    with pytest.raises(NoModel):
        await ModelClient(connection, RESEARCH).generate(HELLO)
    await connection.close()


def test_systemd_lets_the_worker_have_the_network_and_little_else() -> None:
    families = prop(PRIMARY.unit, "RestrictAddressFamilies").split()
    assert sorted(families) == ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"]
    assert prop(PRIMARY.unit, "NoNewPrivileges") == "yes"
