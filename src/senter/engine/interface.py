"""``ai.senter.Engine1``: the way to a language model that runs on this machine."""

from senter.bus.names import ENGINE
from senter.bus.publish import Interface, method, readable
from senter.bus.signatures import U32, Checks, Str
from senter.engine.service import SLOTS, EngineService


class EngineInterface(Interface):
    """The engine runs a model of our own: llama.cpp, with a file from the models folder."""

    def __init__(self, service: EngineService) -> None:
        super().__init__(ENGINE)
        self.service = service

    @method
    async def Endpoint(self) -> Str:
        """The path of a UNIX socket on which the model answers in the OpenAI protocol, below /v1.

        The first call loads the model and is answered when it is loaded, which can take minutes; later calls are
        answered at once. The engine leaves, and the socket with it, after a minute without calls and requests:
        call again when it does not answer.
        """
        return await self.service.endpoint()

    @method
    async def Check(self) -> Checks:
        """What the engine finds out about itself: what, ok or warn or fail, and how to mend it."""
        return await self.service.check()

    @readable
    def Model(self) -> Str:
        """The name of the model's file; empty when none was needed yet."""
        return self.service.model

    @readable
    def State(self) -> Str:
        """off, loading, ready or failed."""
        return self.service.state

    @readable
    def Slots(self) -> U32:
        """How many requests are worked on at once; more of them wait."""
        return SLOTS

    def changed(self) -> None:
        """Tell everybody what the properties are now."""
        self.tell_properties("Model", "State")
