"""Running a program with nothing of the user's: in a transient unit of systemd without network, bus or home.

systemd leaves out silently what it cannot do, which differs by version and kernel. So a probe runs first, confined
in exactly the same way, and tries what must not be possible; where it succeeds with anything, nothing is run.

A program sees the system's programs and settings, an empty folder of its own, and no process but its own.
"""

import contextlib
import os
import re
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from senter.errors import Denied, Unavailable
from senter.host import session
from senter.host.opening import literal
from senter.wording import one_line, shortened

MOST_OUTPUT = 200_000
"""Bytes of output, and as many of complaints, that are kept; whoever writes more is ended."""
FOLDER = "/tmp"
"""What a confined program has for a home: empty, in memory, gone with it."""
STOP_SECONDS = 1.5
PROBE_SECONDS = 20.0

PROPERTIES = (
    # first, and without it systemd 252 ignores most of the others
    "PrivateUsers=yes",
    "PrivateNetwork=yes",
    "PrivateIPC=yes",
    "PrivateDevices=yes",
    f"TemporaryFileSystem=/:ro,nosuid,nodev,mode=755 {FOLDER}:nosuid,nodev,mode=700,size=64M"
    " /dev/shm:nosuid,nodev,mode=700,size=16M /dev/pts:ro",
    "BindReadOnlyPaths=/usr /etc -/bin -/sbin -/lib -/lib32 -/lib64 -/libx32 -/nix/store",
    "BindPaths=/proc",
    "NoNewPrivileges=yes",
    "LockPersonality=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    # mount: for the /proc of its own
    "SystemCallFilter=@system-service @mount",
    "SystemCallFilter=~@keyring socket io_uring_setup",
    "SystemCallErrorNumber=EPERM",
    "MemoryMax=1G",
    # where no memory is accounted for, this holds for each process
    "LimitDATA=1G",
    "MemorySwapMax=0",
    "TasksMax=64",
    "CPUQuota=100%",
    "Nice=10",
    "LimitFSIZE=64M",
    "LimitCORE=0",
    "OOMPolicy=continue",
    "KillSignal=SIGKILL",
    "TimeoutStopSec=2",
    f"WorkingDirectory={FOLDER}",
    "UMask=0077",
)
"""Of the unit of a program."""

_ENDED = "the confined program ended:"
_KEEPER = f"""echo 0 >/proc/sys/user/max_user_namespaces || exit 1
setpriv --ambient-caps=-all --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
printf '\\n{_ENDED} %d\\n' $? >&2"""
"""Process 1 of the program's own world: it gives up every privilege, and tells at last how the program ended."""

