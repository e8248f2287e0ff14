"""The tool that reads pages on the web.

It opens what the plan names or what a search before found, and nothing that stands on a page.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from typing import Any

from senter.errors import InvalidArgument, SenterError, Unavailable
from senter.tasks.reader.reader import Reader, Text
from senter.tasks.text.ranking import Ranking
from senter.tasks.text.summary import question_of
from senter.tasks.text.words import content_words, helping_words
from senter.tasks.tools.addresses import is_page, told
from senter.tasks.tools.fetch import Fetched, fetch_all, host_of, require_page
from senter.tasks.tools.findings import Findings, Passage
from senter.tasks.tools.tool import Context, Tool, schema

MOST_PAGES = 3
"""Pages that are read when no step says which."""
MOST_NAMED = 10
MOST_PASSAGES = 8
"""Of one page."""
LARGEST_PAGE = 10_000_000
LONGEST_FETCH = 30.0
LONGEST_READING = 10.0
"""Seconds for one page that was fetched."""


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """The passages of the pages at ``url`` or ``urls`` that fit the question; else of the first pages found before.

    Raises InvalidArgument for an address that is not http or https, Denied for one with a password in it,
    Unavailable when no page can be read.
    """
    titles = {passage.source: passage.title for passage in reversed(context.earlier.passages)}
    named = _named(parameters)
    urls = named or _found(context)
    hosts = context.hosts if named else hosts_for_results(context)
    passages, notes = read_pages(urls, titles, question_of(context.question), hosts)
    if not passages:
        raise Unavailable(f"no page can be read: {'; '.join(notes)}")
    read = len({passage.source for passage in passages})
    return Findings(f"Read {read} page{'' if read == 1 else 's'} on the web.", tuple(passages), tuple(notes))


def read_pages(
    urls: Sequence[str], titles: Mapping[str, str], question: str, hosts: Collection[str]
) -> tuple[list[Passage], list[str]]:
    """The passages of each page that fit a question best, page after page, and a note on each that was not read.

    ``titles`` are those known by URL; ``hosts`` are those of ``fetch_all``.
    """
    passages: list[Passage] = []
    notes: list[str] = []
    answers = fetch_all(urls, LARGEST_PAGE, LONGEST_FETCH, hosts)
    with Reader(LONGEST_READING) as reader:
        for url, answer in zip(urls, answers, strict=True):
            try:
                page = _read(answer, reader)
                passages += _best(url, titles.get(url) or page.title or host_of(url), page, question)
                notes += [f"{told(url)}: {note}" for note in page.notes]
            except SenterError as error:
                notes.append(f"{told(url)} was not read: {error}")
    return passages, notes


def hosts_for_results(context: Context) -> tuple[str, ...]:
    """The servers that a search may lead to although they are not public.

    What a server of the user finds may be his own; a public search engine tells what strangers want found.
    """
    return context.hosts if context.search_url else ()


def _named(parameters: Mapping[str, Any]) -> list[str]:
    """The URLs that the plan names, each once."""
    named = [parameters["url"]] if parameters.get("url") else []
    named += parameters.get("urls") or []
    for url in named:
        require_page(url)
    if len(set(named)) > MOST_NAMED:
        raise InvalidArgument(f"urls names more than {MOST_NAMED} pages")
    return list(dict.fromkeys(named))


def _found(context: Context) -> list[str]:
    """The URLs to read of those that were found before."""
    found = [
        source for source in dict.fromkeys(each.source for each in context.earlier.passages) if is_page(source)
    ]
    if not found:
        raise Unavailable("there is no page to read: no step before found one")
    return found[:MOST_PAGES]


def _read(answer: Fetched | SenterError, reader: Reader) -> Text:
    """The text of an answer; raises why there is none."""
    if isinstance(answer, SenterError):
        raise answer
    page = reader.read(answer.content, "the page", answer.kind, answer.charset)
    if not page.passages:
        raise Unavailable("there is no text on the page")
    return page


def _best(url: str, title: str, page: Text, question: str) -> list[Passage]:
    """The passages of a page that fit; raises Unavailable when there are none."""
    with closing(Ranking()) as ranking:
        for place, text in page.passages:
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
    "web",
    tries=3,
    seconds=180.0,
)
