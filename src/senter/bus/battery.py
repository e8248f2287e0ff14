"""Whether the machine runs on battery, and how full that is, from what UPower tells. No connection of its own.

Source of names and meanings: UPower's interfaces org.freedesktop.UPower and org.freedesktop.UPower.Device.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from senter.bus.connection import BusError
from senter.bus.signals import Handler, Match

PROPERTIES = "org.freedesktop.DBus.Properties"

UPOWER = "org.freedesktop.UPower"
UPOWER_PATH = "/org/freedesktop/UPower"
DEVICE = f"{UPOWER}.Device"
DISPLAY_DEVICE = f"{UPOWER_PATH}/devices/DisplayDevice"
"""All batteries together, as a desktop shows them; always there, with ``IsPresent`` false when there is none."""

NEWS = ("OnBattery", "IsPresent", "Percentage")


class Listener(Protocol):
    """Who wants to know: each is called when it happens."""

    unplugged: Callable[[], None]
    plugged: Callable[[], None]
    power: Callable[[bool | None, float | None], None]
    """Whether the machine runs on battery, and how many percent are left in it; None for what nobody says."""


class Battery:
    """Asks UPower with ``call``, which takes what Connection.call takes, and tells ``listener`` of what changes.

    A machine is taken to be plugged in until UPower says otherwise, for ``unplugged`` and ``plugged`` alone.
    """

    def __init__(self, listener: Listener, call: Callable[..., Awaitable[Any]]) -> None:
        self._listener = listener
        self._call = call
        self._known: dict[str, Any] = {}
        self._heard: Counter[str] = Counter()
        self._is_unplugged = False
        self._told: tuple[bool | None, float | None] = (None, None)

    async def follow(self, subscribe: Callable[[Match, Handler], Awaitable[None]]) -> None:
        """Listen to what UPower tells."""
        for path in (UPOWER_PATH, DISPLAY_DEVICE):
            await subscribe(Match(PROPERTIES, "PropertiesChanged", path=path, sender=UPOWER), self._changed)

    async def look(self, autostart: bool) -> None:
        """Ask how everything is; what is told meanwhile is newer. Raises a SenterError when there is no answer."""
        before = self._heard.copy()
        on_battery = await self._ask(UPOWER_PATH, "Get", "ss", UPOWER, "OnBattery", autostart=autostart)
        try:
            battery = await self._ask(DISPLAY_DEVICE, "GetAll", "s", DEVICE)
        except BusError:
            battery = {}
        answers = {**battery, "OnBattery": on_battery}
        self._take_in({name: value for name, value in answers.items() if self._heard[name] == before[name]})

    def lost(self) -> None:
        """Nobody tells any more."""
        self._known.clear()
        self._tell()

    async def _ask(self, path: str, *asked: Any, autostart: bool = False) -> Any:
        member, signature, *arguments = asked
        return await self._call(UPOWER, path, PROPERTIES, member, signature, *arguments, autostart=autostart)

    def _changed(self, _interface: str, changed: dict[str, Any], _invalidated: list[str]) -> None:
        self._heard.update(changed.keys())
        self._take_in(changed)

    def _take_in(self, news: dict[str, Any]) -> None:
        self._known.update({name: value for name, value in news.items() if name in NEWS})
        self._tell()

    def _tell(self) -> None:
        on_battery = self._known.get("OnBattery")
        if on_battery is not None and on_battery != self._is_unplugged:
            self._is_unplugged = on_battery
            (self._listener.unplugged if on_battery else self._listener.plugged)()
        percent = self._known.get("Percentage") if self._known.get("IsPresent") else None
        if (on_battery, percent) != self._told:
            self._told = (on_battery, percent)
            self._listener.power(on_battery, percent)
