"""The drawing of a week."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clock import BERLIN
from support.material import material, week

from senter.reporter.digest.chart import TITLE_ID, guides, week_chart
from senter.reporter.digest.page import SERIES, values

BUSY = {"task_completed": 3, "goal_completed": 2, "task_failed": 1, "other": 4}


def drawing(*counts):
    """The drawing of a week with these counts of types."""
    days = values("", material(), week(*counts), zone=BERLIN)["week"]
    return ElementTree.fromstring(week_chart(days, "A <week> & more"))


def bars(drawn):
    """Height of every bar by what a pointer shows of it."""
    return {
        bar.findtext("title"): float(bar.find("rect").get("height"))
        for bar in drawn.iter("g")
        if bar.get("class") == "bar" and bar.find("rect") is not None
    }


def test_a_day_is_a_stack_whose_parts_are_as_high_as_their_counts():
    found = bars(drawing(BUSY))
    assert list(found) == [
        "Mon 16: Tasks completed 3",
        "Mon 16: Goals achieved 2",
        "Mon 16: Failed 1",
        "Mon 16: Other 4",
    ]
    unit = found["Mon 16: Failed 1"]
    assert list(found.values()) == pytest.approx([3 * unit, 2 * unit, unit, 4 * unit])


def test_every_day_has_its_label():
    labels = ["".join(text.itertext()) for text in drawing(BUSY).iter("text")]
    assert labels[-7:] == ["Mon16", "Tue17", "Wed18", "Thu19", "Fri20", "Sat21", "Sun22"]


def test_the_drawing_says_what_it_is_to_those_who_do_not_see_it():
    drawn = drawing(BUSY)
    assert (drawn.tag, drawn.get("role"), drawn.get("aria-labelledby")) == ("svg", "img", TITLE_ID)
    assert drawn.find(f"title[@id='{TITLE_ID}']").text == "A <week> & more"


def test_the_drawing_has_shapes_and_words_only():
    assert {element.tag for element in drawing(BUSY, BUSY).iter()} == {
        *("svg", "g", "path", "rect", "text", "tspan", "title"),
    }
    attributes = {name for element in drawing(BUSY).iter() for name in element.attrib}
    assert attributes <= {
        *("class", "role", "aria-labelledby", "id", "viewBox"),
        *("d", "x", "y", "dy", "width", "height", "transform"),
    }


def test_the_drawing_names_its_series_for_the_page_to_colour():
    classes = [group.get("class") for group in drawing(BUSY).iter("g")]
    assert [name for name in classes if name.startswith("series ")] == [f"series {name}" for name in SERIES]


def test_the_same_week_is_drawn_the_same():
    assert ElementTree.tostring(drawing(BUSY)) == ElementTree.tostring(drawing(BUSY))


def test_a_label_that_is_no_label_is_drawn_as_text():
    days = values("", material(), week(BUSY), zone=BERLIN)["week"]
    for label in ("<b>&", "", "one two three"):
        days[0]["label"] = label
        assert f"{label}: Failed 1" in bars(ElementTree.fromstring(week_chart(days, "")))


@pytest.mark.parametrize(
    ("most", "numbers"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (5, [0, 2, 4, 6]),
        (22, [0, 10, 20, 30]),
        (40, [0, 10, 20, 30, 40]),
        (500, [0, 200, 400, 600]),
    ],
)
def test_the_guides_are_round_whole_numbers(most, numbers):
    assert guides(most) == numbers


@given(st.integers(1, 10**9))
def test_the_guides_reach_the_highest_bar_and_not_much_further(most):
    numbers = guides(most)
    assert len(numbers) <= 5
    assert numbers[-2] < most <= numbers[-1]
