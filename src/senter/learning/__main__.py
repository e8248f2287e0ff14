"""Learning's program."""

from functools import partial

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.names import LEARNING, RESEARCH
from senter.bus.runtime import Parts, is_wanted, run
from senter.database import Disk
from senter.host.clock import local_now
from senter.learning import interface, service, store, telling
from senter.learning.knowing import insights, knowledge
from senter.learning.lessons import learned, merging
from senter.models.client import ModelClient
from senter.reporter.client import ReporterClient


def build(connection: Connection) -> Parts:
    """Compose learning."""
    file = paths.config_file()
    chosen = settings.load(settings.LearningSettings, file)
    embedding_model = settings.load(settings.ModelSettings, file, RESEARCH.instance).embedding_model
    on_disk, database = Disk(), store.Store(paths.data_folder() / "learning.db")
    lessons = learned.Learned(database)
    knows = knowledge.Knowledge(database, insights.Insights(database), local_now, on_disk)
    merges = merging.Merging(lessons, ModelClient(connection, RESEARCH), embedding_model, on_disk)
    tells = telling.Telling(lessons, ReporterClient(connection), on_disk, partial(is_wanted, connection))
    remembers = service.LearningService(database, lessons, knows, merges, tells, local_now, on_disk, chosen.enabled)
    door = interface.LearningInterface(remembers)
    remembers.recorded, remembers.profile_changed = door.Recorded, door.ProfileChanged
    remembers.sent = connection.answers
    return remembers, door


if __name__ == "__main__":
    run(LEARNING, build, pass_descriptors=True)
