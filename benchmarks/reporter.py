"""Figures of the reporter, each beside the same done without it in the same run.

``packaging/private-session --display python benchmarks/reporter.py`` measures these alone.
"""

import asyncio
import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from session import install, milliseconds, pid_of, pss, systemctl, tell

from senter import paths
from senter.bus.connection import Connection
from senter.bus.names import REPORTER
from senter.bus.signals import Match
from senter.reporter.client import ReporterClient

LOGS, AT_ONCE = 2000, 8
NOTICES = 30
NOTICE_PAUSE = 4.0
"""Seconds in which no more are shown alone than may be: three in ten seconds."""
BURST = 200
ROUNDS = 11
PAGE_ROUNDS = 5
MANY, VERY_MANY, OF_A_PAGE = 10_000, 100_000, 500
WORDS = ("bees", "honey", "winter", "hive", "queen", "swarm", "nectar", "pollen", "garden", "smoke")
RARE, RARE_EVERY = "propolis", 1000
"""A word that is in every so many activities."""

SERVER, SERVER_PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
ACTIVITIES = "SELECT id, time, type, source, summary, importance, goal, open FROM activities WHERE"
