"""Rooms as people name them on the command line."""

import click

from senter.bus.names import ROOMS, Room


class RoomName(click.ParamType[Room]):
    """The word of a room, such as ``reporter``."""

    name = "room"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Room:
        """The room; a usage error names the rooms there are."""
        for room in ROOMS:
            if value == room.title:
                return room
        self.fail(f"there is no room {value!r}; there are: {', '.join(room.title for room in ROOMS)}", param, ctx)
