"""``senter profile``."""

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from senter import paths, settings
from senter.bus.connection import Connection
from senter.cli.commands.forgetting import forget
from senter.cli.outcome import PIPE_WIDTH, ask, print_json, told_in_one_sentence
from senter.cli.profile import tables, words
from senter.cli.profile.export import receive, replacing
from senter.cli.typed import carried
from senter.errors import ConfigurationError
from senter.host.clock import local_now
from senter.learning.client import LearningClient
from senter.learning.event import Recorded
from senter.wording import one_line

PAGE, MOST_TOPICS, MOST_DAYS = 200, 1000, 366
SET_OFF = "Learning is switched off in {}: [learning] enabled = false; it holds after: senter restart learning"

Result = TypeVar("Result")

as_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document.")


@click.group(invoke_without_command=True)
@as_json_option
@click.pass_context
def profile(context: click.Context, as_json: bool) -> None:
    """See and correct what Senter has learned of you; without a command, all of it in short."""
    if context.invoked_subcommand is None:
        context.invoke(show, as_json=as_json)
    elif as_json:
        raise click.UsageError("--json goes behind the command")


profile.add_command(forget)


@profile.command()
@as_json_option
@told_in_one_sentence
def show(as_json: bool) -> None:
    """Show what is known of you in short."""
    if as_json:
        return print_json(asdict(_ask_learning(lambda learning: learning.profile())))
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPE_WIDTH
    click.echo(words.summary(_ask_learning(_all_known), local_now(), width))
    with contextlib.suppress(ConfigurationError):
        if not settings.load(settings.LearningSettings, paths.config_file()).enabled:
            click.echo(SET_OFF.format(paths.config_file()))


@profile.command()
@click.option(
    "--limit", type=click.IntRange(1, MOST_TOPICS), default=20, show_default=True, help="How many at most."
)
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help="Compare so many days with as many before them.")
@as_json_option
@told_in_one_sentence
def topics(limit: int, days: int | None, as_json: bool) -> None:
    """List what you ask about.

    The weightiest first; the weight of what was said halves in 30 days.
    """
    found = _ask_learning(lambda learning: _topics(learning, limit, days or 0))
    if as_json:
        print_json([asdict(topic) for topic in found])
    elif found:
        tables.print_topics(found, days or 0, local_now())
    else:
        click.echo("No topic is known yet.")


@profile.command()
@as_json_option
@told_in_one_sentence
def hours(as_json: bool) -> None:
    """Show at which hours and on which days you are there."""

    async def patterns(learning: LearningClient) -> tuple[dict[str, float], dict[str, float], list[int]]:
        by_hour, by_day = await learning.activity_pattern("hour"), await learning.activity_pattern("day")
        return by_hour, by_day, await learning.peak_hours()

    by_hour, by_day, peaks = _ask_learning(patterns)
    if as_json:
        print_json({"hour": by_hour, "day": by_day, "peak_hours": peaks})
    elif by_hour:
        click.echo(words.hours_chart(by_hour, by_day, peaks))
    else:
        click.echo("When you are there is not known yet.")


@profile.command()
@as_json_option
@told_in_one_sentence
def preferences(as_json: bool) -> None:
    """List what you prefer, also what does not count yet."""
    found = _ask_learning(lambda learning: learning.preferences())
    if as_json:
        print_json([asdict(preference) for preference in found])
    elif found:
        tables.print_preferences(found)
    else:
        click.echo("No preference is known yet; set one with: senter profile set style response_length brief")


@profile.command()
@click.argument("words_found", metavar="WORDS...", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many at most.")
@as_json_option
@told_in_one_sentence
def search(words_found: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find what was said and done, newest first.

    It has all these words, or words that begin so.
    """
    query = carried(" ".join(words_found))
    found = _ask_learning(lambda learning: _found(learning, query, limit + 1))
    if as_json:
        print_json([asdict(event) for event in found[:limit]])
    elif found:
        tables.print_events(found[:limit], local_now())
        if len(found) > limit:
            click.echo(f"\nThere are older ones; see them with: --limit {2 * limit}")
    else:
        click.echo("Nothing was found.")


@profile.command("set")
@click.argument("kind", metavar="TYPE")
@click.argument("key")
@click.argument("value")
@told_in_one_sentence
def set_preference(kind: str, key: str, value: str) -> None:
    """Set what you want, whatever was learned.

    \b
    Senter knows:
      style response_length    brief, detailed
      style formality          formal, casual
      style technical_level    high, low
      schedule digest_hour     0 to 23
    """
    kind, key, value = carried(kind), carried(key), carried(value)
    _ask_learning(lambda learning: learning.set_preference(kind, key, value))
    name = f"{one_line(kind)} {one_line(key)}"
    click.echo(f'{name} is {one_line(value)}; take it back with: senter profile forget --preference "{name}"')


@profile.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default="-")
@told_in_one_sentence
def export(file: Path) -> None:
    """Write all that is known of you to FILE or stdout.

    A line of JSON for each event, preference and topic. Only you can read FILE; a broken export leaves none.
    """
    if str(file) == "-":
        return _export_to_stdout()
    with replacing(file) as out:
        lines = _export(out)
    click.echo(f"{words.counted(lines, 'line')} written to {one_line(carried(str(file)))}")


@profile.command()
@told_in_one_sentence
def update() -> None:
    """Learn from what is new, as the timer does."""
    changed = _ask_learning(lambda learning: learning.update())
    click.echo(f"Learned: {words.counted(changed, 'change')}." if changed else "There was nothing new to learn.")


async def _all_known(learning: LearningClient) -> words.Known:
    return words.Known(
        await learning.profile(),
        await learning.statistics(),
        await learning.preferences(),
        await learning.activity_pattern("hour"),
    )


async def _topics(learning: LearningClient, limit: int, days: int) -> list[tables.Topic]:
    """The weightiest topics, with their trends when days are given."""
    found = await learning.top_topics(limit)
    if not days:
        return [tables.Topic(*row) for row in found]
    changes = dict(await learning.trends(days))
    return [tables.ChangingTopic(topic, weight, seen, changes.get(topic)) for topic, weight, seen in found]


async def _found(learning: LearningClient, query: str, limit: int) -> list[Recorded]:
    """Events with these words, newest first; one that is written meanwhile does not have another told twice."""
    found: dict[str, Recorded] = {}
    offset = 0
    while len(found) < limit and (page := await learning.search(query, min(PAGE, limit - len(found)), offset)):
        found.update((event.id, event) for event in page)
        offset += len(page)
    return sorted(found.values(), key=lambda event: (-event.time, -int(event.id)))


def _export_to_stdout() -> None:
    # as a whole first: learning does not wait for somebody who reads it page by page
    with tempfile.TemporaryFile() as whole:
        _export(whole)
        whole.seek(0)
        shutil.copyfileobj(whole, sys.stdout.buffer)
        sys.stdout.flush()


def _export(out: BinaryIO) -> int:
    async def exported(connection: Connection) -> int:
        return await receive(await LearningClient(connection).export(), out)

    return ask(exported, pass_descriptors=True)


def _ask_learning(question: Callable[[LearningClient], Coroutine[Any, Any, Result]]) -> Result:
    return ask(lambda connection: question(LearningClient(connection)))
