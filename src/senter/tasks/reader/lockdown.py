"""A process gives up all but its memory and one descriptor, before it sees a byte that somebody else wrote.

On Linux the kernel then refuses everything except reading and writing what is open, memory that cannot be executed,
the clocks and the end (seccomp, an allow-list): no file can be opened, looked for or listed, no socket made, no
process started, traced or signalled. Where that cannot be had, nothing is locked down and nothing may be parsed.
On macOS there are limits only; nobody has tried that yet.
"""

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress

from senter.errors import Unavailable

MOST_MEMORY = 1 << 30
"""Bytes of address space."""
MOST_COMPUTING = 20
"""Seconds."""
CHECK_SECONDS = 20.0
PROGRAM = (sys.executable, "-I", "-m", "senter.tasks.reader.lockdown")

_LIMITS = ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_NPROC, 0), (resource.RLIMIT_NOFILE, 0))

# prctl(2)
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_PROT_EXEC = 4
_ALLOWED = (
    *("read", "write", "close", "lseek", "fstat"),
    *("munmap", "mremap", "brk", "madvise", "futex", "membarrier", "sched_yield"),
    *("rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "restart_syscall"),
    *("clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "getrusage", "getpid", "gettid"),
    *("exit", "exit_group"),
)
_ALLOWED_UNLESS_EXECUTABLE = ("mmap", "mprotect")
_PROTECTION = 2
"""Which argument of these says what the memory may be used for."""


def prepare() -> None:
    """Load what ``lock_down`` needs, since afterwards nothing can be loaded.

    Raises Unavailable where this system cannot shut off a process.
    """
    if sys.platform != "linux":
        return
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        raise Unavailable("libseccomp is missing or cannot be used; install libseccomp2") from error


def lock_down(descriptor: int, parent: int = 0) -> None:
    """Keep this one descriptor, and end with the process ``parent``, when it is given; there is no way back.

    Raises Unavailable when this cannot be had: the process must then end.
    """
    prepare()
    os.closerange(0, descriptor)
    os.closerange(descriptor + 1, os.sysconf("SC_OPEN_MAX"))
    try:
        _limit()
        if sys.platform == "linux":
            _control(parent)
            _filter()
            _try_to_leave()
    except (OSError, ValueError) as error:
        raise Unavailable(f"a process cannot be shut off on this system: {error}") from error


def check() -> str:
    """Why no process can be shut off on this system, in one sentence; empty when it can.

    It is tried in a process of its own, which takes about a tenth of a second. Blocks.
    """
    try:
        done = subprocess.run(
            PROGRAM, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"the reader of documents cannot be tried: {error}"
    if done.stdout == _SHUT_OFF:
        return ""
    return done.stdout.strip() or "the reader of documents broke down when it was tried"


_SHUT_OFF = "shut off\n"


def main() -> None:
    """Lock this process down and say on standard output whether that could be done."""
    try:
        lock_down(1)
        os.write(1, _SHUT_OFF.encode())
    except Unavailable as error:
        os.write(1, str(error).encode())
    os._exit(0)


def _limit() -> None:
    for limit, most in _LIMITS:
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _lower(resource.RLIMIT_AS, MOST_MEMORY)
    # the signal that the first limit sends says why the process ended; the second cannot be caught
    _lower(resource.RLIMIT_CPU, MOST_COMPUTING, MOST_COMPUTING + 1)


def _lower(limit: int, soft: int, most: int = 0) -> None:
    """Set a limit, unless it is lower already."""
    _, hard = resource.getrlimit(limit)
    highest = (most or soft) if hard == resource.RLIM_INFINITY else min(most or soft, hard)
    resource.setrlimit(limit, (min(soft, highest), highest))


def _control(parent: int) -> None:
    """What Linux knows of by prctl(2)."""
    library = ctypes.CDLL(None, use_errno=True)
    options = [(_PR_SET_DUMPABLE, 0), (_PR_SET_NO_NEW_PRIVS, 1)]
    if parent:
        options.append((_PR_SET_PDEATHSIG, signal.SIGKILL))
    for option, value in options:
        if library.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    # it may have ended before that was said
    if parent and os.getppid() != parent:
        os._exit(1)


def _filter() -> None:
    """Have the kernel refuse every call that is not on the list."""
    import pyseccomp

    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.EPERM))
    for name in _ALLOWED:
        rules.add_rule(pyseccomp.ALLOW, name)
    for name in _ALLOWED_UNLESS_EXECUTABLE:
        not_executable = pyseccomp.Arg(_PROTECTION, pyseccomp.MASKED_EQ, _PROT_EXEC, 0)
        rules.add_rule(pyseccomp.ALLOW, name, not_executable)
    rules.load()


def _try_to_leave() -> None:
    """Raise OSError when the kernel has accepted the filter and does not heed it."""
    for attempt in (lambda: os.stat("/"), lambda: os.kill(os.getpid(), 0)):
        with suppress(PermissionError):
            attempt()
            raise OSError(errno.ENOTSUP, "the filter of system calls is not heeded")


if __name__ == "__main__":
    main()
