"""The program of a model worker: ``primary`` or ``research``, as its argument says."""

import os
import sys

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.names import MODELS, Room
from senter.bus.runtime import Parts, run
from senter.engine.client import EngineClient, model_file
from senter.models.chat import Chat
from senter.models.interface import ModelInterface
from senter.models.providers import providers_of
from senter.models.request import MANNERS
from senter.models.service import ModelService


def build(room: Room, connection: Connection) -> Parts:
    """Compose one worker."""
    file = paths.config_file()
    chosen = settings.load(settings.ModelSettings, file, room.instance)
    providers = providers_of(chosen.providers, f"{file}: [models.{room.instance}]")
    chat = Chat(EngineClient(connection).endpoint, model_file, os.environ.get("OPENAI_API_KEY", ""))
    service = ModelService(chosen, MANNERS[room.instance], providers, chat, connection.wait_left)
    interface = ModelInterface(service)
    service.delta, service.finished, service.changed = interface.Delta, interface.Finished, interface.changed
    return service, interface


if __name__ == "__main__":
    (worker,) = [room for room in MODELS if sys.argv[1:] == [room.instance]] or sys.exit(__doc__)
    run(worker, lambda connection: build(worker, connection))
