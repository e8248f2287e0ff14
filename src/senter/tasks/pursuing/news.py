"""Who wants to know what happens to goals and tasks."""

from collections.abc import Callable
from typing import Any


def _nobody(*_told: Any) -> None:
    """Nobody wants to know."""


class News:
    """What is called when something has happened, after it is on disk; each may be set."""

    def __init__(self) -> None:
        self.goal_changed: Callable[[str, str], object] = _nobody
        """A goal's id and state."""
        self.task_changed: Callable[[str, str, str], object] = _nobody
        """A task's id, its goal's and its status."""
        self.goal_finished: Callable[[str, str, str], object] = _nobody
        """A goal's id, outcome and the path of its report."""
        self.approval_requested: Callable[[str, str], object] = _nobody
        """A task's id, and what Senter wants to do."""
        self.model_answered: Callable[[], object] = _nobody
        """A language model did a step."""

    def tell(
        self,
        goal_changed: Callable[[str, str], object],
        task_changed: Callable[[str, str, str], object],
        goal_finished: Callable[[str, str, str], object],
        approval_requested: Callable[[str, str], object],
    ) -> None:
        """Set what is for the world outside."""
        self.goal_changed, self.task_changed = goal_changed, task_changed
        self.goal_finished, self.approval_requested = goal_finished, approval_requested
