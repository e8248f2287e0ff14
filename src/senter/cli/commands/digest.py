"""``senter digest``."""

import click

from senter.cli.outcome import ask, print_json, told_in_one_sentence
from senter.reporter.client import ReporterClient


@click.command()
@click.option("--hours", type=click.IntRange(min=1), default=24, show_default=True, help="How far back.")
@click.option("--send", is_flag=True, help="Show the daily digest on the desktop, once a day, as the timer does.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@told_in_one_sentence
def digest(hours: int, send: bool, as_json: bool) -> None:
    """Sum up what Senter did."""
    if send:
        text = ask(lambda connection: ReporterClient(connection).send_digest())
    else:
        text = ask(lambda connection: ReporterClient(connection).digest(hours))
    if as_json:
        print_json({"sent": send and bool(text), "text": text})
    else:
        click.echo(text or "Today's digest was sent before.")
