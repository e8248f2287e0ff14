"""The tool that asks a search engine."""

import json
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.tasks.tools.fetch import fetch, host_of
from senter.tasks.tools.findings import Findings, Passage
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

    Raises Unavailable when the web cannot be searched.
    """
    query = shortened(one_line(parameters["query"]), LONGEST_QUERY)
    if not query:
        raise InvalidArgument("query is empty")
    asked = (
        _of_server(context.search_url, query) if context.search_url else _of_engines(query, context.search_results)
    )
    found: dict[str, Passage] = {}
    for url, title, snippet in asked:
        if len(found) < context.search_results and _is_a_page(url):
            text = shortened(one_line(snippet), LONGEST_SNIPPET)
            found.setdefault(url, Passage(url, "", shortened(one_line(title)), text))
    if not found:
        return Findings(notes=(f'the web search for "{shortened(query, 100)}" found nothing',))
    count = f"{len(found)} page{'' if len(found) == 1 else 's'}"
    return Findings(f'Found {count} for "{shortened(query, 100)}".', tuple(found.values()))


def _of_server(base: str, query: str) -> Iterable[Result]:
    """The results of a SearXNG server."""
    url = f"{base.rstrip('/')}/search?{urllib.parse.urlencode({'q': query, 'format': 'json'})}"
    try:
        answer = json.loads(
            fetch(url, LARGEST_ANSWER, LONGEST_SEARCH, [urllib.parse.urlsplit(base).netloc]).content
        )
        results = [each for each in answer["results"] if isinstance(each, dict)]
    except SenterError as error:
        raise Unavailable(f"the web cannot be searched: {error}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unavailable(f"the web cannot be searched: {host_of(base)} does not answer as SearXNG does") from error
    return [_result(each, "url", "content") for each in results]


def _of_engines(query: str, most: int) -> Iterable[Result]:
    """The results of public search engines."""
    from ddgs import DDGS
    from ddgs.exceptions import DDGSException, TimeoutException

    try:
        results = DDGS(timeout=LONGEST_WAIT_FOR_AN_ENGINE).text(query, max_results=most)
    except TimeoutException as error:
        raise Unavailable("the web cannot be searched: no search engine answers in time") from error
    except DDGSException as error:
        if "No results" in str(error):
            return []
        raise Unavailable(f"the web cannot be searched: {_short(error)}") from error
    return [_result(each, "href", "body") for each in results]


def _result(fields: Mapping[str, Any], url: str, snippet: str) -> Result:
    return tuple(str(fields.get(name) or "") for name in (url, "title", snippet))  # type: ignore[return-value]


def _is_a_page(url: str) -> bool:
    try:
        return bool(host_of(url))
    except InvalidArgument:
        return False


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
)
