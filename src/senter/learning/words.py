"""The index of words of ``learning.db``, which no quick check looks into: when it is damaged it is made anew."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from senter.database import Database
from senter.errors import Unavailable

Found = TypeVar("Found")

_DAMAGES = (sqlite3.DatabaseError, sqlite3.IntegrityError)

logger = logging.getLogger(__name__)


def with_words(
    database: Database,
    work: Callable[[sqlite3.Connection], Found],
    access: Callable[[], AbstractContextManager[sqlite3.Connection]],
) -> Found:
    """Do what needs the index; ``access`` is the database's ``reading`` or ``writing``. Raises Unavailable."""
    try:
        with access() as connection:
            return work(connection)
    except Unavailable as error:
        if type(error.__cause__) not in _DAMAGES:
            raise
        logger.warning("The index of words is made anew: %s", error)
    with database.writing() as connection:
        _empty(connection)
        make_anew(connection)
        return work(connection)


def make_anew(connection: sqlite3.Connection) -> None:
    """Make the index of what there is (FTS5, "Special INSERT Directives")."""
    connection.execute("INSERT INTO event_words (event_words) VALUES ('rebuild')")


def _empty(connection: sqlite3.Connection) -> None:
    """Let the index have nothing in it: where its structure is damaged it can be neither made anew nor deleted.

    The rows are those of an index without levels and segments (fts5_index.c, "The %_data Table").
    """
    for table in ("event_words_data", "event_words_idx"):
        connection.execute(f"DELETE FROM {table}")
    connection.execute("INSERT INTO event_words_data (id, block) VALUES (1, x''), (10, x'00000000000000')")
