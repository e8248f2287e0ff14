"""How a download is shown."""

import pytest
import rich

from senter.cli.downloads.progress import Bars, Lines, shown
from senter.cli.downloads.registry import ModelFile

FILE = ModelFile("https://a/[red]model.gguf", 2_000_000, "0" * 64)


def test_where_there_is_no_terminal_there_are_lines():
    assert isinstance(shown(), Lines)


def test_on_a_terminal_there_are_bars(monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert isinstance(shown(), Bars)


def test_a_file_is_one_line(capsys):
    with Lines() as lines:
        lines.begins(FILE)
        for done in range(0, FILE.size, 1000):
            lines.at(FILE, done)
    assert capsys.readouterr() == ("[red]model.gguf  2.0 MB\n", "")


def test_a_lost_connection_is_a_line_for_those_who_look_for_trouble(capsys):
    with Lines() as lines:
        lines.begins(FILE)
        lines.breaks(FILE, "the server is silent")
    assert capsys.readouterr().err == "[red]model.gguf: the server is silent; trying again\n"


@pytest.fixture
def drawn(capsys, monkeypatch):
    """What a bar looks like after some news of it."""
    monkeypatch.setenv("COLUMNS", "140")
    # rich reads the width when it makes its console, which another test may have had it do
    monkeypatch.setattr(rich, "_console", None)

    def draw(*news):
        with Bars() as bars:
            bars.begins(FILE)
            for name, *told in news:
                getattr(bars, name)(FILE, *told)
        return capsys.readouterr().out.splitlines()[-1]

    return draw


def test_a_bar_tells_name_and_size(drawn):
    line = drawn(("at", 500_000))
    assert "[red]model.gguf" in line and "0.5/2.0 MB" in line


def test_a_bar_tells_that_what_is_there_is_checked(drawn):
    assert "checking" in drawn(("checks", 500_000))


def test_the_rate_is_that_of_the_network_and_not_that_of_the_check(drawn):
    checked = [("checks", 500_000), ("checks", 1_000_000)]
    assert "B/s" in drawn(*checked)
    line = drawn(*checked, ("at", 1_100_000))
    assert "B/s" not in line and "1.1/2.0 MB" in line


def test_a_lost_connection_is_told_above_the_bar(drawn, capsys):
    assert "0.1/2.0 MB" in drawn(("breaks", "the server is silent"), ("at", 100_000))
    with Bars() as bars:
        bars.begins(FILE)
        bars.breaks(FILE, "the server is silent")
    assert "[red]model.gguf: the server is silent; trying again" in capsys.readouterr().out


def test_a_bar_that_was_full_of_what_is_not_sound_begins_anew(drawn):
    assert "0.0/2.0 MB" in drawn(("checks", 2_000_000), ("begins",))
