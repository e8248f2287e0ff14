"""The tasks' neighbours, played by hand: who plans, who carries steps out, who is told; and a disk that fails."""

import asyncio
import contextlib
import threading

from senter.database import Disk
from senter.errors import Unavailable
from senter.settings import TasksSettings
from senter.tasks.goal import ENDED, GoalOptions
from senter.tasks.planning.plan import Step
from senter.tasks.pursuing.pursuit import Pursuit
from senter.tasks.service import TasksService
from senter.tasks.store import Store
from senter.tasks.telling.taught import Taught
from senter.tasks.telling.teaching import Teaching
from senter.tasks.telling.telling import Telling
from senter.tasks.tools.findings import Findings, Passage
from support.private_bus import until

FULL = Unavailable("tasks.db cannot be used: database or disk is full")
FOUND = Findings(
    "It is long. [1]", (Passage("/d/a.md", "line 1", "a.md", "It is long."),), thinking="a model on a server"
)
STEP = (Step("do it", "custom"),)
RESEARCH = (
    Step("look here", "research", "file_search", {"folder": "/d"}),
    Step("look there", "research", "web_search", {"query": "x"}),
    Step("sum up", "generate", depends_on=(1, 2)),
)


class FakePlanner:
    """Makes the plan that a test has written for a goal: steps, or the error it raises instead."""

    def __init__(self):
        self.plans = {}
        self.other_plans = {}
        self.planner = "keywords"
        self.asked = []
        self.replanned = []
        self.other = asyncio.Event()
        self.other.set()
        self.held = {}

    def hold(self, description):
        """Let the planning of a goal take until the event that is returned is set."""
        return self.held.setdefault(description, asyncio.Event())

    def hold_other(self):
        """Let the making of another plan take until the event that is returned is set."""
        self.other.clear()
        return self.other

    async def plan(self, goal):
        """The plan."""
        description = goal.description
        self.asked.append(description)
        if description in self.held:
            await self.held[description].wait()
        plan = self.plans.get(description, STEP)
        if isinstance(plan, Exception):
            raise plan
        return self.planner, list(plan)

    async def replan(self, goal, tasks, parameters):
        """The other plan."""
        self.replanned.append([(task.id, task.status) for task in tasks])
        await self.other.wait()
        return self.other_plans.get(goal.description)


class FakeExecutor:
    """Does a step at once, or when a test lets it; what comes of it is what the test says of its description."""

    def __init__(self):
        self.outcomes = {}
        self.held = {}
        self.began = []
        self.ended = []
        self.cancelled = []
        self.given = {}
        self.running = self.most = 0
        self.questions = {}
        self.several_tries = {}
        self.unrepeatable = set()
        self.approved = {}

    def hold(self, description):
        """Let a step take until the event that is returned is set."""
        return self.held.setdefault(description, asyncio.Event())

    def question(self, order):
        """What the user has to approve."""
        question = self.questions.get(order.task.description, "")
        if isinstance(question, Exception):
            raise question
        return question

    def tries(self, task):
        """How often a step is tried."""
        return self.several_tries.get(task.description, 1)

    def is_repeatable(self, task):
        """Whether a step may be done again."""
        return task.description not in self.unrepeatable

    async def run(self, order):
        """What the step finds."""
        task = order.task
        self.began.append(task.id)
        self.given[task.id] = (order.parameters, list(order.earlier))
        self.approved[order.attempt] = order.approved
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if task.description in self.held:
                await self.held[task.description].wait()
        except asyncio.CancelledError:
            self.cancelled.append(task.id)
            raise
        finally:
            self.running -= 1
        outcome = self.outcomes.get(task.description, FOUND)
        if isinstance(outcome, Exception):
            raise outcome
        self.ended.append(task.id)
        return outcome


class FakeReporter:
    """Hears letters; ``away`` is the error it raises, ``lost`` makes it hear a letter and then raise it.

    ``details`` is what else came with a letter, by its subject; ``coming`` is what it heard of what comes next;
    ``withdrawn`` holds the keys of notices that were taken back.
    """

    def __init__(self):
        self.heard = []
        self.details = {}
        self.coming = []
        self.withdrawn = []
        self.actions = {}
        self.away = None
        self.lost = None
        self.refused = ()
        self.tried = 0

    async def log(self, activity_type, summary, options):
        """Hear what was done."""
        self._hear(activity_type, summary, "", options.key)
        self.details[activity_type] = options.details

    async def notify(self, title, body, options):
        """Hear what is to be shown."""
        self._hear(title, body, options.open, options.key)
        self.details[title] = {"type": options.type}
        self.actions[title] = options.actions
        return "notice"

    async def withdraw(self, id_or_key):
        """Hear that a notice is not needed any more."""
        if self.away:
            raise self.away
        self.withdrawn.append(id_or_key)

    async def tell(self, section, key, lines):
        """Hear what comes next."""
        if self.away:
            raise self.away
        assert (section, key) == ("coming", "goals")
        self.coming.append(list(lines))

    def _hear(self, subject, text, target, key):
        self.tried += 1
        if self.away:
            raise self.away
        if subject in self.refused:
            raise self.refused[subject]
        self.heard.append((key, subject, text, target))
        if self.lost:
            error, self.lost = self.lost, None
            raise error

    @property
    def told(self):
        """The subjects of what it has heard, in order; what it hears again by the same key it knows already."""
        return [subject for _, subject, *_ in dict((row[0], row) for row in self.heard).values()]

    def texts(self, subject):
        """What it has heard of a subject."""
        return list(dict((row[0], row[2]) for row in self.heard if row[1] == subject).values())


