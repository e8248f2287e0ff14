"""What measuring in a private session needs: Senter installed, systemd asked, figures told."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
REFERENCE = "reference.service"

SMALLEST = """
import os, signal, socket
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
    channel.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\\0", 1))
signal.pause()
"""


def systemctl(*arguments: str) -> str:
    """Run ``systemctl --user``; its output."""
    return subprocess.run(
        ["systemctl", "--user", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def pid_of(unit: str) -> int:
    """The process of a unit, 0 for none."""
    return int(systemctl("show", "--property", "MainPID", "--value", unit))


def milliseconds(work: Callable[[], object]) -> float:
    """How long something takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def pss(pid: int) -> float:
    """Proportional set size of a process, MB (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


def install() -> None:
    """Install Senter from the checkout and start it, with a reference beside it: the smallest Python service."""
    home = Path.home()
    command = [REPOSITORY / "packaging/install-files", "install", "", home / ".local", sys.executable]
    subprocess.run(command, check=True)
    units = home / ".config/systemd/user"
    units.mkdir(parents=True)
    (home / "smallest.py").write_text(SMALLEST)
    (units / REFERENCE).write_text(
        f"[Service]\nType=notify\nExecStart={sys.executable} -I {home}/smallest.py\n"
        "Restart=on-failure\nRestartSec=100ms\n"
    )
    systemctl("daemon-reload")
    systemctl("start", "senter.target", REFERENCE)


def tell(what: str, figure: float, unit: str, reference: float) -> None:
    """One line: the figure, the reference, and their ratio."""
    print(f"{what:<32} {figure:8.2f} {unit:<3} reference {reference:8.2f}  ratio {figure / reference:6.2f}")
