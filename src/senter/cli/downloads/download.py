"""Models from the web: resumed where they stopped, verified, and in their place only when all is well."""

import contextlib
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from senter.cli.downloads.part import Part, Watcher, WrongFile, alone, is_there, put_in_place, require_room, writing
from senter.cli.downloads.registry import Model, ModelFile
from senter.errors import Unavailable

MUCH = 1 << 20
"""Bytes after which a connection that breaks counts as the first that does."""
MOST_REDIRECTS = 5

OK, PARTIAL, UNSATISFIABLE = 200, 206, 416
PASSING = (408, 425, 429, 500, 502, 503, 504)
LEADS_NOWHERE = "its address leads nowhere"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server, and how often."""

    stalled_seconds: float = 30.0
    tries: int = 5
    """How many connections in a row may break."""
    pause_seconds: float = 1.0
    """Between the first two; doubled every time."""
    longest_wish_seconds: float = 60.0
    """How long to wait at most when the server asks for it."""


class _Broken(Exception):
    """The connection is lost, or the server cannot answer now and asks to be left alone for some seconds."""

    def __init__(self, reason: str, wish_seconds: float = 0.0) -> None:
        super().__init__(reason)
        self.wish_seconds = wish_seconds


def pull(model: Model, models: Path, watcher: Watcher, patience: Patience = Patience()) -> bool:
    """Download what is missing of a model into its place below the models folder; whether anything was.

    What is left of an earlier download is gone on with. All files are verified, then put in place, the one that
    others look for last. When this is interrupted or the network fails, what is there stays. Raises Busy when
    somebody else is downloading it, Unavailable with the reason when it cannot be had; after a wrong checksum or
    size nothing of it is left.
    """
    place = model.place(models)
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    with alone(model, place):
        missing = [file for file in model.files if not is_there(file, place, watcher)]
        if missing:
            require_room(missing, place)
            with contextlib.ExitStack() as stack:
                parts = [stack.enter_context(Part(file, place)) for file in missing]
                _complete(parts, watcher, patience)
            put_in_place(parts, place)
    return bool(missing)


def _complete(parts: list[Part], watcher: Watcher, patience: Patience) -> None:
    """Download and verify every part; after a wrong one none is left."""
    for part in parts:
        try:
            watcher.begins(part.file)
            part.read(watcher)
            _fetch(part, watcher, patience)
            if not part.is_sound:
                raise WrongFile("its checksum is wrong")
            part.settle()
        except WrongFile as error:
            for one in parts:
                one.remove()
            what = f"{part.file.name} from {urlsplit(part.file.url).hostname}"
            raise Unavailable(f"{what} is not the file it should be: {error}; nothing was kept") from error


def _fetch(part: Part, watcher: Watcher, patience: Patience) -> None:
    """Download what is missing of one file, over as many connections as it takes."""
    if part.size == part.file.size:
        return
    failures = 0
    # the most that was ever there: what comes anew after a new beginning is no progress
    best = part.size
    with _client(part.file, patience) as client:
        while part.size < part.file.size:
            try:
                _receive(client, part, watcher)
            except _Broken as error:
                failures = 1 if part.size - best >= MUCH else failures + 1
                best = max(best, part.size)
                if failures >= patience.tries:
                    raise Unavailable(f"{part.file.name} cannot be downloaded now: {error}") from error
                watcher.breaks(part.file, str(error))
                wish = min(error.wish_seconds, patience.longest_wish_seconds)
                time.sleep(max(patience.pause_seconds * 2 ** (failures - 1), wish))


def _client(file: ModelFile, patience: Patience) -> Any:
    """A client that follows redirects to https only; to http on this machine where the file itself is there."""
    import httpx2

    def require_safe(request: Any) -> None:
        target = urlsplit(str(request.url))
        if target.scheme not in ("http", "https"):
            raise Unavailable(
                f"{file.name} is not downloaded: its address leads to {target.scheme}:, not to https:"
            )
        local = all(url.scheme == "http" and url.hostname in _LOOPBACK for url in (urlsplit(file.url), target))
        if target.scheme != "https" and not local:
            raise Unavailable(f"{file.name} is not downloaded: {target.hostname} would send it without encryption")

    def require_address(response: Any) -> None:
        """A redirect that cannot be understood would be taken for a lost connection."""
        try:
            httpx2.URL(response.headers.get("Location", ""))
        except httpx2.InvalidURL as error:
            raise Unavailable(f"{file.name} cannot be downloaded: {LEADS_NOWHERE}") from error

    seconds = patience.stalled_seconds
    try:
        return httpx2.Client(
            follow_redirects=True,
            max_redirects=MOST_REDIRECTS,
            timeout=seconds,
            event_hooks={"request": [require_safe], "response": [require_address]},
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        raise Unavailable(f"the proxy that the environment names cannot be used: {error}") from error


def _receive(client: Any, part: Part, watcher: Watcher) -> None:
    """Take over what one connection brings. Raises _Broken when that is not the rest of it."""
    import httpx2

    headers = {"Accept-Encoding": "identity"}
    if part.size:
        headers["Range"] = f"bytes={part.size}-"
        headers |= {"If-Range": part.etag} if part.etag else {}
    try:
        with client.stream("GET", part.file.url, headers=headers) as response:
            _meet(response, part)
            for piece in response.iter_raw():
                part.write(piece)
                watcher.at(part.file, part.size)
    except httpx2.TooManyRedirects as error:
        raise Unavailable(f"{part.file.name} cannot be downloaded: {LEADS_NOWHERE}") from error
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError) as error:
        host = urlsplit(str(error.request.url)).hostname
        raise _Broken(f"{host} cannot be reached ({_without_number(error)})") from error
    except httpx2.TimeoutException as error:
        raise _Broken("the server is silent") from error
    except httpx2.TransportError as error:
        raise _Broken(f"the connection was lost ({_without_number(error)})") from error
    if part.size < part.file.size:
        raise _Broken("the server ended too early")


def _meet(response: Any, part: Part) -> None:
    """Make the part ready for what this answer brings, or raise what the answer means."""
    status, headers, size = response.status_code, response.headers, part.file.size
    if status in PASSING:
        wish = headers.get("Retry-After", "")
        asks = f" and asks to wait for {wish} s" if wish.isdecimal() else ""
        raise _Broken(f"the server answered {status}{asks}", float(wish) if asks else 0.0)
    if status == UNSATISFIABLE and part.size:
        part.start_anew()
        raise _Broken("the server has another file now")
    if status == PARTIAL and part.size:
        if headers.get("Content-Range", "") not in (f"bytes {part.size}-{size - 1}/{end}" for end in (size, "*")):
            part.start_anew()
            raise _Broken("the server has another file now")
    elif status == OK:
        part.start_anew(headers.get("ETag", ""))
        if headers.get("Content-Length", str(size)) != str(size):
            raise WrongFile(f"it has {headers['Content-Length']} bytes instead of {size}")
    else:
        answer = f"{response.url.host} answered {status} {response.reason_phrase}"
        raise Unavailable(f"{part.file.name} cannot be downloaded: {answer}")


def _without_number(error: Exception) -> str:
    """What an error says, without the number that the system gives it."""
    return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
