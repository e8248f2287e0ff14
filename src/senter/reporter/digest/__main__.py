"""Writes one page: the values come as JSON on standard input, the file is the only argument."""

import json
import sys
from pathlib import Path
from typing import NoReturn

from senter.errors import Unavailable
from senter.reporter.digest.child import EXIT_TOLD


def main() -> None:
    """Write the page; what a person can act on is told in one sentence."""
    file = Path(sys.argv[1])
    values = json.load(sys.stdin)
    try:
        # a library may be missing, and the reporter tells digests without their pages then
        from senter.reporter.digest import writing
    except ImportError as error:
        give_up(f"{file} cannot be written: {error.msg}; install senter again")
    try:
        writing.write(file, writing.html(values))
    except Unavailable as error:
        give_up(str(error))


def give_up(sentence: str) -> NoReturn:
    """End, and let the reporter pass the sentence on."""
    sys.stderr.write(f"{sentence}\n")
    sys.exit(EXIT_TOLD)


if __name__ == "__main__":
    main()
