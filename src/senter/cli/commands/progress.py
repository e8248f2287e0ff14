"""``senter progress``."""

from dataclasses import asdict
from datetime import datetime

import click

from senter.bus.connection import Connection
from senter.cli.outcome import ask, print_json, told_in_one_sentence
from senter.host.clock import parse_time
from senter.reporter.activity import Activity
from senter.reporter.client import ReporterClient

PAGE = 500


@click.command()
@click.option("--since", metavar="TIME", help='A time as systemd reads it: "09:00", "yesterday", "2 hours ago".')
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def progress(since: str | None, as_json: bool) -> None:
    """Tell what Senter did in the past 24 hours, or list all of it since a time."""
    if since is None and not as_json:
        click.echo(ask(lambda connection: ReporterClient(connection).progress()))
        return
    start = parse_time(since or "24 hours ago")
    activities = ask(lambda connection: _all_since(connection, start))
    if as_json:
        print_json([asdict(activity) for activity in activities])
        return
    for activity in activities:
        then = datetime.fromtimestamp(activity.time / 1_000_000).astimezone()
        click.echo(f"{then:%a %d %b %H:%M}  {activity.summary}")
    if not activities:
        click.echo("Nothing was done since then.")


async def _all_since(connection: Connection, start: int) -> list[Activity]:
    """Every activity from a time (µs) on, oldest first; what is logged meanwhile is not told twice."""
    reporter = ReporterClient(connection)
    found: dict[str, Activity] = {}
    offset = 0
    while page := await reporter.activities(start, PAGE, offset):
        found.update((activity.id, activity) for activity in page)
        offset += len(page)
    return sorted(found.values(), key=lambda activity: (activity.time, int(activity.id)))
