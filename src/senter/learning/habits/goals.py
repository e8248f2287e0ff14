"""Which kinds of goals the user has, how often they are reached and how long that takes. Pure."""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from senter.bus.signatures import U32, Double, Str
from senter.learning.event import GOAL_CANCELLED, GOAL_COMPLETED, GOAL_FAILED

OUTCOMES = {GOAL_COMPLETED: "completed", GOAL_FAILED: "failed", GOAL_CANCELLED: "cancelled"}
"""The types of events that tell of the end of a goal, and what became of it then."""

MOST_LOOKED_AT = 500
"""So many of the last goals count."""


class Ended(NamedTuple):
    """How one goal ended."""

    goal: str
    """Its id; empty when that is not known."""
    kind: str
    outcome: str
    seconds: float
    """How long it was worked on; 0 when that is not known."""


@dataclass(frozen=True)
class GoalPattern:
    """What became of the goals of one kind."""

    kind: Str
    """Such as ``research``."""
    goals: U32
    completed: U32
    completion_rate: Double
    """From 0 to 1."""
    usual_seconds: Double
    """How long half of those took at most that were reached; 0 when that is not known."""


def patterns(goals: Iterable[Ended]) -> list[GoalPattern]:
    """What became of goals, by their kind, the most frequent first.

    The last ends come first; of a goal that was taken up again only the last end counts.
    """
    kinds: dict[str, list[Ended]] = {}
    seen: set[str] = set()
    for goal in goals:
        if goal.goal not in seen:
            kinds.setdefault(goal.kind, []).append(goal)
        seen |= {goal.goal} - {""}
    found = [_pattern(kind, those) for kind, those in kinds.items()]
    return sorted(found, key=lambda pattern: (-pattern.goals, pattern.kind))


def _pattern(kind: str, goals: list[Ended]) -> GoalPattern:
    reached = [goal for goal in goals if goal.outcome == OUTCOMES[GOAL_COMPLETED]]
    took = [goal.seconds for goal in reached if goal.seconds > 0]
    usual = statistics.median(took) if took else 0.0
    return GoalPattern(kind, len(goals), len(reached), len(reached) / len(goals), usual)
