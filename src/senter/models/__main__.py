"""The program of a model worker: ``primary`` or ``research``, as its argument says."""

import sys

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.login import Login
from senter.bus.names import MODELS, PRIMARY, RESEARCH, Room
from senter.bus.runtime import Parts, is_wanted, run
from senter.engine.client import EngineClient, model_file
from senter.host.clock import local_now
from senter.models import interface, request, service
from senter.models.client import ModelClient
from senter.models.providers import chain, chat, keys, provider, warmth
from senter.models.usage import budget, purse, store
from senter.reporter.client import ReporterClient


def build(room: Room, connection: Connection) -> Parts:
    """Compose one worker; research makes way for the primary one."""
    file, worker = paths.config_file(), room.instance
    place = f"{file}: [models.{worker}]"
    chosen = settings.load(settings.ModelSettings, file, worker)
    limits = budget.Budget(settings.load(settings.BudgetSettings, file), chosen, worker, file)
    used = store.UsageStore(paths.data_folder() / "usage.db", worker)
    engine, reporter = EngineClient(connection).endpoint, ReporterClient(connection)
    pays = purse.Purse(used, limits, local_now, reporter, lambda: is_wanted(connection))
    asks = chat.Chat(engine, model_file, keys.Keys(), chosen.embedding_model)
    providers = chain.Chain(provider.providers_of(chosen.providers, chosen.model, place), asks, pays)
    manner, keeps = request.manner_of(worker, chosen, place), warmth.Warmth(chosen, place, engine, Login())
    follow = ModelClient(connection, PRIMARY).following if room == RESEARCH else None
    thinks = service.ModelService(manner, providers, pays, keeps, connection.wait_left, follow)
    face = interface.ModelInterface(thinks)
    thinks.delta, thinks.finished, thinks.changed = face.Delta, face.Finished, face.changed
    return thinks, face


if __name__ == "__main__":
    (worker,) = [room for room in MODELS if sys.argv[1:] == [room.instance]] or sys.exit(__doc__)
    run(worker, lambda connection: build(worker, connection))
