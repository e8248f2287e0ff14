"""The program of one tool: a request on standard input, an answer on standard output."""

import sys

from senter.tasks.tools.child import LONGEST_REQUEST, answered, own_output, restrict


def main() -> None:
    """Answer one request. What is not expected ends in a traceback on standard error and exit status 1."""
    with own_output() as output:
        restrict()
        output.write(answered(sys.stdin.buffer.read(LONGEST_REQUEST)))


if __name__ == "__main__":
    main()
