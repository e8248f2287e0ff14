"""The program that holds the model: llama.cpp, serving the OpenAI protocol on a UNIX socket.

It is a process of its own. Loading keeps Python's interpreter lock from the first to the last byte, so nothing
else in the process would turn; a server that is destroyed while it answers takes 30 s; and whatever llama.cpp may
do to its process, the room survives it and says what happened.

Arguments: the model file, the socket, how many tokens one request may hold, how many requests run at once. Writes
``ready`` to stdout when the model is loaded, or one sentence about why it cannot be, and lives until stdin ends.
"""

import importlib.util
import os
import sys

from senter.engine.choice import INSTALL

READY = "ready"
MISSING = f"llama.cpp is not installed; {INSTALL}"

ERRORS_ONLY = 1
HTTP_THREADS = 32
"""Requests that wait for a slot hold a thread, and ``/health`` needs one that is free."""
BATCH_TOKENS = 512
"""Between batches it hears of cancelled requests."""


def installed() -> bool:
    """Whether there is a llama.cpp to load a model with."""
    return importlib.util.find_spec("xllamacpp") is not None


def serve(model: str, socket: str, context_tokens: int, slots: int) -> None:
    """Load the model, say so, and answer requests until stdin ends; ends the process."""
    try:
        import xllamacpp  # type: ignore[import-untyped]
    except ImportError as error:
        sys.exit(_told(f"{MISSING} ({error})" if installed() else MISSING))
    chosen = xllamacpp.CommonParams()
    chosen.model.path = model
    chosen.hostnames = [socket]
    chosen.n_ctx, chosen.n_parallel = context_tokens * slots, slots
    chosen.n_batch, chosen.n_threads_http = BATCH_TOKENS, HTTP_THREADS
    chosen.endpoint_metrics, chosen.endpoint_slots = True, True
    # vectors beside answers, for texts of at most one batch; answers are the same with and without
    chosen.embedding = True
    chosen.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    chosen.ui, chosen.offline = False, True
    # its own choice would be to keep up to 8 GiB of past conversations in memory
    chosen.cache_ram_mib = 0
    chosen.verbosity = ERRORS_ONLY
    os.umask(0o177)
    try:
        server = xllamacpp.Server(chosen)
    except RuntimeError as error:
        sys.exit(_told(str(error)))
    # nobody listens from here on: what it complains of may quote what people asked
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    _told(READY)
    sys.stdin.buffer.read()
    # destroying a server that is answering takes 30 s
    os._exit(0 if server else 1)


def _told(line: str) -> int:
    print(line, flush=True)  # noqa: T201
    return 1


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
