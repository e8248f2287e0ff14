"""The tool that reads pages on the web."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.tasks.reader.documents import passages_of, title_of
from senter.tasks.text.ranking import Ranking
from senter.tasks.text.summary import question_of
from senter.tasks.text.words import content_words, helping_words
from senter.tasks.tools.fetch import SCHEMES, Fetched, fetch_all, host_of
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context, Tool, schema

MOST_PAGES = 3
"""Pages that are read when no step says which."""
MOST_NAMED = 10
MOST_PASSAGES = 8
"""Of one page."""
LARGEST_PAGE = 10_000_000
LONGEST_FETCH = 30.0


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The passages of the pages at ``url`` or ``urls`` that fit the question; else of the first pages found before.

    Raises InvalidArgument for an address that is not http or https, Unavailable when no page can be read.
    """
    titles = {passage.source: passage.title for passage in reversed(context.earlier.passages)}
    urls = _addresses(parameters, context)
    question = question_of(context.question)
    passages: list[Passage] = []
    notes: list[str] = []
    for url, answer in zip(urls, fetch_all(urls, LARGEST_PAGE, LONGEST_FETCH, context.hosts), strict=True):
        try:
            passages += _best(url, titles.get(url, ""), answer, question)
        except SenterError as error:
            notes.append(f"{url} was not read: {error}")
    if not passages:
        raise Unavailable(f"no page can be read: {'; '.join(notes)}")
    read = len(urls) - len(notes)
    return Findings(f"Read {read} page{'' if read == 1 else 's'} on the web.", tuple(passages), tuple(notes))


def _addresses(parameters: Mapping[str, Any], context: Context) -> list[str]:
    """The URLs to read, each once."""
    named = [parameters["url"]] if parameters.get("url") else []
    named += parameters.get("urls") or []
    for url in named:
        host_of(url)
    if len(set(named)) > MOST_NAMED:
        raise InvalidArgument(f"urls names more than {MOST_NAMED} pages")
    if named:
        return list(dict.fromkeys(named))
    sources = dict.fromkeys(passage.source for passage in context.earlier.passages)
    found = [source for source in sources if source.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))]
    if not found:
        raise Unavailable("there is no page to read: no step before found one")
    return found[:MOST_PAGES]


def _best(url: str, title: str, answer: Fetched | SenterError, question: str) -> list[Passage]:
    """The passages of one answer that fit; raises why there are none."""
    if isinstance(answer, SenterError):
        raise answer
    found = passages_of(answer.content, "the page", answer.kind, answer.charset)
    if not found:
        raise Unavailable("there is no text on the page")
    title = title or title_of(answer.content) or host_of(url)
    with closing(Ranking()) as ranking:
        for place, text in found:
            ranking.add(Passage(url, place, title, text))
        best = ranking.best(content_words(question), MOST_PASSAGES, helping_words(question))
    if not best:
        raise Unavailable("nothing on the page fits the question")
    return best


TOOL = Tool(
    "web_page",
    "Reads pages on the web, by default the first three that a search before found, for what fits the goal.",
    schema(url={"type": "string"}, urls={"type": "array", "items": {"type": "string"}}),
    run,
)
