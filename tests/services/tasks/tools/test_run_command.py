"""Running a program: what is asked before, what is given of it, and where it is refused."""

import pytest

from senter.errors import Denied, InvalidArgument, Unavailable
from senter.host import confinement
from senter.host.confinement import Ended
from senter.tasks.tools import run_command
from senter.tasks.tools.child import answer, answered, request
from senter.tasks.tools.tool import Context

ON = Context("sort this", may_command=True, attempt="12.3.1")


def asked(*command, **more):
    """What the user has to approve."""
    return run_command.asks({"command": list(command), **more}, ON)


class FakeUnits:
    """Confinement that runs nothing: it says how a program ended, or raises what a test says."""

    def __init__(self, monkeypatch):
        self.ran = []
        self.ended = Ended(0, b"", b"")
        self.hole = None
        monkeypatch.setattr(confinement, "require", self.require)
        monkeypatch.setattr(confinement, "run", self.run)

    def require(self, unit):
        self.ran.append(unit)
        if self.hole:
            raise self.hole

    def run(self, command, given, unit, seconds):
        self.ran.append((command, given, unit))
        if isinstance(self.ended, Exception):
            raise self.ended
        return self.ended


@pytest.fixture
def units(monkeypatch):
    return FakeUnits(monkeypatch)


def run(*command, **more):
    return run_command.run({"command": list(command), **more}, ON)


def test_running_commands_is_off_by_default():
    with pytest.raises(Denied, match=r"^running commands is off; it is \[tasks\] commands in config\.toml$"):
        run_command.asks({"command": ["true"]}, Context("sort this"))


def test_what_is_approved_is_the_whole_command():
    assert asked("sort", "-r", "a b", "it's", "$HOME", "") == """run: sort -r 'a b' 'it'"'"'s' '$HOME' ''"""
    assert asked("sort", input='b\n"a"\n') == 'run: sort with the input "b\\n\\"a\\"\\n"'


@pytest.mark.parametrize("mark", ["\n", "\x1b", "\u202e", "\u200b", "\u00a0", "\x00", "\ud800", "\u00ad"])
def test_what_cannot_be_seen_cannot_be_approved(mark):
    with pytest.raises(InvalidArgument, match="cannot be seen"):
        asked("echo", f"a{mark}b")
    if mark != "\n":
        with pytest.raises(InvalidArgument, match="cannot be seen"):
            asked("sort", input=f"a{mark}b")


def test_a_command_that_is_too_long_to_be_read_is_refused():
    assert len(asked("echo", "x" * 990)) == 1_000
    with pytest.raises(InvalidArgument, match=r"longer than 1,000 characters"):
        asked("echo", "x" * 991)
    with pytest.raises(InvalidArgument, match=r"longer than 1,000 characters"):
        asked("sort", input="x" * 1_000)


@pytest.mark.parametrize("command", [[], ["", "a"]])
def test_a_command_has_a_program(command):
    with pytest.raises(InvalidArgument, match="name of a program"):
        run_command.asks({"command": command}, ON)


def test_the_gate_lets_only_through_what_was_approved(units):
    parameters = {"command": ["echo", "a"]}

    def through(**context):
        found, _ = answer(answered(request("run_command", parameters, Context("", **context))))
        return found

    assert "off" in str(through(approved="run: echo a"))
    assert "nobody has approved to run: echo a" in str(through(may_command=True))
    assert "nobody has approved to run: echo a" in str(through(may_command=True, approved="run: echo b"))
    assert units.ran == []
    assert through(may_command=True, approved="run: echo a").text == "Ran echo a; it wrote nothing."


@pytest.mark.parametrize("command", ["echo a", [1], {"a": 1}])
def test_a_command_is_a_list_of_texts(command):
    found, _ = answer(answered(request("run_command", {"command": command}, ON)))
    assert isinstance(found, InvalidArgument)


def test_what_it_writes_is_given_as_passages(units):
    units.ended = Ended(0, b"first\nsecond\n\x1b[2Jthird\n", b"")
    found = run("sort", input="second\nfirst\n")
    assert [(each.source, each.place, each.text) for each in found.passages] == [
        ("sort", "line 1", "first\nsecond\n[2Jthird")
    ]
    assert (found.text, found.notes) == ("Ran sort; it wrote what follows.", ())
    assert units.ran == [
        "senter-command-12-3-1-probe",
        (("sort",), b"second\nfirst\n", "senter-command-12-3-1"),
    ]


def test_a_program_that_fails_says_why(units):
    units.ended = Ended(2, b"", b"a warning\nsort: no such option\n\n")
    with pytest.raises(Unavailable, match=r"^sort -x failed: exit status 2, sort: no such option$"):
        run("sort", "-x")
    units.ended = Ended(137, b"", b"")
    with pytest.raises(Unavailable, match=r"^sort failed: it was ended by signal 9$"):
        run("sort")


def test_a_program_that_complains_but_does_not_fail(units):
    units.ended = Ended(0, b"a", b"a warning\n")
    assert run("sort").notes == ("sort complained: a warning",)


def test_a_program_that_writes_too_much(units):
    units.ended = Ended(-1, b"yes\n\n" * 20_000, b"")
    found = run("yes")
    assert sum(len(each.text) for each in found.passages) <= run_command.LONGEST_OUTPUT
    assert "characters of what yes wrote were kept" in found.notes[0]


def test_what_is_not_text_is_no_error(units):
    units.ended = Ended(0, b"\xff\xfea\0b", b"")
    assert "a" in run("cat").passages[0].text


def test_where_it_cannot_be_confined_it_is_not_run(units):
    units.hole = Denied("programs cannot be confined here, so none is run: one can read the home")
    with pytest.raises(Denied, match="can read the home"):
        run("sort")
    assert units.ran == ["senter-command-12-3-1-probe"]


def test_a_program_that_takes_too_long_is_named(units):
    units.ended = Unavailable("it took longer than 60 s and was ended")
    with pytest.raises(Unavailable, match=r"^sleep 100: it took longer than 60 s and was ended$"):
        run("sleep", "100")
