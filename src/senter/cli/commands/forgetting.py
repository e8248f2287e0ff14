"""``senter profile forget``."""

import sys
from datetime import datetime

import click

from senter.cli.outcome import FAILED, ask, complain, told_in_one_sentence
from senter.cli.profile.words import forgotten, when
from senter.cli.typed import carried
from senter.host.clock import local_now, parse_time
from senter.learning.client import LearningClient
from senter.wording import one_line

TOPIC, BEFORE, SINCE, PREFERENCE, EVERYTHING = "topic", "before", "since", "preference", "everything"


@click.command()
@click.option("--topic", metavar="T", help="A topic, everything that mentions it, and the answers to that.")
@click.option("--before", metavar="TIME", help='What was before a time: "2026-01-01", "3 months ago".')
@click.option("--since", metavar="TIME", help='What was since a time: "09:00", "yesterday", "2 hours ago".')
@click.option("--preference", metavar='"TYPE KEY"', help="A preference, learned or set.")
@click.option("--all", "everything", is_flag=True, help="Everything that is known of you.")
@click.option("--yes", is_flag=True, help="Do not ask before.")
@told_in_one_sentence
def forget(
    topic: str | None, before: str | None, since: str | None, preference: str | None, everything: bool, yes: bool
) -> None:
    """Forget what was learned, and what it was learned from."""
    named = {
        TOPIC: topic,
        BEFORE: before,
        SINCE: since,
        PREFERENCE: preference,
        EVERYTHING: "" if everything else None,
    }
    chosen = [(kind, value) for kind, value in named.items() if value is not None]
    if len(chosen) != 1:
        raise click.UsageError("Name one of --topic, --before, --since, --preference, --all")
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("Without a terminal to ask at, this needs --yes")
    kind, typed = chosen[0]
    value = _meant(kind, typed)
    question = f"Forget {_in_words(kind, value, local_now())}? It cannot be brought back."
    if not yes and not _agreed(question):
        complain("nothing was forgotten")
        raise SystemExit(FAILED)
    count = ask(lambda connection: LearningClient(connection).forget(kind, value))
    click.echo(forgotten(kind, count))


def _agreed(question: str) -> bool:
    """Whether the user says yes; leaving with Ctrl-C is a no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        return False


def _meant(kind: str, typed: str) -> str:
    """What was typed, as learning takes it."""
    if kind in (BEFORE, SINCE):
        return str(parse_time(typed))
    text = " ".join(carried(typed).split())
    if kind == TOPIC and not text:
        raise click.UsageError("--topic is empty")
    if kind == PREFERENCE and len(text.split()) != 2:
        raise click.UsageError('--preference takes a type and a key: "style response_length"')
    return text


def _in_words(kind: str, value: str, now: datetime) -> str:
    told = {
        TOPIC: f'the topic "{one_line(value)}" and everything that mentions it',
        PREFERENCE: f"what you prefer for {one_line(value)}",
        EVERYTHING: "everything that is known of you",
    }
    return told.get(kind) or f"all that was {kind} {when(int(value), now)}"