_KEPT_BY = (
    *("/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", f"HOME={FOLDER}", "LANG=C.UTF-8"),
    *("unshare", "--user", "--map-current-user", "--keep-caps", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("--", "/bin/sh", "-c", _KEEPER, "sh"),
)
"""What runs a program in a unit: without the environment of systemd, in process and user namespaces of its own."""

_PROBE = r"""can() { what=$1; shift; if "$@" >/dev/null 2>&1; then echo "can $what"; fi; }
can 'read the home' ls "$1"
can 'see the runtime folder' ls "$2"
can 'use the session bus' busctl "--address=$3" list
can 'use the network' timeout 1 busctl "--address=$4" list
for folder in /usr /etc; do
  can "write into $folder" sh -c 'touch "$0/.confined" && rm "$0/.confined"' $folder
done
can 'open terminals of the user' ls /dev/pts/*
can 'make namespaces' unshare --user true
can 'see other processes' test "$(cat /proc/1/comm)" != sh
for name in net mnt ipc pid user; do echo "$name $(readlink /proc/self/ns/$name)"; done
sed -n 's/:[[:space:]]*/ /p' /proc/self/status
busctl --version >/dev/null && touch here && echo 'tried all'
"""
"""Tries what must not be possible; its arguments are the home, the runtime folder, and addresses of two buses."""

_EXPECTED = ("tried all", "NoNewPrivs 1", "Seccomp 2", "CapEff 0000000000000000", "CapBnd 0000000000000000")
_NAMESPACES = ("net", "mnt", "ipc", "pid", "user")

_TRAILER = re.compile(rf"\n{_ENDED} (\d+)\n\Z".encode())
_OWN_SERVICE = re.compile(r"/user@\d+\.service/(?:.+/)?([^/]+\.service)$", re.MULTILINE)


@dataclass(frozen=True)
class Ended:
    """How a confined program ended."""

    status: int
    """Its exit status, 128 and the number of the signal that killed it, or -1: ended for writing too much."""
    output: bytes
    complaint: bytes
    """What it wrote to standard error."""

    @property
    def is_cut(self) -> bool:
        """Whether it wrote more than is kept."""
        return self.status < 0


def require(unit: str) -> None:
    """Prove, in a unit with this name, that programs are confined here. Raises Denied when they are not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"tcp:host=127.0.0.1,port={server.getsockname()[1]}"
        places = (
            str(Path.home()),
            str(session.runtime_folder()),
            session.bus_address() or "unix:path=/none",
            address,
        )
        try:
            tried = run(("/bin/sh", "-c", _PROBE, "sh", *places), b"", unit, PROBE_SECONDS)
        except Unavailable as error:
            raise Denied(f"programs cannot be confined here, so none is run: {error}") from error
        found = _holes(tried.output.decode(errors="replace").splitlines())
        with contextlib.suppress(BlockingIOError):
            server.accept()[0].close()
            found.append("can use the network of this machine")
    if found:
        raise Denied(f"programs cannot be confined here, so none is run: one {found[0]}")


def run(command: Sequence[str], given: bytes, unit: str, seconds: float) -> Ended:
    """Run a program, confined, in a unit with this name (without ``.service``), and wait until it has ended.

    Each word of ``command`` arrives as it is; ``given`` is its standard input. The unit is gone when this returns
    or raises, also by SystemExit, and it does not outlive the service that this process belongs to. Raises
    Unavailable when there is no systemd, when the unit cannot be, and when it takes longer than ``seconds``.
    """
    runner = shutil.which("systemd-run")
    if not runner:
        raise Unavailable("there is no systemd here")
    pipe = subprocess.PIPE
    with os.fdopen(os.memfd_create("input"), "w+b", buffering=0) as source:
        source.write(given)
        source.seek(0)
        arguments = [runner, *_options(unit, seconds), "--", *map(literal, (*_KEPT_BY, *command))]
        process = subprocess.Popen(arguments, stdin=source, stdout=pipe, stderr=pipe)
    try:
        output, complaint, is_cut = _written(process, seconds)
        if is_cut:
            return Ended(-1, output, complaint)
        process.wait()
    finally:
        _end(process, unit)
    if trailer := _TRAILER.search(complaint):
        return Ended(int(trailer[1]), output, complaint[: trailer.start()])
    raise Unavailable(f"systemd did not run it to its end: {_last_line(complaint) or process.returncode}")


def _options(unit: str, seconds: float) -> list[str]:
    """Of systemd-run."""
    holder = _OWN_SERVICE.search(Path("/proc/self/cgroup").read_text(encoding="utf-8"))
    bound = (f"BindsTo={holder[1]}", f"After={holder[1]}") if holder else ()
    properties = (*PROPERTIES, f"RuntimeMaxSec={seconds + 5:g}", *bound)
    how = ("--user", "--pipe", "--wait", "--collect", "--quiet", f"--unit={unit}", "--slice=app-senter.slice")
    return [*how, *(f"--property={each}" for each in properties)]


def _written(process: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes, bool]:
    """What a process writes until it closes both streams, and whether it wrote more than is kept.

    Raises Unavailable when that takes longer than ``seconds``.
    """
    deadline = time.monotonic() + seconds
    assert process.stdout and process.stderr
    with process.stdout, process.stderr, selectors.DefaultSelector() as selector:
        output, complaint = bytearray(), bytearray()
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, complaint)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise Unavailable(f"it took longer than {seconds:g} s and was ended")
            for key, _ in ready:
                piece = os.read(key.fd, MOST_OUTPUT)
                key.data.extend(piece)
                if not piece:
                    selector.unregister(key.fileobj)
                elif len(key.data) > MOST_OUTPUT:
                    return bytes(output[:MOST_OUTPUT]), bytes(complaint[:MOST_OUTPUT]), True
    return bytes(output), bytes(complaint), False


def _holes(lines: Sequence[str]) -> list[str]:
    """What a probe could do that it must not, in words, from what it wrote."""
    found = [line for line in lines if line.startswith("can ")]
    shared = [name for name in _NAMESPACES if f"{name} {os.readlink(f'/proc/self/ns/{name}')}" in lines]
    found += [f"shares the {name} namespace" for name in shared]
    return found + [f'does not show "{line}"' for line in _EXPECTED if line not in lines]


def _end(process: subprocess.Popen[bytes], unit: str) -> None:
    """End systemd-run and its unit, if they have not ended by themselves."""
    if process.poll() is None:
        # first the one that may still be about to start the other
        process.kill()
        process.wait()
        stop = [shutil.which("systemctl") or "systemctl", "--user", "stop", f"{unit}.service"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(stop, capture_output=True, timeout=STOP_SECONDS, check=False)


def _last_line(complaint: bytes) -> str:
    lines = complaint.decode(errors="replace").strip().splitlines()
    return shortened(one_line(lines[-1])) if lines else ""
