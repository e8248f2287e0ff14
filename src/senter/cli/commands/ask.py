"""``senter ask``."""

import asyncio
import contextlib
import uuid

import click

from senter.bus.connection import Connection
from senter.bus.names import PRIMARY
from senter.cli.outcome import INTERRUPTED, ask, told_in_one_sentence, while_connected
from senter.cli.plain import PlainText
from senter.cli.typed import given
from senter.errors import ModelFailed, SenterError
from senter.learning.client import LearningClient
from senter.learning.event import QUERY, RESPONSE, Event
from senter.models.client import ModelClient
from senter.wording import one_line

LEARNING_SECONDS = 2.0
"""How long learning is waited for."""
LONGEST_PROFILE, LONGEST_WITH_PROFILE = 600, 50_000
"""How many characters of a question are what is known of the user, and how long one may be that gets them."""


@click.command("ask")
@click.argument("text", callback=given)
@click.option("--no-stream", is_flag=True, help="Print the answer when all of it is there.")
@told_in_one_sentence
def ask_model(text: str, no_stream: bool) -> None:
    """Ask the language model TEXT, or what stdin says when it is "-", and print its answer."""
    try:
        ask(lambda connection: while_connected(connection, _answer(connection, text, no_stream)))
    except KeyboardInterrupt:
        raise SystemExit(INTERRUPTED) from None


async def _answer(connection: Connection, text: str, no_stream: bool) -> None:
    """Print the answer as it comes; the request is cancelled when this is. Raises NoModel, ModelFailed."""
    pieces: asyncio.Queue[str | None] = asyncio.Queue()
    model, request = ModelClient(connection, PRIMARY), uuid.uuid4().hex
    question = await _for_user(connection, text)
    await _remember(connection, Event(QUERY, text, {"request_id": request}))
    asking = asyncio.ensure_future(
        model.generate([{"role": "user", "content": question}], on_text=pieces.put_nowait)
    )
    asking.add_done_callback(lambda _: pieces.put_nowait(None))
    shown = Printer()
    try:
        while not no_stream and (piece := await pieces.get()) is not None:
            shown.print(piece)
        outcome = await asking
        if no_stream:
            shown.print(outcome.text)
        if shown.empty:
            raise ModelFailed(f"{one_line(outcome.provider) or 'the language model'} gave an empty answer")
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        shown.end()
    await _remember(connection, Event(RESPONSE, outcome.text, {"request_id": request}))


async def _for_user(connection: Connection, text: str) -> str:
    """The question with what is known of the user; as it is where nothing is, or where that is not told at once."""
    profile = ""
    if len(text) <= LONGEST_WITH_PROFILE:
        with contextlib.suppress(SenterError, TimeoutError):
            async with asyncio.timeout(LEARNING_SECONDS):
                profile = await LearningClient(connection).profile_text(LONGEST_PROFILE)
    return f"{profile}\n\nAnswer in a way that suits the user:\n\n{text}" if profile else text


async def _remember(connection: Connection, event: Event) -> None:
    """Let learning know what was asked or answered. The answer is there whether that works or not."""
    with contextlib.suppress(SenterError, TimeoutError):
        async with asyncio.timeout(LEARNING_SECONDS):
            await LearningClient(connection).record(event)


class Printer:
    """Prints pieces of a text on stdout, harmless, and sees to it that its last line ends."""

    def __init__(self) -> None:
        self._plain = PlainText()
        self._last = "\n"
        self.empty = True
        """Whether nothing was printed that can be seen."""

    def print(self, piece: str) -> None:
        """Print one piece at once."""
        if text := self._plain.feed(piece):
            click.echo(text, nl=False)
            self._last = text[-1]
            self.empty = self.empty and text.isspace()

    def end(self) -> None:
        """End the last line, unless it has ended or nothing was printed."""
        if self._last != "\n":
            click.echo()
            self._last = "\n"
