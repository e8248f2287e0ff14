"""``usage.db``: what was used of language models, and what is reserved for the requests that are being answered.

Both model workers write it, and none waits for the disk: a power cut may lose what was counted last. Every method
blocks while another one writes, and may be called from any thread. A full disk or a file that cannot be written
raises Unavailable.
"""

import logging
import secrets
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from senter.database import Database
from senter.errors import Unavailable
from senter.models.usage.budget import NOTHING, Taken, Use, binds, require
from senter.settings import BudgetSettings

TABLES_VERSION = 1
"""How many migrations ``tables.py`` has."""

DAYS_KEPT = 400

_ADD = (
    " ON CONFLICT (day, account, worker, provider, model) DO UPDATE SET tokens_in = tokens_in + excluded.tokens_in,"
    " tokens_out = tokens_out + excluded.tokens_out, cost = cost + excluded.cost"
)
# the second condition lets SQLite use the index
_OF_DAY, _OF_ACCOUNT = "WHERE day = ?1", "WHERE account = ?1 AND account != ''"
_USED = "SELECT TOTAL(tokens_in + tokens_out), TOTAL(cost) FROM used {0}"
_RESERVED = "SELECT TOTAL(tokens), TOTAL(cost) FROM reserved {0}"
_USED_ON_DAY, _USED_BY_ACCOUNT = _USED.format(_OF_DAY), _USED.format(_OF_ACCOUNT)
_RESERVED_ON_DAY, _RESERVED_BY_ACCOUNT = _RESERVED.format(_OF_DAY), _RESERVED.format(_OF_ACCOUNT)

logger = logging.getLogger(__name__)


class Reservation(NamedTuple):
    """What may be used for one request; its number is 0 when nothing could be reserved."""

    number: int
    day: str
    account: str


class Settlement(NamedTuple):
    """What a request has used instead of its reservation."""

    reservation: Reservation
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    cost: float


class UsageStore(Database):
    """The database at ``file``, as the worker with this name uses it; call ``open`` first."""

    def __init__(self, file: Path, worker: str) -> None:
        super().__init__(file, TABLES_VERSION, _bring_up_to_date, shared=True)
        self._worker = worker
        self._day = ""
        self._inherited = False

    def open(self) -> None:
        """Open the database.

        What this worker had reserved when it was killed counts as used, because nobody knows what it was.
        """
        self._inherited = False
        super().open()
        try:
            with self.writing() as connection:
                if not self._inherited:
                    self._inherit(connection)
            self._inherited = True
        except Unavailable as error:
            logger.warning("What was reserved before is looked into later: %s", error)

    def reserve(
        self, day: str, account: str, asked: Use, limits: BudgetSettings, usual: Use = NOTHING
    ) -> Reservation:
        """Keep tokens and a cost for a request; raises Refused (a BudgetSpent) when a limit does not allow it.

        A limit is on what was used and what is reserved, by both workers; it is spent when not even a ``usual``
        request is left.
        """
        number = 1 + secrets.randbits(62)
        with self.writing() as connection:
            if not self._inherited:
                self._inherit(connection)
            if day != self._day:
                oldest = (day, f"-{DAYS_KEPT} days")
                connection.execute("DELETE FROM used WHERE day < date(?, ?)", oldest)
            if binds(limits):
                today = Taken(_use(connection, _USED_ON_DAY, day), _use(connection, _RESERVED_ON_DAY, day))
                require(limits, asked, usual, day, today, account, self._taken_by(connection, account))
            connection.execute(
                "INSERT INTO reserved VALUES (?, ?, ?, ?, ?, ?)",
                (number, self._worker, day, account, asked.tokens, asked.cost),
            )
        self._day, self._inherited = day, True
        return Reservation(number, day, account)

    def settle(self, settlements: Iterable[Settlement], day: str) -> Use:
        """Write down what requests have used, each on the day of its reservation, all of them or none.

        Returns what both workers have used on ``day``.
        """
        with self.writing() as connection:
            for (number, reserved_on, account), provider, model, *used in settlements:
                connection.execute("DELETE FROM reserved WHERE number = ?", (number,))
                if any(used):
                    key = (reserved_on, account, self._worker, provider, model)
                    connection.execute(f"INSERT INTO used VALUES (?, ?, ?, ?, ?, ?, ?, ?) {_ADD}", (*key, *used))
            return _use(connection, _USED_ON_DAY, day)

    def check(self) -> str:
        """An empty string, or what is wrong: with the file, or with writing it."""
        damage = super().check()
        with self.writing() as connection:
            connection.execute("INSERT INTO reserved VALUES (0, ?, '', '', 0, 0)", (self._worker,))
            connection.execute("DELETE FROM reserved WHERE number = 0")
        return damage

    def spent(self, day: str) -> Use:
        """What both workers have used on a day."""
        with self.reading() as connection:
            return _use(connection, _USED_ON_DAY, day)

    def spent_by(self, account: str) -> Use:
        """What both workers have used for a goal, on the days that are kept."""
        with self.reading() as connection:
            return _use(connection, _USED_BY_ACCOUNT, account)

    def _taken_by(self, connection: sqlite3.Connection, account: str) -> Taken:
        if not account:
            return Taken()
        return Taken(_use(connection, _USED_BY_ACCOUNT, account), _use(connection, _RESERVED_BY_ACCOUNT, account))

    def _inherit(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO used SELECT day, account, worker, '', '', SUM(tokens), 0, SUM(cost) FROM reserved"
            f" WHERE worker = ? GROUP BY day, account {_ADD}",
            (self._worker,),
        )
        connection.execute("DELETE FROM reserved WHERE worker = ?", (self._worker,))


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    # only when tables change: sqlite-utils costs memory and time at every start
    from senter.models.usage.tables import bring_up_to_date

    bring_up_to_date(connection)


def _use(connection: sqlite3.Connection, statement: str, value: str) -> Use:
    tokens, cost = connection.execute(statement, (value,)).fetchone()
    return Use(int(tokens), float(cost))
