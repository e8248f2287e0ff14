"""The reporter with a screen, a clock and rooms that are not real and a disk that is."""

import asyncio
import contextlib

from senter.database import Disk
from senter.errors import Unavailable
from senter.reporter.activity import LogOptions
from senter.reporter.delivery.delivery import Delivery
from senter.reporter.delivery.ledger import Ledger
from senter.reporter.digest.digests import Digests
from senter.reporter.notice import NotifyOptions
from senter.reporter.service import ReporterService
from senter.reporter.store import Store
from senter.settings import ReporterSettings
from support.clock import Clock
from support.screen import FakeScreen


class FakeWatch:
    """Watches nothing; a test says whether there is something to watch."""

    def __init__(self) -> None:
        self.is_watching = True
        self.starts = 0
        self.lasts: asyncio.Event | None = None
        """What a start waits for."""

    async def start(self) -> None:
        """Count the starts."""
        self.starts += 1
        if self.lasts is not None:
            await self.lasts.wait()


class Reporter:
    """A reporter and everything around it."""

    def __init__(self, store: Store, clock: Clock, **settings: object) -> None:
        self.store, self.clock = store, clock
        self.screen = FakeScreen()
        self.announced, self.actions, self.pressed, self.opened = [], [], [], []
        self.pages: dict[str, dict] = {}
        self.refusal = self.page_refusal = None
        self.login, self.signs = FakeWatch(), FakeWatch()
        chosen, on_disk, ledger = ReporterSettings(**settings), Disk(), Ledger(store)
        self.delivery = Delivery(ledger, self.screen, chosen, self.press, self.open_target, clock, on_disk)
        self.digests = Digests(
            *(store, ledger, chosen, self.write_page, store.file.parent / "digests"),
            *(clock, on_disk, self.delivery.first_state),
        )
        watches = {"logind": self.login, "signals": self.signs}
        self.service = ReporterService(store, ledger, self.delivery, self.digests, watches, clock, on_disk)
        self.screen.appeared = self.delivery.deliver
        self.screen.chosen, self.screen.closed = self.delivery.chosen, self.delivery.closed
        self.delivery.announced = lambda *told: self.announced.append(told)
        self.delivery.action_chosen = lambda *told: self.actions.append(told)
        self.delivery.user_seen = self.service.seen

    async def press(self, *call: str) -> None:
        """Call a room."""
        if self.refusal:
            raise self.refusal
        self.pressed.append(call)

    async def open_target(self, target: str, token: str) -> None:
        """Open a file or an address."""
        if self.refusal:
            raise self.refusal
        self.opened.append((target, token))

    async def write_page(self, file, values) -> None:
        """Keep what the page would show."""
        if self.page_refusal:
            raise Unavailable(self.page_refusal)
        self.pages[file.name] = values

    async def log(self, activity_type="task_completed", summary="done", **options) -> None:
        """Log as a room does."""
        await self.service.log(activity_type, summary, LogOptions(**options), ":1.5")

    async def notify(self, title="Title", body="Body", **options) -> str:
        """Show a notice and wait until it was tried; its id."""
        notice_id = await self.service.notify(title, body, NotifyOptions(**options))
        await self.delivery.deliver()
        return notice_id

    async def digest(self) -> str:
        """Send the daily digest and wait until it was tried; the answer."""
        text = await self.service.send_digest("daily")
        await self.delivery.deliver()
        return text

    async def settled(self) -> None:
        """Wait until what came in by itself is on disk and was tried to be shown."""
        while tasks := self.service.under_way:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)
        await self.delivery.deliver()

    @property
    def titles(self) -> list[str]:
        """The titles on the screen."""
        return [shown.title for shown in self.screen.shown]


@contextlib.asynccontextmanager
async def running(reporter: Reporter):
    """A reporter from its start to its stop."""
    await reporter.service.start()
    try:
        yield reporter
    finally:
        await reporter.service.stop()
