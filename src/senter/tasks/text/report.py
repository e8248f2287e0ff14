"""The report of a goal, as Markdown. Pure.

What others wrote is made harmless for a viewer of Markdown: no HTML, no pictures that are fetched from elsewhere,
and no links.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime

from senter.tasks.goal import COMPLETED, Goal, Task, results
from senter.tasks.text.summary import NOT_ANSWERED, question_of
from senter.tasks.tools.findings import Findings, Passage
from senter.wording import one_line, printable, shortened

LONGEST_NAME = 60
LONGEST_TITLE = 120
LONGEST_RESULT = 200_000
LONGEST_QUOTE = 5_000

PLANNERS = {"model": "a language model", "keywords": "the words of the goal"}

_CITATION = re.compile(r"\[(\d+)\]")
_FENCE = re.compile(r"`{3,}|~{3,}")
_LINK_TARGET = re.compile(r"^([ \t>*+\-\d.)]*\[(?:[^\[\]\\]|\\.)++\]):", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"[#>*+=~`|:_-]|\d+(?=[.)])")
"""What makes more than a line of text of a line when it stands at the beginning."""


def file_name(goal: Goal, day: datetime) -> str:
    """``2026-11-22-how-many-days-12.md``: the same for a goal whenever it is asked, and for no other goal."""
    plain = unicodedata.normalize("NFKD", goal.description).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_NAME].strip("-")
    return "-".join(part for part in (f"{day:%Y-%m-%d}", words, goal.id) if part) + ".md"


def answered(tasks: Sequence[Task], findings: Mapping[str, Findings]) -> bool:
    """Whether what came of a goal is more than that its sources do not answer it."""
    made = [findings[task.id].text for task in results(tasks) if task.id in findings]
    return not made or not all(text.startswith(NOT_ANSWERED) for text in made)


def report(goal: Goal, tasks: Sequence[Task], findings: Mapping[str, Findings], now: datetime) -> str:
    """The report: what came of the goal, the sources, what was not read, and how it was done.

    ``findings`` holds what each completed task found, by its id.
    """
    made = [task for task in results(tasks) if task.status == COMPLETED]
    parts = [f"# {_inert(_title(goal.description))}"]
    parts.append(_inert("\n".join(f"> {line}" for line in goal.description.splitlines())))
    for task in made:
        parts += _result(task, findings[task.id], alone=len(made) == 1)
    notes = dict.fromkeys(note for task in tasks for note in findings.get(task.id, Findings()).notes)
    gaps = [*notes, *(f"{task.description}: {task.error}" for task in tasks if task.error)]
    if gaps:
        parts += ["## What is missing", "\n".join(f"* {_inert(_line_of_text(one_line(gap)))}" for gap in gaps)]
    parts += ["## How it was done", _course(goal, tasks, findings, now)]
    return "\n\n".join(parts) + "\n"


def _title(description: str) -> str:
    """What is asked, without where to look; a single word would be too little."""
    question = question_of(description)
    title = shortened(question if " " in question else one_line(description), LONGEST_TITLE)
    return title[:1].upper() + title[1:]


def _result(task: Task, found: Findings, alone: bool) -> list[str]:
    parts = [] if alone else [f"## {_inert(one_line(task.description))}"]
    parts.append(_inert(_text(found.text)) or "Nothing was found.")
    cited = {int(number) for number in _CITATION.findall(found.text) if len(number) < 5}
    # a result without a text of its own tells what it found
    shown = [
        (number, passage)
        for number, passage in enumerate(found.passages, 1)
        if number in cited or not found.thinking
    ]
    if shown:
        lines = [_source(number, passage, quoted=not found.thinking) for number, passage in shown]
        parts += ["## Sources" if alone else "### Sources", "\n".join(lines)]
    if found.files:
        parts += ["## Files" if alone else "### Files", "\n".join(f"* {_code(file)}" for file in found.files)]
    return parts


def _source(number: int, passage: Passage, quoted: bool) -> str:
    where = _code(passage.source) + (f", {_inert(one_line(passage.place))}" if passage.place else "")
    named = not passage.title or passage.source.endswith(passage.title)
    title = "" if named else f": {_inert(shortened(one_line(passage.title)))}"
    return f"{number}. {where}{title}" + (_quote(passage.text, len(f"{number}. ")) if quoted else "")


def _quote(text: str, indent: int) -> str:
    """A text line by line, as a quote below an item of a list whose text is indented so far."""
    lines = [one_line(line) for line in printable(text, LONGEST_QUOTE).splitlines()]
    # two spaces at its end keep a line a line
    quote = "".join(f"\n{' ' * indent}> {_line_of_text(line)}  " for line in lines if line)
    return _inert(quote).removesuffix("  ")


def _line_of_text(line: str) -> str:
    """A line that makes no heading, list, table or code."""
    found = _BLOCK.match(line)
    if not found:
        return line
    return f"\\{line}" if not found[0].isdigit() else f"{found[0]}\\{line[found.end() :]}"


def _course(goal: Goal, tasks: Sequence[Task], findings: Mapping[str, Findings], now: datetime) -> str:
    thinking = dict.fromkeys(found.thinking for found in findings.values() if found.thinking)
    lines = [
        f"* Goal {goal.id}, finished {now:%A %d %B %Y %H:%M}",
        f"* Planned by: {PLANNERS[goal.planner]}",
        f"* Thought by: {_inert(one_line('; '.join(thinking))) or 'nobody, only tools were used'}",
        "",
        "| Step | Done with | Status | What came of it |",
        "|---|---|---|---|",
    ]
    for task in tasks:
        cells = (task.description, task.tool or "thinking", task.status, task.error or task.summary)
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines)


def _text(text: str) -> str:
    """Paragraphs, lists and code as they are; sentences on lines of their own stay so."""
    kept = re.sub(r"(?<=\])\n(?=\S)", "\n\n", printable(text, LONGEST_RESULT)).strip()
    return kept if _blocks_end(kept) else _FENCE.sub(lambda marks: "".join(f"\\{mark}" for mark in marks[0]), kept)


def _blocks_end(text: str) -> bool:
    """Whether every block of code has an end; one without would take in all that comes after the text."""
    begun = ""
    for line in text.split("\n"):
        if marks := _FENCE.search(line):
            if marks.start() or (not begun and "`" in line[marks.end() :]):
                return False
            if not begun:
                begun = marks[0]
            elif line.strip() == marks[0] and marks[0].startswith(begun):
                begun = ""
    return not begun


def _code(text: str) -> str:
    """Text as it is, whatever marks are in it."""
    line = one_line(text)
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    return f"{fence}{line}{fence}" if "`" not in line else f"{fence} {line} {fence}"


def _cell(text: str) -> str:
    return _inert(shortened(one_line(text)).replace("\\", "\\\\")).replace("|", "\\|")


def _inert(text: str) -> str:
    """Text in which nothing is HTML, a picture, a link, or what a link could lead to."""
    return _LINK_TARGET.sub(r"\1\\:", text).replace("<", "&lt;").replace("![", "!\\[").replace("](", "]\\(")
