"""What the tool of a process asks of the network, noted for whoever wants to check it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from senter.bus.signatures import Str, Time


@dataclass(frozen=True)
class Request:
    """One request to a server, or one that was refused before it left."""

    time: Time
    """Microseconds since the epoch."""
    url: Str
    address: Str = ""
    """The IP address that was asked, or those that were tried; empty when none was, or when a library chose it."""
    outcome: Str = ""
    """In words: the status and how much came, or why nothing did."""
    task_id: Str = ""


REQUESTS: list[Request] = []
"""What the tool that runs in this process has asked so far; a refused request is noted here, too."""


def to_rows(requests: Iterable[Request]) -> list[dict[str, Any]]:
    """The requests as plain values for JSON; ``from_rows`` reads them."""
    return [asdict(request) for request in requests]


def from_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[Request, ...]:
    """The requests that ``to_rows`` wrote. Raises TypeError, KeyError or ValueError for anything else."""
    return tuple(
        Request(int(row["time"]), str(row["url"]), str(row["address"]), str(row["outcome"])) for row in rows
    )
