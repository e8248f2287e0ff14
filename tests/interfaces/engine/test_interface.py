"""``ai.senter.Engine1`` end to end: the real program, llama.cpp, and a model that talks gibberish."""

import asyncio
import os
import re
import signal
import stat
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import openai
import pytest
from support.private_bus import DEADLINE, REPOSITORY, Inbox, finish, until
from support.tiny_model import write_tiny_model

from senter import paths
from senter.bus.connection import Match
from senter.bus.names import ENGINE
from senter.engine.client import EngineClient, model_file
from senter.errors import ConfigurationError, NoModel, Unavailable

PROGRAM = (sys.executable, "-I", "-m", "senter.engine")
XML = REPOSITORY / "units/interfaces/ai.senter.Engine1.xml"

QUICK = """
from senter.bus.names import ENGINE
from senter.bus.runtime import run
from senter.engine import process, service
from senter.engine.__main__ import build
service.LOOK_SECONDS, service.QUIET_SECONDS, service.DEAF_SECONDS = 0.05, {quiet}, 0.5
process.ANSWER_SECONDS = 0.5
run(ENGINE, build, idle_exit_seconds={idle})
"""
"""The engine's program with a shorter patience."""

SECRET = "swordfish"
HELLO = [{"role": "user", "content": f"Hello, {SECRET}!"}]
ENDLESS: dict[str, Any] = {"max_tokens": 3000, "extra_body": {"ignore_eos": True}}


@pytest.fixture
def model() -> Path:
    """A model in the models folder."""
    return write_tiny_model(paths.models_folder() / "tiny.gguf")


@pytest.fixture
async def engine(bus, client) -> EngineClient:
    """The engine, which the bus starts for the first call."""
    bus.install(ENGINE.bus_name, *PROGRAM)
    return EngineClient(client)


def openai_at(endpoint: str) -> openai.AsyncOpenAI:
    """The library with which rooms talk to models, over a UNIX socket."""
    transport = httpx2.AsyncHTTPTransport(uds=endpoint)
    return openai.AsyncOpenAI(
        base_url="http://localhost/v1",
        api_key="none",
        max_retries=0,
        http_client=httpx2.AsyncClient(transport=transport),
    )


async def chat(endpoint: str, **options: Any) -> Any:
    """One chat completion."""
    async with openai_at(endpoint) as asked:
        return await asked.chat.completions.create(
            model="any", messages=HELLO, **{"max_tokens": 10, "seed": 1, **options}
        )


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


