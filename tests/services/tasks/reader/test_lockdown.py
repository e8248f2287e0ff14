"""What a process can still do that has shut itself off: tried from inside, with what an exploit would try."""

import json
import signal
import subprocess
import sys
import textwrap

import pytest

from senter.errors import Unavailable
from senter.tasks.reader import lockdown

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shuts off a process")

PROGRAM = """
import ctypes, errno, json, mmap, os, resource, signal, socket, subprocess, sys, threading, time
from senter.tasks.reader import lockdown

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
outside = os.open("/etc/hostname", os.O_RDONLY)
page = mmap.mmap(-1, 4096)
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
parent = os.getppid()

def library(name, *arguments):
    if getattr(libc, name)(*arguments) in (-1, ctypes.c_void_p(-1).value):
        raise OSError(ctypes.get_errno(), name)

def kernel(number, *arguments):
    library("syscall", number, *arguments)

attempts = {
    ATTEMPTS
}
lockdown.lock_down(1)
found = {}
for name, attempt in attempts.items():
    try:
        attempt()
        found[name] = "done"
    except OSError as error:
        found[name] = errno.errorcode[error.errno]
    except RuntimeError as error:
        found[name] = str(error)
    except ValueError as error:
        found[name] = str(error)
os.write(1, json.dumps(found).encode())
os._exit(0)
"""

# Each with how the process would get on: what is read or told elsewhere, by which way code gets in, who is harmed.
ATTEMPTS = {
    "open a file": 'os.open("/etc/passwd", os.O_RDONLY)',
    "open a file by its folder": 'os.open("etc/passwd", os.O_RDONLY, dir_fd=-100)',
    "open what belongs to another process": 'os.open(f"/proc/{parent}/environ", os.O_RDONLY)',
    "open its own memory": 'os.open("/proc/self/mem", os.O_RDWR)',
    "open with openat2": "kernel(437, -100, b'/etc/passwd', bytes(24), 24)",
    "list a folder": 'os.listdir("/")',
    "find out whether a file is there": 'os.stat("/etc/passwd")',
    "make a folder": 'os.mkdir("/tmp/made-by-a-document")',
    "take a file away": 'os.unlink("/tmp/made-by-a-document")',
    "ask the bus": "socket.socket(socket.AF_UNIX)",
    "ask the network": "socket.socket(socket.AF_INET)",
    "ask the network by IPv6": "socket.socket(socket.AF_INET6)",
    "ask the kernel by netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "make a pair of sockets": "socket.socketpair()",
    "send a descriptor": "library('sendmsg', 1, bytes(56), 0)",
    "fork": "os.fork()",
    "start a thread": "threading.Thread(target=print).start()",
    "start a program": 'os.execv("/bin/true", ["true"])',
    "start a process": 'subprocess.run(["/bin/true"])',
    "end its parent": "os.kill(parent, 0)",
    "end all processes": "os.kill(-1, 0)",
    "end a process by tgkill": "library('tgkill', parent, parent, 0)",
    "trace its parent": "library('ptrace', 16, parent, 0, 0)",
    "be traced": "library('ptrace', 0, 0, 0, 0)",
    "read the memory of its parent": "library('process_vm_readv', parent, bytes(16), 1, bytes(16), 1, 0)",
    "get a descriptor of its parent": "os.pidfd_open(parent)",
    "make a pipe": "os.pipe()",
    "make a file in memory": 'os.memfd_create("code")',
    "copy its descriptor": "os.dup(1)",
    "get memory for code": "library('mmap', None, 4096, 7, 0x22, -1, 0)",
    "make code of data": "library('mprotect', ctypes.c_void_p(address), 4096, 5)",
    "make code of data by keys": "library('pkey_mprotect', ctypes.c_void_p(address), 4096, 5, -1)",
    "raise its limits": "resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))",
    "take back what it gave up": "library('prctl', 4, 1, 0, 0, 0)",
    "get a namespace": "library('unshare', 0x10000000)",
    "mount": "library('mount', b'none', b'/mnt', b'tmpfs', 0, None)",
    "use io_uring (CVE-2022-29582 and others)": "kernel(425, 8, bytes(120))",
    "use userfaultfd": "kernel(323, 0)",
    "load a program into the kernel (CVE-2021-3490)": "kernel(321, 0, bytes(120), 120)",
    "use keys of the kernel (CVE-2016-0728)": "kernel(250, 0, 0)",
    "sleep past the limit of computing": "time.sleep(0)",
    "ask who it is": "library('geteuid') or kernel(107)",
    "read what was open": "os.read(outside, 1)",
    "write to the standard error": "os.write(2, b'a')",
}
GONE = {"read what was open", "write to the standard error"}
"""What is refused because the descriptor is not there any more."""
IN_WORDS = {
    "start a thread": "can't start new thread",
    "raise its limits": "not allowed to raise maximum limit",
}
"""What Python tells of a refusal in words of its own."""


