"""``senter profile forget``, as it is typed, with nobody running."""

import pytest
from click.testing import CliRunner

from senter.cli.__main__ import main


def senter(*arguments):
    """Run the command in this process: its exit code and what it says."""
    result = CliRunner().invoke(main, ["profile", "forget", *arguments], prog_name="senter")
    return result.exit_code, result.output


@pytest.mark.parametrize(
    "arguments",
    [(), ("--yes",), ("--all", "--before", "09:00"), ("--topic", "cats", "--preference", "style formality")],
    ids=str,
)
def test_one_thing_is_to_be_named(arguments):
    code, output = senter(*arguments)
    assert code == 2 and "Name one of --topic, --before, --since, --preference, --all" in output


@pytest.mark.parametrize("arguments", [("--all",), ("--topic", "cats"), ("--before", "whenever")], ids=str)
def test_without_a_terminal_it_is_to_be_sure(arguments):
    code, output = senter(*arguments)
    assert code == 2 and "this needs --yes" in output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--topic", " "), "--topic is empty"),
        (("--preference", "style"), "--preference takes a type and a key"),
        (("--preference", "style response length"), "--preference takes a type and a key"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(arguments, complaint):
    code, output = senter(*arguments, "--yes")
    assert code == 2 and complaint in output


def test_what_can_be_meant_is_asked_of_learning():
    code, output = senter("--topic", "cats", "--yes")
    assert code == 3 and "there is no session bus" in output
