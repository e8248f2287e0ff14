"""The command line, where nothing answers it."""

import subprocess
import sys
from importlib import metadata

import click
import pytest
from click.testing import CliRunner

from senter.bus.names import ROOMS
from senter.cli.__main__ import main
from senter.reporter.service import LONGEST_DIGEST_HOURS
from senter.wording import one_line

NEEDS_THE_BUS = [
    ["status"],
    ["status", "--json"],
    ["progress"],
    ["progress", "--json"],
    ["progress", "--since", "yesterday"],
    ["digest"],
    ["digest", "--send"],
    ["digest", "--hours", "2", "--json"],
    ["start"],
    ["stop"],
    ["restart"],
    ["start", "reporter"],
    ["goals", "add", "Research cats"],
    ["goals", "add", "Research cats", "--wait"],
    ["goals", "list"],
    ["goals", "list", "--json"],
    ["goals", "show", "1"],
    ["goals", "watch"],
    ["goals", "watch", "1"],
    ["goals", "cancel", "1"],
    ["goals", "retry", "1"],
    ["ask", "What is a cat?"],
    ["ask", "What is a cat?", "--no-stream"],
    ["setup"],
    ["setup", "--json"],
]
TAKES_A_ROOM = ["start", "stop", "restart", "logs"]
IN_WORDS = " ".join


def senter(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(main, arguments, prog_name="senter")


def commands(group=main, words=()):
    """Every command with the words that lead to it, those in groups too."""
    for name, command in group.commands.items():
        yield (*words, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))


def test_senter_alone_prints_help():
    result = senter()
    assert result.stdout.startswith("Usage: senter [OPTIONS]")
    assert result.stdout == senter("--help").stdout
    assert result.exit_code == 0


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_is_no_failure(option):
    assert senter(option).exit_code == 0


def test_help_says_of_every_command_what_it_does():
    for words, command in commands():
        assert senter(*words, "-h").exit_code == 0
        assert command.get_short_help_str()


def test_every_option_says_what_it_does():
    for words, command in commands():
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, f"{words} {parameter.name}"


def test_help_shows_what_may_be_left_out_in_brackets():
    assert "senter goals watch [OPTIONS] [ID]\n" in senter("goals", "watch", "-h").stdout
    assert "senter goals show [OPTIONS] ID\n" in senter("goals", "show", "-h").stdout


def test_the_version_is_the_one_that_is_installed():
    result = senter("version")
    assert (result.exit_code, result.output) == (0, f"senter {metadata.version('senter')}\n")


@pytest.mark.parametrize("command", TAKES_A_ROOM)
def test_an_unknown_room_is_a_usage_error_that_names_the_rooms(command):
    result = senter(command, "kitchen")
    assert result.exit_code == 2
    assert "there is no room 'kitchen'; there are: " in result.stderr
    for room in ROOMS:
        assert room.title in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["status", "extra"],
        ["digest", "--hours", "0"],
        ["digest", "--hours", "x"],
        ["digest", "--hours", "8785"],
        ["digest", "--hours", "99999999999"],
        ["logs", "-n", "0"],
        ["goals", "nonsense"],
        ["goals", "add"],
        ["goals", "add", "Research", "cats"],
        ["goals", "add", "Research cats", "--priority", "0"],
        ["goals", "add", "Research cats", "--priority", "11"],
        ["goals", "list", "--state", "asleep"],
        ["goals", "list", "--limit", "0"],
        ["goals", "show"],
        ["goals", "watch", "1", "2"],
        ["ask"],
        ["models", "nonsense"],
        ["models", "pull"],
        ["models", "pull", "a", "b"],
        ["models", "use"],
    ],
    ids=IN_WORDS,
)
def test_wrong_usage_ends_with_2(arguments):
    result = senter(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["digest", "--send", "--hours", "24"], "--send does not go with --hours, --plain or --html"),
        (["digest", "--send", "--plain"], "--send does not go with --hours, --plain or --html"),
        (["digest", "--send", "--html"], "--send does not go with --hours, --plain or --html"),
        (["digest", "--html", "--plain"], "--html does not go with --plain"),
        (["digest", "--hours", "99999999999"], "99999999999 is not in the range 1<=x<=8784"),
        (["progress", "--by", "goal", "--search", "cats"], "--by and --search do not go together"),
        (["progress", "--by", "goal", "--search", ""], "--by and --search do not go together"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_a_usage_error_that_says_so(arguments, sentence):
    result = senter(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


def test_a_year_is_the_longest_digest():
    assert f"<={LONGEST_DIGEST_HOURS}]" in senter("digest", "-h").stdout
    assert senter("digest", "--hours", str(LONGEST_DIGEST_HOURS)).exit_code == 3


@pytest.mark.parametrize("arguments", NEEDS_THE_BUS, ids=IN_WORDS)
def test_without_a_session_bus_one_sentence_and_exit_code_3(arguments):
    result = senter(*arguments)
    assert_not_running(result)
    assert "there is no session bus here" in result.stderr


@pytest.mark.parametrize("address", ["unix:path=/nonexistent/bus", "nonsense", "tcp:host=localhost,port=1"])
@pytest.mark.parametrize("arguments", [["status"], ["digest"], ["start"]], ids=IN_WORDS)
def test_a_bus_that_cannot_be_reached_is_one_sentence_and_exit_code_3(arguments, address, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    assert_not_running(senter(*arguments))


def assert_not_running(result):
    """Nothing on stdout, one line on stderr, exit code 3."""
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    assert result.stdout == ""
    assert result.stderr.startswith("senter: ")
    assert len(result.stderr.splitlines()) == 1
    assert result.exit_code == 3


@pytest.mark.parametrize("text", ["soonish", "", "  "])
def test_a_time_that_is_none_is_one_sentence_and_a_failure(text):
    result = senter("progress", "--since", text)
    assert (result.exit_code, len(result.stderr.splitlines())) == (1, 1)
    assert result.stderr.startswith(f"senter: {one_line(repr(text))} is not a time")


def test_without_a_journal_the_logs_are_one_sentence_and_a_failure(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    result = senter("logs")
    assert (result.exit_code, result.stderr) == (1, "senter: there is no journal on this system\n")


def test_the_command_line_does_not_load_what_only_rooms_need():
    heavy = ["openai", "httpx2", "ddgs", "trafilatura", "lxml", "pypdf", "xllamacpp"]
    heavy += [
        "cv2",
        "mediapipe",
        "numpy",
        "sqlite_utils",
        "sqlite3",
        "desktop_notifier",
        "pystemd",
        "rich",
        "tomlkit",
        "jinja2",
        "pygal",
    ]
    program = f"import sys, senter.cli.__main__\nprint([name for name in {heavy} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_the_installed_program_is_the_same_command_line():
    result = subprocess.run(
        [sys.executable, "-I", "-m", "senter.cli", "version"], capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, senter("version").output, "")
