"""What is known of the user, read from ``learning.db``."""

import sqlite3

from senter.database import Database
from senter.learning.habits.goals import MOST_LOOKED_AT, Ended, GoalPattern, patterns
from senter.learning.habits.hours import KEPT_DAYS, Active
from senter.learning.preferences.belief import Evidence, Preference, preferences
from senter.learning.topics.trends import Mentioned


class Insights:
    """What was learned, in a database. Its methods block; times are microseconds since the epoch, days local."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def top_topics(self, limit: int) -> list[tuple[str, float, int]]:
        """The weightiest topics, first the weightiest: topic, score, and when it was mentioned last."""
        with self._database.reading() as connection:
            return connection.execute(
                "SELECT topic, score, last_seen FROM topics WHERE same_as IS NULL ORDER BY score DESC LIMIT ?",
                (limit,),
            ).fetchall()

    def topic_count(self) -> int:
        """How many topics are known."""
        return self._count("topics WHERE same_as IS NULL")

    def session_count(self) -> int:
        """How many sessions there were."""
        return self._count("sessions")

    def mentions(self, today: int, days: int) -> list[Mentioned]:
        """How often each topic was mentioned in the last days, today included, and in as many before them."""
        first = today - days + 1
        with self._database.reading() as connection:
            rows = connection.execute(
                # by day first, in which order they are kept
                "WITH daily AS (SELECT day, topic, COUNT(*) AS times FROM mentions WHERE day BETWEEN ?2 AND ?3"
                " GROUP BY day, topic), counted AS (SELECT COALESCE(same_as, id) AS topic,"
                " SUM(CASE WHEN day >= ?1 THEN times ELSE 0 END) AS lately,"
                " SUM(CASE WHEN day < ?1 THEN times ELSE 0 END) AS before"
                " FROM daily JOIN topics ON id = daily.topic GROUP BY COALESCE(same_as, id))"
                " SELECT topics.topic, lately, before FROM counted JOIN topics ON topics.id = counted.topic",
                (first, first - days, today),
            )
            return [Mentioned(*row) for row in rows]

    def topics_between(self, began: int, ended: int, limit: int) -> list[str]:
        """What was mentioned in a time, most often first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT topics.topic FROM events JOIN mentions ON mentions.event = events.id"
                " JOIN topics AS spellings ON spellings.id = mentions.topic"
                " JOIN topics ON topics.id = COALESCE(spellings.same_as, spellings.id)"
                " WHERE events.time BETWEEN ? AND ? GROUP BY topics.id ORDER BY COUNT(*) DESC, topics.id LIMIT ?",
                (began, ended, limit),
            )
            return [topic for (topic,) in rows]

    def hours(self, today: int) -> list[Active]:
        """In which hours of the days that count something happened."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT day, hour, events FROM activity_patterns WHERE day BETWEEN ? AND ?",
                (today - KEPT_DAYS, today),
            )
            return [Active(*row) for row in rows]

    def preferences(self, now: int) -> list[Preference]:
        """What the user prefers, the surest first, also what does not count."""
        with self._database.reading() as connection:
            return beliefs(connection, now)

    def choose(self, kind: str, key: str, value: str) -> None:
        """Note what the user has set."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO choices (type, key, value) VALUES (?, ?, ?)", (kind, key, value)
            )

    def goals(self) -> list[GoalPattern]:
        """What became of the last goals, by their kind."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT goal, kind, outcome, seconds FROM goals ORDER BY event DESC LIMIT ?", (MOST_LOOKED_AT,)
            )
            return patterns(Ended(*row) for row in rows)

    def _count(self, what: str) -> int:
        with self._database.reading() as connection:
            return int(connection.execute(f"SELECT COUNT(*) FROM {what}").fetchone()[0])


def beliefs(connection: sqlite3.Connection, now: int) -> list[Preference]:
    """What the user prefers, the surest first."""
    rows = connection.execute("SELECT type, key, value, pro, contra, evidence FROM preferences").fetchall()
    chosen = connection.execute("SELECT type, key, value FROM choices").fetchall()
    return preferences((Evidence(*row) for row in rows), {(kind, key): value for kind, key, value in chosen}, now)
