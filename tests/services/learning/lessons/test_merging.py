"""Topics that mean the same become one, where a model makes vectors."""

import asyncio

import pytest
from support.learning_work import NO_VECTORS, FakeModel, teach

from senter.database import Disk
from senter.errors import Busy, NoModel
from senter.learning.event import Event
from senter.learning.knowing.insights import Insights
from senter.learning.lessons.learned import Learned
from senter.learning.lessons.merging import AT_ONCE, Merging


@pytest.fixture
def model():
    """Makes no vectors until a test says otherwise."""
    return FakeModel()


@pytest.fixture
def merging(store, model):
    """Merges the topics of the store."""
    return Merging(Learned(store), model, "vectors", Disk())


def ask(store, clock, *topics, when=0):
    """Ask about topics, one question each."""
    events = [Event("user_query", topic, {}, when) for topic in topics]
    teach(store, clock, *events, phrases=lambda text: [text])


def topics(store, now):
    """The topics and how often they were mentioned in the last week."""
    mentioned = Insights(store).mentions(now.toordinal(), 7)
    return {row.topic: row.lately for row in mentioned}


async def test_topics_that_are_alike_become_the_weightiest_of_them(store, merging, model, clock):
    ask(store, clock, "machine learning", "ML", "machine learning", "espresso")
    model.knows(machine_learning=[1, 0.1], ML=[1, 0], espresso=[0, 1])
    assert await merging.merge(asyncio.Lock()) == 1
    assert topics(store, clock()) == {"machine learning": 3, "espresso": 1}
    assert Insights(store).topic_count() == 2


async def test_a_topic_that_was_merged_is_known_by_both_names_from_then_on(store, merging, model, clock):
    ask(store, clock, "machine learning", "machine learning", "ML")
    model.knows(machine_learning=[1, 0], ML=[1, 0])
    await merging.merge(asyncio.Lock())
    ask(store, clock, "ml", "ML")
    assert await merging.merge(asyncio.Lock()) == 0
    assert topics(store, clock()) == {"machine learning": 5}
    assert len(model.asked) == 1


async def test_a_new_topic_is_compared_with_those_that_are_known(store, merging, model, clock):
    model.knows(coffee=[1, 0], tea=[0, 1], espresso=[0.99, 0.05])
    ask(store, clock, "coffee", "tea")
    assert await merging.merge(asyncio.Lock()) == 0
    ask(store, clock, "espresso")
    assert await merging.merge(asyncio.Lock()) == 1
    assert [sorted(texts) for texts in model.asked] == [["coffee", "tea"], ["espresso"]]
    assert topics(store, clock()) == {"coffee": 2, "tea": 1}


async def test_without_new_topics_no_model_is_asked(merging, model):
    assert await merging.merge(asyncio.Lock()) == 0
    assert model.asked == []


@pytest.mark.parametrize("refusal", [NO_VECTORS, NoModel("none"), Busy("later")])
async def test_where_no_model_makes_vectors_topics_stay_and_are_merged_later(store, merging, model, clock, refusal):
    model.refusal = refusal
    ask(store, clock, "coffee", "espresso")
    assert await merging.merge(asyncio.Lock()) == 0
    assert topics(store, clock()) == {"coffee": 1, "espresso": 1}
    model.knows(coffee=[1, 0], espresso=[1, 0])
    assert await merging.merge(asyncio.Lock()) == 1


async def test_a_model_is_asked_for_no_more_than_it_takes_the_weightiest_first(store, merging, model, clock):
    ask(store, clock, *(f"topic{number}" for number in range(AT_ONCE + 10)))
    ask(store, clock, "topic70")
    vectors = {f"topic{number}": [float(number == place) for place in range(80)] for number in range(80)}
    model.knows(**vectors)
    await merging.merge(asyncio.Lock())
    await merging.merge(asyncio.Lock())
    assert [len(texts) for texts in model.asked] == [AT_ONCE, 10]
    assert model.asked[0][0] == "topic70"
    assert Insights(store).topic_count() == AT_ONCE + 10


@pytest.mark.parametrize(
    "vectors", [[], [[]], [[], []], [[1.0]], [[float("nan")] * 2] * 2, [[0.0, 0.0]] * 2, [[1e300, 1.0], [1.0, 0.0]]]
)
@pytest.mark.filterwarnings("ignore:overflow")
async def test_vectors_that_are_none_merge_nothing(store, merging, model, clock, vectors):
    ask(store, clock, "coffee", "tea")

    async def embed(texts):
        return vectors

    model.embed = embed
    assert await merging.merge(asyncio.Lock()) == 0
    assert topics(store, clock()) == {"coffee": 1, "tea": 1}


async def test_after_the_model_was_changed_topics_are_not_compared_across_models(store, merging, model, clock):
    model.knows(coffee=[1, 0], espresso=[1, 0, 0])
    ask(store, clock, "coffee")
    await merging.merge(asyncio.Lock())
    ask(store, clock, "espresso")
    assert await merging.merge(asyncio.Lock()) == 0


async def test_without_an_embedding_model_no_model_is_asked(store, clock, model):
    ask(store, clock, "espresso")
    model.knows(espresso=[1.0, 0.0])
    assert await Merging(Learned(store), model, "", Disk()).merge(asyncio.Lock()) == 0
    assert model.asked == []
