"""The tool that reads one document."""

import os
from collections.abc import Mapping
from typing import Any

from senter.errors import Unavailable
from senter.tasks.reader.documents import passages_of
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import allowed, content_of, is_below, real_path, shown
from senter.tasks.tools.tool import Context, Tool, schema

LONGEST_DOCUMENT = 40_000
"""Characters that are given of one document."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The passages of the document at ``path``, in order, and a note when they are not all.

    Raises Denied for a path that is neither in the workspace nor in a folder of the goal that may be read,
    Unavailable when it cannot be read.
    """
    path = _path(parameters["path"], context)
    name = shown(path)
    found = passages_of(content_of(path, name), name)
    if not found:
        raise Unavailable(f"{name} is empty")
    passages, length = [], 0
    for place, text in found:
        if length + len(text) > LONGEST_DOCUMENT:
            break
        passages.append(Passage(path, place, os.path.basename(path), text))
        length += len(text)
    cut = len(passages) < len(found)
    notes = (f"only the first {length:,} characters of {name} were read",) if cut else ()
    return Findings(f"Read {name}.", tuple(passages), notes)


def _path(path: str, context: Context) -> str:
    """The real path of a document that may be read; what is in the workspace always may be."""
    real = real_path(path)
    if context.workspace and is_below(real, os.path.realpath(context.workspace)):
        return real
    return allowed(path, context.folders, context.roots)


TOOL = Tool(
    "file_read",
    "Reads one document from its beginning.",
    schema(("path",), path={"type": "string"}),
    run,
)
