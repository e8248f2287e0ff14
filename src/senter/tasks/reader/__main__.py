"""The program that reads documents of others for the process whose socket is its standard input."""

import os
import socket

from senter.tasks.reader.child import serve


def main() -> None:
    """Serve until the other end is closed."""
    with socket.socket(fileno=os.dup(0)) as control:
        serve(control)


if __name__ == "__main__":
    main()
