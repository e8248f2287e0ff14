"""``senter digest``."""

import click

from senter.bus.connection import Connection
from senter.cli.outcome import ask, print_json, told_in_one_sentence
from senter.reporter.client import ReporterClient

USUAL_HOURS, MOST_HOURS = 24, 366 * 24


@click.command()
@click.option("--hours", type=click.IntRange(1, MOST_HOURS), help=f"How far back, {USUAL_HOURS} if not given.")
@click.option("--plain", is_flag=True, help="Without emoji, as where the terminal is not UTF-8.")
@click.option("--html", is_flag=True, help="Write it as a page with a chart of the week, and print its path.")
@click.option("--send", is_flag=True, help="Show the daily digest on the desktop, once a day, as the timer does.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def digest(hours: int | None, plain: bool, html: bool, send: bool, as_json: bool) -> None:
    """Sum up what Senter did."""
    if send and (hours or plain or html):
        raise click.UsageError("--send does not go with --hours, --plain or --html")
    if html and plain:
        raise click.UsageError("--html does not go with --plain")
    text = ask(lambda connection: _told(connection, hours or USUAL_HOURS, plain, html, send))
    if as_json:
        print_json({"page": text} if html else {"sent": send and bool(text), "text": text})
    else:
        click.echo(text or "Today's digest was sent before.")


async def _told(connection: Connection, hours: int, plain: bool, html: bool, send: bool) -> str:
    reporter = ReporterClient(connection)
    if send:
        return await reporter.send_digest()
    return await (reporter.digest_page(hours) if html else reporter.digest(hours, plain))
