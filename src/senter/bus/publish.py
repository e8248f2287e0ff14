"""Putting a room on the bus, and the one error barrier of a process.

What a method raises goes no further than here: a SenterError crosses the bus under its own name, anything else
is logged once with its traceback and the caller is told to look into the journal. (dbus-next would send the
traceback to the caller.)
"""

import asyncio
import functools
import inspect
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, get_type_hints

from senter.bus import library
from senter.bus.names import Room, error_name
from senter.bus.signatures import pack, signature_of, unpack
from senter.errors import Internal, InvalidArgument, SenterError

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])

LONGEST_TEXT = 256 * 1024
LONGEST_LIST = 1000

caller: ContextVar[str] = ContextVar("caller", default="")
"""Who called the method that is running: a room's bus name, else the unique name of a connection."""

sender: ContextVar[str] = ContextVar("sender", default="")
"""The unique name of the connection that called the method that is running."""


class Interface(library.ServiceInterface):  # type: ignore[misc]
    """Base of every room's ``interface.py``; knows which calls are running and when the last one ended."""

    def __init__(self, room: Room) -> None:
        super().__init__(room.interface)
        self.running: set[asyncio.Task[Any]] = set()
        self.last_call = time.monotonic()
        self.call_ended: Callable[[], None] = lambda: None
        self.send_signal: Callable[..., None] = lambda *_: None
        """Sends a signal to one connection; set when the interface is exported."""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count the current task as a running call; also keeps it from being garbage collected."""
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        try:
            yield
        finally:
            self.running.discard(task)
            self.last_call = time.monotonic()
            self.call_ended()

    def tell_properties(self, *names: str) -> None:
        """Emit PropertiesChanged with what these properties are now; the room's status is told with it."""
        self.emit_properties_changed({name: getattr(self, name) for name in names})
        self.tell_status()

    def tell_status(self) -> None:
        """Have the room's status told, if it is another one."""
        self.call_ended()


def method(function: Function) -> Function:
    """Make a coroutine function a bus method.

    Its annotations are types of ``senter.bus.signatures``. Arguments arrive without variants and within the
    limits of the contract; dataclasses, tuples and plain dicts may be returned.
    """
    hints = get_type_hints(function, include_extras=True)
    names = list(inspect.signature(function).parameters)[1:]
    result_signature = signature_of(hints["return"])
    tree = library.SignatureTree(result_signature)

    @functools.wraps(function)
    async def guarded(self: Interface, *arguments: Any) -> Any:
        with self.at_work():
            try:
                values = [unpack(argument) for argument in arguments]
                for name, value in zip(names, values, strict=True):
                    _require_size(name, value)
                result = pack(await function(self, *values), result_signature)
                tree.verify([result] if result_signature else [])
            except Exception as error:  # noqa: BLE001 - the one barrier of the process
                raise _as_bus_error(error) from None
            return result

    _declare(guarded, names, [signature_of(hints[name]) for name in names], result_signature)
    published: Function = library.method()(guarded)
    return published


def signal(function: Function) -> Function:
    """Make a function without body a bus signal: calling it emits its arguments."""
    return _emitter(function)[0]


def private_signal(function: Function) -> Callable[..., None]:
    """Make a function without body a bus signal for one connection, whose unique name it takes first."""
    published, signature = _emitter(function)

    @functools.wraps(function)
    def send(self: Interface, destination: str, *arguments: Any) -> None:
        body = [pack(argument) for argument in arguments]
        self.send_signal(destination, self.name, function.__name__, signature, body)

    # the library finds a signal by this mark
    send.__dict__["__DBUS_SIGNAL"] = published.__dict__["__DBUS_SIGNAL"]
    return send


def readable(function: Function) -> Any:
    """Make a function that takes nothing a bus property that can be read."""
    signature = signature_of(get_type_hints(function, include_extras=True)["return"])

    @functools.wraps(function)
    def guarded(self: Interface) -> Any:
        try:
            return pack(function(self))
        except Exception as error:  # noqa: BLE001 - the barrier, for what is read
            raise _as_bus_error(error) from None

    _declare(guarded, [], [], signature)
    return library.dbus_property(access=library.PropertyAccess.READ)(guarded)


def _emitter(function: Function) -> tuple[Function, str]:
    """The function as the library's signal, and its signature."""
    hints = get_type_hints(function, include_extras=True)
    names = list(inspect.signature(function).parameters)[1:]
    signatures = [signature_of(hints[name]) for name in names]

    @functools.wraps(function)
    def emit(self: Interface, *arguments: Any) -> Any:
        packed = [pack(argument) for argument in arguments]
        return packed[0] if len(packed) == 1 else library.multiple(packed)

    _declare(emit, names, signatures, "".join(signatures))
    published: Function = library.signal()(emit)
    for argument, name in zip(published.__dict__["__DBUS_SIGNAL"].introspection.args, names, strict=True):
        argument.name = name
    return published, "".join(signatures)


def _declare(function: Callable[..., Any], names: list[str], signatures: list[str], returned: str) -> None:
    """Give a function the string annotations from which the library reads its D-Bus signature."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter("self", kind)]
    parameters += [
        inspect.Parameter(name, kind, annotation=signature)
        for name, signature in zip(names, signatures, strict=True)
    ]
    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation=returned or inspect.Signature.empty
    )


def _require_size(name: str, value: Any) -> None:
    text = value.encode() if isinstance(value, str) else value
    if isinstance(text, bytes) and len(text) > LONGEST_TEXT:
        raise InvalidArgument(f"{name} is longer than {LONGEST_TEXT // 1024} KiB")
    if isinstance(value, list | dict):
        if len(value) > LONGEST_LIST:
            raise InvalidArgument(f"{name} has more than {LONGEST_LIST} entries")
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in pairs:
            _require_size(f"a name in {name}", key)
            _require_size(f"{name}[{key}]", item)


def _as_bus_error(error: Exception) -> library.DBusError:
    if not isinstance(error, SenterError):
        logger.error("A method failed", exc_info=error)
        error = Internal("internal error, see the journal: senter logs")
    return library.DBusError(error_name(error), pack(str(error)))
