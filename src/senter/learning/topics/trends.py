"""Which topics come up more often than before, and which less. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Mentioned(NamedTuple):
    """How often a topic was mentioned in a number of days, and in as many days before them."""

    topic: str
    lately: int
    before: int


def trends(mentions: Iterable[Mentioned]) -> list[tuple[str, float]]:
    """Topics and how they change, from -1 (not mentioned any more) to 1 (new), the strongest rise first.

    A single mention more or less is no trend: the difference is divided by all mentions and two more.
    """
    changes = [(row.topic, (row.lately - row.before) / (row.lately + row.before + 2)) for row in mentions]
    return sorted(changes, key=lambda change: (-change[1], change[0]))
