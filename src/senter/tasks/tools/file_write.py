"""The tool that writes a file into the workspace of a goal. Doing it twice is the same as doing it once."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from senter.errors import Denied, InvalidArgument, InvalidState, Unavailable
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.reading import is_below, shown
from senter.tasks.tools.tool import Context, Tool, schema

LARGEST_FILE = 5_000_000
"""Bytes that are written at most."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """Write ``content``, or what the steps before wrote, to ``path`` below the workspace.

    A file that has this content already is left alone. Raises Denied for a path that leads out of the workspace,
    InvalidArgument when there is nothing to write, InvalidState when the file has other content, Unavailable when
    it cannot be written.
    """
    path = parameters["path"]
    content = parameters.get("content") or context.earlier.text
    if not content.strip():
        raise InvalidArgument("there is nothing to write: content is empty, and no step before wrote anything")
    encoded = f"{content.rstrip()}\n".encode(errors="replace")
    if len(encoded) > LARGEST_FILE:
        raise InvalidArgument(f"content is larger than {LARGEST_FILE // 1_000_000} MB")
    target = _target(path, context.workspace)
    try:
        if not _is_done(target, encoded, path):
            write_atomically(target, encoded)
    except OSError as error:
        raise Unavailable(f"{shown(path)} cannot be written: {error.strerror}") from error
    return Findings(f"Wrote {shown(str(target))}.", files=(str(target),))


def _target(path: str, workspace: str) -> Path:
    """The real path of the file that a path below the workspace means."""
    if not os.path.isabs(workspace):
        raise InvalidArgument("there is no workspace to write to")
    parts = PurePosixPath(path).parts
    if not parts or path.endswith("/") or not path.isprintable():
        raise InvalidArgument(f'path must be the name of a file, not "{shown(path)}"')
    root = os.path.realpath(workspace)
    real = os.path.realpath(os.path.join(root, path))
    if os.path.isabs(path) or ".." in parts or real == root or not is_below(real, root):
        raise Denied(f"{shown(path)} is not in the workspace of the goal")
    return Path(real)


def _is_done(target: Path, encoded: bytes, path: str) -> bool:
    """Whether the file has this content already; raises InvalidState when something else is there."""
    if not target.exists():
        return False
    if not target.is_file() or target.stat().st_size != len(encoded) or target.read_bytes() != encoded:
        raise InvalidState(f"{shown(path)} is there already with other content; it was not overwritten")
    return True


def write_atomically(target: Path, encoded: bytes) -> None:
    """Write a file so that it is there as a whole or not at all; folders are made. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".writing-")
    try:
        with open(descriptor, "wb") as file:
            file.write(encoded)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        os.rename(temporary, target)
    except OSError:
        os.unlink(temporary)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


TOOL = Tool(
    "file_write",
    "Writes a text, or what the steps before wrote, to a new file in the workspace.",
    schema(("path",), path={"type": "string"}, content={"type": "string"}),
    run,
)
