"""What a process that reads a document answers: lines of JSON, believed in nothing but their form.

The process may be in the hands of the document: so every line is small and read by itself, each value has a type, a
length and no mark that acts, reasons are words of a list, and what does not fit is no answer at all.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from datetime import date, datetime
from typing import Any

from senter.tasks.reader.text import (
    CUTS,
    LONGEST_NAME,
    LONGEST_PASSAGE,
    MISSING,
    REASONS,
    UNSEEN,
    Calendar,
    Event,
    Found,
    Text,
    Unreadable,
    told_name,
)
from senter.wording import one_line, shortened

SHUT_OFF, NOT_SHUT_OFF = b"+", b"-"
"""What a child says first: whether it has shut itself off, and may be given the document."""
MOST_BYTES = 100_000_000
MOST_LINES = 300_000
MOST_EVENTS = 5_000
NOTES_TOLD = 5
_LONGEST_LINE = 20_000
"""Bytes: a passage of which every character is written as an escape fits in."""
_LONGEST_PLACE = LONGEST_NAME + 20


class NoAnswer(Exception):
    """These bytes are not an answer, or not all of it."""


def of_text(found: Found) -> bytes:
    """The answer that a document has this text; ``text_in`` reads it."""
    rows: list[list[Any]] = [["title", _line(found.title)]]
    rows += [["note", *note] for note in found.notes]
    rows += [["passage", *passage] for passage in found.passages]
    return _written(rows)


def of_events(events: Iterable[Event], missing: Iterable[tuple[str, int]] = ()) -> bytes:
    """The answer that a calendar has these events, of which the first are told; ``events_in`` reads it.

    ``missing`` says what is not told: words of ``MISSING``, and how often.
    """
    rows = [["event", *astuple(event)] for event in events]
    return _written([*(["missing", *each] for each in missing), *rows[:MOST_EVENTS]])


def of_reason(reason: str) -> bytes:
    """The answer that a document cannot be read, for a reason in ``REASONS``."""
    return _written([["unreadable", reason]])


def text_in(answer: bytes, name: str) -> Text:
    """The text in an answer about the document ``name``.

    Raises Unreadable when that is what it says, NoAnswer when it is none.
    """
    title, notes, passages = "", [], []
    for row in _rows(answer):
        match row:
            case ["title", str(title)]:
                pass
            case ["note", str(inner), str(reason)]:
                notes.append(_sentence(name, inner, reason))
            case ["passage", str(place), str(text)]:
                passages.append(_passage(place, text))
            case _:
                raise NoAnswer
    more = len(notes) - NOTES_TOLD
    told = (*notes[:NOTES_TOLD], *([f"… and {more} more in {name} were not read"] if more > 0 else ()))
    return Text(_line(title), tuple(passages), told)


def events_in(answer: bytes, name: str) -> Calendar:
    """The events in an answer about the calendar ``name``.

    Raises Unreadable when that is what it says, NoAnswer when it is none.
    """
    found, missing = [], {}
    for row in _rows(answer):
        match row:
            case ["event", str(start), str(end), bool(all_day), str(summary), str(location)]:
                found.append(Event(_time(start), _time(end), all_day, _line(summary), _line(location)))
            case ["missing", str(word), int(count)] if word in MISSING and 0 < count <= MOST_BYTES:
                one, several = MISSING[word]
                missing[word] = (one if count == 1 else several).format(name=name, count=count)
            case _:
                raise NoAnswer
    return Calendar(tuple(found[:MOST_EVENTS]), tuple(missing.values()))


def _written(rows: Iterable[list[Any]]) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in [*rows, ["end"]]).encode()


def _rows(answer: bytes) -> Iterator[list[Any]]:
    """The lines of an answer but for the last, which says that it is all."""
    if answer.count(b"\n") > MOST_LINES:
        raise NoAnswer
    lines = answer.split(b"\n")
    if [*lines[-2:]] != [b'["end"]', b""]:
        raise NoAnswer
    for line in lines[:-2]:
        if len(line) > _LONGEST_LINE:
            raise NoAnswer
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise NoAnswer from error
        match row:
            case ["unreadable", str(reason)] if reason in REASONS:
                raise Unreadable(reason)
            case [str(), *_]:
                yield row
            case _:
                raise NoAnswer


def _passage(place: str, text: str) -> tuple[str, str]:
    """A passage, when it is short and everything in it can be seen."""
    if len(place) > _LONGEST_PLACE or len(text) > LONGEST_PASSAGE or place != one_line(place):
        raise NoAnswer
    if UNSEEN.search(place) or UNSEEN.search(text):
        raise NoAnswer
    return place, text


def _sentence(name: str, inner: str, reason: str) -> str:
    about = f"{told_name(inner)} in {name}" if inner else name
    if reason in CUTS:
        return f"{about} {CUTS[reason]}, of which the rest was not read"
    if reason in REASONS:
        return f"{about} {REASONS[reason]} and was not read"
    raise NoAnswer


def _time(text: str) -> str:
    """A date or a time, when it is one."""
    try:
        return (date if len(text) == len("2026-01-01") else datetime).fromisoformat(text).isoformat()
    except ValueError as error:
        raise NoAnswer from error


def _line(text: str) -> str:
    return shortened(one_line(UNSEEN.sub("", text)))
