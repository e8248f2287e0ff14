"""The units of Senter in the user's service manager: their state, and starting and stopping them.

This is for commands, which have nothing else to do meanwhile: pystemd blocks the whole process while it waits.
A service asks the manager over its own connection (``senter.bus.systemd``). Without a session bus every function
raises NotRunning, without a systemd on it Unavailable.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from senter.errors import NotRunning, Unavailable
from senter.host import session

SYSTEMD = b"org.freedesktop.systemd1"
ROOT = b"/org/freedesktop/systemd1"
MANAGER = b"org.freedesktop.systemd1.Manager"

JOB_TIMEOUT = 90.0
EXIT_EXEC = 203
"""systemd's own exit status for a program it could not execute (systemd.exec(5))."""

_NO_VALUE = 2**64 - 1
_CAUSES = {
    "exec": "its program cannot be executed",
    "exit-code": "it ended with exit status {status}",
    "signal": "it was killed by signal {signal}",
    "core-dump": "it was killed by signal {signal}",
    "watchdog": "it gave no sign of life and the watchdog ended it",
    "timeout": "it did not start or stop in time",
    "protocol": "it ended before it was ready",
    "resources": "the system lacked the resources to start it",
    "oom-kill": "it was killed because memory ran out",
}


@dataclass(frozen=True)
class Unit:
    """One unit as systemd sees it; times are microseconds since the epoch, 0 for never."""

    name: str
    loaded: bool
    active: str
    """``active``, ``activating``, ``deactivating``, ``inactive``, ``failed``."""
    since: int
    pid: int = 0
    memory: int = 0
    """Bytes; 0 when unknown."""
    restarts: int = 0
    doing: str = ""
    """What the service last said of itself (``STATUS=``)."""
    result: str = "success"
    exit_code: int = 0
    """The ``CLD_…`` code of the last main process (waitid(2))."""
    exit_status: int = 0
    last: int = 0
    """For a timer: when it last fired."""
    next: int = 0
    """For a timer: when it fires next."""

    @property
    def reason(self) -> str:
        """Why a failed unit failed, in words; empty for any other."""
        return self.cause if self.active == "failed" else ""

    @property
    def cause(self) -> str:
        """How the last run of a service ended, in words, when it did not end well; else empty."""
        result = self.result
        if result == "success":
            return ""
        if result == "start-limit-hit":
            result = "exit-code" if self.exit_code == os.CLD_EXITED else "signal"
        try:
            signal_name = signal.Signals(self.exit_status).name
        except ValueError:
            signal_name = str(self.exit_status)
        if result == "exit-code" and self.exit_status == EXIT_EXEC:
            result = "exec"
        cause = _CAUSES.get(result, result).format(status=self.exit_status, signal=signal_name)
        if result == "exit-code" and self.doing:
            cause += f" ({self.doing})"
        if not self.restarts:
            return cause
        times = "once" if self.restarts == 1 else f"{self.restarts} times"
        return f"it failed {times}, and at last {cause}"


def available() -> bool:
    """Whether there is a systemd on the session bus. Raises NotRunning when there is no bus."""
    try:
        with _manager():
            return True
    except Unavailable:
        return False


def read(name: str) -> Unit:
    """The state of one unit; ``loaded`` is False when there is no such unit. Starts nothing."""
    with _manager() as bus:
        return _read(bus, name)


def read_all(names: list[str]) -> list[Unit]:
    """The state of several units."""
    with _manager() as bus:
        return [_read(bus, name) for name in names]


def names_like(pattern: str) -> list[str]:
    """The names of the units that systemd has loaded or knows files of, by a shell pattern, sorted.

    Templates themselves are left out.
    """
    with _manager() as bus:
        loaded = _ask(bus, b"ListUnitsByPatterns", b"asas", [[], [pattern.encode()]]) or []
        files = _ask(bus, b"ListUnitFilesByPatterns", b"asas", [[], [pattern.encode()]]) or []
    found = {unit[0].decode() for unit in loaded} | {file[0].decode().rpartition("/")[2] for file in files}
    return sorted(name for name in found if "@." not in name)


def wants(name: str) -> list[str]:
    """The names of the units that a unit pulls in."""
    with _manager() as bus:
        path = _ask(bus, b"LoadUnit", b"s", [name.encode()])
        return [unit.decode() for unit in _properties(bus, path, "Unit")[b"Wants"]]


def start(name: str) -> None:
    """Start a unit and wait until it is up. Raises Unavailable with the reason when it does not come up."""
    _change(b"StartUnit", name)


def stop(name: str) -> None:
    """Stop a unit and wait until it is gone."""
    _change(b"StopUnit", name)


