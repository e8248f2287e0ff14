"""What may be used of language models: limits, prices, and the sentences that say when it is used up. Pure.

A day is written as ``2026-11-22``. Costs are in the currency of the prices in ``config.toml``.

A budget is spent when less is left of it than a usual request needs, or than SMALL_SHARE of it. What is reserved
for requests that are being answered is not gone yet, since they may use less. A request that does not fit into a
budget that is not spent is too large, or comes while too much is reserved.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from senter.bus.signatures import Check
from senter.errors import BudgetSpent, ConfigurationError
from senter.models.providers.keys import OPENROUTER, service_of
from senter.models.providers.provider import Provider, providers_of
from senter.models.request import LARGEST_COUNT, MANNERS
from senter.settings import BudgetSettings, ModelSettings

BYTES_A_TOKEN, TOKENS_A_TEXT = 3, 4
MILLION = 1_000_000
NEARLY_SPENT, SMALL_SHARE = 0.8, 0.05
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


NOTHING = Use()


@dataclass(frozen=True)
class Taken:
    """What is gone of a budget: what was used, and what is reserved for requests that are being answered."""

    used: Use = NOTHING
    reserved: Use = NOTHING


class Refused(BudgetSpent):
    """One budget does not allow a request.

    ``key`` is the same for every refusal by a budget that is spent, and empty for a request that is too large for
    what is left, or for what others leave.
    """

    def __init__(self, sentence: str, key: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True)
class _Line:
    """One limit, and how much of it is used and reserved."""

    setting: str
    limit: float
    used: float
    reserved: float
    noun: str
    key: str
    goal: str = ""

    def part(self, use: Use) -> float:
        """What of a use is limited here."""
        return use.tokens if self.noun == TOKENS else use.cost

    @property
    def taken(self) -> float:
        return self.used + self.reserved

    def refuses(self, asked: float) -> bool:
        return bool(self.limit) and (self.taken + asked > self.limit + _CLOSE or self.taken >= self.limit)

    def is_spent(self, usual: float) -> bool:
        return self.limit - self.used < max(SMALL_SHARE * self.limit, usual) - _CLOSE

    def refused(self, asked: float, usual: float) -> Refused:
        if self.is_spent(usual):
            return Refused(self.refusal(asked), self.key)
        return Refused(self._too_large(asked), "")

    def refusal(self, asked: float) -> str:
        """Says that nothing is left, or less than is asked."""
        left, whole = self.number(max(0.0, self.limit - self.taken)), f"{self.number(self.limit)} {self.noun}"
        if left == self.number(0):
            told = f"goal {self.goal} has used up its {whole}" if self.goal else f"today's {whole} are used up"
        else:
            told = (
                f"goal {self.goal} has {left} of its {whole} left"
                if self.goal
                else f"today {left} of {whole} are left"
            )
            told += f", and this request may need {self.number(asked)}"
        told += f"; {self._raise()}"
        return told if self.goal else f"{told}; or wait until tomorrow"

    def _too_large(self, asked: float) -> str:
        whole = f"goal {self.goal}'s" if self.goal else "today's"
        told = (
            f"this request may need {self.number(asked)} of {whole} {self.number(self.limit)} {self.noun}, and"
            f" {self.number(max(0.0, self.limit - self.taken))} are free now"
        )
        if self.reserved:
            return f"{told}; ask again when other requests are answered, or {self._raise()}"
        return f"{told}; ask for a shorter answer, or {self._raise()}"

    def _raise(self) -> str:
        return f"raise {self.setting} in [budget] of config.toml, then: senter restart"

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
        self._worker = worker
        self._providers = providers_of(prices.providers, prices.model, f"{file}: [models.{worker}]")
        self._free = any(provider.here for provider in self._providers)
        self._usual_answer = prices.max_tokens or MANNERS[worker].max_tokens
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

    def usual(self, provider: Provider) -> Use:
        """What a request needs at least when its caller says nothing else: the answer, without the question."""
        return Use(self._usual_answer, self.cost(provider, 0, self._usual_answer))

    def unpriced(self, telling: Collection[Provider]) -> list[Check]:
        """A line for each provider elsewhere whose costs nobody knows, so that the limits on costs do not bind it.

        Those that are ``telling`` have told a cost; OpenRouter always does.
        """
        limits = [key for key in ("cost_per_day", "cost_per_goal") if getattr(self._limits, key)]
        if not limits or self._prices.price_in or self._prices.price_out:
            return []
        known = [one for one in self._providers if one.here or one in telling or service_of(one) == OPENROUTER]
        bind = "does" if len(limits) == 1 else "do"
        advice = (
            f"{' and '.join(limits)} in [budget] {bind} not bind it; set price_in and price_out in"
            f" [models.{self._worker}]"
        )
        names = dict.fromkeys(provider.name for provider in self._providers if provider not in known)
        return [Check(f"price of {name}", "warn", f"{name} has no price: {advice}") for name in names]

    def warning(self, today: Use) -> tuple[str, str]:
        """``ok``, ``warn`` when most of the day's budget is used or ``fail`` when all of it is, and a sentence.

        It is no failure for a worker that answers people all the same, nor that the money is spent when there is a
        provider on this machine.
        """
        lines = [line for line in _of_day(self._limits, "", Taken(today)) if line.limit]
        for line in lines:
            if line.refuses(0):
                goes_on = not self._day_binds_all or (line.noun == MONEY and self._free)
                return "warn" if goes_on else "fail", line.refusal(0)
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


def binds(limits: BudgetSettings) -> bool:
    """Whether any of these is a limit."""
    return any((limits.tokens_per_day, limits.cost_per_day, limits.tokens_per_goal, limits.cost_per_goal))


def require(
    limits: BudgetSettings, asked: Use, usual: Use, day: str, today: Taken, account: str, by_account: Taken
) -> None:
    """Raise Refused when what is asked, added to what is gone of the day and the account, exceeds a limit.

    A limit that is spent for a ``usual`` request goes before one that is not.
    """
    lines = _of_day(limits, day, today) + (_of_goal(limits, account, by_account) if account else ())
    refusing = [line for line in lines if line.refuses(line.part(asked))]
    if refusing:
        line = next((line for line in refusing if line.is_spent(line.part(usual))), refusing[0])
        raise line.refused(line.part(asked), line.part(usual))


def day_key(day: str) -> str:
    """The key of every refusal by the budget of a day."""
    return f"budget-{day}"


def _of_day(limits: BudgetSettings, day: str, taken: Taken) -> tuple[_Line, ...]:
    key, used, reserved = day_key(day), taken.used, taken.reserved
    return (
        _Line("tokens_per_day", limits.tokens_per_day, used.tokens, reserved.tokens, TOKENS, key),
        _Line("cost_per_day", limits.cost_per_day, used.cost, reserved.cost, MONEY, key),
    )


def _of_goal(limits: BudgetSettings, account: str, taken: Taken) -> tuple[_Line, ...]:
    key, used, reserved = f"budget-goal-{account}", taken.used, taken.reserved
    return (
        _Line("tokens_per_goal", limits.tokens_per_goal, used.tokens, reserved.tokens, TOKENS, key, account),
        _Line("cost_per_goal", limits.cost_per_goal, used.cost, reserved.cost, MONEY, key, account),
    )


def _require_amount(amount: float, place: str) -> None:
    if not 0 <= amount <= LARGEST_SETTING:
        raise ConfigurationError(f"{place} must be 0 to {LARGEST_SETTING:g}, not {amount!r:.40}")
