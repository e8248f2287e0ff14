"""What is on the bus is what the contract says, and the XML files say the same."""

import re
import subprocess
import sys
from typing import get_type_hints
from xml.etree import ElementTree

import pytest
from files.source import REPOSITORY

from senter.bus.signatures import signature_of
from senter.learning.event import EventRow, Recorded
from senter.learning.habits.goals import GoalPattern
from senter.learning.habits.sessions import Session
from senter.learning.knowing.summary import Profile, Statistics
from senter.learning.preferences.belief import Preference
from senter.models.request import GenerateOptions, Outcome
from senter.reporter.activity import Activity, LogOptions
from senter.reporter.notice import Notice, NotifyOptions
from senter.reporter.summary import Summary
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import Goal, GoalOptions, Task
from senter.tasks.tools.network_log import Request

INTERFACES = REPOSITORY / "units/interfaces"
DOCUMENTATION = "org.gtk.GDBus.DocString"

LIMIT_AND_OFFSET = "limit:u offset:u"

REPORTER = {
    "Log": ("activity_type:s summary:s importance:s", ""),
    "LogWith": ("activity_type:s summary:s options:a{sv}", ""),
    "Activities": (f"since:t {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Search": (f"query:s {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Summaries": (f"kind:s since:t {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Progress": ("", "s"),
    "AwaySince": ("", "t"),
    "Digest": ("hours:u", "s"),
    "PlainDigest": ("hours:u", "s"),
    "DigestPage": ("hours:u", "s"),
    "SendDigest": ("kind:s", "s"),
    "Tell": ("section:s key:s lines:as until:t", ""),
    "Notify": ("title:s body:s urgency:s", "s"),
    "NotifyWith": ("title:s body:s options:a{sv}", "s"),
    "Withdraw": ("id:s", ""),
    "Pending": ("", "aa{sv}"),
    "Check": ("", "a(sss)"),
}
REPORTER_SIGNALS = {"ActionChosen": "id:s action:s", "Announced": "id:s text:s"}
REPORTER_PROPERTIES = {}

ENGINE = {"Endpoint": ("", "s"), "Check": ("", "a(sss)")}
ENGINE_PROPERTIES = {"Model": "s", "State": "s", "Slots": "u"}

MODEL = {
    "Complete": ("prompt:s", "s"),
    "Generate": ("request_id:s messages:aa{sv} options:a{sv}", ""),
    "Cancel": ("request_id:s", ""),
    "Warm": ("", ""),
    "Embed": ("texts:as", "aad"),
    "Check": ("", "a(sss)"),
}
MODEL_SIGNALS = {"Delta": "request_id:s text:s", "Finished": "request_id:s outcome:s result:a{sv}"}
MODEL_PROPERTIES = {
    **{"Model": "s", "Provider": "s", "State": "s", "Queue": "u", "WaitedFor": "b", "RequestsProcessed": "t"},
    **{"TokensToday": "t", "MeanLatencyMs": "d", "Circuit": "s"},
}

TASKS = {
    "AddGoal": ("description:s", "s"),
    "AddGoalWith": ("description:s options:a{sv}", "s"),
    "CancelGoal": ("goal_id:s", ""),
    "RetryGoal": ("goal_id:s", ""),
    "GetGoal": ("goal_id:s", "a{sv}"),
    "ListGoals": (f"state:s {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Plan": ("goal_id:s", "aa{sv}"),
    "Result": ("goal_id:s", "s"),
    "Requests": (f"goal_id:s {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Approve": ("task_id:s", ""),
    "Deny": ("task_id:s", ""),
    "PendingApprovals": ("", "aa{sv}"),
    "UpdateTask": ("task_id:s status:s result:s", ""),
    "Pause": ("", ""),
    "Resume": ("", ""),
    "Check": ("", "a(sss)"),
}
TASKS_SIGNALS = {
    "GoalChanged": "id:s state:s",
    "TaskChanged": "id:s goal_id:s status:s",
    "GoalFinished": "id:s outcome:s report_path:s",
    "ApprovalRequested": "task_id:s what:s",
}

LEARNING = {
    "Record": ("type:s content:s metadata:a{sv}", ""),
    "RecordMany": ("events:aa{sv}", ""),
    "Feedback": ("request_id:s good:b note:s", ""),
    "Update": ("", "u"),
    "Profile": ("", "a{sv}"),
    "ProfileText": ("max_chars:u", "s"),
    "TopTopics": ("limit:u", "a(sdt)"),
    "Trends": ("days:u", "a(sd)"),
    "ActivityPattern": ("kind:s", "a{sd}"),
    "PeakHours": ("", "au"),
    "NextActive": ("", "(td)"),
    "Preferences": ("type:s", "aa{sv}"),
    "SetPreference": ("type:s key:s value:s", ""),
    "RecentEvents": ("type:s hours:u limit:u", "aa{sv}"),
    "Search": (f"query:s {LIMIT_AND_OFFSET}", "aa{sv}"),
    "Session": ("id:s", "a{sv}"),
    "Statistics": ("", "a{sv}"),
    "Forget": ("kind:s value:s", "t"),
    "Export": ("", "h"),
    "Check": ("", "a(sss)"),
}
LEARNING_SIGNALS = {"Recorded": "type:s", "ProfileChanged": ""}

CONTRACT = {
    "ai.senter.Learning1": (LEARNING, LEARNING_SIGNALS, {}),
    "ai.senter.Reporter1": (REPORTER, REPORTER_SIGNALS, REPORTER_PROPERTIES),
    "ai.senter.Engine1": (ENGINE, {}, ENGINE_PROPERTIES),
    "ai.senter.Model1": (MODEL, MODEL_SIGNALS, MODEL_PROPERTIES),
    "ai.senter.Tasks1": (TASKS, TASKS_SIGNALS, {}),
}

STRUCTURES = {
    EventRow: {"type": "s", "content": "s", "key": "s", "timestamp": "t", "metadata": "a{sv}"},
    Recorded: {
        **{"id": "s", "type": "s", "content": "s", "time": "t", "hour": "y", "day": "y", "session": "s"},
        **{"metadata": "a{sv}"},
    },
    Preference: {
        **{"type": "s", "key": "s", "value": "s", "confidence": "d", "evidence": "u", "set_by_user": "b"},
    },
    Session: {
        **{"id": "s", "began": "t", "ended": "t", "events": "u", "seconds": "d", "topics": "as", "style": "a{sv}"},
        **{"engagement": "d"},
    },
    Profile: {
        **{"total_interactions": "t", "unique_topics": "u", "top_topics": "as", "peak_hours": "au"},
        **{"preferences": "a{sv}", "next_active": "t", "next_active_confidence": "d", "digest_hour": "u"},
        **{"goals": "aa{sv}"},
    },
    GoalPattern: {
        **{"kind": "s", "goals": "u", "completed": "u", "completion_rate": "d", "usual_seconds": "d"},
    },
    Statistics: {
        **{"total_events": "t", "events_by_type": "a{sv}", "unique_topics": "u", "preferences_count": "u"},
        **{"sessions": "u"},
    },
    GenerateOptions: {
        **{"max_tokens": "u", "temperature": "d", "json_schema": "s", "tools": "s", "deadline_ms": "u"},
        **{"lane": "s", "account": "s"},
    },
    Outcome: {
        **{"text": "s", "error": "s", "model": "s", "provider": "s", "tokens_in": "u", "tokens_out": "u"},
        **{"first_token_ms": "d", "total_ms": "d", "cut": "b", "tool_calls": "a(ss)", "failure": "s"},
    },
    Goal: {
        **{"id": "s", "description": "s", "state": "s", "focus": "s", "origin": "s", "outcome": "s", "error": "s"},
        **{"report": "s", "planner": "s", "priority": "y", "created": "t", "started": "t", "finished": "t"},
        **{"tasks_done": "u", "tasks_total": "u", "deadline": "t"},
    },
    Task: {
        **{"id": "s", "goal_id": "s", "description": "s", "type": "s", "status": "s", "tool": "s", "error": "s"},
        **{"summary": "s", "priority": "y", "depends_on": "as", "created": "t", "started": "t", "finished": "t"},
        **{"attempts": "u", "not_before": "t", "replaced": "b"},
    },
    Approval: {
        **{"task_id": "s", "goal_id": "s", "title": "s", "kind": "s", "question": "s", "asked": "t", "until": "t"},
    },
    Request: {"time": "t", "url": "s", "address": "s", "outcome": "s", "task_id": "s"},
    GoalOptions: {"priority": "y", "focus": "s", "origin": "s", "key": "s", "deadline": "t"},
    LogOptions: {"importance": "s", "details": "a{sv}", "key": "s"},
    NotifyOptions: {"urgency": "s", "open": "s", "key": "s", "type": "s", "actions": "a(sssss)"},
    Activity: {
        **{"id": "s", "time": "t", "type": "s", "source": "s", "summary": "s", "importance": "s"},
        **{"goal": "s", "open": "s"},
    },
    Notice: {
        **{"id": "s", "time": "t", "title": "s", "body": "s", "urgency": "s", "open": "s"},
        **{"actions": "a(sssss)", "type": "s"},
    },
    Summary: {"id": "s", "title": "s", "text": "s", "began": "t", "ended": "t", "activities": "u"},
}

OPTIONS = {
    "AddGoalWith": GoalOptions,
    "Generate": GenerateOptions,
    "LogWith": LogOptions,
    "NotifyWith": NotifyOptions,
}
"""What each method takes as its options."""

ANSWERS = {
    **{"GetGoal": Goal, "Plan": Task, "Finished": Outcome},
    **{"Activities": Activity, "Summaries": Summary, "Pending": Notice},
}
"""What each method answers, or each signal carries, as named values."""

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
        assert (method.get("name") in OPTIONS) == ("options:a{sv}" in arguments(method)), method.get("name")
        for key, signature in STRUCTURES.get(OPTIONS.get(method.get("name")), {}).items():
            (text,) = documentation(method)
            assert f"{key} {signature}" in text, f"{method.get('name')} does not tell of {key}"


@every_interface
def test_what_a_member_answers_is_said(name):
    for member in interface(name):
        for key in STRUCTURES.get(ANSWERS.get(member.get("name")), {}):
            (text,) = documentation(member)
            assert re.search(rf"\b{key}\b", text), f"{member.get('name')} does not tell of {key}"


def test_the_files_are_what_the_code_says(tmp_path):
    subprocess.run([sys.executable, REPOSITORY / "packaging/interface-xml", tmp_path], check=True)
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in INTERFACES.iterdir()}
    assert kept == written, "the files are stale; run: make docs"
