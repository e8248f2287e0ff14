"""What a step of a plan found or wrote, and how it travels as JSON. Pure."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from senter.errors import InvalidArgument


@dataclass(frozen=True)
class Passage:
    """A piece of a document or of a page on the web, as it was found."""

    source: str
    """The absolute path of the document, or its URL."""
    place: str
    """Where in the source: "line 12", "page 3", or nothing."""
    title: str
    text: str


@dataclass(frozen=True)
class Findings:
    """What one step gives to those after it."""

    text: str = ""
    """What was written, in words for a person."""
    passages: tuple[Passage, ...] = ()
    notes: tuple[str, ...] = ()
    """One sentence each about what was not read or not found, and why."""
    thinking: str = ""
    """Who did the thinking."""
    files: tuple[str, ...] = ()
    """The absolute paths of the files that were written."""
    notice: tuple[str, ...] = ()
    """What is to be shown on the desktop, once, when the step is noted as done: title, text, and the absolute path
    or URL that a click opens, or nothing; empty for no notice."""


def to_json(findings: Findings) -> str:
    """The findings as one line of JSON; ``from_json`` reads it."""
    return json.dumps(asdict(findings))


def from_json(text: str) -> Findings:
    """The findings that ``to_json`` wrote; fields that are absent are empty.

    Raises InvalidArgument when the text is something else.
    """
    try:
        fields = json.loads(text)
        return Findings(
            text=_text(fields.get("text", "")),
            passages=tuple(
                Passage(**{name: _text(value) for name, value in each.items()})
                for each in fields.get("passages", [])
            ),
            notes=tuple(_text(note) for note in fields.get("notes", [])),
            thinking=_text(fields.get("thinking", "")),
            files=tuple(_text(file) for file in fields.get("files", [])),
            notice=tuple(_text(each) for each in fields.get("notice", [])),
        )
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidArgument("these are not the findings of a step") from error


def merged(several: Iterable[Findings]) -> Findings:
    """The findings of several steps as one, in order; passages, notes and files that repeat are kept once."""
    every = list(several)
    return Findings(
        text="\n\n".join(each.text for each in every if each.text),
        passages=tuple(dict.fromkeys(passage for each in every for passage in each.passages)),
        notes=tuple(dict.fromkeys(note for each in every for note in each.notes)),
        thinking=", ".join(dict.fromkeys(each.thinking for each in every if each.thinking)),
        files=tuple(dict.fromkeys(file for each in every for file in each.files)),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value
