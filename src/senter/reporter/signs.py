"""Signals of other rooms that say: the user is there."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from senter.bus.connection import Connection
from senter.bus.names import AUDIO, GAZE, LEARNING, Room
from senter.bus.signals import Match


class Sign(NamedTuple):
    """A signal that is a sign of life; with ``begins`` only when its first argument begins with that."""

    room: Room
    member: str
    begins: str = ""


SIGNS = (
    Sign(GAZE, "AttentionGained"),
    Sign(AUDIO, "Heard"),
    Sign(LEARNING, "Recorded", begins="user_"),
)


class Signs:
    """Listens for signs of life, from rooms that need not be there yet and are not woken.

    ``seen`` is called with each of them; set it before ``start``. ``is_watching`` says whether it listens.
    """

    def __init__(self, connection: Connection) -> None:
        self.seen: Callable[[], None] = _nothing
        self.is_watching = False
        self._connection = connection

    async def start(self) -> None:
        """Begin to listen. Raises NotRunning or Unavailable when the bus is gone."""
        for sign in SIGNS:
            room = sign.room
            await self._connection.subscribe(
                Match(room.interface, sign.member, path=room.path, sender=room.bus_name),
                functools.partial(self._hear, sign.begins),
            )
        self.is_watching = True

    def _hear(self, begins: str, *told: object) -> None:
        if not begins or (told and str(told[0]).startswith(begins)):
            self.seen()


def _nothing() -> None:
    """Nobody wants to know."""
