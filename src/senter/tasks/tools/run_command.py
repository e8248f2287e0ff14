"""The tool that runs a program: only after it was approved as a whole, and only confined."""

import json
import os
import shlex
from collections.abc import Mapping
from typing import Any

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.reader.text import UNSEEN, of_lines
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, shortened

LONGEST_QUESTION = 1_000
"""Characters: what is approved has to be seen as a whole."""
LONGEST_OUTPUT = 40_000
"""Characters that are given of what a program writes."""
SECONDS = 60.0
"""How long a program may take."""

OFF = "running commands is off; it is [tasks] commands in config.toml"
_ON_LINES = {ord(mark): " " for mark in "\n\t"}
"""What may be in an input besides what can be seen; it is shown as an escape."""


def asks(parameters: Mapping[str, Any], context: Context) -> str:
    """The program, its arguments and its input, whole.

    Raises Denied when running commands is off, InvalidArgument for what cannot be shown as a whole.
    """
    if not context.may_command:
        raise Denied(OFF)
    command, given = parameters["command"], parameters.get("input", "")
    if not command or not command[0]:
        raise InvalidArgument("the parameter command of run_command must begin with the name of a program")
    told = f"run: {shlex.join(command)}"
    if given:
        told += f" with the input {json.dumps(given, ensure_ascii=False)}"
    is_printable = all(word.isprintable() for word in command) and given.translate(_ON_LINES).isprintable()
    if not is_printable or UNSEEN.search(told):
        raise InvalidArgument("the command has characters that cannot be seen, and would not be what is approved")
    if len(told) > LONGEST_QUESTION:
        raise InvalidArgument(f"the command is longer than {LONGEST_QUESTION:,} characters")
    return told


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """What a program writes when it is run without network, bus and home.

    Raises Denied where it cannot be confined, Unavailable when it cannot be run, takes too long or ends with an
    exit status that is not 0.
    """
    # only where a command is run: the service, which knows this tool, has no business with systemd
    from senter.host import confinement

    command, given = tuple(parameters["command"]), parameters.get("input", "").encode()
    line = shortened(shlex.join(command))
    unit = f"senter-command-{context.attempt.replace('.', '-') or os.getpid()}"
    confinement.require(f"{unit}-probe")
    try:
        ended = confinement.run(command, given, unit, SECONDS)
    except Unavailable as error:
        raise Unavailable(f"{line}: {error}") from error
    if ended.status > 0:
        raise Unavailable(f"{line} failed: {_reason(ended.status, _text(ended.complaint))}")
    return _findings(line, _text(ended.output), _text(ended.complaint), ended.is_cut)


def _findings(line: str, output: str, complaint: str, is_cut: bool) -> Findings:
    passages, length, notes = [], 0, []
    for place, text in of_lines(output):
        if length + len(text) > LONGEST_OUTPUT:
            is_cut = True
            break
        passages.append(Passage(line, place, "", text))
        length += len(text)
    if is_cut:
        notes.append(f"only the first {length:,} characters of what {line} wrote were kept")
    if complaint.strip():
        notes.append(f"{line} complained: {_last_line(complaint)}")
    told = "it wrote what follows" if passages else "it wrote nothing"
    return Findings(f"Ran {line}; {told}.", tuple(passages), tuple(notes))


def _text(content: bytes) -> str:
    return content.decode(errors="replace")


def _reason(status: int, complaint: str) -> str:
    """Why a program failed, in words."""
    how = f"it was ended by signal {status - 128}" if status > 128 else f"exit status {status}"
    last = _last_line(complaint)
    return f"{how}, {last}" if last else how


def _last_line(text: str) -> str:
    """The last line that says something."""
    return shortened(one_line(next((line for line in reversed(text.splitlines()) if line.strip()), "")))


TOOL = Tool(
    "run_command",
    "Runs a program with arguments, without a shell, network and files of the user; input is what it reads.",
    schema(
        ("command",),
        command={"type": "array", "items": {"type": "string"}, "minItems": 1},
        input={"type": "string"},
    ),
    run,
    "command",
    asks=asks,
    is_repeatable=False,
    seconds=SECONDS + 30.0,
)
