"""Things fetched from the web, with limits on size, time and where a redirect may lead."""

import http.client
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.wording import one_line, shortened

AGENT = "Mozilla/5.0 (compatible; Senter)"
BLOCK = 65_536
SCHEMES = ("http", "https")
LONGEST_SILENCE = 10.0
"""Seconds without a byte after which a server is given up."""


@dataclass(frozen=True)
class Fetched:
    """What a server answered."""

    content: bytes
    kind: str
    """The media type, such as ``text/html``."""
    charset: str


def fetch_all(urls: Sequence[str], largest: int, seconds: float) -> list[Fetched | SenterError]:
    """What is at each URL, fetched at the same time: an answer of at most ``largest`` bytes, or why there is none.

    No URL takes longer than ``seconds`` in all, however slowly its server answers.
    """
    answers: queue.Queue[tuple[int, Fetched | SenterError]] = queue.Queue()
    ends = time.monotonic() + seconds

    def work(number: int, url: str) -> None:
        try:
            answers.put((number, _fetch(url, largest, ends)))
        except SenterError as error:
            answers.put((number, error))

    for number, url in enumerate(urls):
        # a daemon: a server that never ends its answer is left behind
        threading.Thread(target=work, args=(number, url), daemon=True).start()
    found: list[Fetched | SenterError] = [Unavailable(f"{host_of(url)} takes too long to answer") for url in urls]
    for _ in urls:
        try:
            number, answer = answers.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        found[number] = answer
    return found


def fetch(url: str, largest: int, seconds: float) -> Fetched:
    """What is at a URL. Raises InvalidArgument for what is not http or https, Unavailable when it cannot be had."""
    (answer,) = fetch_all([url], largest, seconds)
    if isinstance(answer, SenterError):
        raise answer
    return answer


def host_of(url: str) -> str:
    """The server of a URL, as it is told; the URL itself when that has none.

    Raises InvalidArgument for what is not an http or https URL.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and url.isprintable() and " " not in url:
            return one_line(parts.hostname)
    except ValueError:
        pass
    raise InvalidArgument(f'"{shortened(one_line(url), 100)}" is not the address of a web page')


class _OnlyTheWeb(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http and https only."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        """As the base class; a redirect elsewhere is an HTTPError."""
        if urllib.parse.urlsplit(newurl).scheme not in SCHEMES:
            raise urllib.error.HTTPError(req.full_url, code, "it leads away from the web", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """An opener that knows neither files nor FTP."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _OnlyTheWeb(),
    ):
        opener.add_handler(handler)
    return opener


def _fetch(url: str, largest: int, ends: float) -> Fetched:
    host = host_of(url)
    quoted = urllib.parse.quote(url, safe="%/:?#[]@!$&'()*+,;=~")
    request = urllib.request.Request(
        quoted, headers={"User-Agent": AGENT, "Accept": "text/html, text/*, */*;q=0.5"}
    )
    try:
        with _opener().open(request, timeout=LONGEST_SILENCE) as response:
            content = bytearray()
            while block := response.read1(BLOCK):
                content += block
                if len(content) > largest:
                    raise Unavailable(f"the answer of {host} is larger than {largest // 1_000_000} MB")
                if time.monotonic() > ends:
                    raise Unavailable(f"{host} takes too long to answer")
            headers = response.headers
            return Fetched(bytes(content), headers.get_content_type(), headers.get_content_charset() or "")
    except urllib.error.HTTPError as error:
        with error:
            raise Unavailable(f"{host} answers {error.code} {shortened(one_line(error.msg), 60)}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"{host} cannot be reached: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why a server cannot be reached, in a few words."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, OSError) and reason.strerror:
        return shortened(one_line(reason.strerror), 100)
    return shortened(one_line(str(reason)), 100) or type(error).__name__
