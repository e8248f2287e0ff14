"""A delivery with a screen, a clock and rooms that are not real, and a ledger on a disk that is."""

import asyncio
import contextlib
import itertools

from senter.database import Database, Disk
from senter.reporter.delivery.delivery import Delivery
from senter.reporter.delivery.ledger import Ledger
from senter.reporter.notice import Action, Notice
from senter.reporter.tables import bring_up_to_date
from senter.settings import ReporterSettings
from support.screen import FakeScreen

VERSION = 2
STOP = Action("stop", "Stop", "ai.senter.Tasks1", "CancelGoal", "7")


class Desk:
    """A delivery and everything around it; the screen is still there when another process looks at the file."""

    names = itertools.count(1)

    def __init__(self, file, clock, screen=None, **settings):
        self.file, self.clock, self.settings = file, clock, settings
        self.screen = screen or FakeScreen()
        self.database = Database(file, VERSION, bring_up_to_date)
        self.ledger = Ledger(self.database)
        self.announced, self.actions, self.pressed, self.opened = [], [], [], []
        self.seen = 0
        self.refusal = None
        self.gate, self.called = None, asyncio.Event()
        chosen = ReporterSettings(**settings)
        self.delivery = Delivery(self.ledger, self.screen, chosen, self.press, self.open_target, clock, Disk())
        self.delivery.announced = lambda *told: self.announced.append(told)
        self.delivery.action_chosen = lambda *told: self.actions.append(told)
        self.delivery.user_seen = self.see

    def see(self):
        """The user was seen."""
        self.seen += 1

    async def press(self, *call):
        """Call a room."""
        self.pressed.append(call)
        self.called.set()
        if self.gate:
            await self.gate.wait()
        if self.refusal:
            raise self.refusal

    async def open_target(self, *target):
        """Open a file or an address."""
        self.called.set()
        if self.gate:
            await self.gate.wait()
        if self.refusal:
            raise self.refusal
        self.opened.append(target)

    async def start(self):
        """Begin to work."""
        self.database.open()
        await self.delivery.start()
        await self.delivery.deliver()
        return self

    async def stop(self):
        """End in good order."""
        await self.delivery.stop()
        self.database.close()

    def another(self, **settings):
        """The same desk in the next process."""
        return Desk(self.file, self.clock, self.screen, **self.settings | settings)

    def add(self, title="Title", body="Body", key="", **fields):
        """Write a notice down, as the service does; its id."""
        kept = Notice(f"notice {next(self.names)}", self.clock.microseconds, title, body, **fields)
        return self.ledger.add(kept, key, self.delivery.first_state(kept))

    async def notify(self, *told, **fields):
        """Write a notice down and have it delivered; its id."""
        notice_id = self.add(*told, **fields)
        await self.delivery.deliver()
        return notice_id

    async def click(self, notice_id, key="default", token="token"):
        """Click on a notice, which leaves the screen without anybody being told so, and wait for what follows."""
        self.screen.user_takes_away(notice_id)
        await self.delivery.chosen(notice_id, key, token)
        await self.delivery.deliver()

    async def dismiss(self, notice_id):
        """Dismiss a notice."""
        self.screen.user_takes_away(notice_id)
        await self.delivery.closed(notice_id, True)
        await self.delivery.deliver()

    async def another_server(self):
        """Let another notification server take over."""
        self.screen.another_server()
        await self.delivery.deliver()

    def state(self, notice_id):
        """What became of a notice."""
        return self.ledger.entry(notice_id).state

    @property
    def titles(self):
        """The titles of everything that was shown, in that order."""
        return [shown.title for shown in self.screen.shown]

    @property
    def on_screen(self):
        """The titles of what is shown now."""
        return [shown.title for shown in self.screen.there.values()]


@contextlib.asynccontextmanager
async def working(desk):
    """A desk from its start to its stop."""
    await desk.start()
    try:
        yield desk
    finally:
        await desk.stop()


async def soon(event):
    """Wait for an event that has to come."""
    async with asyncio.timeout(10):
        await event.wait()
