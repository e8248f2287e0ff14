"""The process that holds the model, played by small programs that do what llama.cpp might do."""

import sys
import time

import pytest

from senter.engine import process as module
from senter.engine.llama import MISSING
from senter.engine.process import LlamaProcess, Look
from senter.errors import Unavailable

ANSWERS = """
import os, signal, sys
from pathlib import Path
from http.server import BaseHTTPRequestHandler
from socketserver import UnixStreamServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        page = Path(sys.argv[2] + self.path.replace("/", ".")).read_bytes()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(page)
    def address_string(self):
        return ""
    def log_message(self, *_):
        pass
server = UnixStreamServer(sys.argv[2], Handler)
print("ready", flush=True)
server.serve_forever()
"""

FIGURES = """# TYPE llamacpp:n_decode_total counter
llamacpp:n_decode_total {decoded}
llamacpp:tokens_predicted_total 7
llamacpp:requests_processing {processing}
llamacpp:requests_deferred {deferred}
"""

LOG = """0.00.003.750 W srv: a warning comes first
0.00.003.751 E llama_model_load: error loading model: tensor 'x' data is not within the file bounds
0.00.003.752 E srv    load_model: failed to load model, 'bad.gguf'
"""


class Ground:
    """A model file, a socket, and the process that is tried."""

    def __init__(self, folder):
        self.model = folder / "bad.gguf"
        self.socket = folder / "llama.sock"
        self.process = None

    async def load(self, program):
        """Load the model with a program instead of llama.cpp."""
        command = program if isinstance(program, tuple) else (sys.executable, "-c", program)
        self.process = LlamaProcess(512, 2, command)
        await self.process.load(self.model, self.socket)

    def page(self, name, text):
        """What the server answers to a path."""
        self.socket.with_name(f"{self.socket.name}.{name}").write_text(text)

    def figures(self, decoded=0, processing=0, deferred=0):
        """What the server tells of its work."""
        self.page("metrics", FIGURES.format(decoded=decoded, processing=processing, deferred=deferred))


@pytest.fixture
async def ground(tmp_path):
    """Ends the process when the test has ended."""
    made = Ground(tmp_path)
    yield made
    if made.process:
        await made.process.unload()


async def refusal(ground, program):
    """The sentence that a program leads to."""
    with pytest.raises(Unavailable) as refused:
        await ground.load(program)
    return str(refused.value)


async def test_it_is_loaded_when_it_says_so(ground):
    await ground.load("print('ready', flush=True); input()")


async def test_the_program_is_told_everything_it_needs(ground):
    check = "import sys; print('ready' if sys.argv[1:] == {!r} else sys.argv, flush=True); input()"
    await ground.load(check.format([str(ground.model), str(ground.socket), "512", "2"]))


async def test_the_first_error_that_llama_tells_is_the_reason(ground):
    complain = f"import sys; sys.stderr.write({LOG!r})"
    told = await refusal(ground, f"{complain}; print('Failed to init server'); sys.exit(1)")
    assert told == "bad.gguf cannot be loaded: tensor 'x' data is not within the file bounds"


async def test_without_one_it_is_what_the_library_raised(ground):
    told = await refusal(ground, "import sys; print('Failed to init server'); sys.exit(1)")
    assert told == "bad.gguf cannot be loaded: Failed to init server"


async def test_a_missing_library_is_told_without_the_model(ground):
    assert await refusal(ground, f"print({MISSING!r})") == MISSING


async def test_a_process_that_dies_while_it_loads_is_told(ground):
    told = await refusal(ground, "import os, signal; os.kill(os.getpid(), signal.SIGABRT)")
    assert told == "bad.gguf cannot be loaded: llama.cpp was ended by SIGABRT"


async def test_a_process_that_is_killed_may_have_needed_too_much_memory(ground):
    told = await refusal(ground, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert told == "bad.gguf cannot be loaded: llama.cpp was ended by SIGKILL, perhaps because memory ran out"


async def test_a_program_that_is_not_there_is_told(ground):
    told = await refusal(ground, ("/nonexistent/python",))
    assert told == "llama.cpp cannot be started: No such file or directory"


async def test_a_process_that_never_comes_to_an_end_is_ended(ground, monkeypatch):
    monkeypatch.setattr(module, "LOAD_SECONDS", 0.2)
    assert "was not loaded within" in await refusal(ground, "import time; time.sleep(60)")
    assert await ground.process.wait_ended() == "llama.cpp was ended by SIGKILL, perhaps because memory ran out"


async def test_a_flood_of_complaints_does_not_stop_it(ground):
    await ground.load("import sys; sys.stderr.write('x' * 10_000_000); print('ready', flush=True); input()")


async def test_its_end_is_told_in_words(ground):
    await ground.load("import os, signal; print('ready', flush=True); os.kill(os.getpid(), signal.SIGSEGV)")
    assert await ground.process.wait_ended() == "llama.cpp was ended by SIGSEGV"


async def test_unloading_ends_even_a_process_that_would_not_listen(ground):
    program = "import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); signal.pause()"
    await ground.load(program)
    await ground.process.unload()
    await ground.process.unload()
    assert "SIGKILL" in await ground.process.wait_ended()


async def test_there_is_nothing_to_unload_before_the_first_model(ground):
    await LlamaProcess(512, 2).unload()


async def test_a_server_with_nothing_to_do_rests(ground):
    ground.page("health", "{}")
    ground.figures()
    await ground.load(ANSWERS)
    assert await ground.process.look() == Look(answers=True, worked=False)
    assert await ground.process.look() == Look(answers=True, worked=False)


@pytest.mark.parametrize("work", ["processing", "deferred"])
async def test_a_request_that_is_there_is_work(ground, work):
    ground.page("health", "{}")
    ground.figures(**{work: 1})
    await ground.load(ANSWERS)
    assert await ground.process.look() == Look(answers=True, worked=True)


async def test_a_request_between_two_looks_is_work(ground):
    ground.page("health", "{}")
    ground.figures(decoded=10)
    await ground.load(ANSWERS)
    await ground.process.look()
    ground.figures(decoded=11)
    assert (await ground.process.look()).worked
    assert not (await ground.process.look()).worked


async def test_a_server_that_is_too_deep_in_work_for_figures_works(ground):
    ground.page("health", "{}")
    ground.page("metrics", "")
    await ground.load(ANSWERS)
    assert await ground.process.look() == Look(answers=True, worked=True)


async def test_a_server_that_accepts_nobody_does_not_answer(ground):
    await ground.load("print('ready', flush=True); input()")
    assert await ground.process.look() == Look(answers=False, worked=False)


async def test_a_server_that_hangs_does_not_answer_and_holds_nobody_up(ground, monkeypatch):
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.1)
    listens = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[2]); s.listen()"
    await ground.load(f"{listens}; print('ready', flush=True); input()")
    begun = time.monotonic()
    assert not (await ground.process.look()).answers
    assert time.monotonic() - begun < 2
