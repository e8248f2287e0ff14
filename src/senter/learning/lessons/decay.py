"""Sums whose parts lose half of their weight in every half-life, without ever being computed anew. Pure.

What is kept is the logarithm of the sum as it would be at the epoch ("forward decay"; Cormode, Shkapenyuk,
Srivastava, Xu: Forward Decay: A Practical Time Decay Model for Streaming Systems, ICDE 2009): it does not change
while time goes by, so sums compare with each other at any time as they did when they were written, and an index
keeps their order. In which order parts are added does not matter.
"""

import math
from dataclasses import dataclass

DAY = 86_400_000_000
"""Microseconds."""

NOTHING = -1e9
"""The score of an empty sum: below every other one."""


@dataclass(frozen=True)
class Decay:
    """A half-life in days."""

    days: float

    def scored(self, time: int, weight: float = 1.0) -> float:
        """The score of one part of a positive weight at a time (µs since the epoch)."""
        return math.log2(weight) + time / (self.days * DAY)

    def weight(self, score: float, now: int) -> float:
        """What a sum weighs at a time (µs since the epoch)."""
        exponent = score - now / (self.days * DAY)
        return 0.0 if exponent < -60 else 2.0 ** min(exponent, 60)


def plus(one: float, other: float) -> float:
    """The score of the sum of two scores."""
    high, low = max(one, other), min(one, other)
    return high + math.log2(1 + 2.0 ** max(low - high, -1000))
