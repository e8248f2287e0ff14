"""What is shown on the desktop: one notice, and what a click on it does."""

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from senter.bus.names import room_of_bus_name
from senter.bus.signatures import Str, Time
from senter.errors import InvalidArgument
from senter.reporter.activity import check_type, microseconds
from senter.wording import printable

URGENCIES = ("low", "normal", "critical")

URGENCY_OF_IMPORTANCE = {"high": "normal", "critical": "critical"}
"""Activities of these importances are shown at once; the others wait for progress and digest."""

DIGEST, AWAY, FOLD, APPROVAL = "digest", "away", "fold", "approval"
"""Types of notices that the reporter knows: its own, and a question for leave to do something."""

OWN_TYPES = (DIGEST, AWAY, FOLD)
"""What nobody else may call a notice or an activity."""

LONGEST_TITLE = 200
LONGEST_LABEL = 100
LONGEST_TARGET = 4096
"""Of what a click opens, and of what a button hands to its room."""
MOST_ACTIONS = 8

# A member name by the D-Bus Specification, "Valid Names".
_MEMBER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


class Action(NamedTuple):
    """A button: a click calls ``member`` of the room ``bus_name`` with ``argument``."""

    key: str
    label: str
    bus_name: str
    member: str
    argument: str


Actions = Annotated[list[Action], "a(sssss)"]


@dataclass(frozen=True)
class Notice:
    """Something to show, and whether it was."""

    id: Str
    time: Time
    title: Str
    body: Str
    urgency: Str = "normal"
    open: Str = ""
    """A file or URL that a click on the body opens."""
    actions: Actions = field(default_factory=list)
    type: Str = ""
    """A word such as ``digest``, ``budget``, or the type of the activity it tells."""

    @property
    def stands_alone(self) -> bool:
        """Whether it is shown by itself, however many others there are."""
        return bool(self.actions) or self.urgency == "critical" or self.type in (DIGEST, AWAY, FOLD, APPROVAL)

    @property
    def is_sticky(self) -> bool:
        """Whether it stays on the screen until the user has seen it."""
        return bool(self.actions) or self.urgency == "critical" or self.type in (DIGEST, AWAY, APPROVAL)


@dataclass(frozen=True)
class NotifyOptions:
    """Options of ``NotifyWith``."""

    urgency: Str = "normal"
    open: Str = ""
    key: Str = ""
    """A notice with a key that was given before is not shown again."""
    type: Str = ""
    """A word by which the user can switch such notices off; ``approval`` waits in digests until it is answered."""
    actions: Actions = field(default_factory=list)


def check(title: str, options: NotifyOptions) -> list[Action]:
    """Return the actions of a notice; raise InvalidArgument for anything that cannot be shown or done."""
    is_line = len(title.splitlines()) == 1 and printable(title, LONGEST_TITLE) == title
    if not title.strip() or not is_line:
        raise InvalidArgument(f"title must be 1 to {LONGEST_TITLE} printable characters on one line")
    if options.urgency not in URGENCIES:
        raise InvalidArgument(f"urgency must be one of {', '.join(URGENCIES)}, not {options.urgency!r}")
    if options.type:
        check_type(options.type)
    require_free(options.type, "type")
    check_open(options.open)
    if len(options.actions) > MOST_ACTIONS:
        raise InvalidArgument(f"actions must be at most {MOST_ACTIONS}")
    actions: list[Action] = []
    for row in options.actions:
        action = _action(row)
        room_of_bus_name(action.bus_name)
        if not _MEMBER.fullmatch(action.member):
            raise InvalidArgument(f"actions must name a member to call, not {action.member!r}")
        if len(action.label) > LONGEST_LABEL or len(action.key) > LONGEST_LABEL:
            raise InvalidArgument(f"actions must have keys and labels of at most {LONGEST_LABEL} characters")
        if len(action.argument) > LONGEST_TARGET:
            raise InvalidArgument(f"actions must have arguments of at most {LONGEST_TARGET} characters")
        actions.append(action)
    if len({action.key for action in actions}) < len(actions):
        raise InvalidArgument("each of actions must have a key of its own")
    return actions


def new(when: datetime, title: str, body: str, **more: Any) -> Notice:
    """A notice of a moment, with an id of its own; ``more`` are other fields."""
    return Notice(uuid.uuid4().hex, microseconds(when), title, body, **more)


def check_open(target: str) -> None:
    """Raise InvalidArgument for what a click cannot open."""
    if target and not target.startswith(("/", "https://", "http://", "file:///")):
        raise InvalidArgument(f"open must be an absolute path or a URL, not {target!r}")
    if len(target) > LONGEST_TARGET:
        raise InvalidArgument(f"open must be at most {LONGEST_TARGET} characters")


def require_free(word: str, argument: str, *more: str) -> None:
    """Raise InvalidArgument, naming the argument, for a type that is the reporter's own, or one of ``more``."""
    if word in (*OWN_TYPES, *more):
        raise InvalidArgument(f"{argument} must not be {word}, which has a meaning of its own")


def _action(row: object) -> Action:
    """The action that five texts from the bus make."""
    if (
        isinstance(row, list | Action)
        and len(row) == len(Action._fields)
        and all(type(text) is str for text in row)
    ):
        return Action(*row)
    raise InvalidArgument("each of actions must be five texts: key, label, bus name, member, argument")
