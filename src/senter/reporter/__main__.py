"""The reporter's program."""

from functools import partial

from senter import paths, settings
from senter.bus.client import press
from senter.bus.connection import Connection
from senter.bus.desktop import portal, screen
from senter.bus.login import Login
from senter.bus.names import REPORTER
from senter.bus.runtime import Parts, run
from senter.database import Disk
from senter.host.clock import local_now
from senter.reporter import interface, service, signs, store
from senter.reporter.delivery import delivery, ledger
from senter.reporter.digest import child, digests


def build(connection: Connection) -> Parts:
    """Compose the reporter."""
    chosen = settings.load(settings.ReporterSettings, paths.config_file())
    desktop, login, others = screen.Screen(connection), Login(), signs.Signs(connection)
    on_disk, database = Disk(), store.Store(paths.data_folder() / "activity.db")
    book, press_button = ledger.Ledger(database), partial(press, connection)
    delivers = delivery.Delivery(book, desktop, chosen, press_button, portal.open_target, local_now, on_disk)
    writing = child.write_page, paths.digests_folder()
    tells = digests.Digests(database, book, chosen, *writing, local_now, on_disk, delivers.first_state)
    watches: dict[str, service.Watch] = {"login manager (logind)": login, "bus signals": others}
    reporter = service.ReporterService(database, book, delivers, tells, watches, local_now, on_disk)
    door = interface.ReporterInterface(reporter)
    desktop.appeared, desktop.chosen, desktop.closed = delivers.deliver, delivers.chosen, delivers.closed
    delivers.announced, delivers.action_chosen = door.Announced, door.ActionChosen
    login.came, login.left, login.woken = reporter.came, reporter.left, delivers.wake
    delivers.user_seen = others.seen = reporter.seen
    return reporter, door


if __name__ == "__main__":
    run(REPORTER, build, resident=True)
