"""A circuit breaker: who fails again and again is left alone for a while. Pure, times are passed in.

The pattern is M. Nygard's ("Release It!", 2007): closed while all is well, open after too many failures, half-open
when one request may find out whether it is over.
"""

from collections import deque

CLOSED, OPEN, HALF_OPEN = "closed", "open", "half-open"

MOST_FAILURES, WINDOW_SECONDS = 5, 60.0
REST_SECONDS = 30.0


class Entry:
    """One request that was let through."""


class Circuit:
    """The circuit of one provider; all times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._failures: deque[float] = deque(maxlen=MOST_FAILURES)
        self._opened: float | None = None
        self._trial: Entry | None = None

    def state(self, now: float) -> str:
        """``closed``, ``open`` or ``half-open``."""
        if self._opened is None:
            return CLOSED
        return OPEN if now < self._opened + REST_SECONDS else HALF_OPEN

    def rest(self, now: float) -> float:
        """Seconds until the provider is tried again; 0 when it may be now, or somebody is just trying."""
        return 0.0 if self._opened is None else max(0.0, self._opened + REST_SECONDS - now)

    def enter(self, now: float) -> Entry | None:
        """Let a request through, or None; of a half-open circuit one request finds out.

        Whoever is let through says later what came of it: ``succeeded``, ``failed`` or ``left``. A request that
        was let through before the circuit opened does not close it.
        """
        if self.state(now) == CLOSED:
            return Entry()
        if self.state(now) == OPEN or self._trial:
            return None
        self._trial = Entry()
        return self._trial

    def succeeded(self, entry: Entry) -> None:
        """The provider has answered; what it failed in before counts only while the circuit is closed."""
        if entry is self._trial:
            self._failures.clear()
            self._opened = self._trial = None

    def failed(self, entry: Entry, now: float) -> None:
        """The provider has failed."""
        self._failures.append(now)
        too_many = len(self._failures) == MOST_FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        if entry is self._trial or (self._opened is None and too_many):
            self._opened, self._trial = now, None

    def left(self, entry: Entry) -> None:
        """The request ended for another reason than the provider's."""
        if entry is self._trial:
            self._trial = None
