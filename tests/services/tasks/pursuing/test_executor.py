"""How a step is done: with its tool, with a model, or by picking sentences."""

import asyncio
from datetime import UTC, datetime

import pytest

from senter.errors import BudgetSpent, Denied, ModelFailed, NoModel, Unavailable
from senter.models.request import Outcome
from senter.settings import TasksSettings
from senter.tasks.goal import Goal, Task
from senter.tasks.pursuing import executor as module
from senter.tasks.pursuing.executor import (
    MODEL_TRIES,
    NEEDS_MODEL,
    PICKED,
    Executor,
    Order,
)
from senter.tasks.text.summary import NOT_ANSWERED
from senter.tasks.tools.findings import Findings, Passage

QUESTION = "How many days does the cure take?"
SENTENCE = "The cure takes 9 days."
PASSAGE = Passage("/papers/cure.md", "line 1", "cure.md", SENTENCE)
FOUND = Findings("Read 1 document.", (PASSAGE,), ("b.bin is not text and was not read",))
WROTE = Findings("An outline.", thinking="somebody")
NO_MODEL = NoModel("there is no model")


class FakeModel:
    """Gives its answers one after the other, the last one again and again; an error is raised."""

    def __init__(self, *answers, there=True):
        self.answers = list(answers)
        self.there = there
        self.asked = []
        self.accounts = set()

    async def generate(self, messages, options):
        """Answer."""
        self.asked.append(messages)
        self.accounts.add(options.account)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Outcome(text=answer, model="llama", provider="ollama")

    async def can_answer(self):
        """Whether it may be asked."""
        return self.there


class FakeToolbox:
    """Finds something, and remembers what it was told."""

    def __init__(self):
        self.told = []

    async def run(self, tool, parameters, context):
        """Run a tool."""
        self.told.append((tool, parameters, context))
        if tool == "web_search":
            raise Denied("no")
        return FOUND


async def nobody(max_chars):
    """Nothing is known of the user."""
    return ""


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    """Ask again at once."""
    monkeypatch.setattr(module, "BACK_OFF_SECONDS", 0)


NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)


def order(goal, step, parameters=None, earlier=()):
    """A step to be done for the first time."""
    return Order(goal, step, parameters or {}, tuple(earlier), NOW, attempt="1.2.1")


def task(kind="generate", tool=""):
    """A step."""
    return Task("1.2", "1", "sum up", kind, tool=tool)


async def done(model, kind="generate", earlier=(FOUND,), goal=QUESTION):
    """What a step without a tool gives."""
    steps = Executor(FakeToolbox(), model, TasksSettings(), "/w", nobody)
    return await steps.run(order(Goal("1", goal, "running"), task(kind), earlier=earlier))


# tools


async def test_a_tool_is_told_what_it_needs_to_know(own_home):
    toolbox = FakeToolbox()
    settings = TasksSettings(search_results=3, search_url="http://s", folders=("/papers",))
    steps = Executor(toolbox, FakeModel(NO_MODEL), settings, own_home / "workspace", nobody)
    goal = Goal("1", "Research it in /papers/new, /secret and /papers/.git", "running")
    assert await steps.run(order(goal, task(tool="file_write"), {"path": "x"}, [FOUND, WROTE])) == FOUND
    ((tool, parameters, context),) = toolbox.told
    assert (tool, parameters) == ("file_write", {"path": "x"})
    assert (context.question, context.folders) == (goal.description, ("/papers/new",))
    assert context.workspace == str(own_home / "workspace")
    assert (context.search_results, context.search_url) == (3, "http://s")
    assert context.earlier.passages == FOUND.passages


async def test_a_tool_writes_what_was_thought_and_not_what_tools_say_of_themselves():
    toolbox = FakeToolbox()
    steps = Executor(toolbox, FakeModel(NO_MODEL), TasksSettings(), "/w", nobody)
    await steps.run(order(Goal("1", "x", "running"), task(tool="file_write"), {}, [FOUND, WROTE]))
    assert toolbox.told[0][2].earlier.text == "An outline."


async def test_what_a_tool_refuses_is_refused():
    steps = Executor(FakeToolbox(), FakeModel(NO_MODEL), TasksSettings(), "/w", nobody)
    with pytest.raises(Denied):
        await steps.run(order(Goal("1", "x", "running"), task(tool="web_search")))


# a model thinks


async def test_a_model_answers_from_the_sources():
    found = await done(FakeModel("  It takes 9 days. [1]\n"))
    assert found == Findings("It takes 9 days. [1]", (PASSAGE,), FOUND.notes, "llama on ollama")


@pytest.mark.parametrize("bad", ["", " \n", "It takes 9 days.", "It takes 9 days. [2]", Unavailable("away")])
async def test_a_model_is_asked_again_when_its_answer_is_of_no_use(bad):
    model = FakeModel(bad, bad, "It takes 9 days. [1]")
    assert (await done(model)).text == "It takes 9 days. [1]"
    assert len(model.asked) == MODEL_TRIES
    assert model.accounts == {"1"}, "the goal pays"


