"""What a plan is made of, and what the words of a goal name and want. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from senter.errors import InvalidArgument
from senter.tasks.tools.reading import CLOSED

MOST_STEPS = 20

SEARCHING = ("research", "find", "search", "learn about", "look up", "look for")
WRITING = ("write", "draft", "create", "compose")
WEB = ("web", "internet", "online")

DOCUMENTS = {"file_search": "folder", "file_read": "path", "file_list": "folder"}
"""The tools that read what a goal names, and the parameter that names it."""

_LOCAL = r"[\w.!#$%&*+/=?^{|}~-]"
ADDRESS = rf"(?<!{_LOCAL}){_LOCAL}+@\w[\w-]*(?:\.\w[\w-]*)+"
"""A regular expression of e-mail addresses."""

PAGE = re.compile(r"\bhttps?://[^\s\"'`<>)\]}]+", re.IGNORECASE)
"""The address of a page on the web, as people type it into a sentence."""

MOST_PAGES = 10

_OPENING, _CLOSING = "\"'`“„‘«<[", "\"'`”“’»>]"  # noqa: RUF001 - as people type them
_QUOTED = "|".join(
    rf"{re.escape(first)}(?:file://)?([~/][^{re.escape(first + last)}]*){re.escape(last)}"
    for first, last in zip(_OPENING, _CLOSING, strict=True)
)
_PATH = re.compile(rf"{_QUOTED}|(?:^|(?<=[\s(,:]))(?:file://)?(~[\w-]*/[^\s\"'`,;:)]*|/(?!/)[^\s\"'`,;:)]*)")
_SAYS_WHERE = re.compile(
    r"\b(?:from|in|using|with|through|below)\s+(?:(?:the|my|our|all|these|this)\s+)*"
    r"(?:documents?|files?|notes?|papers?|pdfs?|folders?|directory|directories)\s+"
    r"(?:(?:in|at|under|below|of|from|named|called)\b|[\"'“„«<\[~.])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Step:
    """One step of a plan that is not begun; ``depends_on`` holds the numbers of earlier steps, the first is 1."""

    description: str
    type: str
    tool: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    depends_on: tuple[int, ...] = ()


def named_paths(description: str) -> list[str]:
    """The folders and files that a goal names by an absolute path or one that begins with ``~``, expanded.

    A path with spaces has to be in quotes. A lone slash names nothing: it stands between two words.
    """
    found = [next(filter(None, match.groups())) for match in _PATH.finditer(description)]
    return list(dict.fromkeys(expanded(path.rstrip(".!?")) for path in found if path.strip("/.!?")))


def check_named(description: str) -> None:
    """Raise InvalidArgument for a goal that says where its documents are, but not by a path that can be read.

    What is asked of private documents must not become a search of the web.
    """
    if _SAYS_WHERE.search(description) and not named_paths(description) and not has(description, WEB):
        raise InvalidArgument(
            "the documents are not named by a path; write it with / or ~ at the beginning, in quotes when it has"
            ' spaces, or add "from the web"'
        )


def allowed_paths(description: str, roots: Sequence[str]) -> list[str]:
    """Those of the named paths that may be read: below one of the roots, not hidden, and no part of the system."""
    allowed = [Path(root).expanduser() for root in roots]
    return [
        path
        for path in named_paths(description)
        if any(Path(path).is_relative_to(root) for root in allowed)
        and not any(part.startswith(".") for part in Path(path).parts)
        and not any(Path(path).is_relative_to(closed) for closed in CLOSED)
    ]


def wants_writing(description: str) -> bool:
    """Whether a goal asks for a text of its own rather than for something to be found."""
    return not has(description, SEARCHING) and has(description, WRITING)


def named_addresses(description: str) -> list[str]:
    """The e-mail addresses that a goal names, in small letters."""
    return list(dict.fromkeys(address.lower() for address in re.findall(ADDRESS, description)))


def named_pages(description: str) -> list[str]:
    """The pages on the web that a goal names, at most ten; a mark at the end belongs to the sentence."""
    found = [address.rstrip(".,;:!?*_") for address in PAGE.findall(description)]
    return list(dict.fromkeys(found))[:MOST_PAGES]


def has(text: str, words: Sequence[str]) -> bool:
    """Whether a text has a word that begins with one of these."""
    return re.search(rf"\b({'|'.join(words)})", text.lower()) is not None


def expanded(path: str) -> str:
    """The path with the user's home folder for ``~``; those of other users stay as they are."""
    return str(Path(path).expanduser() if path == "~" or path.startswith("~/") else Path(path))
