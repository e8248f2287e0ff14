"""Who is asked next, and who has to give way: the order of the requests to one provider. Pure."""

from dataclasses import dataclass

from senter.models.request import BACKGROUND, INTERACTIVE

MOST_GIVEN_WAY = 2
"""How often a request in the background makes room for somebody who waits; after that it is finished."""


@dataclass(eq=False)
class Turn:
    """The place of one request."""

    lane: str
    given_way: int = 0
    """How often it had to begin anew."""

    @property
    def yields(self) -> bool:
        """Whether it may be made to give way."""
        return self.lane == BACKGROUND and self.given_way < MOST_GIVEN_WAY


@dataclass(frozen=True)
class Neighbour:
    """What is known of the other worker, which may use the same engine on this machine."""

    busy: bool = False
    waited_for: bool = False
    """Whether it works for somebody who waits."""
    engine: str = ""
    """The engine it uses, as ``Provider.engine`` names it; empty for none on this machine, or an unknown one."""


NOBODY = Neighbour()


class Lanes:
    """The requests to one provider: at most ``slots`` run, people's before the background's, else first come first.

    ``engine`` is the provider's. Requests in the background neither begin while a busy neighbour uses the same
    engine, nor go on when somebody waits for that neighbour.
    """

    def __init__(self, slots: int, engine: str) -> None:
        self._slots = slots
        self._engine = engine
        self._neighbour = NOBODY
        self._waiting: dict[str, list[Turn]] = {INTERACTIVE: [], BACKGROUND: []}
        self._running: list[Turn] = []

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return sum(map(len, self._waiting.values()))

    def meet(self, neighbour: Neighbour) -> None:
        """Note what the other worker does now."""
        shares = bool(self._engine) and neighbour.engine == self._engine
        self._neighbour = neighbour if shares else NOBODY

    def enter(self, turn: Turn) -> None:
        """Wait for a turn; who gave way before waits in front."""
        line = self._waiting[turn.lane]
        line.insert(sum(other.given_way > 0 for other in line) if turn.given_way else len(line), turn)

    def leave(self, turn: Turn) -> None:
        """Go, from wherever it is."""
        for line in (*self._waiting.values(), self._running):
            if turn in line:
                line.remove(turn)

    def begin(self) -> list[Turn]:
        """Those whose turn it is now; from here on they run."""
        begun = []
        while len(self._running) < self._slots and (line := self._next_line()):
            self._running.append(line.pop(0))
            begun.append(self._running[-1])
        return begun

    def yielding(self) -> list[Turn]:
        """Those that have to give way now, the youngest first."""
        able = [turn for turn in reversed(self._running) if turn.yields]
        if self._neighbour.waited_for:
            return able
        missing = len(self._waiting[INTERACTIVE]) - (self._slots - len(self._running))
        return able[: max(0, missing)]

    def _next_line(self) -> list[Turn]:
        if self._waiting[INTERACTIVE]:
            return self._waiting[INTERACTIVE]
        return [] if self._neighbour.busy else self._waiting[BACKGROUND]
