"""The reporter as the model workers see it, played by hand."""

import asyncio

from senter.errors import Unavailable

AWAY = Unavailable("the reporter is away")


class FakeReporter:
    """Takes notices and costs; ``away`` is the error it raises instead.

    ``told`` has the title, text and key of every notice, ``types`` their types, ``costs`` the key and the line of
    everything that a day has cost, ``until`` until when it is told. ``wanted`` says whether Senter is.
    """

    def __init__(self):
        self.away = None
        self.wanted = True
        self.asked = 0
        self.told = []
        self.types = []
        self.costs = []
        self.until = []
        self._answers = asyncio.Event()
        self._answers.set()

    def hold(self):
        """Take nothing until the event that is returned is set."""
        self._answers.clear()
        return self._answers

    async def is_wanted(self):
        """Whether Senter is to do anything by itself."""
        return self.wanted

    async def notify(self, title, text, options):
        """Take a notice."""
        await self._take()
        self.told.append((title, text, options.key))
        self.types.append(options.type)

    async def tell(self, section, key, lines, until):
        """Take what a day has cost."""
        assert section == "costs"
        await self._take()
        (line,) = lines
        self.costs.append((key, line))
        self.until.append(until)

    async def _take(self):
        self.asked += 1
        await self._answers.wait()
        if self.away:
            raise self.away
