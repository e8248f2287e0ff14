"""The tool that writes a file, into the workspace of a goal or where the user has approved it.

Doing it twice is the same as doing it once.
"""

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.tasks.tools.beneath import folder_at
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.reading import MEGABYTE, is_below, is_below_any, is_closed, real_path, resolved, shown
from senter.tasks.tools.tool import Context, Tool, schema
from senter.tasks.tools.writing import folder_made, write_once

LARGEST_FILE = 5_000_000
"""Bytes that are written at most."""


@dataclass(frozen=True)
class Target:
    """Where a file is to be written."""

    path: str
    """Its real path."""
    workspace: str
    """The real path of the workspace when it is in there, else empty: then somebody has to approve it."""

    @property
    def question(self) -> str:
        """What has to be approved; empty for nothing."""
        return "" if self.workspace else f"write {self.path}"

    def folder(self) -> AbstractContextManager[int]:
        """The folder to write it into; in the workspace it is made. Raises OSError when it cannot be opened."""
        folder = os.path.dirname(self.path)
        if self.workspace:
            return folder_made(self.workspace, PurePath(folder).relative_to(self.workspace).parts)
        return folder_at(folder)


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """Write ``content``, or what the steps before wrote, to ``path``: below the workspace or approved.

    A file that has this content already is left alone. Raises Denied for a path that may not be written,
    InvalidArgument when there is nothing to write, InvalidState when the file has other content, Unavailable when
    it cannot be written.
    """
    encoded = _encoded(parameters, context)
    target = target_of(parameters["path"], context)
    # looked at once more, because it may lead to another place than when it was approved
    if target.question and target.question != context.approved:
        raise Denied(f"nobody has approved to {target.question}")
    told = shown(parameters["path"])
    try:
        with target.folder() as folder:
            write_once(folder, os.path.basename(target.path), encoded, told)
    except OSError as error:
        raise Unavailable(f"{told} cannot be written: {error.strerror}") from error
    return Findings(f"Wrote {shown(target.path)}.", files=(target.path,))


def asks(parameters: Mapping[str, Any], context: Context) -> str:
    """``write /home/ada/plan.md`` for a file that is not in the workspace.

    Raises Denied for one that may not be written at all, InvalidArgument for what is no file that could be.
    """
    return target_of(parameters["path"], context).question


def target_of(path: str, context: Context) -> Target:
    """The file that a path means: relative to the workspace, or absolute.

    Raises as ``asks`` does.
    """
    if not os.path.isabs(context.workspace):
        raise InvalidArgument("there is no workspace to write to")
    if not PurePath(path).parts or path.endswith("/") or not path.isprintable():
        raise InvalidArgument(f'path must be the name of a file, not "{shown(path)}"')
    if ".." in PurePath(path).parts:
        raise Denied(f'{shown(path)} may not be written: ".." may lead anywhere')
    workspace = resolved(context.workspace)
    full = PurePath(workspace, os.path.expanduser(path))
    real = os.path.join(real_path(str(full.parent)), full.name)
    if os.path.islink(real):
        raise Denied(f"{shown(path)} may not be written: it is a link")
    if real != workspace and is_below(real, workspace):
        return Target(real, workspace)
    if not os.path.isabs(os.path.expanduser(path)):
        raise Denied(f"{shown(path)} is not in the workspace of the goal")
    _require_writable(real, path, context)
    return Target(real, "")


def _require_writable(real: str, path: str, context: Context) -> None:
    """Raise Denied for a real path that nobody can approve to write, InvalidArgument for one in no folder."""
    if is_closed(real):
        raise Denied(f"{shown(path)} may not be written: it is hidden or part of the system")
    if not is_below_any(real, context.roots):
        raise Denied(f"{shown(path)} may not be written: it is not below [tasks] folders")
    if not real.isprintable():
        raise InvalidArgument(f"{shown(path)} is in a folder whose name cannot be shown")
    if not os.path.isdir(os.path.dirname(real)):
        raise InvalidArgument(f"{shown(path)} cannot be written: there is no folder {shown(os.path.dirname(real))}")


def _encoded(parameters: Mapping[str, Any], context: Context) -> bytes:
    content = parameters.get("content") or context.earlier.text
    if not content.strip():
        raise InvalidArgument("there is nothing to write: content is empty, and no step before wrote anything")
    encoded = f"{content.rstrip()}\n".encode(errors="replace")
    if len(encoded) > LARGEST_FILE:
        raise InvalidArgument(f"content is larger than {LARGEST_FILE // MEGABYTE} MB")
    return bytes(encoded)


TOOL = Tool(
    "file_write",
    "Writes a text, or what the steps before wrote, to a new file in the workspace; an absolute path has to be"
    " approved by the user.",
    schema(("path",), path={"type": "string"}, content={"type": "string"}),
    run,
    "write",
    asks,
)
