"""What takes more computing than it may is given up."""

import signal
import time
from datetime import UTC, datetime

import pytest
from dateutil import tz
from dateutil.rrule import rrulestr

from senter.tasks.reader.watch import TooLong, Watch

NEVER = "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"


@pytest.fixture
def watch():
    """A watch that looks at the time."""
    before = signal.getsignal(signal.SIGVTALRM)
    watch = Watch()
    watch.begin()
    yield watch
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def computed(seconds):
    """Compute for so long."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_what_takes_too_long_is_given_up(watch):
    began = time.process_time()
    with pytest.raises(TooLong), watch.at_most(0.1):
        list(rrulestr(NEVER, dtstart=datetime(1970, 1, 1, tzinfo=UTC)))
    assert 0.1 <= time.process_time() - began < 1.0


def test_what_is_short_enough_is_not_given_up(watch):
    for _ in range(5):
        with watch.at_most(5.0):
            computed(0.05)


def test_afterwards_nothing_is_given_up(watch):
    with watch.at_most(0.01):
        pass
    computed(0.1)


def test_the_next_one_has_its_own_time(watch):
    for _ in range(2):
        with pytest.raises(TooLong), watch.at_most(0.05):
            computed(5.0)


def test_a_look_at_a_zone_is_not_interrupted_and_what_follows_is(watch):
    zone = {"__name__": tz.tz.__name__, "computed": computed}
    exec("def look():\n    computed(0.1)\n    return True", zone)
    looked = False
    with pytest.raises(TooLong), watch.at_most(0.02):
        looked = zone["look"]()
        computed(5.0)
    assert looked
