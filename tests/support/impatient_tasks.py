"""The program of the tasks, which tries again at once what was not there."""

import runpy

from senter.tasks.pursuing import steps

steps.BACK_OFF = (0.01,)

if __name__ == "__main__":
    runpy.run_module("senter.tasks", run_name="__main__", alter_sys=True)
