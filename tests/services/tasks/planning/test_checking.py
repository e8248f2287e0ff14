"""What of a model's plan is followed."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.errors import InvalidArgument
from senter.tasks.goal import TYPES, Task
from senter.tasks.planning.checking import check_plan, plan_schema, read_plan
from senter.tasks.planning.ground import Ground
from senter.tasks.planning.plan import MOST_STEPS, Step
from senter.tasks.tools.catalogue import TOOLS

PAPERS = Ground("Research the cure from the documents in /papers", TOOLS)


def row(**fields):
    """A task as a model writes it."""
    return {"description": "do it", "type": "custom", "tool": None, "tool_params": {}, "depends_on": []} | fields


def written(*rows):
    """A plan as a model writes it."""
    return json.dumps({"tasks": rows})


def complaint(text, ground=PAPERS):
    """Why a plan is refused."""
    with pytest.raises(InvalidArgument) as caught:
        read_plan(text, ground)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_plan_is_read():
    text = written(
        row(description="look\nhere", type="research", tool="file_search", tool_params={"folder": "/papers/new"}),
        row(type="generate", depends_on=[1, 1]),
    )
    assert read_plan(text, PAPERS) == [
        Step("look here", "research", "file_search", {"folder": "/papers/new"}),
        Step("do it", "generate", depends_on=(1,)),
    ]


def test_a_task_may_need_a_later_one():
    assert read_plan(written(row(depends_on=[2]), row()), PAPERS)[0].depends_on == (2,)


def test_what_a_model_leaves_out_or_sets_to_null_is_nothing():
    assert read_plan('{"tasks": [{"description": "x", "type": "custom"}]}', PAPERS) == [Step("x", "custom")]
    assert read_plan(written(row(tool_params=None, depends_on=None)), PAPERS) == [Step("do it", "custom")]


def test_the_schema_allows_what_is_read_and_names_the_tools_that_are_offered():
    step = plan_schema(["a", "b"])["properties"]["tasks"]["items"]
    assert set(step["required"]) == set(row())
    assert step["properties"]["tool"]["enum"] == ["a", "b", None]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], "a plan has 1 to 20 tasks"),
        ([row()] * (MOST_STEPS + 1), "a plan has 1 to 20 tasks"),
        ([row()] * 500, "a plan has 1 to 20 tasks"),
        ([row(depends_on=[2]), row(depends_on=[1])], "in a circle"),
        ([row(depends_on=[1])], "in a circle"),
        ([row(depends_on=[2])], "task 1 depends on task 2, which does not exist"),
        ([row(depends_on=[0])], "task 1 depends on task 0, which does not exist"),
        ([row(depends_on=[-1])], "task 1 depends on task -1"),
        ([row(depends_on=[True])], "depends_on must hold the numbers of tasks"),
        ([row(depends_on=["1"])], "depends_on must hold the numbers of tasks"),
        ([row(depends_on=1)], "depends_on a list"),
        ([row(description=" \n")], "a task has no description"),
        ([row(description=["x"])], "description, type and tool must be texts"),
        ([row(type="destroy")], "there is no task type 'destroy'"),
        ([row(tool="shell")], "there is no tool 'shell'"),
        ([row(tool="file_search", tool_params={})], "the parameters of file_search must contain ['folder']"),
        (
            [row(tool="file_search", tool_params={"folder": 3})],
            "the parameter folder of file_search must be string",
        ),
        ([row(tool="file_search", tool_params={"folder": "/papers", "x": 1})], "must not contain {'x'}"),
        ([row(tool_params=[1])], "tool_params must be an object"),
        ([row(tool="file_read", tool_params={"path": "/etc/passwd"})], 'the goal does not name "/etc/passwd"'),
        ([row(tool="file_read", tool_params={"path": "/papers/../x"})], "the goal does not name"),
        ([row(tool="file_read", tool_params={"path": "/papersx"})], "the goal does not name"),
        ([row(tool="file_read", tool_params={"path": "~nobody-knows"})], "the goal does not name"),
        ([row(tool="file_search", tool_params={"folder": ""})], "the goal does not name"),
        (["x"], "the plan has no list of tasks"),
    ],
)
def test_a_plan_that_must_not_be_followed_is_refused(rows, reason):
    assert reason in complaint(written(*rows))


@pytest.mark.parametrize(
    "text",
    ["", "no", "{", "[]", "3", "null", "{}", '{"tasks": 3}', '{"tasks": {"a": 1}}', "[" * 100_000, "9" * 5000],
)
def test_what_is_no_plan_is_refused(text):
    assert complaint(text)


def test_a_number_without_a_fraction_is_whole():
    text = written(row(), row()).replace('"depends_on": []', '"depends_on": [2.0]', 1)
    (first, _) = read_plan(text, PAPERS)
    assert [type(number) for number in first.depends_on] == [int]
    assert "numbers of tasks" in complaint(text.replace("2.0", "1e400"))
    assert "numbers of tasks" in complaint(text.replace("2.0", "NaN"))


def test_a_tool_that_is_off_is_not_taken():
    ground = Ground(PAPERS.description, {"web_page": TOOLS["web_page"]})
    with pytest.raises(InvalidArgument, match="there is no tool 'file_search'"):
        read_plan(written(row(tool="file_search", tool_params={"folder": "/papers"})), ground)


# a plan that takes the place of another

BEFORE = (
    Task("7.1", "7", "look", "research", "completed", "file_search"),
    Task("7.2", "7", "read", "research", "failed", "file_read"),
    Task("7.3", "7", "wait", "custom", "pending"),
    Task("7.4", "7", "sum up", "generate", "pending", depends_on=["7.2"]),
)
TOLD = {"7.1": {"folder": "/papers"}, "7.2": {"path": "/papers/a.md"}}
AGAIN = replace(PAPERS, tasks=BEFORE, parameters=TOLD)


def test_new_tasks_are_counted_on_and_may_need_what_is_completed():
    steps = read_plan(written(row(depends_on=[1]), row(depends_on=[1, 5])), AGAIN)
    assert [step.depends_on for step in steps] == [(1,), (1, 5)]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([row(depends_on=[2])], "task 5 depends on task 2, which is not completed"),
        ([row(depends_on=[3])], "task 5 depends on task 3, which is not completed"),
        ([row(depends_on=[6])], "task 5 depends on task 6, which does not exist"),
        ([row(depends_on=[5])], "in a circle"),
        ([row()] * 19, "a plan has 1 to 18 tasks"),
        (
            [row(tool="file_read", tool_params={"path": "/papers/a.md"})],
            "file_read has failed with these parameters",
        ),
        ([row(tool="file_read", tool_params={"path": "/etc/passwd"})], "the goal does not name"),
    ],
)
def test_a_second_plan_that_must_not_be_followed_is_refused(rows, reason):
    assert reason in complaint(written(*rows), AGAIN)


def test_what_failed_may_be_tried_with_other_parameters_and_what_was_done_once_more():
    rows = [
        row(tool="file_read", tool_params={"path": "/papers/b.md"}),
        row(tool="file_search", tool_params={"folder": "/papers"}),
    ]
    assert len(read_plan(written(*rows), AGAIN)) == 2


def test_tasks_that_are_kept_and_new_ones_are_twenty_at_most():
    assert len(read_plan(written(*[row()] * 18), AGAIN)) == 18


# whatever a model writes

_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_ROW = st.fixed_dictionaries(
    {},
    optional={
        "description": st.text(max_size=9) | _ANYTHING,
        "type": st.sampled_from(TYPES) | _ANYTHING,
        "tool": st.sampled_from([*TOOLS, None]) | _ANYTHING,
        "tool_params": st.dictionaries(
            st.sampled_from(["folder", "path", "query", "content", "urls"]),
            st.sampled_from(["/papers/a", "~x", "\0", "/"]) | _ANYTHING,
        )
        | _ANYTHING,
        "depends_on": st.lists(st.integers(-1, 4), max_size=3) | _ANYTHING,
    },
)


@given(st.lists(_ROW | _ANYTHING, max_size=4).map(lambda rows: {"tasks": rows}) | _ANYTHING)
def test_whatever_a_model_writes_is_a_checked_plan_or_refused(document):
    try:
        steps = read_plan(json.dumps(document), PAPERS)
    except InvalidArgument:
        return
    check_plan(steps, PAPERS)


@given(st.text())
def test_whatever_text_a_model_writes_is_a_checked_plan_or_refused(text):
    with pytest.raises(InvalidArgument):
        read_plan(text, PAPERS)
