"""The reporter, as other rooms and the command line see it."""

from collections.abc import Sequence

from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import REPORTER
from senter.bus.signatures import Check, from_dict, options_to_send
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import Action, Notice, NotifyOptions
from senter.reporter.summary import Summary


class ReporterClient:
    """Calls to ``ai.senter.Reporter1``; each raises the errors of ``Peer.call``."""

    def __init__(self, connection: Connection) -> None:
        self._room = Peer(connection, REPORTER)

    async def log(self, activity_type: str, summary: str = "", options: LogOptions | None = None) -> None:
        """Write down what was done; it is on disk when this returns."""
        values = options_to_send(options or LogOptions())
        await self._room.call("LogWith", "ssa{sv}", activity_type, summary, values)

    async def activities(self, since: int = 0, limit: int = 100, offset: int = 0) -> list[Activity]:
        """Activities from ``since`` (µs since the epoch) on, newest first."""
        rows = await self._room.call("Activities", "tuu", since, limit, offset)
        return [from_dict(Activity, row) for row in rows]

    async def search(self, query: str, limit: int = 100, offset: int = 0) -> list[Activity]:
        """Activities with every word of the query, newest first. Raises InvalidArgument for none."""
        rows = await self._room.call("Search", "suu", query, limit, offset)
        return [from_dict(Activity, row) for row in rows]

    async def summaries(self, kind: str, since: int = 0, limit: int = 100, offset: int = 0) -> list[Summary]:
        """What was done for each ``goal`` or in each ``session`` from a time (µs) on, the latest first."""
        rows = await self._room.call("Summaries", "stuu", kind, since, limit, offset)
        return [from_dict(Summary, row) for row in rows]

    async def progress(self) -> str:
        """What was done since the user was there last, for a person."""
        return str(await self._room.call("Progress"))

    async def away_since(self) -> int:
        """The time (µs) from which ``progress`` tells; 0 when that is not known."""
        return int(await self._room.call("AwaySince"))

    async def digest(self, hours: int = 24, plain: bool = False) -> str:
        """The digest of the past hours, on demand without emoji."""
        return str(await self._room.call("PlainDigest" if plain else "Digest", "u", hours))

    async def digest_page(self, hours: int = 24) -> str:
        """Write the digest of the past hours as HTML; its path."""
        return str(await self._room.call("DigestPage", "u", hours))

    async def send_digest(self, kind: str = "daily") -> str:
        """Show the digest; its text, or an empty string when it was sent before."""
        return str(await self._room.call("SendDigest", "s", kind))

    async def notify(self, title: str, body: str, options: NotifyOptions | None = None) -> str:
        """Show a notice as soon as somebody can; its id."""
        values = options_to_send(options or NotifyOptions())
        return str(await self._room.call("NotifyWith", "ssa{sv}", title, body, values))

    async def withdraw(self, id_or_key: str) -> None:
        """Take back a notice that needs no answer any more."""
        await self._room.call("Withdraw", "s", id_or_key)

    async def tell(self, section: str, key: str, lines: Sequence[str], until: int = 0) -> None:
        """Have every digest tell these lines in ``costs`` or ``coming``, until a time (µs; 0: always).

        The same key replaces what it told before; no lines take it back.
        """
        await self._room.call("Tell", "ssast", section, key, list(lines), until)

    async def pending(self) -> list[Notice]:
        """The notices that could not be shown yet."""
        rows = await self._room.call("Pending")
        return [
            from_dict(Notice, {**row, "actions": [Action(*action) for action in row["actions"]]}) for row in rows
        ]

    async def check(self) -> list[Check]:
        """What the reporter finds out about itself."""
        return [Check(*row) for row in await self._room.call("Check")]
