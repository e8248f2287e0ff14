"""The rooms the command line talks to, played by a test: they do what it says and remember what they were asked."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from senter.bus import signatures
from senter.bus.connection import Connection
from senter.bus.names import PRIMARY, TASKS
from senter.bus.publish import Interface, method, private_signal, sender, signal
from senter.bus.signatures import U32, Options, Str
from senter.errors import InvalidArgument, InvalidState, NoSuchGoal, NoSuchTask
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import ENDED, Goal, GoalOptions, Task
from senter.tasks.tools.network_log import Request

Messages = Annotated[list[dict[str, Any]], "aa{sv}"]
Rows = Annotated[list[Options], "aa{sv}"]
SECOND = 1_000_000


class PretendedTasks(Interface):
    """The tasks: goals and plans are what a test sets."""

    def __init__(self) -> None:
        super().__init__(TASKS)
        self.goals: dict[str, Goal] = {}
        self.plans: dict[str, list[Task]] = {}
        self.asked: list[str] = []
        self.questions: list[Approval] = []
        self.answers: list[tuple[str, str]] = []
        self.requests: dict[str, list[Request]] = {}
        self.paused = False
        self.holding: asyncio.Event | None = None
        """Set by a call for a goal, which is then never answered; None to answer."""

    async def serve(self, connection: Connection) -> None:
        """Be on the bus."""
        connection.export(TASKS.path, self)
        assert await connection.own(TASKS.bus_name)

    def put(self, goal: Goal, *plan: Task) -> None:
        """Have a goal, and say that it has changed."""
        self.goals[goal.id] = goal
        self.plans[goal.id] = list(plan) or self.plans.get(goal.id, [])
        self.GoalChanged(goal.id, goal.state)

    def step(self, task: Task) -> None:
        """Change a step of a plan, and say so."""
        plan = self.plans[task.goal_id]
        self.plans[task.goal_id] = [task if task.id == other.id else other for other in plan]
        self.TaskChanged(task.id, task.goal_id, task.status)

    @method
    async def AddGoalWith(self, description: Str, options: Options) -> Str:
        """Take a goal on."""
        chosen = signatures.options(GoalOptions, options)
        if not description.strip():
            raise InvalidArgument("description is empty; say what is to be done")
        goal_id = str(len(self.goals) + 1)
        values = {"focus": chosen.focus, "priority": chosen.priority, "deadline": chosen.deadline}
        self.put(Goal(goal_id, description, "new", created=SECOND, **values))
        return goal_id

    @method
    async def CancelGoal(self, goal_id: Str) -> None:
        """Cancel it."""
        goal = self._goal(goal_id)
        if goal.state in ENDED:
            raise InvalidState(f"goal {goal_id} has ended as {goal.state}")
        self.put(replace(goal, state="cancelled", finished=SECOND))

    @method
    async def RetryGoal(self, goal_id: Str) -> None:
        """Begin anew."""
        self.put(replace(self._goal(goal_id), state="new", finished=0))

    @method
    async def GetGoal(self, goal_id: Str) -> Options:
        """One goal."""
        self.asked.append(f"goal {goal_id}")
        if self.holding is not None:
            self.holding.set()
            await asyncio.get_running_loop().create_future()
        return vars(self._goal(goal_id))

    @method
    async def ListGoals(self, state: Str, limit: U32, offset: U32) -> Rows:
        """A page of goals, newest first."""
        self.asked.append(f"list {state} {limit} {offset}")
        found = [goal for goal in reversed(self.goals.values()) if state in ("", goal.state)]
        return [vars(goal) for goal in found[offset : offset + limit]]

    @method
    async def Plan(self, goal_id: Str) -> Rows:
        """The steps of a goal."""
        self.asked.append(f"plan {goal_id}")
        return [vars(task) for task in self.plans[goal_id]]

    @method
    async def Approve(self, task_id: Str) -> None:
        """Yes."""
        self._answer(task_id, "yes")

    @method
    async def Deny(self, task_id: Str) -> None:
        """No."""
        self._answer(task_id, "no")

    @method
    async def PendingApprovals(self) -> Rows:
        """What waits for an answer."""
        return [vars(question) for question in self.questions]

    @method
    async def Pause(self) -> None:
        """Stop."""
        self.paused = True

    @method
    async def Resume(self) -> None:
        """Go on."""
        self.paused = False

    @method
    async def Requests(self, goal_id: Str, limit: U32, offset: U32) -> Rows:
        """A page of what was asked of the network."""
        self._goal(goal_id)
        return [vars(request) for request in self.requests.get(goal_id, [])[offset : offset + limit]]

    @signal
    def GoalChanged(self, id: Str, state: Str) -> None:
        """A goal has changed."""

    @signal
    def TaskChanged(self, id: Str, goal_id: Str, status: Str) -> None:
        """A step has changed."""

    def _answer(self, task_id: str, answer: str) -> None:
        if all(question.task_id != task_id for question in self.questions):
            raise NoSuchTask(f"there is no task {task_id!r}")
        self.questions = [question for question in self.questions if question.task_id != task_id]
        self.answers.append((task_id, answer))

    def _goal(self, goal_id: str) -> Goal:
        if goal_id not in self.goals:
            raise NoSuchGoal(f"there is no goal {goal_id!r}")
        return self.goals[goal_id]


class PretendedModel(Interface):
    """The primary model: it is told its answers by a test."""

    def __init__(self) -> None:
        super().__init__(PRIMARY)
        self.questions: asyncio.Queue[str] = asyncio.Queue()
        self.cancelled = asyncio.Event()
        self._request = ("", "")

    async def serve(self, connection: Connection) -> None:
        """Be on the bus."""
        connection.export(PRIMARY.path, self)
        assert await connection.own(PRIMARY.bus_name)

    def say(self, text: str) -> None:
        """Send the next piece of the answer."""
        self.Delta(*self._request, text)

    def finish(self, outcome: str = "ok", **result: str) -> None:
        """End the answer."""
        self.Finished(*self._request, outcome, result)

    @method
    async def Generate(self, request_id: Str, messages: Messages, options: Options) -> None:
        """Take a question."""
        self._request = (sender.get(), request_id)
        self.questions.put_nowait(messages[-1]["content"])

    @method
    async def Cancel(self, request_id: Str) -> None:
        """Remember that nobody wants the answer any more."""
        assert request_id == self._request[1]
        self.cancelled.set()

    @private_signal
    def Delta(self, request_id: Str, text: Str) -> None:
        """A piece."""

    @private_signal
    def Finished(self, request_id: Str, outcome: Str, result: Options) -> None:
        """The end."""
