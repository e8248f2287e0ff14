"""The index of words is made anew when it is damaged, and for no other reason."""

import contextlib
import sqlite3

import pytest
from support.learning_work import teach

from senter.errors import Unavailable
from senter.learning.event import Event
from senter.learning.words import with_words

FULL = Unavailable("the disk is full")


@pytest.mark.parametrize("block", [1, 10])
def test_a_damaged_structure_is_mended_by_the_next_who_needs_the_index(store, clock, block):
    teach(store, clock, Event("user_query", "espresso"))
    store.close()
    with contextlib.closing(sqlite3.connect(store.file)) as connection, connection:
        connection.execute("UPDATE event_words_data SET block = x'00ff00ff00ff' WHERE id = ?", (block,))
    store.open()
    teach(store, clock, Event("user_query", "haskell"))
    assert len(store.search(["espresso"], 10, 0)) == len(store.search(["haskell"], 10, 0)) == 1


def test_what_fails_for_another_reason_fails_and_nothing_is_made_anew(store):
    tries = []

    def fail(connection):
        tries.append(connection)
        raise FULL

    with pytest.raises(Unavailable, match="the disk is full"):
        with_words(store, fail, store.reading)
    assert len(tries) == 1
