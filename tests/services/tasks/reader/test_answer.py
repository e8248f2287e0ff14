"""What is believed of an answer of a process that may be in the hands of a document."""

import json
import pickle

import pytest

from senter.tasks.reader.answer import (
    MOST_EVENTS,
    NoAnswer,
    events_in,
    of_events,
    of_reason,
    of_text,
    text_in,
)
from senter.tasks.reader.text import MISSING, REASONS, Calendar, Event, Found, Text, Unreadable

TEA = Event("2026-01-02T10:00:00+01:00", "2026-01-02T11:00:00+01:00", False, "Tea", "Kitchen")


def lines(*rows):
    """An answer of these rows."""
    return b"".join(json.dumps(row).encode() + b"\n" for row in (*rows, ["end"]))


def test_a_text_comes_back():
    found = Found("Tea", [("line 1", "Thirty\ndays."), ("a.zip, page 3", "Größe \U0001f469")], [])
    assert text_in(of_text(found), "a") == Text("Tea", tuple(found.passages))


def test_what_was_not_read_is_told_in_sentences():
    found = Found(notes=[("", "pages"), ("b.pdf", "scan"), ("c.pdf", "pages")])
    assert text_in(of_text(found), "a.zip").notes == (
        "a.zip has more than 200 pages, of which the rest was not read",
        "b.pdf in a.zip is a PDF without text, perhaps a scan and was not read",
        "c.pdf in a.zip has more than 200 pages, of which the rest was not read",
    )


def test_many_notes_are_folded():
    notes = text_in(of_text(Found(notes=[(f"{number}", "text") for number in range(9)])), "a.zip").notes
    assert len(notes) == 6
    assert notes[-1] == "… and 4 more in a.zip were not read"


def test_a_reason_comes_back_as_a_sentence():
    with pytest.raises(Unreadable, match=r"^is protected by a password$"):
        text_in(of_reason("locked"), "a")
    with pytest.raises(Unreadable, match=r"^is a calendar that cannot be read$"):
        events_in(of_reason("calendar"), "a")


def test_events_come_back():
    days = Event("2026-01-02", "2026-01-03", True, "Feast", "")
    assert events_in(of_events([TEA, days]), "a.ics") == Calendar((TEA, days))


def test_what_is_missing_of_a_calendar_is_told_in_sentences():
    one = events_in(of_events([TEA], [(word, 1) for word in MISSING]), "{a}.ics")
    assert one.events == (TEA,)
    assert one.notes == (
        "1 entry in {a}.ics cannot be read",
        "1 event in {a}.ics is not told: there are too many",
        "1 time zone in {a}.ics cannot be read: the times in it are told as local ones",
    )
    several = events_in(of_events([], [(word, 1_200) for word in MISSING]), "a.ics")
    assert several.notes == (
        "1,200 entries in a.ics cannot be read",
        "1,200 events in a.ics are not told: there are too many",
        "1,200 time zones in a.ics cannot be read: the times in them are told as local ones",
    )


@pytest.mark.parametrize(
    "row", [["run this", 1], ["skipped", 0], ["skipped", -1], ["skipped", 10**999], ["skipped", "1"], ["skipped"]]
)
def test_what_is_missing_is_not_believed_in_another_form(row):
    with pytest.raises(NoAnswer):
        events_in(lines(["missing", *row]), "a.ics")


def test_what_is_missing_is_told_once():
    assert len(events_in(of_events([], [("skipped", 1)] * 99), "a.ics").notes) == 1


def test_of_very_many_events_the_first_come_back():
    assert len(events_in(of_events([TEA] * (MOST_EVENTS + 1)), "a").events) == MOST_EVENTS


def test_a_title_is_one_line():
    assert text_in(of_text(Found(f"\x1b[2J\u202ea\nb{'c' * 300}")), "a").title[:6] == "[2Ja b"


class Evil:
    """What runs a command when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('unpickled')",)


NO_ANSWERS = {
    "nothing": b"",
    "rubbish": b"\xff\xfe\0",
    "a pickle": pickle.dumps(Evil()),
    "not all": of_text(Found("a"))[:-1],
    "no end": b'["title", "a"]\n',
    "no list": lines({"title": "a"}),
    "an empty list": lines([]),
    "a row of another kind": lines(["approve", "all"]),
    "a title that is no text": lines(["title", 5]),
    "a title too much": lines(["title", "a", "b"]),
    "an end before the end": lines(["end"]),
    "an event instead of text": lines(["event", "2026-01-02", "2026-01-02", True, "a", "b"]),
    "a reason of its own": lines(["unreadable", "is fine; open http://a.example"]),
    "a reason that is no text": lines(["unreadable", ["text"]]),
    "a note of its own": lines(["note", "a", "run this"]),
    "a passage without a place": lines(["passage", "text"]),
    "a passage that is too long": lines(["passage", "", "a" * 901]),
    "a place that is too long": lines(["passage", "a" * 200, "a"]),
    "a place of two lines": lines(["passage", "line 1\nline 2", "a"]),
    "marks that act": lines(["passage", "", "\x1b[2J"]),
    "marks that reorder": lines(["passage", "\u202e", "a"]),
    "hidden tags": lines(["passage", "", "\U000e0041"]),
    "half of a character": lines(["passage", "", "\ud800"]),
    "a line that is too long": lines(["title", "a" * 30_000]),
    "depth (CWE-674)": b"[" * 9_999 + b"\n" + lines(),
    "a number without end (CVE-2020-10735)": b'["title", ' + b"9" * 9_999 + b"]\n" + lines(),
    "very many lines": b"\n" * 400_000 + lines(),
    "no JSON": b"NaN\n" + lines(),
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_what_is_no_answer_is_not_believed(answer):
    with pytest.raises(NoAnswer):
        text_in(answer, "a")
    with pytest.raises(NoAnswer):
        events_in(answer.replace(b'["event", "2026-01-02"', b'["event", "today"'), "a")


@pytest.mark.parametrize(
    "event",
    [
        ["event", "today", "2026-01-02", True, "a", "b"],
        ["event", "2026-01-02", "2026-01-02; rm", True, "a", "b"],
        ["event", "2026-01-02", "2026-01-02", 1, "a", "b"],
        ["event", "2026-01-02", "2026-01-02", True, None, "b"],
        ["event", "2026-01-02", "2026-01-02", True, "a"],
    ],
)
def test_an_event_of_another_form_is_not_believed(event):
    with pytest.raises(NoAnswer):
        events_in(lines(event), "a")


def test_the_texts_of_an_event_are_made_harmless():
    event = ["event", "2026-01-02", "2026-01-02", True, "\x1b[2J\u202eTea\nand cake", "a" * 999]
    (found,) = events_in(lines(event), "a").events
    assert found.summary == "[2JTea and cake"
    assert len(found.location) == 200


def test_every_reason_makes_a_sentence():
    assert [
        text for text in REASONS.values() if not text.startswith(("is ", "has ", "needs ", "takes ", "can"))
    ] == []
