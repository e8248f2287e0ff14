"""What learning knows of goals, in ``tasks.db``."""

from collections.abc import Sequence
from typing import NamedTuple

from senter.database import Database
from senter.tasks.goal import Goal, Task
from senter.tasks.rows import GOAL, tasks_of


class News(NamedTuple):
    """A goal that learning does not know, or whose end it does not know."""

    goal: Goal
    tasks: list[Task]
    is_known: bool


class Taught:
    """What learning knows, in a database. Its methods block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def news(self, limit: int) -> list[News]:
        """The first goals of which learning does not know everything."""
        with self._database.reading() as connection:
            # as the index goals_untaught has it
            rows = connection.execute(
                f"{GOAL} WHERE taught < 0 OR (finished > 0 AND finished != taught) ORDER BY id LIMIT ?", (limit,)
            ).fetchall()
            known = "SELECT taught >= 0 FROM goals WHERE id = ?"
            return [
                News(
                    Goal(*row), tasks_of(connection, row[0]), bool(connection.execute(known, row[:1]).fetchone()[0])
                )
                for row in rows
            ]

    def note(self, goals: Sequence[Goal]) -> None:
        """Note that learning knows goals as they are here."""
        with self._database.writing() as connection:
            connection.executemany(
                "UPDATE goals SET taught = ? WHERE id = ?", [(goal.finished, goal.id) for goal in goals]
            )
