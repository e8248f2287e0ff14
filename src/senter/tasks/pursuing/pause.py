"""Whether the user has stopped all work on goals, in ``tasks.db``."""

from senter.database import Database


class Pause:
    """The pause in a database; there is one or there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self) -> int:
        """Since when no goal is worked on (µs since the epoch); 0 when there is no pause."""
        with self._database.reading() as connection:
            row = connection.execute("SELECT since FROM pauses").fetchone()
        return int(row[0]) if row else 0

    def begin(self, when: int) -> None:
        """Note that no goal is to be worked on from now (µs since the epoch) on; a pause that is there goes on."""
        with self._database.writing() as connection:
            connection.execute("INSERT INTO pauses VALUES (1, ?) ON CONFLICT DO NOTHING", (when,))

    def end(self) -> None:
        """Note that goals are to be worked on again."""
        with self._database.writing() as connection:
            connection.execute("DELETE FROM pauses")
