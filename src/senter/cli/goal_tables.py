"""Goals, questions and requests as tables that fit the terminal; where there is none, nothing is cut."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime

from senter.cli import goal_words
from senter.cli.outcome import PIPE_WIDTH, new_table, print_table
from senter.tasks.approvals.approval import Approval
from senter.tasks.goal import Goal
from senter.tasks.tools.network_log import Request
from senter.wording import one_line, shortened

SHOWN_IN_A_PIPE = 100
WIDEST_TITLE, WIDEST_OUTCOME = 20, 26


def print_goals(found: Sequence[Goal]) -> None:
    """One row a goal; its description is cut where the terminal ends."""
    from rich.text import Text

    now = time.time()
    on_terminal = sys.stdout.isatty()
    table = new_table("ID", "STATE", "STEPS", "AGE")
    for column in (0, 2, 3):
        table.columns[column].justify = "right"
    # may wrap, so that this is the column which gives way; its rows do not
    table.add_column("DESCRIPTION")
    for goal in found:
        state = Text(one_line(goal.state), style=goal_words.COLOURS.get(goal.state, ""))
        words = goal_words.summary(goal, PIPE_WIDTH if on_terminal else SHOWN_IN_A_PIPE)
        description = Text(words, no_wrap=True, overflow="ellipsis")
        table.add_row(
            Text(one_line(goal.id)), state, goal_words.progress(goal), goal_words.age(goal, now), description
        )
    print_table(table)


def print_questions(questions: Sequence[Approval]) -> None:
    """What waits for an answer, every question in full: who answers has to have seen all of it."""
    from rich.text import Text

    table = new_table("TASK")
    table.add_column("GOAL", overflow="fold", max_width=WIDEST_TITLE)
    table.add_column("QUESTION", overflow="fold")
    table.add_column("UNTIL", no_wrap=True)
    for asked in questions:
        title = shortened(one_line(asked.title), 3 * WIDEST_TITLE)
        until = f"{_local(asked.until):%a %H:%M}"
        table.add_row(Text(one_line(asked.task_id)), Text(title), Text(goal_words.question(asked)), until)
    print_table(table)


def print_requests(requests: Sequence[Request]) -> None:
    """What was asked of the network, every URL in full."""
    from rich.text import Text

    table = new_table("TIME", "TASK", "ADDRESS")
    table.add_column("OUTCOME", overflow="fold", max_width=WIDEST_OUTCOME)
    table.add_column("URL", overflow="fold")
    days = {_local(request.time).date() for request in requests}
    for request in requests:
        then = _local(request.time)
        table.add_row(
            f"{then:%H:%M:%S}" if len(days) == 1 else f"{then:%d %b %H:%M:%S}",
            Text(one_line(request.task_id)),
            Text(one_line(request.address) or "-"),
            Text(one_line(request.outcome)),
            Text(one_line(request.url)),
        )
    print_table(table)


def _local(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000).astimezone()
