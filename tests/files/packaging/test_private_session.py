"""packaging/private-session gives a command a real user session, and leaves nothing behind."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

PRIVATE_SESSION = Path(__file__).parents[3] / "packaging/private-session"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
SECONDS = 20


def find_obstacle():
    """Why there can be no private session on this machine, or None."""
    if not sys.platform.startswith("linux") or not Path("/usr/lib/systemd/systemd").exists():
        return "needs Linux with systemd"
    sudo_works = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0
    if AS_ROOT and not sudo_works:
        return "needs root, or sudo without a password"
    command = [*AS_ROOT, PRIVATE_SESSION, "true"]
    trial = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    refused = trial.stderr.rstrip().endswith(("not permitted", "denied"))
    return trial.stderr.strip() if trial.returncode == 125 and refused else None


OBSTACLE = find_obstacle()
pytestmark = pytest.mark.skipif(OBSTACLE is not None, reason=str(OBSTACLE))


def run(*arguments, directory="/", **options):
    """Run private-session with `arguments` to its end."""
    command = [*AS_ROOT, PRIVATE_SESSION, *arguments]
    return subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=SECONDS, check=False, **options
    )


def run_script(script, *arguments, **options):
    """Run a shell `script` in a session; return what it printed. It has to succeed."""
    result = run(*arguments, "sh", "-ec", script, **options)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


class RunningSession:
    """A session whose command has been started: it says "up", and goes on when it is told to."""

    def __init__(self, script):
        mark = f"MARK={uuid.uuid4()}"
        self.process = subprocess.Popen(
            [*AS_ROOT, PRIVATE_SESSION, "--env", mark, "sh", "-c", f"echo up; {script}"],
            cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert select.select([self.process.stdout], [], [], SECONDS)[0]
        assert self.process.stdout.readline() == "up\n"
        (self.pid,) = pgrep("--oldest", "--full", f"^/usr/bin/python3 -IS .*{mark}")
        self.ends = [os.pidfd_open(pid) for pid in pgrep("--parent", str(self.pid))]

    def kill(self, number):
        """Send the signal `number` to private-session itself."""
        subprocess.run([*AS_ROOT, "kill", f"-{int(number)}", str(self.pid)], check=True)

    def wait(self):
        """Wait for the end of the session and of the janitor; return the exit status and the output."""
        output, _ = self.process.communicate(timeout=SECONDS)
        for end in self.ends:
            assert select.select([end], [], [], SECONDS)[0]
            os.close(end)
        return self.process.returncode, output

    def find_remains(self):
        """The processes and the directories that are in the session's cgroup."""
        name = f"private-session-{self.pid}-"
        return [*find_processes(name), *find_directories(name)]


def pgrep(*arguments):
    """The ids of the processes that pgrep finds."""
    found = subprocess.run(["pgrep", *arguments], capture_output=True, text=True, check=True)
    return [int(line) for line in found.stdout.split()]


def find_processes(cgroup):
    """The processes in cgroups whose path contains `cgroup`; a deleted one holds only the dead."""
    for path in Path("/proc").glob("[0-9]*/cgroup"):
        with contextlib.suppress(OSError):  # it may have ended meanwhile
            lines = path.read_text().splitlines()
            if any(cgroup in line and not line.endswith("(deleted)") for line in lines):
                yield path


def find_directories(cgroup):
    """The cgroups whose name begins with `cgroup`."""
    for mount in Path("/proc/self/mounts").read_text().splitlines():
        _, target, kind, *_ = mount.split()
        if kind == "cgroup2":
            yield from Path(target).rglob(f"{cgroup}*")


def test_exit_status_of_the_command_is_passed_on():
    assert run("sh", "-c", "exit 7").returncode == 7


def test_command_that_a_signal_kills_gives_128_and_the_number():
    assert run("sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_options_of_the_command_are_its_own():
    result = run("--", "echo", "-v", "--display")
    assert (result.returncode, result.stdout, result.stderr) == (0, "-v --display\n", "")


@pytest.mark.parametrize(("command", "status"), [("no-such-command", 127), ("/etc/passwd", 126)])
def test_command_that_cannot_be_started_is_named_in_one_sentence(command, status):
    result = run(command)
    assert result.returncode == status
    assert command in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "word"), [([], "CMD"), (["--data-size", "x", "true"], "senter"), (["--bind"], "--bind")]
)
def test_wrong_arguments_are_refused_in_one_sentence(arguments, word):
    result = run(*arguments)
    assert result.returncode == 125
    assert word in result.stderr
    assert result.stderr.count("\n") == 1


