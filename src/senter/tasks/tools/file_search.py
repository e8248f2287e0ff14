"""The tool that looks through the documents of a folder."""

import os
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from senter.errors import SenterError, Unavailable
from senter.tasks.reader.reader import Reader
from senter.tasks.text.ranking import Ranking
from senter.tasks.text.summary import question_of
from senter.tasks.text.words import content_words, helping_words
from senter.tasks.tools.beneath import Entry, content_of, entries_below
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.reading import allowed, folded, is_below, resolved, shown
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, shortened

MOST_PASSAGES = 12
MOST_DOCUMENTS = 2_000
MOST_FILES = 20_000
"""Files of any kind that are looked at."""
MOST_BYTES = 200_000_000
"""Of all documents together, unpacked."""
LONGEST_READING = 80.0
"""Seconds of computing here; the process of a tool may have 120."""
LONGEST_WAITING = 200.0
"""Seconds altogether; much of the work is done by the processes of the reader."""


@dataclass
class Reading:
    """How far the reading of a folder has come."""

    folder: str
    ranking: Ranking
    reader: Reader
    began: float = field(default_factory=time.monotonic)
    documents: int = 0
    files: int = 0
    size: int = 0
    notes: list[str] = field(default_factory=list)
    end: str = ""
    """Why no more is read, once that is so."""

    def take(self, entry: Entry) -> None:
        """Read one file into the ranking, or note why it was not read."""
        told, path = shown(entry.path), os.path.join(self.folder, entry.path)
        self.files += 1
        try:
            content = content_of(entry.name, told, entry.holder)
            document = self.reader.read(content, told)
        except SenterError as error:
            self.notes.append(f"{error} and was not read")
        else:
            self.documents += 1
            self.size += max(len(content), sum(len(text) for _, text in document.passages))
            self.notes += document.notes
            for place, text in document.passages:
                self.ranking.add(Passage(path, place, told, text))

    def has_room(self) -> bool:
        """Whether one more file may be read; otherwise ``end`` says why not."""
        if self.documents >= MOST_DOCUMENTS or self.files >= MOST_FILES:
            self.end = f"only the first {self.documents:,} documents in {shown(self.folder)} were read"
        elif self.size >= MOST_BYTES:
            self.end = (
                f"only the first {MOST_BYTES // 1_000_000} MB of the documents in {shown(self.folder)} were read"
            )
        elif time.process_time() >= LONGEST_READING or time.monotonic() - self.began >= LONGEST_WAITING:
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
    query = question_of(parameters.get("query") or context.question)
    words = content_words(query)
    with closing(Ranking()) as ranking, Reader() as reader:
        reading = Reading(folder, ranking, reader)
        try:
            _read_all(reading)
        except OSError as error:
            raise Unavailable(f"{shown(folder)} cannot be read: {error.strerror}") from error
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
    """Read the documents, but no links; one that leads out of the folder is noted. Raises OSError."""
    for entry in entries_below(reading.folder, reading.notes.append):
        if entry.is_link:
            if _leads_out(os.path.join(reading.folder, entry.path), reading.folder):
                reading.notes.append(f"{shown(entry.path)} is a link that leads out of the folder and was not read")
        elif reading.has_room():
            reading.take(entry)
        else:
            return


def _leads_out(link: str, folder: str) -> bool:
    """Whether a link leads out of a folder, or cannot be followed."""
    try:
        return not is_below(resolved(link), folder)
    except Unavailable:
        return True


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
    "read",
    seconds=300.0,
)
