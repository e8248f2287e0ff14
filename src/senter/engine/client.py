"""The engine, as other rooms and the command line see it."""

from pathlib import Path

from senter import paths, settings
from senter.bus.client import Peer
from senter.bus.connection import Connection
from senter.bus.names import ENGINE
from senter.bus.signatures import Check
from senter.engine import choice, llama
from senter.errors import Unavailable

LOAD_SECONDS = 300.0


def model_file() -> Path:
    """The file that the engine would load now; found without waking the engine, which blocks for a moment.

    Raises NoModel when there is none, Unavailable when it cannot be loaded, as far as that can be seen,
    ConfigurationError for settings of the engine that cannot be used.
    """
    name = settings.load(settings.EngineSettings, paths.config_file()).model
    choice.check_name(name)
    model = choice.choose(paths.models_folder(), name)
    choice.check_file(model)
    if not llama.installed():
        raise Unavailable(llama.MISSING)
    return model


class EngineClient:
    """Calls to ``ai.senter.Engine1``; each raises the errors of ``Peer.call``."""

    def __init__(self, connection: Connection) -> None:
        self._room = Peer(connection, ENGINE)

    async def endpoint(self, timeout: float = LOAD_SECONDS) -> str:
        """The path of a UNIX socket on which the model answers in the OpenAI protocol; loads it when needed.

        Raises NoModel when there is no model file, Unavailable when it cannot be loaded or is not within
        ``timeout`` seconds. Ask again when the socket no longer answers: the engine leaves when it is idle.
        """
        return str(await self._room.call("Endpoint", timeout=timeout))

    async def state(self) -> str:
        """``off``, ``loading``, ``ready`` or ``failed``; does not wake the engine."""
        return str(await self._room.read("State") or "off")

    async def check(self) -> list[Check]:
        """What the engine finds out about itself."""
        return [Check(*row) for row in await self._room.call("Check")]