def test_somebody_who_is_not_root_is_told_so_in_one_sentence(tmp_path):
    copy = Path(shutil.copy(PRIVATE_SESSION, tmp_path))
    script = copy.read_text()
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups"] if not AS_ROOT else []
    command = [*nobody, "/usr/bin/python3", "-IS", "-", "true"]
    result = subprocess.run(command, input=script, cwd="/", capture_output=True, text=True, check=False)
    assert result.returncode == 125
    assert result.stderr == "private-session: a private session needs root: run this as root or with sudo\n"


def test_systemd_the_bus_and_the_journal_are_real():
    # The journal knows the unit of a line only while its process lives.
    output = run_script("""
        systemctl --user is-system-running
        systemctl --user is-active default.target dbus.socket
        busctl --user call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping
        systemd-run --user --quiet --unit greeting sh -c 'echo hello from a unit; sleep 1000'
        until journalctl --user --unit greeting --output cat | grep '^hello'; do :; done
    """)
    assert output.splitlines() == ["running", "active", "active", "hello from a unit"]


def test_units_and_bus_services_of_the_home_are_found():
    output = run_script("""
        mkdir -p ~/.local/share/systemd/user ~/.local/share/dbus-1/services ~/.local/bin
        printf '#!/bin/sh\\ntouch ~/started\\n' > ~/.local/bin/greet && chmod +x ~/.local/bin/greet
        printf '[Service]\\nType=oneshot\\nExecStart=%%h/.local/bin/greet\\n' \
            > ~/.local/share/systemd/user/greet.service
        printf '[D-BUS Service]\\nName=ai.senter.Greeter\\nExec=/bin/false\\n' \
            > ~/.local/share/dbus-1/services/ai.senter.Greeter.service
        systemctl --user daemon-reload
        systemctl --user start greet && ls ~
        busctl --user --activatable --no-legend list | grep -o ^ai.senter.Greeter
    """)
    assert output.split() == ["started", "ai.senter.Greeter"]


def test_units_that_the_machine_starts_for_its_users_stay_away():
    links = Path("/etc/systemd/user").glob("*.wants/*")
    stock = {link.name for link in links if not link.name.startswith(("dbus", "dunst", "senter"))}
    if not stock:
        pytest.skip("this machine starts no units for its users")
    states = run("systemctl", "--user", "is-enabled", *stock).stdout.split()
    assert set(states) == {"masked-runtime"}