def restart(name: str) -> None:
    """Restart a unit, or start it, and wait until it is up. Raises Unavailable when it does not come up."""
    _change(b"RestartUnit", name)


def reset_failed(name: str) -> None:
    """Forget a unit's failures and start over with counting its starts."""
    with _manager() as bus:
        _ask(bus, b"ResetFailedUnit", b"s", [name.encode()])


@contextlib.contextmanager
def _manager() -> Iterator[Any]:
    try:
        from pystemd.dbusexc import DBusBaseError
        from pystemd.dbuslib import DBus, apply_signature
    except ImportError as error:
        raise Unavailable("there is no systemd here") from error
    address = session.bus_address()
    if not address:
        raise NotRunning("there is no session bus here")
    os.environ.setdefault("DBUS_SESSION_BUS_ADDRESS", address)
    bus = DBus(user_mode=True)
    arguments = apply_signature(b"s", [SYSTEMD])
    daemon = b"org.freedesktop.DBus"
    try:
        bus.open()
        owned = bus.call_method(daemon, b"/org/freedesktop/DBus", daemon, b"NameHasOwner", arguments).body
    except DBusBaseError as error:
        raise NotRunning(f"the bus at {address} cannot be reached") from error
    try:
        if not owned:
            raise Unavailable("there is no systemd on this session bus")
        yield bus
    except DBusBaseError as error:
        raise Unavailable(f"systemd answered: {error.err_message.splitlines()[0]}") from error
    finally:
        bus.close()


def _ask(bus: Any, method: bytes, signature: bytes = b"", arguments: list[Any] | None = None) -> Any:
    from pystemd.dbuslib import apply_signature

    return bus.call_method(SYSTEMD, ROOT, MANAGER, method, apply_signature(signature, arguments or [])).body


def _properties(bus: Any, path: bytes, interface: str) -> dict[bytes, Any]:
    from pystemd.dbuslib import apply_signature

    name = f"org.freedesktop.systemd1.{interface}".encode()
    properties = b"org.freedesktop.DBus.Properties"
    answer: dict[bytes, Any] = bus.call_method(
        SYSTEMD, path, properties, b"GetAll", apply_signature(b"s", [name])
    ).body
    return answer


def _read(bus: Any, name: str) -> Unit:
    path = _ask(bus, b"LoadUnit", b"s", [name.encode()])
    unit = _properties(bus, path, "Unit")
    active = unit[b"ActiveState"].decode()
    entered = b"ActiveEnterTimestamp" if active in ("active", "reloading") else b"InactiveEnterTimestamp"
    details: dict[str, Any] = {}
    if name.endswith(".service"):
        service = _properties(bus, path, "Service")
        memory = service[b"MemoryCurrent"]
        details = {
            "pid": service[b"MainPID"],
            "memory": _resident(service[b"MainPID"]) if memory == _NO_VALUE else memory,
            "restarts": service[b"NRestarts"],
            "doing": service[b"StatusText"].decode(errors="replace"),
            "result": service[b"Result"].decode(),
            "exit_code": service[b"ExecMainCode"],
            "exit_status": service[b"ExecMainStatus"],
        }
    elif name.endswith(".timer"):
        timer = _properties(bus, path, "Timer")
        next_time = timer[b"NextElapseUSecRealtime"]
        details = {"last": timer[b"LastTriggerUSec"], "next": 0 if next_time == _NO_VALUE else next_time}
    loaded = unit[b"LoadState"] == b"loaded"
    return Unit(name=name, loaded=loaded, active=active, since=unit[entered], **details)


def _resident(pid: int) -> int:
    """Bytes in memory of one process, for systems whose manager does not account for memory."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def _change(method: bytes, name: str) -> None:
    """Queue a job and wait for the end of it."""
    ended: dict[bytes, str] = {}

    def job_removed(message: Any, error: Any = None, userdata: Any = None) -> None:
        message.process_reply(False)
        _id, job, _unit, result = message.body
        ended[job] = result.decode()

    with _manager() as bus:
        bus.match_signal(SYSTEMD, ROOT, MANAGER, b"JobRemoved", job_removed)
        _ask(bus, b"Subscribe")
        job = _ask(bus, method, b"ss", [name.encode(), b"replace"])
        deadline = time.monotonic() + JOB_TIMEOUT
        while job not in ended:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Unavailable(f"{name} did not finish {method.decode()} within {JOB_TIMEOUT:g} s")
            bus.wait(int(left * 1_000_000))
            bus.process()
        unit = _read(bus, name)
    if ended[job] != "done":
        raise Unavailable(f"{name} could not be started: {unit.cause or ended[job]}")
