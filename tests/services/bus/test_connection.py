"""Which signals a handler gets."""

from types import SimpleNamespace

import pytest

from senter.bus.connection import Match


def arrived(*body, interface="org.example", member="Changed", path="/org/example"):
    """A signal as it comes from the bus."""
    return SimpleNamespace(interface=interface, member=member, path=path, body=list(body))


def test_a_rule_names_only_what_is_asked_for():
    assert Match("org.example", "Changed").rule() == "type='signal',interface='org.example',member='Changed'"


def test_a_rule_names_everything_that_is_asked_for():
    rule = Match("i", "m", path="/p", sender=":1.2", arg0="a").rule()
    assert rule == "type='signal',interface='i',member='m',path='/p',sender=':1.2',arg0='a'"


def test_interface_and_member_must_be_the_same():
    match = Match("org.example", "Changed")
    assert match.matches(arrived())
    assert not match.matches(arrived(member="Removed"))
    assert not match.matches(arrived(interface="org.example.other"))


def test_a_path_is_compared_when_one_is_asked_for():
    assert Match("org.example", "Changed", path="/org/example").matches(arrived())
    assert not Match("org.example", "Changed", path="/org").matches(arrived())


def test_the_first_argument_is_compared_when_one_is_asked_for():
    match = Match("org.example", "Changed", arg0="one")
    assert match.matches(arrived("one", "two"))
    assert not match.matches(arrived("two", "one"))
    assert not match.matches(arrived())


@pytest.mark.parametrize(
    ("name", "inside"),
    [("ai.senter", True), ("ai.senter.Tasks1", True), ("ai.senterx", False), ("ai", False), ("", False)],
)
def test_a_namespace_ends_at_a_dot(name, inside):
    assert Match("org.example", "Changed", arg0namespace="ai.senter").matches(arrived(name)) is inside