def test_environment_is_the_same_for_every_caller():
    caller = {**os.environ, "XDG_DATA_HOME": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere", "DISPLAY": ":7"}
    lines = run_script("env; id -un", "--env", "COLOUR=green", "--env", "NOT_SET", env=caller).splitlines()
    assert {"HOME=/home/senter", "USER=senter", "SENTER_PRIVATE_SESSION=1", "COLOUR=green"} <= set(lines)
    assert "PATH=/home/senter/.local/bin:/usr/local/bin:/usr/bin:/bin" in lines
    assert not [line for line in lines if line.startswith(("XDG_DATA", "DISPLAY", "NOT_SET"))]
    assert "nowhere" not in "".join(lines)
    assert lines[-1] == "senter"


@pytest.mark.skipif(bool(AS_ROOT), reason="only root can pretend to be sudo")
def test_caller_of_sudo_keeps_the_own_uid():
    caller = {**os.environ, "SUDO_UID": "12345", "SUDO_GID": "12346"}
    assert run_script("id -u; id -g; stat -c %u ~", env=caller).split() == ["12345", "12346", "12345"]


def test_session_sees_its_own_processes_and_files_only(tmp_path):
    name = f"private-session-{uuid.uuid4()}"
    output = run_script(
        f"ls /home /root /tmp; ls -d {tmp_path} 2>&1 || touch /tmp/{name}; ps -e --no-headers | wc -l"
    )
    listing, _, rest = output.partition("ls: ")
    assert listing.split() == ["/home:", "senter", "/root:", "/tmp:"]
    assert int(rest.split()[-1]) < 10
    assert not Path("/tmp", name).exists()


def test_working_directory_below_a_closed_one_is_reachable_but_its_neighbours_are_not(tmp_path):
    checkout, neighbour, named = (tmp_path / "closed" / name for name in ("checkout", "neighbour", "named"))
    for directory in (checkout, neighbour, named):
        directory.mkdir(parents=True)
        directory.chmod(0o755)
    (checkout / "file").write_text("inside\n")
    (tmp_path / "closed").chmod(0o700)
    output = run_script("pwd; cat file; ls ..", "--bind", named, directory=checkout)
    assert output.split() == [str(checkout), "inside", "checkout", "named"]


@pytest.mark.skipif(bool(AS_ROOT), reason="through sudo the session's user owns the directory")
def test_working_directory_that_the_user_cannot_enter_is_named_in_one_sentence(tmp_path):
    tmp_path.chmod(0o700)
    result = run("true", directory=tmp_path)
    assert result.returncode == 125
    assert str(tmp_path) in result.stderr
    assert result.stderr.count("\n") == 1


def test_nothing_is_left_behind_when_the_command_ends():
    mounts = Path("/proc/self/mounts").read_text()
    session = RunningSession("setsid sleep 1000 & read line; systemd-run --user --quiet sleep 1000; exit 3")
    assert session.find_remains()
    session.process.stdin.write("go on\n")
    assert session.wait() == (3, "")
    assert session.find_remains() == []
    assert Path("/proc/self/mounts").read_text() == mounts


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupt_reaches_the_command_and_nothing_is_left_behind(number):
    session = RunningSession("trap 'echo told; exit 9' INT TERM HUP; sleep 1000 & wait")
    session.kill(number)
    assert session.wait() == (9, "told\n")
    assert session.find_remains() == []


def test_command_that_an_interrupt_kills_gives_128_and_the_number():
    session = RunningSession("exec sleep 1000")
    session.kill(signal.SIGTERM)
    assert session.wait() == (128 + signal.SIGTERM, "")


def test_nothing_is_left_behind_when_the_session_is_killed():
    mounts = Path("/proc/self/mounts").read_text()
    session = RunningSession("setsid sleep 1000 & sleep 1000")
    session.kill(signal.SIGKILL)
    session.wait()
    assert session.find_remains() == []
    assert Path("/proc/self/mounts").read_text() == mounts


def test_two_sessions_at_once_do_not_disturb_each_other():
    script = "read name; systemd-run --user -qPu same echo $name; ls ~; touch ~/$name; ls ~"
    sessions = {name: RunningSession(script) for name in ("one", "two")}
    for name, session in sessions.items():
        session.process.stdin.write(f"{name}\n")
        session.process.stdin.flush()
    for name, session in sessions.items():
        assert session.wait() == (0, f"{name}\n{name}\n")


def test_machine_without_an_id_gets_one_for_the_session(tmp_path):
    if subprocess.run([*AS_ROOT, "unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs a root folder that is a mount point, which a plain chroot is not")
    script = f"""
        cp -a /etc {tmp_path} && rm -f {tmp_path}/etc/machine-id && mount --bind {tmp_path}/etc /etc &&
        exec {PRIVATE_SESSION} sh -c 'systemctl --user is-system-running; wc -c < /etc/machine-id'
    """
    command = [*AS_ROOT, "unshare", "--mount", "sh", "-c", script]
    result = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=SECONDS, check=True)
    assert result.stdout.split() == ["running", "32"]
    assert not (tmp_path / "etc/machine-id").exists()


@pytest.mark.skipif(not shutil.which("Xvfb") or not shutil.which("dunst"), reason="needs xvfb and dunst")
def test_display_shows_a_notification():
    output = run_script(
        """
        systemctl --user show-environment | grep -c "^DISPLAY=$DISPLAY$"
        busctl --user --json=short call org.freedesktop.Notifications /org/freedesktop/Notifications \
            org.freedesktop.Notifications Notify susssasa{sv}i test 0 '' 'good morning' '' 0 0 0 > ~/answer
        dunstctl count displayed
        dunstctl close-all
        dunstctl history | grep -m1 -o 'good morning'
        systemctl --user is-system-running
        """,
        "--display",
    )
    assert output.splitlines() == ["1", "1", "good morning", "running"]


@pytest.mark.skipif(not shutil.which("pulseaudio"), reason="needs pulseaudio")
def test_microphone_hears_what_is_played_to_it_and_the_speaker_does_not():
    output = run_script(
        r"""
        pactl get-default-sink; pactl get-default-source
        exec 2> ~/errors
        parec --raw --device speaker.monitor > ~/speaker &
        pacat --raw --device microphone < /dev/urandom &
        parec --raw | tr -d '\0' | head -c 100000 | wc -c
        until [ -s ~/speaker ]; do :; done
        tr -d '\0' < ~/speaker | wc -c
        """,
        "--sound",
    )
    assert output.split() == ["speaker", "microphone.monitor", "100000", "0"]


def test_data_folder_can_be_full():
    script = """
        cd ~/.local/share/senter
        head -c 3M /dev/zero > fits
        head -c 2M /dev/zero 2>&1 > does-not || head -c 2M /dev/zero > ../does
    """
    assert "No space left on device" in run_script(script, "--data-size", "4M")


def test_verbose_says_how_long_it_took():
    result = run("-v", "true")
    assert result.stderr.startswith("private-session: ready in ")
    assert result.stderr.endswith(" ms\n")
