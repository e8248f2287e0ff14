"""Which topics come up more often than before, and which less. Pure."""

from collections.abc import Iterable
from typing import NamedTuple


class Mentioned(NamedTuple):
    """How often a topic was mentioned in a number of days, and in as many days before them."""

    topic: str
    lately: int
    before: int


def trends(mentions: Iterable[Mentioned], most: int) -> list[tuple[str, float]]:
    """Topics and how they change, from nearly -1 (gone) to nearly 1 (new), the strongest rise first.

    A single mention more or less is no trend: the difference is divided by all mentions and two more. At most so
    many are told, those that change the most.
    """
    changes = [(row.topic, (row.lately - row.before) / (row.lately + row.before + 2)) for row in mentions]
    told = sorted(changes, key=lambda change: -abs(change[1]))[:most]
    return sorted(told, key=lambda change: (-change[1], change[0]))
