"""Who makes a plan: the model where it can, else the words of the goal."""

import json

import pytest

from senter.errors import BudgetSpent, Busy, Internal, InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models.request import Outcome
from senter.tasks.goal import Goal
from senter.tasks.planning.plan import keyword_plan, plan_schema
from senter.tasks.planning.planner import PLAN_DEADLINE_MS, Planner, planning_messages
from senter.tasks.tools.catalogue import TOOLS

GOAL = "Research the cure from the documents in /papers"
STEP = {"description": "think", "type": "generate", "tool": None, "tool_params": {}, "depends_on": []}


def goal(description=GOAL):
    """A goal that is planned."""
    return Goal("7", description, "planning")


class FakeModel:
    """Answers what it was given, or raises it."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    async def generate(self, messages, options):
        """Answer."""
        self.asked.append((messages, options))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Outcome(text=self.answer)


async def test_a_model_makes_the_plan():
    model = FakeModel(json.dumps({"tasks": [STEP]}))
    planner, (step,) = await Planner(model).plan(goal())
    assert (planner, step.description, step.type) == ("model", "think", "generate")
    ((messages, options),) = model.asked
    assert json.loads(options.json_schema) == plan_schema()
    assert options.deadline_ms == PLAN_DEADLINE_MS
    assert (options.lane, options.account) == ("background", "7")
    assert messages == planning_messages(GOAL)


@pytest.mark.parametrize(
    "error",
    [
        NoModel("no"),
        BudgetSpent("no"),
        ModelFailed("no"),
        Unavailable("no"),
        InvalidArgument("no"),
        Internal("no"),
        Busy("no"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_without_a_model_that_answers_the_words_of_the_goal_make_it(error):
    assert await Planner(FakeModel(error)).plan(goal()) == ("keywords", keyword_plan(GOAL))


@pytest.mark.parametrize("error", [NoModel("nobody is there"), BudgetSpent("nothing is left")])
async def test_why_no_model_made_it_is_in_the_log(error, caplog):
    caplog.set_level("INFO")
    await Planner(FakeModel(error)).plan(goal())
    assert f"The words of goal 7 make its plan: {error}" in caplog.text


async def test_a_model_that_went_away_is_asked_again(monkeypatch):
    monkeypatch.setattr("senter.tasks.planning.planner.BACK_OFF_SECONDS", 0)
    model = FakeModel(Unavailable("the worker went away"))
    await Planner(model).plan(goal())
    assert len(model.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot do that.",
        "[" * 100_000,
        json.dumps({"tasks": [STEP] * 500}),
        json.dumps({"tasks": [STEP | {"tool": "shell"}]}),
        json.dumps({"tasks": [STEP | {"depends_on": [1]}]}),
        json.dumps({"tasks": [STEP | {"tool": "file_read", "tool_params": {"path": "/etc/passwd"}}]}),
    ],
)
async def test_a_plan_that_must_not_be_followed_is_made_of_the_words_and_said_so(answer, caplog):
    assert await Planner(FakeModel(answer)).plan(goal()) == ("keywords", keyword_plan(GOAL))
    assert "The model made no plan that can be followed" in caplog.text


async def test_a_goal_that_names_more_than_can_be_read_is_refused():
    many = "Research it in " + ", ".join(f"/papers/{number}" for number in range(30))
    with pytest.raises(InvalidArgument, match=r"names too many files and folders: 31 steps, at most 20"):
        await Planner(FakeModel(NoModel("no"))).plan(goal(many))


async def test_what_nobody_expected_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        await Planner(FakeModel(ZeroDivisionError())).plan(goal())


def test_the_model_is_told_the_goal_and_every_tool():
    system, user = planning_messages(GOAL)
    assert user == {"role": "user", "content": f"Goal: {GOAL}"}
    assert all(f"* {name}: " in system["content"] for name in TOOLS)
