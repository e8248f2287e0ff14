"""``senter progress``."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TypeVar

import click

from senter.bus.connection import Connection
from senter.cli.outcome import ask, print_json, told_in_one_sentence
from senter.cli.typed import carried
from senter.host.clock import parse_time
from senter.reporter.activity import Activity
from senter.reporter.client import ReporterClient
from senter.reporter.summary import GOAL, KINDS, Summary

PAGE = 500

Entry = TypeVar("Entry")


@click.command()
@click.option("--since", metavar="TIME", help='A time as systemd reads it: "09:00", "yesterday", "2 hours ago".')
@click.option("--search", metavar="WORDS", help="Only what has these words, from all that is kept.")
@click.option("--by", "kind", type=click.Choice(KINDS), help="One line for each goal, or each time here and away.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def progress(since: str | None, search: str | None, kind: str | None, as_json: bool) -> None:
    """Tell what Senter did since you were here last, or list all of it since a time."""
    if kind and search is not None:
        raise click.UsageError("--by and --search do not go together")
    start = parse_time(since) if since is not None else None
    if kind:
        _print_summaries(ask(lambda connection: _summaries(connection, kind, start or 0)), kind, as_json)
    elif search is not None:
        words = carried(search)
        _print_activities(ask(lambda connection: _found(connection, words, start or 0)), as_json)
    elif start is None and not as_json:
        click.echo(ask(lambda connection: ReporterClient(connection).progress()))
    else:
        _print_activities(ask(lambda connection: _all_since(connection, start)), as_json)


def _print_activities(activities: list[Activity], as_json: bool) -> None:
    if as_json:
        return print_json([asdict(activity) for activity in activities])
    for activity in activities:
        click.echo(f"{_when(activity.time)}  {activity.summary}")
    if not activities:
        click.echo("Nothing was found.")


def _print_summaries(summaries: Sequence[Summary], kind: str, as_json: bool) -> None:
    if as_json:
        return print_json([asdict(summary) for summary in summaries])
    for summary in summaries:
        title = f"{summary.title} (goal {summary.id})" if kind == GOAL else summary.title
        click.echo(f"{_when(summary.began)} - {_when(summary.ended)}  {title}: {summary.text}")
    if not summaries:
        click.echo("Nothing was found.")


def _when(microseconds: int) -> str:
    return f"{datetime.fromtimestamp(microseconds / 1_000_000).astimezone():%a %d %b %H:%M}"


async def _all_since(connection: Connection, start: int | None) -> list[Activity]:
    """Every activity from a time (µs) on, oldest first; by default since the user was there last."""
    reporter = ReporterClient(connection)
    if start is None:
        start = await reporter.away_since() or parse_time("24 hours ago")
    return await _in_order(lambda limit, offset: reporter.activities(start, limit, offset))


async def _found(connection: Connection, words: str, start: int) -> list[Activity]:
    reporter = ReporterClient(connection)
    found = await _in_order(lambda limit, offset: reporter.search(words, limit, offset))
    return [activity for activity in found if activity.time >= start]


async def _in_order(read: Callable[[int, int], Awaitable[list[Activity]]]) -> list[Activity]:
    """All activities that ``read(limit, offset)`` gives, oldest first."""
    found = await _all(read, lambda activity: activity.id)
    return sorted(found, key=lambda activity: (activity.time, int(activity.id)))


async def _summaries(connection: Connection, kind: str, start: int) -> list[Summary]:
    """All summaries of a kind, oldest first."""
    reporter = ReporterClient(connection)
    found = await _all(
        lambda limit, offset: reporter.summaries(kind, start, limit, offset),
        lambda summary: (summary.id, summary.title),
    )
    return found[::-1]


async def _all(
    read: Callable[[int, int], Awaitable[list[Entry]]], identity: Callable[[Entry], Hashable]
) -> list[Entry]:
    """All that ``read(limit, offset)`` gives, page by page; what moves on because of news is not told twice."""
    found: dict[Hashable, Entry] = {}
    offset = 0
    while page := await read(PAGE, offset):
        for entry in page:
            found.setdefault(identity(entry), entry)
        offset += len(page)
    return list(found.values())
