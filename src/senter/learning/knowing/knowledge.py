"""What is known of the user, as it is asked for."""

import difflib
from collections.abc import Callable, Sequence
from datetime import datetime

from senter.database import Disk
from senter.errors import InvalidArgument
from senter.learning.event import words_of_user
from senter.learning.habits import hours
from senter.learning.habits.sessions import Session, engagement
from senter.learning.knowing.insights import Insights
from senter.learning.knowing.profile import MOST_TOPICS, Interest, profile_text
from senter.learning.knowing.summary import Profile, Statistics
from senter.learning.lessons.mentions import DECAY
from senter.learning.preferences.belief import Preference
from senter.learning.preferences.style import STYLE, VALUES, signs_in
from senter.learning.store import Store
from senter.learning.topics.trends import trends
from senter.wording import one_line

USUAL_TEXT, LONGEST_TEXT = 1000, 10_000
MOST_TOPICS_TOLD, MOST_TREND_DAYS = 1000, 366
SESSION_TOPICS, PROFILE_TOPICS = 5, 5
USUAL_DIGEST_HOUR = 9
ALL = -1
"""No limit (https://sqlite.org/lang_select.html)."""
SCHEDULE, DIGEST_HOUR = "schedule", "digest_hour"
LONGEST_NAME, LONGEST_VALUE = 64, 200


