"""Goals in the private session, as busctl and the disk show them, and a language model that follows a script."""

import ctypes
import json
import os
import sqlite3
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

from support import session
from support.provider_program import ProviderProgram
from support.session import until

DATA = session.HOME / ".local/share/senter"
REPORTS = DATA / "focuses/research"
WORKSPACE = DATA / "workspace"
MODELS = DATA / "models"
CONFIG = session.HOME / ".config/senter/config.toml"

TASKS = "ai.senter.Tasks1"
ENDED = {"completed", "failed", "cancelled"}

_IN_MOVED_TO, _IN_CREATE = 0x80, 0x100


def ask(member: str, *arguments: str) -> Any:
    """What a member of the tasks answers to busctl, without the types."""
    return _plain(json.loads(_busctl(member, *arguments).stdout)["data"][0])


def ask_nothing(member: str, *arguments: str) -> None:
    """Call a member of the tasks that answers nothing."""
    _busctl(member, *arguments)


def add(description: str) -> str:
    """Take a goal on; its id."""
    return str(ask("AddGoal", "s", description))


def add_with_key(description: str, key: str) -> str:
    """Take a goal on; its id if that was acknowledged."""
    answer = _busctl("AddGoalWith", "sa{sv}", description, "1", "key", "s", key, check=False)
    return str(json.loads(answer.stdout)["data"][0]) if answer.returncode == 0 else ""


def goal(goal_id: str) -> dict[str, Any]:
    """One goal."""
    return dict(ask("GetGoal", "s", goal_id))


def plan(goal_id: str) -> list[dict[str, Any]]:
    """The tasks of a goal."""
    return list(ask("Plan", "s", goal_id))


def states() -> dict[str, str]:
    """The state of every goal by its id; nothing while the tasks cannot be asked."""
    answer = _busctl("ListGoals", "suu", "", "1000", "0", check=False)
    rows = _plain(json.loads(answer.stdout)["data"][0]) if answer.returncode == 0 else []
    return {row["id"]: row["state"] for row in rows}


def await_end(*goal_ids: str, deadline: float = 30.0) -> list[dict[str, Any]]:
    """The goals, once all have ended."""

    def unfinished() -> list[str]:
        now = states()
        return [goal_id for goal_id in goal_ids if now.get(goal_id) not in ENDED]

    try:
        until(lambda: not unfinished(), "goals to end", deadline)
    except AssertionError as error:
        left = [(goal(goal_id), plan(goal_id)) for goal_id in unfinished()[:3]]
        raise AssertionError(f"{error}, among them {left}") from error
    return [goal(goal_id) for goal_id in goal_ids]


def await_state(goal_id: str, state: str) -> dict[str, Any]:
    """A goal, once it is in a state."""
    until(lambda: states().get(goal_id) == state, f"goal {goal_id} to be {state}")
    return goal(goal_id)


def report(goal_id: str) -> str:
    """The text of a goal's report."""
    return Path(ask("Result", "s", goal_id)).read_text()


def rows(database: str, question: str) -> list[tuple[Any, ...]]:
    """What SQLite answers about one of the databases."""
    connection = sqlite3.connect(f"file:{DATA / database}?mode=ro", uri=True)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def configure(text: str) -> None:
    """Write ``config.toml``."""
    CONFIG.parent.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text(text)


def use_providers(*providers: str) -> None:
    """Have both workers ask these, and no others."""
    configure(
        "".join(f"[models.{name}]\nproviders = {json.dumps(providers)}\n" for name in ("primary", "research"))
    )


def step(
    description: str, kind: str = "generate", tool: str = "", *needs: int, **parameters: Any
) -> dict[str, Any]:
    """One task of a plan, as a model writes it."""
    words = {"description": description, "type": kind, "tool": tool or None}
    return {**words, "tool_params": parameters, "depends_on": list(needs)}


def rule(match: str, text: str | list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What the model answers to a question that matches; a list is a plan."""
    return {"match": match, "text": text if isinstance(text, str) else json.dumps({"tasks": text}), **more}


class ScriptedModel(ProviderProgram):
    """A provider that answers by rules."""

    def __init__(self, folder: Path, *rules: dict[str, Any], port: int = 0, **more: Any) -> None:
        otherwise = {"status": 500, "text": "there is no rule"}
        super().__init__(folder, {"rules": rules, "default": otherwise, **more}, port)

    def questions(self) -> list[str]:
        """The last message of every request so far."""
        return [event["messages"][-1]["content"] for event in self.events("request")]


class Arrivals:
    """Counts how often a file of each name came to be in a folder, hidden ones left out (inotify(7))."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _IN_MOVED_TO | _IN_CREATE) > 0
        self.counts: dict[str, int] = {}

    def count(self) -> dict[str, int]:
        """The counts so far."""
        try:
            while True:
                self._take(os.read(self._descriptor, 65536))
        except BlockingIOError:
            return self.counts

    def _take(self, events: bytes) -> None:
        while events:
            _, _, _, length = struct.unpack_from("iIII", events)
            name = events[16 : 16 + length].rstrip(b"\0").decode()
            if not name.startswith("."):
                self.counts[name] = self.counts.get(name, 0) + 1
            events = events[16 + length :]


def pause(seconds: float) -> None:
    """Let time go by, in which something may go wrong."""
    time.sleep(seconds)


def _busctl(member: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    path = "/" + TASKS.replace(".", "/")
    command = ["busctl", "--user", "--timeout=15", "--json=short", "call", TASKS, path, TASKS, member, *arguments]
    answer = session.run(*command, check=False)
    assert answer.returncode == 0 or not check, answer.stderr
    return answer


def _plain(value: Any) -> Any:
    """A value of busctl's JSON without its types."""
    if isinstance(value, dict) and value.keys() == {"type", "data"}:
        return _plain(value["data"])
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
