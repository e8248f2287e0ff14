"""What ``senter status`` shows, as data. Pure: from units to rows."""

from dataclasses import dataclass

from senter.bus.names import Room
from senter.host.units import Unit
from senter.wording import one_line

RUNNING, STARTING, STOPPING = "running", "starting", "stopping"
IDLE, STOPPED, FAILED, MISSING = "idle, starts on demand", "stopped", "failed", "not installed"

_STATES = {"active": RUNNING, "activating": STARTING, "deactivating": STOPPING, "failed": FAILED}


@dataclass(frozen=True)
class Component:
    """One room; times are microseconds since the epoch, 0 for never."""

    component: str
    unit: str
    state: str
    pid: int
    memory: int
    restarts: int
    since: int
    doing: str
    """What the service says it does, or why it failed."""


@dataclass(frozen=True)
class Timer:
    """One timer; times are microseconds since the epoch, 0 for never."""

    timer: str
    state: str
    last: int
    next: int


@dataclass(frozen=True)
class Overview:
    """Everything at once."""

    running: bool
    """Whether ``senter.target`` is up."""
    components: list[Component]
    timers: list[Timer]


def overview(target: Unit, rooms: list[tuple[Room, Unit]], timers: list[Unit]) -> Overview:
    """Make rows of what systemd knows."""
    running = target.active == "active"
    return Overview(
        running=running,
        components=[_component(room, unit, running) for room, unit in rooms],
        timers=[Timer(unit.name, _STATES.get(unit.active, STOPPED), unit.last, unit.next) for unit in timers],
    )


def _component(room: Room, unit: Unit, target_running: bool) -> Component:
    state = _STATES.get(unit.active, IDLE if target_running else STOPPED)
    return Component(
        component=room.title,
        unit=unit.name,
        state=state if unit.loaded else MISSING,
        pid=unit.pid,
        memory=unit.memory if unit.pid else 0,
        restarts=unit.restarts,
        since=unit.since,
        doing=one_line(unit.reason or unit.doing),
    )