async def pid_of(client: Any) -> int:
    """The process that serves the engine."""
    return int(await client.ask_daemon("GetConnectionUnixProcessID", "s", ENGINE.bus_name))


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not buried does not."""
    try:
        return re.search(r"^State:\s+[^Z]", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE) is not None
    except FileNotFoundError:
        return False


def internet_sockets(pid: int) -> list[str]:
    """The TCP and UDP sockets that a process has open."""
    held = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        file = Path(f"/proc/{pid}/net/{table}")
        for line in file.read_text().splitlines()[1:] if file.exists() else ():
            if f"socket:[{line.split()[9]}]" in held:
                found.append(line)
    return found


async def test_the_model_answers_on_a_socket_of_the_user_alone(engine, client, model):
    endpoint = await engine.endpoint(timeout=30)
    assert endpoint == str(paths.runtime_folder() / "llama.sock")
    assert stat.S_IMODE(Path(endpoint).stat().st_mode) == 0o600
    assert stat.S_IMODE(Path(endpoint).parent.stat().st_mode) == 0o700
    answer = await chat(endpoint, extra_body={"ignore_eos": True})
    assert answer.choices[0].message.content
    assert answer.usage.completion_tokens == 10


async def test_an_answer_streams_and_its_tokens_are_counted(engine, model):
    async with openai_at(await engine.endpoint(timeout=30)) as asked:
        stream = await asked.chat.completions.create(
            model="any",
            messages=HELLO,
            stream=True,
            stream_options={"include_usage": True},
            max_tokens=20,
            extra_body={"ignore_eos": True},
        )
        parts = [part async for part in stream]
    assert len(parts) > 5
    assert parts[-1].usage.prompt_tokens > 0


async def test_an_answer_keeps_to_a_schema(engine, model):
    schema = {"type": "object", "properties": {"word": {"enum": ["yes", "no"]}}, "required": ["word"]}
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    answer = await chat(await engine.endpoint(timeout=30), max_tokens=100, response_format=form)
    assert re.fullmatch(r'\{\s*"word"\s*:\s*"(yes|no)"\s*\}', answer.choices[0].message.content)


async def test_there_is_no_network_socket_anywhere(engine, client, model):
    await chat(await engine.endpoint(timeout=30))
    pid = await pid_of(client)
    (llama,) = children(pid)
    assert internet_sockets(pid) == internet_sockets(llama) == []


async def test_nothing_is_loaded_before_somebody_asks(engine, client, model):
    assert {check.verdict for check in await engine.check()} == {"ok"}
    assert await engine.state() == "off"
    assert children(await pid_of(client)) == []


async def test_many_callers_share_one_loading(engine, client, model):
    endpoints = await asyncio.gather(*[engine.endpoint(timeout=30) for _ in range(10)])
    assert len(set(endpoints)) == 1
    assert len(children(await pid_of(client))) == 1


async def test_the_state_is_read_without_waking_the_engine(engine, client, model):
    assert await engine.state() == "off"
    assert not await client.owner(ENGINE.bus_name)
    await engine.endpoint(timeout=30)
    assert await engine.state() == "ready"


async def test_the_properties_tell_of_the_model(engine, client, model):
    await engine.endpoint(timeout=30)
    properties = await client.call(
        *(ENGINE.bus_name, ENGINE.path, "org.freedesktop.DBus.Properties", "GetAll", "s", ENGINE.interface)
    )
    assert properties == {"Model": "tiny.gguf", "State": "ready", "Slots": 2}


async def test_without_a_model_the_answer_is_one_sentence(engine):
    with pytest.raises(
        NoModel,
        match=f"^there is no language model in {paths.models_folder()}; run: senter models pull qwen3-4b, or",
    ):
        await engine.endpoint(timeout=30)
    assert await engine.state() == "off"


@pytest.mark.parametrize("kept", [24, 3000, 300_000, -1])
async def test_a_model_that_is_cut_off_is_told_in_one_sentence_and_tried_again(engine, client, model, kept):
    whole = model.read_bytes()
    model.write_bytes(whole[:kept])
    with pytest.raises(Unavailable, match=r"^tiny\.gguf cannot be loaded: [^\n]+$"):
        await engine.endpoint(timeout=30)
    pid = await pid_of(client)
    model.write_bytes(whole)
    assert await chat(await engine.endpoint(timeout=30))
    assert await pid_of(client) == pid


async def test_a_context_that_no_memory_holds_is_told(engine, home, model):
    (home / "CONFIG_HOME/senter").mkdir()
    (home / "CONFIG_HOME/senter/config.toml").write_text("[engine]\ncontext_tokens = 2000000000\n")
    with pytest.raises(Unavailable, match=r"^tiny\.gguf cannot be loaded: "):
        await engine.endpoint(timeout=30)


async def test_a_process_that_dies_is_noticed_and_the_next_call_loads_again(engine, client, model):
    endpoint = await engine.endpoint(timeout=30)
    pid = await pid_of(client)
    (llama,) = children(pid)
    os.kill(llama, signal.SIGKILL)
    async with asyncio.timeout(DEADLINE):
        while await engine.state() != "failed":
            await asyncio.sleep(0.01)
    assert ("loading the model", "fail") in [check[:2] for check in await engine.check()]
    assert await engine.endpoint(timeout=30) == endpoint
    assert await chat(endpoint)
    assert await pid_of(client) == pid


async def test_what_becomes_of_the_model_is_told_at_once(run, client, model, supervisor):
    """No watchdog ticks here, so nothing tells the status but the change itself."""
    program = await run(*PROGRAM, NOTIFY_SOCKET=supervisor.address)
    await client.wait_owned(ENGINE.bus_name)
    changes = Inbox()
    await client.subscribe(Match("org.freedesktop.DBus.Properties", "PropertiesChanged", path=ENGINE.path), changes)
    await EngineClient(client).endpoint(timeout=30)
    assert [(await changes.next())[1] for _ in range(3)] == [
        {"State": "loading", "Model": ""},
        {"State": "loading", "Model": "tiny.gguf"},
        {"State": "ready", "Model": "tiny.gguf"},
    ]
    assert supervisor.lines.index("STATUS=loading tiny.gguf") < supervisor.lines.index(
        "STATUS=tiny.gguf is loaded, 2 slots"
    )
    (llama,) = children(program.pid)
    os.kill(llama, signal.SIGKILL)
    assert (await changes.next())[1] == {"State": "failed", "Model": "tiny.gguf"}
    await until(lambda: any(line.startswith("STATUS=failed: ") for line in supervisor.lines))


def test_the_file_that_would_be_loaded_is_known_without_the_engine(home):
    folder = paths.models_folder()
    with pytest.raises(NoModel, match=f"there is no language model in {folder}"):
        model_file()
    folder.mkdir(parents=True)
    (folder / "a.gguf").write_bytes(b"<html>")
    with pytest.raises(Unavailable, match=r"a\.gguf is not a language model"):
        model_file()
    (folder / "b.model").write_bytes(b"GGUF")
    config = home / "CONFIG_HOME/senter/config.toml"
    config.parent.mkdir()
    config.write_text('[engine]\nmodel = "b.model"\n')
    assert model_file() == folder / "b.model"
    config.write_text('[engine]\nmodel = "../b.model"\n')
    with pytest.raises(ConfigurationError, match="model must be the name of a file"):
        model_file()


def test_a_model_file_is_of_no_use_without_llama(model, monkeypatch):
    monkeypatch.setattr("senter.engine.llama.installed", lambda: False)
    with pytest.raises(Unavailable, match=r"llama\.cpp is not installed"):
        model_file()


async def test_when_the_room_dies_the_model_goes_with_it(engine, client, model):
    await engine.endpoint(timeout=30)
    pid = await pid_of(client)
    (llama,) = children(pid)
    owner = await client.owner(ENGINE.bus_name)
    os.kill(pid, signal.SIGKILL)
    await client.wait_left(owner)
    await until(lambda: not alive(llama))
    endpoint = await engine.endpoint(timeout=30)
    assert await chat(endpoint)


async def test_stopping_does_not_wait_for_an_answer_that_is_being_written(run, client, model):
    program = await run(*PROGRAM)
    await client.wait_owned(ENGINE.bus_name)
    endpoint = await EngineClient(client).endpoint(timeout=30)
    (llama,) = children(program.pid)
    async with openai_at(endpoint) as asked:
        stream = await asked.chat.completions.create(model="any", messages=HELLO, stream=True, **ENDLESS)
        await anext(aiter(stream))
        program.terminate()
        code, complaint = await program.end()
        assert (code, SECRET in complaint) == (0, False)
        assert not alive(llama)
        assert not Path(endpoint).exists()
        await stream.close()


async def test_after_idle_time_the_memory_is_given_back_and_the_next_call_loads_again(run, client, model, bus):
    program = await run(sys.executable, "-I", "-c", QUICK.format(idle=0.3, quiet=0.1))
    await client.wait_owned(ENGINE.bus_name)
    engine = EngineClient(client)
    endpoint = await engine.endpoint(timeout=30)
    (llama,) = children(program.pid)
    assert (await program.end())[0] == 0
    assert not alive(llama)
    assert not Path(endpoint).exists()
    assert await engine.state() == "off"
    bus.install(ENGINE.bus_name, *PROGRAM)
    assert await chat(await engine.endpoint(timeout=30))


async def test_requests_keep_the_engine_although_nobody_calls(run, client, model):
    program = await run(sys.executable, "-I", "-c", QUICK.format(idle=0.2, quiet=1.5))
    await client.wait_owned(ENGINE.bus_name)
    endpoint = await EngineClient(client).endpoint(timeout=30)
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        assert await chat(endpoint, max_tokens=50)
    assert program.process.returncode is None
    assert (await program.end())[0] == 0


async def test_a_model_that_hangs_gets_no_more_signs_of_life(run, client, model, supervisor):
    environment = {"NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": "200000"}
    program = await run(sys.executable, "-I", "-c", QUICK.format(idle=60, quiet=1), **environment)
    await client.wait_owned(ENGINE.bus_name)
    await EngineClient(client).endpoint(timeout=30)
    (llama,) = children(program.pid)
    await supervisor.wait("STATUS=tiny.gguf is loaded, 2 slots")
    os.kill(llama, signal.SIGSTOP)

    async def silence() -> None:
        told = -1
        while supervisor.lines.count("WATCHDOG=1") != told:
            told = supervisor.lines.count("WATCHDOG=1")
            await asyncio.sleep(0.5)

    async with asyncio.timeout(DEADLINE):
        await silence()
    before = supervisor.lines.count("WATCHDOG=1")
    os.kill(llama, signal.SIGCONT)
    await until(lambda: supervisor.lines.count("WATCHDOG=1") > before)


async def test_starting_and_answering_say_nothing_of_what_was_asked(run, client, model):
    program = await run(*PROGRAM)
    await client.wait_owned(ENGINE.bus_name)
    endpoint = await EngineClient(client).endpoint(timeout=30)
    await chat(endpoint)
    async with openai_at(endpoint) as asked:
        with pytest.raises(openai.BadRequestError):
            await asked.chat.completions.create(
                model="any", messages=[{"role": SECRET, "content": [{"type": SECRET}]}]
            )
    program.terminate()
    assert await program.end() == (0, "")


@pytest.mark.parametrize("line", ['model = "../../secret.gguf"', "context_tokens = 1"])
async def test_settings_that_cannot_be_meant_end_the_program_with_one_line(bus, home, line):
    (home / "CONFIG_HOME/senter").mkdir()
    (home / "CONFIG_HOME/senter/config.toml").write_text(f"[engine]\n{line}\n")
    code, _, complaint = await finish(*PROGRAM)
    assert code == 78
    assert complaint.startswith(f"[engine] {line.split()[0]} must be ")
    assert len(complaint.splitlines()) == 1


async def test_a_missing_llama_is_told_with_its_cure(run, client, model, tmp_path):
    """An empty module in front of the real one fails to give what is needed from it, as one half installed does."""
    (tmp_path / "hiding").mkdir()
    (tmp_path / "hiding/xllamacpp.py").write_text("raise ImportError('libgomp.so.1: cannot open shared object')\n")
    hidden = f"import sys; sys.path.insert(0, {str(tmp_path / 'hiding')!r})\n"
    child = f"{hidden}from senter.engine.llama import serve\nserve(*sys.argv[1:3], 512, 2)"
    program = (
        f"from senter.engine import process\nprocess.COMMAND = {(sys.executable, '-c', child)!r}\n"
        "process.LlamaProcess.__init__.__defaults__ = (process.COMMAND,)\n"
    )
    await run(sys.executable, "-I", "-c", program + QUICK.format(idle=60, quiet=1))
    await client.wait_owned(ENGINE.bus_name)
    with pytest.raises(Unavailable, match=r"^llama\.cpp is not installed; run: \S+ -m pip install xllamacpp"):
        await EngineClient(client).endpoint(timeout=30)


async def test_live_introspection_is_what_the_file_says(engine, client):
    await engine.check()
    text = await client.call(ENGINE.bus_name, ENGINE.path, "org.freedesktop.DBus.Introspectable", "Introspect")
    live = [node for node in ElementTree.fromstring(text) if node.get("name") == ENGINE.interface]
    (written,) = ElementTree.parse(XML).getroot()
    for element in written.iter():
        for note in element.findall("annotation"):
            element.remove(note)
    assert shape(live[0]) == shape(written)


def shape(element: ElementTree.Element) -> Any:
    """An element without its layout, its members in any order."""
    return element.tag, sorted(element.items()), sorted((shape(child) for child in element), key=repr)
