"""Learning, as other rooms and the command line see it."""

from collections.abc import Sequence
from typing import Any

from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import LEARNING
from senter.bus.signatures import Check, from_dict, pack
from senter.learning.event import Event, Recorded
from senter.learning.habits.goals import GoalPattern
from senter.learning.habits.sessions import Session
from senter.learning.knowing.summary import Profile, Statistics
from senter.learning.preferences.belief import Preference

FORGET_TIMEOUT, UPDATE_TIMEOUT = 900.0, 600.0


class LearningClient:
    """Calls to ``ai.senter.Learning1``; each raises the errors of ``Peer.call``. Times are µs since the epoch."""

    def __init__(self, connection: Connection) -> None:
        self._room = Peer(connection, LEARNING)

    async def record(self, event: Event) -> None:
        """Write down what happened; it is on disk when this returns."""
        await self.record_many([event])

    async def record_many(self, events: Sequence[Event]) -> None:
        """Write down up to 1,000 events, all or none."""
        await self._room.call("RecordMany", "aa{sv}", [pack(_row(event)) for event in events])

    async def feedback(self, good: bool, note: str = "", request_id: str = "") -> None:
        """Judge an answer, by its question's id, or the last one. Raises InvalidArgument when there is none."""
        await self._room.call("Feedback", "sbs", request_id, good, note)

    async def update(self) -> int:
        """Learn from what is new; how much changed."""
        return int(await self._room.call("Update", timeout=UPDATE_TIMEOUT))

    async def profile(self) -> Profile:
        """What is known of the user."""
        row = await self._room.call("Profile")
        return from_dict(Profile, {**row, "goals": [from_dict(GoalPattern, each) for each in row["goals"]]})

    async def profile_text(self, max_chars: int = 0) -> str:
        """The same for a prompt; empty while nothing is sure."""
        return str(await self._room.call("ProfileText", "u", max_chars))

    async def top_topics(self, limit: int = 0) -> list[tuple[str, float, int]]:
        """What the user asks about: topic, weight, and when it was mentioned last; the weightiest first."""
        return [(topic, weight, seen) for topic, weight, seen in await self._room.call("TopTopics", "u", limit)]

    async def trends(self, days: int) -> list[tuple[str, float]]:
        """Topics, and how they changed in so many days, from -1 (gone) to 1 (new)."""
        return [(topic, change) for topic, change in await self._room.call("Trends", "u", days)]

    async def activity_pattern(self, kind: str) -> dict[str, float]:
        """How much happens in each ``hour`` or on each ``day``."""
        return dict(await self._room.call("ActivityPattern", "s", kind))

    async def peak_hours(self) -> list[int]:
        """The up to four hours of the day in which most happens."""
        return [int(hour) for hour in await self._room.call("PeakHours")]

    async def next_active(self) -> tuple[int, float]:
        """When the user is probably there next, and how sure that is; zeros while nothing is known."""
        moment, confidence = await self._room.call("NextActive")
        return int(moment), float(confidence)

    async def preferences(self, kind: str = "") -> list[Preference]:
        """What the user prefers, the surest first, also what does not count."""
        return [from_dict(Preference, row) for row in await self._room.call("Preferences", "s", kind)]

    async def set_preference(self, kind: str, key: str, value: str) -> None:
        """Set what the user wants, whatever was learned."""
        await self._room.call("SetPreference", "sss", kind, key, value)

    async def recent_events(self, kind: str = "", hours: int = 24, limit: int = 100) -> list[Recorded]:
        """The events of the past hours, newest first."""
        rows = await self._room.call("RecentEvents", "suu", kind, hours, limit)
        return [from_dict(Recorded, row) for row in rows]

    async def search(self, query: str, limit: int = 100, offset: int = 0) -> list[Recorded]:
        """Events with every word of the query. Raises InvalidArgument for none."""
        return [from_dict(Recorded, row) for row in await self._room.call("Search", "suu", query, limit, offset)]

    async def session(self, session_id: str = "") -> Session:
        """One session, or the last one. Raises InvalidArgument when there is none."""
        return from_dict(Session, await self._room.call("Session", "s", session_id))

    async def statistics(self) -> Statistics:
        """How much is kept."""
        return from_dict(Statistics, await self._room.call("Statistics"))

    async def forget(self, kind: str, value: str = "") -> int:
        """Forget what ``LearningService.forget`` takes; how many events or signs of a preference that were."""
        return int(await self._room.call("Forget", "ss", kind, value, timeout=FORGET_TIMEOUT))

    async def export(self) -> int:
        """A descriptor to read all that is known from, as JSON Lines; whoever gets it closes it.

        The connection has to pass descriptors.
        """
        return int(await self._room.call("Export"))

    async def check(self) -> list[Check]:
        """What learning finds out about itself."""
        return [Check(*row) for row in await self._room.call("Check")]


def _row(event: Event) -> dict[str, Any]:
    row: dict[str, Any] = {"type": event.type, "content": event.content, "metadata": event.metadata}
    return row | {name: value for name, value in (("timestamp", event.time), ("key", event.key)) if value}
