"""What the tools of a plan can be aimed at: nothing that neither the goal nor the settings name."""

import pytest

from senter.errors import InvalidArgument
from senter.settings import TasksSettings
from senter.tasks.goal import Task
from senter.tasks.planning.ground import AIMS, Ground, check_aims, offered_tools
from senter.tasks.tools.catalogue import TOOLS
from senter.tasks.tools.findings import Findings
from senter.tasks.tools.tool import Tool, schema

GOAL = "Research it in /papers and ~/notes, write /out/a.md and a mail to ann@example.org"
GROUND = Ground(GOAL, TOOLS, hosts=("nas:8080", "intranet"))

AIMING_AT_NOTHING = {
    *("query", "content", "subject", "text", "title", "body", "command"),
    *("since", "until", "pattern", "input"),
}


def tool(permission):
    """A tool that may do one kind of thing."""
    return Tool("probe", "Probes.", schema(), lambda *_: Findings(), permission)


def complaint(permission, **parameters):
    """Why a tool must not be aimed there."""
    with pytest.raises(InvalidArgument) as caught:
        check_aims(tool(permission), parameters, GROUND)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_parameter_of_every_tool_is_known_to_aim_at_something_or_at_nothing():
    names = {name for each in TOOLS.values() for name in each.parameters["properties"]}
    assert names - set(AIMS) <= AIMING_AT_NOTHING


# which tools


def test_commands_are_offered_only_where_they_are_switched_on():
    commanding = {name for name, each in TOOLS.items() if each.permission == "command"}
    assert set(offered_tools(TasksSettings())) == set(TOOLS) - commanding
    assert set(offered_tools(TasksSettings(commands=True))) == set(TOOLS)


# documents


@pytest.mark.parametrize("path", ["/papers", "/papers/a/b.md", "~/notes/a.md", "/out/a.md"])
def test_what_the_goal_names_is_read(path):
    check_aims(tool("read"), {"path": path}, GROUND)
    check_aims(tool("read"), {"folder": path}, GROUND)


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/passwd", "/papersx", "/papers/../etc", "/", "", "papers", "./papers", "~", "~root/notes"),
        *("/PAPERS", "/papers\u2215a", "/\u0440apers", "file:///papers", "/papers/./../x", "//papers/../etc"),
    ],
)
def test_what_the_goal_does_not_name_is_not_read(path):
    for name in ("path", "folder"):
        assert "the goal does not name" in complaint("read", **{name: path})


def test_the_home_folder_is_meant_by_a_tilde(own_home):
    check_aims(tool("read"), {"path": f"{own_home}/notes/a.md"}, GROUND)
    assert str(own_home) in complaint("read", path="~/mail/a")


# files that are written


@pytest.mark.parametrize("path", ["a.md", "a/b.md", "/out/a.md", "~/notes/new.md", "..a/b"])
def test_what_is_in_the_workspace_or_named_is_written(path):
    check_aims(tool("write"), {"path": path}, GROUND)


@pytest.mark.parametrize(
    "path", ["/etc/cron.d/x", "~/.bashrc", "../a.md", "a/../../b", "/out/a.md/../b", "~root/x"]
)
def test_nothing_else_is_written(path):
    assert complaint("write", path=path)


# recipients


@pytest.mark.parametrize(
    "to",
    ["ann@example.org", "ANN@example.org", [], ["ann@example.org"], ["ann@example.org"] * 2],
)
def test_mail_is_drafted_to_whom_the_goal_names(to):
    for name in ("to", "cc", "bcc"):
        check_aims(tool("draft"), {name: to}, GROUND)


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("mallory@evil.example", 'the goal names no address "mallory@evil.example"'),
        ("joann@example.org", "the goal names no address"),
        ("ann@example.org.evil.example", "the goal names no address"),
        ("\u0430nn@example.org", "the goal names no address"),
        ("ann@example.org, mallory@evil.example", "is not a plain e-mail address"),
        ("Ann <ann@example.org>", "is not a plain e-mail address"),
        (" ann@example.org", "is not a plain e-mail address"),
        (["ann@example.org", "mallory@evil.example"], "the goal names no address"),
        ('"ann@example.org" <mallory@evil.example>', "is not a plain e-mail address"),
        ("ann@example.org <mallory@evil.example>", "is not a plain e-mail address"),
        ("<ann@example.org>mallory@evil.example", "is not a plain e-mail address"),
        ("ann@example.org\nBcc: mallory@evil.example", "is not a plain e-mail address"),
        ("ann@example.org\r\n", "is not a plain e-mail address"),
        ("ann@example.org)mallory@evil.example", "is not a plain e-mail address"),
        ("friends:ann@example.org;", "is not a plain e-mail address"),
        ("", "is not a plain e-mail address"),
        ("ann", "is not a plain e-mail address"),
        ("ann@example.org,", "is not a plain e-mail address"),
    ],
)
def test_mail_is_drafted_to_nobody_else(to, reason):
    for name in ("to", "cc", "bcc"):
        assert reason in complaint("draft", **{name: to})


# pages


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a?b#c",
        "http://example.org:8080/",
        "https://93.184.215.14/",
        "http://nas:8080/a",
        "http://intranet/a",
    ],
)
def test_pages_of_public_servers_and_allowed_ones_are_read(url):
    check_aims(tool("web"), {"url": url}, GROUND)
    check_aims(tool("web"), {"urls": [url]}, GROUND)


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "http://"),
        *("https://ann:secret@example.org/", "https://ann@example.org/", "http://example.org@127.0.0.1/"),
        *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/"),
        *("http://[::1]/", "http://[::ffff:10.0.0.1]/", "http://169.254.169.254/latest", "http://10.0.0.1/"),
        *("http://localhost/", "http://localhost./", "http://nas/", "http://nas:80/", "http://router/"),
        *("http://example.org\n/", "http://exa mple.org/", "http://example.org\\@127.0.0.1/"),
    ],
)
def test_other_pages_are_not(url):
    assert complaint("web", url=url)
    assert complaint("web", urls=["https://example.org/", url])


# what aims at nothing


@pytest.mark.parametrize("command", ["rm -rf /", "curl http://127.0.0.1"])
def test_a_command_is_for_the_user_to_approve(command):
    check_aims(tool("command"), {"command": command}, GROUND)


def test_tasks_that_a_new_plan_keeps_count():
    statuses = ("completed", "failed", "pending", "pending", "completed")
    needs = ([], [], ["1.2"], [], [])
    tasks = [
        Task(f"1.{number}", "1", "x", "custom", status, depends_on=need)
        for number, (status, need) in enumerate(zip(statuses, needs, strict=True), 1)
    ]
    ground = Ground(GOAL, TOOLS, tasks=tuple(tasks))
    assert ground.done == {1, 5}
    assert ground.most == 17
    assert Ground(GOAL, TOOLS).most == 20
