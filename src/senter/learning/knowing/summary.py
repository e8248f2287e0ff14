"""What is told of the user as a whole, and of what is kept."""

from dataclasses import dataclass, field
from typing import Annotated

from senter.bus.signatures import U32, U64, Double, Options, Strings, Time
from senter.learning.habits.goals import GoalPattern

Hours = Annotated[list[int], "au"]
Patterns = Annotated[list[GoalPattern], "aa{sv}"]


END = "end"
"""The kind of the last line of an export, which says how many there are before it: without it it is not whole."""


@dataclass(frozen=True)
class Profile:
    """What is known of the user."""

    total_interactions: U64 = 0
    unique_topics: U32 = 0
    top_topics: Strings = field(default_factory=list)
    """The five weightiest, first the weightiest."""
    peak_hours: Hours = field(default_factory=list)
    preferences: Options = field(default_factory=dict)
    """Those that count, each ``type key`` with its value."""
    next_active: Time = 0
    """When the user is probably there next; 0 when that is not known."""
    next_active_confidence: Double = 0.0
    digest_hour: U32 = 9
    """The hour at which the daily digest suits the user: set, or when the user's day begins; else 9."""
    goals: Patterns = field(default_factory=list)
    """For each kind of goals, the most frequent first."""


@dataclass(frozen=True)
class Statistics:
    """How much is kept."""

    total_events: U64 = 0
    events_by_type: Options = field(default_factory=dict)
    unique_topics: U32 = 0
    preferences_count: U32 = 0
    sessions: U32 = 0
