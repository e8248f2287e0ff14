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

_WRITES = re.compile(
    r"(?<![/\w])(?:writ(?:e|ing)|sav(?:e|ing)|stor(?:e|ing)|put|keep|draft|create|compose|export)\b", re.IGNORECASE
)
_FILE = r"(?:(?:the|a|an|my|new|text)\s+)*(?:(?:file|document|note|folder|directory)\s+)?(?:(?:named|called)\s+)?"
_WHAT = (
    r"(?:it|this|that|them|all|everything"
    r"|(?:the|a|an|your)(?:\s+(?!(?:of|from|about|on|in|with|for|to)\b)[\w-]+){1,3})"
)
_TARGETS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"((?:[,;.]\s*|\s)(?:(?:and|then|please)\s+)*(?<=[\s,;.])(?:write|save|store|put|keep|export)\s+{_WHAT}\s+"
        rf"(?:down\s+)?(?:into|to|as|in|under|at)\s+{_FILE})$",
        rf"\s((?:into|to|as)\s+{_FILE})$",
        rf"\b(?:write|save|store|put|keep|draft)\s+{_WHAT}\s+(?:down\s+)?((?:in|under|at)\s+{_FILE})$",
        rf"\b(?:write|create|draft|compose)\s+({_FILE})$",
    )
]
"""What stands before a path that is to be written, after a writing word; the group is no part of what is asked."""
_NO_TARGET = re.compile(
    r"(?:\b(?:according|due|refer\w*|compar\w*|relat\w*|similar|regards?|respect|respon\w*|repl\w*|reactions?"
    r"|introduction|sequel|link\w*|add\w*|next|close|equal|belong\w*|thanks|such|same|well|long|soon|known)"
    r"|\b(?:an|my) answer|\b(?:comparison|differences?) (?:of|between) [\"']?[~/]\S*)\s+(?:to|as)\s+\S*$",
    re.IGNORECASE,
)
_LONGEST_BEFORE = 120


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


def written_paths(description: str) -> tuple[list[str], str]:
    """The paths that a goal asks to write to ("save it in ~/plan.md"), and its words without these."""
    writes = _WRITES.search(description)
    begin = writes.end() if writes else len(description)
    paths, kept, end = [], "", 0
    for match in _PATH.finditer(description):
        path = next(filter(None, match.groups()))
        before = description[max(end, match.start() - _LONGEST_BEFORE) : match.start()]
        found = [target for pattern in _TARGETS if (target := pattern.search(before))]
        if not found or match.start() < begin or _NO_TARGET.search(before) or not path.strip("/.!?"):
            continue
        paths.append(expanded(path.rstrip(".!?")))
        kept += description[end : match.start() - len(found[0][1])]
        end = match.start() + len(match[0].rstrip(".!?"))
    return list(dict.fromkeys(paths)), kept + description[end:]


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
