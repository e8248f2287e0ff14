"""The page of a digest, as HTML and on the disk."""

import os
import stat
import subprocess
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.clock import BERLIN
from support.material import HOSTILE, activity, material, texts, week

from senter.errors import Unavailable
from senter.reporter.digest.material import Material
from senter.reporter.digest.page import values
from senter.reporter.digest.writing import html, write

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
VOID = {"meta", "link", "br", "img", "hr", "input", "rect", "path"}
KINDS = (
    *("task_completed", "goal_completed", "task_failed", "goal_failed", "goal_waiting"),
    *("research_complete", "learning_update"),
)
BUSY = {"task_completed": 3, "task_failed": 1}


class Reader(HTMLParser):
    """Reads a page as a browser does: its elements, their attributes and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts, self.unbalanced = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        """Remember an element; one without an end is not open."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Remember an element that ends at once."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Remember an end without a beginning."""
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.unbalanced.append(tag)

    def handle_data(self, data):
        """Remember text by the element it is in."""
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def handle_comment(self, data):
        """There is none."""
        raise AssertionError(data)

    def of(self, tag):
        """The attributes of all elements of a name."""
        return [attributes for name, attributes in self.elements if name == tag]

    def in_element(self, tag):
        """The texts in elements of a name."""
        return [text for name, text in self.texts if name == tag]


def read(told, *counts, title="Daily digest", **more):
    """The page of a digest and a week, as a browser reads it."""
    return Reader(html(values(title, told, week(*counts), zone=BERLIN, **more)))


def full_of(text, target=""):
    """A digest whose every text is the same."""
    done = [activity(kind, text, target=target) for kind in KINDS]
    return Material(done, text, [text], [text], [text])


def test_a_page_has_a_title_and_says_what_was_done():
    page = read(material("task_completed", "goal_completed"), BUSY)
    assert page.in_element("title")[0] == "Daily digest \N{EN DASH} Senter"
    assert page.in_element("h1") == ["Daily digest"]
    assert "2 events in the past 24 hours" in page.in_element("p")
    assert page.in_element("h2") == [
        "Tasks: 1 completed, 0 failed",
        "Goals achieved: 1",
        "The past seven days",
        "Everything that was done",
    ]


def test_a_page_needs_nothing_else_and_lets_nothing_else_in():
    page = read(full_of("x", "/report.md"), BUSY)
    (policy,) = (meta["content"] for meta in page.of("meta") if "http-equiv" in meta)
    assert policy == POLICY
    names = {name for name, _ in page.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "use", "image"}
    attributes = {attribute for _, values in page.elements for attribute in values}
    assert not {attribute for attribute in attributes if attribute.startswith(("on", "src", "xlink", "style"))}


def test_every_element_that_begins_ends():
    page = read(full_of("x", "/report.md"), BUSY)
    assert (page.open, page.unbalanced) == ([], [])


def test_a_report_is_opened_by_a_link_and_a_text_is_not():
    page = read(Material([activity("goal_completed", "the deck", target="/a b.md"), activity("a")], "today"))
    assert page.of("a") == [{"href": "file:///a%20b.md", "rel": "noopener noreferrer"}] * 2


def test_a_week_without_activity_says_so_instead_of_being_drawn():
    page = read(material())
    assert "Nothing was done in the past seven days." in page.in_element("p")
    assert page.of("svg") == page.of("table") == []


def test_a_week_is_drawn_and_told_in_numbers():
    page = read(material(), {}, BUSY)
    assert [drawing["role"] for drawing in page.of("svg")] == ["img"]
    assert page.in_element("th")[:4] == ["Day", "Tasks completed", "Failed", "Mon 16"]
    assert page.in_element("td")[:4] == ["0", "0", "3", "1"]
    assert len(page.in_element("td")) == 14


def test_a_page_that_leaves_activities_out_says_so():
    page = read(material(*["task_completed"] * 1700))
    told = "These are the newest 500 activities; 1,200 older ones are in the activity log only."
    assert told in page.in_element("p")
    assert len(page.of("li")) == 500


def test_a_section_that_leaves_lines_out_says_so():
    assert "… and 3 more" in read(material(coming=["step"] * 53)).in_element("li")


def test_a_page_without_emoji_is_indented_by_nothing():
    page = read(full_of("x"), BUSY, plain=True)
    assert not any("emoji" in values.get("class", "") for _, values in page.elements)
    assert not any("indented" in values.get("class", "") for _, values in page.elements)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_element_or_attribute_comes_from_the_texts_of_others(text):
    harmless, hostile = read(full_of("x"), BUSY, title="x"), read(full_of(text, text), BUSY, title=text)
    assert hostile.elements == harmless.elements
    assert (hostile.open, hostile.unbalanced) == ([], [])


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=50, deadline=None)
@given(texts, st.sampled_from(["", "/", "https://example.org/"]))
def test_a_hostile_target_is_an_address_or_nothing(text, beginning):
    elements = read(full_of("x", beginning + text), title="x").elements
    assert [element for element in elements if element[0] != "a"] == read(full_of("x"), title="x").elements
    for attributes in (attributes for name, attributes in elements if name == "a"):
        assert set(attributes) == {"href", "rel"}
        assert attributes["href"].startswith(("file:///", "http://", "https://"))


def test_the_texts_of_others_are_shown_as_they_are():
    page = read(Material([activity("goal_failed", "a <b> & {{ 7 * 7 }}")], "today"))
    assert page.in_element("bdi") == ["a <b> & {{ 7 * 7 }}"] * 2


# on the disk


def test_a_page_is_for_its_owner_alone(tmp_path):
    file = tmp_path / "digests" / "today.html"
    write(file, "é")
    assert file.read_text(encoding="utf-8") == "é"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_page_takes_the_place_of_the_one_before_and_of_what_was_left_of_it(tmp_path):
    file = tmp_path / "digests/today.html"
    file.parent.mkdir()
    file.write_text("before")
    (file.parent / ".today.html.new").write_text("half of a very long page")
    write(file, "after")
    assert {path.name: path.read_text() for path in file.parent.iterdir()} == {"today.html": "after"}


def test_a_folder_in_the_place_of_the_page_is_told_in_one_sentence(tmp_path):
    folder = tmp_path / "digests"
    (folder / "today.html").mkdir(parents=True)
    with pytest.raises(Unavailable, match=r"^/.*/today.html cannot be written: Is a directory$"):
        write(folder / "today.html", "x")
    assert [path.name for path in folder.iterdir()] == ["today.html"]


def test_a_file_in_the_place_of_the_folder_is_told_in_one_sentence(tmp_path):
    (tmp_path / "digests").write_text("")
    with pytest.raises(Unavailable, match=r"today.html cannot be written: (File exists|Not a directory)$"):
        write(tmp_path / "digests/today.html", "x")


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 16 KiB, which only root can make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_a_full_disk_is_told_in_one_sentence_and_keeps_the_page_before(small_disk):
    file = small_disk / "today.html"
    write(file, "before")
    with pytest.raises(Unavailable, match=r"^/.*/today.html cannot be written: No space left on device$"):
        write(file, "x" * 100_000)
    assert {path.name: path.read_text() for path in small_disk.iterdir()} == {"today.html": "before"}
