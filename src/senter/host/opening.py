"""Opening a file or a URL in the user's own program for it."""

import asyncio
import shutil

from senter.errors import Unavailable


async def open_for_user(target: str) -> None:
    """Open an absolute path or a URL.

    Where systemd is, the program gets a unit of its own: it must not live in the unit of a service, which would
    take it along when it restarts. Raises Unavailable when there is nothing to open it with.
    """
    opener = shutil.which("xdg-open") or shutil.which("open")
    if not opener:
        raise Unavailable("there is no program xdg-open; install xdg-utils to open reports by a click")
    command = [opener, target]
    if runner := shutil.which("systemd-run"):
        command = [runner, "--user", "--collect", "--quiet", "--", *command]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    if process.returncode:
        reason = complaint.decode(errors="replace").strip() or f"exit status {process.returncode}"
        raise Unavailable(f"{target} could not be opened: {reason}")
