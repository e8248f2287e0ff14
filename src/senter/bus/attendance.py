"""Whether the user is at the screen, from what logind tells piece by piece. No bus, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Sight:
    """What logind says when it is asked."""

    session: str = ""
    """The login session at the screen, with an id that is unique over boots; empty when nobody is logged in."""
    locked: bool = False
    idle: bool = False
    idle_since: int = 0
    """µs since the epoch; 0 when that is not known."""
    asleep: bool = False


class Listener(Protocol):
    """Who wants to know: each is called when it happens."""

    locked: Callable[[], None]
    unlocked: Callable[[], None]
    came: Callable[[str], None]
    """The user is at the screen, in this session."""
    left: Callable[[int], None]
    """The user is not at the screen any more, since a time in µs since the epoch or, with 0, since now."""


class Attendance:
    """Is told what happens, and tells ``listener`` when that makes a difference.

    The user is there when a session is at the screen that is neither locked nor idle, and the machine does not go
    to sleep. Whether that is so is told once in any case, as soon as ``look`` has said how it begins.

    Some lockers are started by a request to lock and never tell that they are done, as swaylock is by
    ``loginctl lock-session``. Then the end of idleness is taken for the user's return, while the screen counts as
    locked until somebody tells otherwise. Where idleness is not told either, nobody comes before the next login.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._session = ""
        self._locked = False
        self._hinted = False
        self._moved_since_lock = False
        self._idle = False
        self._idle_since = 0
        self._asleep = False
        self._known = False
        self._here: bool | None = None

    def look(self, sight: Sight) -> None:
        """Take in how everything is now."""
        if sight.session != self._session:
            if self._here:
                self._here = False
                self._listener.left(0)
            self._session = sight.session
            self._hinted = sight.locked
            if sight.session:
                self._set_locked(sight.locked)
        elif sight.locked != self._hinted:
            self.hint(sight.locked)
        self._set_idle(sight.idle, sight.idle_since)
        self._asleep = sight.asleep
        self._known = True
        self._tell()

    def hint(self, locked: bool) -> None:
        """The desktop says that the screen is locked or unlocked (``LockedHint``)."""
        self._hinted = locked
        self.request(locked)

    def request(self, locked: bool) -> None:
        """Somebody asks the desktop to lock or unlock the screen, which some do without a word."""
        self._set_locked(locked)
        self._tell()

    def idle(self, idle: bool, since: int) -> None:
        """The user does nothing any more, or something again (``IdleHint``, ``IdleSinceHint``)."""
        self._set_idle(idle, since)
        self._tell()

    def sleep(self, asleep: bool) -> None:
        """The machine goes to sleep, or is awake again."""
        self._asleep = asleep
        self._tell()

    def _set_locked(self, locked: bool) -> None:
        self._moved_since_lock = False
        if locked != self._locked:
            self._locked = locked
            (self._listener.locked if locked else self._listener.unlocked)()

    def _set_idle(self, idle: bool, since: int) -> None:
        if self._idle and not idle and not self._hinted:
            self._moved_since_lock = True
        self._idle, self._idle_since = idle, since

    def _is_here(self) -> bool:
        behind_lock = self._locked and not self._moved_since_lock
        return self._session != "" and not (behind_lock or self._idle or self._asleep)

    def _tell(self) -> None:
        here = self._is_here()
        if not self._known or here == self._here:
            return
        self._here = here
        if here:
            self._listener.came(self._session)
        else:
            self._listener.left(self._idle_since if self._idle else 0)
