"""The reporter's program."""

from functools import partial

from senter import paths, settings
from senter.bus.client import press
from senter.bus.connection import Connection
from senter.bus.desktop import Desktop
from senter.bus.names import REPORTER
from senter.bus.runtime import Parts, run
from senter.host import clock, opening
from senter.reporter.interface import ReporterInterface
from senter.reporter.service import ReporterService
from senter.reporter.store import Store


def build(connection: Connection) -> Parts:
    """Compose the reporter."""
    chosen = settings.load(settings.ReporterSettings, paths.config_file())
    desktop = Desktop(connection)
    store = Store(paths.data_folder() / "activity.db")
    service = ReporterService(
        store, desktop, chosen, partial(press, connection), opening.open_for_user, clock.local_now
    )
    interface = ReporterInterface(service)
    desktop.appeared, desktop.chosen = service.deliver, service.chosen
    service.announced, service.action_chosen = interface.Announced, interface.ActionChosen
    return service, interface


if __name__ == "__main__":
    run(REPORTER, build, resident=True)
