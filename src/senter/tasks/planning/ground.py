"""What a plan may be made of: the tools that are offered, and whatever these can be aimed at. Pure.

All that a tool can be aimed at is in the plan, and the plan is made before anything is read: files and recipients
are those that the user's own words name or the settings allow. What is read later cannot change it.
"""

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from senter.errors import InvalidArgument, SenterError
from senter.settings import TasksSettings
from senter.tasks.goal import COMPLETED, Task, current, lost
from senter.tasks.planning.plan import ADDRESS, MOST_STEPS, expanded, named_addresses, named_paths
from senter.tasks.tools.addresses import is_listed, is_public, target_of
from senter.tasks.tools.catalogue import TOOLS
from senter.tasks.tools.tool import Tool
from senter.wording import one_line, shortened


@dataclass(frozen=True)
class Ground:
    """What stands behind a plan: the words of the goal, the tools, and what was done before."""

    description: str
    tools: Mapping[str, Tool]
    hosts: tuple[str, ...] = ()
    """Servers that may be asked although their addresses are not public: ``host`` or ``host:port``."""
    tasks: tuple[Task, ...] = ()
    """The plan that is replaced: its numbers begin with 1, those of the new one come after them."""
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What the tools of these tasks were told, by the id of the task."""

    @property
    def done(self) -> set[int]:
        """The numbers of the tasks before that are completed: new ones may need them."""
        return {number for number, task in enumerate(self.tasks, 1) if task.status == COMPLETED}

    @property
    def most(self) -> int:
        """How many tasks a plan may have besides those that it does not replace."""
        return MOST_STEPS - len(current(self.tasks)) + len(lost(self.tasks))


def offered_tools(settings: TasksSettings) -> dict[str, Tool]:
    """The tools that plans may have; those that run commands only where the settings allow that."""
    return {name: tool for name, tool in TOOLS.items() if settings.commands or tool.permission != "command"}


def check_aims(tool: Tool, parameters: Mapping[str, Any], ground: Ground) -> None:
    """Raise InvalidArgument when a tool is aimed at what neither the goal nor the settings name."""
    for name, value in parameters.items():
        check = _written if name in PATHS and tool.permission == "write" else AIMS.get(name, _anything)
        for text in value if isinstance(value, list) else [value]:
            check(str(text), ground)


def _anything(_text: str, _ground: Ground) -> None:
    """For what aims at nothing, such as a query."""


def _document(path: str, ground: Ground) -> None:
    if not _is_below(path, named_paths(ground.description)):
        raise InvalidArgument(f"the goal does not name {_shown(expanded(path))}")


def _written(path: str, ground: Ground) -> None:
    if path.startswith(("/", "~")):
        _document(path, ground)
    elif ".." in PurePosixPath(path).parts:
        raise InvalidArgument(f"{_shown(path)} is not in the workspace of the goal")


def _recipient(text: str, ground: Ground) -> None:
    if not re.fullmatch(ADDRESS, text):
        raise InvalidArgument(f"{_shown(text)} is not a plain e-mail address")
    if text.lower() not in named_addresses(ground.description):
        raise InvalidArgument(f"the goal names no address {_shown(text)}")


def _page(url: str, ground: Ground) -> None:
    try:
        target = target_of(url)
    except SenterError as error:
        raise InvalidArgument(str(error)) from error
    if not is_listed(target, ground.hosts) and not _may_be_public(target.host):
        raise InvalidArgument(f"{_shown(target.host)} is not a public server")


def _may_be_public(host: str) -> bool:
    """Whether a name may lead to a public server: what it really leads to is checked when it is asked."""
    try:
        # also 127.1, 0x7f000001 and the like
        return is_public(host if ":" in host else socket.inet_ntoa(socket.inet_aton(host)))
    except (OSError, ValueError):
        return "." in host


def _is_below(path: str, folders: list[str]) -> bool:
    real = Path(expanded(path))
    return ".." not in real.parts and any(real.is_relative_to(folder) for folder in folders)


def _shown(text: str) -> str:
    return f'"{shortened(one_line(text))}"'


PATHS = ("path", "folder")
AIMS: dict[str, Callable[[str, Ground], None]] = {
    **dict.fromkeys(PATHS, _document),
    **dict.fromkeys(("to", "cc", "bcc"), _recipient),
    **dict.fromkeys(("url", "urls"), _page),
}
"""The parameters of tools that aim at something, by name, and what checks them."""
