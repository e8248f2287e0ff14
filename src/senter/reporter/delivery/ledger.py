"""The part of ``activity.db`` that holds the notices, and what became of each.

A notice is pending, then shown, then acted (the user did what it is for) or dismissed. Others are silenced
(switched off), refused (by the notification server, again and again), withdrawn (nobody needs it any more) or
folded (shown inside another, or a digest for which a newer one is shown). However many wait, and however long they
are, only what is needed of them is read.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from senter.database import Database
from senter.reporter.notice import APPROVAL, FOLD, Action, Notice
from senter.wording import LONGEST_TEXT, shortened

PENDING, SHOWN, ACTED, DISMISSED = "pending", "shown", "acted", "dismissed"
FOLDED, SILENCED, REFUSED, WITHDRAWN = "folded", "silenced", "refused", "withdrawn"

SETTLED = (ACTED, WITHDRAWN)
"""What nothing changes any more."""

MOST_ENTRIES = 1000

_NO_ACTIONS = "[]"
_NOTICE = tuple(field.name for field in fields(Notice))
_COLUMNS = ", ".join((*_NOTICE, "state", "place")).replace("body", f"substr(body, 1, {LONGEST_TEXT})")
_TICKET = f"id, time, urgency, type, actions != '{_NO_ACTIONS}', state, place"
_OLDEST_FIRST = "ORDER BY time, rowid"


@dataclass(frozen=True)
class Entry:
    """A notice, its state, and the place at which a notification server shows it; empty for none."""

    notice: Notice
    state: str
    place: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """What has to be known of a notice until it is its turn: its entry without texts and buttons."""

    id: str
    time: int
    urgency: str
    type: str
    stands_alone: bool
    state: str
    place: str

    @property
    def is_sticky(self) -> bool:
        """Whether it stays on the screen until the user has seen it."""
        return self.stands_alone and self.type != FOLD


def insert(connection: sqlite3.Connection, notice: Notice, key: str, state: str) -> str:
    """Write a notice down within a transaction; returns its id, or that of the earlier notice with this key."""
    connection.execute(
        f"INSERT INTO notices ({', '.join(_NOTICE)}, key, state) VALUES ({_marks(len(_NOTICE) + 2)})"
        " ON CONFLICT (key) DO NOTHING",
        (*_row(notice), key or None, state),
    )
    if not key:
        return notice.id
    return str(connection.execute("SELECT id FROM notices WHERE key = ?", (key,)).fetchone()[0])


class Ledger:
    """The notices in an open database.

    Every method commits before it returns, blocks for the length of a disk write, may be called from any thread,
    and raises Unavailable when the disk cannot be used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, notice: Notice, key: str, state: str) -> str:
        """Write a notice down; returns its id, or that of the earlier notice with this key.

        Of its body, at most LONGEST_TEXT characters are kept: more is never shown.
        """
        kept = replace(notice, body=shortened(notice.body, LONGEST_TEXT))
        with self._database.writing() as connection:
            return insert(connection, kept, key, state)

    def entry(self, notice_id: str) -> Entry | None:
        """One notice, or None."""
        return next(iter(self._entries("WHERE id = ?", notice_id)), None)

    def notice(self, notice_id: str) -> Notice | None:
        """One notice without what became of it, or None."""
        found = self.entry(notice_id)
        return found.notice if found else None

    def ticket(self, notice_id: str) -> Ticket | None:
        """What has to be known of one notice until it is shown, or None."""
        return next(iter(self._tickets("id = ?", notice_id)), None)

    def waiting(self) -> list[Entry]:
        """The notices that were not shown yet, oldest first; at most MOST_ENTRIES."""
        return self._entries(f"WHERE state = ? {_OLDEST_FIRST} LIMIT {MOST_ENTRIES}", PENDING)

    def queue(self) -> list[Ticket]:
        """All notices that were not shown yet, oldest first."""
        return self._tickets("state = ?", PENDING)

    def unanswered(self) -> list[Ticket]:
        """The notices with buttons that were shown and neither answered nor dismissed, oldest first."""
        return self._tickets(f"state = ? AND actions != '{_NO_ACTIONS}'", SHOWN)

    def openable(self) -> list[Ticket]:
        """The notices without buttons that are on a screen and open something, oldest first."""
        return self._tickets("state = ? AND actions = ? AND open != '' AND place != ''", SHOWN, _NO_ACTIONS)

    def approvals(self) -> list[Notice]:
        """The questions for leave to do something that nobody has answered or withdrawn, oldest first."""
        chosen = f"WHERE type = ? AND state NOT IN ({_marks(len(SETTLED))}) {_OLDEST_FIRST}"
        return [entry.notice for entry in self._entries(chosen, APPROVAL, *SETTLED)]

    def current_fold(self) -> Entry | None:
        """The newest fold that waits to be shown or is on a screen."""
        chosen = "WHERE type = ? AND (state = ? OR (state = ? AND place != '')) ORDER BY time DESC, rowid DESC"
        return next(iter(self._entries(f"{chosen} LIMIT 1", FOLD, PENDING, SHOWN)), None)

    def members(self, fold_id: str, joining: Sequence[str] = (), limit: int = MOST_ENTRIES) -> list[Notice]:
        """The newest notices that a fold shows, together with those that join it, by their ids; oldest first."""
        chosen = "WHERE folded_into = ? OR id IN (SELECT value FROM json_each(?)) ORDER BY time DESC, rowid DESC"
        found = self._entries(f"{chosen} LIMIT ?", fold_id, json.dumps(joining), limit)
        return [entry.notice for entry in reversed(found)]

    def size(self, fold_id: str) -> int:
        """How many notices a fold shows."""
        with self._database.reading() as connection:
            counted = connection.execute("SELECT COUNT(*) FROM notices WHERE folded_into = ?", (fold_id,))
            return int(counted.fetchone()[0])

    def shown(self, notice_id: str, place: str) -> str:
        """Note that a notice is on the screen; returns its state now.

        That is another one than shown when the user or the room that sent it was faster.
        """
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE notices SET state = ?, place = ? WHERE id = ? AND state IN (?, ?)",
                (SHOWN, place, notice_id, PENDING, SHOWN),
            )
            found = connection.execute("SELECT state FROM notices WHERE id = ?", (notice_id,)).fetchone()
            return str(found[0]) if found else WITHDRAWN

    def closed(self, notice_id: str, dismissed: bool) -> None:
        """Note that a notice has left the screen; when the user has dismissed it, it is not shown again.

        A question that nobody dismissed keeps its place: that tells which server had it, and another one shows it
        again.
        """
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE notices SET state = CASE WHEN ?1 AND state = ?2 THEN ?3 ELSE state END,"
                " place = CASE WHEN ?1 OR actions = ?4 THEN '' ELSE place END WHERE id = ?5",
                (dismissed, SHOWN, DISMISSED, _NO_ACTIONS, notice_id),
            )

    def move(self, state: str, *notice_ids: str) -> None:
        """Note what became of notices, all at once; a settled one stays so."""
        with self._database.writing() as connection:
            connection.executemany(
                f"UPDATE notices SET state = ?, place = '' WHERE id = ? AND state NOT IN ({_marks(len(SETTLED))})",
                [(state, notice_id, *SETTLED) for notice_id in notice_ids],
            )

    def acted(self, notice_id: str) -> None:
        """Note that the user has acted upon a notice, unless it is a fold with more than the user could see."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE notices SET state = ?, place = '' WHERE id = ? AND state != ?"
                " AND NOT (type = ? AND state = ?)",
                (ACTED, notice_id, WITHDRAWN, FOLD, PENDING),
            )

    def reopen(self, notice_id: str) -> None:
        """Note that a click was no answer: the notice counts as shown, also when the click has taken it away."""
        with self._database.writing() as connection:
            connection.execute(
                "UPDATE notices SET state = ? WHERE id = ? AND state = ?", (SHOWN, notice_id, DISMISSED)
            )

    def fold(self, members: Sequence[str], fold: Notice) -> None:
        """Put waiting notices, by their ids, into a new fold or one that is there; it waits to be shown then.

        One that is there keeps its place, so that it is replaced on the screen.
        """
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE notices SET state = ?, folded_into = ? WHERE id = ? AND state = ?",
                [(FOLDED, fold.id, member, PENDING) for member in members],
            )
            changed = ", ".join(f"{name} = excluded.{name}" for name in (*_NOTICE, "state"))
            connection.execute(
                f"INSERT INTO notices ({', '.join(_NOTICE)}, state) VALUES ({_marks(len(_NOTICE) + 1)})"
                f" ON CONFLICT (id) DO UPDATE SET {changed}",
                (*_row(fold), PENDING),
            )

    def supersede(self, earlier: Sequence[str], newest: str) -> None:
        """Have a notice shown for waiting ones, by their ids, and for those that they would have been shown for."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE notices SET state = ?1, folded_into = ?2"
                " WHERE (id = ?3 AND state = ?4) OR (folded_into = ?3 AND state = ?1)",
                [(FOLDED, newest, notice_id, PENDING) for notice_id in earlier],
            )

    def withdraw(self, id_or_key: str) -> Entry | None:
        """Take a notice back that nobody has acted upon; returns it as it was before.

        None when there is no such notice, or it was acted upon, folded or withdrawn before.
        """
        chosen = (PENDING, SHOWN, SILENCED, DISMISSED, REFUSED)
        with self._database.writing() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM notices WHERE (id = ?1 OR key = ?1) ORDER BY id = ?1 DESC", (id_or_key,)
            ).fetchone()
            before = _entry(row) if row else None
            if before is None or before.state not in chosen:
                return None
            connection.execute(
                "UPDATE notices SET state = ?, place = '' WHERE id = ?", (WITHDRAWN, before.notice.id)
            )
            return before

    def forget(self, before: int) -> None:
        """Delete the notices of before a time (µs) that nothing is to be done with any more.

        Neither what waits is deleted, nor a question that is on a screen, nor an approval that nobody has answered,
        unless it was refused: then nobody can.
        """
        over = (ACTED, DISMISSED, FOLDED, SILENCED, REFUSED, WITHDRAWN)
        answered = (*SETTLED, REFUSED)
        with self._database.writing() as connection:
            connection.execute(
                f"DELETE FROM notices WHERE time < ? AND (state IN ({_marks(len(over))})"
                f" OR (state = ? AND actions = ?)) AND (type != ? OR state IN ({_marks(len(answered))}))",
                (before, *over, SHOWN, _NO_ACTIONS, APPROVAL, *answered),
            )

    def _entries(self, rest: str, *values: str | int) -> list[Entry]:
        with self._database.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM notices {rest}", values).fetchall()
        return [_entry(row) for row in rows]

    def _tickets(self, condition: str, *values: str) -> list[Ticket]:
        chosen = f"SELECT {_TICKET} FROM notices WHERE {condition} {_OLDEST_FIRST}"
        with self._database.reading() as connection:
            return [_ticket(row) for row in connection.execute(chosen, values)]


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _row(notice: Notice) -> tuple[Any, ...]:
    """The values of a notice's columns."""
    values = {name: getattr(notice, name) for name in _NOTICE} | {"actions": json.dumps(notice.actions)}
    return tuple(values.values())


def _entry(row: tuple[Any, ...]) -> Entry:
    values = dict(zip(_NOTICE, row, strict=False))
    values["actions"] = [Action(*action) for action in json.loads(values["actions"])]
    return Entry(Notice(**values), *row[len(_NOTICE) :])


def _ticket(row: tuple[Any, ...]) -> Ticket:
    notice_id, time, urgency, kind, asks, state, place = row
    stands_alone = bool(asks) or Notice(notice_id, time, "", "", urgency, type=kind).stands_alone
    return Ticket(notice_id, time, urgency, kind, stands_alone, state, place)
