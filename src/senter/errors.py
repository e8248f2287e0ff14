"""The failures a person can act on.

The text of every error here is one sentence that says what is wrong and, where that helps, what to do.
Those that cross the bus travel under their class name (``ai.senter.Error.InvalidArgument``).
"""


class SenterError(Exception):
    """Base of every failure that is told to a person instead of being logged with a traceback."""


class InvalidArgument(SenterError):
    """An argument is not what the method takes; the text names the argument."""


class InvalidState(SenterError):
    """The request is well-formed but does not fit what is going on now."""


class Denied(SenterError):
    """This was understood and refused."""


class Unavailable(SenterError):
    """A room, a device, a disk or a server that is needed is not there."""


class Busy(SenterError):
    """Too much is going on; the same request may succeed later."""


class NoSuchGoal(SenterError):
    """There is no goal with this id."""


class NoSuchTask(SenterError):
    """There is no task with this id."""


class NoModel(SenterError):
    """There is no language model that could be asked."""


class ModelFailed(SenterError):
    """A language model was asked and did not give an answer that can be used."""


class BudgetSpent(SenterError):
    """What a day or a goal may use of language models is used up."""


class Internal(SenterError):
    """Something went wrong inside a room; the details are in its journal."""


class ConfigurationError(SenterError):
    """``config.toml`` cannot be used; the text names the key."""


class NotRunning(SenterError):
    """Senter is not running, or the session bus cannot be reached."""
