"""What may be used of language models: limits, prices, and the sentences that say when it is used up. Pure.

A day is written as ``2026-11-22``. Costs are in the currency of the prices in ``config.toml``.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from senter.errors import BudgetSpent, ConfigurationError
from senter.models.providers.provider import Provider, providers_of
from senter.models.request import LARGEST_COUNT
from senter.settings import BudgetSettings, ModelSettings

BYTES_A_TOKEN, TOKENS_A_TEXT = 3, 4
MILLION = 1_000_000
NEARLY_SPENT = 0.8
LARGEST_COST, LARGEST_SETTING = 1e9, 1e15

# sums of costs are as exact as floating point is
_CLOSE = 1e-9

TOKENS, MONEY = "tokens", "for language models"

_NO_LIMITS = BudgetSettings(0, 0, 0.0, 0.0)


@dataclass(frozen=True)
class Use:
    """Tokens, questions and answers together, and what they cost."""

    tokens: int = 0
    cost: float = 0.0


class Refused(BudgetSpent):
    """One budget does not allow a request; ``key`` is the same for every refusal by this budget."""

    def __init__(self, sentence: str, key: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True)
class _Line:
    """One limit, and how much of it is used."""

    setting: str
    limit: float
    used: float
    noun: str
    goal: str = ""

    def refuses(self, asked: float) -> bool:
        return bool(self.limit) and (self.used + asked > self.limit + _CLOSE or self.used >= self.limit)

    def refusal(self, asked: float) -> str:
        """Says that nothing is left, or less than is asked."""
        left, whole = self.number(max(0.0, self.limit - self.used)), f"{self.number(self.limit)} {self.noun}"
        if left == self.number(0):
            told = f"goal {self.goal} has used up its {whole}" if self.goal else f"today's {whole} are used up"
        else:
            told = (
                f"goal {self.goal} has {left} of its {whole} left"
                if self.goal
                else f"today {left} of {whole} are left"
            )
            told += f", and this request may need {self.number(asked)}"
        way = "then: senter restart" if self.goal else "or wait until tomorrow"
        return f"{told}; raise {self.setting} in [budget] of config.toml, {way}"

    def warning(self) -> str:
        return f"{self.number(self.used)} of today's {self.number(self.limit)} {self.noun} are used"

    def number(self, amount: float) -> str:
        return f"{amount:,.0f}" if self.noun == TOKENS else f"{amount:,.2f}"


class Budget:
    """What one worker may use, with the limits and prices of ``config.toml``, which is ``file``.

    Raises ConfigurationError, naming the key, for a limit or a price that is negative or no number.
    """

    def __init__(self, limits: BudgetSettings, prices: ModelSettings, worker: str, file: Path) -> None:
        for key in ("tokens_per_day", "tokens_per_goal", "cost_per_day", "cost_per_goal"):
            _require_amount(getattr(limits, key), f"{file}: [budget] {key}")
        for key in ("price_in", "price_out"):
            _require_amount(getattr(prices, key), f"{file}: [models.{worker}] {key}")
        self._limits = limits
        self._prices = prices
        self._free = any(
            provider.here for provider in providers_of(prices.providers, prices.model, f"{file}: [models.{worker}]")
        )
        self._day_binds_all = worker != "primary" or limits.primary_pauses

    def limits(self, account: str, costs: bool) -> BudgetSettings:
        """The limits that bind a request; the others are 0.

        Those of the day bind whatever works on a goal or is asked of the research worker, and people only with
        ``primary_pauses``. Those on costs bind where the provider ``costs`` something.
        """
        chosen = self._limits if account or self._day_binds_all else _NO_LIMITS
        return chosen if costs else replace(chosen, cost_per_day=0.0, cost_per_goal=0.0)

    def cost(self, provider: Provider, tokens_in: int, tokens_out: int) -> float:
        """What tokens cost at a provider that does not tell; nothing on this machine."""
        if provider.here:
            return 0.0
        return (tokens_in * self._prices.price_in + tokens_out * self._prices.price_out) / MILLION

    def warning(self, today: Use) -> tuple[str, str]:
        """``ok``, ``warn`` when most of the day's budget is used or ``fail`` when all of it is, and a sentence.

        It is no failure that the money is spent when there is a provider on this machine.
        """
        lines = [line for line in _of_day(self._limits, today) if line.limit]
        for line in lines:
            if line.refuses(0):
                return "warn" if line.noun == MONEY and self._free else "fail", line.refusal(0)
        for line in lines:
            if line.used > NEARLY_SPENT * line.limit:
                return "warn", line.warning()
        return "ok", ""


def estimate(texts: Iterable[str]) -> int:
    """How many tokens texts have, rather too many than too few.

    A token of English text is about four bytes of UTF-8, of most other writing fewer characters but as many bytes;
    a third of the bytes leaves a margin. A few more tokens mark where each text begins and ends.
    """
    sizes = [len(text.encode(errors="replace")) for text in texts]
    return sum(math.ceil(size / BYTES_A_TOKEN) + TOKENS_A_TEXT for size in sizes if size)


def count(told: int, otherwise: int = 0) -> int:
    """A number of tokens that a provider told, ``otherwise`` when it told none; as large as a count may be."""
    return min(told if told > 0 else otherwise, LARGEST_COUNT)


def told_cost(cost: float) -> float:
    """A cost that a provider told; 0 for what is none."""
    return min(cost, LARGEST_COST) if cost > 0 else 0.0


def require(limits: BudgetSettings, asked: Use, day: str, today: Use, account: str, by_account: Use) -> None:
    """Raise Refused when what is asked, added to what the day and the account have used, exceeds a limit."""
    for line, amount in zip(_of_day(limits, today), (asked.tokens, asked.cost), strict=True):
        if line.refuses(amount):
            raise Refused(line.refusal(amount), f"budget-{day}")
    if account:
        for line, amount in zip(_of_goal(limits, account, by_account), (asked.tokens, asked.cost), strict=True):
            if line.refuses(amount):
                raise Refused(line.refusal(amount), f"budget-goal-{account}")


def _of_day(limits: BudgetSettings, today: Use) -> tuple[_Line, _Line]:
    return (
        _Line("tokens_per_day", limits.tokens_per_day, today.tokens, TOKENS),
        _Line("cost_per_day", limits.cost_per_day, today.cost, MONEY),
    )


def _of_goal(limits: BudgetSettings, account: str, used: Use) -> tuple[_Line, _Line]:
    return (
        _Line("tokens_per_goal", limits.tokens_per_goal, used.tokens, TOKENS, account),
        _Line("cost_per_goal", limits.cost_per_goal, used.cost, MONEY, account),
    )


def _require_amount(amount: float, place: str) -> None:
    if not 0 <= amount <= LARGEST_SETTING:
        raise ConfigurationError(f"{place} must be 0 to {LARGEST_SETTING:g}, not {amount!r:.40}")
