"""When a provider that failed is asked again. Pure."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from senter.errors import ModelFailed


class Passing(ModelFailed):
    """A failure that may be over with the next try: a timeout, status 408, 429 or 5xx, a broken line.

    ``after`` is how many seconds the provider asks to be left alone, None when it does not say.
    """

    def __init__(self, sentence: str, after: float | None = None) -> None:
        super().__init__(sentence)
        self.after = after


@dataclass(frozen=True)
class Patience:
    """How much of a provider is borne with. Times in seconds."""

    retries: int = 4
    """How often a request is tried again."""
    first_pause: float = 0.5
    longest_pause: float = 16.0
    longest_wish: float = 60.0
    """A provider that asks to be left alone for longer has failed for now."""
    stall: float = 30.0
    """How long a provider may be silent in the middle of an answer."""

    def pause(self, attempt: int, after: float | None, chance: Callable[[], float] = random.random) -> float | None:
        """Seconds until the ``attempt``-th retry, counted from 1; None when there should be none.

        Exponential back-off with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
        Blog, 2015): ``chance()``, from 0 to 1, of a span that doubles. What the provider asks for with
        ``Retry-After`` (RFC 9110, section 10.2.3) is the least.
        """
        if attempt > self.retries or (after or 0.0) > self.longest_wish:
            return None
        jittered = chance() * min(self.longest_pause, self.first_pause * 2.0 ** (attempt - 1))
        return max(jittered, after or 0.0)
