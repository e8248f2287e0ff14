"""The tool that reads one document."""

import os
from collections.abc import Mapping
from typing import Any

from senter.errors import Unavailable
from senter.tasks.reader.reader import Reader
from senter.tasks.tools.beneath import content_of
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import readable, shown
from senter.tasks.tools.tool import Context, Tool, schema

LONGEST_DOCUMENT = 40_000
"""Characters that are given of one document."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The passages of the document at ``path``, in order, and a note when they are not all.

    Raises Denied for a path that is neither in the workspace nor in a folder of the goal that may be read,
    Unavailable when it cannot be read.
    """
    path = readable(parameters["path"], context)
    name = shown(path)
    content = content_of(path, name)
    with Reader() as reader:
        document = reader.read(content, name)
    found = document.passages
    if not found:
        raise Unavailable(f"{name} is empty")
    passages, length = [], 0
    for place, text in found:
        if length + len(text) > LONGEST_DOCUMENT:
            break
        passages.append(Passage(path, place, shown(os.path.basename(path)), text))
        length += len(text)
    cut = len(passages) < len(found)
    notes = (f"only the first {length:,} characters of {name} were read",) if cut else ()
    return Findings(f"Read {name}.", tuple(passages), notes + document.notes)


TOOL = Tool(
    "file_read",
    "Reads one document from its beginning.",
    schema(("path",), path={"type": "string"}),
    run,
    "read",
)
