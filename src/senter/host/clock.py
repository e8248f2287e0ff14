"""The local time, and times as people type them, read by systemd (systemd.time(7))."""

import os
import re
import shutil
import subprocess
import time
from datetime import datetime

from senter.errors import InvalidArgument, Unavailable

_SECONDS = re.compile(r"^\s*UNIX seconds: @(?P<seconds>\d+(\.\d+)?)$", re.MULTILINE)


def local_now() -> datetime:
    """The local time with its zone, also after the user has moved to another zone while this program ran."""
    time.tzset()
    return datetime.now().astimezone()


def parse_time(text: str) -> int:
    """Microseconds since the epoch of ``yesterday``, ``09:00``, ``2 hours ago``, ``2026-11-22 10:00``.

    Raises InvalidArgument for text that is no time, Unavailable without systemd.
    """
    program = shutil.which("systemd-analyze")
    if not program:
        raise Unavailable("times are read by systemd-analyze, which is not installed")
    command = [program, "timestamp", "--", text]
    environment = {**os.environ, "LC_ALL": "C"}
    result = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False, env=environment)
    found = _SECONDS.search(result.stdout)
    if result.returncode or not found:
        raise InvalidArgument(f"{text!r} is not a time; write 09:00, yesterday, or 2 hours ago")
    return int(float(found["seconds"]) * 1_000_000)
