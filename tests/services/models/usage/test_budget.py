"""What may be used of language models: limits, prices, estimates, and what is said when nothing is left."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from senter.bus.signatures import Check
from senter.errors import BudgetSpent, ConfigurationError
from senter.models.providers.provider import EMBEDDED, OLLAMA, providers_of
from senter.models.usage.budget import (
    LARGEST_COST,
    NOTHING,
    Budget,
    Taken,
    Use,
    binds,
    count,
    estimate,
    require,
    told_cost,
)
from senter.settings import BudgetSettings, ModelSettings

FILE = Path("config.toml")
DAY = "2026-11-22"
USUAL = Use(2_000, 0.1)
NO_LIMITS = BudgetSettings(0, 0, 0.0, 0.0)
LIMITS = BudgetSettings(tokens_per_day=2_000_000, tokens_per_goal=200_000, cost_per_day=5.0, cost_per_goal=1.0)
PRICES = ModelSettings(price_in=3.0, price_out=15.0)


def budget(worker="research", limits=LIMITS, prices=PRICES):
    """The budget of a worker."""
    return Budget(limits, prices, worker, FILE)


def refusal(asked, today=NOTHING, account="", by_account=NOTHING, limits=LIMITS, reserved=NOTHING):
    """What is said to a request; empty when it is allowed."""
    try:
        require(limits, asked, USUAL, DAY, Taken(today, reserved), account, Taken(by_account, reserved))
    except BudgetSpent as refused:
        return str(refused)
    return ""


def key(asked, today=NOTHING, account="", by_account=NOTHING, reserved=NOTHING, usual=USUAL):
    """The key of the budget that refuses a request; empty when the request is too large."""
    with pytest.raises(BudgetSpent) as refused:
        require(LIMITS, asked, usual, DAY, Taken(today, reserved), account, Taken(by_account, reserved))
    return refused.value.key


# limits


def test_what_fits_into_the_budget_is_allowed_to_the_last_token():
    assert refusal(Use(100), Use(1_999_900), "7", Use(199_900)) == ""
    assert refusal(Use(1, 0.3), Use(1, 4.7), "7", Use(1, 0.7)) == ""


def test_sums_of_costs_need_not_be_exact():
    assert 0.1 + 0.2 > 0.3
    assert refusal(Use(1, 0.1), Use(0, 0.2), limits=BudgetSettings(cost_per_day=0.3)) == ""


def test_a_day_whose_tokens_are_used_up_says_so():
    told = "today's 2,000,000 tokens are used up; raise tokens_per_day in [budget] of config.toml, then:"
    assert refusal(Use(1), Use(2_000_000)) == f"{told} senter restart; or wait until tomorrow"
    assert refusal(Use(1), Use(3_000_000)) == f"{told} senter restart; or wait until tomorrow"


def test_a_goal_that_has_used_up_its_tokens_says_so():
    assert refusal(Use(1), NOTHING, "7", Use(200_000)) == (
        "goal 7 has used up its 200,000 tokens; raise tokens_per_goal in [budget] of config.toml,"
        " then: senter restart"
    )


def test_costs_are_told_with_two_decimals():
    assert refusal(Use(1, 0.01), Use(0, 5.0)) == (
        "today's 5.00 for language models are used up; raise cost_per_day in [budget] of config.toml,"
        " then: senter restart; or wait until tomorrow"
    )
    assert refusal(Use(1, 0.01), NOTHING, "7", Use(0, 1.0)) == (
        "goal 7 has used up its 1.00 for language models; raise cost_per_goal in [budget] of config.toml,"
        " then: senter restart"
    )


def test_a_request_that_needs_more_than_there_is_left_is_told_how_much_that_is():
    assert refusal(Use(2_500), Use(1_999_700)).startswith(
        "today 300 of 2,000,000 tokens are left, and this request may need 2,500; raise tokens_per_day"
    )
    assert refusal(Use(2_500), NOTHING, "7", Use(198_000)).startswith(
        "goal 7 has 2,000 of its 200,000 tokens left, and this request may need 2,500; raise tokens_per_goal"
    )
    assert refusal(Use(1, 0.42), Use(0, 4.8)).startswith(
        "today 0.20 of 5.00 for language models are left, and this request may need 0.42; raise cost_per_day"
    )


def test_less_than_can_be_told_is_nothing():
    assert refusal(Use(1, 0.42), Use(0, 4.999)).startswith("today's 5.00 for language models are used up")


def test_no_limit_refuses_nothing():
    assert refusal(Use(10**9, 10.0**6), Use(10**12, 10.0**9), "7", Use(10**12, 10.0**9), NO_LIMITS) == ""
    assert not binds(NO_LIMITS)


@pytest.mark.parametrize("name", ["tokens_per_day", "tokens_per_goal", "cost_per_day", "cost_per_goal"])
def test_one_limit_is_enough_to_bind(name):
    assert binds(replace(NO_LIMITS, **{name: 1}))


def test_what_costs_nothing_yet_is_refused_when_the_money_is_spent():
    assert refusal(Use(1), Use(1, 4.99)) == ""
    assert "5.00 for language models are used up" in refusal(Use(1), Use(1, 5.0))


def test_every_refusal_of_one_budget_has_one_key():
    assert key(Use(1), Use(2_000_000)) == key(Use(1, 0.1), Use(0, 5.0)) == "budget-2026-11-22"
    assert key(Use(1), NOTHING, "7", Use(200_000)) == key(Use(1, 0.1), NOTHING, "7", Use(0, 1.0)) == "budget-goal-7"


def test_a_request_that_is_too_large_says_so():
    told = "ask for a shorter answer, or raise tokens_per_goal in [budget] of config.toml, then: senter restart"
    assert refusal(Use(250_000), NOTHING, "7", Use(50_000)) == (
        f"this request may need 250,000 of goal 7's 200,000 tokens, and 150,000 are free now; {told}"
    )
    assert refusal(Use(1, 7.5), Use(0, 1.0)).startswith(
        "this request may need 7.50 of today's 5.00 for language models, and 4.00 are free now; ask for a shorter"
    )


def test_a_request_that_comes_while_others_may_need_all_of_it_says_so():
    assert refusal(Use(2_000), Use(500_000), reserved=Use(1_499_000)) == (
        "this request may need 2,000 of today's 2,000,000 tokens, and 1,000 are free now; ask again when other"
        " requests are answered, or raise tokens_per_day in [budget] of config.toml, then: senter restart"
    )


def test_only_a_budget_that_is_spent_has_a_key():
    assert key(Use(3_000_000)) == key(Use(250_000), NOTHING, "7") == key(Use(1, 6.0)) == ""
    assert key(Use(1), reserved=Use(2_000_000, 5.0)) == ""
    assert key(Use(1), Use(1_900_001), reserved=Use(2_000_000)) == "budget-2026-11-22"


def test_a_budget_is_spent_when_a_twentieth_or_less_than_a_usual_request_is_left():
    assert key(Use(150_000), NOTHING, "7", Use(190_000)) == ""
    assert key(Use(150_000), NOTHING, "7", Use(190_001)) == "budget-goal-7"
    assert key(Use(150_000), NOTHING, "7", Use(170_000), usual=Use(30_000)) == ""
    assert key(Use(150_000), NOTHING, "7", Use(170_001), usual=Use(30_000)) == "budget-goal-7"
    assert key(Use(0, 2.0), Use(0, 3.5), usual=Use(0, 1.0)) == ""
    assert key(Use(0, 2.0), Use(0, 4.5), usual=Use(0, 1.0)) == "budget-2026-11-22"


def test_a_budget_that_is_spent_is_told_before_one_that_is_only_too_small():
    assert key(Use(2_000_000), Use(1), "7", Use(200_000)) == "budget-goal-7"


def test_a_request_without_a_goal_is_bound_by_no_goal():
    assert refusal(Use(300_000), NOTHING, "", Use(10**6)) == ""


# whom they bind


def test_the_research_worker_is_always_bound():
    assert budget("research").limits("", costs=True) == LIMITS
    assert budget("research").limits("7", costs=True) == LIMITS


def test_the_primary_worker_is_bound_when_it_works_on_a_goal():
    assert budget("primary").limits("7", costs=True) == LIMITS


def test_people_are_answered_whatever_was_used():
    assert budget("primary").limits("", costs=True) == BudgetSettings(0, 0, 0.0, 0.0)


def test_people_are_bound_when_the_setting_says_so():
    strict = replace(LIMITS, primary_pauses=True)
    assert budget("primary", strict).limits("", costs=True) == strict


def test_a_provider_that_costs_nothing_is_bound_by_tokens_alone():
    assert budget().limits("7", costs=False) == replace(LIMITS, cost_per_day=0.0, cost_per_goal=0.0)


# what is usual


def test_a_usual_request_has_the_answer_that_is_usual_for_the_worker():
    (elsewhere,) = providers_of(["https://models.example/v1"], "m", "")
    assert budget().usual(elsewhere) == Use(2000, pytest.approx(0.03))
    assert budget("primary", prices=ModelSettings()).usual(elsewhere) == Use(500)
    assert budget(prices=ModelSettings(max_tokens=700)).usual(elsewhere) == Use(700)


# prices


def unpriced(*providers, limits=LIMITS, telling=(), **prices):
    """The rows about prices."""
    settings = ModelSettings(providers=providers, **prices)
    return budget("primary", limits, settings).unpriced(telling)


def test_a_provider_elsewhere_without_a_price_is_told():
    advice = "set price_in and price_out in [models.primary]"
    assert unpriced("ollama", "openai", "openai gpt-5") == [
        Check(
            "price of openai",
            "warn",
            f"openai has no price: cost_per_day and cost_per_goal in [budget] do not bind it; {advice}",
        )
    ]
    assert unpriced("openai", limits=BudgetSettings(cost_per_goal=0.0))[0].fix == (
        f"openai has no price: cost_per_day in [budget] does not bind it; {advice}"
    )


def test_who_needs_no_price_is_not_told_of():
    assert unpriced("ollama", "embedded", "openrouter", "https://openrouter.ai/api/v1") == []
    assert unpriced("openai", price_out=1.0) == unpriced("openai", price_in=1.0) == []
    assert unpriced("openai", limits=BudgetSettings(cost_per_day=0.0, cost_per_goal=0.0)) == []
    (telling,) = providers_of(["openai"], ModelSettings().model, "")
    assert unpriced("openai", telling=[telling]) == []


# settings


@pytest.mark.parametrize("name", ["tokens_per_day", "tokens_per_goal", "cost_per_day", "cost_per_goal"])
@pytest.mark.parametrize("amount", [-1, float("nan"), float("inf"), 10**400])
def test_a_limit_that_cannot_be_meant_is_told(name, amount):
    with pytest.raises(ConfigurationError, match=rf"config\.toml: \[budget\] {name} must be 0 to 1e\+15, not"):
        budget(limits=replace(LIMITS, **{name: amount}))


@pytest.mark.parametrize("name", ["price_in", "price_out"])
def test_a_price_that_cannot_be_meant_is_told(name):
    with pytest.raises(ConfigurationError, match=rf"config\.toml: \[models\.primary\] {name} must be 0 to"):
        budget("primary", prices=replace(PRICES, **{name: -0.1}))


# costs and counts


def test_tokens_cost_what_the_prices_say():
    (elsewhere,) = providers_of(["https://models.example/v1"], "m", "")
    assert budget().cost(elsewhere, 1_000_000, 0) == 3.0
    assert budget().cost(elsewhere, 0, 1_000_000) == 15.0
    assert budget().cost(elsewhere, 1000, 200) == pytest.approx(0.006)


@pytest.mark.parametrize("entry", [EMBEDDED, OLLAMA, "http://127.0.0.1:9/v1"])
def test_this_machine_costs_nothing(entry):
    (here,) = providers_of([entry], "m", "")
    assert budget().cost(here, 10**6, 10**6) == 0.0


def test_only_a_cost_that_can_be_one_is_believed():
    assert told_cost(0.25) == 0.25
    assert told_cost(float("inf")) == LARGEST_COST
    assert [told_cost(cost) for cost in (0.0, -1.0, float("nan"))] == [0.0, 0.0, 0.0]


def test_only_a_count_that_can_be_one_is_believed():
    assert (count(7, 3), count(0, 3), count(-5, 3), count(0)) == (7, 3, 3, 0)
    assert count(10**30) == count(0, 10**30) == 2**32 - 1


# estimates


def test_nothing_has_no_tokens():
    assert estimate([]) == estimate(["", ""]) == 0


def test_a_text_has_a_third_of_its_bytes_and_a_few_more():
    assert estimate(["abc"]) == 1 + 4
    assert estimate(["abcd"]) == 2 + 4
    assert estimate(["日本語"]) == 3 + 4
    assert estimate(["abc", "", "abc"]) == 2 * (1 + 4)


def test_half_a_character_can_be_counted():
    assert estimate(["\ud800"]) == 1 + 4


@given(some.lists(some.text()), some.text())
def test_more_text_has_no_fewer_tokens(texts, more):
    assert estimate([*texts, more]) >= estimate(texts) >= sum(len(text) for text in texts) / 3


# how much of a day is used


def test_a_day_that_has_hardly_begun_is_fine():
    assert budget().warning(Use(1_600_000, 4.0)) == ("ok", "")
    assert budget(limits=BudgetSettings(0, 0, 0.0, 0.0)).warning(Use(10**9, 10.0**6)) == ("ok", "")


def test_a_day_that_is_nearly_used_up_is_told():
    assert budget().warning(Use(1_700_000)) == ("warn", "1,700,000 of today's 2,000,000 tokens are used")
    assert budget().warning(Use(1, 4.2)) == ("warn", "4.20 of today's 5.00 for language models are used")


@pytest.mark.parametrize(
    ("providers", "used", "verdict", "told"),
    [
        (["openai"], Use(2_000_000), "fail", "today's 2,000,000 tokens are used up; raise tokens_per_day"),
        (
            ["openai"],
            Use(1_700_000, 5.0),
            "fail",
            "today's 5.00 for language models are used up; raise cost_per_day",
        ),
        (["openai", "ollama"], Use(2_000_000, 5.0), "fail", "today's 2,000,000 tokens are used up"),
        (["openai", "ollama"], Use(1, 5.0), "warn", "today's 5.00 for language models are used up"),
    ],
)
def test_a_day_that_is_used_up_is_told_and_money_is_not_needed_on_this_machine(providers, used, verdict, told):
    said = budget(prices=replace(PRICES, providers=tuple(providers))).warning(used)
    assert (said[0], said[1].startswith(told)) == (verdict, True)


@pytest.mark.parametrize(("pauses", "verdict"), [(False, "warn"), (True, "fail")])
def test_a_day_that_is_used_up_is_no_failure_of_who_answers_people_all_the_same(pauses, verdict):
    limits = BudgetSettings(primary_pauses=pauses)
    assert budget(limits=limits, worker="primary").warning(Use(2_000_000))[0] == verdict
