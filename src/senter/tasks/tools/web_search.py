"""The tool that asks a search engine."""

import json
import time
import urllib.parse
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.tasks.tools.addresses import is_page, target_of
from senter.tasks.tools.fetch import fetch, host_of
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.network_log import REQUESTS, Request
from senter.tasks.tools.tool import Context, Tool, schema
from senter.wording import one_line, shortened

LONGEST_QUERY = 400
LONGEST_SNIPPET = 2_000
LARGEST_ANSWER = 2_000_000
LONGEST_SEARCH = 15.0
LONGEST_WAIT_FOR_AN_ENGINE = 10

Result = tuple[str, str, str]
"""URL, title, snippet."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The first results for ``query``, one passage each: what the engine quotes of the page.

    Raises InvalidArgument for an empty query, Unavailable when the web cannot be searched.
    """
    query = parameters["query"]
    found = search(query, context.search_url, context.search_results)
    if not found:
        return Findings(notes=(found_nothing(query),))
    count = f"{len(found)} page{'' if len(found) == 1 else 's'}"
    return Findings(f'Found {count} for "{shortened(one_line(query), 100)}".', found)


def search(query: str, server: str, most: int) -> tuple[Passage, ...]:
    """The first results for a query, as ``run`` gives them, at most so many, each page once.

    ``server`` is the base URL of a SearXNG server, which may have an address that is not public; without one, the
    public engines are asked by ``ddgs``. Raises as ``run`` does, and Denied when the server may not be asked.
    """
    query = shortened(one_line(query), LONGEST_QUERY)
    if not query:
        raise InvalidArgument("query is empty")
    found: dict[str, Passage] = {}
    for url, title, snippet in _of_server(server, query) if server else _of_engines(query, most):
        if len(found) < most and is_page(url):
            text = shortened(one_line(snippet), LONGEST_SNIPPET)
            found.setdefault(url, Passage(url, "", shortened(one_line(title)), text))
    return tuple(found.values())


def found_nothing(query: str) -> str:
    """The note on a search without results."""
    return f'the web search for "{shortened(one_line(query), 100)}" found nothing'


def _of_server(base: str, query: str) -> Iterable[Result]:
    """The results of a SearXNG server."""
    url = f"{base.rstrip('/')}/search?{urllib.parse.urlencode({'q': query, 'format': 'json'})}"
    try:
        answer = json.loads(fetch(url, LARGEST_ANSWER, LONGEST_SEARCH, [_server(base)]).content)
        results = [each for each in answer["results"] if isinstance(each, dict)]
    except SenterError as error:
        raise type(error)(f"the web cannot be searched: {error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unavailable(f"the web cannot be searched: {host_of(base)} does not answer as SearXNG does") from error
    return [_result(each, "url", "content") for each in results]


def _server(base: str) -> str:
    """``host`` or ``host:port`` of a URL; nothing of what is none."""
    return target_of(base).authority if is_page(base) else ""


def _of_engines(query: str, most: int) -> Iterable[Result]:
    """The results of public search engines.

    The library has an HTTP client of its own: it chooses the engines and their addresses, so one line in the log
    stands for all it asks.
    """
    from ddgs import DDGS
    from ddgs.exceptions import DDGSException, TimeoutException

    REQUESTS.append(Request(time.time_ns() // 1000, f"search engines, by ddgs: {query}", outcome="failed"))
    try:
        results = DDGS(timeout=LONGEST_WAIT_FOR_AN_ENGINE).text(query, max_results=most)
    except TimeoutException as error:
        raise _failed("no search engine answers in time") from error
    except DDGSException as error:
        if "No results" not in str(error):
            raise _failed(_short(error)) from error
        results = []
    REQUESTS[-1] = replace(REQUESTS[-1], outcome=f"results: {len(results)}")
    return [_result(each, "href", "body") for each in results]


def _failed(reason: str) -> Unavailable:
    """What is raised when no engine answers; noted."""
    REQUESTS[-1] = replace(REQUESTS[-1], outcome=f"failed: {reason}")
    return Unavailable(f"the web cannot be searched: {reason}")


def _result(fields: Mapping[str, Any], url: str, snippet: str) -> Result:
    return tuple(str(fields.get(name) or "") for name in (url, "title", snippet))  # type: ignore[return-value]


def _short(error: Exception) -> str:
    """What went wrong, in a few words."""
    told = one_line(str(error))
    if any(word in told.casefold() for word in ("connect", "dns", "network", "resolve", "unreachable")):
        return "no search engine can be reached"
    return shortened(told, 100)


TOOL = Tool(
    "web_search",
    "Asks a search engine and gives the first results with their addresses.",
    schema(("query",), query={"type": "string"}),
    run,
    "web",
    tries=3,
)
