"""Python values on their way to the wire and back."""

from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from senter.bus import signatures
from senter.bus.library import SignatureTree, Variant
from senter.bus.signatures import U32, U64, Bool, Byte, Checks, Double, Options, Str, Strings, Time, pack, unpack
from senter.errors import InvalidArgument
from senter.reporter.activity import LogOptions
from senter.reporter.notice import Action, NotifyOptions

PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False)
VALUES = st.recursive(
    PLAIN | st.booleans() | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
    max_leaves=20,
)
ANYTHING = st.text(st.characters())


class Step(NamedTuple):
    """A structure inside a structure."""

    name: str
    reason: str


@dataclass(frozen=True)
class Goal:
    """A structure with a field of every kind."""

    name: Str
    priority: Byte = 5
    done: Bool = False
    share: Double = 0.0
    created: Time = 0
    words: Strings = field(default_factory=list)
    extra: Options = field(default_factory=dict)
    steps: Annotated[list[Step], "a(ss)"] = field(default_factory=list)


def verify(signature, value):
    """Raise what the library raises for a value that does not fit."""
    SignatureTree(signature).verify([value])


@given(st.dictionaries(PLAIN, VALUES))
def test_named_values_survive_the_way_over_the_wire(values):
    packed = pack(values)
    verify("a{sv}", packed)
    assert unpack(packed) == values


@given(st.builds(Goal, PLAIN, st.integers(0, 255), st.booleans(), st.floats(allow_nan=False)))
def test_a_structure_survives_the_way_over_the_wire(goal):
    packed = pack(goal)
    verify("a{sv}", packed)
    assert signatures.from_dict(Goal, unpack(packed)) == goal


@given(PLAIN)
def test_text_that_can_travel_is_not_touched(text):
    assert pack(text) == text


@given(ANYTHING)
def test_whatever_text_there_is_can_travel(text):
    packed = pack(text)
    assert "\0" not in packed
    packed.encode()


def test_what_cannot_travel_in_a_text_is_replaced_and_the_rest_stays():
    assert pack("a\0b\ud800c") == "a\ufffdb\ufffdc"
    assert pack({"ke\0y": 1}) == {"ke\ufffdy": Variant("x", 1)}


def test_a_field_has_the_type_of_its_annotation():
    packed = pack(Goal("g", steps=[Step("a", "b")], words=["w"]))
    assert packed["priority"] == Variant("y", 5)
    assert packed["created"] == Variant("t", 0)
    assert packed["steps"] == Variant("a(ss)", [["a", "b"]])
    assert packed["words"] == Variant("as", ["w"])
    assert packed["extra"] == Variant("a{sv}", {})


@pytest.mark.parametrize(
    ("value", "signature"),
    [
        *((True, "b"), ("t", "s"), (1.0, "d"), (1, "x"), (-1, "x"), (2**63 - 1, "x"), (2**63, "t")),
        *(({}, "a{sv}"), ([], "as"), (["a"], "as"), (["a", 1], "av"), (("a", "b"), "as")),
    ],
)
def test_a_value_without_annotation_has_the_type_that_fits(value, signature):
    assert pack({"value": value})["value"].signature == signature


@pytest.mark.parametrize("value", [None, {1, 2}, b"bytes", object(), 1j], ids=lambda value: type(value).__name__)
def test_a_value_without_a_type_on_the_bus_is_refused(value):
    with pytest.raises(TypeError):
        pack({"value": value})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_a_number_that_no_type_on_the_bus_holds_is_refused(value):
    with pytest.raises(TypeError):
        pack({"value": value})


def test_variants_are_taken_out_at_every_depth():
    inner = Variant("a{sv}", {"deep": Variant("av", [Variant("s", "x")])})
    assert unpack([{"top": inner}]) == [{"top": {"deep": ["x"]}}]


def test_a_signature_is_read_from_an_annotation():
    assert signatures.signature_of(Str) == "s"
    assert signatures.signature_of(Checks) == "a(sss)"
    assert signatures.signature_of(None) == ""


@pytest.mark.parametrize("annotation", [str, "s", Annotated[str, 1], dict[str, Any]], ids=repr)
def test_an_annotation_without_signature_is_refused(annotation):
    with pytest.raises(TypeError, match="has no D-Bus signature"):
        signatures.signature_of(annotation)


def test_keys_of_a_newer_room_are_left_out():
    assert signatures.from_dict(Goal, {"name": "g", "colour": "red"}) == Goal("g")


def test_an_answer_that_lacks_a_key_is_refused():
    with pytest.raises(TypeError):
        signatures.from_dict(Goal, {"priority": 3})


def test_options_that_are_not_given_have_their_defaults():
    assert signatures.options(LogOptions, {}) == LogOptions()


def test_an_unknown_option_is_named_along_with_those_there_are():
    with pytest.raises(InvalidArgument) as caught:
        signatures.options(LogOptions, {"importence": "high"})
    assert str(caught.value) == 'there is no option "importence"; there are: importance, details, key'


@pytest.mark.parametrize("value", [1, True, ["high"], {}, 1.5], ids=repr)
def test_an_option_of_the_wrong_type_is_named_with_the_type_it_should_have(value):
    with pytest.raises(InvalidArgument, match='option "importance" must be of type s'):
        signatures.options(LogOptions, {"importance": value})


@dataclass(frozen=True)
class Amounts:
    """Options that are numbers."""

    few: Byte = 1
    many: U32 = 1
    most: U64 = 1


LARGEST = {"few": 2**8 - 1, "many": 2**32 - 1, "most": 2**64 - 1}


@pytest.mark.parametrize(("name", "largest"), LARGEST.items())
def test_a_number_has_to_fit_its_type_whatever_type_it_was_sent_as(name, largest):
    for value in (0, largest):
        assert getattr(signatures.options(Amounts, {name: value}), name) == value
    for value in (-1, -(10**15), largest + 1):
        with pytest.raises(InvalidArgument, match=f'option "{name}" must be 0 to {largest}, not {value}'):
            signatures.options(Amounts, {name: value})


def test_only_options_that_differ_from_their_defaults_are_sent():
    assert signatures.options_to_send(LogOptions()) == {}
    assert signatures.options_to_send(LogOptions(key="k")) == {"key": Variant("s", "k")}


@given(st.builds(LogOptions, PLAIN, st.dictionaries(PLAIN, VALUES, max_size=3), PLAIN))
def test_options_arrive_as_they_were_sent(options):
    assert signatures.options(LogOptions, unpack(signatures.options_to_send(options))) == options


def test_actions_travel_as_structures():
    action = Action("stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7")
    sent = signatures.options_to_send(NotifyOptions(actions=[action]))
    assert sent == {"actions": Variant("a(sssss)", [list(action)])}
    assert signatures.options(NotifyOptions, unpack(sent)).actions == [list(action)]
