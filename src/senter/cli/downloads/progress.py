"""How a download goes, for people: a bar on a terminal, one line for every file elsewhere."""

import sys
from types import TracebackType
from typing import Any, Protocol, Self

import click

from senter.cli.downloads.part import Watcher
from senter.cli.downloads.registry import ModelFile, in_words


class Shown(Watcher, Protocol):
    """Shows downloads for the length of a block."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave what was shown last where it is."""


def shown() -> Shown:
    """What fits where the output goes."""
    return Bars() if sys.stdout.isatty() else Lines()


class Lines:
    """One line for every file when it begins, and one for every connection that is lost."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Everything has been said."""

    def begins(self, file: ModelFile) -> None:
        """Name it and its size."""
        click.echo(f"{file.name}  {in_words(file.size)}")

    def checks(self, file: ModelFile, done: int) -> None:
        """Say nothing."""

    def at(self, file: ModelFile, done: int) -> None:
        """Say nothing."""

    def breaks(self, file: ModelFile, reason: str) -> None:
        """Say why."""
        click.echo(f"{file.name}: {reason}; trying again", err=True)


class Bars:
    """A bar for every file, with its rate and the time that is left."""

    def __init__(self) -> None:
        from rich import progress

        self._bars = progress.Progress(
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            progress.DownloadColumn(),
            progress.TransferSpeedColumn(),
            progress.TimeRemainingColumn(),
            progress.TextColumn("{task.fields[remark]}", style="yellow", markup=False),
        )
        self._tasks: dict[str, Any] = {}
        self._checked: set[str] = set()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def begins(self, file: ModelFile) -> None:
        """Add its bar, or begin the one it has anew."""
        if file.name in self._tasks:
            self._bars.reset(self._tasks[file.name])
        else:
            self._tasks[file.name] = self._bars.add_task(file.name, total=file.size, remark="")

    def checks(self, file: ModelFile, done: int) -> None:
        """Move its bar; this tells nothing of the rate of the network."""
        self._checked.add(file.name)
        self._bars.update(self._tasks[file.name], completed=done, remark="checking")

    def at(self, file: ModelFile, done: int) -> None:
        """Move its bar."""
        if file.name in self._checked:
            self._checked.remove(file.name)
            self._bars.reset(self._tasks[file.name])
        self._bars.update(self._tasks[file.name], completed=done, remark="")

    def breaks(self, file: ModelFile, reason: str) -> None:
        """Say why, above the bars."""
        self._bars.console.print(f"{file.name}: {reason}; trying again", markup=False, style="yellow")
