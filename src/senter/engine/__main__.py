"""The engine's program."""

from functools import partial

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.names import ENGINE
from senter.bus.runtime import Parts, run
from senter.engine import address
from senter.engine.interface import EngineInterface
from senter.engine.process import LlamaProcess
from senter.engine.service import SLOTS, EngineService


def build(_connection: Connection) -> Parts:
    """Compose the engine."""
    chosen = settings.load(settings.EngineSettings, paths.config_file())
    engine = LlamaProcess(chosen.context_tokens, SLOTS)
    prepare = partial(address.prepare, paths.runtime_folder())
    service = EngineService(engine, chosen, paths.models_folder(), prepare, address.remove)
    interface = EngineInterface(service)
    service.changed = interface.changed
    return service, interface


if __name__ == "__main__":
    run(ENGINE, build)
