"""What kind of document some bytes are, and its text. No disk, no network.

Text is decoded wherever that is asked for; every other kind is read in a process that is shut off (``child.py``).
"""

import codecs
import re
import time
from typing import Literal

from senter.tasks.reader.archive import PACKED, members, unpacked
from senter.tasks.reader.mail import letter_of
from senter.tasks.reader.page import page_of
from senter.tasks.reader.pdf import pages_of
from senter.tasks.reader.text import LARGEST, UNSEEN, Found, Unreadable, at, of_lines, told_name

HEAD = 8192
"""Bytes that are enough to say whether something is a document at all."""

LONGEST_UNPACKING = 10.0
"""Seconds of computing after which no further document of an archive is begun."""

Kind = Literal["text", "html", "pdf", "mail", "archive"]

_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset=["']?([\w-]{1,40})""", re.IGNORECASE)
_CHARSET_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,40}")
# Codecs of Python that are no character sets: some are quadratic (punycode), the others hide what is written.
_NO_CHARSETS = ("idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7")
_MAIL = re.compile(rb"(?:return-path|delivered-to|received|message-id|mime-version)[ \t]*:", re.IGNORECASE)
_OF_MEDIA_TYPES: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "message/rfc822": "mail",
    "application/zip": "archive",
    "application/gzip": "archive",
    "application/x-tar": "archive",
}
_OF_NAMES: dict[str, Kind] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".eml": "mail",
    ".zip": "archive",
    ".tar": "archive",
}


def is_document(head: bytes) -> bool:
    """Whether content that begins so may be a document that can be read."""
    return _magic(head) is not None or head.startswith(_MARKS) or b"\0" not in head


def kind_of(content: bytes, name: str, media_type: str = "") -> Kind:
    """What a document is, by its first bytes, else by what a server says it is, else by its name."""
    start = content[:1000]
    start = start.decode("utf-16", errors="ignore").encode() if start.startswith(_MARKS) else start
    begins = start.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if found := _magic(content[:HEAD]):
        return found
    if begins.startswith((b"<!doctype html", b"<html")):
        return "html"
    if media_type:
        return _OF_MEDIA_TYPES.get(media_type, "text")
    folded = name.casefold()
    named: Kind = next((kind for end, kind in _OF_NAMES.items() if folded.endswith(end)), "text")
    return "mail" if named == "text" and _MAIL.match(begins) else named


def read(content: bytes, name: str, media_type: str = "", charset: str = "", *, inside: bool = False) -> Found:
    """The title and the passages of a document.

    Takes the name it is known by, and what a server says of it: its media type (``text/html``) and character set.
    ``inside`` says that it is from an archive. Raises Unreadable, and whatever a parser raises that met what it was
    not made for.
    """
    if len(content) > LARGEST:
        raise Unreadable("large")
    kind = kind_of(content, name, media_type)
    if kind == "archive" and inside:
        raise Unreadable("nested")
    if kind == "archive":
        return _read_archive(content, name)
    if kind == "pdf":
        found = Found()
        for place, page in pages_of(content, found.notes):
            found.passages += at(place, page)
        return found
    if kind == "mail":
        return _read_mail(content)
    if kind == "html":
        title, text = page_of(text_of(content, charset))
        return Found(title, list(at("", text)))
    return Found("", list(of_lines(text_of(content, charset))))


def text_of(content: bytes, charset: str = "") -> str:
    """Content as text: by the character set that is named, UTF-16 with a mark, UTF-8, or Latin-1 if that is text.

    Raises Unreadable when it is none of these.
    """
    declared = _CHARSET.search(content[:2048])
    for encoding in (
        charset,
        declared.group(1).decode("ascii") if declared else "",
        "utf-16" if content.startswith(_MARKS) else "",
        "utf-8-sig",
    ):
        if not _is_charset(encoding):
            continue
        try:
            text = content.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in text:
            return text
    text = content.decode("cp1252", errors="replace")
    if len(UNSEEN.findall(text)) + text.count("\ufffd") > len(text) // 100 or "\0" in text:
        raise Unreadable("text")
    return text


def _magic(head: bytes) -> Kind | None:
    """The kind of a document that begins with the mark of its kind."""
    if head.startswith(b"%PDF-"):
        return "pdf"
    return "archive" if head.startswith(PACKED) or head[257:262] == b"ustar" else None


def _is_charset(name: str) -> bool:
    """Whether a name is that of a character set, not of another of Python's codecs."""
    if not _CHARSET_NAME.fullmatch(name):
        return False
    try:
        return codecs.lookup(name).name.replace("_", "-") not in _NO_CHARSETS
    except LookupError:
        return False


def _read_mail(content: bytes) -> Found:
    letter = letter_of(content)
    found = Found(letter.subject, list(at("header", letter.header)))
    text = text_of(letter.body, letter.charset)
    found.passages += at("", page_of(text)[1]) if letter.is_html else of_lines(text)
    found.passages += at("attachments", letter.attachments)
    return found


def _read_archive(content: bytes, name: str) -> Found:
    """What is packed, when it is one document, else the documents in it, each passage with the name of its own."""
    alone, inner = unpacked(content, name)
    if alone is not None:
        return read(alone, inner, inside=True)
    found = Found()
    began = time.process_time()
    for member in members(content, is_document):
        told = told_name(member.name)
        try:
            parts = read(member.content, member.name, inside=True) if not member.reason else Found()
        except Unreadable as error:
            found.notes.append((told, error.reason))
            continue
        found.passages += [(f"{told}, {place}" if place else told, piece) for place, piece in parts.passages]
        found.notes += [(told, reason) for _, reason in parts.notes]
        found.notes += [(told, member.reason)] if member.reason else []
        if time.process_time() - began > LONGEST_UNPACKING:
            found.notes.append(("", "slow"))
            break
    if not found.passages and not found.notes:
        raise Unreadable("empty")
    return found
