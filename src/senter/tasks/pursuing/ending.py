"""Ends goals: the report, and then the note that they have ended."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from senter.database import Disk
from senter.tasks.goal import CANCELLED, COMPLETED, FAILED, GATHERING, Goal, Task, outcome
from senter.tasks.pursuing.news import News
from senter.tasks.store import Store
from senter.tasks.telling import letter
from senter.tasks.text.report import answered, file_name, report
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.writing import write_atomically


class Ending:
    """Ends goals. ``reports`` is the folder of reports; ``now`` is the local time with its zone."""

    def __init__(self, store: Store, reports: Path, news: News, on_disk: Disk, now: Callable[[], datetime]) -> None:
        self._store = store
        self._reports = reports
        self._news = news
        self._on_disk = on_disk
        self._now = now

    async def end(self, goal: Goal, tasks: Sequence[Task], state: str, error: str) -> list[Task]:
        """Write the report of a goal that was reached, then note its end; the tasks that were left, now cancelled.

        A report that was written before is written again, to the same file. Raises InvalidState when the goal was
        cancelled meanwhile.
        """
        path = ""
        found = await self._findings(tasks)
        if state == COMPLETED:
            try:
                path = await self._write_report(goal, tasks, found)
            except OSError as failure:
                state, error = FAILED, f"the report could not be written: {failure.strerror}"
        how = outcome(state, tasks)
        if state == COMPLETED and not answered(tasks, found):
            letters = letter.goal_unanswered(goal, path)
        else:
            researched = any(task.type == GATHERING and task.status == COMPLETED for task in tasks)
            letters = letter.goal_finished(goal, state, error, path, researched)
        return await self._note(goal, state, letters, {"outcome": how, "error": error, "report": path})

    async def cancel(self, goal: Goal) -> list[Task]:
        """Note that a goal was cancelled; the tasks that were with it. Raises InvalidState when it has ended."""
        values = {"outcome": CANCELLED, "error": ""}
        return await self._note(goal, CANCELLED, [letter.goal_cancelled(goal)], values)

    async def _note(
        self, goal: Goal, state: str, letters: Sequence[letter.Letter], values: dict[str, str]
    ) -> list[Task]:
        when = int(self._now().timestamp() * 1_000_000)
        left = await self._on_disk(self._end_now, goal.id, state, letters, when, values)
        for task in left:
            self._news.task_changed(task.id, goal.id, CANCELLED)
        self._news.goal_changed(goal.id, state)
        self._news.goal_finished(goal.id, values["outcome"], values.get("report", ""))
        return left

    def _end_now(
        self, goal_id: str, state: str, letters: Sequence[letter.Letter], when: int, values: dict[str, str]
    ) -> list[Task]:
        return self._store.end_goal(goal_id, state, letters, when, **values)

    async def _findings(self, tasks: Sequence[Task]) -> dict[str, Findings]:
        done = [task.id for task in tasks if task.status == COMPLETED]
        return dict(zip(done, await self._on_disk(self._store.findings, done), strict=True))

    async def _write_report(self, goal: Goal, tasks: Sequence[Task], found: dict[str, Findings]) -> str:
        begun = datetime.fromtimestamp(goal.created / 1_000_000, self._now().tzinfo)
        file = self._reports / file_name(goal, begun)
        text = await self._on_disk(report, goal, tasks, found, self._now())
        await self._on_disk(write_atomically, file, text.encode(errors="replace"))
        return str(file)
