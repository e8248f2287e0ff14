"""What digests are made of, and texts that want to be more than text."""

from datetime import datetime

from hypothesis import strategies as st

from senter.reporter.activity import Activity
from senter.reporter.digest.material import Material
from senter.reporter.digest.page import Day
from support.clock import BERLIN

MORNING = int(datetime(2026, 11, 22, 9, tzinfo=BERLIN).timestamp() * 1_000_000)
"""Sunday, nine o'clock in Berlin."""

MINUTE = 60_000_000

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style><h1>mine</h1><!--",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; ]]>",
    "\u202eexe.txt\u202c \x1b[31mred\x07\0",
    "two\nlines\u2028and\r\nmore",
    "\ud800 \ufffe",
    "x" * 1_000_000,
)
"""Summaries that other programs may log."""

SHORT_HOSTILE = HOSTILE[:-1]
"""Those that can be printed when a test fails."""

texts = st.one_of(st.text(st.characters()), st.sampled_from(SHORT_HOSTILE))


def activity(kind, summary="", minutes=0, goal="", target=""):
    """An activity of a type, some minutes after nine."""
    return Activity("1", MORNING + minutes * MINUTE, kind, ":1.1", summary or kind, "normal", goal, target)


def material(*kinds, **more):
    """A digest of one activity of each type, a minute apart, with numbered summaries."""
    done = [activity(kind, f"{kind} {number}", number) for number, kind in enumerate(kinds, 1)]
    return Material(done, "the past 24 hours", **more)


def week(*counts):
    """Seven days from Monday the 16th; those without counts are idle."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    counted = [*counts, *[{}] * (len(names) - len(counts))]
    return [Day(f"{name} {16 + number}", counted[number]) for number, name in enumerate(names)]
