"""A bus of a test's own: a real ``dbus-daemon`` without systemd, and what a test needs around it."""

import asyncio
import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE = 5.0

REPOSITORY = Path(__file__).resolve().parents[2]
REPORTER = (sys.executable, "-I", "-m", "senter.reporter")
ECHO = (sys.executable, "-I", str(REPOSITORY / "tests/support/echo.py"))
SENTER = (sys.executable, "-I", "-m", "senter.cli")

# The limits of /usr/share/dbus-1/session.conf that matter here: the built-in ones are those of a system bus.
_CONFIGURATION = """
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <keep_umask/>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
  <limit name="max_replies_per_connection">50000</limit>
  <limit name="max_match_rules_per_connection">50000</limit>
  <limit name="max_message_size">1000000000</limit>
  <limit name="max_incoming_bytes">1000000000</limit>
  <limit name="max_outgoing_bytes">1000000000</limit>
</busconfig>
"""


class PrivateBus:
    """A ``dbus-daemon`` that listens in ``folder`` and can be killed and started again at the same address."""

    def __init__(self, folder: Path) -> None:
        self.address = f"unix:path={folder}/socket"
        self._services = folder / "services"
        self._services.mkdir(parents=True)
        self._started = folder / "started"
        self._configuration = folder / "bus.conf"
        self._configuration.write_text(_CONFIGURATION.format(address=self.address, services=self._services))
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon; it can be connected to when this returns."""
        command = ["dbus-daemon", f"--config-file={self._configuration}", "--nofork", "--print-address"]
        self._daemon = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._daemon.stdout is not None
        assert self._daemon.stdout.readline().startswith(self.address.encode())

    def kill(self) -> None:
        """End the daemon without a warning, as ``kill -9`` does."""
        assert self._daemon is not None and self._daemon.stdout is not None
        self._daemon.kill()
        self._daemon.stdout.close()
        self._daemon.wait(DEADLINE)
        self._daemon = None

    def stop(self) -> None:
        """End the daemon and what it has started."""
        if self._daemon is None:
            return
        self.kill()
        for process in self._started.read_text().split() if self._started.exists() else ():
            # The daemon lets go of a program that has taken its name; a number may be a dead or another's program.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if self.address.encode() in Path(f"/proc/{process}/environ").read_bytes():
                    os.kill(int(process), signal.SIGKILL)

    def install(self, name: str, *command: str) -> None:
        """Make the daemon start a program for calls to a bus name."""
        if shutil.which(command[0]):
            command = ("/bin/sh", "-c", 'echo $$ >>"$0"; exec "$@"', str(self._started), *command)
        file = self._services / f"{name}.service"
        file.write_text(f"[D-BUS Service]\nName={name}\nExec={shlex.join(command)}\n")
        daemon = "org.freedesktop.DBus"
        reload = ["--print-reply", f"--dest={daemon}", f"/{daemon.replace('.', '/')}", f"{daemon}.ReloadConfig"]
        subprocess.run(["dbus-send", f"--bus={self.address}", *reload], check=True, capture_output=True)


class Inbox:
    """A signal handler that keeps what it is told until a test asks for it."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def __call__(self, *told: Any) -> None:
        self._told.put_nowait(told)

    async def next(self) -> tuple[Any, ...]:
        """The oldest thing told; waits for it."""
        async with asyncio.timeout(DEADLINE):
            return await self._told.get()

    def rest(self) -> list[tuple[Any, ...]]:
        """What else was told so far."""
        return [self._told.get_nowait() for _ in range(self._told.qsize())]


class Supervisor:
    """The other end of ``NOTIFY_SOCKET``: keeps the datagrams of a service, in their order."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder / "notify")
        self.datagrams: list[list[str]] = []
        self._arrived = asyncio.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.setblocking(False)
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    @property
    def lines(self) -> list[str]:
        """Every field told so far, such as ``READY=1``."""
        return [line for datagram in self.datagrams for line in datagram]

    async def wait(self, line: str) -> None:
        """Return when this field has been told."""
        async with asyncio.timeout(DEADLINE):
            while line not in self.lines:
                self._arrived.clear()
                await self._arrived.wait()

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _receive(self) -> None:
        self.datagrams.append(self._socket.recv(65536).decode().splitlines())
        self._arrived.set()


class Program:
    """A program under test, running."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.pid = process.pid

    def terminate(self) -> None:
        """Ask it to stop, as systemd does."""
        self.process.send_signal(signal.SIGTERM)

    async def end(self) -> tuple[int | None, str]:
        """Wait for its end: the exit code, and what it wrote to stderr."""
        async with asyncio.timeout(DEADLINE):
            _, complaint = await self.process.communicate()
        return self.process.returncode, complaint.decode()

    async def kill(self) -> None:
        """End it, if it still runs."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()


async def launch(*command: str, **environment: str) -> Program:
    """Start a program with additions to the environment of the test."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, env={**os.environ, **environment}, stdout=pipe, stderr=pipe
    )
    return Program(process)


async def finish(*command: str, **environment: str) -> tuple[int | None, str, str]:
    """Run a program to its end: exit code, stdout, stderr."""
    program = await launch(*command, **environment)
    try:
        async with asyncio.timeout(2 * DEADLINE):
            output, complaint = await program.process.communicate()
    finally:
        await program.kill()
    return program.process.returncode, output.decode(), complaint.decode()


async def until(condition: Callable[[], object]) -> None:
    """Return when something outside this process has come true, of which no signal tells."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


def open_descriptors() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))
