"""Who makes a plan: the model where it can, else the words of the goal."""

import json
from datetime import UTC, datetime

import pytest

from senter.errors import BudgetSpent, Busy, Internal, InvalidArgument, ModelFailed, NoModel, Unavailable
from senter.models.request import Outcome
from senter.settings import TasksSettings
from senter.tasks.goal import Goal, Task
from senter.tasks.planning.asking import planning_messages, replanning_messages
from senter.tasks.planning.checking import plan_schema
from senter.tasks.planning.ground import offered_tools
from senter.tasks.planning.keywords import keyword_plan
from senter.tasks.planning.planner import PLAN_DEADLINE_MS, Planner

GOAL = "Research the cure from the documents in /papers"
OFFERED = offered_tools(TasksSettings())
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
STEP = {"description": "think", "type": "generate", "tool": None, "tool_params": {}, "depends_on": []}
PLAN = json.dumps({"tasks": [STEP]})
READING = STEP | {"tool": "file_read", "tool_params": {"path": "/papers/a.md"}}
TASKS = [
    Task("7.1", "7", "look there", "research", "completed", "file_search"),
    Task("7.2", "7", "read", "research", "failed", "file_read", error="SECRET"),
]

ERRORS = pytest.mark.parametrize(
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
NOT_FOLLOWED = pytest.mark.parametrize(
    "answer",
    [
        "",
        "I cannot do that.",
        "[" * 100_000,
        json.dumps({"tasks": [STEP] * 500}),
        json.dumps({"tasks": [STEP | {"tool": "shell"}]}),
        json.dumps({"tasks": [STEP | {"depends_on": [9]}]}),
        json.dumps({"tasks": [STEP | {"tool": "file_read", "tool_params": {"path": "/etc/passwd"}}]}),
    ],
    ids=range(7),
)


def goal(description=GOAL):
    """A goal that is planned."""
    return Goal("7", description, "planning")


class FakeModel:
    """Answers what it was given, one after the other, the last one for ever; or raises it."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    async def generate(self, messages, options):
        """Answer."""
        self.asked.append((messages, options))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Outcome(text=answer)


def planner(*answers, **settings):
    """A planner, and the model that it asks."""
    model = FakeModel(*answers)
    return Planner(model, TasksSettings(**settings), lambda: NOW), model


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Ask again at once."""
    monkeypatch.setattr("senter.tasks.planning.planner.BACK_OFF_SECONDS", 0)


async def test_a_model_makes_the_plan():
    planning, model = planner(PLAN)
    who, (step,) = await planning.plan(goal())
    assert (who, step.description, step.type) == ("model", "think", "generate")
    ((messages, options),) = model.asked
    assert json.loads(options.json_schema) == plan_schema(OFFERED)
    assert options.deadline_ms == PLAN_DEADLINE_MS
    assert (options.lane, options.account) == ("background", "7")
    assert messages == planning_messages(GOAL, OFFERED, NOW)


@ERRORS
async def test_without_a_model_that_answers_the_words_of_the_goal_make_it(error):
    planning, model = planner(error)
    assert await planning.plan(goal()) == ("keywords", keyword_plan(GOAL))
    again = isinstance(error, Unavailable | ModelFailed | InvalidArgument)
    assert len(model.asked) == (2 if again else 1)


@pytest.mark.parametrize("error", [NoModel("nobody is there"), BudgetSpent("nothing is left")])
async def test_why_no_model_made_it_is_in_the_log(error, caplog):
    caplog.set_level("INFO")
    await planner(error)[0].plan(goal())
    assert f"The words of goal 7 make its plan: {error}" in caplog.text


async def test_a_model_that_went_away_is_asked_again():
    planning, model = planner(Unavailable("the worker went away"), PLAN)
    assert (await planning.plan(goal()))[0] == "model"
    assert len(model.asked) == 2


async def test_what_nobody_expected_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        await planner(ZeroDivisionError())[0].plan(goal())


# a plan that must not be followed


@NOT_FOLLOWED
async def test_a_model_corrects_its_plan_once(answer):
    planning, model = planner(answer, PLAN)
    who, (step,) = await planning.plan(goal())
    assert (who, step.description) == ("model", "think")
    _, (messages, options) = model.asked
    assert messages[:2] == planning_messages(GOAL, OFFERED, NOW)
    assert messages[2]["role"] == "assistant"
    assert messages[3]["content"].startswith("This plan cannot be followed: ")
    assert json.loads(options.json_schema) == plan_schema(OFFERED)


@NOT_FOLLOWED
async def test_after_that_it_is_made_of_the_words_and_said_so(answer, caplog):
    planning, model = planner(answer)
    assert await planning.plan(goal()) == ("keywords", keyword_plan(GOAL))
    assert len(model.asked) == 2
    assert "The model made no plan that can be followed" in caplog.text


@ERRORS
async def test_a_model_that_is_gone_before_it_corrects_itself_leaves_it_to_the_words(error):
    planning, _ = planner("no plan", error)
    assert await planning.plan(goal()) == ("keywords", keyword_plan(GOAL))


async def test_an_answer_that_was_no_json_is_asked_for_again():
    planning, model = planner(ModelFailed("a server did not answer with the JSON it was asked for"), PLAN)
    assert (await planning.plan(goal()))[0] == "model"
    assert "did not answer with the JSON it was asked for" in model.asked[1][0][-1]["content"]


async def test_a_goal_that_names_more_than_can_be_read_is_refused():
    many = "Research it in " + ", ".join(f"/papers/{number}" for number in range(30))
    with pytest.raises(InvalidArgument, match=r"names too many files and folders: 31 steps, at most 20"):
        await planner(NoModel("no"))[0].plan(goal(many))


async def test_what_the_settings_allow_may_be_planned():
    page = STEP | {"tool": "web_page", "tool_params": {"url": "http://nas:8080/a"}}
    text = json.dumps({"tasks": [page]})
    assert (await planner(text)[0].plan(goal()))[0] == "keywords"
    assert (await planner(text, allowed_hosts=("nas:8080",))[0].plan(goal()))[0] == "model"


# another plan


async def test_another_plan_is_made_of_status_words():
    planning, model = planner(json.dumps({"tasks": [STEP | {"depends_on": [1]}]}))
    (step,) = await planning.replan(goal(), TASKS)
    assert (step.description, step.depends_on) == ("think", (1,))
    ((messages, options),) = model.asked
    assert messages == replanning_messages(GOAL, TASKS, OFFERED, NOW)
    assert "SECRET" not in str(messages)
    assert (options.lane, options.account) == ("background", "7")


async def test_another_plan_is_corrected_once():
    planning, model = planner(json.dumps({"tasks": [STEP | {"depends_on": [2]}]}), PLAN)
    assert len(await planning.replan(goal(), TASKS)) == 1
    assert "task 3 depends on task 2, which is not completed" in model.asked[1][0][-1]["content"]


@NOT_FOLLOWED
async def test_when_that_must_not_be_followed_either_there_is_none(answer):
    planning, model = planner(answer)
    assert await planning.replan(goal(), TASKS) is None
    assert len(model.asked) == 2


async def test_what_failed_is_not_tried_again_in_the_same_way():
    planning, _ = planner(json.dumps({"tasks": [READING]}))
    assert await planning.replan(goal(), TASKS, {"7.2": {"path": "/papers/a.md"}}) is None
    assert await planning.replan(goal(), TASKS, {"7.2": {"path": "/papers/b.md"}})


@ERRORS
async def test_without_a_model_there_is_no_other_plan(error):
    assert await planner(error)[0].replan(goal(), TASKS) is None
