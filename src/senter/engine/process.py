"""llama.cpp in a process of its own, as the service knows it: load, look, wait for its end, unload."""

import asyncio
import contextlib
import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from senter.engine import llama
from senter.errors import Unavailable

COMMAND = (sys.executable, "-I", "-m", "senter.engine.llama")

ANSWER_SECONDS = 5.0
LOAD_SECONDS = 900.0
LONGEST_COMPLAINT = 16 * 1024

# "0.00.003.750 E llama_model_load: error loading model: tensor …": time, severity, function, what is wrong
_ERROR = re.compile(r"^\S+ E (?:\S+\s+)*?\S+: (?:error loading model: )?(?P<reason>.+)$", re.MULTILINE)
_AT_WORK = re.compile(rb"^llamacpp:requests_(?:processing|deferred) [1-9]", re.MULTILINE)
_DONE = re.compile(rb"^llamacpp:(?:n_decode|prompt_tokens|tokens_predicted)_total (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Look:
    """What was seen of a server."""

    answers: bool
    """Whether its HTTP threads live."""
    worked: bool
    """Whether it works on a request, or has since the look before."""


class LlamaProcess:
    """At most one llama.cpp; ``context_tokens`` for each of ``slots`` requests at once."""

    def __init__(self, context_tokens: int, slots: int, command: tuple[str, ...] = COMMAND) -> None:
        self._arguments = (str(context_tokens), str(slots))
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._socket = Path()
        self._done: list[bytes] = []

    def installed(self) -> bool:
        """Whether there is a llama.cpp to load a model with."""
        return llama.installed()

    async def load(self, model: Path, socket: Path) -> None:
        """Load a model and serve it on a socket; raises Unavailable with the reason when that fails."""
        pipe = asyncio.subprocess.PIPE
        self._socket, self._done = socket, []
        command = (*self._command, str(model), str(socket), *self._arguments)
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True
            )
        except OSError as error:
            raise Unavailable(f"llama.cpp cannot be started: {error.strerror}") from error
        assert process.stdout is not None and process.stderr is not None
        complaining = asyncio.create_task(_read(process.stderr))
        try:
            async with asyncio.timeout(LOAD_SECONDS):
                told = (await process.stdout.readline()).decode().strip()
        except TimeoutError:
            await self.unload()
            raise Unavailable(f"{model.name} was not loaded within {LOAD_SECONDS / 60:g} minutes") from None
        if told == llama.READY:
            return
        await process.wait()
        raise Unavailable(_failure(model.name, told, await complaining, process.returncode or 0))

    async def wait_ended(self) -> str:
        """Return when the process that serves the model has ended by itself: why, in words."""
        assert self._process is not None
        return _ending(await self._process.wait())

    async def look(self) -> Look:
        """See whether the server answers and works; takes at most ten seconds."""
        if not await self._ask("/health"):
            return Look(answers=False, worked=False)
        figures = await self._ask("/metrics")
        done, before = _DONE.findall(figures), self._done
        self._done = done or before
        # figures are told between two batches: one that takes long is work
        news = bool(before) and done != before
        return Look(answers=True, worked=not figures or bool(_AT_WORK.search(figures)) or news)

    async def unload(self) -> None:
        """End the process, whatever it does: there is nothing it could lose but answers nobody waits for."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _ask(self, path: str) -> bytes:
        """The body of a page of the server, empty when it does not come."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await asyncio.open_unix_connection(self._socket)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                    return (await reader.read()).partition(b"\r\n\r\n")[2]
                finally:
                    writer.close()
        except (OSError, TimeoutError):
            return b""


async def _read(stream: asyncio.StreamReader) -> str:
    """The beginning of what a process complains of; the rest is read, too, or it would wait for a reader."""
    text = b""
    while block := await stream.read(LONGEST_COMPLAINT):
        text = (text + block)[:LONGEST_COMPLAINT]
    return text.decode(errors="replace")


def _failure(name: str, told: str, complaint: str, code: int) -> str:
    """One sentence about a model that was not loaded."""
    if told.startswith(llama.MISSING):
        return told
    found = _ERROR.search(complaint)
    return f"{name} cannot be loaded: {found['reason'] if found else told or _ending(code)}"


def _ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"llama.cpp ended with status {code}"
    hint = ", perhaps because memory ran out" if code == -signal.SIGKILL else ""
    return f"llama.cpp was ended by {signal.Signals(-code).name}{hint}"
