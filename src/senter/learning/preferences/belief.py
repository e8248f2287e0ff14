"""How sure it is that the user prefers something. Pure.

The evidence for and against a value is the data of a Beta distribution; how sure it is that the value holds is the
mean of the posterior (Gelman et al.: Bayesian Data Analysis, 3rd edition, section 2.4). The prior is Beta(2, 2):
nothing is believed of anything, and a single remark is not enough to change that. Evidence loses half of its weight
in 60 days. What speaks for one value of a preference speaks against its other values. What the user has set is
certain.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from senter.bus.signatures import U32, Bool, Double, Str
from senter.learning.lessons.decay import NOTHING, Decay, plus

PRIOR = 2.0
COUNTS_ABOVE = 0.6
DECAY = Decay(60.0)


class Evidence(NamedTuple):
    """What speaks for and against one value of a preference: scores of ``DECAY``, and how many signs there were."""

    type: str
    key: str
    value: str
    pro: float = NOTHING
    contra: float = NOTHING
    signs: int = 0

    def with_sign(self, time: int, weight: float) -> "Evidence":
        """The same with one sign more, at a time (µs since the epoch); a weight below 0 speaks against it."""
        score = DECAY.scored(time, abs(weight))
        pro = plus(self.pro, score) if weight > 0 else self.pro
        contra = plus(self.contra, score) if weight < 0 else self.contra
        return self._replace(pro=pro, contra=contra, signs=self.signs + 1)


@dataclass(frozen=True)
class Preference:
    """What the user probably prefers, or has said to prefer."""

    type: Str
    key: Str
    value: Str
    confidence: Double
    """From 0 to 1; it counts above 0.6."""
    evidence: U32
    """How many signs there were, for and against it."""
    set_by_user: Bool = False

    @property
    def counts(self) -> bool:
        """Whether Senter may act on it."""
        return self.set_by_user or self.confidence > COUNTS_ABOVE


def confidence(pro: float, contra: float) -> float:
    """The posterior mean, from the weights of what speaks for a value and against it."""
    return (PRIOR + pro) / (2 * PRIOR + pro + contra)


def preferences(evidence: Iterable[Evidence], chosen: dict[tuple[str, str], str], now: int) -> list[Preference]:
    """The value of each preference that is the surest, the surest preference first.

    ``chosen`` holds what the user has set, by type and key; ``now`` is in microseconds since the epoch.
    """
    rivals: dict[tuple[str, str], list[Evidence]] = {}
    for row in evidence:
        rivals.setdefault((row.type, row.key), []).append(row)
    found = [_surest(rows, now) for name, rows in rivals.items() if name not in chosen]
    for (kind, key), value in chosen.items():
        count = sum(row.signs for row in rivals.get((kind, key), ()) if row.value == value)
        found.append(Preference(kind, key, value, 1.0, count, set_by_user=True))
    return sorted(found, key=lambda preference: (-preference.confidence, preference.type, preference.key))


def _surest(rows: Sequence[Evidence], now: int) -> Preference:
    pros = [DECAY.weight(row.pro, now) for row in rows]
    count = sum(row.signs for row in rows)
    beliefs = [
        Preference(row.type, row.key, row.value, confidence(pro, sum(pros) - pro + _contra(row, now)), count)
        for row, pro in zip(rows, pros, strict=True)
    ]
    return max(beliefs, key=lambda belief: belief.confidence)


def _contra(row: Evidence, now: int) -> float:
    return DECAY.weight(row.contra, now)
