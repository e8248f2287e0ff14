"""Somebody who puts a link in the place of a file or folder and takes it away again, as fast as one can."""

import subprocess
import sys
from contextlib import contextmanager

# renameat2(2): what is at either path is at the other at once, without a moment in which nothing is there
PROGRAM = """
import ctypes, os, sys
place, target = map(os.fsencode, sys.argv[1:])
AT_FDCWD, RENAME_EXCHANGE = -100, 2
exchange = ctypes.CDLL(None, use_errno=True).renameat2
os.symlink(target, place + b".link")
print("begun", flush=True)
while not exchange(AT_FDCWD, place, AT_FDCWD, place + b".link", RENAME_EXCHANGE):
    pass
raise OSError(ctypes.get_errno(), "cannot be exchanged")
"""


@contextmanager
def swapping(place, target):
    """While this lasts, a path is now what it was, now a link to ``target``."""
    command = [sys.executable, "-I", "-c", PROGRAM, str(place), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "begun\n"
        try:
            yield
            assert program.poll() is None, "nobody was swapping any more"
        finally:
            program.kill()
