"""Learning with a reporter, a model and a clock that are not real, and a disk that is."""

import contextlib
import sqlite3

from senter.database import Disk
from senter.errors import Unavailable
from senter.learning.event import Event
from senter.learning.knowing.insights import Insights
from senter.learning.knowing.knowledge import Knowledge
from senter.learning.lessons.learned import Learned
from senter.learning.lessons.lesson import lesson_of
from senter.learning.lessons.merging import Merging
from senter.learning.service import LearningService
from senter.learning.store import Store
from senter.learning.telling import Telling
from support.clock import Clock

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000
WORDS = ("kubernetes", "espresso", "gardening", "haskell")
"""What the plain phrases of these tests know."""

AWAY = Unavailable("the reporter is away")
NO_VECTORS = Unavailable("no model makes vectors")


class FakeReporter:
    """Takes what is logged; ``away`` is the error that it raises instead, ``loses`` whether its answer is lost."""

    def __init__(self) -> None:
        self.away: Exception | None = None
        self.loses = False
        self.told: list[tuple[str, str, str]] = []
        self.keys: list[str] = []

    async def log(self, activity_type, summary, options) -> None:
        """Keep what is told, each key once."""
        if self.away:
            raise self.away
        if options.key not in self.keys:
            self.keys.append(options.key)
            self.told.append((activity_type, summary, options.details["insight"]))
        if self.loses:
            raise Unavailable("the answer was lost")


class FakeModel:
    """Makes the vectors that a test gives it; ``refusal`` is the error that it raises instead."""

    def __init__(self) -> None:
        self.refusal: Exception | None = NO_VECTORS
        self.vectors: dict[str, list[float]] = {}
        self.asked: list[list[str]] = []

    async def embed(self, texts):
        """The vector of each text."""
        self.asked.append(list(texts))
        if self.refusal:
            raise self.refusal
        return [self.vectors[text] for text in texts]

    def knows(self, **vectors: list[float]) -> None:
        """Have it make these vectors from now on; ``_`` stands for a space."""
        self.refusal = None
        self.vectors |= {text.replace("_", " "): vector for text, vector in vectors.items()}


class Learning:
    """Learning and everything around it."""

    def __init__(self, store: Store, clock: Clock, enabled: bool = True) -> None:
        self.store, self.clock = store, clock
        self.reporter, self.model = FakeReporter(), FakeModel()
        self.wanted = True
        self.recorded: list[str] = []
        self.changes = 0
        on_disk = Disk()
        self.learned = Learned(store)
        self.knowledge = Knowledge(store, Insights(store), clock, on_disk)
        self.service = LearningService(
            *(store, self.learned, self.knowledge, Merging(self.learned, self.model, "vectors", on_disk)),
            *(Telling(self.learned, self.reporter, on_disk, self.is_wanted), clock, on_disk, enabled),
        )
        self.service.recorded = self.recorded.append
        self.service.profile_changed = self.count_change

    async def is_wanted(self) -> bool:
        """Whether Senter is to do anything by itself."""
        return self.wanted

    def count_change(self) -> None:
        """Count how often the profile was told to have changed."""
        self.changes += 1

    async def record(self, content="", kind="user_query", when=0, key="", **metadata) -> None:
        """Write one event down."""
        await self.service.record([Event(kind, content, metadata, when, key)])

    async def contents(self) -> list[str]:
        """What is kept, the newest first."""
        return [event.content for event in await self.service.recent_events("", 24 * 366 * 100, 1000)]


@contextlib.asynccontextmanager
async def at_work(learning: Learning):
    """Learning from its start to its stop."""
    await learning.service.start()
    try:
        yield learning
    finally:
        await learning.service.stop()


def plain_phrases(text: str) -> list[str]:
    """The words that these tests know, in the order in which they are in the text."""
    return [word for word in text.split() if word.casefold() in WORDS]


def learn(store: Store, now: int, phrases=plain_phrases, at_once: int = 1000) -> int:
    """Learn from what is new; how many events that were."""
    learned, count = Learned(store), 0
    while events := learned.unlearned(at_once):
        learned.learn([lesson_of(event, phrases) for event in events], now)
        count += len(events)
    return count


def teach(store: Store, clock: Clock, *events: Event, phrases=plain_phrases) -> None:
    """Write events down and learn from them."""
    store.record(events, clock())
    learn(store, clock.microseconds, phrases)


def derived(store: Store) -> dict[str, list]:
    """What was learned, without the numbers that rows have by chance; scores are apart."""
    questions = {
        "events": "SELECT time, type, content, metadata, day, hour, request, key FROM events ORDER BY key",
        "event_counts": "SELECT type, events FROM event_counts ORDER BY type",
        "sessions": "SELECT began, ended FROM sessions ORDER BY began",
        "hours": "SELECT day, hour, events FROM activity_patterns ORDER BY day, hour",
        "topics": "SELECT topic, name, last_seen FROM topics WHERE same_as IS NULL ORDER BY name",
        "spellings": "SELECT topic, name FROM topics ORDER BY topic",
        "mentions": "SELECT mentions.day, name, key FROM mentions JOIN topics ON topics.id = mentions.topic"
        " JOIN events ON events.id = event ORDER BY key, name",
        "evidence": "SELECT events.key, evidence.type, evidence.key, value, weight FROM evidence"
        " JOIN events ON events.id = event ORDER BY events.key, evidence.key",
        "preferences": "SELECT type, key, value, evidence FROM preferences ORDER BY type, key, value",
        "goals": "SELECT key, kind, outcome, seconds FROM goals JOIN events ON events.id = event ORDER BY key",
        "choices": "SELECT type, key, value FROM choices ORDER BY type, key",
    }
    with store.reading() as connection:
        return {name: connection.execute(question).fetchall() for name, question in questions.items()}


def scores(store: Store) -> dict[tuple, float]:
    """The sums that decay."""
    with store.reading() as connection:
        topics = connection.execute("SELECT name, score FROM topics WHERE same_as IS NULL").fetchall()
        beliefs = connection.execute("SELECT type, key, value, pro, contra FROM preferences").fetchall()
    found = {("topic", name): score for name, score in topics}
    for *name, pro, contra in beliefs:
        found |= {(*name, "pro"): pro, (*name, "contra"): contra}
    return found


def bytes_on_disk(store: Store) -> bytes:
    """Every byte of the database and of the files beside it."""
    return b"".join(file.read_bytes() for file in sorted(store.file.parent.glob(f"{store.file.name}*")))


def count_rows(store: Store, table: str) -> int:
    """How many rows a table has."""
    with store.reading() as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def damage_words(store: Store, part: str = "leaves") -> None:
    """Overwrite the leaves of the index of words, or all of it, of a database that is closed."""
    first = {"leaves": 10, "all": 1}[part]
    with contextlib.closing(sqlite3.connect(store.file)) as connection, connection:
        connection.execute("UPDATE event_words_data SET block = x'deadbeef00' WHERE id > ?", (first,))


def limit_pages(store: Store, more: int) -> None:
    """Let the file grow by some pages only, as a full disk does."""
    with store.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + more}")


def steps(store: Store) -> list[int]:
    """A list that gets longer with every 100 steps that SQLite makes."""
    made: list[int] = []
    with store.reading() as connection:
        connection.set_progress_handler(lambda: made.append(1), 100)
    return made
