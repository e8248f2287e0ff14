"""``senter feedback``."""

import click

from senter.cli.outcome import ask, told_in_one_sentence
from senter.cli.typed import carried
from senter.learning.client import LearningClient

GOOD, BAD = "good", "bad"


@click.command()
@click.argument("judgement", metavar="good|bad", type=click.Choice([GOOD, BAD]))
@click.argument("note", metavar="[NOTE]", nargs=-1)
@told_in_one_sentence
def feedback(judgement: str, note: tuple[str, ...]) -> None:
    """Say that the last answer was good or bad, and in NOTE why: too long, too technical."""
    text = carried(" ".join(note))
    ask(lambda connection: LearningClient(connection).feedback(judgement == GOOD, text))
    click.echo(f"Noted: the last answer was {judgement}.")
