"""The tool that drafts a mail: a file that a mail program opens for editing. Nothing is ever sent by it.

Doing it twice is the same as doing it once: a task has one draft.
"""

import hashlib
import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from senter.errors import InvalidArgument, Unavailable
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.reading import resolved, shown
from senter.tasks.tools.tool import Context, Tool, schema
from senter.tasks.tools.writing import folder_made, start_of, write_once
from senter.wording import one_line, printable, shortened

FOLDER = "drafts"
MOST_RECIPIENTS = 20
LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""
LONGEST_SUBJECT = 200
LONGEST_BODY = 200_000
LONGEST_NAME = 60

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"(?=.{{1,64}}$){_ATOM}(?:\.{_ATOM})*")
"""A dot-atom (RFC 5322, 3.2.3): nothing in quotes, no comments, no letters that only look like others."""
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?![0-9]+$){_LABEL}")
_DATE = re.compile(rb"^Date: ([\w ,:+-]{1,60})\r\n", re.MULTILINE)


@dataclass(frozen=True)
class Draft:
    """A mail that is to be written."""

    to: tuple[str, ...]
    """Addresses without names, in letters of ASCII."""
    subject: str
    body: str

    def message(self, key: str, date: str) -> bytes:
        """The mail as RFC 5322 has it, with a mark for mail programs that it is still to be sent."""
        # only here: the parsers of the library take memory, and the catalogue of tools is in a service at rest
        from email.headerregistry import Address
        from email.message import EmailMessage
        from email.policy import SMTP

        message = EmailMessage(policy=SMTP)
        if self.to:
            message["To"] = tuple(Address(addr_spec=each) for each in self.to)
        message["Subject"] = self.subject
        message["Date"] = date
        message["Message-ID"] = f"<{self.digest(key)}@senter.invalid>"
        message["X-Unsent"] = "1"
        message.set_content(self.body, charset="utf-8", cte="quoted-printable")
        return message.as_bytes()

    def digest(self, key: str) -> str:
        """32 letters and digits that belong to this draft and key."""
        return hashlib.sha256(repr((key, self)).encode()).hexdigest()[:32]


def run(parameters: Mapping[str, Any], context: Context) -> Findings:
    """Write a draft to ``to`` about ``subject``, of ``body`` or what the steps before wrote, into the workspace.

    Raises InvalidArgument for addresses, a subject or a body that cannot be used, InvalidState when the draft of
    this task was changed, Unavailable when it cannot be written.
    """
    if not os.path.isabs(context.workspace):
        raise InvalidArgument("there is no workspace to write to")
    draft = Draft(recipients(parameters), subject(parameters), _body(parameters, context))
    key = _key(context) or draft.digest("")
    workspace = resolved(context.workspace)
    now = datetime.fromisoformat(context.now) if context.now else datetime.now().astimezone()
    try:
        with folder_made(workspace, (FOLDER,)) as folder:
            name, date = _earlier(folder, key) or (_name(draft, key, now), _date(now))
            write_once(folder, name, draft.message(key, date), shown(os.path.join(FOLDER, name)))
    except OSError as error:
        raise Unavailable(f"the draft cannot be written: {error.strerror}") from error
    path = os.path.join(workspace, FOLDER, name)
    to = ", ".join(draft.to) or "nobody yet"
    return Findings(
        f"Drafted a mail to {to} about “{draft.subject}” in {shown(path)}; it was not sent.",
        files=(path,),
        notice=("A mail is drafted", shortened(f"To {to}: {draft.subject}"), path),
    )


def _key(context: Context) -> str:
    """What tells the draft of a task from those of all others, also of an earlier list of goals."""
    made = f"-{context.made // 1_000_000 % 100_000:05}" if context.made else ""
    return re.sub(r"[^A-Za-z0-9]", "-", context.task + made)


def asks(parameters: Mapping[str, Any], _context: Context) -> str:
    """``draft a mail to a@example.org about “Lunch”`` when it is to somebody; raises InvalidArgument."""
    to, about = recipients(parameters), subject(parameters)
    return f"draft a mail to {', '.join(to)} about “{about}”" if to else ""


def recipients(parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """The addresses in ``to``, each once, as they are shown and written.

    Domains in other letters are written in those of ASCII (RFC 3492), so that none looks like another. Raises
    InvalidArgument for what is no plain address, and for too many.
    """
    several = parameters.get("to") or []
    if len(several) > MOST_RECIPIENTS:
        raise InvalidArgument(f"a mail may be drafted to at most {MOST_RECIPIENTS} addresses, not {len(several)}")
    return tuple({(address := _address(each)).casefold(): address for each in several}.values())


def subject(parameters: Mapping[str, Any]) -> str:
    """The subject, which is text on one line; raises InvalidArgument for one that is not."""
    about = str(parameters["subject"]).strip()
    is_line = len(about.splitlines()) == 1 and about == printable(about)
    # what is encoded already would be another text than the one that is approved
    if not is_line or "=?" in about or len(about) > LONGEST_SUBJECT:
        raise InvalidArgument(f"subject must be plain text on one line of at most {LONGEST_SUBJECT} characters")
    return about


def _address(text: str) -> str:
    local, _, domain = text.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode().lower() if len(domain) <= LONGEST_ADDRESS else ""
    except UnicodeError:
        domain = ""
    address = f"{local}@{domain}"
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain) or len(address) > LONGEST_ADDRESS:
        told = shortened(one_line(text), LONGEST_NAME)
        raise InvalidArgument(f'"{told}" is not a plain address such as ada@example.org')
    return address


def _body(parameters: Mapping[str, Any], context: Context) -> str:
    written = parameters.get("body") or context.earlier.text
    body = printable(written.replace("\r\n", "\n").replace("\r", "\n"), LONGEST_BODY + 1).strip()
    if not body:
        raise InvalidArgument("there is nothing to draft: body is empty, and no step before wrote anything")
    if len(body) > LONGEST_BODY:
        raise InvalidArgument(f"body is longer than {LONGEST_BODY:,} characters")
    return f"{body}\n"


def _name(draft: Draft, key: str, now: datetime) -> str:
    """``2026-11-22-lunch_12-3.eml``."""
    plain = unicodedata.normalize("NFKD", draft.subject).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_NAME].strip("-")
    return "-".join(part for part in (f"{now:%Y-%m-%d}", words) if part) + f"_{key}.eml"


def _date(now: datetime) -> str:
    from email.utils import format_datetime

    return format_datetime(now)


def _earlier(folder: int, key: str) -> tuple[str, str] | None:
    """The name and the date of the draft with this key when there is one already."""
    for name in sorted(os.listdir(folder)):
        if name.endswith(f"_{key}.eml") and (date := _DATE.search(start_of(folder, name))):
            return name, date[1].decode()
    return None


TOOL = Tool(
    "email_draft",
    "Drafts a mail with a subject, a text or what the steps before wrote, and recipients or none; the user is asked"
    " before one with recipients is drafted, and sends it or not.",
    schema(
        ("subject",),
        to={"type": "array", "items": {"type": "string"}},
        subject={"type": "string"},
        body={"type": "string"},
    ),
    run,
    "draft",
    asks,
)
