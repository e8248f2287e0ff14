"""What may be shown."""

import pytest

from senter.errors import InvalidArgument
from senter.reporter.activity import IMPORTANCES
from senter.reporter.notice import URGENCIES, URGENCY_OF_IMPORTANCE, Action, NotifyOptions, check

STOP = ["stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7"]


def complaint(title="Title", **options):
    """What check says."""
    with pytest.raises(InvalidArgument) as caught:
        check(title, NotifyOptions(**options))
    return str(caught.value)


def with_member(member):
    """The options of a notice whose button calls a member."""
    return {"actions": [["key", "Label", "ai.senter.Tasks1", member, ""]]}


def test_a_plain_notice_is_fine():
    assert check("Title", NotifyOptions()) == []


@pytest.mark.parametrize("title", ["x", "x" * 200, "Größe 📊", "a <b>title</b>"])
def test_a_title_is_any_line_of_text(title):
    check(title, NotifyOptions())


@pytest.mark.parametrize("title", ["", "  ", "x" * 201, "two\nlines", "a\0b", "\x1b[31mred", "a\u202eb"])
def test_a_title_that_is_empty_long_or_not_printable_is_refused(title):
    assert complaint(title) == "title must be 1 to 200 printable characters on one line"


@pytest.mark.parametrize("urgency", URGENCIES)
def test_the_contract_names_the_urgencies(urgency):
    check("Title", NotifyOptions(urgency=urgency))
    assert URGENCIES == ("low", "normal", "critical")


def test_an_unknown_urgency_is_refused_and_the_known_ones_named():
    assert complaint(urgency="high") == "urgency must be one of low, normal, critical, not 'high'"


def test_important_activities_have_an_urgency_and_the_others_wait():
    assert URGENCY_OF_IMPORTANCE == {"high": "normal", "critical": "critical"}
    assert set(URGENCY_OF_IMPORTANCE) < set(IMPORTANCES)


@pytest.mark.parametrize("target", ["", "/home/me/report.md", "https://example.org/", "file:///tmp/a"])
def test_a_click_opens_a_path_or_an_address(target):
    check("Title", NotifyOptions(open=target))


@pytest.mark.parametrize("target", ["report.md", "javascript:alert(1)", "file://server/x", "--help", "~/x", " /x"])
def test_a_click_opens_nothing_else(target):
    assert complaint(open=target) == f"open must be an absolute path or a URL, not {target!r}"


def test_a_button_calls_a_room_of_senter():
    assert check("Title", NotifyOptions(actions=[STOP])) == [Action(*STOP)]


@pytest.mark.parametrize("name", ["org.freedesktop.systemd1", "ai.senter", "", ":1.7", "ai.senter.Tasks1.x.y"])
def test_a_button_calls_nobody_else(name):
    assert "is not the bus name of a room" in complaint(actions=[["key", "Label", name, "Stop", ""]])


@pytest.mark.parametrize("row", [[], STOP[:4], [*STOP, "more"], [*STOP[:4], 7]], ids=len)
def test_a_button_has_five_texts(row):
    assert complaint(actions=[row]) == (
        "each of actions must be five texts: key, label, bus name, member, argument"
    )


@pytest.mark.parametrize("member", ["", "two words", "a.b", "1st", "a-b"])
def test_a_button_names_a_member(member):
    assert complaint(**with_member(member)) == f"actions must name a member to call, not {member!r}"


@pytest.mark.parametrize("member", ["Größe", "\uff21sk", "x" * 256])
def test_a_member_that_the_bus_cannot_carry_is_refused_before_it_is_shown(member):
    assert complaint(**with_member(member)).startswith("actions must name a member to call")


def test_two_buttons_cannot_have_the_same_key():
    assert complaint(actions=[STOP, STOP]) == "each of actions must have a key of its own"


def test_what_a_click_hands_over_is_bounded():
    assert complaint(open="/" + "x" * 4096) == "open must be at most 4096 characters"
    long = [*STOP[:4], "x" * 4097]
    assert complaint(actions=[long]) == "actions must have arguments of at most 4096 characters"


@pytest.mark.parametrize("title", ["سلام می‌خواهم", "👩‍💻 at work", "Überblick"])
def test_a_title_is_in_any_language(title):
    assert check(title, NotifyOptions()) == []


@pytest.mark.parametrize("title", ["two\nlines", "two\u2028lines", "\x1b[31mred", "\u202eexe.txt", " ", "x" * 201])
def test_a_title_is_one_harmless_line(title):
    with pytest.raises(InvalidArgument, match="title must be 1 to 200 printable characters on one line"):
        check(title, NotifyOptions())