async def test_what_the_worker_has_tried_again_is_not_tried_again():
    model = FakeModel(ModelFailed("no"))
    assert (await done(model)).thinking == PICKED
    assert len(model.asked) == 1


async def test_a_model_may_say_that_the_sources_do_not_answer():
    assert (await done(FakeModel(f"{NOT_ANSWERED}."))).text == f"{NOT_ANSWERED}."


async def test_without_sources_nothing_is_cited():
    assert (await done(FakeModel("A poem."), earlier=[])).text == "A poem."


# without a model


@pytest.mark.parametrize("answer", [NO_MODEL, ModelFailed("no"), Unavailable("no"), "It takes 9 days."])
@pytest.mark.parametrize("kind", ["generate", "analyze"])
async def test_without_a_model_that_is_of_use_sentences_are_picked(answer, kind):
    found = await done(FakeModel(answer), kind)
    assert found == Findings(f"{SENTENCE} [1]", (PASSAGE,), FOUND.notes, PICKED)


async def test_what_the_sources_do_not_say_is_not_made_up():
    found = await done(FakeModel(NO_MODEL), goal="Who was the first emperor of Rome?")
    assert found.text.startswith(NOT_ANSWERED)
    assert (found.passages, found.thinking) == ((), PICKED)


@pytest.mark.parametrize("kind", ["custom", "communicate", "organize", "research"])
async def test_work_that_needs_a_model_waits_for_one(kind):
    with pytest.raises(NoModel, match=f"^{NEEDS_MODEL}$"):
        await done(FakeModel(NO_MODEL), kind)


@pytest.mark.parametrize(("earlier", "goal"), [((), QUESTION), ((FOUND,), "Write a poem about the cure")])
async def test_writing_and_what_has_no_sources_waits_for_a_model(earlier, goal):
    with pytest.raises(NoModel, match=f"^{NEEDS_MODEL}$"):
        await done(FakeModel(NO_MODEL), earlier=earlier, goal=goal)


async def test_work_that_needs_a_model_waits_while_it_cannot_be_reached():
    with pytest.raises(NoModel, match=r"^needs a language model, but the worker went away$"):
        await done(FakeModel(Unavailable("the worker went away")), "custom")


async def test_work_that_a_model_could_not_do_has_failed():
    with pytest.raises(ModelFailed, match="it broke off"):
        await done(FakeModel(ModelFailed("it broke off")), "custom")


async def test_work_whose_answers_are_of_no_use_has_failed():
    model = FakeModel("")
    with pytest.raises(ModelFailed, match="llama answered nothing"):
        await done(model, "custom")
    assert len(model.asked) == MODEL_TRIES


@pytest.mark.parametrize("kind", ["generate", "analyze", "custom"])
async def test_work_whose_budget_is_spent_waits_and_is_not_done_worse(kind):
    model = FakeModel(BudgetSpent("goal 1 has used up its 100 tokens"))
    with pytest.raises(BudgetSpent, match=r"^goal 1 has used up its 100 tokens$"):
        await done(model, kind)
    assert len(model.asked) == 1


@pytest.mark.parametrize("there", [True, False])
async def test_there_is_a_model_when_the_worker_says_so(there):
    assert (
        await Executor(FakeToolbox(), FakeModel("", there=there), TasksSettings(), "/w", nobody).has_model()
        is there
    )


# what a model gets to see


def test_thinking_that_took_too_long_is_tried_once_more():
    assert Executor(FakeToolbox(), FakeModel("yes"), TasksSettings(), "/w", nobody).tries(task()) == 2


async def test_it_is_written_as_suits_the_user():
    async def profile(max_chars):
        return "Wants brief answers. </source>"[:max_chars]

    model = FakeModel("It takes 9 days. [1]")
    steps = Executor(FakeToolbox(), model, TasksSettings(), "/w", profile)
    await steps.run(order(Goal("1", QUESTION, "running"), task(), earlier=(FOUND,)))
    assert "Write as suits the user. Wants brief answers. &lt;/source&gt;" in model.asked[0][0]["content"]


@pytest.mark.parametrize("hangs", [True, False])
async def test_it_is_written_for_nobody_in_particular_when_learning_does_not_answer(monkeypatch, hangs):
    monkeypatch.setattr(module, "PROFILE_SECONDS", 0.01)

    async def profile(max_chars):
        if hangs:
            await asyncio.get_running_loop().create_future()
        raise Unavailable("learning has failed")

    model = FakeModel("It takes 9 days. [1]")
    steps = Executor(FakeToolbox(), model, TasksSettings(), "/w", profile)
    await steps.run(order(Goal("1", QUESTION, "running"), task(), earlier=(FOUND,)))
    assert "suits the user" not in model.asked[0][0]["content"]
