"""``ai.senter.Tasks1``: goals that others may give, and what becomes of them."""

from typing import Annotated

from senter.bus import signatures
from senter.bus.names import TASKS
from senter.bus.publish import Interface, caller, method, signal
from senter.bus.signatures import U32, Checks, Options, Str
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import Goal, GoalOptions, Task
from senter.tasks.service import TasksService
from senter.tasks.tools.network_log import Request

GoalRow = Annotated[Goal, "a{sv}"]
GoalRows = Annotated[list[Goal], "aa{sv}"]
TaskRows = Annotated[list[Task], "aa{sv}"]
ApprovalRows = Annotated[list[Approval], "aa{sv}"]
RequestRows = Annotated[list[Request], "aa{sv}"]


class TasksInterface(Interface):
    """The tasks pursue goals: a plan, its steps one after the other, a report."""

    def __init__(self, service: TasksService) -> None:
        super().__init__(TASKS)
        self.service = service

    @method
    async def AddGoal(self, description: Str) -> Str:
        """Take a goal on and answer its id; it is on disk when this returns, and the work goes on by itself."""
        return await self.service.add_goal(description, GoalOptions(), caller.get())

    @method
    async def AddGoalWith(self, description: Str, options: Options) -> Str:
        """AddGoal with options: priority y (1 to 10, default 5; the highest first), focus s, origin s, key s, and
        deadline t, when it is given up.

        The same key answers the same id and is done once. The origin is the caller unless it says otherwise.
        """
        return await self.service.add_goal(description, signatures.options(GoalOptions, options), caller.get())

    @method
    async def CancelGoal(self, goal_id: Str) -> None:
        """Stop working on a goal; a step that is running is ended."""
        await self.service.cancel_goal(goal_id)

    @method
    async def RetryGoal(self, goal_id: Str) -> None:
        """Work once more on a goal that has failed or was cancelled; steps that are completed stay so."""
        await self.service.retry_goal(goal_id)

    @method
    async def GetGoal(self, goal_id: Str) -> GoalRow:
        """One goal: id description state focus origin outcome error report planner (s), priority y,
        created started finished (t), tasks_done tasks_total (u), deadline t.

        The state is new, planning, running, waiting, completed, failed or cancelled. The outcome is empty until the
        goal has ended; then it is its state, or partly when some sources failed. The planner is model or keywords.
        """
        return await self.service.goal(goal_id)

    @method
    async def ListGoals(self, state: Str, limit: U32, offset: U32) -> GoalRows:
        """Goals in a state (empty: all), newest first, at most 1,000 at once; a limit of 0 means 100."""
        return await self.service.goals(state, limit, offset)

    @method
    async def Plan(self, goal_id: Str) -> TaskRows:
        """The tasks of a goal in the order of its plan: id goal_id description type status tool error summary (s),
        priority y, depends_on as, created started finished (t), attempts u, not_before t, replaced b.

        A task that is tried again is pending until not_before; replaced says that a new plan has taken its place.
        The status is pending, in_progress, waiting, completed, failed or cancelled; the type is research, generate,
        analyze, communicate, organize or custom. A task without a tool is done by a language model.
        """
        return await self.service.plan(goal_id)

    @method
    async def Result(self, goal_id: Str) -> Str:
        """The path of a goal's report."""
        return await self.service.result(goal_id)

    @method
    async def Approve(self, task_id: Str) -> None:
        """Let a task, and others of its goal that ask for the same, do it; or once more what may be done already.

        Takes the id of the task, or the key of the question's notification, which answers this question only.
        """
        await self.service.approve(task_id)

    @method
    async def Deny(self, task_id: Str) -> None:
        """Do not let a task do what it has asked for: it fails, for good. Takes what Approve takes."""
        await self.service.deny(task_id)

    @method
    async def PendingApprovals(self) -> ApprovalRows:
        """The questions that nobody has answered, the oldest first: task_id goal_id title kind question (s),
        asked until (t).

        The title is that of the goal; the question goes on from "Senter wants to". The kind is permission, or
        repeat for what was interrupted and may be done already. What is not answered until then counts as denied.
        """
        return await self.service.pending_approvals()

    @method
    async def UpdateTask(self, task_id: Str, status: Str, result: Str) -> None:
        """Say what became of a task elsewhere: completed, with its result; failed, with a reason; or cancelled."""
        await self.service.update_task(task_id, status, result)

    @method
    async def Pause(self) -> None:
        """Stop all work on goals at once, until Resume, also after a restart; goals can still be added."""
        await self.service.pause()

    @method
    async def Resume(self) -> None:
        """Work on goals again."""
        await self.service.resume()

    @method
    async def Requests(self, goal_id: Str, limit: U32, offset: U32) -> RequestRows:
        """What a goal has asked of the network, in order: time t, url address outcome task_id (s).

        At most 1,000 at once; a limit of 0 means that. What was refused is among them, without an address.
        """
        return await self.service.requests(goal_id, limit, offset)

    @method
    async def Check(self) -> Checks:
        """What the tasks find out about themselves: what, ok or warn or fail, and how to mend it."""
        return await self.service.check()

    @signal
    def GoalChanged(self, id: Str, state: Str) -> None:
        """A goal has another state."""

    @signal
    def TaskChanged(self, id: Str, goal_id: Str, status: Str) -> None:
        """A task of a goal has another status."""

    @signal
    def ApprovalRequested(self, task_id: Str, what: Str) -> None:
        """A task asks whether it may do something; what goes on from "Senter wants to"."""

    @signal
    def GoalFinished(self, id: Str, outcome: Str, report_path: Str) -> None:
        """A goal has ended: completed, partly, failed or cancelled; the path is empty without a report."""
