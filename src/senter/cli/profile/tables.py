"""Topics, preferences and events as tables that fit the terminal; where there is none, they are cut late."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from senter.cli.outcome import PIPE_WIDTH, new_table, print_table
from senter.cli.profile.words import percent, trend, when
from senter.learning.event import Recorded
from senter.learning.preferences.belief import Preference
from senter.wording import one_line, shortened

SHOWN_IN_A_PIPE = 200


@dataclass(frozen=True)
class Topic:
    """What the user asks about."""

    topic: str
    weight: float
    last_seen: int
    """Microseconds since the epoch."""


@dataclass(frozen=True)
class ChangingTopic(Topic):
    """A topic, and how it changes."""

    change: float | None
    """From -1 (gone) to 1 (new); None when it was not mentioned in the time that is compared."""


def print_topics(topics: Sequence[Topic], days: int, now: datetime) -> None:
    """One row a topic, with its trend in so many days when those are not 0."""
    from rich.text import Text

    table = new_table()
    table.add_column("TOPIC")
    table.add_column("WEIGHT", no_wrap=True, justify="right")
    table.add_column("LAST MENTIONED", no_wrap=True)
    if days:
        table.add_column("IN THE LAST DAY" if days == 1 else f"IN {days} DAYS", no_wrap=True)
    for topic in topics:
        changes = [trend(topic.change)] if isinstance(topic, ChangingTopic) else []
        name = Text(_fitting(topic.topic), no_wrap=True, overflow="ellipsis")
        table.add_row(name, f"{topic.weight:.2f}", when(topic.last_seen, now), *changes)
    print_table(table)


def print_preferences(preferences: Sequence[Preference]) -> None:
    """One row a preference, and whether Senter acts on it."""
    from rich.text import Text

    table = new_table("TYPE", "KEY")
    table.add_column("VALUE", overflow="fold")
    table.add_column("CONFIDENCE", no_wrap=True, justify="right")
    table.add_column("EVIDENCE", no_wrap=True, justify="right")
    table.add_column("COUNTS", no_wrap=True)
    for each in preferences:
        counts = "set by you" if each.set_by_user else "yes" if each.counts else "not yet"
        texts = [Text(one_line(text)) for text in (each.type, each.key, each.value)]
        table.add_row(*texts, percent(each.confidence), str(each.evidence), counts)
    print_table(table)


def print_events(events: Sequence[Recorded], now: datetime) -> None:
    """One row an event; what was said is cut where the terminal ends."""
    from rich.text import Text

    table = new_table("TIME", "TYPE")
    # may wrap, so that this is the column which gives way; its rows do not
    table.add_column("CONTENT")
    for event in events:
        content = Text(_fitting(event.content), no_wrap=True, overflow="ellipsis")
        table.add_row(when(event.time, now), Text(one_line(event.type)), content)
    print_table(table)


def _fitting(text: str) -> str:
    return shortened(one_line(text), PIPE_WIDTH if sys.stdout.isatty() else SHOWN_IN_A_PIPE)
