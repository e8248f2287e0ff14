"""The tool that looks through the documents of a folder."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from senter.errors import SenterError, Unavailable
from senter.tasks.reader.documents import passages_of
from senter.tasks.text.ranking import Ranking
from senter.tasks.text.summary import question_of
from senter.tasks.text.words import content_words, helping_words
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import allowed, content_of, folded, is_below, is_closed, shown
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, shortened

MOST_PASSAGES = 12
MOST_DOCUMENTS = 2_000
MOST_FILES = 20_000
"""Files of any kind that are looked at."""
MOST_BYTES = 200_000_000
"""Of all documents together, unpacked."""
LONGEST_READING = 80.0
"""Seconds of computing; the process of a tool may have 120."""


@dataclass
class Reading:
    """How far the reading of a folder has come."""

    folder: str
    ranking: Ranking
    documents: int = 0
    files: int = 0
    size: int = 0
    notes: list[str] = field(default_factory=list)
    end: str = ""
    """Why no more is read, once that is so."""

    def take(self, name: str, descriptor: int, path: str) -> None:
        """Read one file into the ranking, or note why it was not read."""
        told = shown(os.path.relpath(path, self.folder))
        self.files += 1
        try:
            path.encode()
            content = content_of(name, told, descriptor)
            passages = passages_of(content, told)
        except UnicodeEncodeError:
            self.notes.append(f"{told} has a name that is not text and was not read")
        except SenterError as error:
            self.notes.append(f"{error} and was not read")
        else:
            self.documents += 1
            self.size += max(len(content), sum(len(text) for _, text in passages))
            for place, text in passages:
                self.ranking.add(Passage(path, place, told, text))

    def has_room(self) -> bool:
        """Whether one more file may be read; otherwise ``end`` says why not."""
        if self.documents >= MOST_DOCUMENTS or self.files >= MOST_FILES:
            self.end = f"only the first {self.documents:,} documents in {shown(self.folder)} were read"
        elif self.size >= MOST_BYTES:
            self.end = (
                f"only the first {MOST_BYTES // 1_000_000} MB of the documents in {shown(self.folder)} were read"
            )
        elif time.process_time() >= LONGEST_READING:
            self.end = (
                f"only {self.documents:,} documents in {shown(self.folder)} were read; more would take too long"
            )
        return not self.end


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The passages of the documents below ``folder`` that fit ``query`` (the goal's question without one).

    Raises Denied for a folder that the goal does not name or that may not be read, Unavailable when nothing there
    can be read.
    """
    folder = allowed(parameters["folder"], context.folders, context.roots)
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY))
    except OSError as error:
        raise Unavailable(f"{shown(folder)} cannot be read: {error.strerror}") from error
    query = question_of(parameters.get("query") or context.question)
    words = content_words(query)
    with closing(Ranking()) as ranking:
        reading = Reading(folder, ranking)
        _read_all(reading)
        if not reading.documents:
            raise Unavailable(_nothing(reading))
        passages = ranking.best(words, MOST_PASSAGES, helping_words(query))
    documents = f"{reading.documents:,} document{'' if reading.documents == 1 else 's'}"
    fitting = f"{len(passages)} passage{' fits' if len(passages) == 1 else 's fit'}"
    notes = folded(reading.notes) + ((reading.end,) if reading.end else ())
    if not passages:
        notes += (f'nothing in {shown(folder)} mentions any word of "{shortened(one_line(query), 100)}"',)
    return Findings(f"Read {documents} in {shown(folder)}; {fitting}.", tuple(passages), notes)


def _read_all(reading: Reading) -> None:
    def note(error: OSError) -> None:
        told = shown(os.path.relpath(os.fsdecode(error.filename or ""), reading.folder))
        reading.notes.append(f"{told} cannot be opened: {error.strerror} and was not read")

    for folder, folders, files, descriptor in os.fwalk(reading.folder, onerror=note):
        folders[:] = sorted(name for name in folders if not is_closed(os.path.join(folder, name)))
        for name in _documents_of(folder, sorted(files), reading):
            if not reading.has_room():
                return
            reading.take(name, descriptor, os.path.join(folder, name))


def _documents_of(folder: str, names: list[str], reading: Reading) -> Iterator[str]:
    """The names to read: not the hidden, no links; a link that leads out of the folder is noted."""
    for name in names:
        path = os.path.join(folder, name)
        if name.startswith("."):
            continue
        if not os.path.islink(path):
            yield name
        elif not is_below(os.path.realpath(path), reading.folder):
            told = shown(os.path.relpath(path, reading.folder))
            reading.notes.append(f"{told} is a link that leads out of the folder and was not read")


def _nothing(reading: Reading) -> str:
    """Why there is nothing to look through."""
    if not reading.notes:
        return f"there are no documents in {shown(reading.folder)}"
    return f"no document in {shown(reading.folder)} can be read: {'; '.join(folded(reading.notes))}"


TOOL = Tool(
    "file_search",
    "Looks through the documents below a folder and gives the passages that fit a query best.",
    schema(("folder",), folder={"type": "string"}, query={"type": "string"}),
    run,
)
