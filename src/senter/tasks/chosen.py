"""Whether the values of ``[tasks]`` can be meant. Pure: no file is looked for, no server asked."""

import re
from collections.abc import Sequence

from senter.errors import ConfigurationError
from senter.settings import TasksSettings
from senter.tasks.tools.addresses import is_page, told

MOST_RESULTS = 50
MOST_HOURS = 24
SEARCH_URL = "empty or a URL such as http://localhost:8888, without password, ? and #"
SERVERS = "servers such as wiki.lan or nas.lan:8080"
PATHS = "absolute paths or begin with ~/"


def check(settings: TasksSettings) -> None:
    """Raise ConfigurationError, naming the key, for a value that would do harm or nothing."""
    for name in ("max_concurrent_tasks", "steps_per_goal", "minutes_per_goal"):
        if getattr(settings, name) < 1:
            raise ConfigurationError(f"[tasks] {name} must be at least 1")
    if not 1 <= settings.search_results <= MOST_RESULTS:
        raise ConfigurationError(
            f"[tasks] search_results must be 1 to {MOST_RESULTS}, not {settings.search_results}"
        )
    if not 0 <= settings.lid_hours <= MOST_HOURS:
        raise ConfigurationError(f"[tasks] lid_hours must be 0 to {MOST_HOURS}, not {settings.lid_hours:g}")
    if not 0 <= settings.lid_battery <= 100:
        raise ConfigurationError(f"[tasks] lid_battery must be 0 to 100, not {settings.lid_battery}")
    if settings.search_url and (not is_page(settings.search_url) or re.search(r"[?#]", settings.search_url)):
        raise ConfigurationError(f"[tasks] search_url must be {SEARCH_URL}")
    for server in settings.allowed_hosts:
        if not is_page(f"http://{server}") or re.search(r"[/?#]|:$", server):
            raise ConfigurationError(f"[tasks] allowed_hosts must be {SERVERS}, not {told(server)!r}")
    _require_paths("folders", settings.folders)
    _require_paths("calendars", settings.calendars)


def _require_paths(key: str, paths: Sequence[str]) -> None:
    for path in paths:
        if not re.fullmatch(r"(~|~?/[^\0]*)", path):
            raise ConfigurationError(f"[tasks] {key} must be {PATHS}, not {path!r}")
