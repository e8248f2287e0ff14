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
    written_paths,
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
    rf"\b(?:to|e?-?mail) (?:[^@,;]{{0,40}}[ <(])?((?:{ADDRESS}[>)]?(?:,? and |, ?)?)+)", re.IGNORECASE
)
_MAILS = re.compile(
    r"(?:^|[,;.]\s+|\b(?:and|then)\s+)(?:(?:and|then|please)\s+)*"
    r"(?:write|draft|create|compose|prepare|send|forward|e-?mail|mail)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"\b(?:about|regarding|concerning) (.+)", re.IGNORECASE)
_SAYS = re.compile(r"^[\s,;:>)]*(?:(?:about|regarding|concerning|that|saying)\b)?", re.IGNORECASE)
_MEANT = re.compile(
    r"(?:it|this|that|them|these|those|(?:the|your) (?:results?|findings|answers?)|what (?:you find|was found))",
    re.IGNORECASE,
)
"""What stands for what the rest of the goal asks."""
_TOLD_AS_FOUND = {"calendar_check", "file_list"}
"""What these find is no text to pick sentences from: the report quotes it."""
LONGEST_NAME = 60
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
    targets, rest = written_paths(description)
    asked = _asked(one_line(rest))
    steps = _gathering(one_line(rest), asked, named_paths(rest))
    sources = tuple(range(1, len(steps) + 1))
    if recipients := _recipients(goal):
        steps += _mailing(goal, asked, recipients, sources)
    elif wants_writing(goal):
        steps += _writing(goal, sources)
    elif not steps:
        steps = [Step(goal[:LONGEST_LINE], "custom")]
    elif targets or not {step.tool for step in steps} <= _TOLD_AS_FOUND:
        steps.append(Step("Summarise what was found", "generate", depends_on=sources))
    return [*steps, *_keeping(targets, asked, steps)]


def _asked(goal: str) -> str:
    """What is to be found out, without pages, without to whom it is to be written, and without any address."""
    words = PAGE.sub("", goal)
    if (to := _RECIPIENTS.search(words)) and _WRITES_MAIL.search(words):
        begin = [match.start() for match in _MAILS.finditer(words[: to.end()])][-1:] or [len(words)]
        words = words[: begin[0]] if words[: begin[0]].strip() else words[to.end() :]
        words = _SAYS.sub("", words)
    return question_of(re.sub(rf"(?:\bmailto:)?{ADDRESS}", "", words))


def _gathering(goal: str, asked: str, paths: Sequence[str]) -> list[Step]:
    """Steps that read what is named, and search the web for what is not there: never for what is private."""
    steps = [_reading(goal, asked, path) for path in paths]
    if pages := named_pages(goal):
        count = "the page" if len(pages) == 1 else f"the {len(pages)} pages"
        steps.append(Step(f"Read {count} that the goal names", "research", "web_page", {"urls": pages}))
    if _CALENDAR.search(goal):
        steps.append(Step("Look into the calendar", "research", "calendar_check"))
    if asked and has(goal, SEARCHING) and (not steps or has(goal, WEB)):
        steps.append(Step("Search the web and read what was found", "research", "research", {"query": asked}))
    return steps


def _reading(goal: str, asked: str, path: str) -> Step:
    if _DOCUMENT.search(path):
        return Step(f"Read {path}", "research", "file_read", {"path": path})
    if _LISTING.search(goal):
        return Step(f"List what is in {path}", "research", "file_list", {"folder": path})
    parameters = {"folder": path, "query": asked}
    return Step(f"Search the documents in {path}", "research", "file_search", parameters)


def _recipients(goal: str) -> list[str]:
    """Who a mail is to be drafted to; nobody unless the goal asks for one."""
    found = _RECIPIENTS.search(goal) if _WRITES_MAIL.search(goal) else None
    return re.findall(ADDRESS, found[1]) if found else []


def _mailing(goal: str, asked: str, recipients: Sequence[str], sources: tuple[int, ...]) -> list[Step]:
    about = _SUBJECT.search(goal)
    subject = question_of(about[1]).strip(" .") if about else ""
    if not subject or _MEANT.fullmatch(subject):
        subject = asked or goal
    parameters: dict[str, Any] = {"to": [*recipients], "subject": shortened(subject, LONGEST_SUBJECT)}
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


def _keeping(targets: Sequence[str], asked: str, steps: Sequence[Step]) -> list[Step]:
    """Steps that write what the last step without a tool made; in a folder, to a file named after what is asked."""
    written = max((number for number, step in enumerate(steps, 1) if not step.tool), default=0)
    name = "-".join(re.findall(r"\w+", asked.lower()))[:LONGEST_NAME].strip("-") or "report"
    files = [path if _DOCUMENT.search(path) else f"{path.rstrip('/')}/{name}.md" for path in targets]
    return [Step(f"Write it to {file}", "organize", "file_write", {"path": file}, (written,)) for file in files]