class FakeLearning:
    """Remembers events, each key once; ``away`` is the error it raises."""

    def __init__(self):
        self.events = {}
        self.told = 0
        self.away = None

    async def record_many(self, events):
        """Write events down."""
        self.told += 1
        if self.away:
            raise self.away
        for event in events:
            self.events.setdefault(event.key, event)


class FaultyStore(Store):
    """A store on a real file whose disk fails when a test says so."""

    def __init__(self, file):
        super().__init__(file)
        self.full = False
        self.reads = self.writes = 0
        self.dies_at = 0
        """With which write the process ends: nothing is read or written after it."""
        self.dies_after = False
        """Whether that write is on disk."""
        self.dead = threading.Event()

    @contextlib.contextmanager
    def writing(self):
        """Write, or fail."""
        self.writes += 1
        last = self.writes == self.dies_at
        if self.full or (last and not self.dies_after):
            if last:
                self.dead.set()
            raise FULL
        with super().writing() as connection:
            yield connection
        if last:
            self.dead.set()
            raise FULL

    @contextlib.contextmanager
    def reading(self):
        """Read, or fail."""
        self.reads += 1
        if self.dead.is_set():
            raise FULL
        with super().reading() as connection:
            yield connection


class FakeAwake:
    """Keeps no machine awake."""

    def __init__(self):
        self.worked = []

    async def start(self):
        """Begin."""

    async def stop(self):
        """End."""

    def working(self, is_working):
        """Hear whether there is work."""
        self.worked.append(is_working)


class Work:
    """The tasks and everything around them; ``clock`` is support.clock's."""

    def __init__(self, folder, clock, slots=3, store=None, earlier=None, permitted=True, **chosen):
        self.store = store or FaultyStore(folder / "tasks.db")
        self.reports = folder / "reports"
        self.planner = earlier.planner if earlier else FakePlanner()
        self.executor = earlier.executor if earlier else FakeExecutor()
        self.reporter = earlier.reporter if earlier else FakeReporter()
        self.model = False
        self.looked = 0
        self.wanted = True
        self.permitted = asyncio.Event()
        if permitted:
            self.permitted.set()
        self.signals = []
        settings = TasksSettings(max_concurrent_tasks=slots, **chosen)
        disk = Disk()
        self.pursuit = Pursuit(self.store, self.planner, self.executor, self.reports, settings, clock, disk)
        self.pursuit.news.tell(*(self.hear(name) for name in ("goal", "task", "finished", "asked")))
        self.learning = earlier.learning if earlier else FakeLearning()
        teaching = Teaching(Taught(self.store), self.learning, disk)
        telling = Telling(self.store, self.reporter, teaching, disk, self.is_wanted)
        self.awake = FakeAwake()
        parts = (self.store, self.pursuit, telling, self.has_model, self.permitted.wait, self.awake)
        self.service = TasksService(*parts)

    def hear(self, name):
        """Who hears a signal."""
        return lambda *told: self.signals.append((name, *told))

    async def is_wanted(self):
        """Whether Senter is to do anything."""
        return self.wanted

    async def has_model(self):
        """Whether there is a language model."""
        self.looked += 1
        if isinstance(self.model, Exception):
            raise self.model
        return self.model

    async def add(self, description="goal", plan=None, **options):
        """Take a goal on; its id."""
        if plan is not None:
            self.planner.plans[description] = plan
        return await self.service.add_goal(description, GoalOptions(**options), ":1.5")

    async def end_of(self, goal_id):
        """The goal when it has ended, and the reporter was told."""
        await until(lambda: self.store.goal(goal_id).state in ENDED)
        await until(lambda: not self.store.letters() or self.reporter.away)
        return self.store.goal(goal_id)

    async def reaches(self, goal_id, state):
        """The goal when it is in a state."""
        await until(lambda: self.store.goal(goal_id).state == state)
        return self.store.goal(goal_id)

    def statuses(self, goal_id):
        """What became of the tasks of a goal."""
        return [task.status for task in self.store.tasks(goal_id)]


@contextlib.asynccontextmanager
async def at_work(work):
    """The tasks from their start to their stop."""
    await work.service.start()
    try:
        yield work
    finally:
        await work.service.stop()