class Knowledge:
    """What is known, read from the database. ``now`` is the local time with its zone. Raises Unavailable."""

    def __init__(self, store: Store, insights: Insights, now: Callable[[], datetime], on_disk: Disk) -> None:
        self._store = store
        self._insights = insights
        self._now = now
        self._on_disk = on_disk

    async def text(self, max_chars: int = 0) -> str:
        """The profile as a prompt gets it, in at most so many characters (0: 1,000)."""
        most = min(max_chars or USUAL_TEXT, LONGEST_TEXT)
        interests = [Interest(topic, weight) for topic, weight, _ in await self.top_topics(MOST_TOPICS)]
        known = await self._hours()
        peaks = hours.peak_hours(known, self._today()) if hours.is_known(known) else []
        return profile_text(await self.preferences(""), interests, peaks, most)

    async def profile(self) -> Profile:
        """The profile in parts."""
        coming = await self.next_active()
        counting = [each for each in await self.preferences("") if each.counts]
        return Profile(
            total_interactions=sum((await self._on_disk(self._store.counts)).values()),
            unique_topics=await self._on_disk(self._insights.topic_count),
            top_topics=[topic for topic, *_ in await self.top_topics(PROFILE_TOPICS)],
            peak_hours=await self.peak_hours(),
            preferences={f"{each.type} {each.key}": each.value for each in counting},
            next_active=coming[0],
            next_active_confidence=coming[1],
            digest_hour=await self._digest_hour(counting),
            goals=await self._on_disk(self._insights.goals),
        )

    async def top_topics(self, limit: int) -> list[tuple[str, float, int]]:
        """The weightiest topics, at most 1,000: topic, weight now, and when it was mentioned last (µs)."""
        return await self._topics(min(limit or MOST_TOPICS, MOST_TOPICS_TOLD))

    async def all_topics(self) -> list[tuple[str, float, int]]:
        """Every topic, the weightiest first."""
        return await self._topics(ALL)

    async def _topics(self, limit: int) -> list[tuple[str, float, int]]:
        now = self._microseconds()
        rows = await self._on_disk(self._insights.top_topics, limit)
        return [(topic, DECAY.weight(score, now), seen) for topic, score, seen in rows]

    async def trends(self, days: int) -> list[tuple[str, float]]:
        """How topics change within so many days, from -1 to 1, the strongest rise first. Raises InvalidArgument."""
        if not 1 <= days <= MOST_TREND_DAYS:
            raise InvalidArgument(f"days must be 1 to {MOST_TREND_DAYS}, not {days}")
        return trends(await self._on_disk(self._insights.mentions, self._today(), days), MOST_TOPICS_TOLD)

    async def activity_pattern(self, kind: str) -> dict[str, float]:
        """How much happens in each ``hour`` of the day, or on each ``day`` of the week. Raises InvalidArgument."""
        patterns = {"hour": hours.by_hour, "day": hours.by_day}
        if kind not in patterns:
            raise InvalidArgument(f"kind must be hour or day, not {kind!r}")
        return patterns[kind](await self._hours(), self._today())

    async def peak_hours(self) -> list[int]:
        """The hours of the day in which most happens; 9, 10, 14, 15 until something is known."""
        return hours.peak_hours(await self._hours(), self._today())

    async def next_active(self) -> tuple[int, float]:
        """When the user is probably there next (µs since the epoch), and how sure that is; zeros when unknown."""
        found = hours.next_active(await self._hours(), self._now())
        return (int(found[0].timestamp() * 1_000_000), found[1]) if found else (0, 0.0)

    async def preferences(self, kind: str) -> list[Preference]:
        """What the user prefers, of one type or of all, the surest first, also what does not count."""
        found = await self._on_disk(self._insights.preferences, self._microseconds())
        return [each for each in found if kind in ("", each.type)]

    async def choose(self, kind: str, key: str, value: str) -> None:
        """Note what the user wants. Raises InvalidArgument for what cannot be meant."""
        for name, text in (("type", kind), ("key", key)):
            if not text.isidentifier() or len(text) > LONGEST_NAME:
                raise InvalidArgument(f"{name} must be a word of letters, digits and underscores, such as style")
        chosen = one_line(value)
        if not chosen or len(chosen) > LONGEST_VALUE:
            raise InvalidArgument(f"value must have 1 to {LONGEST_VALUE} characters; to take it back, forget it")
        _require_known(kind, key, chosen)
        await self._on_disk(self._insights.choose, kind, key, chosen)

    async def session(self, session_id: str) -> Session:
        """What a session was like, or the last one. Raises InvalidArgument when there is none."""
        sat = await self._on_disk(self._store.session, session_id)
        if sat is None:
            raise InvalidArgument(f"there is no session {session_id}" if session_id else "there is no session yet")
        said = "\n".join(words_of_user(event.type, event.content, event.metadata) for event in sat.events)
        return Session(
            sat.id,
            sat.began,
            sat.ended,
            sat.number,
            (sat.ended - sat.began) / 1_000_000,
            await self._on_disk(self._insights.topics_between, sat.began, sat.ended, SESSION_TOPICS),
            {sign.key: sign.value for sign in signs_in(said)},
            engagement(sat.events),
        )

    async def statistics(self) -> Statistics:
        """How much is kept."""
        counts = await self._on_disk(self._store.counts)
        return Statistics(
            sum(counts.values()),
            dict(counts),
            await self._on_disk(self._insights.topic_count),
            len(await self.preferences("")),
            await self._on_disk(self._insights.session_count),
        )

    async def _digest_hour(self, counting: Sequence[Preference]) -> int:
        for each in counting:
            if (each.type, each.key) == (SCHEDULE, DIGEST_HOUR):
                return int(each.value)
        found = hours.first_hour(await self._hours(), self._today())
        return USUAL_DIGEST_HOUR if found is None else found

    async def _hours(self) -> list[hours.Active]:
        return await self._on_disk(self._insights.hours, self._today())

    def _today(self) -> int:
        return self._now().toordinal()

    def _microseconds(self) -> int:
        return int(self._now().timestamp() * 1_000_000)


def _require_known(kind: str, key: str, value: str) -> None:
    """Raise InvalidArgument for a wish of a type that Senter acts on, when it would not know what to do."""
    wishes = {STYLE: [*VALUES], SCHEDULE: [DIGEST_HOUR]}
    if kind not in wishes and (near := difflib.get_close_matches(kind, wishes, n=1)):
        raise InvalidArgument(f"did you mean {near[0]}, and not {kind!r}?")
    known = wishes.get(kind, [key])
    if key not in known:
        raise InvalidArgument(f"{kind} has no {key!r}; there is: {', '.join(known)}")
    if kind == STYLE and value not in VALUES[key]:
        raise InvalidArgument(f"{kind} {key} must be {' or '.join(VALUES[key])}, not {value!r}")
    if kind == SCHEDULE and not (value.isascii() and value.isdigit() and int(value) < 24):
        raise InvalidArgument(f"the hour of the digest must be 0 to 23, not {value!r}")
