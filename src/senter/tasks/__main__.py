"""The tasks' program."""

from functools import partial

from senter import paths, settings
from senter.bus.connection import Connection
from senter.bus.login import Login
from senter.bus.names import MODELS, TASKS
from senter.bus.runtime import Parts, is_wanted, run, wait_wanted
from senter.database import Disk
from senter.host.clock import local_now
from senter.learning.client import LearningClient
from senter.models.client import ModelClient
from senter.reporter.client import ReporterClient
from senter.tasks import interface, service, store
from senter.tasks.chosen import check
from senter.tasks.planning import planner
from senter.tasks.power import wakefulness
from senter.tasks.pursuing import attempts, executor, pursuit
from senter.tasks.telling import taught, teaching, telling
from senter.tasks.tools.toolbox import Toolbox


def build(connection: Connection) -> Parts:
    """Compose the tasks."""
    chosen = settings.load(settings.TasksSettings, paths.config_file())
    check(chosen)
    primary, research = (ModelClient(connection, room) for room in MODELS)
    database, disk, learning = store.Store(paths.data_folder() / "tasks.db"), Disk(), LearningClient(connection)
    box = Toolbox(partial(disk, attempts.Attempts(database).note_requests))
    steps = executor.Executor(box, research, chosen, paths.workspace_folder(), learning.profile_text)
    plans = planner.Planner(primary, chosen, local_now)
    work = pursuit.Pursuit(database, plans, steps, paths.reports_folder(), chosen, local_now, disk)
    awake = wakefulness.Wakefulness(Login(), chosen, partial(disk, database.checkpoint))
    teaches = teaching.Teaching(taught.Taught(database), learning, disk)
    tells = telling.Telling(database, ReporterClient(connection), teaches, disk, partial(is_wanted, connection))
    tasks = service.TasksService(database, work, tells, steps.has_model, partial(wait_wanted, connection), awake)
    face = interface.TasksInterface(tasks)
    tasks.status_changed = face.tell_status
    work.news.tell(face.GoalChanged, face.TaskChanged, face.GoalFinished, face.ApprovalRequested)
    return tasks, face


if __name__ == "__main__":
    run(TASKS, build)
