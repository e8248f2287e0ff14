"""The program of a room that leaves sooner than usual: ``hasty.py IDLE_SECONDS MODULE [ARGUMENT…]``."""

import runpy
import sys

from senter.bus import runtime


def main() -> None:
    """Be the program, with another idle time."""
    _, seconds, module, *arguments = sys.argv
    assert runtime.run.__kwdefaults__
    runtime.run.__kwdefaults__["idle_exit_seconds"] = float(seconds)
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
