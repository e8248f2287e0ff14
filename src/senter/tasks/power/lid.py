"""How long a laptop whose lid is closed may go on. No bus, no clock.

All times are seconds of one clock that stands still while the machine sleeps: what counts is how long it goes on.
"""

from dataclasses import dataclass

from senter.settings import TasksSettings

UNKNOWN_CHARGE_SECONDS = 30 * 60.0
"""How long a closed laptop goes on with a battery of which nobody says how full it is, or whether it is used."""


@dataclass(frozen=True)
class Situation:
    """What is known of the work and of the machine."""

    is_working: bool
    """Whether a goal is being worked on: one that waits or pauses is none."""
    since: float
    """Since when the lid may be closed: when it was moved or seen open last, or the work began after that."""
    on_battery_since: float | None
    """When the machine was unplugged, or who would tell of that was lost; None while it is plugged in."""
    percent: float | None
    """How full the battery is; None when nobody says."""


def seconds_left(settings: TasksSettings, situation: Situation, now: float) -> float:
    """For how many seconds from now a closed lid may be kept from being sleep; 0 when not at all.

    Only while work is done, for ``lid_hours`` at most, and on battery only with ``lid_battery`` percent in it. Both
    bounds stay reached until ``since`` is another one, or the machine is plugged in.
    """
    if not situation.is_working:
        return 0.0
    ends = [situation.since + settings.lid_hours * 3600]
    if situation.on_battery_since is not None:
        if situation.percent is None:
            ends.append(max(situation.since, situation.on_battery_since) + UNKNOWN_CHARGE_SECONDS)
        elif situation.percent < settings.lid_battery:
            return 0.0
    return max(0.0, min(ends) - now)


def has_run_out(settings: TasksSettings, situation: Situation, now: float) -> bool:
    """Whether it is the time alone that is up, so that a lid found open would change that."""
    as_if_open = Situation(situation.is_working, now, situation.on_battery_since, situation.percent)
    return not seconds_left(settings, situation, now) and bool(seconds_left(settings, as_if_open, now))
