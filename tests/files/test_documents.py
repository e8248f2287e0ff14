"""What the documents tell people to type is there."""

import re

import click
import pytest
from files.source import REPOSITORY

from senter.cli.__main__ import main

DOCUMENTS = [
    path
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/senter/README.md", "launchd/README.md")
    if (path := REPOSITORY / name).is_file()
]

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix()
)

FENCED = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
BEFORE_A_COMMAND = r"(?:^|[\s'\"(;&|])"


def code(document):
    """Every line of code of a document, without comments."""
    text = document.read_text(encoding="utf-8")
    fenced = "\n".join(FENCED.findall(text))
    lines = [*fenced.splitlines(), *INLINE.findall(FENCED.sub("", text))]
    return [re.sub(r"(^|\s)#.*", "", line) for line in lines]


def targets():
    """The targets of the Makefile."""
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE))


def command(words):
    """The command that words after ``senter`` lead to, None when there is none."""
    found = main
    for word in words:
        if not isinstance(found, click.Group):
            break
        found = found.commands.get(word)
    return found


@every_document
def test_every_make_target_that_is_mentioned_exists(document):
    for line in code(document):
        for mentioned in re.findall(BEFORE_A_COMMAND + r"make ([a-z][a-z-]*)", line):
            assert mentioned in targets(), line


@every_document
def test_every_senter_command_that_is_mentioned_exists(document):
    for line in code(document):
        for words in re.findall(BEFORE_A_COMMAND + r"senter ((?:[a-z]+\b(?![:.]) ?)+)", line):
            assert command(words.split()), line


@every_document
def test_every_option_of_a_command_that_is_mentioned_exists(document):
    for line in code(document):
        for words, rest in re.findall(BEFORE_A_COMMAND + r"senter ((?:[a-z]+\b ?)+)([^;&|')]*)", line):
            found = command(words.split())
            known = {name for parameter in found.params for name in parameter.opts} if found else set()
            assert set(re.findall(r"(?<!\S)--?[a-z]+(?:-[a-z]+)*", rest)) <= known | {"-h", "--help"}, line


@every_document
def test_every_file_that_is_linked_exists(document):
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target


def test_every_command_is_in_the_readme():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    missing = [name for name in main.commands if f"senter {name}" not in text]
    assert missing == []


def test_the_menu_of_make_shows_every_target():
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z][a-z-]*):.*  ## \S", text, re.MULTILINE))
    assert targets() == explained
