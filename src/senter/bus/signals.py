"""Which signals go to which handler, and only from whom they should come."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from senter.bus.signatures import unpack

DAEMON = "org.freedesktop.DBus"
DAEMON_PATH = "/org/freedesktop/DBus"
NAME_OWNER_CHANGED = "NameOwnerChanged"

Handler = Callable[..., None]


@dataclass(frozen=True)
class Match:
    """Which signals a handler wants; empty fields match everything."""

    interface: str
    member: str
    path: str = ""
    sender: str = ""
    """A bus name; signals of anybody else are not delivered."""
    arg0: str = ""
    arg0namespace: str = ""
    needs_rule: bool = True
    """False for signals that are sent to this connection alone: those the daemon delivers without being asked."""

    def rule(self) -> str:
        """The match rule for the bus daemon."""
        wanted = {key: value for key, value in vars(self).items() if value and key != "needs_rule"}
        pairs = {"type": "signal", **wanted}
        return ",".join(f"{key}='{value}'" for key, value in pairs.items())

    def matches(self, message: Any) -> bool:
        """Whether a signal that arrived is meant, whoever sent it."""
        first = message.body[0] if message.body else ""
        return (
            (message.interface, message.member) == (self.interface, self.member)
            and self.path in ("", message.path)
            and self.arg0 in ("", first)
            and (not self.arg0namespace or f"{first}.".startswith(f"{self.arg0namespace}."))
        )


def name_changes(name: str = "", namespace: str = "") -> Match:
    """The daemon's signals that a bus name, or one of a namespace, changed hands: name, old owner, new owner."""
    return Match(DAEMON, NAME_OWNER_CHANGED, sender=DAEMON, arg0=name, arg0namespace=namespace)


@dataclass
class Subscriptions:
    """Handlers by what they want to hear.

    A match rule does not keep other senders out: the daemon delivers what any rule of the connection lets in, and
    whatever is sent to the connection alone. So each signal's sender is compared with the owner of the wanted name.
    """

    entries: list[tuple[Match, Handler]] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """The unique names behind the bus names that handlers listen to."""
    asked: set[str] = field(default_factory=set)
    """The bus names whose owner is being asked for."""

    async def learn_owner(self, name: str, owner: Callable[[str], Awaitable[str]]) -> None:
        """Know from now on who owns a bus name whose changes arrive; ``owner`` asks the daemon."""
        self.asked.add(name)
        try:
            found = await owner(name)
            # a change that was told meanwhile is newer than the answer
            if name in self.asked:
                self.owners[name] = found
        finally:
            self.asked.discard(name)

    def deliver(self, message: Any) -> None:
        """Hand a signal to everybody who wants it, without variants."""
        if message.sender == DAEMON and message.member == NAME_OWNER_CHANGED:
            self._note_owner(*message.body)
        for match, handler in list(self.entries):
            if match.matches(message) and self._comes_from(match.sender, message.sender):
                handler(*unpack(message.body))

    def _note_owner(self, name: str, _old: str, new: str) -> None:
        if name in self.owners or name in self.asked:
            self.asked.discard(name)
            self.owners[name] = new

    def _comes_from(self, wanted: str, sender: str) -> bool:
        return wanted in ("", sender) or self.owners.get(wanted) == sender
