"""What is opened gets a unit of its own, and a token where there is one."""

import pytest
from support.opener import REFUSE, Opener

from senter.errors import Unavailable
from senter.host.opening import open_for_user

REPORT = "/reports/report 1.md"


@pytest.fixture
def opener(tmp_path, monkeypatch):
    """The programs that there are: none yet."""
    programs = Opener(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(programs.folder))
    return programs


async def test_with_systemd_it_gets_a_unit_that_lasts_as_long_as_the_program(opener):
    opener.put("xdg-open")
    opener.put("systemd-run")
    await open_for_user(REPORT)
    arguments, _ = await opener.called("systemd-run")
    assert arguments[arguments.index("--") + 1 :] == [str(opener.folder / "xdg-open"), REPORT]
    assert "--user" in arguments
    assert "--property=ExitType=cgroup" in arguments
    assert not any(argument.startswith("--setenv") for argument in arguments)


async def test_with_systemd_the_token_is_in_the_environment_of_the_unit(opener):
    opener.put("xdg-open")
    opener.put("systemd-run")
    await open_for_user(REPORT, "token 1")
    arguments, _ = await opener.called("systemd-run")
    assert "--setenv=XDG_ACTIVATION_TOKEN=token 1" in arguments[: arguments.index("--")]


PRICE = "/reports/$HOME ${HOME} $$ 100%h.md"


async def test_with_systemd_no_variable_in_what_is_opened_is_filled_in(opener):
    opener.put("xdg-open")
    opener.put("systemd-run")
    await open_for_user(PRICE)
    arguments, _ = await opener.called("systemd-run")
    assert arguments[-1] == "/reports/$$HOME $${HOME} $$$$ 100%h.md"


async def test_without_systemd_what_is_opened_is_left_as_it_is(opener):
    opener.put("xdg-open")
    await open_for_user(PRICE)
    assert await opener.called("xdg-open") == ([PRICE], "")


@pytest.mark.parametrize("program", ["xdg-open", "open"])
async def test_without_systemd_the_program_is_called_itself(opener, program):
    opener.put(program)
    await open_for_user(REPORT, "token-1")
    assert await opener.called(program) == ([REPORT], "token-1")


async def test_without_a_program_to_open_things_it_is_one_sentence(opener):
    opener.put("systemd-run")
    with pytest.raises(Unavailable, match="there is no program xdg-open; install xdg-utils"):
        await open_for_user(REPORT)
    assert not opener.was_called()


async def test_the_reason_why_it_could_not_be_opened_is_told(opener):
    opener.put("xdg-open", REFUSE)
    with pytest.raises(Unavailable, match=r"/reports/report 1\.md could not be opened: no such thing"):
        await open_for_user(REPORT)
