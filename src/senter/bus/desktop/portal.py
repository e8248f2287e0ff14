"""Opening a file or a page of the web by way of the desktop's portal, which knows the user's program for it.

Source of names and meanings: the interfaces org.freedesktop.portal.OpenURI, org.freedesktop.portal.Request and
org.freedesktop.host.portal.Registry. Where there is no portal, or it cannot do it, the system opens the target.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from senter.bus.connection import BusError, Connection
from senter.bus.names import APPLICATION_ID
from senter.bus.runtime import first_of
from senter.bus.signals import Match
from senter.bus.signatures import pack
from senter.errors import SenterError, Unavailable
from senter.host import opening
from senter.wording import one_line, shortened

logger = logging.getLogger(__name__)

PORTAL = "org.freedesktop.portal.Desktop"
PORTAL_PATH = "/org/freedesktop/portal/desktop"
OPEN_URI = "org.freedesktop.portal.OpenURI"
REQUEST = "org.freedesktop.portal.Request"
REGISTRY = "org.freedesktop.host.portal.Registry"

ANSWER_TIMEOUT = 5.0
"""How long a portal may take to start, and to accept a request."""
CHOICE_TIMEOUT = 600.0
"""How long the user may think about which program to take; the portal closes its dialog when we leave."""

OPENED, DECLINED = 0, 1

_HANDLE = "opening"


async def open_target(target: str, token: str) -> None:
    """Open an absolute path, a ``file:`` URL or a page of the web in the user's own program for it.

    ``token`` is the activation token of the click, or empty. The program never lives in the unit of the caller.
    Returns when the portal has opened it, the user did not want it, or the system was told to open it. Raises
    Unavailable for a file that is not there or cannot be read, and when there is nothing to open it with.
    """
    path = unquote(urlsplit(target).path) if target.startswith("file:") else target
    descriptors = [await asyncio.to_thread(_opened, path)] if path.startswith("/") else []
    try:
        await _ask_portal(path, token, descriptors)
    except SenterError as reason:
        logger.info("The portal does not open %s: %s", one_line(path), reason)
        await opening.open_for_user(path, token)
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _opened(path: str) -> int:
    """A descriptor to read a file or folder; a pipe that nobody writes into does not hold it up."""
    name = shortened(one_line(path))
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise Unavailable(f"there is no file {name}") from error
    except OSError as error:
        raise Unavailable(f"{name} cannot be read: {error.strerror}") from error


async def _ask_portal(target: str, token: str, descriptors: Sequence[int]) -> None:
    """Have the portal open a URL, or the file behind a descriptor. Raises SenterError when it does not."""
    connection = Connection(pass_descriptors=True)
    try:
        own_name = await connection.open()
        if not await connection.owner(PORTAL):
            await connection.ask_daemon("StartServiceByName", "su", PORTAL, 0, timeout=ANSWER_TIMEOUT)
        await _register(connection)
        answered: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        path = f"{PORTAL_PATH}/request/{own_name.removeprefix(':').replace('.', '_')}/{_HANDLE}"
        match = Match(REQUEST, "Response", path=path, sender=PORTAL)
        async with connection.subscribed(match, lambda code, _results: _settle(answered, code)):
            await _request(connection, target, token, descriptors)
            code = await _response(connection, answered)
    finally:
        await connection.close()
    if code not in (OPENED, DECLINED):
        raise Unavailable(f"it answered {code}")


async def _register(connection: Connection) -> None:
    """Say who we are, so that the portal can tell the user; portals before 1.20 do not ask."""
    try:
        await _call(connection, REGISTRY, "Register", "sa{sv}", APPLICATION_ID, {})
    except BusError as error:
        logger.debug("The portal does not register us: %s", error)


async def _request(connection: Connection, target: str, token: str, descriptors: Sequence[int]) -> None:
    options: dict[str, Any] = {"handle_token": _HANDLE, "writable": False}
    if token:
        options["activation_token"] = token
    what: tuple[Any, ...] = ("OpenFile", "sha{sv}", "", 0) if descriptors else ("OpenURI", "ssa{sv}", "", target)
    await _call(connection, OPEN_URI, *what, pack(options), descriptors=descriptors)


async def _call(connection: Connection, interface: str, member: str, *rest: Any, **more: Any) -> Any:
    return await connection.call(PORTAL, PORTAL_PATH, interface, member, *rest, timeout=ANSWER_TIMEOUT, **more)


async def _response(connection: Connection, answered: asyncio.Future[int]) -> int:
    """What came of a request that was accepted.

    Silence is not a failure: the portal may be asking the user, and a second program would be one too many. Raises
    Unavailable when the portal leaves without an answer.
    """
    owner = await connection.owner(PORTAL)
    try:
        async with asyncio.timeout(CHOICE_TIMEOUT):
            await first_of(asyncio.wait({answered}), connection.wait_left(owner))
    except TimeoutError:
        return DECLINED
    if not answered.done():
        raise Unavailable("it left without an answer")
    return answered.result()


def _settle(answered: asyncio.Future[int], code: int) -> None:
    if not answered.done():
        answered.set_result(code)
