"""Showing something on the desktop."""

import pytest

from senter.errors import InvalidArgument
from senter.tasks.tools import notify
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context

WRITTEN = Context("tell me", earlier=Findings("The cure takes thirty days.", (Passage("/a", "", "", "not this"),)))


def shown(context=WRITTEN, **parameters):
    """The notice of a step."""
    return notify.run(parameters, context).notice


def test_a_title_and_a_text_are_shown_and_nothing_opens():
    assert shown(title="Done", text="It is ready.") == ("Done", "It is ready.", "")


def test_without_a_text_it_is_what_the_steps_before_wrote():
    assert shown(title="Done") == ("Done", "The cure takes thirty days.", "")
    assert shown(Context("tell me"), title="Done") == ("Done", "", "")


def test_the_step_says_what_it_showed():
    assert notify.run({"title": "Done"}, WRITTEN).text == 'Showed "Done".'


def test_the_title_is_one_line_and_both_have_their_lengths():
    title, text, _ = shown(title=f"a\nb\t{'c' * 500}", text="d " * 5_000)
    assert (title[:5], len(title), title[-1]) == ("a b c", notify.LONGEST_TITLE, "…")
    assert (len(text), text[-1]) == (notify.LONGEST_TEXT, "…")


def test_what_acts_on_a_screen_is_taken_out():
    assert shown(title="a\x1b[2J\u202eb", text="c\x07\nd") == ("a[2Jb", "c\nd", "")


@pytest.mark.parametrize("title", ["", " \n", "\x07"])
def test_a_title_that_cannot_be_seen_is_refused(title):
    with pytest.raises(InvalidArgument, match="title"):
        shown(title=title)
