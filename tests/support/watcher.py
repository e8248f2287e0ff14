"""Somebody who remembers how a download went."""

from senter.cli.downloads.registry import ModelFile


class RememberingWatcher:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.checked: list[int] = []
        self.done: list[int] = []
        self.broken: list[str] = []

    def begins(self, file: ModelFile) -> None:
        """Remember the name."""
        self.begun.append(file.name)

    def checks(self, file: ModelFile, done: int) -> None:
        """Remember how far the check is."""
        self.checked.append(done)

    def at(self, file: ModelFile, done: int) -> None:
        """Remember how much there is."""
        self.done.append(done)

    def breaks(self, file: ModelFile, reason: str) -> None:
        """Remember why."""
        self.broken.append(reason)