@pytest.fixture(scope="module")
def outcomes():
    """What came of each attempt."""
    listed = "\n    ".join(f"{name!r}: lambda: {attempt}," for name, attempt in ATTEMPTS.items())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("ATTEMPTS", listed)],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_being_shut_off_these_would_not_be_refused():
    listed = "'open': lambda: os.open('/etc/passwd', os.O_RDONLY), 'unix': lambda: socket.socket(socket.AF_UNIX),"
    program = PROGRAM.replace("ATTEMPTS", listed).replace("lockdown.lock_down(1)", "")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True)
    assert json.loads(done.stdout) == {"open": "done", "unix": "done"}


@pytest.mark.parametrize("name", ATTEMPTS)
def test_the_process_cannot(outcomes, name):
    assert outcomes[name] == ("EBADF" if name in GONE else IN_WORDS.get(name, "EPERM"))


def run(body):
    """The finished process of some lines after which it is shut off; its standard output is the descriptor kept."""
    code = f"import os, sys\nfrom senter.tasks.reader import lockdown\n{textwrap.dedent(body)}\nos._exit(0)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)


def test_memory_is_bounded():
    body = """
        lockdown.lock_down(1)
        try:
            bytearray(2 << 30)
        except MemoryError:
            os.write(1, b"too much")
    """
    assert run(body).stdout == "too much"


def test_computing_is_bounded():
    body = """
        lockdown.MOST_COMPUTING = 1
        lockdown.lock_down(1)
        while True:
            pass
    """
    assert run(body).returncode == -signal.SIGXCPU


def test_computing_is_bounded_also_for_who_does_not_listen():
    body = """
        import signal
        lockdown.MOST_COMPUTING = 1
        lockdown.lock_down(1)
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while True:
            pass
    """
    assert run(body).returncode == -signal.SIGKILL


def test_a_limit_that_is_lower_already_stays():
    body = """
        import resource
        resource.setrlimit(resource.RLIMIT_CPU, (7, 7))
        lockdown._limit()
        print(resource.getrlimit(resource.RLIMIT_CPU), flush=True)
    """
    assert run(body).stdout == "(7, 7)\n"


def test_the_process_leaves_no_core_and_cannot_be_looked_into():
    body = """
        import ctypes, resource
        lockdown._limit()
        lockdown._control(0)
        libc = ctypes.CDLL(None)
        print(resource.getrlimit(resource.RLIMIT_CORE), libc.prctl(3), libc.prctl(39, 0, 0, 0, 0), flush=True)
    """
    assert run(body).stdout == "(0, 0) 0 1\n"


def test_without_its_parent_the_process_ends():
    assert run("lockdown.lock_down(1, parent=1); os.write(1, b'still there')").stdout == ""


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("sys.modules['pyseccomp'] = None", "libseccomp is missing"),
        ("lockdown._filter = lambda: None", "not heeded"),
        (
            "import pyseccomp; pyseccomp.SyscallFilter.load = lambda _: (_ for _ in ()).throw(OSError(22, 'no'))",
            "no",
        ),
    ],
    ids=["no library", "a kernel that does not heed it", "a kernel that refuses it"],
)
def test_where_it_cannot_be_shut_off_the_process_says_so(broken, told):
    tried = """
        try:
            lockdown.lock_down(1)
        except lockdown.Unavailable as error:
            os.write(1, str(error).encode())
    """
    assert told in run(f"{broken}\n{textwrap.dedent(tried)}").stdout


def test_this_system_can_shut_off_a_process():
    assert lockdown.check() == ""


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ((sys.executable, "-c", "print('libseccomp is missing')"), "libseccomp is missing"),
        ((sys.executable, "-c", "raise SystemExit(1)"), "the reader of documents broke down when it was tried"),
        (("/nonexistent",), "the reader of documents cannot be tried"),
    ],
)
def test_a_check_that_fails_says_why(monkeypatch, program, told):
    monkeypatch.setattr(lockdown, "PROGRAM", program)
    assert lockdown.check().startswith(told)


def test_what_cannot_be_loaded_is_an_error_for_people(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(Unavailable, match="install libseccomp2"):
        lockdown.prepare()
