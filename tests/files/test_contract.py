"""What is on the bus is what the contract says, and the XML files say the same."""

import subprocess
import sys
from typing import get_type_hints
from xml.etree import ElementTree

import pytest
from files.source import REPOSITORY

from senter.bus.signatures import signature_of
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import NotifyOptions

INTERFACES = REPOSITORY / "units/interfaces"
DOCUMENTATION = "org.gtk.GDBus.DocString"

LIMIT_AND_OFFSET = "limit:u offset:u"

REPORTER = {
    "Log": ("activity_type:s summary:s importance:s", ""),
    "LogWith": ("activity_type:s summary:s options:a{sv}", ""),
    "Activities": (f"since:t {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Progress": ("", "s"),
    "Digest": ("hours:u", "s"),
    "SendDigest": ("kind:s", "s"),
    "Notify": ("title:s body:s urgency:s", "s"),
    "NotifyWith": ("title:s body:s options:a{sv}", "s"),
    "Pending": ("", "aa{sv}"),
    "Check": ("", "a(sss)"),
}
REPORTER_SIGNALS = {"ActionChosen": "id:s action:s", "Announced": "id:s text:s"}
REPORTER_PROPERTIES = {}

CONTRACT = {"ai.senter.Reporter1": (REPORTER, REPORTER_SIGNALS, REPORTER_PROPERTIES)}

STRUCTURES = {
    LogOptions: {"importance": "s", "details": "a{sv}", "key": "s"},
    NotifyOptions: {"urgency": "s", "open": "s", "key": "s", "actions": "a(sssss)"},
    Activity: {"id": "s", "time": "t", "type": "s", "source": "s", "summary": "s", "importance": "s"},
}

every_interface = pytest.mark.parametrize("name", CONTRACT)


def interface(name):
    """The element of an interface in its file."""
    (element,) = ElementTree.parse(INTERFACES / f"{name}.xml").getroot()
    assert (element.tag, element.get("name")) == ("interface", name)
    return element


def arguments(member, direction=None):
    """``name:type`` of every argument."""
    found = [argument for argument in member.iter("arg") if direction in (None, argument.get("direction"))]
    return " ".join(f"{argument.get('name')}:{argument.get('type')}" for argument in found)


def result(method):
    """The types a method answers."""
    return " ".join(argument.get("type") for argument in method.iter("arg") if argument.get("direction") == "out")


def documentation(element):
    """What an element says of itself."""
    return [note.get("value") for note in element.findall("annotation") if note.get("name") == DOCUMENTATION]


@every_interface
def test_the_methods_are_those_of_the_contract(name):
    written = {
        method.get("name"): (arguments(method, "in"), result(method)) for method in interface(name).iter("method")
    }
    assert written == CONTRACT[name][0]


@every_interface
def test_the_signals_are_those_of_the_contract(name):
    written = {signal.get("name"): arguments(signal) for signal in interface(name).iter("signal")}
    assert written == CONTRACT[name][1]


@every_interface
def test_the_properties_are_those_of_the_contract(name):
    written = {entry.get("name"): entry.get("type") for entry in interface(name).iter("property")}
    assert written == CONTRACT[name][2]


@pytest.mark.parametrize("kind", STRUCTURES, ids=lambda kind: kind.__name__)
def test_the_keys_are_those_of_the_contract(kind):
    hints = get_type_hints(kind, include_extras=True)
    assert {name: signature_of(hint) for name, hint in hints.items()} == STRUCTURES[kind]


def test_every_interface_has_a_contract():
    assert {path.stem for path in INTERFACES.glob("*.xml")} == set(CONTRACT)


@every_interface
def test_everything_says_what_it_is(name):
    element = interface(name)
    for member in [element, *element.findall("method"), *element.findall("signal"), *element.findall("property")]:
        (text,) = documentation(member)
        assert text.strip(), member.get("name")


@every_interface
def test_what_a_method_takes_as_options_is_said(name):
    for method in interface(name).iter("method"):
        if not method.get("name").endswith("With"):
            continue
        (text,) = documentation(method)
        keys = STRUCTURES[LogOptions if "Log" in method.get("name") else NotifyOptions]
        for key, signature in keys.items():
            assert f"{key} {signature}" in text, f"{method.get('name')} does not tell of {key}"


def test_the_files_are_what_the_code_says(tmp_path):
    subprocess.run([sys.executable, REPOSITORY / "packaging/interface-xml", tmp_path], check=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in INTERFACES.iterdir()}
    assert kept == written, "the files are stale; run: make docs"
