"""The tasks' program."""

from functools import partial

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.names import MODELS, TASKS
from senter.bus.runtime import Parts, is_wanted, run, wait_wanted
from senter.host.clock import local_now
from senter.models.client import ModelClient
from senter.reporter.client import ReporterClient
from senter.tasks import interface, service, store
from senter.tasks.planning import planner
from senter.tasks.pursuing import executor, pursuit
from senter.tasks.telling import telling
from senter.tasks.tools.toolbox import Toolbox


def build(connection: Connection) -> Parts:
    """Compose the tasks."""
    chosen = settings.load(settings.TasksSettings, paths.config_file())
    primary, research = (ModelClient(connection, room) for room in MODELS)
    database = store.Store(paths.data_folder() / "tasks.db")
    steps = executor.Executor(Toolbox(), research, chosen, paths.workspace_folder())
    slots, permission = chosen.max_concurrent_tasks, partial(wait_wanted, connection)
    work = pursuit.Pursuit(database, planner.Planner(primary), steps, paths.reports_folder(), slots, local_now)
    tells = telling.Telling(database, ReporterClient(connection), work.on_disk, partial(is_wanted, connection))
    tasks = service.TasksService(database, work, tells, steps.has_model, permission)
    face = interface.TasksInterface(tasks)
    tasks.status_changed = face.tell_status
    work.tell(face.GoalChanged, face.TaskChanged, face.GoalFinished)
    return tasks, face


if __name__ == "__main__":
    run(TASKS, build)
