"""Passages ranked by how well they fit some words: an SQLite full-text index in memory."""

import sqlite3
from collections.abc import Iterable, Sequence

from senter.tasks.text.words import beginning, folded, has_beginning, spaced
from senter.tasks.tools.findings import Passage

WEIGHT_OF_TEXT = 1.0
WEIGHT_OF_TITLE = 0.4
CANDIDATES = 200

_TABLES = """
CREATE TABLE passages(id INTEGER PRIMARY KEY, source, place, title, text);
CREATE VIRTUAL TABLE words USING fts5(text, title, content='', tokenize='porter unicode61');
"""


class Ranking:
    """Passages that words are looked up in, numbered from 0 in the order they were added."""

    def __init__(self) -> None:
        """Start with no passage."""
        self._database = sqlite3.connect(":memory:", isolation_level=None)
        self._database.executescript(_TABLES)
        self._count = 0

    def add(self, passage: Passage) -> int:
        """Add a passage; its number."""
        number, self._count = self._count, self._count + 1
        fields = (passage.source, passage.place, passage.title, passage.text)
        source, place, title, text = (_storable(each) for each in fields)
        self._database.execute(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            (number, source, place, title, text),
        )
        self._database.execute(
            "INSERT INTO words(rowid, text, title) VALUES (?, ?, ?)",
            (number, spaced(text), spaced(title)),
        )
        return number

    def close(self) -> None:
        """Give the memory back."""
        self._database.close()

    def passage(self, number: int) -> Passage:
        """The passage with a number that ``add`` gave."""
        query = "SELECT source, place, title, text FROM passages WHERE id = ?"
        return Passage(*self._database.execute(query, (number,)).fetchone())

    def with_word(self, word: str) -> frozenset[int]:
        """The passages that have a word, in any English form; failing that, those with a word that begins alike."""
        exact = self._matching(_term(word))
        start = beginning(word)
        if exact or not start:
            return exact
        alike = self._matching(f"{_term(start)} *")
        return frozenset(number for number in alike if self._begins(number, start))

    def scores(self, words: Iterable[str], most: int = CANDIDATES) -> dict[int, float]:
        """The passages that have some of the words, best first, at most so many; more is better, by bm25."""
        terms = [term for word in words for term in _forms(word)]
        if not terms:
            return {}
        return dict(
            self._database.execute(
                "SELECT rowid, -bm25(words, ?, ?) AS score FROM words WHERE words MATCH ?"
                " ORDER BY score DESC, rowid LIMIT ?",
                (WEIGHT_OF_TEXT, WEIGHT_OF_TITLE, " OR ".join(terms), most),
            )
        )

    def best(self, words: Sequence[str], most: int, helping: Sequence[str] = ()) -> list[Passage]:
        """The passages that fit the words best, in the order they were added.

        Every word that is anywhere is in at least one of them, as far as ``most`` goes; ``helping`` words count
        only for the order. Passages with the same text count as one. Without words, the beginnings of the sources.
        """
        if not words:
            return [self.passage(number) for number in self.beginnings(most)]
        having = {word: self.with_word(word) for word in words}
        scores = self.scores((*words, *helping))

        def fit(number: int) -> float:
            return scores[number] * sum(number in numbers for numbers in having.values())

        ranked = sorted(scores, key=lambda number: (-fit(number), number))
        first_of_words = [next((number for number in ranked if number in having[word]), None) for word in words]
        rare = [
            number
            for word, found in zip(words, first_of_words, strict=True)
            if having[word]
            for number in [min(having[word]) if found is None else found]
        ]
        chosen: dict[str, int] = {}
        for number in [*ranked[:1], *rare, *ranked]:
            chosen.setdefault(folded(" ".join(self.passage(number).text.split())), number)
            if len(chosen) == most:
                break
        return [self.passage(number) for number in sorted(chosen.values())]

    def beginnings(self, most: int) -> list[int]:
        """The first passage of every source, then the second of every source, and so on; in the order they were
        added.
        """
        query = (
            "SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY source ORDER BY id) AS turn FROM passages)"
            " ORDER BY turn, id LIMIT ?"
        )
        return sorted(number for (number,) in self._database.execute(query, (most,)))

    def _matching(self, query: str) -> frozenset[int]:
        rows = self._database.execute("SELECT rowid FROM words WHERE words MATCH ?", (query,))
        return frozenset(number for (number,) in rows)

    def _begins(self, number: int, start: str) -> bool:
        passage = self.passage(number)
        return has_beginning(f"{passage.title} {passage.text}", start)


def _term(word: str) -> str:
    """A word as FTS5 takes it literally: quoted, its own quotes doubled."""
    quoted = spaced(_storable(word)).strip().replace('"', '""').replace("\0", " ")
    return f'"{quoted}"'


def _storable(text: str) -> str:
    """The text with a question mark for each half of a character, which SQLite does not take."""
    return text.encode(errors="replace").decode()


def _forms(word: str) -> list[str]:
    """A word, and what begins alike."""
    start = beginning(word)
    return [_term(word), f"{_term(start)} *"] if start else [_term(word)]
