"""The tasks, as other rooms and the command line see them."""

import contextlib
from collections.abc import AsyncIterator, Callable

from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import TASKS
from senter.bus.signatures import Check, from_dict, options_to_send
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import Goal, GoalOptions, Task
from senter.tasks.tools.network_log import Request


class TasksClient:
    """Calls to ``ai.senter.Tasks1``; each raises the errors of ``Peer.call``, NoSuchGoal or NoSuchTask for an id
    that is none.
    """

    def __init__(self, connection: Connection) -> None:
        self._room = Peer(connection, TASKS)

    async def add_goal(self, description: str, options: GoalOptions | None = None) -> str:
        """Take a goal on; it is on disk when its id is returned. Raises InvalidArgument."""
        values = options_to_send(options or GoalOptions())
        return str(await self._room.call("AddGoalWith", "sa{sv}", description, values))

    async def cancel_goal(self, goal_id: str) -> None:
        """Stop working on a goal. Raises InvalidState when it has ended."""
        await self._room.call("CancelGoal", "s", goal_id)

    async def retry_goal(self, goal_id: str) -> None:
        """Work once more on a goal that has failed or was cancelled. Raises InvalidState for any other."""
        await self._room.call("RetryGoal", "s", goal_id)

    async def goal(self, goal_id: str) -> Goal:
        """One goal."""
        return from_dict(Goal, await self._room.call("GetGoal", "s", goal_id))

    async def goals(self, state: str = "", limit: int = 100, offset: int = 0) -> list[Goal]:
        """Goals in a state (empty: all), newest first."""
        rows = await self._room.call("ListGoals", "suu", state, limit, offset)
        return [from_dict(Goal, row) for row in rows]

    async def plan(self, goal_id: str) -> list[Task]:
        """The tasks of a goal, in the order of the plan; none while there is no plan."""
        return [from_dict(Task, row) for row in await self._room.call("Plan", "s", goal_id)]

    async def result(self, goal_id: str) -> str:
        """The path of a goal's report. Raises InvalidState when there is none."""
        return str(await self._room.call("Result", "s", goal_id))

    async def approve(self, task_id: str) -> None:
        """Answer the question of a task with yes. Raises InvalidState when it asks nothing."""
        await self._room.call("Approve", "s", task_id)

    async def deny(self, task_id: str) -> None:
        """Answer the question of a task with no. Raises InvalidState when it asks nothing."""
        await self._room.call("Deny", "s", task_id)

    async def pending_approvals(self) -> list[Approval]:
        """The questions that nobody has answered yet."""
        return [from_dict(Approval, row) for row in await self._room.call("PendingApprovals")]

    async def update_task(self, task_id: str, status: str, result: str = "") -> None:
        """Tell what became of a task elsewhere: completed, failed or cancelled, and what it found or why.

        Raises InvalidArgument for another status, InvalidState for a task that has ended.
        """
        await self._room.call("UpdateTask", "sss", task_id, status, result)

    async def pause(self) -> None:
        """Stop all work on goals at once, until ``resume``."""
        await self._room.call("Pause")

    async def resume(self) -> None:
        """Let the work on goals go on."""
        await self._room.call("Resume")

    async def requests(self, goal_id: str, limit: int = 100, offset: int = 0) -> list[Request]:
        """What the tools of a goal asked of the network."""
        rows = await self._room.call("Requests", "suu", goal_id, limit, offset)
        return [from_dict(Request, row) for row in rows]

    @contextlib.asynccontextmanager
    async def following(
        self, goal_changed: Callable[[str, str], None], task_changed: Callable[[str, str, str], None]
    ) -> AsyncIterator[None]:
        """Be told of every change for the length of a block: goal id and state; task id, goal id and status."""
        async with (
            self._room.listening("GoalChanged", goal_changed),
            self._room.listening("TaskChanged", task_changed),
        ):
            yield

    async def check(self) -> list[Check]:
        """What the tasks find out about themselves."""
        return [Check(*row) for row in await self._room.call("Check")]
