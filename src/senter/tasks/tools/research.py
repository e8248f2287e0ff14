"""The tool that searches the web, opens the best pages, ranks what they say and sums it up with citations.

Code chooses the pages, from the results of one search; no model is asked, and nothing that a page says is followed.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

from senter.tasks.text.ranking import Ranking
from senter.tasks.text.summary import summarise
from senter.tasks.text.words import content_words, helping_words
from senter.tasks.tools.addresses import target_of
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context, Tool, schema
from senter.tasks.tools.web_page import hosts_for_results, read_pages
from senter.tasks.tools.web_search import found_nothing, search

MOST_PAGES = 10
"""That are opened, however many results are asked for."""
LEAST_RESULTS = 10
"""How many results there are to choose from, where the engine has as many."""
MOST_PASSAGES = 12
"""Of all pages together, for the summary."""

QUOTED_ONLY = "no page could be read; the summary is of what the search engine quotes of them"


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """What the web says on ``query``: sentences of the best pages with citations, and the passages they are from.

    Raises InvalidArgument for an empty query, Denied or Unavailable when the web cannot be searched.
    """
    query = parameters["query"]
    found = search(query, context.search_url, max(LEAST_RESULTS, context.search_results))
    if not found:
        return Findings(notes=(found_nothing(query),))
    pages = best_pages(found, query, min(context.search_results, MOST_PAGES))
    titles = {page.source: page.title for page in pages}
    passages, notes = read_pages([page.source for page in pages], titles, query, hosts_for_results(context))
    if not passages:
        notes.append(QUOTED_ONLY)
    summary = summarise(query, _best(passages or pages, query))
    return Findings(summary.text, summary.sources, tuple(notes))


def best_pages(found: Sequence[Passage], query: str, most: int) -> list[Passage]:
    """The results of a search that fit a query best, best first, at most so many.

    Of each server the best one comes before the second of any other; what fits alike is in the order of the engine.
    """
    with closing(Ranking()) as ranking:
        for passage in found:
            ranking.add(passage)
        scores = ranking.scores((*content_words(query), *helping_words(query)))
    ranked = sorted(range(len(found)), key=lambda number: (-scores.get(number, 0.0), number))
    turns: dict[str, int] = {}
    turn_of = {}
    for number in ranked:
        host = target_of(found[number].source).host
        turn_of[number] = turns[host] = turns.get(host, 0) + 1
    return [found[number] for number in sorted(ranked, key=lambda number: turn_of[number])[:most]]


def _best(passages: Sequence[Passage], query: str) -> list[Passage]:
    """The passages that fit the query best, in the order of the pages."""
    with closing(Ranking()) as ranking:
        for passage in passages:
            ranking.add(passage)
        return ranking.best(content_words(query), MOST_PASSAGES, helping_words(query))


TOOL = Tool(
    "research",
    "Searches the web for a query, reads the best pages and sums up what they say, with citations.",
    schema(("query",), query={"type": "string"}),
    run,
    "web",
    tries=3,
    seconds=180.0,
)
