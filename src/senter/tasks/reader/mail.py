"""A mail: who wrote to whom, when, about what, and its text. What is attached is named, not opened."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from senter.tasks.reader.text import Unreadable, told_name

if TYPE_CHECKING:
    from email.message import EmailMessage

MOST_ATTACHMENTS = 50
LONGEST_HEADER = 2000
_TOLD = ("From", "To", "Cc", "Date", "Subject")

# What the package email raises for mails that are broken or made to harm; its parser of headers is known for more
# than it documents.
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, AssertionError)


@dataclass(frozen=True)
class Letter:
    """A mail."""

    subject: str
    header: str
    """One line each: From, To, Cc, Date, Subject."""
    body: bytes
    charset: str
    is_html: bool
    attachments: str
    """One name a line below a line that says so, or nothing."""


def letter_of(content: bytes) -> Letter:
    """The mail that these bytes are. Raises Unreadable when they are none."""
    from email import message_from_bytes, policy
    from email.message import EmailMessage

    try:
        message = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        header = {name: _header(message, name) for name in _TOLD}
        if not any(header.values()):
            raise Unreadable("mail")
        return Letter(
            header["Subject"],
            "\n".join(f"{name}: {value}" for name, value in header.items() if value),
            *_body(message),
            _attachments(message),
        )
    except _BROKEN as error:
        raise Unreadable("mail") from error


def _header(message: "EmailMessage", name: str) -> str:
    """A header on one line; of a very long one the beginning, since the time it takes is quadratic."""
    for given, raw in message.raw_items():
        if given.casefold() == name.casefold():
            value = message.policy.header_fetch_parse(given, str(raw)[:LONGEST_HEADER])
            return " ".join(str(value).split())
    return ""


def _body(message: "EmailMessage") -> tuple[bytes, str, bool]:
    """The text that is meant to be read: its bytes, its character set and whether it is HTML."""
    part: Any = message.get_body(("plain", "html"))
    if part is None:
        return b"", "", False
    content = part.get_payload(decode=True)
    charset = part.get_content_charset("")
    return content if isinstance(content, bytes) else b"", charset, part.get_content_subtype() == "html"


def _attachments(message: "EmailMessage") -> str:
    names = []
    for part in message.walk():
        if part.get_content_disposition() == "attachment" or part.get_filename():
            names.append(told_name(part.get_filename() or part.get_content_type()))
        if len(names) == MOST_ATTACHMENTS:
            break
    return "\n".join(["Attached, and not read:", *names]) if names else ""
