"""Opening a file or a URL in the user's own program for it."""

import asyncio
import os
import shutil

from senter.errors import Unavailable


async def open_for_user(target: str, token: str = "") -> None:
    """Open an absolute path or a URL; ``token``, if any, lets the program's window come to the front.

    Where systemd is, the program gets a unit of its own: it must not live in the unit of a service, which would
    take it along when it restarts. Raises Unavailable when there is nothing to open it with.
    """
    opener = shutil.which("xdg-open") or shutil.which("open")
    if not opener:
        raise Unavailable("there is no program xdg-open; install xdg-utils to open reports by a click")
    environment = {"XDG_ACTIVATION_TOKEN": token} if token else {}
    command = [opener, target]
    if runner := shutil.which("systemd-run"):
        command = [runner, *_options(environment), "--", opener, literal(target)]
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode:
        reason = complaint.decode(errors="replace").strip() or f"exit status {process.returncode}"
        raise Unavailable(f"{target} could not be opened: {reason}")


def _options(environment: dict[str, str]) -> list[str]:
    """Of systemd-run; the unit lives as long as what xdg-open has left running, not as long as xdg-open."""
    given = [f"--setenv={name}={value}" for name, value in environment.items()]
    return ["--user", "--collect", "--quiet", "--property=ExitType=cgroup", *given]


def literal(argument: str) -> str:
    """An argument in which systemd finds no variables to fill in from its environment (systemd.service(5))."""
    return argument.replace("$", "$$")
