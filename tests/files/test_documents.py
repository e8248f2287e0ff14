"""What the documents tell people to type is there."""

import re
import tomllib
from dataclasses import fields

import click
import pytest
from files.source import REPOSITORY

from senter import settings
from senter.cli.__main__ import main
from senter.models.providers.provider import PRESETS, providers_of
from senter.tasks.tools.catalogue import TOOLS
from senter.tasks.tools.tool import asks_nothing

DOCUMENTS = [
    path
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "src/senter/README.md", "launchd/README.md")
    if (path := REPOSITORY / name).is_file()
] + sorted((REPOSITORY / "docs").glob("*.md"))

MODELS = REPOSITORY / "docs/models.md"
GOALS = REPOSITORY / "docs/goals.md"

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(REPOSITORY).as_posix()
)

FENCED = re.compile(r"^ *```[^\n]*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
SETTINGS = re.compile(r"^ *```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
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


@every_document
def test_settings_that_are_shown_can_be_used(document, tmp_path):
    for number, block in enumerate(SETTINGS.findall(document.read_text(encoding="utf-8"))):
        if "# keys.toml" in block:
            assert all(isinstance(key, str) for key in tomllib.loads(block).values()), block
            continue
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        for section, names in settings.SECTIONS.items():
            for name in names:
                chosen = settings.load(section, file, name.partition(".")[2])
                if section is settings.ModelSettings:
                    assert providers_of(chosen.providers, chosen.model, name), block


def test_every_provider_with_a_name_is_in_the_document_of_models():
    text = MODELS.read_text(encoding="utf-8")
    assert [name for name, url in PRESETS.items() if f"| `{name}` |" not in text or f"`{url}`" not in text] == []


def test_every_setting_of_models_is_in_the_document_of_models():
    text = MODELS.read_text(encoding="utf-8")
    known = [field for section in (settings.ModelSettings, settings.BudgetSettings) for field in fields(section)]
    assert [field.name for field in known if f"\n{field.name} = " not in text] == []


def test_every_setting_of_goals_is_in_the_document_of_goals_with_the_value_it_has(tmp_path):
    block = next(block for block in SETTINGS.findall(GOALS.read_text(encoding="utf-8")) if "[tasks]" in block)
    file = tmp_path / "config.toml"
    file.write_text(block, encoding="utf-8")
    assert settings.load(settings.TasksSettings, file) == settings.TasksSettings()
    assert [field.name for field in fields(settings.TasksSettings) if f"\n{field.name} = " not in block] == []


def test_the_document_of_goals_has_every_tool_and_says_which_ask_first():
    rows = re.findall(r"^\| `([a-z_]+)` \|.*\| ([^|]+) \|$", GOALS.read_text(encoding="utf-8"), re.MULTILINE)
    told = {name: answer != "no" for name, answer in rows}
    assert told == {name: tool.asks is not asks_nothing for name, tool in TOOLS.items()}


def test_every_command_is_in_the_readme():
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    missing = [name for name in main.commands if f"senter {name}" not in text]
    assert missing == []


def test_the_menu_of_make_shows_every_target():
    text = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z][a-z-]*):.*  ## \S", text, re.MULTILINE))
    assert targets() == explained
