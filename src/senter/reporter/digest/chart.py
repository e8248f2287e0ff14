"""The week's activity as a drawing inside the page."""

from collections.abc import Sequence
from itertools import count
from typing import Any
from xml.etree import ElementTree

import pygal
from pygal.style import Style

from senter.reporter.digest.page import SERIES

WIDTH, HEIGHT = 420, 200
LABEL_SIZE = 13
MOST_GUIDES = 4
TITLE_ID = "week-title"

_SVG = "{http://www.w3.org/2000/svg}"
_LEFT_OUT = ("defs", "desc", "title")
_LAYERS_LEFT_OUT = {"background", "overlay", "text-overlay", "tooltip-overlay", "legends", "titles"}
_KEPT = {"d", "x", "y", "width", "height", "class", "transform", "viewBox"}


def week_chart(week: Sequence[dict[str, Any]], title: str) -> str:
    """SVG for the body of an HTML page: a bar a day, stacked of the counts of SERIES.

    It has no styles, scripts or addresses; the page colours it by the classes ``completed``, ``goals``, ``failed``
    and ``other``. Takes days with a ``label`` and ``counts``, and what is drawn, for those who do not see it.
    """
    drawing = ElementTree.fromstring(_drawn(week))
    _strip(drawing)
    _name(drawing, week)
    _break_labels(drawing)
    drawing.attrib |= {"class": "chart", "role": "img", "aria-labelledby": TITLE_ID}
    heading = ElementTree.Element("title", {"id": TITLE_ID})
    heading.text = title
    drawing.insert(0, heading)
    return ElementTree.tostring(drawing, encoding="unicode")


def guides(most: int) -> list[int]:
    """The whole numbers at the side of the chart, from 0 to one that is not below the highest bar."""
    steps = (digit * 10**power for power in count() for digit in (1, 2, 5))
    step = next(step for step in steps if step * MOST_GUIDES >= most)
    return [step * number for number in range(max(1, -(-most // step)) + 1)]


def _drawn(week: Sequence[dict[str, Any]]) -> str:
    labels = guides(max((sum(day["counts"].values()) for day in week), default=0))
    chart = pygal.StackedBar(
        width=WIDTH,
        height=HEIGHT,
        margin=6,
        margin_bottom=LABEL_SIZE + 10,
        js=[],
        no_prefix=True,
        show_legend=False,
        truncate_label=-1,
        style=Style(label_font_size=LABEL_SIZE, major_label_font_size=LABEL_SIZE),
        y_labels=labels,
        range=(0, labels[-1]),
        x_labels=[day["label"] for day in week],
    )
    for series in SERIES:
        chart.add(series, [day["counts"][series] for day in week])
    return str(chart.render(is_unicode=True, disable_xml_declaration=True))


def _strip(element: ElementTree.Element) -> None:
    """Keep the shapes and the labels; element names lose their namespace, which HTML does not need."""
    element.tag = element.tag.removeprefix(_SVG)
    element.attrib = {name: value for name, value in element.attrib.items() if name in _KEPT}
    for child in list(element):
        is_shown = child.tag.removeprefix(_SVG) not in _LEFT_OUT and float(child.get("height", 1)) > 0
        if is_shown and _LAYERS_LEFT_OUT.isdisjoint(child.get("class", "").split()):
            _strip(child)
        else:
            element.remove(child)


def _name(drawing: ElementTree.Element, week: Sequence[dict[str, Any]]) -> None:
    """Give the bars the classes of their series, and a text that a pointer shows."""
    groups = [group for group in drawing.iter("g") if "series" in group.get("class", "").split()]
    for (series, words), group in zip(SERIES.items(), groups, strict=True):
        group.set("class", f"series {series}")
        bars = [bar for bar in group.iter("g") if bar.get("class") == "bar"]
        for day, bar in zip(week, bars, strict=True):
            text = ElementTree.SubElement(bar, "title")
            text.text = f"{day['label']}: {words} {day['counts'][series]}"


def _break_labels(drawing: ElementTree.Element) -> None:
    """Write the words of a day's label below each other, so that seven have their place on a small screen."""
    (axis,) = (group for group in drawing.iter("g") if group.get("class", "").split()[:2] == ["axis", "x"])
    for label in axis.iter("text"):
        words, label.text = (label.text or "").split(), None
        for line, word in enumerate(words):
            place = {"x": label.get("x", "0"), "dy": f"{min(line, 1) * 1.15:g}em"}
            ElementTree.SubElement(label, "tspan", place).text = word
