"""The program of one tool, on an internet that is on this machine: what names lead to and who plays which address.

Takes both as JSON: ``{"names": …, "servers": …}``, as ``Internet`` has them.
"""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from senter.tasks.tools.__main__ import main
from support.hostile_web import Internet

if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as patch:
        internet = Internet(patch)
        internet.names, internet.servers = map(json.loads(sys.argv[1]).get, ("names", "servers"))
        main()
