"""``ai.senter.Learning1``: what others may tell learning, and ask it about the user."""

from typing import Annotated, Any

from senter.bus.names import LEARNING
from senter.bus.publish import Interface, method, signal
from senter.bus.signatures import U32, U64, Bool, Checks, Doubles, Options, Str
from senter.learning.event import Recorded, event_from, events_from
from senter.learning.habits.sessions import Session
from senter.learning.knowing.summary import Hours, Profile, Statistics
from senter.learning.preferences.belief import Preference
from senter.learning.service import LearningService

EventRows = Annotated[list[dict[str, Any]], "aa{sv}"]
RecordedRows = Annotated[list[Recorded], "aa{sv}"]
PreferenceRows = Annotated[list[Preference], "aa{sv}"]
TopicRows = Annotated[list[tuple[str, float, int]], "a(sdt)"]
TrendRows = Annotated[list[tuple[str, float]], "a(sd)"]
Moment = Annotated[tuple[int, float], "(td)"]
ProfileRow = Annotated[Profile, "a{sv}"]
SessionRow = Annotated[Session, "a{sv}"]
StatisticsRow = Annotated[Statistics, "a{sv}"]
Descriptor = Annotated[int, "h"]


class LearningInterface(Interface):
    """Learning remembers what the user asks for and when, and what follows from that for the answers."""

    def __init__(self, service: LearningService) -> None:
        super().__init__(LEARNING)
        self.service = service

    @method
    async def Record(self, type: Str, content: Str, metadata: Options) -> None:
        """Write down what happened; it is on disk when this returns.

        type is a word: user_query and user_voice for what the user said, response for an answer (their metadata
        has request_id s), goal_created, goal_completed and the like. metadata holds texts and numbers; key s (the
        same key is recorded once) and timestamp t (when it was) are taken from it.
        """
        await self.service.record([event_from(type, content, metadata)])

    @method
    async def RecordMany(self, events: EventRows) -> None:
        """Write several down, all or none: type content key s, timestamp t, metadata a{sv} each."""
        await self.service.record(events_from(events))

    @method
    async def Feedback(self, request_id: Str, good: Bool, note: Str) -> None:
        """Say that an answer was good or bad, and in the note why; without an id it is the last answer."""
        await self.service.feedback(request_id, good, note)

    @method
    async def Update(self) -> U32:
        """Learn from what is new, merge topics that mean the same, and let go of what is of no use.

        Answers how much changed. Its cost grows with what is new, not with what is known.
        """
        return await self.service.update()

    @method
    async def Profile(self) -> ProfileRow:
        """What is known of the user.

        total_interactions t, unique_topics u, top_topics as, peak_hours au, preferences a{sv} (those that count,
        by type and key), next_active t, next_active_confidence d, digest_hour u, goals aa{sv} (kind s, goals
        completed u, completion_rate usual_seconds d).
        """
        return await self.service.knowledge.profile()

    @method
    async def ProfileText(self, max_chars: U32) -> Str:
        """The profile in a few lines for a prompt: only what is sure enough, the weakest left out first.

        0 means 1,000 characters; empty while nothing is sure.
        """
        return await self.service.knowledge.text(max_chars)

    @method
    async def TopTopics(self, limit: U32) -> TopicRows:
        """What the user asks about: topic, weight (it halves in 30 days), and when it was mentioned last.

        The weightiest first, at most 1,000; 0 means 8.
        """
        return await self.service.knowledge.top_topics(limit)

    @method
    async def Trends(self, days: U32) -> TrendRows:
        """Topics, and how they changed in so many days against as many before: -1 (gone) to 1 (new)."""
        return await self.service.knowledge.trends(days)

    @method
    async def ActivityPattern(self, kind: Str) -> Doubles:
        """How much happens in each hour (kind hour: 0 to 23) or on each day of the week (kind day: Monday is 0).

        A day counts half as much four weeks later.
        """
        return await self.service.knowledge.activity_pattern(kind)

    @method
    async def PeakHours(self) -> Hours:
        """The up to four hours of the day in which most happens; 9, 10, 14, 15 until something is known."""
        return await self.service.knowledge.peak_hours()

    @method
    async def NextActive(self) -> Moment:
        """When the user is probably there next, and how sure that is, 0 to 1; zeros while nothing is known."""
        return await self.service.knowledge.next_active()

    @method
    async def Preferences(self, type: Str) -> PreferenceRows:
        """What the user prefers, of a type such as style, or of all: type key value s, confidence d, evidence u,
        set_by_user b.

        It counts when it was set, or from a confidence above 0.6 on; the surest first.
        """
        return await self.service.knowledge.preferences(type)

    @method
    async def SetPreference(self, type: Str, key: Str, value: Str) -> None:
        """Set what the user wants, whatever was learned; Forget takes it back.

        Known are style response_length (brief, detailed), style formality (formal, casual), style technical_level
        (high, low), and schedule digest_hour (0 to 23).
        """
        await self.service.set_preference(type, key, value)

    @method
    async def RecentEvents(self, type: Str, hours: U32, limit: U32) -> RecordedRows:
        """The events of the past hours, newest first, at most 1,000; 0 means 100.

        Each has id type content session s, time t, hour y, day y (Monday is 0), metadata a{sv}.
        """
        return await self.service.recent_events(type, hours, limit)

    @method
    async def Search(self, query: Str, limit: U32, offset: U32) -> RecordedRows:
        """Events in which every word of the query is, or begins a word, the last written first."""
        return await self.service.search(query, limit, offset)

    @method
    async def Session(self, id: Str) -> SessionRow:
        """One session, a time of the user without a gap of 30 minutes, or the last one.

        id s, began ended t, events u, seconds d, topics as, style a{sv}, engagement d (0 to 1).
        """
        return await self.service.knowledge.session(id)

    @method
    async def Statistics(self) -> StatisticsRow:
        """How much is kept: total_events t, events_by_type a{sv}, unique_topics preferences_count sessions u."""
        return await self.service.knowledge.statistics()

    @method
    async def Forget(self, kind: Str, value: Str) -> U64:
        """Forget a topic and what mentions it, what was before or since a time, a preference (its type and key), or
        everything; how many events or signs that were.

        A time is in microseconds since the epoch or a date such as 2026-11-22. When this returns nothing of it is
        left in the file, nor in what was learned.
        """
        return await self.service.forget(kind, value)

    @method
    async def Export(self) -> Descriptor:
        """A pipe to read all that is known from, as JSON Lines: kind is event, preference, topic, at last end."""
        return await self.service.export()

    @method
    async def Check(self) -> Checks:
        """What learning finds out about itself: what, ok or warn or fail, and how to mend it."""
        return await self.service.check()

    @signal
    def Recorded(self, type: Str) -> None:
        """Something of this type was written down."""

    @signal
    def ProfileChanged(self) -> None:
        """What ProfileText answers is not what it was."""
