"""The plan that the words of a goal suggest, for when no model makes one. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from senter.tasks.planning.plan import (
    ADDRESS,
    PAGE,
    SEARCHING,
    WEB,
    Step,
    has,
    named_pages,
    named_paths,
    wants_writing,
)
from senter.tasks.text.summary import question_of
from senter.wording import LONGEST_LINE, one_line, shortened

LONGEST_SUBJECT = 100

_DOCUMENT = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}$")
_CALENDAR = re.compile(
    r"\b(?:my|our) (?:next )?(?:calendars?|agenda|appointments?|meetings?|diary)\b|\bam i (?:free|busy)\b"
    r"|\bdo i have (?:any |an? )?(?:time|appointments?|meetings?)\b",
    re.IGNORECASE,
)
_LISTING = re.compile(
    r"\b(?:list|show|which|what)\b.*\b(?:files|documents|folders|contents?) (?:(?:are|there) )*"
    r"(?:in|of|below|under)\b",
    re.IGNORECASE,
)
_WRITES_MAIL = re.compile(
    r"\b(?:write|draft|create|compose|prepare|send)\b.*\b(?:e-?mail|mail|message|letter|reply|note|invitation)\b"
    r"|(?:^|\b(?:please|and|then) )e?-?mail\b",
    re.IGNORECASE,
)
_RECIPIENTS = re.compile(
    rf"\b(?:to|mail) (?:[^@,;]{{0,40}}[ <(])?((?:{ADDRESS}[>)]?(?:,? and |, ?)?)+)", re.IGNORECASE
)
_SUBJECT = re.compile(r"\b(?:about|regarding|concerning) (.+)", re.IGNORECASE)
_NOTICE = re.compile(
    r"(?:please )?(?:notify me(?: that|:|,)|show (?:me )?a notification(?: that says| that|:|,)?) (.+)",
    re.IGNORECASE,
)


def keyword_plan(description: str) -> list[Step]:
    """The plan that the words of a goal suggest: search and summarise; outline, draft and review; or one step.

    Gathered is what the goal names: folders, documents, pages, the calendar; a mail is drafted to whom it says.
    """
    goal = one_line(description)
    if said := _NOTICE.fullmatch(goal):
        return [
            Step("Show a notification", "communicate", "notify", {"title": shortened(said[1], LONGEST_SUBJECT)})
        ]
    steps = _gathering(goal, named_paths(description))
    sources = tuple(range(1, len(steps) + 1))
    if recipients := _recipients(goal):
        return [*steps, *_mailing(goal, recipients, sources)]
    if wants_writing(goal):
        return [*steps, *_writing(goal, sources)]
    if steps:
        return [*steps, Step("Summarise what was found", "generate", depends_on=sources)]
    return [Step(goal[:LONGEST_LINE], "custom")]


def _gathering(goal: str, paths: Sequence[str]) -> list[Step]:
    """Steps that read what is named, and search the web for what is not there: never for what is private."""
    steps = [_reading(goal, path) for path in paths]
    if pages := named_pages(goal):
        count = "the page" if len(pages) == 1 else f"the {len(pages)} pages"
        steps.append(Step(f"Read {count} that the goal names", "research", "web_page", {"urls": pages}))
    if _CALENDAR.search(goal):
        steps.append(Step("Look into the calendar", "research", "calendar_check"))
    if has(goal, SEARCHING) and (not steps or has(goal, WEB)):
        parameters = {"query": question_of(PAGE.sub("", goal))}
        steps.append(Step("Search the web and read what was found", "research", "research", parameters))
    return steps


def _reading(goal: str, path: str) -> Step:
    if _DOCUMENT.search(path):
        return Step(f"Read {path}", "research", "file_read", {"path": path})
    if _LISTING.search(goal):
        return Step(f"List what is in {path}", "research", "file_list", {"folder": path})
    parameters = {"folder": path, "query": question_of(goal)}
    return Step(f"Search the documents in {path}", "research", "file_search", parameters)


def _recipients(goal: str) -> list[str]:
    """Who a mail is to be drafted to; nobody unless the goal asks for one."""
    found = _RECIPIENTS.search(goal) if _WRITES_MAIL.search(goal) else None
    return re.findall(ADDRESS, found[1]) if found else []


def _mailing(goal: str, recipients: Sequence[str], sources: tuple[int, ...]) -> list[Step]:
    about = _SUBJECT.search(goal)
    subject = shortened(question_of(about[1] if about else goal).strip(" ."), LONGEST_SUBJECT)
    parameters: dict[str, Any] = {"to": [*recipients], "subject": subject}
    return [
        Step(f"Write only the text of this mail: {goal}"[:LONGEST_LINE], "generate", depends_on=sources),
        Step("Draft the mail", "communicate", "email_draft", parameters, (len(sources) + 1,)),
    ]


def _writing(goal: str, sources: tuple[int, ...]) -> list[Step]:
    first = len(sources) + 1
    return [
        Step(f"Outline: {goal}"[:LONGEST_LINE], "generate", depends_on=sources),
        Step("Write a first draft", "generate", depends_on=(*sources, first)),
        Step("Review and refine the draft", "analyze", depends_on=(*sources, first + 1)),
    ]
